using System.Diagnostics;
using System.Net;
using RstGuard.Diagnosis;

namespace RstGuard.Cli.Proving;

/// <summary>What a capture saw of one run of a program.</summary>
/// <param name="Resets">Each reset, with its verdict.</param>
/// <param name="Flows">Each direction of each connection.</param>
/// <param name="Gaps">Why the capture can't be trusted to be whole; empty: it can.</param>
internal sealed record WireRecord(IReadOnlyList<ResetVerdict> Resets, IReadOnlyList<WireFlow> Flows, IReadOnlyList<string> Gaps);

/// <summary>One direction of a connection.</summary>
/// <param name="Source">The end that sends.</param>
/// <param name="Destination">The end that receives.</param>
/// <param name="Bytes">Payload bytes seen on the wire, retransmissions counted once.</param>
/// <param name="Ended">Whether the source sent FIN.</param>
internal sealed record WireFlow(IPEndPoint Source, IPEndPoint Destination, long Bytes, bool Ended);

/// <summary>Opens captures for runs on one address each.</summary>
internal interface IWire
{
    /// <summary>Starts a capture of all TCP to and from <paramref name="address"/>, or more; what is sent after it returned is seen.</summary>
    /// <exception cref="RstGuard.Capture.CaptureUnavailableException">This machine, or this user, lacks what a capture needs.</exception>
    Task<IWireCapture> StartAsync(IPAddress address, CancellationToken cancellationToken);
}

/// <summary>A running capture.</summary>
internal interface IWireCapture : IAsyncDisposable
{
    /// <summary>Starts a program where this capture sees it.</summary>
    Task<Process> RunAsync(ProcessStartInfo program);

    /// <summary>Waits, bounded, until all that was sent has been seen, and ends the capture.</summary>
    Task<WireRecord> StopAsync(CancellationToken cancellationToken);
}
