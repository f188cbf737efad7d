using RstGuard.CallSites;
using RstGuard.Diagnosis;

namespace RstGuard;

/// <summary>What a guard's account of a reset rests on.</summary>
public enum ResetBasis
{
    /// <summary>The reset was captured.</summary>
    Seen,

    /// <summary>No packet could be captured; the socket's state in the last moment before its close leaves no other end.</summary>
    Deduced,
}

/// <summary>One reset as a guard tells it: what the wire showed, and what this process is known to have done.</summary>
public sealed record GuardedReset
{
    /// <summary>What the wire alone showed; where <see cref="Basis"/> is <see cref="ResetBasis.Deduced"/> it holds the deduction, and no segments.</summary>
    public required ResetVerdict Verdict { get; init; }

    /// <summary>What this account rests on.</summary>
    public required ResetBasis Basis { get; init; }

    /// <summary>Whether a socket of this process sent it; null where that can't be told.</summary>
    public required bool? SentByThisProcess { get; init; }

    /// <summary>The causes that are left, the most probable first; the closing code's evidence has been taken into account.</summary>
    public required IReadOnlyList<ResetCause> Candidates { get; init; }

    /// <summary>How sure the first candidate is.</summary>
    public required Confidence Confidence { get; init; }

    /// <summary>The first candidate at <see cref="Confidence.Likely"/> or better, else null.</summary>
    public ResetCause? Cause => Confidence >= Confidence.Likely ? Candidates[0] : null;

    /// <summary>What the .NET side did at the close; null where no close was seen.</summary>
    public CloseOrigin? Origin { get; init; }

    /// <summary>Where the socket was closed; null where no close was seen.</summary>
    public CloseSite? Site { get; init; }

    /// <summary>Where the socket was created; null unless <see cref="ResetGuardOptions.CreationStacks"/> asks for it.</summary>
    public CloseSite? CreationSite { get; init; }

    /// <summary>Received bytes that were unread when the socket was closed; null where that is not known.</summary>
    public int? UnreadBytes { get; init; }

    /// <summary>Payload bytes that the sender of the reset had sent and that no captured segment acknowledges: lost, as far as is known.</summary>
    public required long UnacknowledgedBytes { get; init; }

    /// <summary>The ids of the rules that are about this origin and cause; see <see cref="ResetRules"/>.</summary>
    public required IReadOnlyList<string> Rules { get; init; }
}
