using System.Collections.Generic;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>What can be told about a socket from where it is made and used.</summary>
internal static class SocketKindOf
{
    /// <summary>
    /// Whether all that makes the socket <paramref name="connection"/> shows a datagram, raw or local socket, for which TCP's
    /// resets do not exist.
    /// </summary>
    internal static bool IsNotTcp(IOperation? connection, SocketBody body, CancellationToken cancellationToken)
    {
        return connection is not null && AreNotTcp(body.CreationsOf(connection, cancellationToken));
    }

    /// <summary>The same of what a local, parameter or field holds.</summary>
    internal static bool IsNotTcp(ISymbol holder, SocketBody body, CancellationToken cancellationToken) =>
        AreNotTcp(body.CreationsOf(holder, cancellationToken));

    private static bool AreNotTcp(IEnumerable<IObjectCreationOperation> creations)
    {
        bool seen = false;
        foreach (IObjectCreationOperation creation in creations)
        {
            seen = true;
            if (!IsNotTcp(creation))
            {
                return false;
            }
        }

        return seen;
    }

    private static bool IsNotTcp(IObjectCreationOperation creation)
    {
        const long InterNetwork = 2, InterNetworkV6 = 23, Stream = 1, Tcp = 6;
        foreach (IArgumentOperation argument in creation.Arguments)
        {
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

    /// <summary>Whether the socket is a listener: a <c>TcpListener</c>'s own, or one that the same type calls <c>Listen</c> on.</summary>
    internal static bool IsListener(IOperation? connection, SocketBody body)
    {
        if (connection is IPropertyReferenceOperation { Property: { Name: "Server" } server } && KnownTypes.Is(server.ContainingType, body.Model.Types.TcpListener))
        {
            return true;
        }

        return SymbolOf(connection) is { } symbol && body.Listens(symbol);
    }

    /// <summary>The local, parameter, field or property that holds a connection; of the object's own fields only.</summary>
    internal static ISymbol? SymbolOf(IOperation? connection) => connection switch
    {
        ILocalReferenceOperation local => local.Local,
        IParameterReferenceOperation parameter => parameter.Parameter,
        IMemberReferenceOperation { Instance: null or IInstanceReferenceOperation } member and (IFieldReferenceOperation or IPropertyReferenceOperation) => member.Member,
        _ => null,
    };
}
