using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary><c>WhenAny</c> over two copies between the same two connections, one in each direction, that nothing waits for afterwards.</summary>
internal sealed class FirstEndOfTwoCopies
{
    private FirstEndOfTwoCopies(IInvocationOperation wait, IInvocationOperation there, IInvocationOperation back, IOperation one, IOperation other)
    {
        Wait = wait;
        There = there;
        Back = back;
        One = one;
        Other = other;
    }

    /// <summary>The call of <c>WhenAny</c>.</summary>
    internal IInvocationOperation Wait { get; }

    internal IInvocationOperation There { get; }

    internal IInvocationOperation Back { get; }

    /// <summary>What the first copy reads from.</summary>
    internal IOperation One { get; }

    /// <summary>What it writes to.</summary>
    internal IOperation Other { get; }

    /// <summary>All of a body.</summary>
    internal static IEnumerable<FirstEndOfTwoCopies> In(SocketBody body, CancellationToken cancellationToken)
    {
        // Only calls that take a connection can be such copies; the model has no list of all calls.
        HashSet<IInvocationOperation> seen = [];
        foreach (ISymbol symbol in body.Symbols.Where(symbol => symbol is ILocalSymbol or IParameterSymbol or IFieldSymbol or IPropertySymbol))
        {
            foreach (IOperation reference in body.ReferencesTo(symbol))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (body.Model.Types.CarriesConnection(reference.Type) && WaitAround(reference, body) is { } wait && seen.Add(wait) && Of(wait, body) is { } found)
                {
                    yield return found;
                }
            }
        }
    }

    /// <summary>The <c>WhenAny</c> whose task a connection is used for, directly or through a local.</summary>
    private static IInvocationOperation? WaitAround(IOperation reference, SocketBody body)
    {
        for (IOperation? outer = reference.Parent; outer is not null and not (IBlockOperation or IAnonymousFunctionOperation or ILocalFunctionOperation); outer = outer.Parent)
        {
            if (IsWhenAny(outer, body))
            {
                return (IInvocationOperation)outer;
            }

            if (outer is IVariableDeclaratorOperation { Symbol: var task })
            {
                foreach (IOperation use in body.ReferencesTo(task))
                {
                    for (IOperation? taker = use.Parent; taker is not null and not IBlockOperation; taker = taker.Parent)
                    {
                        if (IsWhenAny(taker, body))
                        {
                            return (IInvocationOperation)taker;
                        }
                    }
                }

                return null;
            }
        }

        return null;
    }

    private static bool IsWhenAny(IOperation operation, SocketBody body) =>
        operation is IInvocationOperation { TargetMethod: { Name: "WhenAny", IsStatic: true } method } && KnownTypes.Is(method.ContainingType, body.Model.Types.Task);

    private static FirstEndOfTwoCopies? Of(IInvocationOperation wait, SocketBody body)
    {
        IInvocationOperation[] calls = [.. WaitedTasks.Of(wait).Select(task => CallOf(task, body)).OfType<IInvocationOperation>()];
        for (int i = 0; i < calls.Length; i++)
        {
            for (int j = i + 1; j < calls.Length; j++)
            {
                if (DirectionOf(calls[i], body) is var (from, to) && DirectionOf(calls[j], body) is var (back, forth)
                    && SymbolEqualityComparer.Default.Equals(calls[i].TargetMethod.OriginalDefinition, calls[j].TargetMethod.OriginalDefinition)
                    && IsSame(from, forth, body) && IsSame(to, back, body) && !IsSame(from, to, body)
                    && !IsFollowedUp(wait))
                {
                    return new FirstEndOfTwoCopies(wait, calls[i], calls[j], from, to);
                }
            }
        }

        return null;
    }

    /// <summary>The call that made a task, where nothing but <c>WhenAny</c> gets that task.</summary>
    private static IInvocationOperation? CallOf(IOperation task, SocketBody body)
    {
        if (task is ILocalReferenceOperation { Local: var local })
        {
            return body.ValuesOf(local) is { Count: 1 } values && body.ReferencesTo(local).Count == 1 ? values[0].Unwrap() as IInvocationOperation : null;
        }

        return task as IInvocationOperation;
    }

    /// <summary>The two connections of a copy: <c>from.CopyToAsync(to)</c>, or the first two arguments of a method of one's own.</summary>
    private static (IOperation From, IOperation To)? DirectionOf(IInvocationOperation call, SocketBody body)
    {
        KnownTypes types = body.Model.Types;
        IOperation[] connections = [.. call.Arguments.Where(argument => types.CarriesConnection(argument.Value.Unwrap().Type)).Select(argument => argument.Value.Unwrap())];
        if (call.TargetMethod.Name == "CopyToAsync" && Operations.Receiver(call.Instance) is { } source && types.Members.Find(call.TargetMethod) is not null)
        {
            return connections.Length == 1 && IsConnection(source, body) && IsConnection(connections[0], body) ? (source, connections[0]) : null;
        }

        return connections.Length == 2 && !SymbolEqualityComparer.Default.Equals(call.TargetMethod.ContainingType, types.Task)
            && IsConnection(connections[0], body) && IsConnection(connections[1], body) ? (connections[0], connections[1]) : null;
    }

    /// <summary>Whether a value is a TCP connection by its type, or a stream that the body shows to be one's.</summary>
    private static bool IsConnection(IOperation value, SocketBody body) =>
        body.Model.Types.IsConnection(value.Type) || body.LocalAliases.HolderOf(value) is not null;

    private static bool IsSame(IOperation one, IOperation other, SocketBody body) =>
        ConnectionHolder.Of(one, body) is { } holder && SymbolEqualityComparer.Default.Equals(holder, ConnectionHolder.Of(other, body));

    /// <summary>Something is waited for after the first end: perhaps the rest of the other direction.</summary>
    private static bool IsFollowedUp(IInvocationOperation wait)
    {
        IOperation function = Paths.FunctionOf(wait);
        return function.Descendants().Any(operation => operation is IAwaitOperation or ILoopOperation && operation.Syntax.SpanStart > wait.Syntax.Span.End);
    }
}
