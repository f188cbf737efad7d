using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>Closes that are likely, and no more, to leave data unread: what was not received, and how that shows.</summary>
internal sealed class LikelyUnread(SocketBody body, CancellationToken cancellationToken)
{
    private const int DeepestCall = 3;

    private SocketModel Model => body.Model;

    private KnownTypes Types => body.Model.Types;

    /// <summary>The likely closes of the body, each with its evidence and the other half of the story.</summary>
    internal IEnumerable<(SocketOperation Close, string Evidence, IOperation? Other)> Closes()
    {
        foreach (SocketOperation close in body.OperationsOf(SocketOperationKind.Close))
        {
            if (close is not { Operation: IInvocationOperation, CloseForm: CloseForm.Plain, Api: ConnectionApi.Socket or ConnectionApi.TcpClient })
            {
                continue;
            }

            if (FailedHandshake(close) is { } handshake)
            {
                yield return (close, DiagnosticProperties.UnreadEvidence.Handshake, handshake);
            }
            else if (RefusedClient(close) is (true, var accepted))
            {
                yield return (close, DiagnosticProperties.UnreadEvidence.Refused, accepted);
            }
            else if (OnlyReceiveOfACallback(close) is { } receive)
            {
                yield return (close, DiagnosticProperties.UnreadEvidence.Callback, receive);
            }
        }
    }

    /// <summary>
    /// Calls of own members that close and then leave the function, where the same function goes on to read the rest of the input:
    /// one path drains, the other does not.
    /// </summary>
    internal IEnumerable<(IInvocationOperation Close, ISymbol Connection, IOperation Drain)> ClosesBeforeTheDrain()
    {
        IInvocationOperation[] calls = [.. body.Symbols.OfType<IMethodSymbol>().SelectMany(body.ReferencesTo).OfType<IInvocationOperation>().OrderBy(call => call.Syntax.SpanStart)];

        // Few calls leave the function; whether one drains takes a look at the method that is called.
        IInvocationOperation[] leaving = [.. calls.Where(call => call.Instance is IInstanceReferenceOperation && LeavesAfter(call) && !Paths.IsInCatch(call))];
        if (leaving.Length == 0)
        {
            yield break;
        }

        int first = leaving.Min(call => call.Syntax.Span.End);

        foreach (IInvocationOperation drain in calls)
        {
            if (drain.Syntax.SpanStart < first || !IsDrain(drain.TargetMethod))
            {
                continue;
            }

            foreach (IInvocationOperation close in leaving.Reverse())
            {
                if (close.Syntax.Span.End < drain.Syntax.SpanStart && Paths.FunctionOf(close) == Paths.FunctionOf(drain)
                    && !calls.Any(earlier => earlier.Syntax.SpanStart < close.Syntax.SpanStart && IsDrain(earlier.TargetMethod)) && ClosedField(close.TargetMethod, 0) is { } field)
                {
                    yield return (close, field, drain);
                    yield break;
                }
            }
        }
    }

    /// <summary>
    /// Waits of a drain that give up in less than a second, where the caller closes a connection when the drain has given up: one lost
    /// segment alone takes that long to be sent again (RFC 6298 section 2.1: 1 s to begin with).
    /// </summary>
    internal IEnumerable<(IInvocationOperation Wait, ISymbol Connection, IOperation Close)> DrainsThatGiveUp()
    {
        const double Repair = 1000;
        if (body.Owner is not IMethodSymbol { ReturnType.SpecialType: SpecialType.System_Boolean } method || !body.Operations.Any(operation => operation.Kind == SocketOperationKind.Receive) || !IsDrain(method))
        {
            yield break;
        }

        foreach (IOperation operation in body.Root.Descendants())
        {
            if (operation is IInvocationOperation { TargetMethod: { Name: "WaitOne" or "Wait", ReturnType.SpecialType: SpecialType.System_Boolean }, Arguments.IsEmpty: false } wait
                && Paths.IsInLoop(wait) && TimeOf(wait.Arguments[0].Value) is > 0 and < Repair
                && BranchOf(wait) is { } branch && branch.DescendantsAndSelf().Any(inner => inner is IReturnOperation)
                && ClosedByCaller() is var (field, close))
            {
                yield return (wait, field, close);
                yield break;
            }
        }
    }

    private double? TimeOf(IOperation time)
    {
        if (time.Unwrap() is ILocalReferenceOperation { Local: { IsConst: false } local })
        {
            time = body.ValuesOf(local) is { Count: 1 } only ? only[0] : time;
        }

        return Duration.TryGetMilliseconds(time, Types, out double milliseconds, out _) ? milliseconds : null;
    }

    /// <summary>What runs when the condition that <paramref name="part"/> is in holds.</summary>
    private static IOperation? BranchOf(IOperation part)
    {
        for (IOperation inner = part; inner.Parent is { } outer and not IBlockOperation; inner = outer)
        {
            if (outer is IConditionalOperation conditional)
            {
                return conditional.Condition == inner ? conditional.WhenTrue : null;
            }
        }

        return null;
    }

    /// <summary>The field whose connection a caller closes where this method has answered, and that close.</summary>
    private (ISymbol Field, IOperation Close)? ClosedByCaller()
    {
        foreach (CallSite caller in Model.Calls.CallersOf(new CodeFunction(body, body.Root), cancellationToken))
        {
            if (caller.Operation is IInvocationOperation && BranchOf(caller.Operation) is { } branch)
            {
                foreach (IOperation operation in branch.DescendantsAndSelf())
                {
                    if (operation is IInvocationOperation { Instance: IInstanceReferenceOperation } call && ClosedField(call.TargetMethod, 0) is { } field)
                    {
                        return (field, call);
                    }
                }
            }
        }

        return null;
    }

    private static bool LeavesAfter(IInvocationOperation close) => close.Parent is IExpressionStatementOperation { Parent: IBlockOperation { Parent: IConditionalOperation } block } statement
        && block.Operations.IndexOf(statement) is var index && index + 1 < block.Operations.Length && block.Operations[index + 1] is IReturnOperation;

    /// <summary>A method that reads to the end and looks at nothing of it.</summary>
    private bool IsDrain(IMethodSymbol method)
    {
        if (Model.BodyOf(method, cancellationToken) is not { } drain)
        {
            return false;
        }

        ReceivedCount count = new(drain);
        return drain.Operations.Any(operation => operation.Kind == SocketOperationKind.Receive && operation.Form != OperationForm.Begin
                && Paths.IsInLoop(operation.Operation) && count.IsToldFromZero(operation.Operation))
            && drain.Operations.All(operation => operation.Kind is SocketOperationKind.Receive or SocketOperationKind.Inquire)
            && drain.Operations.Where(operation => operation.Kind == SocketOperationKind.Receive).All(operation => operation.Operation is IInvocationOperation receive
                && (receive.Argument("buffer")?.Unwrap() is not ILocalReferenceOperation { Local: var buffer }
                    || drain.ReferencesTo(buffer).All(reference => reference.Wrapped().Parent is IArgumentOperation { Parent: IInvocationOperation user } && SocketOperation.Create(user, Types)?.Kind == SocketOperationKind.Receive)));
    }

    /// <summary>The field of the method's own type whose connection it closes, itself or through another such method.</summary>
    private ISymbol? ClosedField(IMethodSymbol method, int depth)
    {
        if (depth > DeepestCall || method.MethodKind != MethodKind.Ordinary || method.IsVirtual || Model.BodyOf(method, cancellationToken) is not { } closing)
        {
            return null;
        }

        foreach (SocketOperation operation in closing.Operations)
        {
            if (operation is { Kind: SocketOperationKind.Close, Api: ConnectionApi.Socket or ConnectionApi.TcpClient } && SocketKindOf.SymbolOf(operation.Connection) is IFieldSymbol field
                && !Paths.IsInCatch(operation.Operation))
            {
                return field;
            }
        }

        return closing.Symbols.OfType<IMethodSymbol>()
            .Where(called => SymbolEqualityComparer.Default.Equals(called.ContainingType, method.ContainingType) && !SymbolEqualityComparer.Default.Equals(called, method))
            .Select(called => ClosedField(called, depth + 1)).FirstOrDefault(found => found is not null);
    }

    /// <summary>In a handler of a TLS handshake as the server, on the socket that it was to secure: the client's first bytes may be unread.</summary>
    private IOperation? FailedHandshake(SocketOperation close)
    {
        if (body.LocalAliases.HolderOf(close) is not { } holder || CatchOf(close.Operation) is not { Parent: ITryOperation { Body: var attempt } } handler
            || handler.ExceptionType.Name is "OperationCanceledException" or "TaskCanceledException")
        {
            return null;
        }

        foreach (SocketOperation operation in body.OperationsOf(SocketOperationKind.Handshake))
        {
            if (IsServerHandshake(operation) && attempt.Syntax.Span.Contains(operation.Operation.Syntax.Span) && SymbolEqualityComparer.Default.Equals(body.LocalAliases.HolderOf(operation), holder))
            {
                return operation.Operation;
            }
        }

        foreach (HandOver handOver in body.LocalAliases.HandOversOf(holder))
        {
            if (handOver.Kind == HandOverKind.Argument && attempt.Syntax.Span.Contains(handOver.To.Syntax.Span) && ParameterOf(handOver) is { ContainingSymbol: IMethodSymbol taker } parameter
                && Model.BodyOf(taker, cancellationToken) is { } inner
                && inner.OperationsOf(SocketOperationKind.Handshake).Any(operation => IsServerHandshake(operation) && SymbolEqualityComparer.Default.Equals(inner.LocalAliases.HolderOf(operation), parameter)))
            {
                return handOver.To;
            }
        }

        return null;
    }

    private static bool IsServerHandshake(SocketOperation operation) =>
        operation is { Operation: IInvocationOperation { TargetMethod.Name: "AuthenticateAsServer" or "AuthenticateAsServerAsync" } };

    private static IParameterSymbol? ParameterOf(HandOver handOver)
    {
        ImmutableArray<IArgumentOperation> arguments = handOver.To switch
        {
            IInvocationOperation call => call.Arguments,
            IObjectCreationOperation creation => creation.Arguments,
            _ => ImmutableArray<IArgumentOperation>.Empty,
        };
        return arguments.FirstOrDefault(argument => argument.Value.Unwrap() == handOver.Reference)?.Parameter?.OriginalDefinition;
    }

    /// <summary>
    /// An accepted client that is closed under a condition before anything was received from it, while the function has another use for
    /// the clients that it keeps.
    /// </summary>
    private (bool Is, IOperation? Accept) RefusedClient(SocketOperation close)
    {
        if (CatchOf(close.Operation) is not null || ConditionsOf(close.Operation) is not { Count: > 0 } conditions || conditions.Any(TellsOfFailure))
        {
            return default;
        }

        if (close.Connection is IPropertyReferenceOperation { Property: { Name: "AcceptSocket" } accepted } && KnownTypes.Is(accepted.ContainingType, Types.SocketAsyncEventArgs))
        {
            // In an else, or under a condition of its own: others are kept.
            return (body.ReferencesTo(accepted.OriginalDefinition).Any(reference => reference.Parent is IArgumentOperation), null);
        }

        if (body.LocalAliases.HolderOf(close) is not ILocalSymbol holder
            || body.ValuesOf(holder) is not { Count: 1 } values || values[0].Unwrap() is not IInvocationOperation accept || !SocketOperation.MakesConnection(accept, Types)
            || body.LocalAliases.HandOversOf(holder) is not { IsEmpty: false } handOvers
            || handOvers.Any(handOver => handOver.Reference.Syntax.SpanStart < close.Operation.Syntax.SpanStart)
            || body.Flow(cancellationToken).Before(close) is not { } facts
            || facts.Ever(ConnectionFacts.Received | ConnectionFacts.Peeked | ConnectionFacts.Closed))
        {
            return default;
        }

        return (true, accept);
    }

    private static List<IOperation> ConditionsOf(IOperation operation)
    {
        List<IOperation> conditions = [];
        for (IOperation? outer = operation.Parent; outer is not null and not (IAnonymousFunctionOperation or ILocalFunctionOperation); outer = outer.Parent)
        {
            if (outer is IConditionalOperation conditional)
            {
                conditions.Add(conditional.Condition);
            }
        }

        return conditions;
    }

    // A socket that did not connect, or is gone, has nothing to read; one that is asked whether it is null is cleaned up.
    private static bool TellsOfFailure(IOperation condition) => condition.DescendantsAndSelf().Any(operation => operation switch
    {
        IPropertyReferenceOperation { Property.Name: "SocketError" or "Connected" or "IsCancellationRequested" or "IsCompletedSuccessfully" or "IsFaulted" or "Available" } => true,
        _ => operation.ConstantValue is { HasValue: true, Value: null },
    });

    /// <summary>
    /// The one <c>EndReceive</c> of a callback, on the socket that came in the state, where the callback receives no more and closes.
    /// </summary>
    private IOperation? OnlyReceiveOfACallback(SocketOperation close)
    {
        if (CatchOf(close.Operation) is not null || body.LocalAliases.HolderOf(close) is not ILocalSymbol holder || !IsFromState(holder)
            || body.ConnectionOf(holder) is not { } use)
        {
            return null;
        }

        SocketOperation[] receives = [.. use.Receives];
        return receives.Length == 1 && receives[0] is { Kind: SocketOperationKind.Receive, Form: OperationForm.End } receive
            && use.HandOvers.All(handOver => handOver is { Kind: HandOverKind.Argument, To: IInvocationOperation { TargetMethod.ReturnType.SpecialType: SpecialType.System_Boolean } })
            && body.Flow(cancellationToken).Before(close) is { } facts && facts.Ever(ConnectionFacts.Received) && !facts.Always(ConnectionFacts.AtEnd) && !facts.Ever(ConnectionFacts.Closed)
            ? receive.Operation
            : null;
    }

    private bool IsFromState(ILocalSymbol local)
    {
        IOperation? value = body.ValuesOf(local) is { Count: 1 } values ? values[0] : null;
        for (int depth = 0; value is not null && depth < DeepestCall * 2; depth++)
        {
            switch (value.Unwrap())
            {
                case IPropertyReferenceOperation { Property.Name: "AsyncState" }:
                    return true;
                case IArrayElementReferenceOperation element:
                    value = element.ArrayReference;
                    break;
                case IMemberReferenceOperation { Instance: { } instance } and (IFieldReferenceOperation or IPropertyReferenceOperation):
                    value = instance;
                    break;
                case ILocalReferenceOperation { Local: var inner } when body.ValuesOf(inner) is { Count: 1 } only:
                    value = only[0];
                    break;
                default:
                    return false;
            }
        }

        return false;
    }

    private static ICatchClauseOperation? CatchOf(IOperation operation)
    {
        for (IOperation? outer = operation.Parent; outer is not null; outer = outer.Parent)
        {
            if (outer is ICatchClauseOperation handler)
            {
                return handler;
            }
        }

        return null;
    }
}
