using System.Net;
using RstGuard.Capture;
using RstGuard.Diagnosis;

namespace RstGuard.Cli.Proving;

/// <summary>Captures on the loopback of this network namespace.</summary>
/// <param name="open">Opens the packet source for a filter; the system's own where not given.</param>
/// <param name="kernel">The kernel's word on each reset; null: it is not asked. Must have begun before, and is not owned.</param>
/// <param name="isPrivate">
/// Whether nothing else talks in this namespace. Then each capture is of everything and alone, so that the kernel's counters of the
/// namespace can be reconciled with it.
/// </param>
internal sealed class LoopbackWire(Func<CaptureFilter, IPacketSource>? open = null, KernelResetTrace? kernel = null, bool isPrivate = false) : IWire, IDisposable
{
    private readonly Func<CaptureFilter, IPacketSource> _open = open ?? (filter => LinuxPacketSocket.OpenLoopback(filter));
    private readonly SemaphoreSlim _turn = new(isPrivate ? 1 : int.MaxValue);

    /// <inheritdoc/>
    public async Task<IWireCapture> StartAsync(IPAddress address, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return new Capture(ResetRecorder.Start(_open(isPrivate ? CaptureFilter.AllTcp : new CaptureFilter { Addresses = [address] })), kernel, _turn);
        }
        catch
        {
            _turn.Release();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private sealed class Capture(ResetRecorder recorder, KernelResetTrace? kernel, SemaphoreSlim turn) : IWireCapture
    {
        public async Task<WireRecord> StopAsync(CancellationToken cancellationToken)
        {
            ResetRecording recording = await recorder.StopAsync(cancellationToken);
            return new(
                kernel?.Confirm(recording.Resets) ?? recording.Resets,
                [.. recording.Connections.SelectMany(connection => new WireFlow[]
                {
                    new(connection.Client, connection.Server, connection.BytesFromClient, connection.ClientFin),
                    new(connection.Server, connection.Client, connection.BytesFromServer, connection.ServerFin),
                })],
                recording.Gaps);
        }

        public async ValueTask DisposeAsync()
        {
            await recorder.DisposeAsync();
            turn.Release();
        }
    }
}
