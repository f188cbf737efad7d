using RstGuard.Tcp;
using static RstGuard.Diagnosis.ResetCause;

namespace RstGuard.Diagnosis;

/// <summary>What the kernel's counters prove of every reset of one recording; see <see cref="TcpCounters"/>.</summary>
internal enum CounterProof
{
    /// <summary>Nothing: they were not read, or don't reconcile with the packets.</summary>
    None,

    /// <summary>No captured reset was sent by the kernel's TCP: a packet filter or a forger did.</summary>
    NotSentByTcp,

    /// <summary>Each captured reset was sent by the kernel's TCP: no packet filter, no forger.</summary>
    SentByTcp,

    /// <summary>In addition, each active reset is a close with unread data.</summary>
    AllCloseWithUnread,

    /// <summary>In addition, each active reset is a close in FIN-WAIT-2 with TCP_LINGER2 negative.</summary>
    AllLinger2Negative,

    /// <summary>In addition, each active reset is a close with linger zero.</summary>
    AllLingerZero,

    /// <summary>In addition, no active reset is a close with unread data, nor one that another abort counter tells of than that of linger zero.</summary>
    NoUnreadClose,

    /// <summary>In addition, no active reset is one that an abort counter tells of.</summary>
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

    // RFC 3168 §5.
    private const int EcnBits = 3;

    public static ResetVerdict Classify(ResetObservation observed, CounterProof counters)
    {
        Finding finding = new(observed);
        if (observed.Reset.PayloadLength > 0)
        {
            finding.Declare(DeclaredByPeer, "payload-in-reset", $"the reset carries {observed.Reset.PayloadLength} bytes, which say: {DeclaredCause.Describe(observed.Payload, observed.Reset.PayloadLength)}");
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
                    finding.Note("shape-unknown", "flags, numbers, window and options fit no reset that Linux sends for this connection");
                    break;
            }

            WeighForged(finding);
            if (observed is { FollowsEarlierReset: true, Shape: ResetShape.Passive })
            {
                // Several segments may have been under way, some of them not captured: which one this reset answers is not sure.
                finding.LimitTo(Confidence.Ambiguous);
            }
        }

        if (observed.LeavesOutData)
        {
            finding.LimitTo(Confidence.Likely);
            finding.Missing("The capture left out segments with data, as it was asked to: with CaptureDetail.Full it would show what was sent and read before the reset.");
        }

        return finding.ToVerdict();
    }

    // Independent facts, each of which the true sender's stack excludes; one alone may be a middlebox that answers for it, or a route that
    // changed. Weaver, Sommer and Paxson (NDSS 2009) name the numbers; RFC 3360 those who do it.
    private static void WeighForged(Finding finding)
    {
        ResetObservation seen = finding.Observed;
        int facts = 0;
        void Fact(string name, string text)
        {
            facts++;
            finding.For(Forged, name, text);
        }

        if (seen.SenderHopLimit is { } usual && Math.Abs(usual - seen.Reset.HopLimit) >= 2)
        {
            Fact("hop-limit-differs", $"the reset arrived with hop limit {seen.Reset.HopLimit}, the sender's other segments with {usual}");
        }

        if (seen.Shape == ResetShape.Unknown && seen.IsWhole)
        {
            Fact("shape-impossible", "no socket in this connection's state sends such a reset");
        }

        if (seen.LaterResetIsBeyond)
        {
            Fact("later-reset-beyond", "another reset followed whose number lies beyond all that the sender had sent");
        }

        if (seen.SenderWentOn && !seen.SenderRepeatedSyn && seen.SenderSynSeen && seen.Shape is ResetShape.Active or ResetShape.Unknown)
        {
            Fact("sender-went-on", "the end that is said to have reset the connection went on with it");
        }

        if (facts == 0)
        {
            return;
        }

        bool exact = seen.Shape == ResetShape.Passive && seen.Trigger is not null;
        if (exact && !seen.LaterResetIsBeyond)
        {
            // A rejecting filter answers exactly what it rejects; forgers guess.
            finding.Widen(FilteredReject, IdleExpiry, Forged);
        }
        else if (facts >= 2)
        {
            finding.Widen(Forged);
            finding.Lead(Forged);
            finding.Candidates.Remove(Unknown);
            finding.Confidence = seen.IsWhole ? Confidence.Likely : Confidence.Ambiguous;
        }
        else
        {
            finding.Widen(Forged);
            finding.LimitTo(Confidence.Ambiguous);
        }
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
            else if (seen.InBurst)
            {
                finding.For(ListenerClosed, "burst-of-untouched-connections", "the sender's port ended several connections at once on which it had sent nothing");
                finding.Lead(ListenerClosed);
            }
        }

        SegmentRecord[] probes = UnansweredProbes(seen);
        if (waited && (!seen.IsWhole || probes.Length > 0))
        {
            finding.Candidates.AddRange([KeepaliveTimeout, UserTimeout]);
        }

        bool timerFits = false;
        if (finPossible && finWaited)
        {
            finding.Candidates.Add(FinWait2Timeout);
            timerFits = IsFinWait2Timer(seen);
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

        if (timerFits)
        {
            finding.For(FinWait2Timeout, "whole-seconds-since-fin", "whole seconds passed since the sender's FIN was acknowledged, as the kernel's timer counts", seen.SenderFinFrame, seen.Reset.Frame);
            finding.Lead(FinWait2Timeout);
        }

        finding.Confidence = Confidence.Ambiguous;
        switch (counters)
        {
            case CounterProof.AllCloseWithUnread when unreadPossible:
                finding.Prove(CloseWithUnread, "counter-abort-on-close", "TCPAbortOnClose moved once for each active reset");
                return;
            case CounterProof.AllLingerZero:
                finding.Prove(LingerZero, "counter-abort-on-data", "TCPAbortOnData moved once for each active reset, and no other abort counter moved");
                return;
            case CounterProof.AllLinger2Negative when finPossible:
                finding.Prove(Linger2Negative, "counter-abort-on-linger", "TCPAbortOnLinger moved once for each active reset");
                return;
            case CounterProof.NoUnreadClose or CounterProof.NoAbortiveClose:
                if (counters == CounterProof.NoAbortiveClose)
                {
                    finding.Exclude(LingerZero, "counter-abort-on-data", "TCPAbortOnData did not move");
                }

                finding.Exclude(CloseWithUnread, "counter-abort-on-close", "TCPAbortOnClose did not move");
                finding.Exclude(Linger2Negative, "counter-abort-on-linger", "TCPAbortOnLinger did not move");
                finding.Exclude(KeepaliveTimeout, "counter-abort-on-timeout", "TCPAbortOnTimeout did not move");
                finding.Exclude(OrphanOutOfMemory, "counter-abort-on-memory", "TCPAbortOnMemory did not move");
                break;
        }

        if (waited && probes.Length > 0)
        {
            WeighProbes(finding, probes);
            return;
        }

        if (finding.Candidates.Contains(CloseWithUnread))
        {
            WeighUnread(finding);
        }

        finding.Missing("Packets alone don't tell these causes apart: the kernel's tracepoint (as root), its counters in a network namespace of its own, or the closing call site would.");
    }

    // tcp_fin_timeout and TCP_LINGER2 count whole seconds from the acknowledgment of the FIN, and the kernel's timers run up to an eighth
    // too long (kernel/time/timer.c).
    private static bool IsFinWait2Timer(ResetObservation seen)
    {
        const long Second = 1_000_000_000;
        const long Slack = 50_000_000;
        if (seen.SenderFinFrame == 0 || seen.ReceiverFinSeen)
        {
            return false;
        }

        foreach (SegmentRecord segment in seen.LastSegments)
        {
            if (!IsFromSender(seen, segment) && AcknowledgesFin(seen, segment))
            {
                long passed = seen.Reset.TimestampNanoseconds - segment.TimestampNanoseconds;
                long seconds = (passed + (Slack / 10)) / Second;
                return seconds >= 1 && passed - (seconds * Second) <= Slack + (seconds * Second / 8);
            }
        }

        return false;
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

        if (answer is { } told && told.AcknowledgmentNumber == seen.Reset.AcknowledgmentNumber && seen.WindowInReset is { } reopened && seen.Reset.Window > 0
            && reopened / seen.Reset.Window * (seen.Reset.Window - told.Window) >= 1024)
        {
            finding.For(
                CloseWithUnread,
                "answered-before-reading",
                $"when the sender answered, the peer's last bytes still took up its window ({told.Window} units), which the reset reopens ({seen.Reset.Window})",
                told.Frame,
                seen.Reset.Frame);
        }
        else if (answer is { } replied)
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
            bool lingering = seen.Earlier is { } earlier && earlier.FinSeen[0] && !earlier.FinSeen[1];
            if (lingering)
            {
                finding.For(SynToTimeWait, "earlier-incarnation-half-closed", "the sender had closed an earlier connection of these ports, whose other end was never closed", trigger.Frame, seen.Reset.Frame);
            }

            finding.Candidates.AddRange(seen.SenderSynSeen ? [BadSynInSynRecv, DataAfterClose, SynToTimeWait, FilteredReject]
                : lingering ? [SynToTimeWait, ClosedPort, FilteredReject, BadSynInSynRecv] : [ClosedPort, FilteredReject, BadSynInSynRecv, SynToTimeWait]);
            finding.Confidence = Confidence.Ambiguous;
            return;
        }

        if (counters == CounterProof.NotSentByTcp)
        {
            finding.Against(ClosedPort, "counter-resets-sent", "OutRsts did not move, so the kernel's TCP sent no reset", seen.Reset.Frame);
            finding.Candidates.AddRange([FilteredReject, Forged]);
            finding.Confidence = Confidence.Likely;
            return;
        }

        finding.For(ClosedPort, "syn-refused", "the SYN got no SYN-ACK, only this reset", trigger.Frame, seen.Reset.Frame);
        finding.Candidates.Add(ClosedPort);
        if (!ExcludesFilter(finding, counters, trigger))
        {
            finding.Candidates.Add(FilteredReject);
            finding.Confidence = Confidence.Ambiguous;
            WeighFilter(finding, trigger);
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
            finding.Candidates.AddRange([DataAfterClose, HalfOpen, FinToClosed, FilteredReject, LateSynAck, AcceptQueueOverflow, ListenerClosed, Forged, Unknown]);
            finding.Missing("The segment that this reset answers was not captured.");
            return;
        }

        bool syn = (trigger.Flags & TcpFlags.Syn) != 0;
        bool fin = (trigger.Flags & TcpFlags.Fin) != 0;
        bool newData = trigger.PayloadLength > 0
            && (seen.SenderHighestAcknowledgment is not { } highest || Sequence.IsAfter(unchecked(trigger.SequenceNumber + (uint)trigger.PayloadLength), highest));
        bool closed = seen.SenderFinFrame != 0;
        if (syn || (seen.SenderIsClient && !seen.ReceiverSynSeen))
        {
            ClassifyAnswerInSynSent(finding, trigger, syn);
        }
        else if (seen.SenderAnsweredSyn && seen.SenderSentNothing == true && !closed && IsThirdSegment(seen, trigger))
        {
            ClassifyThirdSegment(finding, trigger);
        }
        else if (seen.SenderAnsweredSyn && !closed && trigger.AcknowledgmentNumber != unchecked(seen.SenderInitialSequenceNumber + 1) && IsThirdSegment(seen, trigger))
        {
            finding.For(WrongAckInSynRecv, "third-segment-acknowledges-unsent", "the third segment of the handshake acknowledges a number that the sender never sent", trigger.Frame, seen.Reset.Frame);
            finding.Candidates.AddRange([WrongAckInSynRecv, FilteredReject]);
            finding.Confidence = seen.IsWhole ? Confidence.Likely : Confidence.Ambiguous;
        }
        else if (closed && newData)
        {
            ClassifyDataAfterClose(finding, counters, trigger);
        }
        else if (closed)
        {
            ClassifyAfterFin(finding, trigger, fin);
        }
        else
        {
            ClassifyVanished(finding, trigger, fin, newData);
        }

        if (counters == CounterProof.NotSentByTcp)
        {
            ResetCause[] kept = [.. finding.Candidates.Where(cause => cause is FilteredReject or IdleExpiry or ConntrackInvalid or Forged)];
            finding.Candidates.Clear();
            finding.Candidates.AddRange(kept.Length > 0 ? kept : [FilteredReject]);
            finding.Widen(FilteredReject, IdleExpiry, Forged);
            finding.Note("counter-resets-sent", "OutRsts did not move, so the kernel's TCP sent no reset: a packet filter or somebody else did", seen.Reset.Frame);
            finding.Confidence = Confidence.Ambiguous;
            return;
        }

        if (!seen.IsWhole)
        {
            // What was missed may hold the true trigger, a FIN or the handshake.
            finding.Widen(
                DataAfterClose, HalfOpen, FinToClosed, FilteredReject, LateSynAck, AcceptQueueOverflow, ListenerClosed, Linger2Negative, LingerZero, KeepaliveProbeToVanished,
                LateAckAfterTimeout, IdleExpiry, ConntrackInvalid, WrongAckInSynRecv, WrongAckInSynSent, SynToTimeWait, BadTsEcrInSynSent);
            finding.Missing("The connection's beginning, or a part of it, was not captured.");
        }
    }

    private static void ClassifyAnswerInSynSent(Finding finding, SegmentRecord trigger, bool syn)
    {
        ResetObservation seen = finding.Observed;
        bool expected = seen.SenderSynSeen && trigger.AcknowledgmentNumber == unchecked(seen.SenderInitialSequenceNumber + 1);
        if (!seen.SenderSynSeen)
        {
            finding.Candidates.AddRange([LateSynAck, BadTsEcrInSynSent, FilteredReject, WrongAckInSynSent]);
        }
        else if (!expected)
        {
            bool old = seen.Earlier is { } earlier && trigger.AcknowledgmentNumber == earlier.NextSequenceNumbers[0] && trigger.SequenceNumber == earlier.NextSequenceNumbers[1];
            if (old)
            {
                finding.For(SynToTimeWait, "answer-of-earlier-incarnation", "the SYN was answered with the last numbers of an earlier connection of these ports", trigger.Frame, seen.Reset.Frame);
                finding.Candidates.AddRange([SynToTimeWait, HalfOpen, WrongAckInSynSent, FilteredReject]);
            }
            else
            {
                finding.For(WrongAckInSynSent, "acknowledges-unsent", "the answer to the SYN acknowledges a number that was never sent", trigger.Frame, seen.Reset.Frame);
                finding.Candidates.AddRange(syn ? [WrongAckInSynSent, FilteredReject] : [WrongAckInSynSent, SynToTimeWait, FilteredReject]);
                finding.Confidence = syn && seen.IsWhole ? Confidence.Likely : Confidence.Ambiguous;
            }
        }
        else
        {
            bool wrongEcho = trigger.HasTimestamps && EchoIsForeign(seen, trigger);
            if (wrongEcho)
            {
                finding.For(BadTsEcrInSynSent, "echo-never-sent", $"the SYN-ACK echoes the timestamp {trigger.TimestampEcho}, which no SYN carried", trigger.Frame, seen.Reset.Frame);
                finding.Candidates.AddRange([BadTsEcrInSynSent, LateSynAck, FilteredReject]);
                return;
            }

            if (seen.SenderRepeatedSyn)
            {
                finding.Against(LateSynAck, "syn-repeated", "the sender still wanted to connect: it repeated its SYN after the reset");
                finding.Candidates.AddRange([FilteredReject, BadTsEcrInSynSent, LateSynAck, WrongAckInSynSent]);
                return;
            }

            finding.For(LateSynAck, "right-syn-ack-refused", "the SYN-ACK acknowledges the SYN, and its sender wants it no more", trigger.Frame, seen.Reset.Frame);
            finding.Candidates.AddRange([LateSynAck, BadTsEcrInSynSent, FilteredReject, WrongAckInSynSent]);
        }
    }

    // Linux takes an echo between its first SYN's timestamp and now (tcp_rcv_synsent_state_process).
    private static bool EchoIsForeign(ResetObservation seen, SegmentRecord trigger)
    {
        uint[] sent = [.. seen.LastSegments.Where(segment => IsFromSender(seen, segment) && segment.HasTimestamps && (segment.Flags & TcpFlags.Syn) != 0).Select(segment => segment.TimestampValue)];
        return sent.Length > 0 && !sent.Contains(trigger.TimestampEcho) && sent.All(value => Math.Abs(Sequence.Distance(value, trigger.TimestampEcho)) > 1);
    }

    private static bool IsThirdSegment(ResetObservation seen, SegmentRecord trigger) =>
        !seen.LastSegments.Any(segment => !IsFromSender(seen, segment) && segment.Frame < trigger.Frame && (segment.Flags & TcpFlags.Ack) != 0)
        && seen.LastSegments.Count < Connection.RecorderLength;

    private static void ClassifyThirdSegment(Finding finding, SegmentRecord trigger)
    {
        ResetObservation seen = finding.Observed;
        finding.Candidates.AddRange([AcceptQueueOverflow, ListenerClosed, HalfOpen, FilteredReject, ConntrackInvalid]);
        if (seen.ListenerRefusedLater)
        {
            finding.For(ListenerClosed, "next-syn-refused", "the sender's port refused the next SYN: its listener was closed");
            finding.Lead(ListenerClosed);
        }
        else
        {
            finding.For(AcceptQueueOverflow, "right-third-segment-refused", "the third segment of the handshake is right, and was answered by a reset", trigger.Frame, seen.Reset.Frame);
        }
    }

    private static void ClassifyAfterFin(Finding finding, SegmentRecord trigger, bool fin)
    {
        ResetObservation seen = finding.Observed;
        bool ladder = IsLadderBefore(finding, trigger);
        bool probe = IsProbe(seen, trigger);
        if (fin)
        {
            finding.Candidates.AddRange([FinToClosed, FinWait2Timeout, LateAckAfterTimeout, LingerZero, Linger2Negative, FilteredReject]);
        }
        else
        {
            finding.Candidates.AddRange([Linger2Negative, LingerZero, LateAckAfterTimeout, KeepaliveProbeToVanished, FilteredReject]);
            if (probe)
            {
                finding.For(KeepaliveProbeToVanished, "trigger-is-probe", "the segment repeats the number before the next one, as keep-alive probes do", trigger.Frame);
                finding.Lead(KeepaliveProbeToVanished);
            }
        }

        if (ladder)
        {
            finding.Lead(LateAckAfterTimeout);
        }
    }

    private static void ClassifyVanished(Finding finding, SegmentRecord trigger, bool fin, bool newData)
    {
        ResetObservation seen = finding.Observed;
        ResetCause[] vanished = fin ? [FinToClosed, HalfOpen] : [HalfOpen, KeepaliveProbeToVanished, WrongAckInSynRecv];
        finding.Candidates.AddRange([.. vanished, FilteredReject, IdleExpiry, ConntrackInvalid, LateAckAfterTimeout]);
        if (newData && seen.SenderFilledWindow && seen.BytesFromSender > 0)
        {
            // tcp_rcv_state_process resets an orphan that gets data, also while its FIN waits behind data for the window.
            finding.For(DataAfterClose, "window-full-before-data", "the sender had filled the peer's window, so that its FIN may wait behind data, and this segment brought new data", trigger.Frame, seen.Reset.Frame);
            finding.Widen(DataAfterClose);
            finding.Lead(DataAfterClose);
        }
        else if (IsProbe(seen, trigger))
        {
            finding.For(KeepaliveProbeToVanished, "trigger-is-probe", "the segment repeats the number before the next one, as keep-alive probes do", trigger.Frame);
            finding.Lead(KeepaliveProbeToVanished);
        }

        if (IsLadderBefore(finding, trigger))
        {
            finding.Lead(LateAckAfterTimeout);
        }

        if (seen.TriggerBelongsTo is { } elsewhere)
        {
            finding.For(
                ConntrackInvalid,
                "numbers-of-another-connection",
                $"the segment acknowledges exactly what this end has sent on its connection with {elsewhere}, and no handshake was seen with the address it came from: something on the way did not translate it",
                trigger.Frame,
                seen.Reset.Frame);
            finding.Lead(ConntrackInvalid);
            finding.Confidence = Confidence.Likely;
            return;
        }

        if (seen.SenderHopLimit is { } usual && usual != seen.Reset.HopLimit)
        {
            finding.Against(HalfOpen, "hop-limit-differs", $"the reset arrived with hop limit {seen.Reset.HopLimit}, the sender's other segments with {usual}: something on the way answered");
            finding.Lead(FilteredReject);
            if (IdleBefore(seen, trigger) >= ShortestKernelTimer)
            {
                finding.Lead(IdleExpiry);
            }
        }
        else if (seen.SenderWentOn)
        {
            finding.Against(HalfOpen, "sender-went-on", "the end that the reset came from went on with the connection, so something on the way answered for it");
            finding.Lead(FilteredReject);
            if (IdleBefore(seen, trigger) >= ShortestKernelTimer)
            {
                finding.Lead(IdleExpiry);
            }
        }
    }

    private static long IdleBefore(ResetObservation seen, SegmentRecord trigger)
    {
        long last = 0;
        foreach (SegmentRecord segment in seen.LastSegments.TakeWhile(segment => segment.Frame < trigger.Frame))
        {
            last = segment.TimestampNanoseconds;
        }

        return last == 0 ? 0 : trigger.TimestampNanoseconds - last;
    }

    private static bool IsProbe(ResetObservation seen, SegmentRecord trigger) =>
        trigger.PayloadLength <= 1 && (trigger.Flags & (TcpFlags.Syn | TcpFlags.Fin)) == 0
        && seen.ReceiverNextSequenceNumber is { } next && trigger.SequenceNumber == unchecked(next - 1);

    // Retransmissions of the reset's sender that nothing acknowledged before the trigger (RFC 6298 §5).
    private static bool IsLadderBefore(Finding finding, SegmentRecord trigger)
    {
        ResetObservation seen = finding.Observed;
        SegmentRecord[] repeated = [.. seen.LastSegments
            .Where(segment => IsFromSender(seen, segment) && segment.Frame < trigger.Frame
                && (segment.PayloadLength > 0 || (segment.Flags & TcpFlags.Fin) != 0) && (segment.Flags & TcpFlags.Syn) == 0)
            .GroupBy(segment => segment.SequenceNumber)
            .Where(group => group.Count() >= 3 && (seen.ReceiverHighestAcknowledgment is not { } highest || Sequence.IsAtOrAfter(group.Key, highest)))
            .SelectMany(group => group)];
        if (repeated.Length == 0)
        {
            return false;
        }

        finding.For(LateAckAfterTimeout, "retransmissions-unanswered", $"the sender had sent the same data {repeated.Length} times, and nothing acknowledged it", [.. repeated.Select(segment => segment.Frame)]);
        return true;
    }

    // Without ACK the number is 0 (a SYN's), which lies behind half of all sequence numbers.
    private static bool AcknowledgesFin(ResetObservation seen, SegmentRecord segment) =>
        (segment.Flags & TcpFlags.Ack) != 0 && Sequence.IsAfter(segment.AcknowledgmentNumber, seen.SenderFinSequenceNumber);

    private static void ClassifyDataAfterClose(Finding finding, CounterProof counters, SegmentRecord trigger)
    {
        ResetObservation seen = finding.Observed;
        finding.For(DataAfterClose, "fin-before-data", "the sender had sent FIN, and this segment brought new data", seen.SenderFinFrame, trigger.Frame, seen.Reset.Frame);
        finding.Candidates.Add(DataAfterClose);
        bool finAcknowledgedBefore = seen.LastSegments.Any(segment =>
            !IsFromSender(seen, segment) && segment.Frame < trigger.Frame && AcknowledgesFin(seen, segment));
        bool acknowledgesFin = AcknowledgesFin(seen, trigger);
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

    // A refused SYN shows little of who refused it. Each of these may have another reason (a host whose ports are several machines, a
    // router that rewrites the type of service), so none decides.
    private static void WeighFilter(Finding finding, SegmentRecord trigger)
    {
        ResetObservation seen = finding.Observed;
        SegmentRecord reset = seen.Reset;
        if (seen.HostHopLimit is { } usual && usual != reset.HopLimit)
        {
            finding.For(FilteredReject, "hop-limit-differs", $"the reset arrived with hop limit {reset.HopLimit}, another answer of this host with {usual}", reset.Frame);
            finding.Lead(FilteredReject);
        }
        else if ((trigger.TypeOfService & ~EcnBits) != 0 && reset.TypeOfService == 0)
        {
            finding.For(FilteredReject, "type-of-service-not-reflected", $"the SYN carried the type of service {trigger.TypeOfService}, which Linux's TCP reflects, and the reset has none", trigger.Frame, reset.Frame);
            finding.Lead(FilteredReject);
        }
        else if (seen.ListenerAlive)
        {
            finding.Against(ClosedPort, "listener-alive", "the port answered another SYN at about the same time", reset.Frame);
        }
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

    // A keep-alive probe repeats the number before the next one (RFC 9293 §3.8.4; Linux tcp_write_wakeup).
    private static SegmentRecord[] UnansweredProbes(ResetObservation seen) =>
        [.. seen.LastSegments.SkipLast(1).Reverse()
            .TakeWhile(segment => IsFromSender(seen, segment))
            .Where(segment => segment.PayloadLength <= 1 && segment.SequenceNumber == unchecked(seen.Reset.SequenceNumber - 1)
                && (segment.Flags & (TcpFlags.Syn | TcpFlags.Fin | TcpFlags.Reset)) == 0)
            .Reverse()];

    // Linux gives up one interval after the last probe, or at the first probe that TCP_USER_TIMEOUT does not allow any more
    // (tcp_keepalive_timer). Three probes are what a user's timeout hardly leaves room for.
    private static void WeighProbes(Finding finding, SegmentRecord[] probes)
    {
        ResetObservation seen = finding.Observed;
        finding.For(KeepaliveTimeout, "probes-unanswered", $"{probes.Length} keep-alive probes stayed unanswered", [.. probes.Select(probe => probe.Frame)]);
        long last = seen.Reset.TimestampNanoseconds - probes[^1].TimestampNanoseconds;
        bool even = probes.Length >= 3 && Enumerable.Range(1, probes.Length - 1)
            .Select(i => probes[i].TimestampNanoseconds - probes[i - 1].TimestampNanoseconds)
            .All(interval => Math.Abs(interval - last) <= Math.Max(last / 8, 50_000_000));
        if (even && last >= ShortestKernelTimer / 2)
        {
            finding.For(KeepaliveTimeout, "reset-one-interval-after-last-probe", $"the reset came {last / 1_000_000} ms after the last probe, which is the probes' interval", probes[^1].Frame, seen.Reset.Frame);
            finding.Lead(UserTimeout);
            finding.Lead(KeepaliveTimeout);
            finding.Confidence = seen.IsWhole ? Confidence.Likely : Confidence.Ambiguous;
            return;
        }

        if (probes.Length > 1)
        {
            // One more may have been lost; a user's timeout that leaves room for two probes is rare.
            finding.Lead(UserTimeout);
            finding.Lead(KeepaliveTimeout);
        }
        else
        {
            finding.Lead(KeepaliveTimeout);
            finding.Lead(UserTimeout);
        }

        finding.Missing("With fewer than three probes, TCP_USER_TIMEOUT and a small number of probes look alike: the socket's options would tell.");
    }

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

        public void LimitTo(Confidence confidence) => Confidence = Confidence > confidence ? confidence : Confidence;

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
