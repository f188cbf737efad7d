using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>How a field comes to forget its connection.</summary>
internal enum ForgottenKind
{
    /// <summary>A handler of what failed after the connect sets it to null.</summary>
    Forgotten,

    /// <summary>A method sets it to null after a shutdown or a disconnect.</summary>
    Abandoned,
}

/// <summary>
/// A connection that a field held alone, until the field was set to null without a close: nobody can close it any more.
/// </summary>
internal sealed class ForgottenConnection
{
    private ForgottenConnection(ForgottenKind kind, ISymbol field, ISimpleAssignmentOperation forgotten, IOperation failing)
    {
        Kind = kind;
        Field = field;
        Forgotten = forgotten;
        Failing = failing;
    }

    internal ForgottenKind Kind { get; }

    /// <summary>The field or property.</summary>
    internal ISymbol Field { get; }

    /// <summary>Sets it to null.</summary>
    internal ISimpleAssignmentOperation Forgotten { get; }

    /// <summary>What fails while the connection is open; what shuts it down or disconnects it.</summary>
    internal IOperation Failing { get; }

    internal static IEnumerable<ForgottenConnection> In(SocketBody body, CancellationToken cancellationToken)
    {
        // A handshake fails after the connect, and leaves the connection open under it.
        bool connects = body.OperationsOf(SocketOperationKind.Handshake).Count > 0 && body.OperationsOf(SocketOperationKind.Connect).Count > 0;
        bool saysGoodbye = body.OperationsOf(SocketOperationKind.Shutdown).Count > 0 || body.OperationsOf(SocketOperationKind.Disconnect).Count > 0;
        if (!connects && !saysGoodbye)
        {
            yield break;
        }

        foreach (ISymbol field in body.Symbols.Where(symbol => symbol switch
        {
            IFieldSymbol { IsReadOnly: false } held => body.Model.Types.IsConnection(held.Type),
            IPropertySymbol { SetMethod: not null } held => body.Model.Types.IsConnection(held.Type),
            _ => false,
        }))
        {
            foreach (IOperation reference in body.ReferencesTo(field))
            {
                if (reference.Parent is not ISimpleAssignmentOperation { Parent: IExpressionStatementOperation } assignment || assignment.Target != reference
                    || assignment.Value.Unwrap().ConstantValue is not { HasValue: true, Value: null }
                    || SocketKindOf.SymbolOf(reference) is null)
                {
                    continue;
                }

                if (connects && HandlerOf(assignment) is { } handler && FailingIn(handler, field, body) is { } failing
                    && !IsEnded(handler, assignment, failing, ConnectionEnds.Of(field, body, cancellationToken), body))
                {
                    // TLS is made over it: no datagrams.
                    if (!SocketKindOf.IsMadeWithoutTcp(reference, body, cancellationToken))
                    {
                        yield return new ForgottenConnection(ForgottenKind.Forgotten, field, assignment, failing);
                    }
                }
                else if (saysGoodbye && AbandonedConnection.GoodbyeBefore(assignment, field, body, cancellationToken) is { } goodbye)
                {
                    yield return new ForgottenConnection(ForgottenKind.Abandoned, field, assignment, goodbye);
                }
            }
        }
    }

    /// <summary>The catch clause whose own statement <paramref name="assignment"/> is.</summary>
    private static ICatchClauseOperation? HandlerOf(ISimpleAssignmentOperation assignment) =>
        assignment.Parent?.Parent is IBlockOperation { Parent: ICatchClauseOperation { Parent: ITryOperation } handler } ? handler : null;

    /// <summary>The handshake that comes after the field's connection is connected, both in the try of <paramref name="handler"/>.</summary>
    private static IOperation? FailingIn(ICatchClauseOperation handler, ISymbol field, SocketBody body)
    {
        IOperation guarded = ((ITryOperation)handler.Parent!).Body;
        foreach (SocketOperation connect in body.OperationsOf(SocketOperationKind.Connect))
        {
            if (connect.Form is OperationForm.Begin or OperationForm.EventArgs || !Paths.IsInside(connect.Operation, guarded) || !IsOf(connect.Connection))
            {
                continue;
            }

            foreach (SocketOperation handshake in body.OperationsOf(SocketOperationKind.Handshake))
            {
                if (Paths.IsInside(handshake.Operation, guarded) && Paths.MayRunBefore(connect.Operation, handshake.Operation) && IsUnder(handshake, body, IsOf)
                    && (handshake.Form == OperationForm.Synchronous || (handshake.Form == OperationForm.Task && handshake.Result.Kind is ResultUseKind.Awaited or ResultUseKind.Waited)))
                {
                    return handshake.Operation;
                }
            }
        }

        return null;

        bool IsOf(IOperation? connection) => connection is not null && ConnectionHolder.Of(connection, body) is { } holder
            && (SymbolEqualityComparer.Default.Equals(holder, field) || (holder is ILocalSymbol local && IsNameOf(local, field, body)));
    }

    /// <summary>Whether the stream of a handshake lies over what <paramref name="isOf"/> knows.</summary>
    private static bool IsUnder(SocketOperation handshake, SocketBody body, System.Func<IOperation?, bool> isOf)
    {
        const int LongestChain = 8;
        IOperation? stream = handshake.Connection;
        for (int depth = 0; stream is not null && depth < LongestChain; depth++)
        {
            if (isOf(stream))
            {
                return true;
            }

            IOperation value = stream.Unwrap();
            stream = body.LocalAliases.OwnerOf(value)
                ?? (value is ILocalReferenceOperation { Local: var local } && body.ValuesOf(local) is { Count: 1 } only ? only[0] : null);
        }

        return false;
    }

    /// <summary>Another name of the field's connection: each value that the local gets is the field's, or becomes it.</summary>
    internal static bool IsNameOf(ILocalSymbol local, ISymbol field, SocketBody body) => body.ValuesOf(local) is { Count: > 0 } values && values.All(value =>
        SymbolEqualityComparer.Default.Equals(SocketKindOf.SymbolOf(value.Unwrap())?.OriginalDefinition, field)
        || (value.Unwrap() is ISimpleAssignmentOperation chained && SymbolEqualityComparer.Default.Equals(SocketKindOf.SymbolOf(chained.Target)?.OriginalDefinition, field))
        || body.ReferencesTo(local).Any(reference => reference.Wrapped() is { Parent: ISimpleAssignmentOperation stored } given && stored.Value == given
            && SymbolEqualityComparer.Default.Equals(SocketKindOf.SymbolOf(stored.Target)?.OriginalDefinition, field)));

    /// <summary>
    /// Whether something may close the connection although the field forgets it: the handler, whatever the exception is; a finally, or a scope;
    /// what got the connection, or its stream, before the failure; a delegate made before the try. What follows the try, where the handler does not throw.
    /// </summary>
    private static bool IsEnded(ICatchClauseOperation handler, ISimpleAssignmentOperation forgotten, IOperation failing, ConnectionEnds ends, SocketBody body)
    {
        ITryOperation attempt = (ITryOperation)handler.Parent!;
        if (ends.All.Any(end => Paths.IsInside(end, handler) ? !DependsOnException(end, handler)
            : Paths.IsInside(end, attempt.Body) ? end.Syntax.SpanStart < failing.Syntax.SpanStart && !IsRegistered(end) && (Paths.FunctionOf(end) != Paths.FunctionOf(failing) || Paths.MayRunBefore(end, failing))
            : end.Syntax.Span.End > attempt.Syntax.SpanStart ? !IsAfterThrow(end, attempt, handler)
            : Paths.FunctionOf(end) != Paths.FunctionOf(attempt) && !IsRegistered(end)))
        {
            return true;
        }

        // Another field may hold a stream over it, and a dispose of the object close that.
        return body.Symbols.Where(ConnectionAliases.IsFieldOfConnection(body.Model.Types)).SelectMany(body.ReferencesTo).Any(reference =>
            reference.Parent is ISimpleAssignmentOperation stored && stored.Target == reference && stored != forgotten
            && stored.Syntax.SpanStart >= attempt.Syntax.SpanStart && stored.Syntax.SpanStart < failing.Syntax.SpanStart);
    }

    /// <summary>In a branch that asks what was thrown: <c>if (e is SocketException) { _socket.Close(); }</c>.</summary>
    private static bool DependsOnException(IOperation end, ICatchClauseOperation handler)
    {
        for (IOperation inner = end; inner.Parent is { } outer && outer != handler; inner = outer)
        {
            if (outer is IConditionalOperation { WhenFalse: null } conditional && inner == conditional.WhenTrue
                && conditional.Condition is IIsTypeOperation { ValueOperand: ILocalReferenceOperation { Local: var asked } }
                && handler.Locals.Any(local => SymbolEqualityComparer.Default.Equals(local, asked)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsAfterThrow(IOperation end, ITryOperation attempt, ICatchClauseOperation handler) =>
        end.Syntax.SpanStart >= attempt.Syntax.Span.End
        && handler.Handler.Operations is { Length: > 0 } statements && statements[statements.Length - 1] is IThrowOperation or IExpressionStatementOperation { Operation: IThrowOperation };

    /// <summary>A delegate that a token runs: it closes on cancellation, and knows nothing of other failures. Options that an extension sets are no owner either.</summary>
    private static bool IsRegistered(IOperation end)
    {
        for (IOperation? outer = end; outer is not null; outer = outer.Parent)
        {
            if (outer is IInvocationOperation { TargetMethod: { Name: "Register" or "UnsafeRegister", ContainingType.Name: "CancellationToken" } })
            {
                return true;
            }
        }

        return end.Wrapped().Parent is IArgumentOperation { Parent: IInvocationOperation { TargetMethod: { IsExtensionMethod: true } extension, Arguments: var arguments } } given && arguments[0] == given
            && !ConnectionEnds.IsNamedAfterEnding(extension);
    }
}
