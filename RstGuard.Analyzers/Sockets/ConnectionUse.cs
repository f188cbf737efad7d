using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>
/// All that one body does to one connection: its operations through what holds it and through the streams taken from it, in the
/// order of the source, and whether the connection leaves sight.
/// </summary>
internal sealed class ConnectionUse
{
    private readonly ConnectionAliases _aliases;

    private ConnectionUse(ISymbol holder, ImmutableArray<SocketOperation> operations, ImmutableArray<SocketOperation> wrapperCloses, ConnectionAliases aliases)
    {
        _aliases = aliases;
        Holder = holder;
        Operations = operations;
        WrapperCloses = wrapperCloses;
    }

    /// <summary>The local, parameter or own field that holds it: a socket, a client, or a stream.</summary>
    internal ISymbol Holder { get; }

    /// <summary>Through all its names, and through what is put over it.</summary>
    internal ImmutableArray<SocketOperation> Operations { get; }

    /// <summary>Closes of wrappers that leave the connection open; they are not among <see cref="Operations"/>.</summary>
    internal ImmutableArray<SocketOperation> WrapperCloses { get; }

    /// <summary>It is handed to other code, stored, returned, captured, or assigned twice: nothing can be known about its end.</summary>
    internal bool Escapes => _aliases.Escapes(Holder);

    /// <summary>The places where it leaves sight.</summary>
    internal ImmutableArray<HandOver> HandOvers => _aliases.HandOversOf(Holder);

    /// <summary>
    /// A stream other than its own is put over it, a reader or a writer: what is read and written may be more or less than what the
    /// code asks for, and what the streams hold back is not seen.
    /// </summary>
    internal bool IsWrapped => Operations.Any(operation => operation is { Kind: SocketOperationKind.Wrap, Api: not ConnectionApi.NetworkStream });

    /// <summary>The holder gets a connection that this body makes or accepts, or that its caller gives it: none that others share.</summary>
    internal bool HasKnownOrigin => _aliases.HasKnownOrigin(Holder);

    /// <summary>It connects here, so that the other end is the server.</summary>
    internal bool IsClient => Operations.Any(operation => operation.Kind == SocketOperationKind.Connect) || _aliases.IsConstructedConnected(Holder);

    /// <summary>Explicit closes as they are written, then the ends of scopes, the innermost first.</summary>
    internal IEnumerable<SocketOperation> ClosesInOrder => Operations
        .Where(operation => operation.Kind == SocketOperationKind.Close)
        .OrderBy(close => close.Operation is IInvocationOperation ? close.Operation.Syntax.SpanStart : int.MaxValue - close.Operation.Syntax.SpanStart);

    internal IEnumerable<SocketOperation> Receives => Operations
        .Where(operation => operation.Kind is SocketOperationKind.Receive or SocketOperationKind.Peek or SocketOperationKind.ReceiveAll);

    /// <summary>The name of the BCL's type that <paramref name="close"/> is called on: Socket, TcpClient or NetworkStream.</summary>
    internal string TypeName(SocketOperation close) => _aliases.TypeName(close.Connection);

    /// <summary>The uses of the connections that <paramref name="aliases"/> finds holders of.</summary>
    internal static ImmutableArray<ConnectionUse> Of(ConnectionAliases aliases)
    {
        List<ISymbol> holders = [];
        Dictionary<ISymbol, (ImmutableArray<SocketOperation>.Builder Own, ImmutableArray<SocketOperation>.Builder WrapperCloses)> operations = new(SymbolEqualityComparer.Default);
        foreach (SocketOperation operation in aliases.Body.Operations)
        {
            if (aliases.HolderOf(operation) is not { } holder)
            {
                continue;
            }

            if (!operations.TryGetValue(holder, out (ImmutableArray<SocketOperation>.Builder Own, ImmutableArray<SocketOperation>.Builder WrapperCloses) lists))
            {
                operations.Add(holder, lists = (ImmutableArray.CreateBuilder<SocketOperation>(), ImmutableArray.CreateBuilder<SocketOperation>()));
                holders.Add(holder);
            }

            (operation.Kind != SocketOperationKind.Close || aliases.EndsConnection(operation) ? lists.Own : lists.WrapperCloses).Add(operation);
        }

        return holders.Select(holder => new ConnectionUse(holder, operations[holder].Own.ToImmutable(), operations[holder].WrapperCloses.ToImmutable(), aliases)).ToImmutableArray();
    }
}
