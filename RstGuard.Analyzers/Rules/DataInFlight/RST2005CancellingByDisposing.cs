using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST2005: a raw socket that a cancellation callback or a timer disposes of, while a send or a receive is pending, resets the
/// connection. A token given to the operation ends the operation alone, and the close after it sends a FIN.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST2005CancellingByDisposing() : SocketRule(Catalogue.CancellingByDisposing, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (DisposingCallback callback in DisposingCallback.In(body, context.CancellationToken))
            {
                if (!callback.ShutsDown
                    && !SocketKindOf.IsListener(callback.Socket, callback.ClosingBody, context.CancellationToken)
                    && !SocketKindOf.IsNotTcp(callback.Holder, callback.ClosingBody, context.CancellationToken)
                    && !IntentionalReset.IsDeclared(context.Owner, callback.Close)
                    && ((callback.Pending.FirstOrDefault() ?? callback.PendingElsewhere(context.CancellationToken))?.Operation ?? callback.PendingInCalls(context.CancellationToken)) is { } pending)
                {
                    context.Report(
                        callback.Registration.Syntax.GetLocation(),
                        ImmutableDictionary<string, string?>.Empty,
                        pending,
                        severity: null,
                        callback.Socket.Syntax.ToString(),
                        Texts.Get(callback.Token is null ? "RST2005Timer" : "RST2005Token"),
                        Named(pending));
                }
            }
        }
    }

    private static string Named(IOperation operation) => operation.Syntax is InvocationExpressionSyntax { Expression: var called } ? called.ToString() : operation.Syntax.ToString();
}
