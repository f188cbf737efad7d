using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using RstGuard.Sockets;

namespace RstGuard.Benchmarks;

/// <summary>
/// A rule that asks the model for what all rules share, the operations of each body and the flow through it, and reports nothing: what
/// is left of a rule's time is its own.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
internal sealed class ModelAlone() : SocketRule(Descriptor, SocketTopics.All)
{
    internal const string Name = "the model";

    private static readonly DiagnosticDescriptor Descriptor = new(Name, "The model alone", "", "Measure", DiagnosticSeverity.Hidden, isEnabledByDefault: true);

    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            _ = body.Flow(context.CancellationToken);
        }
    }
}
