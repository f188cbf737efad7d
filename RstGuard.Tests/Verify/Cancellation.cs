using System.Collections.Immutable;
using System.Diagnostics;
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
            await using var during = new Interruption();
            AnalyzerOptions options = project.AnalyzerOptions;
            (ImmutableArray<DiagnosticAnalyzer> analyzers, options) = moment switch
            {
                0 => (rule.Analyzers().Insert(0, new AtFirstBody(during.Cancel)), options),
                1 => (rule.Analyzers().Add(new AtFirstBody(during.Cancel)), options),
                _ => (rule.Analyzers(), new AnalyzerOptions([], new CancellingOptions(options.AnalyzerConfigOptionsProvider, during.Cancel))),
            };
            var analysis = new Analysis(project.Compile(), options, analyzers);
            try
            {
                await analysis.WholeAsync(during.Token);
            }
            catch (OperationCanceledException)
            {
            }

            await during.EndAsync();
            Verify.Same("again after a cancelled analysis", whole, Verify.Sorted(await analysis.WholeAsync()));
        }
    }

    /// <summary>
    /// Cancels an analysis without ending it for its caller before the rule has ended: Roslyn gives up waiting in a callback of the token, and what the
    /// rule throws after that would be seen by nobody.
    /// </summary>
    private sealed class Interruption : IAsyncDisposable
    {
        private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

        private readonly CancellationTokenSource _source = new();
        private readonly ManualResetEventSlim _ended = new();
        private Task _callbacks = Task.CompletedTask;
        private int _cancelled;

        public CancellationToken Token => _source.Token;

        public void Cancel()
        {
            if (Interlocked.Exchange(ref _cancelled, 1) == 0)
            {
                // The callback that was registered last runs first, and so keeps back the others.
                _source.Token.Register(() => _ended.Wait(Limit));
                _callbacks = _source.CancelAsync();
            }
        }

        public Task EndAsync()
        {
            _ended.Set();
            return _callbacks;
        }

        public async ValueTask DisposeAsync()
        {
            await EndAsync();
            _source.Dispose();
            _ended.Dispose();
        }
    }

    private sealed class CancellingOptions(AnalyzerConfigOptionsProvider options, Action cancel) : AnalyzerConfigOptionsProvider
    {
        public override AnalyzerConfigOptions GlobalOptions => Cancelled(options.GlobalOptions);

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => Cancelled(options.GetOptions(tree));

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => Cancelled(options.GetOptions(textFile));

        private AnalyzerConfigOptions Cancelled(AnalyzerConfigOptions result)
        {
            if (IsAskedByRule())
            {
                cancel();
            }

            return result;
        }

        // Roslyn reads options too, before any analyzer and between them, and the order of analyzers is not one to build on.
        private static bool IsAskedByRule() => new StackTrace().GetFrames()
            .Select(frame => frame.GetMethod()?.DeclaringType)
            .FirstOrDefault(type => type is not null && type != typeof(CancellingOptions))?.Assembly.GetName().Name?.StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal) == false;
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
