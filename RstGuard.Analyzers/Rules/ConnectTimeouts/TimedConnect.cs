using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// A wait with a limit for a connect that knows nothing of the limit, after whose end nobody closes the connection:
/// <c>WhenAny(ConnectAsync, Delay)</c>, <c>Wait(limit)</c>, <c>WaitAsync(limit)</c>, <c>BeginConnect</c> with <c>WaitOne(limit)</c>.
/// </summary>
internal sealed class TimedConnect
{
    private TimedConnect(TimedWait wait, ISymbol holder, ConnectionEnds ends)
    {
        Wait = wait;
        Holder = holder;
        Ends = ends;
    }

    internal TimedWait Wait { get; }

    /// <summary>The local or own member that holds the connection.</summary>
    internal ISymbol Holder { get; }

    internal ConnectionEnds Ends { get; }

    /// <summary>
    /// The wait's result is not asked for, and the code goes on as if it were connected; it closes the connection in the end.
    /// </summary>
    internal bool IsClosedLater { get; private set; }

    internal static IEnumerable<TimedConnect> In(SocketBody body, CancellationToken cancellationToken)
    {
        foreach (TimedWait wait in TimedWait.ForConnects(body, cancellationToken))
        {
            if (!IsAnsweredByCallback(wait) && HolderOf(wait, body) is { } holder && Of(wait, holder, body, cancellationToken) is { } found)
            {
                yield return found;
            }
        }
    }

    private static TimedConnect? Of(TimedWait wait, ISymbol holder, SocketBody body, CancellationToken cancellationToken)
    {
        TimedConnect connect = new(wait, holder, ConnectionEnds.Of(holder, body, cancellationToken));
        bool isOwn = holder is ILocalSymbol ? !connect.IsKeptElsewhere() : connect.IsOverwrittenNextTime();
        return isOwn && connect.IsLeftOpen() ? connect : null;
    }

    /// <summary>BeginConnect's callback learns of the late end.</summary>
    private static bool IsAnsweredByCallback(TimedWait wait) =>
        wait.Operation.Form == OperationForm.Begin && wait.Call.Argument("requestCallback")?.Unwrap().ConstantValue is not { HasValue: true, Value: null };

    /// <summary>A local that is made here, or a member of the object; a parameter is its owner's to close.</summary>
    private static ISymbol? HolderOf(TimedWait wait, SocketBody body)
    {
        ISymbol? holder = ConnectionHolder.Of(wait.Operation, body);
        if (holder is ILocalSymbol local)
        {
            return body.LocalAliases.HasKnownOrigin(local) && body.ValuesOf(local).All(value => value.Unwrap() is not IParameterReferenceOperation) ? local
                : body.ValuesOf(local) is { Count: 1 } values && SocketKindOf.SymbolOf(values[0].Unwrap()) is { } member and (IFieldSymbol or IPropertySymbol) ? member.OriginalDefinition
                : null;
        }

        return holder is IFieldSymbol or IPropertySymbol ? holder : null;
    }

    private bool IsKeptElsewhere() => Ends.IsEndedBefore(Wait.Wait) || Paths.FunctionOf(Wait.Call) != FunctionOfDeclaration();

    private IOperation? FunctionOfDeclaration() =>
        Wait.Body.ValuesOf(Holder).FirstOrDefault() is { } value ? Paths.FunctionOf(value) : null;

    /// <summary>
    /// The method makes a new connection each time it is called, without closing the last one, and the object has no Dispose: who
    /// catches the timeout has nothing to close, and the next attempt drops the last one.
    /// </summary>
    private bool IsOverwrittenNextTime()
    {
        IOperation? made = Wait.Body.ValuesOf(Holder).LastOrDefault(value => value.Unwrap() is IObjectCreationOperation && value.Syntax.SpanStart < Wait.Call.Syntax.SpanStart);
        return made is not null
            && Paths.FunctionOf(made) == Paths.FunctionOf(Wait.Call)
            && !Ends.IsEndedBefore(made)
            && Wait.Body.Owner.ContainingType is { } type
            && !type.AllInterfaces.Any(contract => contract.SpecialType == SpecialType.System_IDisposable || contract.Name == "IAsyncDisposable");
    }

    private bool IsLeftOpen()
    {
        if (Wait.Wait.TargetMethod.Name == "WaitAsync")
        {
            return !Ends.CoversFailureOf(Wait.Wait) && (!IsSwallowed() || !Ends.IsEndedAfter(Wait.Wait));
        }

        if (Wait.Ends is { } told)
        {
            return IsLeftOpen(told);
        }

        if (Wait.Wait.Wrapped().Parent is not IExpressionStatementOperation)
        {
            return Ends.All.Count == 0 && Holder is ILocalSymbol;
        }

        if (IsAskedLater() || Ends.CoversFailureOf(Wait.Wait))
        {
            return false;
        }

        IsClosedLater = Ends.IsEndedAfter(Wait.Wait);
        return true;
    }

    private bool IsLeftOpen(TimedWait.Outcome told)
    {
        if (told.TimedOut is not { } branch)
        {
            return !Ends.CoversFailureOf(told.Choice) && !Ends.IsEndedAfter(told.Choice);
        }

        if (Ends.IsEndedIn(branch) || Ends.CoversFailureOf(branch) || IsTaskNamedIn(branch))
        {
            return false;
        }

        return (TimedWait.Outcome.Leaves(branch, out bool goesRound) && !goesRound && !IsBreak(branch)) || !Ends.IsEndedAfter(told.Choice);
    }

    private static bool IsBreak(IOperation branch) =>
        branch.DescendantsAndSelf().Any(operation => operation is IBranchOperation { BranchKind: BranchKind.Break or BranchKind.GoTo });

    // Somebody is told of the late end: task.ContinueWith(…).
    private bool IsTaskNamedIn(IOperation branch) => Wait.Task is { } task && Wait.Body.ReferencesTo(task).Any(reference => Paths.IsInside(reference, branch));

    /// <summary>What fails is caught in the function, and the function goes on.</summary>
    private bool IsSwallowed() => ConnectionEnds.HandlersAround(Wait.Wait).Any(handler =>
        handler is ICatchClauseOperation && !handler.Descendants().Any(operation => operation is IThrowOperation));

    /// <summary>The code asks the connection, or the task, how it went.</summary>
    private bool IsAskedLater() =>
        (Wait.Task is { } task && Wait.Body.ReferencesTo(task).Any(reference => reference.Syntax.SpanStart > Wait.Wait.Syntax.Span.End))
        || Wait.Body.Root.Descendants().Any(operation => operation is IPropertyReferenceOperation { Property.Name: "Connected", Instance: { } connection } asked
            && asked.Syntax.SpanStart > Wait.Wait.Syntax.Span.End
            && Operations.Receiver(connection) is { } receiver && SymbolEqualityComparer.Default.Equals(ConnectionHolder.Of(receiver, Wait.Body), ConnectionHolder.Of(Wait.Operation, Wait.Body))
            && !IsUsedBetween(asked));

    private bool IsUsedBetween(IOperation asked) => Wait.Body.Operations.Any(operation =>
        operation.Kind is not (SocketOperationKind.Close or SocketOperationKind.Inquire)
        && operation.Operation.Syntax.SpanStart > Wait.Wait.Syntax.Span.End && operation.Operation.Syntax.SpanStart < asked.Syntax.SpanStart
        && SymbolEqualityComparer.Default.Equals(ConnectionHolder.Of(operation, Wait.Body), ConnectionHolder.Of(Wait.Operation, Wait.Body)));
}
