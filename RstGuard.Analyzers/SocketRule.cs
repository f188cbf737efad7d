using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using RstGuard.Sockets;

namespace RstGuard;

/// <summary>
/// The base of all rules: one action per body, behind the gate that all rules share, so that a body without sockets costs one
/// table look-up.
/// </summary>
public abstract class SocketRule : DiagnosticAnalyzer
{
    private readonly DiagnosticDescriptor _descriptor;
    private readonly SocketTopics _topics;

    private protected SocketRule(DiagnosticDescriptor descriptor, SocketTopics topics)
    {
        _descriptor = descriptor;
        _topics = topics;
        SupportedDiagnostics = ImmutableArray.Create(descriptor);
    }

    /// <inheritdoc/>
    public sealed override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; }

    /// <inheritdoc/>
    public sealed override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(start =>
        {
            SocketModel model = SocketModel.For(start.Compilation);
            // A registered action costs the driver something for each body, whatever it does.
            if (!model.Types.Exist || !model.Mentions(_topics, start.CancellationToken))
            {
                return;
            }

            start.RegisterOperationBlockAction(block =>
            {
                if ((model.TopicsOf(block.OwningSymbol, block.OperationBlocks[0].Syntax.SyntaxTree, block.CancellationToken) & _topics) != 0)
                {
                    Inspect(new RuleContext(_descriptor, model, block));
                }
            });
        });
    }

    /// <summary>Looks at the body, or the initializer, that <paramref name="context"/> holds.</summary>
    private protected abstract void Inspect(RuleContext context);
}
