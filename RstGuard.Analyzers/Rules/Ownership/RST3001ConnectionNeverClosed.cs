using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST3001: a connection that is established and then left open, always or when something fails. The peer waits for what does not come,
/// until the finalizer closes the socket abortively, with a reset.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST3001ConnectionNeverClosed() : SocketRule(Catalogue.ConnectionNeverClosed, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (LeakedConnection leak in LeakedConnection.In(body, context.CancellationToken))
            {
                IOperation? connection = leak.Holder is null ? (leak.Origin as IInvocationOperation)?.Instance : null;
                bool isNotTcp = leak.Holder is { } holder
                    ? SocketKindOf.IsNotTcp(holder, body, context.CancellationToken) || IsOfListener(leak, body, context)
                    : connection is not null && SocketKindOf.IsNotTcp(Operations.Receiver(connection), body, context.CancellationToken);
                if (!isNotTcp)
                {
                    context.Report(
                        leak.Origin.Syntax.GetLocation(),
                        ImmutableDictionary<string, string?>.Empty,
                        leak.Failing,
                        severity: null,
                        leak.Holder?.Name ?? leak.Origin.Syntax.ToString(),
                        Texts.Get("RST3001" + leak.Kind));
                }
            }

            foreach (ForgottenConnection forgotten in ForgottenConnection.In(body, context.CancellationToken))
            {
                context.Report(
                    forgotten.Forgotten.Syntax.GetLocation(),
                    ImmutableDictionary<string, string?>.Empty,
                    forgotten.Failing,
                    severity: null,
                    forgotten.Field.Name,
                    Texts.Get("RST3001" + forgotten.Kind));
            }
        }
    }

    /// <summary>Accepted from a listener that is no TCP one.</summary>
    private static bool IsOfListener(LeakedConnection leak, SocketBody body, RuleContext context) =>
        leak.Origin is IInvocationOperation { Instance: { } listener } && SocketKindOf.IsNotTcp(Operations.Receiver(listener), body, context.CancellationToken);
}
