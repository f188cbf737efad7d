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
    /// <param name="verdict">What the wire showed.</param>
    /// <param name="sender">This process's own end that sent the reset; null where the sender is not of this process.</param>
    public static GuardedReset Judge(ResetVerdict verdict, OwnConnection? sender)
    {
        SocketClose? close = sender?.Close is { } known && known.Time <= verdict.Time ? known : null;
        (IReadOnlyList<ResetCause> candidates, Confidence confidence) = close is null
            ? (verdict.Candidates, verdict.Confidence)
            : Narrow(verdict, close);

        return new GuardedReset
        {
            Verdict = verdict,
            Basis = ResetBasis.Seen,
            SentByThisProcess = sender is not null,
            Candidates = candidates,
            Confidence = confidence,
            Origin = close?.Origin,
            Site = close is null ? null : CloseSiteResolver.Resolve(close),
            UnreadBytes = close?.UnreadBytes,
            UnacknowledgedBytes = Unacknowledged(verdict),
            Rules = close?.Origin is { } origin && confidence >= Confidence.Likely ? ResetRules.For(origin, candidates[0]) : [],
        };
    }

    private static (IReadOnlyList<ResetCause> Candidates, Confidence Confidence) Narrow(ResetVerdict verdict, SocketClose close)
    {
        // A reset that answers a segment is the kernel's, whatever the close before it was. A close that was asked of the
        // runtime before the socket was connected in this capture changes nothing either.
        if (verdict.Shape != ResetShape.Active || close.Origin is not { } origin || close.UnreadBytes is not { } unread)
        {
            return (verdict.Candidates, verdict.Confidence);
        }

        if (origin == CloseOrigin.PendingBlocking)
        {
            return Only(ResetCause.DisconnectUnspec, Confidence.Certain);
        }

        // Linux looks at unread data first and at linger after it (__tcp_close in net/ipv4/tcp.c).
        if (origin != CloseOrigin.Plain)
        {
            return unread > 0 ? Only(ResetCause.CloseWithUnread, Confidence.Strong) : Only(ResetCause.LingerZero, Confidence.Certain);
        }

        if (unread > 0)
        {
            return Only(ResetCause.CloseWithUnread, Confidence.Strong);
        }

        // Nothing abortive was chosen. Data may have come between the look and the close.
        ResetCause[] left = verdict.Candidates.Where(cause => cause is not (ResetCause.LingerZero or ResetCause.DisconnectUnspec)).ToArray();
        return left.Length == 0 || left.Length == verdict.Candidates.Count
            ? (verdict.Candidates, verdict.Confidence)
            : (left, left.Length == 1 && verdict.Confidence < Confidence.Likely ? Confidence.Likely : verdict.Confidence);

        (IReadOnlyList<ResetCause>, Confidence) Only(ResetCause cause, Confidence sure) =>
            verdict.Candidates.Contains(cause)
                ? ([cause], sure > verdict.Confidence ? sure : verdict.Confidence)
                : (verdict.Candidates, verdict.Confidence);
    }

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
