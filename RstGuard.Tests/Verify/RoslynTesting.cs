using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.CSharp.Testing;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Testing;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Tests.Verification;

/// <summary>
/// The engine of <see cref="Verify"/> with -p:UseRoslynTesting=true: Microsoft.CodeAnalysis.Testing, which reads the markup, compares the
/// diagnostics, applies the fixes one by one and as Fix All, and compares what they write. That our own engine agrees with it is what
/// such a run shows.
/// </summary>
internal sealed class RoslynTesting : CSharpCodeFixTest<EmptyDiagnosticAnalyzer, EmptyCodeFixProvider, DefaultVerifier>
{
    private readonly Verify _rule;

    public RoslynTesting(Verify rule, string markup)
    {
        _rule = rule;
        ReferenceAssemblies = new ReferenceAssemblies("net10.0");
        MarkupOptions = MarkupOptions.UseFirstDescriptor;
        CompilerDiagnostics = rule.AllowCompileErrors ? CompilerDiagnostics.None : CompilerDiagnostics.Errors;
        CodeActionEquivalenceKey = rule.FixKey;
        DiagnosticVerifier = VerifyDiagnostic;
        TestProject project = rule.Project([.. Sources(markup).Select(source => Markup.Parse(source.Markup))]);
        TestState.OutputKind = project.Sources.Any(source => CSharpSyntaxTree.ParseText(source.Text).GetCompilationUnitRoot().Members.Any(member => member is GlobalStatementSyntax))
            ? OutputKind.ConsoleApplication
            : OutputKind.DynamicallyLinkedLibrary;
        TestState.AdditionalReferences.AddRange(rule.References.References);
        TestState.AnalyzerConfigFiles.Add((TestProject.Directory + ".editorconfig", project.EditorConfig));
        TestState.AnalyzerConfigFiles.Add((TestProject.Directory + ".globalconfig", "is_global = true\n" + project.GlobalConfig));
        AddSources(TestState, markup);
    }

    /// <summary>Compares the diagnostics.</summary>
    public Task DiagnosticsAsync() => RunAsync();

    /// <summary>Compares the diagnostics, and what the fix makes of the source.</summary>
    public Task FixesAsync(string after)
    {
        AddFixed(_rule.Usings + after.ReplaceLineEndings("\n"));
        foreach ((string name, string text) in _rule.AddedDocuments)
        {
            FixedState.Sources.Add((name, SourceText.From(text, Encoding.UTF8)));
        }

        return RunAsync();
    }

    /// <summary>Compares the diagnostics, and sees that no fix is offered for any.</summary>
    public Task OffersNoFixAsync(string markup)
    {
        AddSources(FixedState, markup);
        FixedState.MarkupHandling = MarkupMode.Allow;
        NumberOfIncrementalIterations = NumberOfFixAllIterations = 0;
        return RunAsync();
    }

    protected override IEnumerable<DiagnosticAnalyzer> GetDiagnosticAnalyzers() => _rule.Analyzers();

    protected override IEnumerable<CodeFixProvider> GetCodeFixProviders() => _rule.HasFix ? [_rule.Fix()] : [];

    protected override ParseOptions CreateParseOptions() => TestProject.ParseOptionsOf(LanguageVersion.Latest);

    protected override CompilationOptions CreateCompilationOptions() =>
        new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable)
            .WithSpecificDiagnosticOptions(_rule.Project([new Markup("", [], [])]).Enabled.ToImmutableDictionary(id => id, _ => ReportDiagnostic.Info));

    private IEnumerable<(string Name, string Markup)> Sources(string markup) =>
        _rule.ExtraSources.Select(source => (source.Name, Markup: source.Markup.ReplaceLineEndings("\n"))).Prepend(("Test.cs", _rule.Usings + markup.ReplaceLineEndings("\n")));

    private void AddSources(SolutionState state, string markup)
    {
        foreach ((string name, string text) in Sources(markup))
        {
            state.Sources.Add((TestProject.Directory + name, text));
        }
    }

    private void AddFixed(string after)
    {
        FixedState.Sources.Add((TestProject.Directory + "Test.cs", after));
        foreach ((string name, string text) in Sources("").Skip(1))
        {
            FixedState.Sources.Add((TestProject.Directory + name, Markup.Parse(text).Source));
        }
    }

    private void VerifyDiagnostic(Diagnostic diagnostic, DiagnosticResult expected, IVerifier verifier)
    {
        if (_rule.Severity is { } severity)
        {
            verifier.Equal(severity, diagnostic.Severity);
        }

        string message = diagnostic.GetMessage(CultureInfo.InvariantCulture);
        if (!_rule.Arguments.IsDefault)
        {
            verifier.Equal(string.Format(CultureInfo.InvariantCulture, diagnostic.Descriptor.MessageFormat.ToString(CultureInfo.InvariantCulture), [.. _rule.Arguments]), message);
        }

        if (!_rule.Messages.IsDefault)
        {
            verifier.True(_rule.Messages.Contains(message), $"The message '{message}' is none of those expected.");
        }
    }
}
