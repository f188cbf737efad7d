using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>A close that is left out when the shutdown before it throws, and that nothing else stands in for.</summary>
internal readonly struct SkippedClose
{
    private SkippedClose(SocketOperation shutdown, SocketOperation close, ISymbol holder)
    {
        Shutdown = shutdown;
        Close = close;
        Holder = holder;
    }

    internal SocketOperation Shutdown { get; }

    internal SocketOperation Close { get; }

    /// <summary>The local, parameter or field that holds the connection that stays open.</summary>
    internal ISymbol Holder { get; }

    /// <summary>One for each shutdown in <paramref name="body"/> that has any: of its own connection, else of the next one.</summary>
    internal static IEnumerable<SkippedClose> In(SocketBody body, CancellationToken cancellationToken)
    {
        foreach (SocketOperation shutdown in body.Operations)
        {
            if (shutdown is { Kind: SocketOperationKind.Shutdown, Connection: { } connection } && RegionOf(shutdown.Operation, body.Model.Types) is { } region
                && !AsksForConnection(shutdown.Operation, body.Model.Types))
            {
                ISymbol? own = ConnectionReach.HolderOf(connection, body);
                foreach (SkippedClose skipped in After(shutdown, region, body).OrderBy(skipped => SymbolEqualityComparer.Default.Equals(skipped.Holder, own) ? 0 : 1))
                {
                    if (!IsClosedElsewhere(skipped.Holder, body, cancellationToken))
                    {
                        yield return skipped;
                        break;
                    }
                }
            }
        }
    }

    /// <summary>The closes that <paramref name="shutdown"/> can leave out, as far as its own body shows.</summary>
    private static IEnumerable<SkippedClose> After(SocketOperation shutdown, IOperation region, SocketBody body)
    {
        foreach (SocketOperation close in body.Operations)
        {
            if (IsExplicitClose(close, body) && Paths.IsInside(close.Operation, region) && Paths.MayRunBefore(shutdown.Operation, close.Operation)
                && ConnectionReach.HolderOf(close.Connection, body) is { } holder
                && !IsClosedAround(holder, shutdown.Operation, region, body) && !IsGivenAway(holder, region, body))
            {
                yield return new SkippedClose(shutdown, close, holder);
            }
        }
    }

    /// <summary>
    /// What is left behind when <paramref name="shutdown"/> throws: the block of the try whose catch takes its exception, or the handler or
    /// finally that it stands in; <see langword="null"/> in code without any, which leaves the failure to its caller as all code does.
    /// </summary>
    private static IOperation? RegionOf(IOperation shutdown, KnownTypes types)
    {
        IOperation inner = shutdown;
        for (IOperation? outer = shutdown.Parent; outer is not null and not (IAnonymousFunctionOperation or ILocalFunctionOperation); inner = outer, outer = outer.Parent)
        {
            switch (outer)
            {
                case ICatchClauseOperation:
                    return outer;
                case ITryOperation attempt when attempt.Finally == inner:
                    return inner;
                case ITryOperation attempt when attempt.Body == inner && attempt.Catches.Any(handler => Takes(handler, types)):
                    return inner;
            }
        }

        return null;
    }

    /// <summary>Whether a handler takes what <c>Shutdown</c> throws on a socket without a connection.</summary>
    private static bool Takes(ICatchClauseOperation handler, KnownTypes types) =>
        handler.ExceptionType.SpecialType == SpecialType.System_Object || KnownTypes.IsOrDerives(types.SocketException, handler.ExceptionType as INamedTypeSymbol);

    /// <summary>
    /// The code looks whether there is a connection before: <c>Shutdown</c> hardly ever throws there (on Linux only once the socket is disposed of).
    /// </summary>
    private static bool AsksForConnection(IOperation shutdown, KnownTypes types) =>
        Paths.FunctionOf(shutdown).Descendants().TakeWhile(operation => operation != shutdown).Any(operation => operation is IPropertyReferenceOperation { Property: { Name: "Connected" } property }
            && (KnownTypes.Is(property.ContainingType, types.Socket) || KnownTypes.Is(property.ContainingType, types.TcpClient)));

    private static bool IsExplicitClose(SocketOperation operation, SocketBody body) =>
        operation is { Kind: SocketOperationKind.Close, Operation: IInvocationOperation, Connection: { } closed }
        && body.Model.Types.IsConnection(closed.Unwrap().Type) && body.LocalAliases.EndsConnection(operation);

    /// <summary>Another close of the same connection may run then: later, in a handler around, at the end of a scope, in a lambda.</summary>
    private static bool IsClosedAround(ISymbol holder, IOperation shutdown, IOperation region, SocketBody body)
    {
        foreach (SocketOperation close in body.Operations)
        {
            if (close.Kind == SocketOperationKind.Close && (close.ScopeSyntax is not null || IsInFinallyAround(shutdown, close.Operation)
                    || (!Paths.IsInside(close.Operation, region)
                        && (close.Operation.Syntax.SpanStart > shutdown.Syntax.SpanStart || Paths.FunctionOf(close.Operation) != Paths.FunctionOf(shutdown))))
                && SymbolEqualityComparer.Default.Equals(ConnectionReach.HolderOf(close.Connection, body), holder))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsInFinallyAround(IOperation shutdown, IOperation close)
    {
        for (IOperation? outer = close; outer?.Parent is { } parent; outer = parent)
        {
            if (parent is ITryOperation attempt && attempt.Finally == outer && Paths.IsInside(shutdown, attempt.Body))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What gets the connection afterwards, or keeps it, may be what closes it.</summary>
    private static bool IsGivenAway(ISymbol holder, IOperation region, SocketBody body)
    {
        if (holder is not (ILocalSymbol or IParameterSymbol))
        {
            return false;
        }

        foreach (IOperation reference in body.ReferencesTo(holder))
        {
            IOperation value = reference.Wrapped();
            switch (value.Parent)
            {
                case ISimpleAssignmentOperation { Target: IMemberReferenceOperation } assignment when assignment.Value == value:
                case IArgumentOperation or IReturnOperation when reference.Syntax.SpanStart > region.Syntax.Span.End:
                    return true;
            }
        }

        return false;
    }

    /// <summary>Another member closes it for certain: whoever owns the object can still end the connection.</summary>
    private static bool IsClosedElsewhere(ISymbol holder, SocketBody body, CancellationToken cancellationToken)
    {
        if (holder is not (IFieldSymbol or IPropertySymbol))
        {
            return false;
        }

        foreach (SocketBody other in body.Model.BodiesThatName(holder.OriginalDefinition, cancellationToken))
        {
            if (other.Root.Syntax == body.Root.Syntax)
            {
                continue;
            }

            HashSet<SyntaxNode> skipped = [.. other.Operations
                .Where(operation => operation.Kind == SocketOperationKind.Shutdown)
                .SelectMany(shutdown => RegionOf(shutdown.Operation, body.Model.Types) is { } region ? After(shutdown, region, other) : [])
                .Select(close => close.Close.Operation.Syntax)];
            if (other.Operations.Any(close => close.Kind == SocketOperationKind.Close && !skipped.Contains(close.Operation.Syntax)
                && SymbolEqualityComparer.Default.Equals(ConnectionReach.HolderOf(close.Connection, other)?.OriginalDefinition, holder.OriginalDefinition)))
            {
                return true;
            }
        }

        return false;
    }
}
