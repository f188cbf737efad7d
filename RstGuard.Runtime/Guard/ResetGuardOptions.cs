using RstGuard.CallSites;
using RstGuard.Capture;
using RstGuard.Diagnosis;

namespace RstGuard;

/// <summary>What a <see cref="ResetGuard"/> watches and what it fails on.</summary>
public sealed record ResetGuardOptions
{
    /// <summary>What is captured on the loopback interface; all TCP unless set.</summary>
    public CaptureFilter Filter { get; init; } = CaptureFilter.AllTcp;

    /// <summary>
    /// How sure a cause must be for its reset to be blamed on it (<see cref="ResetDetectedException"/>). A reset that this process
    /// sent and whose cause is less sure makes the guard inconclusive.
    /// </summary>
    public Confidence MinimumConfidence { get; init; } = Confidence.Likely;

    /// <summary>Whether resets that other processes sent to this one fail the guard too.</summary>
    public bool FailOnReceived { get; init; }

    /// <summary>Causes that are meant: a reset that can have no other cause than these fails no guard.</summary>
    public IReadOnlyList<ResetCause> AllowedCauses { get; init; } = [];

    /// <summary>Whether an inconclusive guard passes all the same: one that could not see everything, or could not tell a cause.</summary>
    public bool AllowInconclusive { get; init; }

    /// <summary>Opens the capture; tests put a failing or a losing one here.</summary>
    internal Func<CaptureFilter, IPacketSource> OpenSource { get; init; } = static filter => LinuxPacketSocket.OpenLoopback(filter);

    /// <summary>Starts the listening to the runtime's socket events; tests put one here that can't be trusted.</summary>
    internal Func<SocketEventLog.Lease> AcquireEvents { get; init; } = SocketEventLog.Acquire;
}
