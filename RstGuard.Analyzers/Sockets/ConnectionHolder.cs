using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>What holds the connection of an operation, within one body: fields too, whatever other members do to them.</summary>
internal static class ConnectionHolder
{
    private const int LongestChain = 8;

    internal static ISymbol? Of(SocketOperation operation, SocketBody body) => operation.Connection switch
    {
        IVariableDeclaratorOperation { Symbol: var resource } => Of(resource, body),
        { } connection => Of(connection, body),
        null => null,
    };

    /// <summary>The local, parameter or field that holds <paramref name="connection"/>, or what it is a part of.</summary>
    internal static ISymbol? Of(IOperation connection, SocketBody body)
    {
        ConnectionAliases aliases = body.LocalAliases;
        if (aliases.HolderOf(connection) is { } holder)
        {
            return holder;
        }

        IOperation whole = connection.Unwrap();
        for (int depth = 0; depth < LongestChain && aliases.OwnerOf(whole) is { } owner; depth++)
        {
            whole = owner.Unwrap();
        }

        return SocketKindOf.SymbolOf(whole) is { } symbol ? Of(symbol.OriginalDefinition, body) : null;
    }

    internal static ISymbol Of(ISymbol symbol, SocketBody body) => body.LocalAliases.HolderOf(symbol) ?? symbol;
}
