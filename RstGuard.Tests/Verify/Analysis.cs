using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Tests.Verification;

/// <summary>Asks analyzers for their diagnostics as the compiler and as an IDE would; an analyzer that throws fails the test.</summary>
internal sealed class Analysis
{
    private readonly ConcurrentQueue<string> _exceptions = new();
    private readonly ImmutableArray<DiagnosticAnalyzer> _analyzers;
    private readonly CompilationWithAnalyzers _driver;

    public Analysis(Compilation compilation, AnalyzerOptions options, ImmutableArray<DiagnosticAnalyzer> analyzers, bool concurrent = false)
    {
        _analyzers = analyzers;
        _driver = new CompilationWithAnalyzers(compilation, analyzers, new CompilationWithAnalyzersOptions(
            options,
            onAnalyzerException: (exception, analyzer, _) => _exceptions.Enqueue($"AD0001: {analyzer.GetType().Name} threw {exception}"),
            concurrentAnalysis: concurrent,
            logAnalyzerExecutionTime: false,
            reportSuppressedDiagnostics: false,
            // Asked before Roslyn forgives what is thrown under a cancelled token.
            analyzerExceptionFilter: exception =>
            {
                if (exception is not OperationCanceledException)
                {
                    _exceptions.Enqueue($"AD0001: an analyzer threw {exception}");
                }

                return true;
            }));
    }

    /// <summary>As the compiler asks.</summary>
    public async Task<ImmutableArray<Diagnostic>> WholeAsync(CancellationToken cancellationToken = default) =>
        Checked(await _driver.GetAnalyzerDiagnosticsAsync(cancellationToken));

    /// <summary>As an IDE asks for open files.</summary>
    public async Task<ImmutableArray<Diagnostic>> TreeByTreeAsync()
    {
        var all = ImmutableArray.CreateBuilder<Diagnostic>();
        foreach (SyntaxTree tree in _driver.Compilation.SyntaxTrees)
        {
            all.AddRange(await _driver.GetAnalyzerSyntaxDiagnosticsAsync(tree, default));
            all.AddRange(await _driver.GetAnalyzerSemanticDiagnosticsAsync(_driver.Compilation.GetSemanticModel(tree), null, default));
        }

        return Checked(all.ToImmutable());
    }

    /// <summary>As an IDE asks while a member is edited, or for a light bulb.</summary>
    public async Task<ImmutableArray<Diagnostic>> InSpanAsync(SyntaxTree tree, TextSpan span) =>
        Checked([.. (await _driver.GetAnalyzerSemanticDiagnosticsAsync(_driver.Compilation.GetSemanticModel(tree), span, default))
            .Where(d => d.Location.SourceTree?.FilePath == tree.FilePath && d.Location.SourceSpan.IntersectsWith(span))]);

    /// <summary>The members (not types) that hold these spans.</summary>
    public static IEnumerable<TextSpan> MembersAround(SyntaxTree tree, IEnumerable<TextSpan> spans) => spans
        .Select(s => tree.GetRoot().FindToken(s.Start).Parent?.AncestorsAndSelf().OfType<MemberDeclarationSyntax>()
            .FirstOrDefault(m => m is not (BaseTypeDeclarationSyntax or BaseNamespaceDeclarationSyntax))?.Span ?? tree.GetRoot().FullSpan)
        .Distinct();

    private ImmutableArray<Diagnostic> Checked(ImmutableArray<Diagnostic> diagnostics)
    {
        if (_exceptions.TryPeek(out string? exception))
        {
            throw new VerificationException(exception);
        }

        var supported = _analyzers.SelectMany(a => a.SupportedDiagnostics).Select(d => d.Id).ToHashSet();
        return [.. diagnostics.Where(d => supported.Contains(d.Id) || d.Id == "AD0001")];
    }
}
