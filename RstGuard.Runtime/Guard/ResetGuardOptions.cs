using RstGuard.Capture;
using RstGuard.Diagnosis;

namespace RstGuard;

/// <summary>What a <see cref="ResetGuard"/> watches and what it fails on.</summary>
public sealed record ResetGuardOptions
{
    /// <summary>What is captured on the loopback interface; all TCP unless set.</summary>
    public CaptureFilter Filter { get; init; } = CaptureFilter.AllTcp;

    /// <summary>How sure a cause must be for its reset to fail the guard; less sure ones are reported.</summary>
    public Confidence MinimumConfidence { get; init; } = Confidence.Likely;

    /// <summary>Whether resets that other processes sent to this one fail the guard too.</summary>
    public bool FailOnReceived { get; init; }

    /// <summary>Whether a guard that could not see everything passes all the same, where it has seen no reset.</summary>
    public bool AllowInconclusive { get; init; }

    /// <summary>Opens the capture; tests put a failing or a losing one here.</summary>
    internal Func<CaptureFilter, IPacketSource> OpenSource { get; init; } = static filter => LinuxPacketSocket.OpenLoopback(filter);
}
