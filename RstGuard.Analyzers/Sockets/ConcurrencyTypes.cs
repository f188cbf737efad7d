using Microsoft.CodeAnalysis;

namespace RstGuard.Sockets;

/// <summary>
/// The BCL's types that run code beside other code, and wait for it, resolved once a compilation; <see langword="null"/> where the
/// compilation has them not.
/// </summary>
internal sealed class ConcurrencyTypes(Compilation compilation)
{
    internal INamedTypeSymbol? Task { get; } = compilation.GetTypeByMetadataName("System.Threading.Tasks.Task");
    internal INamedTypeSymbol? TaskFactory { get; } = compilation.GetTypeByMetadataName("System.Threading.Tasks.TaskFactory");
    internal INamedTypeSymbol? Thread { get; } = compilation.GetTypeByMetadataName("System.Threading.Thread");
    internal INamedTypeSymbol? ThreadPool { get; } = compilation.GetTypeByMetadataName("System.Threading.ThreadPool");
    internal INamedTypeSymbol? Timer { get; } = compilation.GetTypeByMetadataName("System.Threading.Timer");
    internal INamedTypeSymbol? BackgroundWorker { get; } = compilation.GetTypeByMetadataName("System.ComponentModel.BackgroundWorker");
    internal INamedTypeSymbol? BackgroundService { get; } = compilation.GetTypeByMetadataName("Microsoft.Extensions.Hosting.BackgroundService");
    internal INamedTypeSymbol? Interlocked { get; } = compilation.GetTypeByMetadataName("System.Threading.Interlocked");
    internal INamedTypeSymbol? Volatile { get; } = compilation.GetTypeByMetadataName("System.Threading.Volatile");
    internal INamedTypeSymbol? CancellationToken { get; } = compilation.GetTypeByMetadataName("System.Threading.CancellationToken");
    internal INamedTypeSymbol? CancellationTokenSource { get; } = compilation.GetTypeByMetadataName("System.Threading.CancellationTokenSource");
    internal INamedTypeSymbol? AsyncCallback { get; } = compilation.GetTypeByMetadataName("System.AsyncCallback");
    internal INamedTypeSymbol? AsyncResult { get; } = compilation.GetTypeByMetadataName("System.IAsyncResult");
    internal INamedTypeSymbol? SocketAsyncEventArgs { get; } = compilation.GetTypeByMetadataName("System.Net.Sockets.SocketAsyncEventArgs");

    private readonly INamedTypeSymbol? _taskOf = compilation.GetTypeByMetadataName("System.Threading.Tasks.Task`1");
    private readonly INamedTypeSymbol? _valueTask = compilation.GetTypeByMetadataName("System.Threading.Tasks.ValueTask");
    private readonly INamedTypeSymbol? _valueTaskOf = compilation.GetTypeByMetadataName("System.Threading.Tasks.ValueTask`1");

    /// <summary>Whether a value of <paramref name="type"/> can be awaited for the end of what it was made by.</summary>
    internal bool IsTask(ITypeSymbol? type) =>
        KnownTypes.Is(type, Task) || KnownTypes.Is(type, _taskOf) || KnownTypes.Is(type, _valueTask) || KnownTypes.Is(type, _valueTaskOf);
}
