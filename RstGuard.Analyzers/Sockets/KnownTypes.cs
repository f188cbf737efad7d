using System.Collections.Generic;
using System.Collections.Immutable;
using System.Threading;
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
    internal INamedTypeSymbol? SocketException { get; } = compilation.GetTypeByMetadataName("System.Net.Sockets.SocketException");
    internal INamedTypeSymbol? SocketTaskExtensions { get; } = compilation.GetTypeByMetadataName("System.Net.Sockets.SocketTaskExtensions");
    internal INamedTypeSymbol? Stream { get; } = compilation.GetTypeByMetadataName("System.IO.Stream");
    internal INamedTypeSymbol? TimeSpan { get; } = compilation.GetTypeByMetadataName("System.TimeSpan");
    internal INamedTypeSymbol? CancellationToken { get; } = compilation.GetTypeByMetadataName("System.Threading.CancellationToken");
    internal INamedTypeSymbol? CancellationTokenSource { get; } = compilation.GetTypeByMetadataName("System.Threading.CancellationTokenSource");
    internal INamedTypeSymbol? Task { get; } = compilation.GetTypeByMetadataName("System.Threading.Tasks.Task");
    internal INamedTypeSymbol? TaskFactory { get; } = compilation.GetTypeByMetadataName("System.Threading.Tasks.TaskFactory");
    internal INamedTypeSymbol? Thread { get; } = compilation.GetTypeByMetadataName("System.Threading.Thread");
    internal INamedTypeSymbol? ThreadPool { get; } = compilation.GetTypeByMetadataName("System.Threading.ThreadPool");
    internal INamedTypeSymbol? Timer { get; } = compilation.GetTypeByMetadataName("System.Threading.Timer");
    internal INamedTypeSymbol? TimersTimer { get; } = compilation.GetTypeByMetadataName("System.Timers.Timer");
    internal INamedTypeSymbol? HttpClient { get; } = compilation.GetTypeByMetadataName("System.Net.Http.HttpClient");
    internal INamedTypeSymbol? SocketsHttpHandler { get; } = compilation.GetTypeByMetadataName("System.Net.Http.SocketsHttpHandler");
    internal INamedTypeSymbol? HttpListenerContext { get; } = compilation.GetTypeByMetadataName("System.Net.HttpListenerContext");
    internal INamedTypeSymbol? HttpListenerRequest { get; } = compilation.GetTypeByMetadataName("System.Net.HttpListenerRequest");
    internal INamedTypeSymbol? HttpListenerResponse { get; } = compilation.GetTypeByMetadataName("System.Net.HttpListenerResponse");
    internal INamedTypeSymbol? ConnectionHandler { get; } = compilation.GetTypeByMetadataName("Microsoft.AspNetCore.Connections.ConnectionHandler");
    internal INamedTypeSymbol? LingerOption { get; } = compilation.GetTypeByMetadataName("System.Net.Sockets.LingerOption");

    internal INamedTypeSymbol? SafeHandle { get; } = compilation.GetTypeByMetadataName("System.Runtime.InteropServices.SafeHandle");
    internal INamedTypeSymbol? SafeSocketHandle { get; } = compilation.GetTypeByMetadataName("System.Net.Sockets.SafeSocketHandle");
    internal INamedTypeSymbol? AsyncDisposable { get; } = compilation.GetTypeByMetadataName("System.IAsyncDisposable");
    internal INamedTypeSymbol? SocketAsyncEventArgs { get; } = compilation.GetTypeByMetadataName("System.Net.Sockets.SocketAsyncEventArgs");
    internal INamedTypeSymbol? SslStream { get; } = compilation.GetTypeByMetadataName("System.Net.Security.SslStream");
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

    private SocketMembers? _members;
    private Dictionary<ISymbol, int>? _wraps;
    private Dictionary<ISymbol, ConnectionApi>? _carriers;

    private readonly ImmutableArray<INamedTypeSymbol> _views = All(compilation, "System.Span`1", "System.ReadOnlySpan`1", "System.Memory`1", "System.ReadOnlyMemory`1");

    private readonly ImmutableArray<INamedTypeSymbol> _plainStreams = All(compilation, "System.IO.FileStream", "System.IO.MemoryStream", "System.IO.Pipes.PipeStream");

    /// <summary>False: nothing here can open a connection, and no rule need look.</summary>
    internal bool Exist => Socket is not null && LingerOption is not null;

    /// <summary>Whether <paramref name="type"/> is a TCP connection by itself: a socket, a client, or the stream over one.</summary>
    internal bool IsConnection(ITypeSymbol? type) =>
        IsOrDerives(type, Socket) || IsOrDerives(type, TcpClient) || IsOrDerives(type, NetworkStream);

    /// <summary>The members of the platform's API; resolved when the first body is looked into.</summary>
    internal SocketMembers Members => Volatile.Read(ref _members) ?? Kept(ref _members, new SocketMembers(compilation));

    /// <summary>
    /// Whether a value of <paramref name="type"/> may reach a connection: one by itself, its handle, or a stream, reader or writer
    /// that may have been put over one.
    /// </summary>
    internal bool CarriesConnection(ITypeSymbol? type) => IsConnection(type) || (type is not null && Carriers.ContainsKey(type.OriginalDefinition));

    /// <summary>The part of the platform that the type of a connection or of what carries one belongs to.</summary>
    internal ConnectionApi ApiOf(ITypeSymbol? type) =>
        type is not null && Carriers.TryGetValue(type.OriginalDefinition, out ConnectionApi api) ? api
        : IsOrDerives(type, TcpClient) ? ConnectionApi.TcpClient
        : IsOrDerives(type, NetworkStream) ? ConnectionApi.NetworkStream
        : ConnectionApi.Socket;

    /// <summary>The number of the wrapper that a type is, for <see cref="ConnectionWrap"/>; -1 when it is none.</summary>
    internal int WrapOf(INamedTypeSymbol type) =>
        (Volatile.Read(ref _wraps) ?? Kept(ref _wraps, ConnectionWrap.Resolve(compilation))).TryGetValue(type, out int number) ? number : -1;

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

    /// <summary>Whether <paramref name="type"/> is a stream over a file, a pipe or memory, which lies over no connection.</summary>
    internal bool IsPlainStream(ITypeSymbol? type)
    {
        foreach (INamedTypeSymbol stream in _plainStreams)
        {
            if (IsOrDerives(type, stream))
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

    private static readonly (string Type, ConnectionApi Api)[] CarrierNames =
    [
        ("System.Net.Sockets.SafeSocketHandle", ConnectionApi.Socket),
        ("System.IO.Stream", ConnectionApi.Stream),
        ("System.IO.BufferedStream", ConnectionApi.BufferedStream),
        ("System.Net.Security.AuthenticatedStream", ConnectionApi.Tls),
        ("System.Net.Security.SslStream", ConnectionApi.Tls),
        ("System.Net.Security.NegotiateStream", ConnectionApi.Tls),
        ("System.IO.TextReader", ConnectionApi.Reader),
        ("System.IO.StreamReader", ConnectionApi.Reader),
        ("System.IO.BinaryReader", ConnectionApi.Reader),
        ("System.IO.TextWriter", ConnectionApi.Writer),
        ("System.IO.StreamWriter", ConnectionApi.Writer),
        ("System.IO.BinaryWriter", ConnectionApi.Writer),
        ("System.IO.Pipelines.PipeReader", ConnectionApi.Pipe),
        ("System.IO.Pipelines.PipeWriter", ConnectionApi.Pipe),
        ("System.Net.WebSockets.WebSocket", ConnectionApi.WebSocket),
        ("System.Net.WebSockets.ClientWebSocket", ConnectionApi.WebSocket),
    ];

    private Dictionary<ISymbol, ConnectionApi> Carriers => Volatile.Read(ref _carriers) ?? Kept(ref _carriers, FindCarriers());

    private Dictionary<ISymbol, ConnectionApi> FindCarriers()
    {
        Dictionary<ISymbol, ConnectionApi> carriers = new(SymbolEqualityComparer.Default);
        foreach ((string name, ConnectionApi api) in CarrierNames)
        {
            if (compilation.GetTypeByMetadataName(name) is { } type)
            {
                carriers.Add(type, api);
            }
        }

        return carriers;
    }

    // Found twice when two threads ask at once; the tables are equal.
    private static T Kept<T>(ref T? field, T value)
        where T : class
    {
        Volatile.Write(ref field, value);
        return value;
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
