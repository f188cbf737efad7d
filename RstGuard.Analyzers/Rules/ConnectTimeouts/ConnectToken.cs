using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>The time after which the token of an asynchronous connect is cancelled, as far as one body shows it.</summary>
internal static class ConnectToken
{
    private const int Hops = 4;

    /// <summary>The value that sets the shortest time: an argument of the source's constructor or of <c>CancelAfter</c>.</summary>
    internal static (ConstantTimeout Time, string Name)? TimeOf(SocketOperation connect, SocketBody body, CancellationToken cancellationToken)
    {
        if (connect.Operation is IInvocationOperation call)
        {
            foreach (IArgumentOperation argument in call.Arguments)
            {
                if (!argument.IsImplicit && KnownTypes.Is(argument.Value.Type, body.Model.Types.CancellationToken))
                {
                    return TimeOf(argument.Value, new Search(call, body, cancellationToken), 0);
                }
            }
        }

        return null;
    }

    private static (ConstantTimeout Time, string Name)? TimeOf(IOperation token, Search search, int depth)
    {
        token = token.Unwrap();
        return depth > Hops ? null : token switch
        {
            ILocalReferenceOperation { Local: var local } => search.OnlyValueOf(local) is { } value ? TimeOf(value, search, depth + 1) : null,
            IPropertyReferenceOperation { Property: { Name: "Token" } property, Instance: { } source } when KnownTypes.Is(property.ContainingType, search.Types.CancellationTokenSource) =>
                TimeOfSource(source.Unwrap(), search, depth + 1),
            _ => null,
        };
    }

    private static (ConstantTimeout Time, string Name)? TimeOfSource(IOperation source, Search search, int depth)
    {
        IOperation? creation = source;
        (ConstantTimeout Time, string Name)? own = null;
        if (source is ILocalReferenceOperation { Local: var local })
        {
            creation = search.OnlyValueOf(local)?.Unwrap();
            switch (search.LastCancelAfter(local))
            {
                case { IsCertain: false }:
                    return null;
                case { Delay: { } delay }:
                    own = search.Constant(delay) is { } after ? (after, "CancelAfter") : null;
                    // It replaces what the constructor was given, and only a linked source can still be quicker.
                    return Shorter(own, creation is IInvocationOperation linked ? TimeOfLinked(linked, search, depth) : null);
            }
        }

        return creation switch
        {
            IObjectCreationOperation { Arguments: { Length: > 0 } arguments } made when KnownTypes.Is(made.Type, search.Types.CancellationTokenSource) =>
                search.Constant(arguments[0].Value) is { } time ? (time, "CancellationTokenSource") : null,
            IInvocationOperation linked => TimeOfLinked(linked, search, depth),
            _ => null,
        };
    }

    private static (ConstantTimeout Time, string Name)? TimeOfLinked(IInvocationOperation call, Search search, int depth)
    {
        if (depth > Hops || call.TargetMethod.Name != "CreateLinkedTokenSource" || !KnownTypes.Is(call.TargetMethod.ContainingType, search.Types.CancellationTokenSource))
        {
            return null;
        }

        (ConstantTimeout Time, string Name)? shortest = null;
        foreach (IArgumentOperation argument in call.Arguments)
        {
            if (argument.Value.Unwrap() is IArrayCreationOperation { Initializer.ElementValues: var tokens })
            {
                foreach (IOperation token in tokens)
                {
                    shortest = Shorter(shortest, TimeOf(token, search, depth + 1));
                }
            }
            else
            {
                shortest = Shorter(shortest, TimeOf(argument.Value, search, depth + 1));
            }
        }

        return shortest;
    }

    private static (ConstantTimeout Time, string Name)? Shorter((ConstantTimeout Time, string Name)? one, (ConstantTimeout Time, string Name)? other) =>
        one is null || (other is { } second && second.Time.Milliseconds > 0 && second.Time.Milliseconds < one.Value.Time.Milliseconds) ? other : one;

    private readonly struct Search(IInvocationOperation connect, SocketBody body, CancellationToken cancellationToken)
    {
        internal KnownTypes Types => body.Model.Types;

        internal ConstantTimeout? Constant(IOperation value) => ConstantTimeout.Of(value, body.Model, cancellationToken);

        /// <summary>What a local is declared with, if nothing else is assigned to it.</summary>
        internal IOperation? OnlyValueOf(ILocalSymbol local)
        {
            IOperation? value = null;
            foreach (IOperation operation in body.Root.Descendants())
            {
                switch (operation)
                {
                    case IVariableDeclaratorOperation declarator when SymbolEqualityComparer.Default.Equals(declarator.Symbol, local):
                        value = declarator.GetVariableInitializer()?.Value;
                        break;
                    case ISimpleAssignmentOperation { Target: ILocalReferenceOperation target } when SymbolEqualityComparer.Default.Equals(target.Local, local):
                        return null;
                }
            }

            return value;
        }

        /// <summary>
        /// The last <c>CancelAfter</c> of the source before the connect; not certain when a path may miss it, or it stands in another function.
        /// </summary>
        internal (IOperation? Delay, bool IsCertain)? LastCancelAfter(ILocalSymbol source)
        {
            (IOperation? Delay, bool IsCertain)? last = null;
            foreach (IOperation operation in body.Root.Descendants())
            {
                if (operation is IInvocationOperation { TargetMethod: { Name: "CancelAfter" } method, Instance: { } instance, Arguments: { Length: 1 } arguments } call
                    && KnownTypes.Is(method.ContainingType, Types.CancellationTokenSource)
                    && Operations.Receiver(instance) is ILocalReferenceOperation { Local: var local } && SymbolEqualityComparer.Default.Equals(local, source))
                {
                    bool isBefore = call.Syntax.SpanStart < connect.Syntax.SpanStart;
                    if (isBefore || Paths.IsInLoop(call))
                    {
                        last = (arguments[0].Value, isBefore && last is not { IsCertain: false } && Paths.FunctionOf(call) == Paths.FunctionOf(connect) && Paths.RunsBefore(call, connect));
                    }
                }
            }

            return last;
        }
    }
}
