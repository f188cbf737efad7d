using System.Net;
using RstGuard.Capture;
using RstGuard.Diagnosis;

namespace RstGuard.Scenarios;

/// <summary>
/// A scenario that plain sockets make over loopback. This is how to write one of your own: give it what it does, and
/// <see cref="ScenarioRunner"/> captures and names what comes of it.
/// </summary>
/// <example><code>
/// var mine = new LoopbackScenario("OurServerDropsIdleClients", ResetCause.LingerZero, async run =>
/// {
///     using LoopbackPair pair = await run.ConnectAsync();
///     new OurServer(pair.Server).DropIdle();
///     await LoopbackPair.WaitForEndAsync(pair.Client);
/// })
/// { Summary = "What the idle sweep does to a client." };
/// ScenarioResult result = await ScenarioRunner.RunAsync(mine);
/// </code></example>
/// <param name="name">Letters and digits.</param>
/// <param name="cause">Why its reset is sent; null where it shows that none is.</param>
/// <param name="act">What it does. Sockets that it opens it closes; waits are bounded by <see cref="LoopbackPair.Wait"/>.</param>
public sealed class LoopbackScenario(string name, ResetCause? cause, Func<LoopbackRun, Task> act) : ResetScenario(name, cause)
{
    /// <inheritdoc/>
    public override Task<ScenarioPlace> PrepareAsync(ScenarioOptions options, CancellationToken cancellationToken) =>
        Task.FromResult<ScenarioPlace>(new Place(NewRun(options, cancellationToken), options.Alone, act));

    /// <summary>Chooses an address and port for a run.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The end that is asked for can't be the one that resets.</exception>
    internal LoopbackRun NewRun(ScenarioOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ResettingEnd resetting = options.Resetting ?? Ends[0];
        if (!Ends.Contains(resetting))
        {
            throw new ArgumentOutOfRangeException(nameof(options), resetting, $"In {Name} the {Ends[0]} is the end that resets.");
        }

        // There is but one ::1; there the port tells this run from others.
        IPAddress address = options.Version6 ? IPAddress.IPv6Loopback : LoopbackPair.UniqueAddress();
        return new LoopbackRun(address, LoopbackPair.UniquePort(address), resetting, Math.Clamp(options.PayloadSize, 1, 16 << 20), cancellationToken);
    }

    internal Task RunAsync(LoopbackRun run) => act(run);

    private sealed class Place(LoopbackRun run, bool alone, Func<LoopbackRun, Task> act) : ScenarioPlace
    {
        public override Task<ResetRecorder> RecordAsync(ResetRecorderOptions options) =>
            Task.FromResult(ResetRecorder.Start(LinuxPacketSocket.OpenLoopback(alone ? null : new CaptureFilter { Addresses = [run.Address], Ports = [run.Port] }), options));

        public override Task ActAsync(CancellationToken cancellationToken) => act(run);

        public override ValueTask DisposeAsync() => default;
    }
}

/// <summary>One run of a <see cref="LoopbackScenario"/>.</summary>
/// <param name="Address">The loopback address of this run.</param>
/// <param name="Port">The server's port, which hardly any other run uses at the same time.</param>
/// <param name="Resetting">The end that resets.</param>
/// <param name="PayloadSize">How many bytes to send where data is sent.</param>
/// <param name="CancellationToken">Ends the run early.</param>
public sealed record LoopbackRun(IPAddress Address, int Port, ResettingEnd Resetting, int PayloadSize, CancellationToken CancellationToken)
{
    /// <summary>The server's address and port.</summary>
    public IPEndPoint EndPoint => new(Address, Port);

    /// <summary>Connects a pair at this run's address and port.</summary>
    /// <param name="receiveBufferSize">SO_RCVBUF of both ends in bytes; null leaves it to the system.</param>
    public Task<LoopbackPair> ConnectAsync(int? receiveBufferSize = null) => LoopbackPair.ConnectAsync(Address, Port, receiveBufferSize);

    /// <summary>The end that resets, and the one that the reset reaches.</summary>
    public (System.Net.Sockets.Socket Resetting, System.Net.Sockets.Socket Peer) EndsOf(LoopbackPair pair)
    {
        ArgumentNullException.ThrowIfNull(pair);
        return Resetting == ResettingEnd.Client ? (pair.Client, pair.Server) : (pair.Server, pair.Client);
    }
}
