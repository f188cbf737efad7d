using System;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>What can be told about a socket from where it is made and used.</summary>
internal static class SocketKindOf
{
    private const int LongestChain = 4;

    /// <summary>
    /// Whether all that makes the socket <paramref name="connection"/> shows a datagram, raw or local socket, for which TCP's
    /// resets do not exist. A field's socket may be made by any member of its type.
    /// </summary>
    internal static bool IsNotTcp(IOperation? connection, SocketBody body, CancellationToken cancellationToken) => IsNotTcp(connection, body, 0, cancellationToken);

    /// <summary>The same of what a local, parameter or field holds.</summary>
    internal static bool IsNotTcp(ISymbol holder, SocketBody body, CancellationToken cancellationToken) => body.IsNotTcp(holder, cancellationToken);

    /// <summary>The same of what is known of its origins.</summary>
    internal static bool IsNotTcp(SocketOrigins origins, CancellationToken cancellationToken) => AreNotTcp(origins, 0, cancellationToken);

    /// <summary>
    /// Whether all that makes the socket shows it, whatever is done to it: a field of a base class may hold what sends datagrams in one heir and a
    /// connection in another.
    /// </summary>
    internal static bool IsMadeWithoutTcp(IOperation connection, SocketBody body, CancellationToken cancellationToken) =>
        AreMadeWithoutTcp(SocketOrigins.Of(connection, body, cancellationToken), 0, cancellationToken);

    /// <summary>
    /// Whether <paramref name="stream"/> is known to leave its socket open: made by a constructor of <c>NetworkStream</c> that does not
    /// take the socket over.
    /// </summary>
    internal static bool IsNonOwningStream(IOperation? stream, SocketBody body, CancellationToken cancellationToken)
    {
        SocketOrigins origins = SocketOrigins.Of(stream, body, cancellationToken);
        return origins.Creations.Count > 0 && origins.Creations.All(origin => KnownTypes.Is(origin.Creation.Type, body.Model.Types.NetworkStream)
            && origin.Creation.Arguments.All(argument => argument.Parameter?.Name != "ownsSocket" || argument.Value.ConstantValue is { HasValue: true, Value: false }));
    }

    /// <summary>
    /// Whether the socket is a listener: a <c>TcpListener</c>'s own, or one that listens or accepts under any name that the compilation
    /// shows it to have.
    /// </summary>
    internal static bool IsListener(IOperation? connection, SocketBody body, CancellationToken cancellationToken) =>
        (connection is IPropertyReferenceOperation { Property: { Name: "Server" } server } && KnownTypes.Is(server.ContainingType, body.Model.Types.TcpListener))
        || SocketOrigins.Of(connection, body, cancellationToken).Holders.Any(holder => Listens(holder.Symbol, holder.Body));

    /// <summary>
    /// Whether the local socket <paramref name="connection"/> is made and bound here, and neither connected nor given to anybody: a probe
    /// for a free port. What has no connection can't be reset.
    /// </summary>
    internal static bool IsOnlyBound(IOperation? connection, SocketBody body) =>
        SymbolOf(connection) is ILocalSymbol local
        && body.ConnectionOf(local) is { Escapes: false, HasKnownOrigin: true } socket
        && body.ValuesOf(local).All(value => value.Unwrap() is IObjectCreationOperation)
        && socket.Operations.Any(operation => operation.Kind == SocketOperationKind.Bind)
        && socket.Operations.All(operation => operation.Kind is SocketOperationKind.Bind or SocketOperationKind.Close or SocketOperationKind.SetLinger or SocketOperationKind.Inquire);

    /// <summary>The local, parameter, field or property that holds a connection; of the object's own fields only.</summary>
    internal static ISymbol? SymbolOf(IOperation? connection) => connection switch
    {
        ILocalReferenceOperation local => local.Local,
        IParameterReferenceOperation parameter => parameter.Parameter,
        IMemberReferenceOperation { Instance: null or IInstanceReferenceOperation } member and (IFieldReferenceOperation or IPropertyReferenceOperation) => member.Member,
        _ => null,
    };

    private static bool Listens(ISymbol holder, SocketBody body) =>
        body.Listens(holder)
        || body.OperationsOf(SocketOperationKind.Listen).Concat(body.OperationsOf(SocketOperationKind.Accept)).Any(operation => IsOf(operation, holder))
        || IsBoundAndReturned(holder, body);

    /// <summary>
    /// Bound here and returned by what is named after listening, such as the delegate <c>CreateBoundListenSocket</c>: its caller listens.
    /// </summary>
    private static bool IsBoundAndReturned(ISymbol holder, SocketBody body) =>
        body.OperationsOf(SocketOperationKind.Bind).Any(operation => IsOf(operation, holder))
        && body.ReferencesTo(holder).Any(reference => reference.Wrapped().Parent is IReturnOperation
            && NameOf(Paths.FunctionOf(reference), body).IndexOf(nameof(SocketOperationKind.Listen), StringComparison.OrdinalIgnoreCase) >= 0);

    private static bool IsOf(SocketOperation operation, ISymbol holder) =>
        SymbolEqualityComparer.Default.Equals(SymbolOf(operation.Connection)?.OriginalDefinition, holder.OriginalDefinition);

    private static string NameOf(IOperation function, SocketBody body) => function switch
    {
        ILocalFunctionOperation { Symbol.Name: var name } => name,
        IAnonymousFunctionOperation { Parent: IDelegateCreationOperation { Parent: IAssignmentOperation { Target: IMemberReferenceOperation { Member.Name: var name } } } } => name,
        IAnonymousFunctionOperation { Parent: IDelegateCreationOperation { Parent: IArgumentOperation { Parameter.Name: var name } } } => name,
        IAnonymousFunctionOperation => "",
        _ => body.Owner.Name,
    };

    private static bool IsNotTcp(IOperation? connection, SocketBody body, int depth, CancellationToken cancellationToken) =>
        (connection is IPropertyReferenceOperation { Property: { Name: "Client" } client } && KnownTypes.Is(client.ContainingType, body.Model.Types.UdpClient))
        || (connection is ILocalReferenceOperation { Local: var local } ? body.IsNotTcp(local, cancellationToken) : AreNotTcp(SocketOrigins.Of(connection, body, cancellationToken), depth, cancellationToken));

    private static bool AreNotTcp(SocketOrigins origins, int depth, CancellationToken cancellationToken) =>
        AreMadeWithoutTcp(origins, depth, cancellationToken)
        // What is sent to an address, or received with one, is no connection's; but a NetworkStream takes none but stream sockets.
        || (origins.Holders.Any(holder => holder.Body.OperationsOf(SocketOperationKind.Datagram).Any(operation => IsOf(operation, holder.Symbol)))
            && !origins.Holders.Any(holder => IsUnderStream(holder.Symbol, holder.Body)));

    private static bool AreMadeWithoutTcp(SocketOrigins origins, int depth, CancellationToken cancellationToken) =>
        origins.Creations.Count > 0 && origins.Creations.All(origin => IsNotTcp(origin.Creation, origin.Body, depth, cancellationToken));

    private static bool IsUnderStream(ISymbol holder, SocketBody body) => body.ReferencesTo(holder).Any(reference =>
        reference.Wrapped().Parent is IArgumentOperation { Parent: IObjectCreationOperation creation } && KnownTypes.Is(creation.Type, body.Model.Types.NetworkStream));

    private static bool IsNotTcp(IObjectCreationOperation creation, SocketBody body, int depth, CancellationToken cancellationToken)
    {
        const long InterNetwork = 2, InterNetworkV6 = 23, Stream = 1, Tcp = 6;
        foreach (IArgumentOperation argument in creation.Arguments)
        {
            // A stream is of the kind of its socket.
            if (argument.Parameter?.Name == "socket" && KnownTypes.Is(creation.Type, body.Model.Types.NetworkStream))
            {
                return depth < LongestChain && IsNotTcp(Operations.Receiver(argument.Value), body, depth + 1, cancellationToken);
            }

            if (!argument.Value.IsConstant(out long value))
            {
                continue;
            }

            switch (argument.Parameter?.Name)
            {
                case "addressFamily" when value is not (InterNetwork or InterNetworkV6 or 0):
                case "socketType" when value is not Stream:
                case "protocolType" when value is not (Tcp or 0):
                    return true;
            }
        }

        return false;
    }
}
