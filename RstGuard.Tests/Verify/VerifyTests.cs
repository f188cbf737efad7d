using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Tests.Verification;

/// <summary>Each promise of the facade, broken on purpose.</summary>
public sealed class VerifyTests
{
    private const string Flagged = "class C { void M() { [|Bad()|]; } void Bad() { } }";
    private const string Fixed = "class C { void M() { Good(); } void Bad() { } void Good() { } }";
    private const string Fixable = "class C { void M() { [|Bad()|]; } void Bad() { } void Good() { } }";

    [Fact]
    public Task RightAnalyzer_Passes() => new Verify(() => new CallOfBad()).FlagsAsync(Flagged);

    [Fact]
    public Task RightFix_Passes() => Fixing("Good").FixesAsync(Fixable, Fixed);

    [Fact]
    public Task FixOfTwoPlaces_AgreesWithFixAll() => Fixing("Good").FixesAsync(
        "class C { void M() { [|Bad()|];\n [|Bad()|]; } void Bad() { } void Good() { } }",
        "class C { void M() { Good();\n Good(); } void Bad() { } void Good() { } }");

    [Fact]
    public Task MissedDiagnostic_Fails() => Fails("Expected and not reported", new Verify(() => new CallOfBad()).FlagsAsync("class C { void M() { [|Good()|]; } void Good() { } }"));

    [Fact]
    public Task UnmarkedDiagnostic_Fails() => Fails("Reported and not expected", new Verify(() => new CallOfBad()).IsSilentAsync("class C { void M() { Bad(); } void Bad() { } }"));

    [Fact]
    public Task WrongSpan_Fails() => Fails("Expected and not reported", new Verify(() => new CallOfBad()).FlagsAsync("class C { void M() { [|Bad|](); } void Bad() { } }"));

    [Fact]
    public Task NothingMarked_IsNoTestOfAFlag() => Fails("Nothing is marked", new Verify(() => new CallOfBad()).FlagsAsync("class C { }"));

    [Fact]
    public Task SourceWithErrors_Fails() => Fails("does not compile", new Verify(() => new CallOfBad()).IsSilentAsync("class C { int M() { } }"));

    [Fact]
    public Task WrongSeverity_Fails() => Fails("Expected the severity", (new Verify(() => new CallOfBad()) with { Severity = DiagnosticSeverity.Info }).FlagsAsync(Flagged));

    [Fact]
    public Task WrongArguments_Fail() => Fails("Expected the message", (new Verify(() => new CallOfBad()) with { Arguments = ["Worse"] }).FlagsAsync(Flagged));

    [Fact]
    public Task EditorConfigSeverity_IsHeeded() =>
        (new Verify(() => new CallOfBad()) with { EditorConfig = "dotnet_diagnostic.TEST1.severity = error", Severity = DiagnosticSeverity.Error }).FlagsAsync(Flagged);

    [Fact]
    public Task TestProjectProperty_ReachesTheAnalyzer() => (new Verify(() => new CallOfBad { SilentInTests = true }) with { IsTestProject = true })
        .IsSilentAsync("class C { void M() { Bad(); } void Bad() { } }");

    [Fact]
    public Task ThrowingAnalyzer_Fails() => Fails("AD0001", new Verify(() => new CallOfBad { Throws = true }).FlagsAsync(Flagged));

    [Fact]
    public Task DiagnosticInGeneratedCode_Fails() => Fails("auto-generated", new Verify(() => new CallOfBad { InGenerated = true }).FlagsAsync(Flagged));

    [Fact]
    public Task CompilationEndDiagnostic_DisagreesWithTreeByTree() => Fails("tree by tree", new Verify(() => new CallOfBad { AtEnd = true }).FlagsAsync(Flagged));

    [Fact]
    public Task AnalyzerThatReadsLineEndings_Fails() => Fails("CRLF", new Verify(() => new CallOfBad { SilentOnCrlf = true }).FlagsAsync(Flagged));

    [Fact]
    public Task AnalyzerThatSwallowsLanguages_Fails() => Fails("C# 8", new Verify(() => new CallOfBad { SilentOnOldLanguage = true }).FlagsAsync(Flagged));

    [Fact]
    public Task CancellationTurnedIntoAnException_Fails() => Fails("AD0001", new Verify(() => new CallOfBad { ThrowsWhenCancelled = true }).FlagsAsync(Flagged));

    [Fact]
    public Task WrongTextAfterTheFix_Fails() => Fails("writes something else", Fixing("Good").FixesAsync(Fixable, Fixed.Replace("Good();", "Good( );", StringComparison.Ordinal)));

    [Fact]
    public Task FixThatLeavesTheDiagnostic_Fails() => Fails("there is still something to fix", Fixing("this.Bad").FixesAsync(Fixable, Fixable.Replace("[|Bad()|]", "this.Bad()", StringComparison.Ordinal)));

    [Fact]
    public Task FixThatDoesNotCompile_Fails() => Fails("new compiler diagnostics", Fixing("Better").FixesAsync(Fixable, Fixed.Replace(" Good();", " Better();", StringComparison.Ordinal)));

    [Fact]
    public Task FixThatIsNotOffered_Fails() => Fails("No fix", new Verify(() => new CallOfBad(), () => new Replacing("Good") { Offers = false }).FixesAsync(Fixable, Fixed));

    [Fact]
    public Task FixThatIsOfferedUnwanted_Fails() => Fails("none is to be", Fixing("Good").OffersNoFixAsync(Fixable));

    [Fact]
    public Task StaleFixThatChangesMore_Fails() => Fails("once more", new Verify(() => new CallOfBad(), () => new Replacing("Good", "Best") { Validates = false })
        .FixesAsync("class C { void M() { [|Bad()|]; } void Bad() { } void Good() { } void Best() { } }", "class C { void M() { Good(); } void Bad() { } void Good() { } void Best() { } }"));

    [Fact]
    public Task AnalyzerThatThrowsOnHalfTypedCode_Fails() => Fails("without", new Verify(() => new CallOfBad { ThrowsOnMissingToken = true }).SurvivesCutsAsync("class C { void M() { Bad(); } void Bad() { } }"));

    [Theory]
    [InlineData("a [|b|] c", "a b c", 2, 1)]
    [InlineData("{|RST1001:b|}", "b", 0, 1)]
    [InlineData("a$$b", "ab", 1, 0)]
    [InlineData("[|a{|RST1:b|}|]", "ab", 0, 2)]
    public void Marks_AreTakenOutAndKept(string text, string source, int start, int length)
    {
        var markup = Markup.Parse(text);
        Assert.Equal(source, markup.Source);
        Assert.Equal(new TextSpan(start, length), markup.Diagnostics[0].Span);
    }

    [Fact]
    public void DollarsOfARawString_AreCode() => Assert.Empty(Markup.Parse("$$\"\"\"{{x}}\"\"\"").Diagnostics);

    [Fact]
    public void UnclosedMark_IsAnError() => Assert.Throws<FormatException>(() => Markup.Parse("[|a"));

    private static Verify Fixing(string replacement) => new(() => new CallOfBad(), () => new Replacing(replacement));

    private static async Task Fails(string message, Task verification) =>
        Assert.Contains(message, (await Assert.ThrowsAsync<VerificationException>(() => verification)).Message, StringComparison.Ordinal);

#pragma warning disable RS1036, RS1038, RS1041, RS2008, RS1012, RS1013, RS1030, RS1026, RS1025 // Not an analyzer that ships, and wrong on purpose.
    [DiagnosticAnalyzer(LanguageNames.CSharp)]
    private sealed class CallOfBad : DiagnosticAnalyzer
    {
        private static readonly DiagnosticDescriptor Descriptor = new("TEST1", "Bad is called", "'{0}' is called", "Test", DiagnosticSeverity.Warning, isEnabledByDefault: true);

        public bool Throws { get; init; }
        public bool ThrowsWhenCancelled { get; init; }
        public bool ThrowsOnMissingToken { get; init; }
        public bool InGenerated { get; init; }
        public bool AtEnd { get; init; }
        public bool SilentOnCrlf { get; init; }
        public bool SilentOnOldLanguage { get; init; }
        public bool SilentInTests { get; init; }

        public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [Descriptor];

        public override void Initialize(AnalysisContext context)
        {
            context.ConfigureGeneratedCodeAnalysis(InGenerated ? GeneratedCodeAnalysisFlags.Analyze | GeneratedCodeAnalysisFlags.ReportDiagnostics : GeneratedCodeAnalysisFlags.None);
            context.EnableConcurrentExecution();
            context.RegisterCompilationStartAction(start =>
            {
                if (SilentInTests && start.Options.AnalyzerConfigOptionsProvider.GlobalOptions.TryGetValue("build_property.IsTestProject", out string? test) && test == "true")
                {
                    return;
                }

                var late = new List<Diagnostic>();
                start.RegisterOperationBlockAction(block =>
                {
                    if (ThrowsWhenCancelled)
                    {
                        _ = block.Options.AnalyzerConfigOptionsProvider.GetOptions(block.OperationBlocks[0].Syntax.SyntaxTree);
                        if (block.CancellationToken.IsCancellationRequested)
                        {
                            throw new InvalidOperationException("cancelled");
                        }
                    }
                });
                start.RegisterOperationAction(operation => Inspect(operation, late), OperationKind.Invocation);
                if (AtEnd)
                {
                    start.RegisterCompilationEndAction(end => late.ForEach(end.ReportDiagnostic));
                }
            });
        }

        private void Inspect(OperationAnalysisContext context, List<Diagnostic> late)
        {
            if (ThrowsOnMissingToken && context.Operation.Syntax.GetLastToken(includeZeroWidth: true).IsMissing)
            {
                throw new InvalidOperationException("missing");
            }

            if (((IInvocationOperation)context.Operation).TargetMethod.Name != "Bad"
                || (SilentOnCrlf && context.Operation.Syntax.SyntaxTree.GetText().ToString().Contains('\r'))
                || (SilentOnOldLanguage && ((CSharpParseOptions)context.Operation.Syntax.SyntaxTree.Options).LanguageVersion == LanguageVersion.CSharp8))
            {
                return;
            }

            if (Throws)
            {
                throw new InvalidOperationException("on purpose");
            }

            var diagnostic = Diagnostic.Create(Descriptor, context.Operation.Syntax.GetLocation(), "Bad");
            if (AtEnd)
            {
                late.Add(diagnostic);
            }
            else
            {
                context.ReportDiagnostic(diagnostic);
            }
        }
    }

    private sealed class Replacing(params string[] replacements) : CodeFixProvider
    {
        public bool Offers { get; init; } = true;

        /// <summary>False: it edits whatever call stands in the span.</summary>
        public bool Validates { get; init; } = true;

        public override ImmutableArray<string> FixableDiagnosticIds => ["TEST1"];

        public override FixAllProvider? GetFixAllProvider() => Validates ? WellKnownFixAllProviders.BatchFixer : null;

        public override async Task RegisterCodeFixesAsync(CodeFixContext context)
        {
            SyntaxNode root = (await context.Document.GetSyntaxRootAsync(context.CancellationToken))!;
            if (!Offers || root.FindToken(context.Span.Start).Parent?.FirstAncestorOrSelf<InvocationExpressionSyntax>() is not { } call || (Validates && call.Expression.ToString() is not ("Bad" or "this.Bad")))
            {
                return;
            }

            string replacement = call.Expression.ToString() == "Bad" ? replacements[0] : replacements[^1];
            context.RegisterCodeFix(
                CodeAction.Create(
                    "Call " + replacement,
                    _ => Task.FromResult(context.Document.WithSyntaxRoot(root.ReplaceNode(call.Expression, SyntaxFactory.ParseExpression(replacement).WithTriviaFrom(call.Expression)))),
                    "TEST1"),
                context.Diagnostics);
        }
    }
}
