using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace RstGuard.Tests.Verification;

/// <summary>
/// A cancelled analysis ends in <see cref="OperationCanceledException"/>, never in AD0001, and what it left half done is not taken for a
/// result by the next who asks.
/// </summary>
internal static class Cancellation
{
    public static async Task CheckAsync(TestProject project, Verify rule, Finding[] whole)
    {
        using var before = new CancellationTokenSource();
        before.Cancel();
        try
        {
            await new Analysis(project.Compile(), project.AnalyzerOptions, rule.Analyzers()).WholeAsync(before.Token);
            throw new VerificationException("A cancelled token was not heeded.");
        }
        catch (OperationCanceledException)
        {
        }

        // Before the rule sees its first body, after it, and while it is at work (where it reads an option).
        for (int moment = 0; moment < 3; moment++)
        {
            using var during = new CancellationTokenSource();
            AnalyzerOptions options = project.AnalyzerOptions;
            var waiting = new CancellingOptions(options.AnalyzerConfigOptionsProvider, during);
            (ImmutableArray<DiagnosticAnalyzer> analyzers, options) = moment switch
            {
                0 => (rule.Analyzers().Insert(0, new AtFirstBody(during.Cancel)), options),
                1 => (rule.Analyzers().Add(new AtFirstBody(during.Cancel)), options),
                // Armed late, since Roslyn itself reads options before any analyzer does.
                _ => (rule.Analyzers().Insert(0, new AtFirstBody(() => waiting.Armed = true)), new AnalyzerOptions([], waiting)),
            };
            var analysis = new Analysis(project.Compile(), options, analyzers);
            try
            {
                await analysis.WholeAsync(during.Token);
            }
            catch (OperationCanceledException)
            {
            }

            Verify.Same("again after a cancelled analysis", whole, Verify.Sorted(await analysis.WholeAsync()));
        }
    }

    private sealed class CancellingOptions(AnalyzerConfigOptionsProvider options, CancellationTokenSource source) : AnalyzerConfigOptionsProvider
    {
        public bool Armed { get; set; }

        public override AnalyzerConfigOptions GlobalOptions => Cancelled(options.GlobalOptions);

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => Cancelled(options.GetOptions(tree));

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => Cancelled(options.GetOptions(textFile));

        private AnalyzerConfigOptions Cancelled(AnalyzerConfigOptions result)
        {
            if (Armed)
            {
                source.Cancel();
            }

            return result;
        }
    }

#pragma warning disable RS1036, RS1038, RS1041, RS2008 // Not an analyzer that ships.
    [DiagnosticAnalyzer(LanguageNames.CSharp)]
    private sealed class AtFirstBody(Action act) : DiagnosticAnalyzer
    {
        private static readonly DiagnosticDescriptor Nothing = new("TEST0001", "Cancels", "Cancels", "Test", DiagnosticSeverity.Hidden, isEnabledByDefault: true);

        public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [Nothing];

        public override void Initialize(AnalysisContext context)
        {
            context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
            context.EnableConcurrentExecution();
            context.RegisterOperationBlockAction(_ => act());
        }
    }
}
