using System.Net;
using RstGuard.Capture;

namespace RstGuard.Diagnosis;

/// <summary>What a <see cref="ResetRecorder"/> has seen.</summary>
public sealed record ResetRecording
{
    /// <summary>Each reset that was captured, in the order of capture.</summary>
    public required IReadOnlyList<ResetVerdict> Resets { get; init; }

    /// <summary>The same resets, judged as if no counters had been read.</summary>
    internal IReadOnlyList<ResetVerdict> ResetsByPacketsAlone { get; init; } = [];

    /// <summary>The connections that were captured, resets or not, in the order of their first segment.</summary>
    public required IReadOnlyList<ConnectionSummary> Connections { get; init; }

    /// <summary>What the source received and lost.</summary>
    public required CaptureStatistics Statistics { get; init; }

    /// <summary>Why this recording can't be trusted to be whole, with what to do; empty where it can.</summary>
    public required IReadOnlyList<string> Gaps { get; init; }

    /// <summary>Whether every packet was seen. Where not, "no reset" has not been shown.</summary>
    public bool IsComplete => Gaps.Count == 0;
}

/// <summary>One captured connection.</summary>
public sealed record ConnectionSummary
{
    /// <summary>The end that sent the SYN; where that was not captured, the end with the higher port.</summary>
    public required IPEndPoint Client { get; init; }

    /// <summary>The other end.</summary>
    public required IPEndPoint Server { get; init; }

    /// <summary>When its first segment was captured.</summary>
    public required DateTimeOffset FirstSegment { get; init; }

    /// <summary>Payload bytes from the client as they were on the wire, retransmissions counted once.</summary>
    public required long BytesFromClient { get; init; }

    /// <summary>Payload bytes from the server as they were on the wire, retransmissions counted once.</summary>
    public required long BytesFromServer { get; init; }

    /// <summary>Whether the client sent FIN.</summary>
    public required bool ClientFin { get; init; }

    /// <summary>Whether the server sent FIN.</summary>
    public required bool ServerFin { get; init; }

    /// <summary>How many resets either end sent.</summary>
    public required int Resets { get; init; }

    /// <summary>Whether it was captured from its SYN on and no captured segment points to one that was missed.</summary>
    public required bool IsWhole { get; init; }
}
