using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST3004: <c>Shutdown</c> throws on a socket that is not connected. Where the close that follows is skipped by that, the socket stays open until
/// its finalizer runs, and a finalizer closes with a reset.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST3004ThrowingShutdownSkipsClose() : SocketRule(Catalogue.ThrowingShutdownSkipsClose, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (SkippedClose skipped in SkippedClose.In(body, context.CancellationToken))
            {
                if (!SocketKindOf.IsNotTcp(skipped.Holder, body, context.CancellationToken) && !SocketKindOf.IsListener(skipped.Close.Connection, body, context.CancellationToken))
                {
                    context.Report(
                        skipped.Shutdown.Operation.Syntax.GetLocation(),
                        ImmutableDictionary<string, string?>.Empty,
                        skipped.Close.Operation,
                        severity: null,
                        skipped.Shutdown.Operation.Syntax.ToString(),
                        skipped.Close.Operation.Syntax.ToString());
                }
            }
        }
    }
}
