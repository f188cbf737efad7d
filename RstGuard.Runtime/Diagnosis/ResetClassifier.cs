using RstGuard.Tcp;
using static RstGuard.Diagnosis.ResetCause;

namespace RstGuard.Diagnosis;

/// <summary>What the kernel's counters prove of every reset of one recording; see <see cref="TcpCounters"/>.</summary>
internal enum CounterProof
{
    /// <summary>Nothing: they were not read, or don't reconcile with the packets.</summary>
    None,

    /// <summary>Each captured reset was sent by the kernel's TCP: no packet filter, no forger.</summary>
    SentByTcp,

    /// <summary>In addition, each active reset is a close with unread data.</summary>
    AllCloseWithUnread,

    /// <summary>In addition, each active reset is a close with linger zero.</summary>
    AllLingerZero,

    /// <summary>In addition, no active reset is a close with unread data or with linger zero.</summary>
    NoAbortiveClose,
}

/// <summary>
/// Names the cause of a reset: its shape first, then what the conversation excludes. Sources and measurements stand in
/// <c>docs/causes/shapes.md</c>. An absence (no FIN, no probe) excludes a cause only where nothing was missed.
/// </summary>
internal static class ResetClassifier
{
    // The kernel counts keep-alive and linger2 in whole seconds, 1 at the least.
    private const long ShortestKernelTimer = 1_000_000_000;

    // Less than the shortest retransmission ladder that is given up (RFC 6298: the first timeout alone is 200 ms on Linux).
    private const long ShortestLadder = 200_000_000;

    public static ResetVerdict Classify(ResetObservation observed, CounterProof counters)
    {
        Finding finding = new(observed);
        if (observed.Reset.PayloadLength > 0)
        {
            finding.Declare(DeclaredByPeer, "payload-in-reset", $"the reset carries {observed.Reset.PayloadLength} bytes: {Printable(observed.Payload)}");
        }
        else if ((observed.Options.MptcpSubtypes & ((1 << 7) | (1 << 8))) != 0)
        {
            finding.Declare(Mptcp, "mptcp-option-in-reset", "the reset carries MP_FASTCLOSE or MP_TCPRST");
        }
        else
        {
            switch (observed.Shape)
            {
                case ResetShape.Active:
                    ClassifyActive(finding, counters);
                    break;
                case ResetShape.PassiveToSyn:
                    ClassifyAnswerToSyn(finding, counters);
                    break;
                case ResetShape.Passive:
                    ClassifyPassive(finding, counters);
                    break;
                default:
                    finding.Candidates.Add(Unknown);
                    finding.Note("shape-unknown", "flags, sequence number and window fit no reset that Linux sends for this connection");
                    break;
            }
        }

        return finding.ToVerdict();
    }

    private static void ClassifyActive(Finding finding, CounterProof counters)
    {
        ResetObservation seen = finding.Observed;
        finding.Note("active-shape", $"RST+ACK with sequence number {seen.Reset.SequenceNumber} and window {seen.Reset.Window}: a socket decided to abort");
        bool finPossible = seen.SenderFinFrame != 0 || !seen.IsWhole;
        bool waited = seen.Reset.TimestampNanoseconds - seen.ReceiverLastTimestampNanoseconds >= ShortestKernelTimer;
        bool finWaited = seen.SenderFinFrame == 0 || seen.Reset.TimestampNanoseconds - seen.SenderFinTimestampNanoseconds >= ShortestKernelTimer;
        bool unreadPossible = seen.BytesAcknowledged != 0;
        bool listenerPossible = !seen.SenderIsClient && seen.SenderSentNothing != false && seen.SenderFinFrame == 0;

        if (unreadPossible)
        {
            finding.Candidates.Add(CloseWithUnread);
        }
        else
        {
            finding.Against(CloseWithUnread, "peer-sent-nothing", "the sender had received no payload, so there was none to leave unread", seen.Reset.Frame);
        }

        finding.Candidates.AddRange([LingerZero, DisconnectUnspec]);
        if (listenerPossible)
        {
            finding.Candidates.Add(ListenerClosed);
            if (seen.ListenerRefusedLater)
            {
                finding.For(ListenerClosed, "next-syn-refused", "the sender's port refused the next SYN: its listener was closed");
                finding.Lead(ListenerClosed);
            }
        }

        if (waited && (!seen.IsWhole || ProbeUnanswered(seen)))
        {
            finding.Candidates.Add(KeepaliveTimeout);
        }

        if (finPossible && finWaited)
        {
            finding.Candidates.Add(FinWait2Timeout);
        }

        if (finPossible)
        {
            finding.Candidates.Add(Linger2Negative);
        }

        if (finPossible || seen.SenderFilledWindow)
        {
            finding.Candidates.Add(OrphanOutOfMemory);
        }

        finding.Candidates.Add(SockDestroy);
        if (seen.UsesMptcp)
        {
            finding.Candidates.Add(Mptcp);
        }

        if (seen.SenderFinFrame != 0)
        {
            finding.Note("half-closed-before", "the sender had already sent FIN", seen.SenderFinFrame);
        }

        finding.Confidence = Confidence.Ambiguous;
        switch (counters)
        {
            case CounterProof.AllCloseWithUnread when unreadPossible:
                finding.Prove(CloseWithUnread, "counter-abort-on-close", "TCPAbortOnClose moved once for each active reset, and no other abort counter moved");
                return;
            case CounterProof.AllLingerZero:
                finding.Prove(LingerZero, "counter-abort-on-data", "TCPAbortOnData moved once for each active reset, and no other abort counter moved");
                return;
            case CounterProof.NoAbortiveClose:
                finding.Exclude(CloseWithUnread, "counter-abort-on-close", "TCPAbortOnClose did not move");
                finding.Exclude(LingerZero, "counter-abort-on-data", "TCPAbortOnData did not move");
                finding.Exclude(Linger2Negative, "counter-abort-on-linger", "TCPAbortOnLinger did not move");
                finding.Exclude(KeepaliveTimeout, "counter-abort-on-timeout", "TCPAbortOnTimeout did not move");
                finding.Exclude(OrphanOutOfMemory, "counter-abort-on-memory", "TCPAbortOnMemory did not move");
                break;
        }

        if (finding.Candidates.Contains(CloseWithUnread))
        {
            WeighUnread(finding);
        }

        finding.Missing("Packets alone don't tell these causes apart: the kernel's tracepoint (as root), its counters in a network namespace of its own, or the closing call site would.");
    }

    // Reading frees the window; had everything been read, Linux would have announced a window twice as large as soon as it could
    // (tcp_cleanup_rbuf), unless the reading side was shut down. A reset is sent after its queue was freed, and shows what was in it.
    private static void WeighUnread(Finding finding)
    {
        ResetObservation seen = finding.Observed;
        if (seen.IsWhole && seen.SenderFinFrame == 0 && !seen.ReceiverFinSeen
            && seen.WindowBefore is { } before && seen.WindowInReset is { } after && after - before >= 1024 && after >= 2 * before)
        {
            finding.For(CloseWithUnread, "window-reopened-by-reset", $"the window was {before} bytes and the reset itself reopens it to {after}: the receive queue was not empty at the close");
            finding.Lead(CloseWithUnread);
            finding.Confidence = Confidence.Likely;
            return;
        }

        SegmentRecord? lastData = null;
        SegmentRecord? answer = null;
        foreach (SegmentRecord segment in seen.LastSegments)
        {
            bool fromSender = IsFromSender(seen, segment);
            if (!fromSender && segment.PayloadLength > 0)
            {
                lastData = segment;
                answer = null;
            }
            else if (fromSender && lastData is { } data && segment.PayloadLength > 0 && segment.AcknowledgmentNumber == data.EndSequenceNumber)
            {
                answer = segment;
            }
        }

        if (answer is { } replied)
        {
            finding.Against(CloseWithUnread, "answered-last-data", "the sender sent data after it had received the peer's last bytes", replied.Frame);
            finding.Candidates.Remove(CloseWithUnread);
            finding.Candidates.Insert(finding.Candidates.IndexOf(DisconnectUnspec) + 1, CloseWithUnread);
        }
    }

    private static void ClassifyAnswerToSyn(Finding finding, CounterProof counters)
    {
        ResetObservation seen = finding.Observed;
        finding.Note("passive-shape", "RST+ACK with sequence number 0 and window 0: an answer to a segment without ACK");
        if (seen.Trigger is not { } trigger || (trigger.Flags & TcpFlags.Syn) == 0)
        {
            finding.Candidates.AddRange([ClosedPort, FilteredReject, BadSynInSynRecv, FinToClosed, Unknown]);
            finding.Confidence = Confidence.Ambiguous;
            finding.Missing("The segment that this reset answers was not captured.");
            return;
        }

        if (seen.SenderSynSeen || !seen.IsWhole)
        {
            finding.Candidates.AddRange(seen.SenderSynSeen ? [BadSynInSynRecv, DataAfterClose, FilteredReject] : [ClosedPort, FilteredReject, BadSynInSynRecv]);
            finding.Confidence = Confidence.Ambiguous;
            return;
        }

        finding.For(ClosedPort, "syn-refused", "the SYN got no SYN-ACK, only this reset", trigger.Frame, seen.Reset.Frame);
        finding.Candidates.Add(ClosedPort);
        if (!ExcludesFilter(finding, counters, trigger))
        {
            finding.Candidates.Add(FilteredReject);
            finding.Confidence = seen.ListenerAlive ? Confidence.Ambiguous : Confidence.Likely;
            finding.Missing("A packet filter that rejects with tcp-reset sends the same packet: the counter OutRsts in a network namespace of its own, or the kernel's tracepoint, would tell.");
            return;
        }

        finding.Confidence = Confidence.Strong;
    }

    private static void ClassifyPassive(Finding finding, CounterProof counters)
    {
        ResetObservation seen = finding.Observed;
        finding.Note("passive-shape", $"RST without ACK, sequence number {seen.Reset.SequenceNumber}: an answer to a segment that acknowledged this number");
        finding.Confidence = Confidence.Ambiguous;
        if (seen.Trigger is not { } trigger)
        {
            finding.Candidates.AddRange([DataAfterClose, HalfOpen, FinToClosed, FilteredReject, LateSynAck, AcceptQueueOverflow, ListenerClosed, Unknown]);
            finding.Missing("The segment that this reset answers was not captured.");
            return;
        }

        bool syn = (trigger.Flags & TcpFlags.Syn) != 0;
        bool fin = (trigger.Flags & TcpFlags.Fin) != 0;
        bool newData = trigger.PayloadLength > 0
            && (seen.SenderHighestAcknowledgment is not { } highest || Sequence.IsAfter(unchecked(trigger.SequenceNumber + (uint)trigger.PayloadLength), highest));
        bool closed = seen.SenderFinFrame != 0;
        if (syn)
        {
            bool expected = seen.SenderSynSeen && trigger.AcknowledgmentNumber == unchecked(seen.SenderInitialSequenceNumber + 1);
            finding.Candidates.AddRange(expected || !seen.SenderSynSeen
                ? [LateSynAck, BadTsEcrInSynSent, FilteredReject, WrongAckInSynSent]
                : [WrongAckInSynSent, FilteredReject]);
        }
        else if (seen.SenderAnsweredSyn && seen.SenderSentNothing == true && seen.SenderFinFrame == 0)
        {
            finding.Candidates.AddRange([AcceptQueueOverflow, ListenerClosed, HalfOpen, FilteredReject, ConntrackInvalid]);
        }
        else if (closed && newData)
        {
            ClassifyDataAfterClose(finding, counters, trigger);
        }
        else if (closed)
        {
            finding.Candidates.AddRange(fin
                ? [FinToClosed, FinWait2Timeout, LateAckAfterTimeout, LingerZero, Linger2Negative, FilteredReject]
                : [Linger2Negative, LingerZero, LateAckAfterTimeout, KeepaliveProbeToVanished, FilteredReject]);
        }
        else
        {
            ResetCause[] vanished = fin ? [FinToClosed, HalfOpen] : [HalfOpen, KeepaliveProbeToVanished, WrongAckInSynRecv];
            finding.Candidates.AddRange([.. vanished, FilteredReject, IdleExpiry, ConntrackInvalid, LateAckAfterTimeout]);
        }

        if (!seen.IsWhole)
        {
            // What was missed may hold the true trigger, a FIN or the handshake.
            finding.Widen(DataAfterClose, HalfOpen, FinToClosed, FilteredReject, LateSynAck, AcceptQueueOverflow, ListenerClosed, Linger2Negative, LingerZero);
            finding.Missing("The connection's beginning, or a part of it, was not captured.");
        }
    }

    private static void ClassifyDataAfterClose(Finding finding, CounterProof counters, SegmentRecord trigger)
    {
        ResetObservation seen = finding.Observed;
        finding.For(DataAfterClose, "fin-before-data", "the sender had sent FIN, and this segment brought new data", seen.SenderFinFrame, trigger.Frame, seen.Reset.Frame);
        finding.Candidates.Add(DataAfterClose);
        bool finAcknowledgedBefore = seen.LastSegments.Any(segment =>
            !IsFromSender(seen, segment) && segment.Frame < trigger.Frame
            && Sequence.IsAfter(segment.AcknowledgmentNumber, seen.SenderFinSequenceNumber));
        bool acknowledgesFin = Sequence.IsAfter(trigger.AcknowledgmentNumber, seen.SenderFinSequenceNumber);
        if (acknowledgesFin && !finAcknowledgedBefore)
        {
            finding.Candidates.Add(Linger2Negative);
        }

        if (!finAcknowledgedBefore && seen.Reset.TimestampNanoseconds - seen.SenderFinTimestampNanoseconds >= ShortestLadder)
        {
            finding.Candidates.Add(LateAckAfterTimeout);
        }

        if (!ExcludesFilter(finding, counters, trigger))
        {
            finding.Candidates.Add(FilteredReject);
            finding.Missing("A packet filter that rejects with tcp-reset sends the same packet: the counter OutRsts in a network namespace of its own, or the kernel's tracepoint, would tell.");
        }

        finding.Confidence = finding.Candidates.Count > 1 ? Confidence.Likely : Confidence.Strong;
    }

    // netfilter leaves the type of service 0 and moves no counter; the kernel's TCP reflects what the segment carried
    // (nf_send_reset against tcp_v4_send_reset).
    private static bool ExcludesFilter(Finding finding, CounterProof counters, SegmentRecord trigger)
    {
        SegmentRecord reset = finding.Observed.Reset;
        if (trigger.TypeOfService != 0 && reset.TypeOfService == trigger.TypeOfService)
        {
            finding.Against(FilteredReject, "type-of-service-reflected", $"the reset reflects the segment's type of service {trigger.TypeOfService}", trigger.Frame, reset.Frame);
            return true;
        }

        if (counters >= CounterProof.SentByTcp)
        {
            finding.Against(FilteredReject, "counter-resets-sent", "OutRsts moved once for each captured reset", reset.Frame);
            return true;
        }

        return false;
    }

    private static bool IsFromSender(ResetObservation seen, SegmentRecord segment) => segment.Sender == seen.Reset.Sender;

    private static bool ProbeUnanswered(ResetObservation seen)
    {
        for (int i = seen.LastSegments.Count - 2; i >= 0; i--)
        {
            SegmentRecord last = seen.LastSegments[i];
            if (!IsFromSender(seen, last))
            {
                return false;
            }

            if (last.PayloadLength <= 1 && last.SequenceNumber == unchecked(seen.Reset.SequenceNumber - 1))
            {
                return true;
            }
        }

        return false;
    }

    private static string Printable(byte[] payload) =>
        string.Concat(payload.Select(value => value is >= 0x20 and < 0x7f ? ((char)value).ToString() : $"\\x{value:x2}"));

    /// <summary>The verdict in the making.</summary>
    private sealed class Finding(ResetObservation observed)
    {
        private readonly List<Evidence> _evidence = [];
        private readonly List<string> _missing = [];

        public ResetObservation Observed { get; } = observed;

        public List<ResetCause> Candidates { get; } = [];

        public Confidence Confidence { get; set; }

        public void Note(string fact, string text, params long[] frames) =>
            _evidence.Add(new Evidence(fact, true, null, text, frames.Length == 0 ? [Observed.Reset.Frame] : frames));

        public void For(ResetCause cause, string fact, string text, params long[] frames) =>
            _evidence.Add(new Evidence(fact, true, cause, text, frames.Length == 0 ? [Observed.Reset.Frame] : frames));

        public void Against(ResetCause cause, string fact, string text, params long[] frames) =>
            _evidence.Add(new Evidence(fact, false, cause, text, frames.Length == 0 ? [Observed.Reset.Frame] : frames));

        public void Widen(params ResetCause[] causes) => Candidates.AddRange(causes.Except(Candidates).ToArray());

        public void Missing(string text) => _missing.Add(text);

        public void Lead(ResetCause cause)
        {
            Candidates.Remove(cause);
            Candidates.Insert(0, cause);
        }

        public void Exclude(ResetCause cause, string fact, string text)
        {
            if (Candidates.Remove(cause))
            {
                Against(cause, fact, text);
            }
        }

        public void Prove(ResetCause cause, string fact, string text)
        {
            Candidates.Clear();
            Candidates.Add(cause);
            For(cause, fact, text);
            Confidence = Confidence.Strong;
        }

        public void Declare(ResetCause cause, string fact, string text)
        {
            Prove(cause, fact, text);
            Confidence = Confidence.Certain;
        }

        public ResetVerdict ToVerdict() => new()
        {
            Sender = Observed.Sender.ToIPEndPoint(),
            Receiver = Observed.Receiver.ToIPEndPoint(),
            Time = ToTime(Observed.Reset.TimestampNanoseconds),
            Frame = Observed.Reset.Frame,
            Shape = Observed.Shape,
            Candidates = [.. Candidates],
            Confidence = Confidence,
            Evidence = [.. _evidence],
            MissingEvidence = [.. _missing],
            Trigger = Observed.Trigger is { } trigger ? Summarize(trigger) : null,
            LastSegments = [.. Observed.LastSegments.Select(Summarize)],
            BytesFromSender = Observed.BytesFromSender,
            BytesFromReceiver = Observed.BytesFromReceiver,
            FollowsEarlierReset = Observed.FollowsEarlierReset,
        };

        private SegmentSummary Summarize(SegmentRecord segment)
        {
            (TcpEndpoint source, TcpEndpoint destination) = IsFromSender(Observed, segment)
                ? (Observed.Sender, Observed.Receiver)
                : (Observed.Receiver, Observed.Sender);
            return new SegmentSummary(
                segment.Frame,
                ToTime(segment.TimestampNanoseconds),
                source.ToIPEndPoint(),
                destination.ToIPEndPoint(),
                segment.Flags,
                segment.SequenceNumber,
                segment.AcknowledgmentNumber,
                segment.Window,
                segment.PayloadLength);
        }
    }

    internal static DateTimeOffset ToTime(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / 100);
}
