using System;
using System.Collections.Generic;
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
    internal static bool IsNotTcp(IOperation? connection, SocketBody body, CancellationToken cancellationToken) =>
        IsNotTcp(connection, body, 0, cancellationToken) || (SymbolOf(connection) is { } holder && IsForDatagrams(holder, body));

    /// <summary>The same of what a local, parameter or field holds.</summary>
    internal static bool IsNotTcp(ISymbol holder, SocketBody body, CancellationToken cancellationToken) =>
        AreNotTcp(CreationsOf(holder, body, cancellationToken), body, 0, cancellationToken) || IsForDatagrams(holder, body);

    // What is sent to an address, or received with one, is no connection's.
    private static bool IsForDatagrams(ISymbol holder, SocketBody body)
    {
        foreach (SocketOperation operation in body.Operations)
        {
            if (operation.Kind == SocketOperationKind.Datagram && SymbolEqualityComparer.Default.Equals(SymbolOf(operation.Connection), holder))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether <paramref name="stream"/> is known to leave its socket open: made by a constructor of <c>NetworkStream</c> that does not
    /// take the socket over.
    /// </summary>
    internal static bool IsNonOwningStream(IOperation? stream, SocketBody body, CancellationToken cancellationToken)
    {
        bool seen = false;
        foreach (IObjectCreationOperation creation in CreationsOf(stream, body, cancellationToken))
        {
            seen = true;
            if (!KnownTypes.Is(creation.Type, body.Model.Types.NetworkStream)
                || creation.Arguments.Any(argument => argument.Parameter?.Name == "ownsSocket" && argument.Value.ConstantValue is not { HasValue: true, Value: false }))
            {
                return false;
            }
        }

        return seen;
    }

    /// <summary>Whether the socket is a listener: a <c>TcpListener</c>'s own, or one that the same type calls <c>Listen</c> on.</summary>
    internal static bool IsListener(IOperation? connection, SocketBody body, CancellationToken cancellationToken)
    {
        if (connection is IPropertyReferenceOperation { Property: { Name: "Server" } server } && KnownTypes.Is(server.ContainingType, body.Model.Types.TcpListener))
        {
            return true;
        }

        foreach (ISymbol holder in HoldersOf(connection, body))
        {
            if (body.Listens(holder) || IsBoundAndReturned(holder, body) || (IsMember(holder) && body.Model.BodiesThatName(holder, cancellationToken).Any(other => ListensIn(other, holder))))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Bound here and returned by what is named after listening, such as the delegate <c>CreateBoundListenSocket</c>: its caller listens.
    /// </summary>
    private static bool IsBoundAndReturned(ISymbol holder, SocketBody body) =>
        body.Operations.Any(operation => operation.Kind == SocketOperationKind.Bind && SymbolEqualityComparer.Default.Equals(SymbolOf(operation.Connection), holder))
        && body.ReferencesTo(holder).Any(reference => reference.Wrapped().Parent is IReturnOperation
            && NameOf(Paths.FunctionOf(reference), body).IndexOf(nameof(SocketOperationKind.Listen), StringComparison.OrdinalIgnoreCase) >= 0);

    private static string NameOf(IOperation function, SocketBody body) => function switch
    {
        ILocalFunctionOperation { Symbol.Name: var name } => name,
        IAnonymousFunctionOperation { Parent: IDelegateCreationOperation { Parent: IAssignmentOperation { Target: IMemberReferenceOperation { Member.Name: var name } } } } => name,
        IAnonymousFunctionOperation { Parent: IDelegateCreationOperation { Parent: IArgumentOperation { Parameter.Name: var name } } } => name,
        IAnonymousFunctionOperation => "",
        _ => body.Owner.Name,
    };

    /// <summary>The field itself is told to listen, or the local that it gets its value from.</summary>
    private static bool ListensIn(SocketBody body, ISymbol field) =>
        body.Listens(field) || body.ValuesOf(field.OriginalDefinition).Any(value => SymbolOf(value.Unwrap()) is { } source && body.Listens(source));

    /// <summary>The local, parameter, field or property that holds a connection; of the object's own fields only.</summary>
    internal static ISymbol? SymbolOf(IOperation? connection) => connection switch
    {
        ILocalReferenceOperation local => local.Local,
        IParameterReferenceOperation parameter => parameter.Parameter,
        IMemberReferenceOperation { Instance: null or IInstanceReferenceOperation } member and (IFieldReferenceOperation or IPropertyReferenceOperation) => member.Member,
        _ => null,
    };

    /// <summary>What holds a connection: its symbol, what its object initializer's value is stored in, and the field that a local is stored in.</summary>
    private static IEnumerable<ISymbol> HoldersOf(IOperation? connection, SocketBody body)
    {
        if ((Created(connection) is { } creation ? StoredIn(creation.Wrapped()) : SymbolOf(connection)) is not { } holder)
        {
            yield break;
        }

        yield return holder.OriginalDefinition;
        if (!IsMember(holder))
        {
            foreach (IOperation reference in body.ReferencesTo(holder))
            {
                if (StoredIn(reference.Wrapped()) is { } other)
                {
                    yield return other.OriginalDefinition;
                }
            }
        }
    }

    private static ISymbol? StoredIn(IOperation value) => value.Parent switch
    {
        ISimpleAssignmentOperation assignment when assignment.Value == value => SymbolOf(assignment.Target),
        IVariableInitializerOperation { Parent: IVariableDeclaratorOperation declarator } => declarator.Symbol,
        IFieldInitializerOperation field => field.InitializedFields[0],
        IPropertyInitializerOperation property => property.InitializedProperties[0],
        _ => null,
    };

    /// <summary>The <c>new</c> expression whose object initializer <paramref name="connection"/> is the receiver of.</summary>
    private static IObjectCreationOperation? Created(IOperation? connection)
    {
        if (connection is IInstanceReferenceOperation { ReferenceKind: InstanceReferenceKind.ImplicitReceiver })
        {
            for (IOperation? outer = connection.Parent; outer is not null; outer = outer.Parent)
            {
                if (outer is IObjectCreationOperation creation)
                {
                    return creation;
                }
            }
        }

        return null;
    }

    private static bool IsMember(ISymbol symbol) => symbol is IFieldSymbol or IPropertySymbol;

    private static IEnumerable<IObjectCreationOperation> CreationsOf(IOperation? connection, SocketBody body, CancellationToken cancellationToken) =>
        Created(connection) is { } creation ? [creation]
        : connection is IObjectCreationOperation itself ? [itself]
        : SymbolOf(connection) is { } symbol ? CreationsOf(symbol, body, cancellationToken)
        : [];

    private static IEnumerable<IObjectCreationOperation> CreationsOf(ISymbol holder, SocketBody body, CancellationToken cancellationToken)
    {
        foreach (IObjectCreationOperation creation in body.CreationsOf(holder.OriginalDefinition, cancellationToken))
        {
            yield return creation;
        }

        if (!IsMember(holder))
        {
            yield break;
        }

        foreach (SocketBody other in body.Model.BodiesThatName(holder, cancellationToken))
        {
            if (other.Root.Syntax != body.Root.Syntax)
            {
                foreach (IOperation value in other.ValuesOf(holder.OriginalDefinition))
                {
                    if (value.Unwrap() is IObjectCreationOperation creation)
                    {
                        yield return creation;
                    }
                }
            }
        }
    }

    private static bool IsNotTcp(IOperation? connection, SocketBody body, int depth, CancellationToken cancellationToken) =>
        IsOfUdpClient(connection, body)
        || (connection is not null && depth < LongestChain && AreNotTcp(CreationsOf(connection, body, cancellationToken), body, depth, cancellationToken));

    private static bool IsOfUdpClient(IOperation? connection, SocketBody body) =>
        connection is IPropertyReferenceOperation { Property: { Name: "Client" } client } && KnownTypes.Is(client.ContainingType, body.Model.Types.UdpClient);

    private static bool AreNotTcp(IEnumerable<IObjectCreationOperation> creations, SocketBody body, int depth, CancellationToken cancellationToken)
    {
        bool seen = false;
        foreach (IObjectCreationOperation creation in creations)
        {
            seen = true;
            if (!IsNotTcp(creation, body, depth, cancellationToken))
            {
                return false;
            }
        }

        return seen;
    }

    private static bool IsNotTcp(IObjectCreationOperation creation, SocketBody body, int depth, CancellationToken cancellationToken)
    {
        const long InterNetwork = 2, InterNetworkV6 = 23, Stream = 1, Tcp = 6;
        foreach (IArgumentOperation argument in creation.Arguments)
        {
            // A stream is of the kind of its socket.
            if (argument.Parameter?.Name == "socket" && KnownTypes.Is(creation.Type, body.Model.Types.NetworkStream))
            {
                return IsNotTcp(Operations.Receiver(argument.Value), body, depth + 1, cancellationToken);
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
