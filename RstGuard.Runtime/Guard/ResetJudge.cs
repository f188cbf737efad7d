using RstGuard.CallSites;
using RstGuard.Diagnosis;
using RstGuard.Tcp;

namespace RstGuard;

/// <summary>
/// Puts what the closing code is known to have done beside what the wire showed. It narrows the causes that the wire left open,
/// never adds one: where the two contradict each other the wire's verdict stands as it is.
/// </summary>
internal static class ResetJudge
{
    // A packet is stamped just before it is delivered, so that one stamped just before the look may have come just after it.
    private static readonly TimeSpan Delivery = TimeSpan.FromMilliseconds(1);

    /// <param name="verdict">What the wire showed.</param>
    /// <param name="sender">This process's own end that sent the reset; null where the sender is not of this process.</param>
    public static GuardedReset Judge(ResetVerdict verdict, OwnConnection? sender)
    {
        SocketClose? close = sender?.Close is { } known && known.Time <= verdict.Time ? known : null;
        (IReadOnlyList<ResetCause> candidates, Confidence confidence) = close is null
            ? (verdict.Candidates, verdict.Confidence)
            : Narrow(verdict, close);
        return Account(verdict, ResetBasis.Seen, sender is not null, sender, close, candidates, confidence);
    }

    /// <summary>The wire's verdict alone, where it is not known whose sockets the ends are.</summary>
    public static GuardedReset WithoutCallSite(ResetVerdict verdict) =>
        Account(verdict, ResetBasis.Seen, sentByThisProcess: null, null, null, verdict.Candidates, verdict.Confidence);

    /// <summary>The reset that a close must have sent, where no packet could be captured; null where none follows from what is known.</summary>
    public static GuardedReset? Deduce(OwnConnection connection)
    {
        if (connection is not { Remote: { } remote, Close: { AtClose: { } last, Origin: { } origin } close })
        {
            return null;
        }

        // macOS ends a blocking call by disconnectx, which sends a FIN (pal_networking.c), and whether its kernel resets for unread data is not known
        // here: nothing is said of either.
        (ResetCause[] candidates, string fact, string text) =
            origin == CloseOrigin.PendingBlocking && OperatingSystem.IsLinux() ? (new[] { ResetCause.DisconnectUnspec }, "disconnected-by-runtime", "the connection was gone when the runtime had ended a blocking call")
            : last is { UnreadBytes: > 0, ResetsWhenUnread: true } && !OperatingSystem.IsMacOS() ? ([ResetCause.CloseWithUnread], "unread-at-close", $"{last.UnreadBytes} received bytes were unread in the last moment before the close")
            : origin != CloseOrigin.Plain && last.ResetsWhenAborted ? ([ResetCause.LingerZero, ResetCause.CloseWithUnread], "abort-chosen", $"the connection was open, and its close was abortive: {origin}")
            : ([], "", "");
        if (candidates.Length == 0)
        {
            return null;
        }

        var deduction = new ResetVerdict
        {
            Sender = connection.Local,
            Receiver = remote,
            Time = close.LookedLast,
            Frame = 0,
            Shape = ResetShape.Active,
            Candidates = candidates,
            Confidence = Confidence.Likely,
            Evidence = [new Evidence(fact, true, candidates[0], text, [])],
            MissingEvidence = ["No packet could be captured: that the reset was sent follows from the socket's state before its close."],
            LastSegments = [],
            BytesFromSender = 0,
            BytesFromReceiver = 0,
            FollowsEarlierReset = false,
        };
        return Account(deduction, ResetBasis.Deduced, sentByThisProcess: true, connection, close, candidates, Confidence.Likely);
    }

    private static GuardedReset Account(
        ResetVerdict verdict, ResetBasis basis, bool? sentByThisProcess, OwnConnection? sender, SocketClose? close, IReadOnlyList<ResetCause> candidates, Confidence confidence) => new()
        {
            Verdict = verdict,
            Basis = basis,
            SentByThisProcess = sentByThisProcess,
            Candidates = candidates,
            Confidence = confidence,
            Origin = close?.Origin,
            Site = close is null or { Frames.Length: 0 } ? null : CloseSiteResolver.Resolve(close),
            CreationSite = sender?.CreationFrames is { } creation ? CloseSiteResolver.ResolveCreation(creation) : null,
            UnreadBytes = close?.Origin == CloseOrigin.PendingBlocking ? close.UnreadBytes : close?.AtClose?.UnreadBytes ?? close?.UnreadBytes,
            UnacknowledgedBytes = Unacknowledged(verdict),
            Rules = close?.Origin is { } origin && confidence >= Confidence.Likely ? ResetRules.For(origin, candidates[0]) : [],
        };

    private static (IReadOnlyList<ResetCause> Candidates, Confidence Confidence) Narrow(ResetVerdict verdict, SocketClose close)
    {
        // A reset that answers a segment is the kernel's, whatever the close before it was.
        if (verdict.Shape != ResetShape.Active || close.Origin is not { } origin)
        {
            return (verdict.Candidates, verdict.Confidence);
        }

        if (close.Listening)
        {
            return Only(ResetCause.ListenerClosed, Confidence.Likely);
        }

        if (origin == CloseOrigin.PendingBlocking)
        {
            return Only(ResetCause.DisconnectUnspec, Confidence.Certain);
        }

        if (close.AtClose is not { UnreadBytes: { } unread })
        {
            return (verdict.Candidates, verdict.Confidence);
        }

        // Linux looks at unread data first and at linger after it (__tcp_close in net/ipv4/tcp.c), and unread bytes only become
        // more after the last look.
        if (unread > 0)
        {
            return Only(ResetCause.CloseWithUnread, Confidence.Strong);
        }

        // Nothing was unread at the last look, but data may have come between it and the close: the kernel would have reset for
        // that then, under linger zero too.
        if (origin != CloseOrigin.Plain)
        {
            return !verdict.Candidates.Contains(ResetCause.CloseWithUnread) || AllHadCome(verdict, close.LookedLast)
                ? Only(ResetCause.LingerZero, Confidence.Certain)
                : Only(ResetCause.LingerZero, Confidence.Likely, ResetCause.CloseWithUnread);
        }

        // Nothing abortive was chosen.
        ResetCause[] left = verdict.Candidates.Where(cause => cause is not (ResetCause.LingerZero or ResetCause.DisconnectUnspec)).ToArray();
        if (left.Length == 0 || left.Length == verdict.Candidates.Count || verdict.Cause is not null)
        {
            return (verdict.Candidates, verdict.Confidence);
        }

        bool cameLate = left.Contains(ResetCause.CloseWithUnread) && verdict.LastSegments.Any(segment =>
            segment.Source.Equals(verdict.Receiver) && segment.PayloadLength > 0 && segment.Time >= close.LookedLast - Delivery);
        return cameLate
            ? ([ResetCause.CloseWithUnread, .. left.Where(cause => cause != ResetCause.CloseWithUnread)], Confidence.Likely)
            : (left, verdict.Confidence);

        // The wire's own cause stands where it names another one, and where it rules this one out.
        (IReadOnlyList<ResetCause>, Confidence) Only(ResetCause cause, Confidence sure, params ResetCause[] others) =>
            !verdict.Candidates.Contains(cause) || (verdict.Cause is { } named && named != cause)
                ? (verdict.Candidates, verdict.Confidence)
                : verdict.Confidence > sure ? ([cause], verdict.Confidence)
                : ([cause, .. others], sure);
    }

    // Whether all that the reset acknowledges had been acknowledged before that time: no byte can have come after it. Urgent data
    // hides from the count of unread bytes (tcp_inq in net/ipv4/tcp.h).
    private static bool AllHadCome(ResetVerdict verdict, DateTimeOffset time) =>
        verdict.LastSegments.FirstOrDefault(segment => segment.Frame == verdict.Frame) is { } reset
        && verdict.LastSegments.Any(segment => segment.Frame != reset.Frame
            && segment.Time < time
            && segment.Source.Equals(verdict.Sender)
            && (segment.Flags & TcpFlags.Ack) != 0
            && segment.AcknowledgmentNumber == reset.AcknowledgmentNumber)
        && !verdict.LastSegments.Any(segment => (segment.Flags & TcpFlags.Urgent) != 0);

    private static long Unacknowledged(ResetVerdict verdict)
    {
        uint? sent = null;
        uint? acknowledged = null;
        foreach (SegmentSummary segment in verdict.LastSegments)
        {
            if (segment.Source.Equals(verdict.Sender))
            {
                if (segment.PayloadLength > 0 && (segment.Flags & TcpFlags.Reset) == 0)
                {
                    sent = Later(sent, segment.SequenceNumber + (uint)segment.PayloadLength);
                }
            }
            else if ((segment.Flags & (TcpFlags.Ack | TcpFlags.Reset)) == TcpFlags.Ack)
            {
                acknowledged = Later(acknowledged, segment.AcknowledgmentNumber);
            }
        }

        return sent is { } end && acknowledged is { } seen ? Math.Max(0, (int)(end - seen)) : 0;
    }

    // Sequence numbers wrap (RFC 9293 §3.4).
    private static uint Later(uint? known, uint number) => known is { } before && (int)(number - before) < 0 ? before : number;
}
