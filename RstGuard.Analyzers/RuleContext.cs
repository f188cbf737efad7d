using System.Collections.Generic;
using System.Collections.Immutable;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using RstGuard.Sockets;

namespace RstGuard;

/// <summary>One body under analysis by one rule, and where to report to.</summary>
internal sealed class RuleContext(DiagnosticDescriptor descriptor, SocketModel model, OperationBlockAnalysisContext context)
{
    private readonly OperationBlockAnalysisContext _context = context;
    private readonly SyntaxTree _tree = context.OperationBlocks[0].Syntax.SyntaxTree;

    internal SocketModel Model { get; } = model;

    /// <summary>The member whose body or initializer this is.</summary>
    internal ISymbol Owner => _context.OwningSymbol;

    internal CancellationToken CancellationToken => _context.CancellationToken;

    internal AnalyzerOptions AnalyzerOptions => _context.Options;

    internal RuleOptions Options => new(_context.Options.AnalyzerConfigOptionsProvider.GetOptions(_tree));

    /// <summary>The bodies of the member: more than one where it also has initializers.</summary>
    internal IEnumerable<SocketBody> Bodies()
    {
        SocketBody? last = null;
        foreach (IOperation block in _context.OperationBlocks)
        {
            SocketBody body = Model.BodyOf(block, _context.OwningSymbol, CancellationToken);
            if (body != last)
            {
                last = body;
                yield return body;
            }
        }
    }

    /// <summary>
    /// Reports with the rule's own severity, or with <paramref name="severity"/>. In test projects the severity is Info at most,
    /// unless the option <c>rstguard.test_projects</c> says otherwise; what a user sets for the rule's id overrides both.
    /// </summary>
    internal void Report(
        Location marked,
        ImmutableDictionary<string, string?> properties,
        IOperation? otherHalf,
        DiagnosticSeverity? severity,
        params object[] messageArguments)
    {
        DiagnosticSeverity effective = severity ?? descriptor.DefaultSeverity;
        if (Model.IsTestProject(_context.Options))
        {
            switch (Options.TestProjects)
            {
                case TestProjectMode.Off:
                    return;
                case TestProjectMode.Info when effective > DiagnosticSeverity.Info:
                    effective = DiagnosticSeverity.Info;
                    break;
            }
        }

        _context.ReportDiagnostic(Diagnostic.Create(
            descriptor,
            marked,
            effective,
            otherHalf is null ? [] : [otherHalf.Syntax.GetLocation()],
            properties,
            messageArguments));
    }
}
