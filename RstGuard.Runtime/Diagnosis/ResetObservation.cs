using RstGuard.Tcp;

namespace RstGuard.Diagnosis;

/// <summary>One captured reset with the facts of its connection as they stood at that moment.</summary>
internal sealed class ResetObservation
{
    public required TcpEndpoint Sender { get; init; }

    public required TcpEndpoint Receiver { get; init; }

    public required SegmentRecord Reset { get; init; }

    public required TcpOptions Options { get; init; }

    public required byte[] Payload { get; init; }

    public required IReadOnlyList<SegmentRecord> LastSegments { get; init; }

    public required SegmentRecord? Trigger { get; init; }

    public required ResetShape Shape { get; init; }

    public required bool FollowsEarlierReset { get; init; }

    public required bool SenderIsClient { get; init; }

    /// <summary>Whether the capture holds the connection from its SYN on, nothing points to a missed segment, and none was dropped.</summary>
    public bool IsWhole { get; set; }

    public required long BytesFromSender { get; init; }

    public required long BytesFromReceiver { get; init; }

    /// <summary>Payload that the reset's sender had received, from its own acknowledgment; null where the numbers don't tell.</summary>
    public required long? BytesAcknowledged { get; init; }

    /// <summary>Whether the reset's sequence number is the one after its sender's SYN; null where that was not captured.</summary>
    public required bool? SenderSentNothing { get; init; }

    public required bool SenderAnsweredSyn { get; init; }

    public required bool ReceiverSynSeen { get; init; }

    public required uint SenderInitialSequenceNumber { get; init; }

    public required long SenderFinFrame { get; init; }

    public required uint SenderFinSequenceNumber { get; init; }

    public required long SenderFinTimestampNanoseconds { get; init; }

    public required bool ReceiverFinSeen { get; init; }

    public required long ReceiverLastTimestampNanoseconds { get; init; }

    /// <summary>The highest acknowledgment the sender had sent before the reset; null before its first.</summary>
    public required uint? SenderHighestAcknowledgment { get; init; }

    /// <summary>The window the sender had open before the reset, in bytes behind the reset's acknowledgment; null where unknown.</summary>
    public required long? WindowBefore { get; init; }

    /// <summary>The window that the reset itself advertises, in bytes; null where the scale is unknown.</summary>
    public required long? WindowInReset { get; init; }

    public required bool SenderFilledWindow { get; init; }

    public required bool UsesMptcp { get; init; }

    /// <summary>Whether the sender's endpoint answered another SYN with SYN-ACK in the settle time around the reset.</summary>
    public bool ListenerAlive { get; set; }

    /// <summary>Whether the sender's endpoint refused a later SYN in the settle time.</summary>
    public bool ListenerRefusedLater { get; set; }

    public bool SenderSynSeen { get; init; }

    /// <summary>Captures the facts; the reset must be its connection's last segment, and not yet counted among its resets.</summary>
    public static ResetObservation From(Connection connection, in TcpSegment segment, int sender)
    {
        ConnectionEnd from = connection.Ends[sender];
        ConnectionEnd to = connection.Ends[1 - sender];
        TcpOptions options = TcpOptions.Parse(segment.Options, segment.OptionsCut);
        SegmentRecord[] segments = [.. connection.LastSegments()];
        SegmentRecord reset = segments[^1];
        bool consistent = IsConsistent(connection, segment, from, to);
        ResetShape shape = ShapeOf(segment, options, consistent);
        bool scaled = from.SynSeen && to.SynSeen;
        int scale = from.OffersWindowScale && to.OffersWindowScale ? from.WindowScale : 0;

        long? acknowledged = null;
        if (segment.IsAck && to.SynSeen)
        {
            acknowledged = Sequence.Distance(to.InitialSequenceNumber, segment.AcknowledgmentNumber) - 1L
                - (to.FinSeen && Sequence.IsAfter(segment.AcknowledgmentNumber, to.FinSequenceNumber) ? 1 : 0);
        }

        return new ResetObservation
        {
            Sender = segment.Source,
            Receiver = segment.Destination,
            Reset = reset,
            Options = options,
            Payload = segment.Payload[..Math.Min(segment.Payload.Length, 64)].ToArray(),
            LastSegments = segments,
            Trigger = FindTrigger(segments, reset, shape, sender),
            Shape = shape,
            FollowsEarlierReset = connection.Resets > 0,
            SenderIsClient = connection.Client == sender,
            IsWhole = connection.IsWholeFromHandshake && !(segment.IsAck && to.HasSent && Sequence.IsAfter(segment.AcknowledgmentNumber, to.NextSequenceNumber)),
            BytesFromSender = from.PayloadBytes,
            BytesFromReceiver = to.PayloadBytes,
            BytesAcknowledged = acknowledged,
            SenderSentNothing = from.SynSeen ? segment.SequenceNumber == unchecked(from.InitialSequenceNumber + 1) : null,
            SenderAnsweredSyn = from.SynSeen && connection.Client == 1 - sender,
            SenderSynSeen = from.SynSeen,
            ReceiverSynSeen = to.SynSeen,
            SenderInitialSequenceNumber = from.InitialSequenceNumber,
            SenderFinFrame = from.FinFrame,
            SenderFinSequenceNumber = from.FinSequenceNumber,
            SenderFinTimestampNanoseconds = from.FinTimestampNanoseconds,
            ReceiverFinSeen = to.FinSeen,
            ReceiverLastTimestampNanoseconds = to.LastTimestampNanoseconds,
            SenderHighestAcknowledgment = from.HasAcknowledged ? from.HighestAcknowledgment : null,
            WindowBefore = segment.IsAck && scaled && from.HasAcknowledged ? Math.Max(0, Sequence.Distance(segment.AcknowledgmentNumber, from.RightEdge)) : null,
            WindowInReset = segment.IsAck && scaled ? (long)segment.Window << scale : null,
            SenderFilledWindow = !to.HasAcknowledged || Sequence.IsAtOrAfter(from.NextSequenceNumber, to.RightEdge),
            UsesMptcp = from.UsesMptcp && to.UsesMptcp,
        };
    }

    // An active reset of Linux carries snd_nxt, or the right edge of the peer's window where snd_nxt is beyond it
    // (tcp_acceptable_seq). A segment that was sent but lost to the capture moves it on, so a gap makes any number possible.
    private static bool IsConsistent(Connection connection, in TcpSegment segment, ConnectionEnd from, ConnectionEnd to) =>
        !connection.IsWholeFromHandshake
        || !from.HasSent
        || segment.SequenceNumber == from.NextSequenceNumber
        || (to.HasAcknowledged && segment.SequenceNumber == to.RightEdge);

    private static ResetShape ShapeOf(in TcpSegment segment, in TcpOptions options, bool consistent)
    {
        if (!segment.IsAck)
        {
            return segment.AcknowledgmentNumber == 0 && segment.Window == 0 ? ResetShape.Passive : ResetShape.Unknown;
        }

        if (segment.SequenceNumber == 0 && segment.Window == 0 && !options.HasTimestamps)
        {
            return ResetShape.PassiveToSyn;
        }

        return consistent ? ResetShape.Active : ResetShape.Unknown;
    }

    private static SegmentRecord? FindTrigger(SegmentRecord[] segments, SegmentRecord reset, ResetShape shape, int sender)
    {
        for (int i = segments.Length - 2; i >= 0; i--)
        {
            SegmentRecord candidate = segments[i];
            if (candidate.Sender == sender || (candidate.Flags & TcpFlags.Reset) != 0)
            {
                continue;
            }

            bool acknowledges = (candidate.Flags & TcpFlags.Ack) != 0;
            if (shape == ResetShape.Passive && acknowledges && candidate.AcknowledgmentNumber == reset.SequenceNumber)
            {
                return candidate;
            }

            if (shape == ResetShape.PassiveToSyn && !acknowledges && candidate.EndSequenceNumber == reset.AcknowledgmentNumber)
            {
                return candidate;
            }
        }

        return null;
    }
}
