using System.Collections.Generic;
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
public sealed class RST2001ClosedWithUnreadData() : SocketRule(Catalogue.ClosedWithUnreadData, SocketTopics.Tcp | SocketTopics.Http)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            InspectHandler(body, context);
            if (body.OperationsOf(SocketOperationKind.Close).Count == 0)
            {
                InspectDrain(body, context);
                continue;
            }

            HashSet<SyntaxNode> told = [];
            foreach (ConnectionUse use in body.Connections)
            {
                if (use.HasKnownOrigin && !use.Escapes && !use.IsWrapped && !(use.IsClient && body.SpeaksHttp) && !SocketKindOf.IsNotTcp(use.Holder, body, context.CancellationToken))
                {
                    InspectLocal(use, body, told, context);
                }
            }

            InspectLikely(body, told, context);
            if (context.Owner.ContainingType is { } type && body.ClosesField)
            {
                TypeFacts facts = context.Model.FactsOf(type, context.CancellationToken);
                foreach (FieldConnection connection in facts.Connections)
                {
                    if (!connection.Bodies.Any(part => part.Use.IsWrapped) && !(facts.SpeaksHttp && connection.IsClient(context.CancellationToken)))
                    {
                        InspectField(connection, body, facts, context);
                    }
                }
            }
        }
    }

    private static void InspectHandler(SocketBody body, RuleContext context)
    {
        // The server closes, not the handler: there is no socket that a fix could close gracefully.
        UnreadByHandler handler = new(body);
        if (handler.OnlyReadOfAConnection() is { } read)
        {
            string connection = ((IMethodSymbol)body.Owner).Parameters[0].Name;
            Report(read.Syntax.GetLocation(), DiagnosticProperties.UnreadEvidence.OneReadHandler, "Socket", speaksHttp: true, other: null, DiagnosticSeverity.Info, connection, context);
        }

        if (handler.CloseWithoutTheBody() is var (close, response, keepAlive))
        {
            Report(close.Syntax.GetLocation(), DiagnosticProperties.UnreadEvidence.UnreadBody, "Socket", speaksHttp: true, keepAlive, DiagnosticSeverity.Info, response.Syntax.ToString(), context);
        }
    }

    private static void InspectLocal(ConnectionUse use, SocketBody body, HashSet<SyntaxNode> told, RuleContext context)
    {
        SocketOperation[] receives = [.. use.Receives];
        if (!MayHaveEvidence(receives, body))
        {
            return;
        }

        foreach (SocketOperation close in use.ClosesInOrder)
        {
            if (body.Flow(context.CancellationToken).Before(close) is { } facts && Evidence(receives, close, facts, use, body) is { } evidence)
            {
                told.Add(close.Operation.Syntax);
                Report(close, evidence, use, body.SpeaksHttp, context);
                return;
            }
        }
    }

    /// <summary>
    /// What the receives show without the flow through the body, which costs more than all else of the rule: <see cref="Evidence"/> finds none
    /// where this is false.
    /// </summary>
    private static bool MayHaveEvidence(SocketOperation[] receives, SocketBody body)
    {
        if (body.LooksForData || receives.Length > 1)
        {
            return true;
        }

        ReceivedCount count = new(body);
        return receives.Length == 1 && (receives[0].Kind == SocketOperationKind.Peek
            || (receives[0].Kind == SocketOperationKind.Receive && !IsRepeatedCondition(receives[0].Operation)
                && !count.IsExact(receives[0].Operation) && count.UseOf(receives[0].Operation) != ReceivedCountUse.Compared));
    }

    /// <summary>while (socket.Receive(buffer) &gt; 0) { … }: it goes round unless its body ends with a jump.</summary>
    private static bool IsRepeatedCondition(IOperation receive) => Paths.LoopOf(receive) is IWhileLoopOperation { ConditionIsTop: true, Condition: { } condition, Body: var body }
        && Paths.IsInside(receive, condition)
        && (body is IBlockOperation { Operations: var statements } ? statements.IsEmpty || !IsJump(statements[statements.Length - 1]) : !IsJump(body));

    private static bool IsJump(IOperation statement) => statement is IBranchOperation or IReturnOperation or IThrowOperation or IExpressionStatementOperation { Operation: IThrowOperation };

    private static void InspectLikely(SocketBody body, HashSet<SyntaxNode> told, RuleContext context)
    {
        foreach ((SocketOperation close, string evidence, IOperation? other) in new LikelyUnread(body, context.CancellationToken).Closes())
        {
            if (!told.Contains(close.Operation.Syntax) && !SocketKindOf.IsNotTcp(close.Connection, body, context.CancellationToken))
            {
                Report(close.Operation.Syntax.GetLocation(), evidence, close.Api.ToString(), body.SpeaksHttp, other, DiagnosticSeverity.Info, close.Connection!.Syntax.ToString().TrimStart('.'), context);
            }
        }

        InspectDrain(body, context);
    }

    private static void InspectDrain(SocketBody body, RuleContext context)
    {
        foreach ((IOperation close, ISymbol connection, IOperation drain) in new LikelyUnread(body, context.CancellationToken).ClosesBeforeTheDrain())
        {
            Report(close.Syntax.GetLocation(), DiagnosticProperties.UnreadEvidence.Undrained, "Socket", speaksHttp: true, drain, DiagnosticSeverity.Info, connection.Name, context);
        }

        foreach ((IInvocationOperation wait, ISymbol connection, IOperation close) in new LikelyUnread(body, context.CancellationToken).DrainsThatGiveUp())
        {
            Report(wait.Syntax.GetLocation(), DiagnosticProperties.UnreadEvidence.ShortDrain, "Socket", speaksHttp: true, close, DiagnosticSeverity.Info, connection.Name, context);
        }
    }

    /// <summary>
    /// A field's connection is judged by all members, and reported by the one that closes it: at the close that follows the evidence in
    /// its own member, or else at the first of the type.
    /// </summary>
    private static void InspectField(FieldConnection connection, SocketBody body, TypeFacts type, RuleContext context)
    {
        if (!connection.Bodies.Any(part => part.Body.Root.Syntax == body.Root.Syntax)
            || connection.Bodies.Any(part => SocketKindOf.IsNotTcp(connection.Field, part.Body, context.CancellationToken)))
        {
            return;
        }

        (FieldBody Part, SocketOperation Receive)[] receives = [.. connection.Bodies.SelectMany(part => part.Use.Receives.Select(receive => (part, receive)))];
        foreach (FieldBody part in connection.Bodies)
        {
            SocketOperation[] own = [.. receives.Where(receive => receive.Part == part).Select(receive => receive.Receive)];
            foreach (SocketOperation close in part.Use.ClosesInOrder)
            {
                // Another member that receives may do so between any two operations of this one.
                if (own.Length == receives.Length
                    && own.All(receive => Paths.FunctionOf(receive.Operation) == Paths.FunctionOf(close.Operation))
                    && part.Before(close, context.CancellationToken) is { } facts
                    && Evidence(own, close, facts, part.Use, part.Body) is { } evidence)
                {
                    if (part.Body.Root.Syntax == body.Root.Syntax)
                    {
                        Report(close, evidence, part.Use, type.SpeaksHttp, context);
                    }

                    return;
                }
            }
        }

        if (receives.Length == 1
            && SingleReceive(receives[0].Part, receives[0].Receive, type, context) is { } single
            && FirstClose(connection, receives[0].Part) is { Close: var first, Part: var closing }
            && closing.Body.Root.Syntax == body.Root.Syntax)
        {
            Report(first, single, closing.Use, type.SpeaksHttp, context);
        }
    }

    /// <summary>
    /// The only receive of the type, when it runs once for a connection or for a request. A public method that only receives may be
    /// called until nothing comes.
    /// </summary>
    private static Unread? SingleReceive(FieldBody part, SocketOperation receive, TypeFacts type, RuleContext context)
    {
        ReceivedCount count = new(part.Body);
        return receive.Kind == SocketOperationKind.Receive
            && part.Before(receive, context.CancellationToken) is { } facts
            && !facts.Ever(ConnectionFacts.Received)
            && Paths.FunctionOf(receive.Operation) is not (IAnonymousFunctionOperation or ILocalFunctionOperation)
            && !count.IsExact(receive.Operation)
            && count.UseOf(receive.Operation) is ReceivedCountUse.Ignored or ReceivedCountUse.Decoded
            && (facts.Always(ConnectionFacts.Sent) || facts.Always(ConnectionFacts.Fresh) || type.RunsOnce(part.Body.Owner, context.CancellationToken))
            ? new(receive, DiagnosticProperties.UnreadEvidence.SingleReceive, null)
            : null;
    }

    /// <summary>The first close of the type that is no handler's, outside the member that receives.</summary>
    private static (SocketOperation Close, FieldBody Part)? FirstClose(FieldConnection connection, FieldBody receiving)
    {
        foreach (FieldBody part in connection.Bodies)
        {
            if (part != receiving && part.Use.ClosesInOrder.FirstOrDefault(close => !Paths.IsInCatch(close.Operation)) is { } close)
            {
                return (close, part);
            }
        }

        return null;
    }

    private static void Report(SocketOperation close, Unread unread, ConnectionUse use, bool speaksHttp, RuleContext context) =>
        Report(Marked(close), unread.Evidence, use.TypeName(close), speaksHttp, unread.Last?.Operation, unread.Severity, use.Holder.Name, context);

    private static void Report(Location marked, string evidence, string type, bool speaksHttp, IOperation? other, DiagnosticSeverity? severity, string name, RuleContext context) => context.Report(
        marked,
        ImmutableDictionary<string, string?>.Empty
            .Add(DiagnosticProperties.Form, evidence)
            .Add(DiagnosticProperties.Connection, type)
            .Add(DiagnosticProperties.SpeaksHttp, speaksHttp ? "true" : "false")
            .Add(DiagnosticProperties.GracefulTimeoutMilliseconds, context.Options.GracefulTimeout.ToString(CultureInfo.InvariantCulture)),
        other,
        severity,
        name,
        Texts.Get("RST2001" + char.ToUpperInvariant(evidence[0]) + evidence.Substring(1)));

    /// <summary>What tells that data is unread when control comes to a close.</summary>
    private static Unread? Evidence(SocketOperation[] receives, SocketOperation close, KnownFacts facts, ConnectionUse use, SocketBody body)
    {
        // Close(0) and the handle's close reset anyway, Close(n) as well where data is unread, and rules of their own say so.
        if (facts.Always(ConnectionFacts.AtEnd) || facts.Always(ConnectionFacts.Closed) || close.CloseForm is CloseForm.Zero or CloseForm.Handle
            || (close is { CloseForm: CloseForm.Timed, CloseTimeout: not null, Api: ConnectionApi.Socket } && !Paths.IsInCatch(close.Operation)))
        {
            return null;
        }

        if (facts.Always(ConnectionFacts.DataSeen))
        {
            return new(receives.LastOrDefault(), DiagnosticProperties.UnreadEvidence.Available, null);
        }

        ReceivedCount count = new(body);
        if (facts.Always(ConnectionFacts.Peeked))
        {
            SocketOperation peek = receives.Last(receive => receive.Kind == SocketOperationKind.Peek);
            return count.IsToldFromZero(peek.Operation) ? null : new(peek, DiagnosticProperties.UnreadEvidence.Peek, null);
        }

        if (receives.Length > 1 && facts.Always(ConnectionFacts.Received) && AreOneForEachMessage(receives, close, use, count))
        {
            return new(receives[receives.Length - 1], DiagnosticProperties.UnreadEvidence.SingleReceive, null);
        }

        if (!facts.Always(ConnectionFacts.Received) || facts.Ever(ConnectionFacts.ReceivedAgain)
            || receives.Length != 1 || receives[0] is not { Kind: SocketOperationKind.Receive } receive || count.IsExact(receive.Operation))
        {
            return null;
        }

        return count.UseOf(receive.Operation) switch
        {
            ReceivedCountUse.Ignored or ReceivedCountUse.Decoded => new(receive, DiagnosticProperties.UnreadEvidence.SingleReceive, null),
            ReceivedCountUse.Other when facts.Always(ConnectionFacts.Replied) => new(receive, DiagnosticProperties.UnreadEvidence.ReplyThenClose, DiagnosticSeverity.Info),
            _ => null,
        };
    }

    /// <summary>
    /// Several receives, each for one message: outside any loop, its count of no consequence, and something sent before the next.
    /// </summary>
    private static bool AreOneForEachMessage(SocketOperation[] receives, SocketOperation close, ConnectionUse use, ReceivedCount count)
    {
        SocketOperation? last = null;
        foreach (SocketOperation receive in receives)
        {
            if (receive is not { Kind: SocketOperationKind.Receive, Form: OperationForm.Synchronous or OperationForm.Task }
                || Paths.IsInLoop(receive.Operation) || Paths.FunctionOf(receive.Operation) != Paths.FunctionOf(close.Operation)
                || count.IsExact(receive.Operation) || count.UseOf(receive.Operation) is not (ReceivedCountUse.Ignored or ReceivedCountUse.Decoded)
                || (last is not null && !use.Operations.Any(send => send.Kind == SocketOperationKind.Send && IsBetween(send, last, receive))))
            {
                return false;
            }

            last = receive;
        }

        return last is not null && Paths.RunsBefore(last.Operation, close.Operation);
    }

    private static bool IsBetween(SocketOperation operation, SocketOperation first, SocketOperation second) =>
        operation.Operation.Syntax.SpanStart > first.Operation.Syntax.SpanStart && operation.Operation.Syntax.SpanStart < second.Operation.Syntax.SpanStart;

    internal static Location Marked(SocketOperation close) => close.Operation switch
    {
        IUsingOperation scope => scope.Resources.Syntax.GetLocation(),
        IVariableDeclaratorOperation { Syntax: VariableDeclaratorSyntax variable } => variable.Identifier.GetLocation(),
        _ => close.Operation.Syntax.GetLocation(),
    };

    private sealed class Unread(SocketOperation? last, string evidence, DiagnosticSeverity? severity)
    {
        /// <summary>The receive that left data, if there is one.</summary>
        internal SocketOperation? Last { get; } = last;

        /// <summary>One of <see cref="DiagnosticProperties.UnreadEvidence"/>.</summary>
        internal string Evidence { get; } = evidence;

        /// <summary>If other than the rule's own.</summary>
        internal DiagnosticSeverity? Severity { get; } = severity;
    }
}
