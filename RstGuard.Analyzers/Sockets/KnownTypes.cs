using Microsoft.CodeAnalysis;

namespace RstGuard.Sockets;

/// <summary>
/// The BCL's types that the rules know, resolved once a compilation; <see langword="null"/> where the compilation has them not.
/// </summary>
internal sealed class KnownTypes(Compilation compilation)
{
    internal INamedTypeSymbol? Socket { get; } = compilation.GetTypeByMetadataName("System.Net.Sockets.Socket");
    internal INamedTypeSymbol? TcpClient { get; } = compilation.GetTypeByMetadataName("System.Net.Sockets.TcpClient");
    internal INamedTypeSymbol? TcpListener { get; } = compilation.GetTypeByMetadataName("System.Net.Sockets.TcpListener");
    internal INamedTypeSymbol? NetworkStream { get; } = compilation.GetTypeByMetadataName("System.Net.Sockets.NetworkStream");
    internal INamedTypeSymbol? SocketTaskExtensions { get; } = compilation.GetTypeByMetadataName("System.Net.Sockets.SocketTaskExtensions");
    internal INamedTypeSymbol? Stream { get; } = compilation.GetTypeByMetadataName("System.IO.Stream");
    internal INamedTypeSymbol? TimeSpan { get; } = compilation.GetTypeByMetadataName("System.TimeSpan");
    internal INamedTypeSymbol? CancellationToken { get; } = compilation.GetTypeByMetadataName("System.Threading.CancellationToken");
    internal INamedTypeSymbol? CancellationTokenSource { get; } = compilation.GetTypeByMetadataName("System.Threading.CancellationTokenSource");
    internal INamedTypeSymbol? HttpClient { get; } = compilation.GetTypeByMetadataName("System.Net.Http.HttpClient");
    internal INamedTypeSymbol? SocketsHttpHandler { get; } = compilation.GetTypeByMetadataName("System.Net.Http.SocketsHttpHandler");
    internal INamedTypeSymbol? LingerOption { get; } = compilation.GetTypeByMetadataName("System.Net.Sockets.LingerOption");

    /// <summary>False: nothing here can open a connection, and no rule need look.</summary>
    internal bool Exist => Socket is not null && LingerOption is not null;

    /// <summary>Whether <paramref name="type"/> is a TCP connection by itself: a socket, a client, or the stream over one.</summary>
    internal bool IsConnection(ITypeSymbol? type) =>
        IsOrDerives(type, Socket) || IsOrDerives(type, TcpClient) || IsOrDerives(type, NetworkStream);

    internal static bool Is(ITypeSymbol? type, INamedTypeSymbol? known) =>
        known is not null && SymbolEqualityComparer.Default.Equals(type?.OriginalDefinition, known);

    /// <summary>Whether <paramref name="type"/> is <paramref name="known"/> or derives from it.</summary>
    internal static bool IsOrDerives(ITypeSymbol? type, INamedTypeSymbol? known)
    {
        for (ITypeSymbol? candidate = type; candidate is not null; candidate = candidate.BaseType)
        {
            if (Is(candidate, known))
            {
                return true;
            }
        }

        return false;
    }
}
