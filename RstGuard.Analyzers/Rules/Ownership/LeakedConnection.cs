using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>How a connection is left open.</summary>
internal enum LeakKind
{
    /// <summary>Nobody closes it, and nobody else gets it.</summary>
    NeverClosed,

    /// <summary>The result of an accept is dropped.</summary>
    Dropped,

    /// <summary>A path that does something to it returns without a close.</summary>
    LeftOnReturn,

    /// <summary>An exception leaves the function before the close or the hand-over.</summary>
    LeftOnFailure,

    /// <summary>What was to get it fails, the function catches that, and goes on without a close.</summary>
    HandOverFails,
}

/// <summary>
/// A connection of a body that is established and then left open on some path: one that a local holds, that the body itself makes or
/// accepts, and that nobody else has at that time. Only what is seen counts: each name of it, each way out of sight and each handler.
/// </summary>
internal sealed class LeakedConnection
{
    // What makes something of a connection: when that fails, the connection is still the caller's.
    private static readonly string[] MakingWords = ["create", "register", "add", "open", "attach", "authenticate", "negotiate", "handshake", "wrap", "upgrade", "initialize", "login"];

    private LeakedConnection(LeakKind kind, ISymbol? holder, IOperation origin, IOperation? failing, ConnectionEnds? ends, SocketBody body)
    {
        Kind = kind;
        Holder = holder;
        Origin = origin;
        Failing = failing;
        Ends = ends;
        Body = body;
    }

    internal LeakKind Kind { get; }

    internal ISymbol? Holder { get; }

    /// <summary>What makes or accepts it; of a parameter, the call that was to get it.</summary>
    internal IOperation Origin { get; }

    /// <summary>What throws, or returns, while it is open.</summary>
    internal IOperation? Failing { get; }

    internal ConnectionEnds? Ends { get; }

    internal SocketBody Body { get; }

    /// <summary>The operation with which the connection is open.</summary>
    internal IOperation? Opened { get; private set; }

    internal static IEnumerable<LeakedConnection> In(SocketBody body, CancellationToken cancellationToken)
    {
        foreach (SocketOperation operation in body.Operations)
        {
            if (operation is { Kind: SocketOperationKind.Accept, Api: ConnectionApi.Socket or ConnectionApi.TcpListener, Operation: IInvocationOperation accept } && IsDropped(operation, accept))
            {
                yield return new LeakedConnection(LeakKind.Dropped, null, accept, null, null, body);
            }
        }

        foreach (ISymbol symbol in body.Symbols)
        {
            cancellationToken.ThrowIfCancellationRequested();
            IEnumerable<LeakedConnection> found = symbol switch
            {
                ILocalSymbol local when IsHolder(local, local.Type, body) => OfLocal(local, OperationsOn(local, body), body, cancellationToken),
                IParameterSymbol parameter when IsHolder(parameter, parameter.Type, body) => OfParameter(parameter, body, cancellationToken),
                _ => [],
            };
            foreach (LeakedConnection leak in found)
            {
                yield return leak;
            }
        }
    }

    private static bool IsHolder(ISymbol symbol, ITypeSymbol type, SocketBody body) =>
        body.Model.Types.IsConnection(type) && SymbolEqualityComparer.Default.Equals(body.LocalAliases.HolderOf(symbol), symbol);

    private static IReadOnlyList<SocketOperation> OperationsOn(ISymbol holder, SocketBody body)
    {
        ConnectionUse? use = body.ConnectionOf(holder);
        return use is null ? Array.Empty<SocketOperation>() : use.Operations;
    }

    /// <summary>The statement is the accept, and no more.</summary>
    private static bool IsDropped(SocketOperation operation, IInvocationOperation accept)
    {
        IOperation value = accept.Wrapped();
        bool isStatement = value.Parent is IExpressionStatementOperation || value.Parent is ISimpleAssignmentOperation { Target: IDiscardOperation };
        return isStatement && operation.Form switch
        {
            OperationForm.Synchronous or OperationForm.End => true,
            OperationForm.Task => operation.Result.Kind is ResultUseKind.Awaited or ResultUseKind.Waited || accept.Parent is IAwaitOperation || value is IAwaitOperation,
            _ => false,
        };
    }

    private static IEnumerable<LeakedConnection> OfLocal(ILocalSymbol local, IReadOnlyList<SocketOperation> operations, SocketBody body, CancellationToken cancellationToken)
    {
        // A connection that was first somebody else's is somebody else's to close.
        if (!body.LocalAliases.HasKnownOrigin(local) || body.ValuesOf(local).Any(value => value.Unwrap() is IParameterReferenceOperation))
        {
            yield break;
        }

        ConnectionEnds ends = ConnectionEnds.Of(local, body, cancellationToken);
        foreach (IOperation given in body.ValuesOf(local))
        {
            IOperation origin = given.Unwrap();
            if (OpenedBy(origin, operations, body) is not { } opened || Paths.FunctionOf(opened) != Paths.FunctionOf(origin))
            {
                continue;
            }

            LeakedConnection? found = ends.All.Count == 0 ? new LeakedConnection(LeakKind.NeverClosed, local, origin, null, ends, body)
                : body.ValuesOf(local).Count(value => SocketOperation.MakesConnection(value.Unwrap(), body.Model.Types)) > 1 && !IsOpenedOnce(origin, operations) ? null
                : LeftOnReturn(local, origin, opened, operations, ends, body) ?? LeftOnFailure(local, origin, opened, operations, ends, body) ?? HandOverFails(local, origin, opened, ends, body, cancellationToken);
            // An accepted client under a stream that does not own it: RST3002 marks the stream.
            if (found is { Kind: LeakKind.NeverClosed } && origin is IInvocationOperation && body.Connections.Any(use => SymbolEqualityComparer.Default.Equals(use.Holder, local) && !use.WrapperCloses.IsEmpty))
            {
                continue;
            }

            if (found is not null && !(found.Kind != LeakKind.HandOverFails && IsEntryPoint(body, origin)))
            {
                found.Opened = opened;
                yield return found;
            }
        }
    }

    // TcpClient c = new TcpClient(); c = listener.EndAccept(…): what was made first never connects.
    private static bool IsOpenedOnce(IOperation origin, IReadOnlyList<SocketOperation> operations) =>
        origin is IInvocationOperation && !operations.Any(operation => operation.Kind == SocketOperationKind.Connect);

    /// <summary>The operation with which what <paramref name="origin"/> makes is connected.</summary>
    private static IOperation? OpenedBy(IOperation origin, IReadOnlyList<SocketOperation> operations, SocketBody body)
    {
        if (origin is IInvocationOperation accept)
        {
            return SocketOperation.MakesConnection(accept, body.Model.Types) && IsDone(accept) ? accept : null;
        }

        if (origin is IObjectCreationOperation { Arguments: { Length: 2 } arguments } creation && KnownTypes.Is(creation.Type, body.Model.Types.TcpClient) && arguments[0].Value.Type?.SpecialType == SpecialType.System_String)
        {
            return creation;
        }

        return origin is not IObjectCreationOperation ? null : operations.FirstOrDefault(operation =>
            operation is { Kind: SocketOperationKind.Connect, Operation: IInvocationOperation connect }
            && operation.Form is not (OperationForm.Begin or OperationForm.EventArgs)
            && connect.Syntax.SpanStart > origin.Syntax.SpanStart
            && (operation.Form != OperationForm.Task || IsDone(connect)))?.Operation;
    }

    /// <summary>A task is awaited, or waited for without a limit.</summary>
    private static bool IsDone(IInvocationOperation call)
    {
        if (!call.TargetMethod.Name.EndsWith("Async", StringComparison.Ordinal))
        {
            return true;
        }

        return ResultUse.Of(call).Kind is ResultUseKind.Awaited or ResultUseKind.Waited
            && call.Wrapped().Parent is not IInvocationOperation { TargetMethod: { Name: "Wait", Parameters.IsEmpty: false } };
    }

    /// <summary>What the process does not outlive, the kernel closes with a FIN.</summary>
    private static bool IsEntryPoint(SocketBody body, IOperation origin) =>
        body.Owner is IMethodSymbol { IsStatic: true, Name: "Main" or "<Main>$" } && Paths.FunctionOf(origin) == body.Root && !Paths.IsInLoop(origin);

    private static LeakedConnection? LeftOnReturn(ILocalSymbol local, IOperation origin, IOperation opened, IReadOnlyList<SocketOperation> operations, ConnectionEnds ends, SocketBody body)
    {
        IOperation function = Paths.FunctionOf(opened);
        foreach (SocketOperation operation in operations)
        {
            if (operation.Kind is not (SocketOperationKind.Send or SocketOperationKind.Shutdown or SocketOperationKind.Disconnect)
                || operation.Operation.Syntax.SpanStart <= opened.Syntax.SpanStart
                || operation.Form is OperationForm.Begin or OperationForm.EventArgs
                || Paths.FunctionOf(operation.Operation) != function
                || Paths.IsInCatch(operation.Operation)
                || ReturnBehind(operation.Operation) is not { } leaving
                || IsReturned(leaving, local, body)
                || ends.CoversFailureOf(leaving) || ends.All.Any(end => Paths.MayRunBefore(end, leaving)))
            {
                continue;
            }

            return new LeakedConnection(LeakKind.LeftOnReturn, local, origin, leaving, ends, body);
        }

        return null;
    }

    /// <summary>The return at the end of a conditional block that <paramref name="operation"/> is a statement of.</summary>
    private static IReturnOperation? ReturnBehind(IOperation operation)
    {
        IOperation? statement = operation;
        while (statement is not null and not IExpressionStatementOperation)
        {
            statement = statement.Parent;
        }

        return statement?.Parent is IBlockOperation { Parent: IConditionalOperation, Operations: var statements } && statements[statements.Length - 1] is IReturnOperation { Kind: OperationKind.Return } leaving ? leaving : null;
    }

    private static bool IsReturned(IReturnOperation leaving, ILocalSymbol local, SocketBody body) =>
        body.ReferencesTo(local).Any(reference => Paths.IsInside(reference, leaving));

    private static LeakedConnection? LeftOnFailure(ILocalSymbol local, IOperation origin, IOperation opened, IReadOnlyList<SocketOperation> operations, ConnectionEnds ends, SocketBody body)
    {
        IOperation function = Paths.FunctionOf(opened);
        // What gets it to close it, such as CloseGracefully, is a close that an exception passes by, like any other.
        bool leavesSight = body.LocalAliases.HandOversOf(local).Any(handOver => handOver.Kind is HandOverKind.Returned or HandOverKind.Stored
            || handOver.Kind == HandOverKind.Argument && !(handOver.To is IInvocationOperation taker && ConnectionEnds.IsNamedAfterEnding(taker.TargetMethod)));
        IEnumerable<IOperation> failing = operations
            .Where(operation => operation.Kind == SocketOperationKind.Handshake
                || (leavesSight && operation.Kind is SocketOperationKind.Send or SocketOperationKind.Receive or SocketOperationKind.ReceiveAll or SocketOperationKind.Flush))
            .Where(operation => operation.Form is OperationForm.Synchronous || (operation.Form == OperationForm.Task && operation.Result.Kind is ResultUseKind.Awaited or ResultUseKind.Waited))
            .Select(operation => operation.Operation)
            .Concat(body.Throws.Where(thrown => thrown.Exception is not null && IsOwnThrow(thrown, local, opened, body)))
            .OrderBy(operation => operation.Syntax.SpanStart);
        foreach (IOperation failure in failing)
        {
            if (failure.Syntax.SpanStart > opened.Syntax.Span.End
                && Paths.FunctionOf(failure) == function
                && !Paths.IsInCatch(failure)
                && Paths.MayRunBefore(opened, failure)
                && !ends.CoversFailureOf(failure)
                && !ends.All.Any(end => end.Syntax.SpanStart < failure.Syntax.SpanStart && !IsInAnotherBranch(end, failure))
                && !IsClosedAfterwards(failure, ends))
            {
                return new LeakedConnection(LeakKind.LeftOnFailure, local, origin, failure, ends, body);
            }
        }

        return null;
    }

    private static bool IsInAnotherBranch(IOperation end, IOperation failure) => !Paths.MayRunBefore(end, failure) && Paths.FunctionOf(end) == Paths.FunctionOf(failure);

    /// <summary>A throw of the function, and not because there is no connection.</summary>
    private static bool IsOwnThrow(IThrowOperation thrown, ILocalSymbol local, IOperation opened, SocketBody body)
    {
        if (TellsOfConnect(thrown.Exception))
        {
            return false;
        }

        for (IOperation? outer = thrown.Parent; outer is not null && outer.Syntax.Span.End > opened.Syntax.Span.End; outer = outer.Parent)
        {
            IOperation? condition = outer switch
            {
                IConditionalOperation conditional => conditional.Condition,
                ICoalesceOperation coalesce => coalesce.Value,
                _ => null,
            };
            if (TellsOfConnect(condition) || (condition is not null && condition.DescendantsAndSelf().Any(part => part is IPropertyReferenceOperation { Property.Name: "Connected" }
                || (SymbolEqualityComparer.Default.Equals(SocketKindOf.SymbolOf(part), local) && part.Wrapped().Parent is IBinaryOperation or IIsPatternOperation or ICoalesceOperation))))
            {
                return false;
            }
        }

        return true;

        // What the connect returns, or what a try around it sets when it works or fails.
        bool TellsOfConnect(IOperation? value) => value is not null && value.DescendantsAndSelf().Any(part => part is ILocalReferenceOperation { Local: var told }
            && !SymbolEqualityComparer.Default.Equals(told, local)
            && body.ValuesOf(told).Any(given => Paths.IsInside(opened, given) || (TryAround(opened) is { } attempt && Paths.IsInside(given, attempt) && !Paths.IsInside(thrown, attempt))));
    }

    /// <summary>The innermost try with a handler around <paramref name="operation"/>, in its function.</summary>
    private static ITryOperation? TryAround(IOperation operation)
    {
        for (IOperation? outer = operation.Parent; outer is not null and not (IAnonymousFunctionOperation or ILocalFunctionOperation); outer = outer.Parent)
        {
            if (outer is ITryOperation { Catches.IsEmpty: false } attempt)
            {
                return attempt;
            }
        }

        return null;
    }

    /// <summary>The function catches it, goes on, and may close the connection then.</summary>
    private static bool IsClosedAfterwards(IOperation failure, ConnectionEnds ends)
    {
        foreach (IOperation handler in ConnectionEnds.HandlersAround(failure))
        {
            if (handler is ICatchClauseOperation && !handler.Descendants().Any(operation => operation is IThrowOperation) && ends.IsEndedAfter(handler.Parent!))
            {
                return true;
            }
        }

        return false;
    }

    private static LeakedConnection? HandOverFails(ISymbol holder, IOperation origin, IOperation? opened, ConnectionEnds ends, SocketBody body, CancellationToken cancellationToken)
    {
        if (ends.All.Count == 0 || ends.All[0] is not { } reference
            || TakerOf(body.LocalAliases.HandOversOf(holder).FirstOrDefault(handOver => handOver.Reference == reference), body, cancellationToken) is not { } taker
            || !IsAwaited(taker))
        {
            return null;
        }

        // Both stand in one try, whose handler swallows what fails and does not look after the connection.
        for (IOperation? outer = taker.Parent, inner = taker; outer is not null and not (IAnonymousFunctionOperation or ILocalFunctionOperation); inner = outer, outer = outer.Parent)
        {
            if (outer is not ITryOperation { Catches: { IsEmpty: false } catches, Body: { } guarded } attempt || inner != guarded)
            {
                continue;
            }

            return (opened is null || Paths.IsInside(opened, guarded) || opened.Syntax.Span.End < attempt.Syntax.SpanStart)
                && catches.Any(handler => KnownTypes.Is(handler.ExceptionType, body.Model.Compilation.GetSpecialType(SpecialType.System_Object)) || handler.ExceptionType is { Name: "Exception" })
                && catches.All(handler => !handler.Descendants().Any(operation => operation is IThrowOperation))
                && !ends.CoversFailureOf(taker) && !ends.IsEndedAfter(attempt)
                    ? new LeakedConnection(LeakKind.HandOverFails, holder, origin, taker, ends, body)
                    : null;
        }

        return null;
    }

    /// <summary>The call that makes something of the connection, and that does not close it when it fails, as far as is known.</summary>
    private static IOperation? TakerOf(HandOver handOver, SocketBody body, CancellationToken cancellationToken)
    {
        switch (handOver)
        {
            case { Kind: HandOverKind.Argument, To: IInvocationOperation call }:
                return IsMaking(call.TargetMethod.Name) && !MayCloseOnFailure(call, body, cancellationToken) ? call : null;
            case { To: IInvalidOperation { Syntax: InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax called } call } unbound }:
                // The project that declares the interface is not there: what is left of it is its name.
                return call.ArgumentList.Span.Contains(handOver.Reference.Syntax.Span)
                    && IsMaking(called.Name.Identifier.ValueText)
                    && unbound.SemanticModel?.GetTypeInfo(called.Expression, cancellationToken).Type is IErrorTypeSymbol { Name: { Length: > 2 } name }
                    && name[0] == 'I' && char.IsUpper(name[1]) && char.IsLower(name[2]) ? unbound : null;
            default:
                return null;
        }
    }

    private static bool IsAwaited(IOperation call) => call.Wrapped() is IAwaitOperation || call.Wrapped().Parent is IAwaitOperation
        || (call is IInvalidOperation && call.Syntax.Parent is MemberAccessExpressionSyntax { Name.Identifier.ValueText: "ConfigureAwait", Parent: InvocationExpressionSyntax { Parent: AwaitExpressionSyntax } });

    private static bool IsMaking(string method) => NameWords.Of(method).Any(word => MakingWords.Contains(word, StringComparer.OrdinalIgnoreCase));

    /// <summary>Whether the code of the method that gets the connection shows a handler, a scope or a close.</summary>
    private static bool MayCloseOnFailure(IInvocationOperation taker, SocketBody body, CancellationToken cancellationToken)
    {
        if (body.Model.BodyOf(taker.TargetMethod, cancellationToken) is not { } called)
        {
            return taker.TargetMethod.DeclaringSyntaxReferences.IsEmpty && !taker.TargetMethod.ContainingType.IsAbstract;
        }

        return called.Root.Descendants().Any(operation => operation is ITryOperation or IUsingOperation or IUsingDeclarationOperation)
            || called.Operations.Any(operation => operation.Kind == SocketOperationKind.Close);
    }

    /// <summary>An async void method is the last that has what it is given: nobody learns that it failed.</summary>
    private static IEnumerable<LeakedConnection> OfParameter(IParameterSymbol parameter, SocketBody body, CancellationToken cancellationToken)
    {
        if (parameter.ContainingSymbol is IMethodSymbol { IsAsync: true, ReturnsVoid: true, DeclaredAccessibility: Accessibility.Private } method
            && SymbolEqualityComparer.Default.Equals(method, body.Owner)
            && body.Model.Types.IsConnection(parameter.Type)
            && ConnectionEnds.Of(parameter, body, cancellationToken) is { All.Count: > 0 } ends
            && HandOverFails(parameter, ends.All[0], null, ends, body, cancellationToken) is { Failing: { } call } found)
        {
            yield return new LeakedConnection(found.Kind, parameter, call, null, ends, body);
        }
    }
}
