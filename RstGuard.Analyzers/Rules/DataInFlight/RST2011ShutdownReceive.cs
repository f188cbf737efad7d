using System.Collections.Immutable;
using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST2011: on Windows, data that waits or arrives after <c>Shutdown(Receive)</c> resets the connection, since nobody can have it any
/// more. Linux acknowledges it and goes on, and resets at the close, as it does with all that is unread.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST2011ShutdownReceive() : SocketRule(Catalogue.ShutdownReceive, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (SocketOperation operation in body.Operations)
            {
                if (operation is { Kind: SocketOperationKind.Shutdown, EndsReceiving: true, EndsSending: false, Operation: IInvocationOperation shutdown }
                    && !Paths.IsInCatch(shutdown)
                    && !TargetPlatform.IsNeverWindows(context.Owner, shutdown)
                    && !SocketKindOf.IsNotTcp(operation.Connection, body, context.CancellationToken)
                    && !SocketKindOf.IsListener(operation.Connection, body, context.CancellationToken)
                    && body.Flow(context.CancellationToken).Before(operation)?.Always(ConnectionFacts.AtEnd) != true)
                {
                    context.Report(
                        shutdown.Syntax.GetLocation(),
                        ImmutableDictionary<string, string?>.Empty
                            .Add(DiagnosticProperties.GracefulTimeoutMilliseconds, context.Options.GracefulTimeout.ToString(CultureInfo.InvariantCulture))
                            .Add(DiagnosticProperties.SpeaksHttp, body.SpeaksHttp ? "true" : "false"),
                        otherHalf: null,
                        severity: null,
                        shutdown.Syntax.ToString());
                }
            }
        }
    }
}
