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

    /// <summary>
    /// Resets that are meant and fail no guard: by cause, endpoint or call site. Where the cause is less sure than
    /// <see cref="MinimumConfidence"/>, each cause that it may be has to be allowed.
    /// </summary>
    public IReadOnlyList<ResetPattern> Allowed { get; init; } = [];

    /// <summary>
    /// Whether the end of the guard's scope asserts too, where the guard was not asked before. Then <see cref="ResetGuard.DisposeAsync"/> throws what
    /// <see cref="ResetGuard.AssertNoResetsAsync"/> would, but never while an exception leaves the scope: it would hide that one.
    /// </summary>
    public bool FailAtDispose { get; init; }

    /// <summary>
    /// Whether the place where each socket was created is kept too, for sockets that a framework or the finalizer closes. Costs a stack walk for
    /// each socket, and one for each close that can't reset any more.
    /// </summary>
    public bool CreationStacks { get; init; }

    /// <summary>Whether an inconclusive guard passes all the same: one that could not see everything, or could not tell a cause.</summary>
    public bool AllowInconclusive { get; init; }

    /// <summary>
    /// Where a failing guard leaves its report as a page and as JSON, and the packets that it tells of as pcapng with comments; null for nowhere.
    /// Unless set: the folder that the environment variable RSTGUARD_RESULTS names, else <c>TestResults</c> beside the test assembly.
    /// </summary>
    public string? ResultsFolder { get; init; } = GuardFiles.DefaultFolder;

    /// <summary>Opens the capture; tests put a failing or a losing one here.</summary>
    internal Func<CaptureFilter, IPacketSource> OpenSource { get; init; } = static filter => LinuxPacketSocket.OpenLoopback(filter);

    /// <summary>Starts the listening to the runtime's socket events; tests put one here that can't be trusted.</summary>
    internal Func<SocketEventLog.Lease> AcquireEvents { get; init; } = SocketEventLog.Acquire;
}
