using System.Diagnostics.Metrics;
using RstGuard.CallSites;
using RstGuard.Capture;

namespace RstGuard;

/// <summary>What a <see cref="ResetMonitor"/> watches, and its limits.</summary>
public sealed record ResetMonitorOptions
{
    /// <summary>What is captured; all TCP unless set. The ports of the service keep the cost down.</summary>
    public CaptureFilter Filter { get; init; } = CaptureFilter.AllTcp;

    /// <summary>
    /// How much of it leaves the kernel, whatever the filter says. The light one leaves out segments with data, so that the cost does not grow with
    /// the traffic; with <see cref="CaptureDetail.Full"/> the causes of resets whose closing code is not known are told better.
    /// </summary>
    public CaptureDetail Detail { get; init; } = CaptureDetail.Light;

    /// <summary>The network interfaces that are captured on, 16 at most; empty for each one that is up and has an address when the monitor starts.</summary>
    public IReadOnlyList<string> Interfaces { get; init; } = [];

    /// <summary>
    /// Whether the runtime's socket events tell which connections are this process's, and where it closed them. Each socket that is opened or
    /// closed costs some microseconds then. Without them the causes are told from the packets alone, at most <c>Likely</c>.
    /// </summary>
    public bool CallSites { get; init; } = true;

    /// <summary>How many connections are remembered on each interface, 1 to 1 048 576; each takes about 1 KiB. Beyond it those idle longest give way.</summary>
    public int MaxConnections { get; init; } = 8_192;

    /// <summary>
    /// How many resets are examined a second on each interface, 1 to 100 000. The rest is counted as <c>Unknown</c>, so that a storm of them
    /// costs no more.
    /// </summary>
    public int MaxResetsPerSecond { get; init; } = 100;

    /// <summary>How many resets wait in <see cref="ResetMonitor.Resets"/>, 1 to 65 536; beyond it the oldest are dropped. They are counted all the same.</summary>
    public int QueueLength { get; init; } = 256;

    /// <summary>Makes the meter, as a host's services do; null: the monitor has one of its own.</summary>
    public IMeterFactory? MeterFactory { get; init; }

    /// <summary>Opens the capture on an interface; tests put one here that fails or plays a recording.</summary>
    internal Func<string, CaptureFilter, IPacketSource> OpenSource { get; init; } = static (name, filter) =>
        LinuxPacketSocket.OpenLoopback(filter, new LinuxPacketSocketOptions { InterfaceName = name, BufferSize = 4 * 1024 * 1024 });

    /// <summary>Starts the listening to the runtime's socket events; tests put one here that can't be trusted.</summary>
    internal Func<SocketEventLog.Lease> AcquireEvents { get; init; } = SocketEventLog.Acquire;

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Interfaces.Count, 16, nameof(Interfaces));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxConnections, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxConnections, 1_048_576);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxResetsPerSecond, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxResetsPerSecond, 100_000);
        ArgumentOutOfRangeException.ThrowIfLessThan(QueueLength, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(QueueLength, 65_536);
    }
}
