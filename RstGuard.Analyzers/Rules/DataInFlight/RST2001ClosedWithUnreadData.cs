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
                if (use.HasKnownOrigin && !use.Escapes && !(use.IsClient && body.SpeaksHttp))
                {
                    Inspect(use, body, context);
                }
            }
        }
    }

    private static void Inspect(ConnectionUse use, SocketBody body, RuleContext context)
    {
        SocketOperation[] receives = [.. use.Receives];
        foreach (SocketOperation close in use.ClosesInOrder)
        {
            if (body.Flow(context.CancellationToken).Before(close) is not { } facts || facts.Always(ConnectionFacts.Closed))
            {
                continue;
            }

            (SocketOperation? last, string evidence, DiagnosticSeverity? severity) = Evidence(receives, facts, body);
            if (evidence.Length == 0 || SocketKindOf.IsNotTcp(use.Holder, body, context.CancellationToken))
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
                use.Holder.Name,
                Texts.Get("RST2001" + char.ToUpperInvariant(evidence[0]) + evidence.Substring(1)));
            return;
        }
    }

    private static (SocketOperation? Last, string Evidence, DiagnosticSeverity? Severity) Evidence(SocketOperation[] receives, KnownFacts facts, SocketBody body)
    {
        if (facts.Always(ConnectionFacts.AtEnd))
        {
            return (null, "", null);
        }

        if (facts.Always(ConnectionFacts.DataSeen))
        {
            return (receives.LastOrDefault(), DiagnosticProperties.UnreadEvidence.Available, null);
        }

        if (facts.Always(ConnectionFacts.Peeked))
        {
            SocketOperation peek = receives.Last(receive => receive.Kind == SocketOperationKind.Peek);
            return new ReceivedCount(body).IsToldFromZero(peek.Operation) ? (null, "", null) : (peek, DiagnosticProperties.UnreadEvidence.Peek, null);
        }

        ReceivedCount count = new(body);
        if (!facts.Always(ConnectionFacts.Received) || facts.Ever(ConnectionFacts.ReceivedAgain)
            || receives.Length != 1 || receives[0] is not { Kind: SocketOperationKind.Receive } receive || count.IsExact(receive.Operation))
        {
            return (null, "", null);
        }

        return count.UseOf(receive.Operation) switch
        {
            ReceivedCountUse.Ignored or ReceivedCountUse.Decoded => (receive, DiagnosticProperties.UnreadEvidence.SingleReceive, null),
            ReceivedCountUse.Other when facts.Always(ConnectionFacts.Replied) => (receive, DiagnosticProperties.UnreadEvidence.ReplyThenClose, DiagnosticSeverity.Info),
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
