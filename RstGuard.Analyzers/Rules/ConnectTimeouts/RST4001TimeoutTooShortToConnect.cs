using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST4001: a timeout that is over before TCP repeats a lost segment. The socket is closed, and what comes late, the SYN-ACK or the
/// first reply, is answered with a reset.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST4001TimeoutTooShortToConnect() : SocketRule(Catalogue.TimeoutTooShortToConnect, SocketTopics.Tcp | SocketTopics.Http)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            InspectSendTimeouts(body, context);
            InspectReceiveTimeouts(body, context);
            InspectTokens(body, context);
            foreach (ISimpleAssignmentOperation assignment in body.HttpTimeouts)
            {
                IPropertySymbol property = ((IPropertyReferenceOperation)assignment.Target).Property;
                bool connect = property.Name == "ConnectTimeout";
                if (ShortConstant(assignment.Value, context) is { } time)
                {
                    Report(
                        time,
                        property.ContainingType.Name + "." + property.Name,
                        connect ? DiagnosticProperties.Timeouts.HttpConnectTimeout : DiagnosticProperties.Timeouts.HttpClientTimeout,
                        DiagnosticSeverity.Info,
                        null,
                        context);
                }
            }
        }
    }

    private static void InspectSendTimeouts(SocketBody body, RuleContext context)
    {
        foreach (SocketOperation timeout in body.Operations)
        {
            if (timeout.Kind == SocketOperationKind.SetSendTimeout && ShortConstant(timeout.Value!, context) is { } time
                && new BoundedConnect(context.Model, context.CancellationToken).After(timeout, body) is { } connect
                && !TargetPlatform.IsWindowsOnly(context.Owner, timeout.Operation) && !TargetPlatform.IsWindowsOnly(context.Owner, connect)
                && !SocketKindOf.IsNotTcp(timeout.Connection, body, context.CancellationToken))
            {
                Report(time, "SendTimeout", DiagnosticProperties.Timeouts.SendTimeout, null, connect, context);
            }
        }

        foreach (ISimpleAssignmentOperation assignment in PassThroughTimeout.In(body))
        {
            if (ShortConstant(assignment.Value, context) is { } time
                && new PassThroughTimeout(context.Model, context.CancellationToken).BoundedBy(assignment, body) is (var call, var isConnect)
                && !TargetPlatform.IsWindowsOnly(context.Owner, assignment))
            {
                Report(
                    time,
                    ((IPropertyReferenceOperation)assignment.Target).Property.Name,
                    isConnect ? DiagnosticProperties.Timeouts.SendTimeout : DiagnosticProperties.Timeouts.SendTimeoutOfExchange,
                    isConnect ? null : DiagnosticSeverity.Info,
                    call,
                    context);
            }
        }
    }

    private static void InspectReceiveTimeouts(SocketBody body, RuleContext context)
    {
        foreach (ConnectionUse use in body.Connections)
        {
            foreach (SocketOperation timeout in use.Operations)
            {
                if (timeout.Kind == SocketOperationKind.SetReceiveTimeout && FirstReplyAfter(timeout, use) is { } reply && ShortConstant(timeout.Value!, context) is { } time)
                {
                    Report(time, "ReceiveTimeout", DiagnosticProperties.Timeouts.ReceiveTimeout, null, reply.Operation, context);
                }
            }
        }
    }

    private static void InspectTokens(SocketBody body, RuleContext context)
    {
        HashSet<SyntaxNode>? told = null;
        foreach (SocketOperation connect in body.Operations)
        {
            if (connect is { Kind: SocketOperationKind.Connect, IsAsynchronous: true, Api: not ConnectionApi.WebSocket }
                && ConnectToken.TimeOf(connect, body, context.CancellationToken) is (var time, var name) && IsShort(time, context)
                && (told ??= []).Add(time.Value.Syntax))
            {
                Report(time, name, DiagnosticProperties.Timeouts.ConnectToken, DiagnosticSeverity.Info, connect.Operation, context);
            }
        }
    }

    private static ConstantTimeout? ShortConstant(IOperation value, RuleContext context) =>
        ConstantTimeout.Of(value, context.Model, context.CancellationToken) is { } time && IsShort(time, context) ? time : null;

    private static bool IsShort(ConstantTimeout time, RuleContext context) => time.Milliseconds > 0 && time.Milliseconds <= context.Options.MinConnectTimeout;

    /// <summary>
    /// The first receive that the timeout bounds, in a body that connects here, receives synchronously, and closes the connection.
    /// </summary>
    private static SocketOperation? FirstReplyAfter(SocketOperation timeout, ConnectionUse use)
    {
        SocketOperation? connect = use.Operations.FirstOrDefault(operation => operation.Kind == SocketOperationKind.Connect);
        if (use.Escapes || connect is null || !use.Operations.Any(operation => operation.Kind == SocketOperationKind.Close))
        {
            return null;
        }

        SocketOperation? reply = use.Operations.FirstOrDefault(operation => operation.Kind is SocketOperationKind.Receive or SocketOperationKind.ReceiveAll or SocketOperationKind.Peek);
        return reply is { IsAsynchronous: false }
            && reply.Operation.Syntax.SpanStart > timeout.Operation.Syntax.SpanStart
            && reply.Operation.Syntax.SpanStart > connect.Operation.Syntax.SpanStart
            && Paths.FunctionOf(reply.Operation) == Paths.FunctionOf(timeout.Operation)
            && !Paths.IsInLoop(timeout.Operation)
            && !use.Operations.Any(operation => operation != timeout && operation.Kind == SocketOperationKind.SetReceiveTimeout)
            && ClosesOnFailure(reply, use)
            ? reply
            : null;
    }

    /// <summary>The close runs when the receive throws: <c>using</c>, a finally, or a catch around the receive.</summary>
    private static bool ClosesOnFailure(SocketOperation receive, ConnectionUse use) => use.Operations.Any(close => close.Kind == SocketOperationKind.Close
        && (close.Operation is not IInvocationOperation || IsHandlerOf(close.Operation, receive.Operation)));

    private static bool IsHandlerOf(IOperation close, IOperation receive)
    {
        IOperation inner = close;
        for (IOperation? outer = close.Parent; outer is not null; inner = outer, outer = outer.Parent)
        {
            if (outer is ITryOperation attempt && inner != attempt.Body && attempt.Body.Syntax.Span.Contains(receive.Syntax.Span))
            {
                return true;
            }
        }

        return false;
    }

    private static void Report(ConstantTimeout time, string name, string form, DiagnosticSeverity? severity, IOperation? bounded, RuleContext context) => context.Report(
        time.Value.Syntax.GetLocation(),
        ImmutableDictionary<string, string?>.Empty
            .Add(DiagnosticProperties.Form, form)
            .Add(DiagnosticProperties.Unit, time.Unit)
            .Add(DiagnosticProperties.ConnectTimeoutMilliseconds, context.Options.ConnectTimeout.ToString(CultureInfo.InvariantCulture)),
        bounded,
        severity,
        name,
        time.Milliseconds.ToString("0.######", CultureInfo.InvariantCulture),
        Texts.Get("RST4001" + char.ToUpperInvariant(form[0]) + form.Substring(1)));
}
