using System.Diagnostics;
using System.Net;
using System.Threading.Channels;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Lab;

namespace RstGuard.Cli.Proving;

/// <summary>Captures on a loopback: that of this network namespace, or those of namespaces of its own, of which each run gets one.</summary>
internal sealed class LoopbackWire : IWire, IDisposable
{
    private readonly Func<CaptureFilter, IPacketSource> _open;
    private readonly KernelResetTrace? _kernel;
    private readonly Channel<NamespaceThread?>? _idle;
    private readonly IReadOnlyList<NamespaceThread?> _places;

    /// <summary>Captures here, where others may talk: any number of runs at a time, each on an address of its own.</summary>
    /// <param name="open">Opens the packet source for a filter; the system's own where not given.</param>
    /// <param name="kernel">The kernel's word on each reset; null: it is not asked. Must have begun before, and is not owned.</param>
    public LoopbackWire(Func<CaptureFilter, IPacketSource>? open = null, KernelResetTrace? kernel = null)
        : this([], open, kernel)
    {
    }

    private LoopbackWire(IReadOnlyList<NamespaceThread?> places, Func<CaptureFilter, IPacketSource>? open, KernelResetTrace? kernel)
    {
        _open = open ?? (filter => LinuxPacketSocket.OpenLoopback(filter));
        _kernel = kernel;
        _places = places;
        if (places.Count > 0)
        {
            _idle = Channel.CreateBounded<NamespaceThread?>(places.Count);
            foreach (NamespaceThread? place in places)
            {
                _idle.Writer.TryWrite(place);
            }
        }
    }

    /// <summary>
    /// Captures where nothing else talks. Each capture is of everything and alone in its namespace, so that the kernel's counters of the
    /// namespace can be reconciled with it.
    /// </summary>
    /// <param name="places">
    /// How many namespaces are made, 1 or more, each for one run at a time. Where the kernel gives none beside the one this process is in,
    /// that one serves all runs in turn.
    /// </param>
    /// <param name="open">Opens the packet source for a filter.</param>
    /// <param name="kernel">The kernel's word on each reset; null: it is not asked. Must have begun before, and is not owned.</param>
    public static async Task<LoopbackWire> CreatePrivateAsync(int places, Func<CaptureFilter, IPacketSource>? open = null, KernelResetTrace? kernel = null)
    {
        List<NamespaceThread?> threads = [];
        try
        {
            while (threads.Count < places)
            {
                threads.Add(await NamespaceThread.StartAsync());
            }
        }
        catch (CaptureException) when (threads.Count == 0)
        {
            threads.Add(null);
        }
        catch (CaptureException)
        {
            // As many as there are: user.max_net_namespaces bounds them.
        }

        return new(threads, open, kernel);
    }

    /// <inheritdoc/>
    public async Task<IWireCapture> StartAsync(IPAddress address, CancellationToken cancellationToken)
    {
        if (_idle is null)
        {
            return new Capture(this, null, ResetRecorder.Start(_open(new CaptureFilter { Addresses = [address] })));
        }

        NamespaceThread? place = await _idle.Reader.ReadAsync(cancellationToken);
        try
        {
            return new Capture(this, place, await AtAsync(place, () => ResetRecorder.Start(_open(CaptureFilter.AllTcp))));
        }
        catch
        {
            _idle.Writer.TryWrite(place);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (NamespaceThread? place in _places)
        {
            place?.Dispose();
        }
    }

    private static Task<T> AtAsync<T>(NamespaceThread? place, Func<T> work) => place?.InvokeAsync(work) ?? Task.FromResult(work());

    private sealed class Capture(LoopbackWire wire, NamespaceThread? place, ResetRecorder recorder) : IWireCapture
    {
        public Task<Process> RunAsync(ProcessStartInfo program)
        {
            if (place is not null)
            {
                program.Environment[PrivateNamespace.Marker] = "1";
            }

            return AtAsync(place, () => Process.Start(program)!);
        }

        public async Task<WireRecord> StopAsync(CancellationToken cancellationToken)
        {
            ResetRecording recording = await recorder.StopAsync(cancellationToken);
            return new(
                wire._kernel?.Confirm(recording.Resets) ?? recording.Resets,
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
            wire._idle?.Writer.TryWrite(place);
        }
    }
}
