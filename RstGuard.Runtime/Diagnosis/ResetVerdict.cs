using System.Net;

namespace RstGuard.Diagnosis;

/// <summary>What became of one observed reset: its cause, how sure that is, and why.</summary>
public sealed record ResetVerdict
{
    /// <summary>The end that sent the reset.</summary>
    public required IPEndPoint Sender { get; init; }

    /// <summary>The end that received it.</summary>
    public required IPEndPoint Receiver { get; init; }

    /// <summary>When it was captured.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The captured frame of the reset.</summary>
    public required long Frame { get; init; }

    /// <summary>Whether a socket decided to abort (active) or a segment arrived that no socket wanted (passive).</summary>
    public required ResetShape Shape { get; init; }

    /// <summary>The first candidate at <see cref="Confidence.Likely"/> or better, else null.</summary>
    public ResetCause? Cause => Confidence >= Confidence.Likely ? Candidates[0] : null;

    /// <summary>All causes that fit, the most probable first; one at <see cref="Confidence.Strong"/> or better; never empty.</summary>
    public required IReadOnlyList<ResetCause> Candidates { get; init; }

    /// <summary>How sure the first candidate is.</summary>
    public required Confidence Confidence { get; init; }

    /// <summary>The facts that led to the verdict.</summary>
    public required IReadOnlyList<Evidence> Evidence { get; init; }

    /// <summary>What was not seen, and what would show it; empty where nothing is missing.</summary>
    public required IReadOnlyList<string> MissingEvidence { get; init; }

    /// <summary>The segment that a passive reset answers; null for an active one, or where it was not captured.</summary>
    public SegmentSummary? Trigger { get; init; }

    /// <summary>The last segments of both directions up to the reset, oldest first.</summary>
    public required IReadOnlyList<SegmentSummary> LastSegments { get; init; }

    /// <summary>Payload bytes that the sender of the reset had sent before it, retransmissions counted once.</summary>
    public required long BytesFromSender { get; init; }

    /// <summary>Payload bytes that the receiver of the reset had sent before it, retransmissions counted once.</summary>
    public required long BytesFromReceiver { get; init; }

    /// <summary>
    /// Whether this reset follows from an earlier one of the same teardown (a repeat for each segment in flight, or an echo).
    /// Guards assert on the others.
    /// </summary>
    public required bool FollowsEarlierReset { get; init; }

    /// <summary>What the kernel's own tracepoint said beside the finished verdict; null where it was not asked.</summary>
    public KernelConfirmation? Kernel { get; init; }
}

/// <summary>The form of a reset on the wire; research and sources are in <c>docs/causes/shapes.md</c>.</summary>
public enum ResetShape
{
    /// <summary>The header fits neither form of a Linux sender.</summary>
    Unknown = 0,

    /// <summary>RST+ACK from a socket that decided to abort (Linux <c>tcp_send_active_reset</c>).</summary>
    Active,

    /// <summary>RST+ACK with sequence number 0 in answer to a segment without ACK (RFC 9293 §3.5.2 group 1).</summary>
    PassiveToSyn,

    /// <summary>RST without ACK whose sequence number is the ACK of the segment it answers (RFC 9293 §3.5.2 group 1).</summary>
    Passive,
}

/// <summary>What the kernel's tracepoint <c>tcp:tcp_send_reset</c> said of a reset, put beside a finished verdict.</summary>
/// <param name="Reason">The kernel's reason, such as <c>TCP_ABORT_ON_CLOSE</c>.</param>
/// <param name="State">The socket's state as the tracepoint prints it.</param>
/// <param name="Stack">The kernel functions on the stack, innermost first.</param>
/// <param name="Agrees">Whether reason and stack fit the verdict's cause; false marks the verdict as contradicted.</param>
public sealed record KernelConfirmation(string Reason, string State, IReadOnlyList<string> Stack, bool Agrees)
{
    /// <summary>Whether reason, state and stack fit <paramref name="cause"/>; several causes can fit alike.</summary>
    public bool Fits(ResetCause cause) => KernelResetTrace.Fits(cause, Reason, State, Stack);
}
