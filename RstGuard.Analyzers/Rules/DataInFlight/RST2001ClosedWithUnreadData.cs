using System.Collections.Immutable;
using System.Globalization;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST2001: closing while the receive queue holds data sends a reset, whatever was shut down before, and the peer loses what was
/// on its way to it.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST2001ClosedWithUnreadData() : SocketRule(Catalogue.ClosedWithUnreadData, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (ConnectionUse use in body.Connections)
            {
                if (!use.Escapes && !(use.IsClient && body.SpeaksHttp))
                {
                    Inspect(use, body, context);
                }
            }
        }
    }

    private static void Inspect(ConnectionUse use, SocketBody body, RuleContext context)
    {
        foreach (SocketOperation close in use.ClosesInOrder)
        {
            SocketOperation[] receives = use.Operations.Where(operation => operation.Kind is SocketOperationKind.Receive or SocketOperationKind.Peek or SocketOperationKind.ReceiveAll).ToArray();
            (SocketOperation? last, string evidence, DiagnosticSeverity? severity) = Evidence(receives, close, use);
            if (evidence.Length == 0 || SocketKindOf.IsNotTcp(use.Local, body, context.CancellationToken))
            {
                continue;
            }

            context.Report(
                Marked(close),
                ImmutableDictionary<string, string?>.Empty
                    .Add(DiagnosticProperties.Form, evidence)
                    .Add(DiagnosticProperties.Connection, use.TypeName(close))
                    .Add(DiagnosticProperties.SpeaksHttp, body.SpeaksHttp ? "true" : "false")
                    .Add(DiagnosticProperties.GracefulTimeoutMilliseconds, context.Options.GracefulTimeout.ToString(CultureInfo.InvariantCulture)),
                last?.Operation,
                severity,
                use.Local.Name,
                Texts.Get("RST2001" + char.ToUpperInvariant(evidence[0]) + evidence.Substring(1)));
            return;
        }
    }

    private static (SocketOperation? Last, string Evidence, DiagnosticSeverity? Severity) Evidence(SocketOperation[] receives, SocketOperation close, ConnectionUse use)
    {
        if (receives.Length > 0 && receives[receives.Length - 1] is { Kind: SocketOperationKind.Peek } peek && Paths.RunsBefore(peek.Operation, close.Operation) && !Paths.IsInLoop(peek.Operation))
        {
            return (peek, DiagnosticProperties.UnreadEvidence.Peek, null);
        }

        if (use.AvailableSeenBefore(close) is { } seen && !receives.Any(receive => receive.Operation.Syntax.SpanStart > seen.Syntax.SpanStart))
        {
            return (receives.LastOrDefault(), DiagnosticProperties.UnreadEvidence.Available, null);
        }

        if (receives.Length != 1 || receives[0] is not { Kind: SocketOperationKind.Receive } receive || Paths.IsInLoop(receive.Operation)
            || !Paths.RunsBefore(receive.Operation, close.Operation) || ReceivedCount.IsExact(receive.Operation))
        {
            return (null, "", null);
        }

        return ReceivedCount.UseOf(receive.Operation) switch
        {
            ReceivedCountUse.Ignored or ReceivedCountUse.Decoded => (receive, DiagnosticProperties.UnreadEvidence.SingleReceive, null),
            ReceivedCountUse.Other when use.Operations.Any(send => send.Kind == SocketOperationKind.Send && Paths.RunsBefore(receive.Operation, send.Operation) && Paths.RunsBefore(send.Operation, close.Operation)) =>
                (receive, DiagnosticProperties.UnreadEvidence.ReplyThenClose, DiagnosticSeverity.Info),
            _ => (null, "", null),
        };
    }

    private static Location Marked(SocketOperation close) => close.Operation switch
    {
        IUsingOperation scope => scope.Resources.Syntax.GetLocation(),
        IVariableDeclaratorOperation { Syntax: VariableDeclaratorSyntax variable } => variable.Identifier.GetLocation(),
        _ => close.Operation.Syntax.GetLocation(),
    };
}
