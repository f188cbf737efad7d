using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// A wait with a limit for an operation on a connection that knows nothing of the limit: <c>WhenAny(operation, Delay)</c>,
/// <c>operation.WaitAsync(limit)</c>, <c>operation.Wait(limit)</c>.
/// </summary>
internal sealed class TimedWait
{
    private TimedWait(SocketBody body, IInvocationOperation wait, SocketOperation operation, ILocalSymbol? task, IInvocationOperation? delay)
    {
        Body = body;
        Wait = wait;
        Operation = operation;
        Task = task;
        Delay = delay;
    }

    internal SocketBody Body { get; }

    /// <summary>The call that waits.</summary>
    internal IInvocationOperation Wait { get; }

    internal SocketOperation Operation { get; }

    /// <summary>The call that starts the operation.</summary>
    internal IInvocationOperation Call => (IInvocationOperation)Operation.Operation;

    /// <summary>The local that holds the operation's task between the two.</summary>
    internal ILocalSymbol? Task { get; }

    /// <summary>Of <c>WhenAny</c>, the call of <c>Task.Delay</c>.</summary>
    internal IInvocationOperation? Delay { get; }

    /// <summary>A socket by itself resets when it is closed meanwhile; clients and streams shut down first.</summary>
    internal bool IsSocket => Operation.Api == ConnectionApi.Socket && Operation.Kind != SocketOperationKind.Accept;

    /// <summary>What the timed wait is told of how it ended; <see langword="null"/> where it can't be told.</summary>
    internal Outcome? Ends { get; private set; }

    /// <summary>All of a body whose operation is left pending after the time, as far as the body shows.</summary>
    internal static IEnumerable<TimedWait> In(SocketBody body, CancellationToken cancellationToken)
    {
        foreach (SocketOperation operation in body.Operations)
        {
            if (operation is { Form: OperationForm.Task, Operation: IInvocationOperation, Connection: not null, Token: null } && IsOnConnection(operation, body, cancellationToken)
                && Of(operation, body, cancellationToken) is { } found)
            {
                yield return found;
            }
        }
    }

    /// <summary>All of a body that wait for a connect, whatever becomes of it afterwards.</summary>
    internal static IEnumerable<TimedWait> ForConnects(SocketBody body, CancellationToken cancellationToken)
    {
        foreach (SocketOperation connect in body.Operations)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (connect is { Kind: SocketOperationKind.Connect, Form: OperationForm.Task or OperationForm.Begin, Api: ConnectionApi.Socket or ConnectionApi.TcpClient, Operation: IInvocationOperation, Connection: not null, Token: null }
                && Of(connect, body, static wait => wait.HasLimit, cancellationToken) is { } found)
            {
                found.Ends = found.OutcomeOf();
                yield return found;
            }
        }
    }

    private static TimedWait? Of(SocketOperation operation, SocketBody body, CancellationToken cancellationToken) =>
        Of(operation, body, static wait => wait.IsLeftPending(), cancellationToken);

    private static TimedWait? Of(SocketOperation operation, SocketBody body, System.Func<TimedWait, bool> counts, CancellationToken cancellationToken)
    {
        IOperation value = operation.Operation.Wrapped();
        ILocalSymbol? task = null;
        IEnumerable<IOperation> uses = [value];
        if (value.Parent is IVariableInitializerOperation { Parent: IVariableDeclaratorOperation { Symbol: var local } })
        {
            if (body.ValuesOf(local).Count != 1)
            {
                return null;
            }

            task = local;
            uses = body.ReferencesTo(local).Select(reference => reference.Wrapped());
        }

        foreach (IOperation use in uses)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (WaitOf(use, body) is var (wait, delay) && new TimedWait(body, wait, operation, task, delay) is var found && counts(found))
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>Whether it is a TCP connection, or a listener, that the operation is done to; of a stream that must be shown.</summary>
    private static bool IsOnConnection(SocketOperation operation, SocketBody body, CancellationToken cancellationToken) => (operation.Kind, operation.Api) switch
    {
        (SocketOperationKind.Accept, ConnectionApi.Socket or ConnectionApi.TcpListener) => true,
        (SocketOperationKind.Receive or SocketOperationKind.Peek or SocketOperationKind.ReceiveAll or SocketOperationKind.Send, ConnectionApi.Socket or ConnectionApi.NetworkStream) => true,
        (SocketOperationKind.Receive or SocketOperationKind.ReceiveAll or SocketOperationKind.Send, ConnectionApi.Stream or ConnectionApi.Tls or ConnectionApi.Reader) =>
            KnownTypes.IsOrDerives(operation.Connection!.Type, body.Model.Types.NetworkStream)
            || (body.LocalAliases.HolderOf(operation) is { } holder && body.Model.Types.IsConnection(TypeOf(holder)))
            || (body.Owner.ContainingType is { } type && body.Model.FactsOf(type, cancellationToken).Connections.Any(connection =>
                connection.Bodies.Any(part => part.Body == body && part.Use.Operations.Contains(operation)))),
        _ => false,
    };

    private static ITypeSymbol? TypeOf(ISymbol symbol) => (symbol as ILocalSymbol)?.Type ?? (symbol as IParameterSymbol)?.Type;

    /// <summary>The wait whose operation <paramref name="task"/> is.</summary>
    private static (IInvocationOperation Wait, IInvocationOperation? Delay)? WaitOf(IOperation task, SocketBody body)
    {
        KnownTypes types = body.Model.Types;
        switch (task.Parent)
        {
            case IInvocationOperation { TargetMethod: { Name: "WaitAsync", IsStatic: false } } wait when wait.Instance == task && KnownTypes.IsOrDerives(wait.TargetMethod.ContainingType, types.Task):
                return (wait, null);
            case IInvocationOperation { TargetMethod: { Name: "Wait", Parameters.Length: > 0 } } wait when wait.Instance == task && KnownTypes.IsOrDerives(wait.TargetMethod.ContainingType, types.Task):
                return (wait, null);
            case IPropertyReferenceOperation { Property.Name: "AsyncWaitHandle" } handle when handle.Instance == task:
                return handle.Parent is IInvocationOperation { TargetMethod: { Name: "WaitOne", Parameters.Length: > 0 } } one && one.Instance == handle ? (one, null) : null;
        }

        IOperation? outer = task.Parent;
        while (outer is IArrayInitializerOperation or IArrayCreationOperation or IArgumentOperation or IConversionOperation)
        {
            outer = outer.Parent;
        }

        if (outer is not IInvocationOperation { TargetMethod: { Name: "WhenAny", IsStatic: true } } any || !KnownTypes.Is(any.TargetMethod.ContainingType, types.Task))
        {
            return null;
        }

        // Of the operation and a delay alone: with a third task it is a choice, not a limit.
        IOperation[] waited = [.. WaitedTasks.Of(any)];
        return waited.Length == 2 && waited.Select(one => DelayOf(one, body)).FirstOrDefault(delay => delay is not null) is { } limit ? (any, limit) : null;
    }

    private static IInvocationOperation? DelayOf(IOperation value, SocketBody body)
    {
        if (value is ILocalReferenceOperation { Local: var local })
        {
            if (body.ValuesOf(local) is not { Count: 1 } values)
            {
                return null;
            }

            value = values[0].Unwrap();
        }

        return value is IInvocationOperation { TargetMethod: { Name: "Delay" } method } delay && KnownTypes.Is(method.ContainingType, body.Model.Types.Task) ? delay : null;
    }

    /// <summary>The wait ends after a time, and not only when a token of the caller is cancelled.</summary>
    private bool HasLimit => Delay is not null
        || (Wait.Arguments.FirstOrDefault(argument => argument.Parameter?.Ordinal == 0)?.Value is { Type.Name: "Int32" or "TimeSpan" } limit && !(limit.IsConstant(out long time) && time == -1));

    /// <summary>Its result is true when the operation has ended in time.</summary>
    private bool SaysWhetherItEnded => Wait.TargetMethod.Name is "Wait" or "WaitOne";

    private bool IsLeftPending()
    {
        // A task that lives longer than one turn of the loop is waited for again.
        if (Task is not null && Paths.LoopOf(Wait) != Paths.LoopOf(Call))
        {
            return false;
        }

        if (Paths.FunctionOf(Wait) != Paths.FunctionOf(Call))
        {
            return false;
        }

        Ends = OutcomeOf();
        if (Task is not null && !UsesAreBeforeTheLimit())
        {
            return false;
        }

        ISymbol? holder = ConnectionHolder.Of(Operation, Body);
        return !IsShutDown(holder) && (IsSocket || !IsClosedThen(holder));
    }

    /// <summary>Whether the task is used only where the operation is known to have ended, and to tell that.</summary>
    private bool UsesAreBeforeTheLimit()
    {
        foreach (IOperation reference in Body.ReferencesTo(Task!))
        {
            IOperation value = reference.Wrapped();
            if (Contains(Wait, reference)
                || value.Parent is IBinaryOperation { OperatorKind: BinaryOperatorKind.Equals or BinaryOperatorKind.NotEquals }
                || (value == reference && reference.Parent is IPropertyReferenceOperation { Property.Name: "IsCompleted" or "IsCompletedSuccessfully" or "IsFaulted" or "IsCanceled" or "Status" }))
            {
                continue;
            }

            if (Ends is null || !Ends.IsOnlyAfterTheOperation(reference))
            {
                return false;
            }
        }

        return true;
    }

    private bool IsShutDown(ISymbol? holder) => holder is not null && Body.OperationsOf(SocketOperationKind.Shutdown).Any(operation =>
        operation.Operation.Syntax.SpanStart > Wait.Syntax.SpanStart
        && SymbolEqualityComparer.Default.Equals(ConnectionHolder.Of(operation, Body), holder));

    /// <summary>After the time nothing more is asked of the connection but to close, by what sends a FIN in spite of a pending operation.</summary>
    private bool IsClosedThen(ISymbol? holder)
    {
        if (holder is null)
        {
            return false;
        }

        SocketOperation[] closes = [.. Body.Operations.Where(operation => operation.Kind is SocketOperationKind.Close or SocketOperationKind.StopListening
            && SymbolEqualityComparer.Default.Equals(ConnectionHolder.Of(operation, Body), holder))];
        if (Ends?.TimedOut is { } timedOut && closes.Any(close => Contains(timedOut, close.Operation)))
        {
            return true;
        }

        if (closes.Length == 0 && !IsScopeOf(holder))
        {
            return false;
        }

        if (Wait.TargetMethod.Name != "WaitAsync")
        {
            return Ends is { TimedOut: { } leaving } ? Outcome.Leaves(leaving, out bool goesRound) && !goesRound
                : Ends is not null && Paths.LoopOf(Wait) is null && !IsUsedAfter(Ends.Choice, holder);
        }

        // It throws: out of the loop, unless something catches that there.
        for (IOperation? outer = Wait.Parent; outer is not null and not (IAnonymousFunctionOperation or ILocalFunctionOperation); outer = outer.Parent)
        {
            if (outer is ITryOperation { Catches.IsEmpty: false } guarded && Contains(guarded.Body, Wait) && Paths.LoopOf(guarded) is not null)
            {
                return false;
            }
        }

        return true;
    }

    private bool IsUsedAfter(IOperation choice, ISymbol holder) => Body.Operations.Any(operation =>
        operation.Kind is not (SocketOperationKind.Close or SocketOperationKind.StopListening or SocketOperationKind.Inquire)
        && operation.Operation.Syntax.SpanStart > choice.Syntax.Span.End
        && SymbolEqualityComparer.Default.Equals(ConnectionHolder.Of(operation, Body), holder));

    // A listener is no connection, and the end of its scope no operation.
    private bool IsScopeOf(ISymbol holder) => holder is ILocalSymbol { DeclaringSyntaxReferences: { Length: 1 } declarations }
        && Body.Model.OperationOf(declarations[0].GetSyntax(), default) is IVariableDeclaratorOperation { Parent: IVariableDeclarationOperation { Parent: IVariableDeclarationGroupOperation { Parent: IUsingOperation or IUsingDeclarationOperation } } };

    private static bool Contains(IOperation outer, IOperation inner) => outer.Syntax.SyntaxTree == inner.Syntax.SyntaxTree && outer.Syntax.Span.Contains(inner.Syntax.Span);

    private Outcome? OutcomeOf()
    {
        for (IOperation inner = Wait; inner.Parent is { } outer; inner = outer)
        {
            switch (outer)
            {
                case IConditionalOperation choice when inner == choice.Condition:
                    return Completed(choice.Condition.Unwrap()) is { } completed ? new Outcome(choice, completed) : null;
                case IVariableDeclaratorOperation { Symbol: var result }:
                    return Told(result);
                case IExpressionStatementOperation:
                    return Told(null);
                case IAnonymousFunctionOperation or ILocalFunctionOperation or IBlockOperation:
                    return null;
            }
        }

        return null;
    }

    /// <summary>The condition after the wait that asks how it ended.</summary>
    private Outcome? Told(ILocalSymbol? result)
    {
        IEnumerable<IOperation> asked = result is null ? [] : Body.ReferencesTo(result);
        if (Task is not null)
        {
            asked = asked.Concat(Body.ReferencesTo(Task).Where(reference => reference.Syntax.SpanStart > Wait.Syntax.Span.End));
        }

        foreach (IOperation reference in asked)
        {
            for (IOperation inner = reference; inner.Parent is { } outer; inner = outer)
            {
                if (outer is IConditionalOperation choice && inner == choice.Condition)
                {
                    return Completed(choice.Condition.Unwrap()) is { } completed ? new Outcome(choice, completed) : null;
                }

                if (outer is IBlockOperation or IAnonymousFunctionOperation or ILocalFunctionOperation)
                {
                    break;
                }
            }
        }

        return null;
    }

    /// <summary>Whether a condition that holds says that the operation has ended (true), or that the time has (false).</summary>
    private bool? Completed(IOperation condition)
    {
        switch (condition)
        {
            case IUnaryOperation { OperatorKind: UnaryOperatorKind.Not } not:
                return !Completed(not.Operand.Unwrap());
            case IInvocationOperation wait when wait == Wait:
                return SaysWhetherItEnded ? true : null;
            case ILocalReferenceOperation when SaysWhetherItEnded:
                return true;
            case IPropertyReferenceOperation { Property.Name: "IsCompleted" or "IsCompletedSuccessfully", Instance: { } task } when IsTask(task):
                return true;
            case IBinaryOperation { OperatorKind: BinaryOperatorKind.Equals or BinaryOperatorKind.NotEquals } comparison:
                bool equal = comparison.OperatorKind == BinaryOperatorKind.Equals;
                return IsTask(comparison.LeftOperand) || IsTask(comparison.RightOperand) ? equal
                    : IsDelay(comparison.LeftOperand) || IsDelay(comparison.RightOperand) ? !equal
                    : null;
            default:
                return null;
        }
    }

    private bool IsTask(IOperation value) => Task is not null && value.Unwrap() is ILocalReferenceOperation { Local: var local } && SymbolEqualityComparer.Default.Equals(local, Task);

    private bool IsDelay(IOperation value) => value.Unwrap() is ILocalReferenceOperation && DelayOf(value.Unwrap(), Body) is { } delay && delay == Delay;

    /// <summary>A condition that tells the operation's end from the time's.</summary>
    internal sealed class Outcome(IConditionalOperation choice, bool whenTrueIsCompleted)
    {
        internal IConditionalOperation Choice { get; } = choice;

        /// <summary>The condition holds when the operation has ended.</summary>
        internal bool WhenTrueIsCompleted { get; } = whenTrueIsCompleted;

        /// <summary>What runs when the time has ended; <see langword="null"/> where that is what follows.</summary>
        internal IOperation? TimedOut => WhenTrueIsCompleted ? Choice.WhenFalse : Choice.WhenTrue;

        private IOperation? Ended => WhenTrueIsCompleted ? Choice.WhenTrue : Choice.WhenFalse;

        /// <summary>Whether control comes to <paramref name="place"/> only when the operation has ended.</summary>
        internal bool IsOnlyAfterTheOperation(IOperation place) =>
            (Ended is not null && Contains(Ended, place))
            || (place.Syntax.SpanStart > Choice.Syntax.Span.End && TimedOut is not null && Leaves(TimedOut, out _));

        /// <summary>Whether <paramref name="branch"/> ends elsewhere than at what follows it: perhaps in the next turn of a loop.</summary>
        internal static bool Leaves(IOperation branch, out bool goesRound)
        {
            IOperation last = branch;
            while (last is IBlockOperation { Operations: { IsEmpty: false } statements })
            {
                last = statements[statements.Length - 1];
            }

            goesRound = last is IBranchOperation { BranchKind: BranchKind.Continue or BranchKind.GoTo };
            return goesRound || last is IReturnOperation or IThrowOperation or IBranchOperation or IExpressionStatementOperation { Operation: IThrowOperation };
        }
    }
}
