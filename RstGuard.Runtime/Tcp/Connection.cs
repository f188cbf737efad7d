using System.Runtime.CompilerServices;

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
    int PayloadLength,
    byte HopLimit,
    bool HasTimestamps,
    uint TimestampValue,
    uint TimestampEcho)
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

    public bool OffersTimestamps { get; set; }

    /// <summary>The hop limit of its first segment that is no reset; 0 before one.</summary>
    public byte HopLimit { get; set; }

    /// <summary>Whether its segments had more than one hop limit, so that another one tells nothing.</summary>
    public bool HopLimitVaries { get; set; }

    /// <summary>What of its numbers the other end has acknowledged although it was not captured, as far as that goes; behind the captured ones no more.</summary>
    public uint AcknowledgedUnseen { get; set; }

    public bool HasAcknowledgedUnseen { get; set; }

    /// <summary>Whether each of its numbers up to the highest known was captured.</summary>
    public bool IsWithoutGap =>
        Holes?.IsOpen != true && (!HasAcknowledgedUnseen || (HasSent && !Sequence.IsAfter(AcknowledgedUnseen, NextSequenceNumber)));
}

/// <summary>How an earlier incarnation of a four-tuple ended, as far as a later one may meet it.</summary>
/// <param name="NextSequenceNumbers">Each end's next sequence number.</param>
/// <param name="FinSeen">Whether each end had sent FIN.</param>
internal sealed record EarlierIncarnation(uint[] NextSequenceNumbers, bool[] FinSeen);

/// <summary>One incarnation of a four-tuple. Memory is fixed, whatever is captured.</summary>
/// <param name="key">Its four-tuple.</param>
/// <param name="hash">The key's hash in its table.</param>
/// <param name="recorder">Its flight recorder, which is another's when it has left the table.</param>
/// <param name="followsUnfinished">Whether the four-tuple's earlier incarnation was not seen to end, so that this one may still meet its remains.</param>
/// <param name="earlier">The four-tuple's earlier incarnation; null where none was captured.</param>
internal sealed class Connection(ConnectionKey key, uint hash, SegmentRecorder recorder, bool followsUnfinished = false, EarlierIncarnation? earlier = null)
{
    /// <summary>How many segments the flight recorder keeps.</summary>
    public const int RecorderLength = 16;

    private long _segments;
    private bool _isUnclear = followsUnfinished;

    public ConnectionKey Key { get; } = key;

    public uint Hash { get; } = hash;

    public SegmentRecorder Recorder { get; } = recorder;

    /// <summary>Which order of age it stands in; its neighbours there follow.</summary>
    public ConnectionAge? Age { get; set; }

    public Connection? Older { get; set; }

    public Connection? Younger { get; set; }

    public ConnectionEnd[] Ends { get; } = [new(), new()];

    /// <summary>Which end sent the SYN; -1 where the capture began later.</summary>
    public int Client { get; private set; } = -1;

    public long FirstTimestampNanoseconds { get; private set; }

    public int Resets { get; set; }

    public EarlierIncarnation? Earlier { get; } = earlier;

    /// <summary>Whether its beginning is unclear, or something was acknowledged or skipped that has not been captured.</summary>
    public bool HasGap => _isUnclear || !Ends[0].IsWithoutGap || !Ends[1].IsWithoutGap;

    /// <summary>What watches the segments that follow a reset; few, as only the first resets of a connection do.</summary>
    public List<Action<SegmentRecord>>? Followers { get; private set; }

    public bool IsOver => Resets > 0 || (Ends[0].FinSeen && Ends[1].FinSeen);

    public bool IsWholeFromHandshake => Client >= 0 && !HasGap;

    public TcpEndpoint EndpointOf(int end) => end == 0 ? Key.First : Key.Second;

    /// <summary>The last segments, oldest first.</summary>
    public IEnumerable<SegmentRecord> LastSegments()
    {
        for (long i = Math.Max(0, _segments - RecorderLength); i < _segments; i++)
        {
            yield return Recorder[i];
        }
    }

    /// <summary>Has the segments from now on shown to <paramref name="follower"/>; of the first few callers only.</summary>
    public void Follow(Action<SegmentRecord> follower)
    {
        const int Most = 4;
        Followers ??= [];
        if (Followers.Count < Most)
        {
            Followers.Add(follower);
        }
    }

    public EarlierIncarnation Summarize() => new([Ends[0].NextSequenceNumber, Ends[1].NextSequenceNumber], [Ends[0].FinSeen, Ends[1].FinSeen]);

    /// <summary>Whether a SYN opens another incarnation instead of belonging to this one.</summary>
    public bool IsSucceededBy(in TcpSegment segment, int sender) =>
        segment.IsSyn && !segment.IsAck && _segments > 0
        && !(Ends[sender].SynSeen && Ends[sender].InitialSequenceNumber == segment.SequenceNumber && Resets == 0)
        // Until the third segment of the handshake, another initial sequence number is an error of this incarnation.
        && (IsOver || Client < 0 || (Ends[0].HasAcknowledged && Ends[1].HasAcknowledged));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(in TcpSegment segment, int sender)
    {
        if (_segments == 0)
        {
            FirstTimestampNanoseconds = segment.TimestampNanoseconds;
        }

        TcpOptions options = TcpOptions.Parse(segment.Options, segment.OptionsCut);
        SegmentRecord record = new(
            segment.Frame,
            segment.TimestampNanoseconds,
            (byte)sender,
            segment.Flags,
            segment.TypeOfService,
            segment.SequenceNumber,
            segment.IsAck ? segment.AcknowledgmentNumber : 0,
            segment.Window,
            segment.PayloadLength,
            segment.HopLimit,
            options.HasTimestamps,
            options.TimestampValue,
            options.TimestampEcho);
        if (_segments > 0 && !segment.IsReset && IsSecondCopy(record, Recorder[_segments - 1]))
        {
            return;
        }

        Recorder[_segments] = record;
        _segments++;
        if (Followers is { } followers)
        {
            foreach (Action<SegmentRecord> follower in followers)
            {
                follower(record);
            }
        }

        ConnectionEnd from = Ends[sender];
        ConnectionEnd to = Ends[1 - sender];
        from.LastTimestampNanoseconds = segment.TimestampNanoseconds;
        if (segment.IsReset)
        {
            from.ResetSeen = true;
            return;
        }

        from.HopLimitVaries |= from.HopLimit != 0 && from.HopLimit != segment.HopLimit;
        from.HopLimit = segment.HopLimit;
        if (segment.IsSyn)
        {
            AddSyn(segment, options, sender, from);
        }

        AddSequence(segment, from);
        // At the number of the SYN there is no FIN.
        if (segment.IsFin && !from.FinSeen && unchecked(segment.SequenceNumber + (uint)segment.PayloadLength) is var number && !(from.SynSeen && number == from.InitialSequenceNumber))
        {
            from.FinFrame = segment.Frame;
            from.FinSequenceNumber = number;
            from.FinTimestampNanoseconds = segment.TimestampNanoseconds;
        }

        if (segment.IsAck)
        {
            AddAcknowledgment(segment, from, to);
        }
    }

    // Some captures of a loopback interface show each packet twice; nothing is retransmitted so soon.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool IsSecondCopy(in SegmentRecord record, in SegmentRecord last) =>
        record.SequenceNumber == last.SequenceNumber
        && record.TimestampNanoseconds - last.TimestampNanoseconds < 50_000
        && record with { Frame = last.Frame, TimestampNanoseconds = last.TimestampNanoseconds } == last;

    private void AddSyn(in TcpSegment segment, in TcpOptions options, int sender, ConnectionEnd from)
    {
        if (!segment.IsAck && Client < 0 && _segments == 1)
        {
            Client = sender;
        }

        _isUnclear |= from.SynSeen && from.InitialSequenceNumber != segment.SequenceNumber;
        from.SynSeen = true;
        from.InitialSequenceNumber = segment.SequenceNumber;
        from.OffersWindowScale = options.WindowScale is not null;
        from.WindowScale = options.WindowScale ?? 0;
        from.UsesMptcp = options.MptcpSubtypes != 0;
        from.OffersTimestamps = options.HasTimestamps;
        _isUnclear |= options.IsIncomplete;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
            if (from.Holes is { } holes)
            {
                uint payloadEnd = unchecked(segment.SequenceNumber + (uint)segment.PayloadLength);
                from.PayloadBytes += holes.Fill(segment.SequenceNumber, payloadEnd);
                holes.Fill(payloadEnd, end);
            }

            return;
        }

        if (Sequence.IsAfter(segment.SequenceNumber, from.NextSequenceNumber))
        {
            from.PayloadBytes += segment.PayloadLength;
            (from.Holes ??= new SequenceHoles()).Add(from.NextSequenceNumber, segment.SequenceNumber);
        }
        else
        {
            from.PayloadBytes += Sequence.Distance(from.NextSequenceNumber, end) - (segment.IsFin ? 1 : 0);
        }

        from.NextSequenceNumber = end;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddAcknowledgment(in TcpSegment segment, ConnectionEnd from, ConnectionEnd to)
    {
        if (!to.HasSent || Sequence.IsAfter(segment.AcknowledgmentNumber, to.NextSequenceNumber))
        {
            to.AcknowledgedUnseen = to.HasAcknowledgedUnseen && Sequence.IsAfter(to.AcknowledgedUnseen, segment.AcknowledgmentNumber) ? to.AcknowledgedUnseen : segment.AcknowledgmentNumber;
            to.HasAcknowledgedUnseen = true;
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
