namespace RstGuard.Tcp;

/// <summary>One segment in a connection's flight recorder.</summary>
internal readonly record struct SegmentRecord(
    long Frame,
    long TimestampNanoseconds,
    byte Sender,
    TcpFlags Flags,
    byte TypeOfService,
    uint SequenceNumber,
    uint AcknowledgmentNumber,
    ushort Window,
    int PayloadLength)
{
    public uint EndSequenceNumber => unchecked(
        SequenceNumber + (uint)PayloadLength + ((Flags & TcpFlags.Syn) != 0 ? 1u : 0) + ((Flags & TcpFlags.Fin) != 0 ? 1u : 0));
}

/// <summary>What one end of a connection has sent.</summary>
internal sealed class ConnectionEnd
{
    public bool SynSeen { get; set; }

    public uint InitialSequenceNumber { get; set; }

    /// <summary>Whether anything with a sequence number was seen, so that <see cref="NextSequenceNumber"/> counts.</summary>
    public bool HasSent { get; set; }

    public uint NextSequenceNumber { get; set; }

    public long PayloadBytes { get; set; }

    /// <summary>What was passed over, <see langword="null"/> as long as nothing was.</summary>
    public SequenceHoles? Holes { get; set; }

    public bool HasAcknowledged { get; set; }

    public uint HighestAcknowledgment { get; set; }

    /// <summary>The highest acknowledgment plus scaled window: how far the other end may send.</summary>
    public uint RightEdge { get; set; }

    public int WindowScale { get; set; }

    public bool OffersWindowScale { get; set; }

    public long FinFrame { get; set; }

    public uint FinSequenceNumber { get; set; }

    public long FinTimestampNanoseconds { get; set; }

    public bool FinSeen => FinFrame != 0;

    public bool ResetSeen { get; set; }

    public long LastTimestampNanoseconds { get; set; }

    public bool UsesMptcp { get; set; }
}

/// <summary>One incarnation of a four-tuple. Memory is fixed, whatever is captured.</summary>
/// <param name="key">Its four-tuple.</param>
/// <param name="followsUnfinished">Whether the four-tuple's earlier incarnation was not seen to end, so that this one may still meet its remains.</param>
internal sealed class Connection(ConnectionKey key, bool followsUnfinished = false)
{
    /// <summary>How many segments the flight recorder keeps.</summary>
    public const int RecorderLength = 16;

    private readonly SegmentRecord[] _recorder = new SegmentRecord[RecorderLength];
    private long _segments;

    public ConnectionKey Key { get; } = key;

    public ConnectionEnd[] Ends { get; } = [new(), new()];

    /// <summary>Which end sent the SYN; -1 where the capture began later.</summary>
    public int Client { get; private set; } = -1;

    public long FirstTimestampNanoseconds { get; private set; }

    public int Resets { get; set; }

    /// <summary>Whether something was acknowledged or skipped that was never captured.</summary>
    public bool HasGap { get; private set; } = followsUnfinished;

    public LinkedListNode<Connection>? Node { get; set; }

    public bool IsOver => Resets > 0 || (Ends[0].FinSeen && Ends[1].FinSeen);

    public bool IsWholeFromHandshake => Client >= 0 && !HasGap;

    public TcpEndpoint EndpointOf(int end) => end == 0 ? Key.First : Key.Second;

    /// <summary>The last segments, oldest first.</summary>
    public IEnumerable<SegmentRecord> LastSegments()
    {
        for (long i = Math.Max(0, _segments - RecorderLength); i < _segments; i++)
        {
            yield return _recorder[i % RecorderLength];
        }
    }

    /// <summary>Whether a SYN opens another incarnation instead of belonging to this one.</summary>
    public bool IsSucceededBy(in TcpSegment segment, int sender) =>
        segment.IsSyn && !segment.IsAck && _segments > 0
        && !(Ends[sender].SynSeen && Ends[sender].InitialSequenceNumber == segment.SequenceNumber && Resets == 0)
        // Until the third segment of the handshake, another initial sequence number is an error of this incarnation.
        && (IsOver || Client < 0 || (Ends[0].HasAcknowledged && Ends[1].HasAcknowledged));

    public void Add(in TcpSegment segment, int sender)
    {
        if (_segments == 0)
        {
            FirstTimestampNanoseconds = segment.TimestampNanoseconds;
        }

        SegmentRecord record = new(
            segment.Frame,
            segment.TimestampNanoseconds,
            (byte)sender,
            segment.Flags,
            segment.TypeOfService,
            segment.SequenceNumber,
            segment.IsAck ? segment.AcknowledgmentNumber : 0,
            segment.Window,
            segment.PayloadLength);
        if (_segments > 0 && !segment.IsReset && IsSecondCopy(record, _recorder[(_segments - 1) % RecorderLength]))
        {
            return;
        }

        _recorder[_segments % RecorderLength] = record;
        _segments++;

        ConnectionEnd from = Ends[sender];
        ConnectionEnd to = Ends[1 - sender];
        from.LastTimestampNanoseconds = segment.TimestampNanoseconds;
        if (segment.IsReset)
        {
            from.ResetSeen = true;
            return;
        }

        if (segment.IsSyn)
        {
            AddSyn(segment, sender, from);
        }

        AddSequence(segment, from);
        if (segment.IsFin && !from.FinSeen)
        {
            from.FinFrame = segment.Frame;
            from.FinSequenceNumber = unchecked(segment.SequenceNumber + (uint)segment.PayloadLength);
            from.FinTimestampNanoseconds = segment.TimestampNanoseconds;
        }

        if (segment.IsAck)
        {
            AddAcknowledgment(segment, from, to);
        }
    }

    // Some captures of a loopback interface show each packet twice; nothing is retransmitted so soon.
    private static bool IsSecondCopy(in SegmentRecord record, in SegmentRecord last) =>
        record.TimestampNanoseconds - last.TimestampNanoseconds < 50_000
        && record with { Frame = last.Frame, TimestampNanoseconds = last.TimestampNanoseconds } == last;

    private void AddSyn(in TcpSegment segment, int sender, ConnectionEnd from)
    {
        if (!segment.IsAck && Client < 0 && _segments == 1)
        {
            Client = sender;
        }

        TcpOptions options = TcpOptions.Parse(segment.Options, segment.OptionsCut);
        HasGap |= from.SynSeen && from.InitialSequenceNumber != segment.SequenceNumber;
        from.SynSeen = true;
        from.InitialSequenceNumber = segment.SequenceNumber;
        from.OffersWindowScale = options.WindowScale is not null;
        from.WindowScale = options.WindowScale ?? 0;
        from.UsesMptcp = options.MptcpSubtypes != 0;
        HasGap |= options.IsIncomplete;
    }

    private void AddSequence(in TcpSegment segment, ConnectionEnd from)
    {
        uint end = segment.EndSequenceNumber;
        if (!from.HasSent || segment.IsSyn)
        {
            from.HasSent = true;
            from.NextSequenceNumber = end;
            from.PayloadBytes += segment.PayloadLength;
            return;
        }

        if (!Sequence.IsAfter(end, from.NextSequenceNumber))
        {
            from.PayloadBytes += from.Holes?.Fill(segment.SequenceNumber, unchecked(segment.SequenceNumber + (uint)segment.PayloadLength)) ?? 0;
            return;
        }

        if (Sequence.IsAfter(segment.SequenceNumber, from.NextSequenceNumber))
        {
            HasGap = true;
            from.PayloadBytes += segment.PayloadLength;
            (from.Holes ??= new SequenceHoles()).Add(from.NextSequenceNumber, segment.SequenceNumber);
        }
        else
        {
            from.PayloadBytes += Sequence.Distance(from.NextSequenceNumber, end) - (segment.IsFin ? 1 : 0);
        }

        from.NextSequenceNumber = end;
    }

    private void AddAcknowledgment(in TcpSegment segment, ConnectionEnd from, ConnectionEnd to)
    {
        if (!to.HasSent || Sequence.IsAfter(segment.AcknowledgmentNumber, to.NextSequenceNumber))
        {
            HasGap = true;
        }

        // The window of a SYN-ACK is unscaled, and scaling needs both ends (RFC 7323 §2.2).
        int scale = !segment.IsSyn && from.OffersWindowScale && to.OffersWindowScale ? from.WindowScale : 0;
        uint edge = unchecked(segment.AcknowledgmentNumber + ((uint)segment.Window << scale));
        if (!from.HasAcknowledged)
        {
            from.HasAcknowledged = true;
            from.HighestAcknowledgment = segment.AcknowledgmentNumber;
            from.RightEdge = edge;
            return;
        }

        if (Sequence.IsAfter(segment.AcknowledgmentNumber, from.HighestAcknowledgment))
        {
            from.HighestAcknowledgment = segment.AcknowledgmentNumber;
        }

        if (Sequence.IsAfter(edge, from.RightEdge))
        {
            from.RightEdge = edge;
        }
    }
}
