using System.Net;
using RstGuard.Capture;
using RstGuard.Diagnosis;

namespace RstGuard.Cli.Proving;

/// <summary>Captures on the loopback of this network namespace.</summary>
/// <param name="open">Opens the packet source for a filter; the system's own where not given.</param>
internal sealed class LoopbackWire(Func<CaptureFilter, IPacketSource>? open = null) : IWire
{
    private readonly Func<CaptureFilter, IPacketSource> _open = open ?? (filter => LinuxPacketSocket.OpenLoopback(filter));

    /// <inheritdoc/>
    public IWireCapture Start(IPAddress address) =>
        new Capture(ResetRecorder.Start(_open(new CaptureFilter { Addresses = [address] })));

    private sealed class Capture(ResetRecorder recorder) : IWireCapture
    {
        public async Task<WireRecord> StopAsync(CancellationToken cancellationToken)
        {
            ResetRecording recording = await recorder.StopAsync(cancellationToken);
            return new(
                recording.Resets,
                [.. recording.Connections.SelectMany(connection => new WireFlow[]
                {
                    new(connection.Client, connection.Server, connection.BytesFromClient),
                    new(connection.Server, connection.Client, connection.BytesFromServer),
                })],
                recording.Gaps);
        }

        public ValueTask DisposeAsync() => recorder.DisposeAsync();
    }
}
