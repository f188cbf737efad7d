using System.Net;
using RstGuard.Capture;
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

    /// <summary>Whether the capture left out segments with data, as it was asked to.</summary>
    public required bool LeavesOutData { get; init; }

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

    /// <summary>The hop limit of the sender's other segments; null where it sent none, or with several.</summary>
    public required byte? SenderHopLimit { get; init; }

    /// <summary>Whether both ends offered timestamps, so that each later segment of a Linux socket carries them (RFC 7323 §3.2).</summary>
    public required bool UsesTimestamps { get; init; }

    /// <summary>The next number of the receiver before the reset; null where it had sent nothing.</summary>
    public required uint? ReceiverNextSequenceNumber { get; init; }

    /// <summary>The next number of the reset's sender; null where it had sent nothing.</summary>
    public required uint? SenderNextSequenceNumber { get; init; }

    /// <summary>What the receiver had acknowledged at the most; null before its first.</summary>
    public required uint? ReceiverHighestAcknowledgment { get; init; }

    /// <summary>The four-tuple's incarnation before this one, the ends in the order of the sender and the receiver; null where none was captured.</summary>
    public required EarlierIncarnation? Earlier { get; init; }

    /// <summary>The other end of another connection of the reset's sender to whose numbers the trigger belongs, where this one had no handshake; null: none.</summary>
    public IPEndPoint? TriggerBelongsTo { get; set; }

    /// <summary>The hop limit of another answer of the sender's host to a SYN; null where none was seen.</summary>
    public byte? HostHopLimit { get; set; }

    /// <summary>Whether the sender sent a segment of this connection, other than a reset, within the settle time after it.</summary>
    public bool SenderWentOn { get; set; }

    /// <summary>Whether that was its SYN again.</summary>
    public bool SenderRepeatedSyn { get; set; }

    /// <summary>Whether another reset of this sender followed whose number lies beyond this one's without data between.</summary>
    public bool LaterResetIsBeyond { get; set; }

    /// <summary>Whether the sender's endpoint ended another connection in the same way at the same time.</summary>
    public bool InBurst { get; set; }

    /// <summary>Whether the sender's endpoint answered another SYN with SYN-ACK in the settle time around the reset.</summary>
    public bool ListenerAlive { get; set; }

    /// <summary>Whether the sender's endpoint refused a later SYN in the settle time.</summary>
    public bool ListenerRefusedLater { get; set; }

    public bool SenderSynSeen { get; init; }

    /// <summary>Whether an accepting end aborted that had sent nothing since its SYN-ACK.</summary>
    public bool IsOfUntouchedServer => Shape == ResetShape.Active && !SenderIsClient && SenderSentNothing == true && SenderFinFrame == 0;

    /// <summary>Captures the facts; the reset must be its connection's last segment, and not yet counted among its resets.</summary>
    public static ResetObservation From(Connection connection, in TcpSegment segment, int sender, CaptureDetail detail)
    {
        bool leavesOutData = detail == CaptureDetail.Light;
        bool whole = connection.IsWholeFromHandshake && !leavesOutData;
        ConnectionEnd from = connection.Ends[sender];
        ConnectionEnd to = connection.Ends[1 - sender];
        TcpOptions options = TcpOptions.Parse(segment.Options, segment.OptionsCut);
        SegmentRecord[] segments = [.. connection.LastSegments()];
        SegmentRecord reset = segments[^1];
        bool consistent = !whole || IsConsistent(segment, from, to);
        bool timestamps = from.OffersTimestamps && to.OffersTimestamps;
        ResetShape shape = ShapeOf(segment, options, consistent, timestamps);
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
            LeavesOutData = leavesOutData,
            IsWhole = whole && !(segment.IsAck && to.HasSent && Sequence.IsAfter(segment.AcknowledgmentNumber, to.NextSequenceNumber)),
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
            SenderHopLimit = from.HopLimit != 0 && !from.HopLimitVaries ? from.HopLimit : null,
            UsesTimestamps = timestamps,
            ReceiverNextSequenceNumber = to.HasSent ? to.NextSequenceNumber : null,
            SenderNextSequenceNumber = from.HasSent ? from.NextSequenceNumber : null,
            ReceiverHighestAcknowledgment = to.HasAcknowledged ? to.HighestAcknowledgment : null,
            Earlier = connection.Earlier is not { } earlier ? null : sender == 0 ? earlier : new([earlier.NextSequenceNumbers[1], earlier.NextSequenceNumbers[0]], [earlier.FinSeen[1], earlier.FinSeen[0]]),
        };
    }

    /// <summary>Takes note of a segment of this connection that was captured after the reset.</summary>
    public void NoteLater(SegmentRecord later, long settleNanoseconds)
    {
        if (later.Sender != Reset.Sender || later.TimestampNanoseconds - Reset.TimestampNanoseconds > settleNanoseconds)
        {
            return;
        }

        if ((later.Flags & TcpFlags.Reset) != 0)
        {
            LaterResetIsBeyond |= !LeavesOutData && Reset.SequenceNumber != 0 && Sequence.IsAfter(later.SequenceNumber, Reset.SequenceNumber)
                && (SenderNextSequenceNumber is not { } next || Sequence.IsAfter(later.SequenceNumber, next));
            return;
        }

        SenderWentOn = true;
        SenderRepeatedSyn |= (later.Flags & (TcpFlags.Syn | TcpFlags.Ack)) == TcpFlags.Syn && later.SequenceNumber == SenderInitialSequenceNumber;
    }

    // An active reset of Linux carries snd_nxt, or the right edge of the peer's window where snd_nxt is beyond it
    // (tcp_acceptable_seq). A segment that was sent but lost to the capture moves it on, so a gap makes any number possible.
    private static bool IsConsistent(in TcpSegment segment, ConnectionEnd from, ConnectionEnd to) =>
        !from.HasSent
        || segment.SequenceNumber == from.NextSequenceNumber
        || (to.HasAcknowledged && segment.SequenceNumber == to.RightEdge);

    private static ResetShape ShapeOf(in TcpSegment segment, in TcpOptions options, bool consistent, bool timestamps)
    {
        if (!segment.IsAck)
        {
            return segment.AcknowledgmentNumber == 0 && segment.Window == 0 ? ResetShape.Passive : ResetShape.Unknown;
        }

        if (segment.SequenceNumber == 0 && segment.Window == 0 && !options.HasTimestamps)
        {
            return ResetShape.PassiveToSyn;
        }

        // A socket that negotiated timestamps puts them into its reset too.
        return consistent && (!timestamps || options.HasTimestamps || options.IsIncomplete) ? ResetShape.Active : ResetShape.Unknown;
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
