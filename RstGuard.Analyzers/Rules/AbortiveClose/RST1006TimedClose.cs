using System.Collections.Immutable;
using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST1006: <c>Socket.Close(n)</c> waits for the peer's FIN and resets when it does not come in time, or when data comes instead. A plain
/// close would have left the rest to the kernel.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST1006TimedClose() : SocketRule(Catalogue.TimedClose, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (SocketOperation operation in body.Operations)
            {
                if (operation is { Kind: SocketOperationKind.Close, Api: ConnectionApi.Socket, CloseForm: CloseForm.Timed, CloseTimeout: { } milliseconds, Operation: IInvocationOperation close }
                    && !IntentionalReset.IsDeclared(context.Owner, close)
                    && !Paths.IsInCatch(close)
                    && !SocketKindOf.IsNotTcp(operation.Connection, body, context.CancellationToken)
                    && !SocketKindOf.IsListener(operation.Connection, body, context.CancellationToken)
                    && body.Flow(context.CancellationToken).Before(operation)?.Always(ConnectionFacts.AtEnd) != true)
                {
                    string limit = milliseconds.ToString("0", CultureInfo.InvariantCulture);
                    context.Report(
                        close.Syntax.GetLocation(),
                        ImmutableDictionary<string, string?>.Empty
                            .Add(DiagnosticProperties.GracefulTimeoutMilliseconds, limit)

                            // The close sends its FIN first as it is; a fix takes no risk with a half-close.
                            .Add(DiagnosticProperties.SpeaksHttp, "false"),
                        otherHalf: null,
                        severity: null,
                        close.Syntax.ToString(),
                        limit);
                }
            }
        }
    }
}
