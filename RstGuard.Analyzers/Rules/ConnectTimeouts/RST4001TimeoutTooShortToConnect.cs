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
            foreach (ConnectionUse use in body.Connections)
            {
                foreach (SocketOperation timeout in use.Operations)
                {
                    switch (timeout.Kind)
                    {
                        case SocketOperationKind.SetSendTimeout when BoundsConnect(timeout, use) && !TargetPlatform.IsWindowsOnly(context.Owner, timeout.Operation):
                            Report(timeout.Value!, "SendTimeout", DiagnosticProperties.Timeouts.SendTimeout, null, ConnectAfter(timeout, use), context);
                            break;
                        case SocketOperationKind.SetReceiveTimeout when FirstReplyAfter(timeout, use) is { } reply:
                            Report(timeout.Value!, "ReceiveTimeout", DiagnosticProperties.Timeouts.ReceiveTimeout, null, reply.Operation, context);
                            break;
                    }
                }
            }

            foreach (ISimpleAssignmentOperation assignment in body.HttpTimeouts)
            {
                IPropertySymbol property = ((IPropertyReferenceOperation)assignment.Target).Property;
                bool connect = property.Name == "ConnectTimeout";
                Report(
                    assignment.Value,
                    property.ContainingType.Name + "." + property.Name,
                    connect ? DiagnosticProperties.Timeouts.HttpConnectTimeout : DiagnosticProperties.Timeouts.HttpClientTimeout,
                    DiagnosticSeverity.Info,
                    null,
                    context);
            }
        }
    }

    private static bool BoundsConnect(SocketOperation timeout, ConnectionUse use) => ConnectAfter(timeout, use) is not null;

    /// <summary>
    /// The synchronous connect that the timeout bounds: the first operation after it that sends anything. A socket that was used
    /// asynchronously before is non-blocking, and nothing bounds its connect.
    /// </summary>
    private static IOperation? ConnectAfter(SocketOperation timeout, ConnectionUse use)
    {
        foreach (SocketOperation operation in use.Operations)
        {
            bool isAfter = operation.Operation.Syntax.SpanStart > timeout.Operation.Syntax.SpanStart;
            if (operation.IsAsynchronous && operation.Kind is SocketOperationKind.Connect or SocketOperationKind.Receive or SocketOperationKind.Send)
            {
                return null;
            }

            if (isAfter && operation.Kind == SocketOperationKind.SetSendTimeout && Paths.RunsBefore(timeout.Operation, operation.Operation))
            {
                return null;
            }

            if (isAfter && operation.Kind == SocketOperationKind.Connect)
            {
                return Paths.FunctionOf(operation.Operation) == Paths.FunctionOf(timeout.Operation) ? operation.Operation : null;
            }
        }

        return null;
    }

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

    private static void Report(IOperation value, string name, string form, DiagnosticSeverity? severity, IOperation? bounded, RuleContext context)
    {
        RuleOptions options = context.Options;
        if (!Duration.TryGetMilliseconds(value, context.Model.Types, out double milliseconds, out string unit) || milliseconds <= 0 || milliseconds > options.MinConnectTimeout)
        {
            return;
        }

        context.Report(
            value.Syntax.GetLocation(),
            ImmutableDictionary<string, string?>.Empty
                .Add(DiagnosticProperties.Form, form)
                .Add(DiagnosticProperties.Unit, unit)
                .Add(DiagnosticProperties.ConnectTimeoutMilliseconds, options.ConnectTimeout.ToString(CultureInfo.InvariantCulture)),
            bounded,
            severity,
            name,
            milliseconds.ToString("0.###", CultureInfo.InvariantCulture),
            Texts.Get("RST4001" + char.ToUpperInvariant(form[0]) + form.Substring(1)));
    }
}
