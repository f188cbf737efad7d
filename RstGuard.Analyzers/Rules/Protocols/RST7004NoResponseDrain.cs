using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST7004: without draining, a response that is disposed of before its end is a connection closed with unread data, which is a reset, and one
/// connection less in the pool.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST7004NoResponseDrain() : SocketRule(Catalogue.NoResponseDrain, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (ISimpleAssignmentOperation assignment in body.PropertyAssignments)
            {
                if (assignment.Target is IPropertyReferenceOperation { Property: { Name: "MaxResponseDrainSize" or "ResponseDrainTimeout" } property }
                    && KnownTypes.Is(property.ContainingType, body.Model.Types.SocketsHttpHandler)
                    && (assignment.Value.IsConstant(out long size) ? size == 0 : Duration.IsZero(assignment.Value, body, context.CancellationToken)))
                {
                    context.Report(assignment.Syntax.GetLocation(), ImmutableDictionary<string, string?>.Empty, otherHalf: null, severity: null, property.Name);
                }
            }
        }
    }
}
