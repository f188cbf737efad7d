using System.Collections.Immutable;
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
    internal INamedTypeSymbol? UdpClient { get; } = compilation.GetTypeByMetadataName("System.Net.Sockets.UdpClient");
    internal INamedTypeSymbol? NetworkStream { get; } = compilation.GetTypeByMetadataName("System.Net.Sockets.NetworkStream");
    internal INamedTypeSymbol? SocketTaskExtensions { get; } = compilation.GetTypeByMetadataName("System.Net.Sockets.SocketTaskExtensions");
    internal INamedTypeSymbol? Stream { get; } = compilation.GetTypeByMetadataName("System.IO.Stream");
    internal INamedTypeSymbol? TimeSpan { get; } = compilation.GetTypeByMetadataName("System.TimeSpan");
    internal INamedTypeSymbol? CancellationToken { get; } = compilation.GetTypeByMetadataName("System.Threading.CancellationToken");
    internal INamedTypeSymbol? CancellationTokenSource { get; } = compilation.GetTypeByMetadataName("System.Threading.CancellationTokenSource");
    internal INamedTypeSymbol? HttpClient { get; } = compilation.GetTypeByMetadataName("System.Net.Http.HttpClient");
    internal INamedTypeSymbol? SocketsHttpHandler { get; } = compilation.GetTypeByMetadataName("System.Net.Http.SocketsHttpHandler");
    internal INamedTypeSymbol? LingerOption { get; } = compilation.GetTypeByMetadataName("System.Net.Sockets.LingerOption");

    internal INamedTypeSymbol? MemoryExtensions { get; } = compilation.GetTypeByMetadataName("System.MemoryExtensions");

    // Classes whose methods decode or show what they are given, and look for no more of it.
    private readonly ImmutableArray<INamedTypeSymbol> _decoders = All(
        compilation,
        "System.Text.Encoding",
        "System.Text.EncodingExtensions",
        "System.Console",
        "System.IO.TextWriter",
        "System.Diagnostics.Debug",
        "System.Diagnostics.Trace",
        "System.BitConverter",
        "System.Convert",
        "Microsoft.Extensions.Logging.LoggerExtensions");

    private readonly ImmutableArray<INamedTypeSymbol> _views = All(compilation, "System.Span`1", "System.ReadOnlySpan`1", "System.Memory`1", "System.ReadOnlyMemory`1");

    /// <summary>False: nothing here can open a connection, and no rule need look.</summary>
    internal bool Exist => Socket is not null && LingerOption is not null;

    /// <summary>Whether <paramref name="type"/> is a TCP connection by itself: a socket, a client, or the stream over one.</summary>
    internal bool IsConnection(ITypeSymbol? type) =>
        IsOrDerives(type, Socket) || IsOrDerives(type, TcpClient) || IsOrDerives(type, NetworkStream);

    /// <summary>Whether methods of <paramref name="type"/> only decode or show what they are given.</summary>
    internal bool IsDecoder(ITypeSymbol? type)
    {
        foreach (INamedTypeSymbol decoder in _decoders)
        {
            if (IsOrDerives(type, decoder))
            {
                return true;
            }
        }

        return false;
    }

    internal bool IsSpanOrMemory(ITypeSymbol? type)
    {
        foreach (INamedTypeSymbol view in _views)
        {
            if (Is(type, view))
            {
                return true;
            }
        }

        return false;
    }

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

    private static ImmutableArray<INamedTypeSymbol> All(Compilation compilation, params string[] names)
    {
        ImmutableArray<INamedTypeSymbol>.Builder found = ImmutableArray.CreateBuilder<INamedTypeSymbol>(names.Length);
        foreach (string name in names)
        {
            if (compilation.GetTypeByMetadataName(name) is { } type)
            {
                found.Add(type);
            }
        }

        return found.ToImmutable();
    }
}
