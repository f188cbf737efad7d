using System.Net;
using System.Net.Sockets;
using RstGuard.CallSites;
using RstGuard.Diagnosis;
using RstGuard.Reports;
using RstGuard.Tcp;
using RstGuard.Tests.CallSites;

namespace RstGuard.Tests.Guard;

/// <summary>Real closes, seen by the runtime's events, against verdicts as the wire gives them for such closes.</summary>
[IntentionalReset("Each close here is abortive on purpose, so that there is something to judge.")]
public sealed class ResetJudgeTests
{
    private static readonly ResetCause[] ActiveCandidates = [ResetCause.CloseWithUnread, ResetCause.LingerZero, ResetCause.DisconnectUnspec];

    [Fact]
    public void LingerZeroOfTheProgram_IsCertainWhereThePeerSentNothing()
    {
        GuardedReset reset = Judge(
            [ResetCause.LingerZero, ResetCause.DisconnectUnspec], ResetShape.Active, (socket, _) => socket.LingerState = new LingerOption(true, 0));

        Assert.Equal((ResetCause.LingerZero, Confidence.Certain, CloseOrigin.UserLingerZero), (reset.Cause, reset.Confidence, reset.Origin));
        Assert.Equal(["RST1001", "RST1002"], reset.Rules);
        Assert.Equal(true, reset.SentByThisProcess);
    }

    [Theory]
    [InlineData(-5_000, Confidence.Certain)]
    [InlineData(+5_000, Confidence.Likely)]
    public void LingerZero_IsCertainOnlyWhereAllDataHadComeBeforeTheLastLook(int acknowledgedAfterMilliseconds, Confidence confidence)
    {
        GuardedReset reset = Judge(ActiveCandidates, ResetShape.Active, (socket, _) => socket.LingerState = new LingerOption(true, 0), change: verdict => verdict with
        {
            LastSegments =
            [
                Segment(1, verdict.Receiver, verdict.Sender, TcpFlags.Ack | TcpFlags.Push, 1, 1, 8),
                Segment(2, verdict.Sender, verdict.Receiver, TcpFlags.Ack, 1, 9, 0) with { Time = verdict.Time.AddMilliseconds(acknowledgedAfterMilliseconds) },
                Segment(3, verdict.Sender, verdict.Receiver, TcpFlags.Reset | TcpFlags.Ack, 1, 9, 0),
            ],
        });

        Assert.Equal((ResetCause.LingerZero, confidence), (reset.Cause, reset.Confidence));
        Assert.Equal(confidence == Confidence.Likely, reset.Candidates.Contains(ResetCause.CloseWithUnread));
    }

    [Fact]
    public void UrgentData_LeavesLingerZeroLikely()
    {
        GuardedReset reset = Judge(ActiveCandidates, ResetShape.Active, (socket, _) => socket.LingerState = new LingerOption(true, 0), change: verdict => verdict with
        {
            LastSegments =
            [
                Segment(1, verdict.Receiver, verdict.Sender, TcpFlags.Ack | TcpFlags.Urgent, 1, 1, 1),
                Segment(2, verdict.Sender, verdict.Receiver, TcpFlags.Ack, 1, 2, 0) with { Time = verdict.Time.AddSeconds(-5) },
                Segment(3, verdict.Sender, verdict.Receiver, TcpFlags.Reset | TcpFlags.Ack, 1, 2, 0),
            ],
        });

        Assert.Equal(Confidence.Likely, reset.Confidence);
    }

    [Fact]
    public void DataThatCameAfterTheLastLookAtAPlainClose_IsLikelyUnread()
    {
        GuardedReset reset = Judge(ActiveCandidates, ResetShape.Active, (_, _) => { }, change: verdict => verdict with
        {
            LastSegments = [Segment(2, verdict.Receiver, verdict.Sender, TcpFlags.Ack | TcpFlags.Push, 1, 1, 8)],
        });

        Assert.Equal((ResetCause.CloseWithUnread, Confidence.Likely), (reset.Cause, reset.Confidence));
    }

    [Fact]
    public void CauseThatTheWireNames_StandsAgainstTheCallSite()
    {
        GuardedReset reset = Judge(
            ActiveCandidates, ResetShape.Active, (socket, _) => socket.LingerState = new LingerOption(true, 0), Confidence.Likely);

        Assert.Equal((ResetCause.CloseWithUnread, Confidence.Likely), (reset.Cause, reset.Confidence));
    }

    [Fact]
    public void ConnectionThatThePeerHasReset_CanNotBeDeducedToResetAgain()
    {
        using SocketEventLog.Lease lease = SocketEventLog.Acquire();
        (Socket socket, Socket peer) = LoopbackConnection.Open();
        var local = (IPEndPoint)socket.LocalEndPoint!;
        var remote = (IPEndPoint)socket.RemoteEndPoint!;
        socket.LingerState = new LingerOption(true, 0);
        peer.Close(0);
        Assert.True(SpinWait.SpinUntil(() => socket.Poll(0, SelectMode.SelectError) || socket.Poll(0, SelectMode.SelectRead), TimeSpan.FromSeconds(10)));
        socket.Dispose();

        Assert.Equal(CloseOrigin.UserLingerZero, lease.Log.Find(local, remote, DateTimeOffset.UtcNow)?.Close?.Origin);
        Assert.Null(ResetJudge.Deduce(lease.Log.Find(local, remote, DateTimeOffset.UtcNow)!));
        Assert.Equal(ResetBasis.Deduced, ResetJudge.Deduce(lease.Log.Find(remote, local, DateTimeOffset.UtcNow)!)?.Basis);
    }

    [Fact]
    public void UnreadData_IsStrong()
    {
        GuardedReset reset = Judge(ActiveCandidates, ResetShape.Active, Unread);

        Assert.Equal((ResetCause.CloseWithUnread, Confidence.Strong, 5), (reset.Cause, reset.Confidence, reset.UnreadBytes));
        Assert.Equal(ResetRules.For(CloseOrigin.Plain, ResetCause.CloseWithUnread), reset.Rules);
    }

    [Fact]
    public void UnreadDataUnderLingerZero_IsWhatTheKernelLooksAtFirst()
    {
        GuardedReset reset = Judge(ActiveCandidates, ResetShape.Active, (socket, peer) =>
        {
            Unread(socket, peer);
            socket.LingerState = new LingerOption(true, 0);
        });

        Assert.Equal((ResetCause.CloseWithUnread, CloseOrigin.UserLingerZero), (reset.Cause, reset.Origin));
    }

    [Fact]
    public void PlainCloseWithNothingUnread_LeavesTheWireInDoubt()
    {
        GuardedReset reset = Judge(
            [ResetCause.CloseWithUnread, ResetCause.LingerZero, ResetCause.OrphanOutOfMemory], ResetShape.Active, (_, _) => { });

        Assert.Equal([ResetCause.CloseWithUnread, ResetCause.OrphanOutOfMemory], reset.Candidates);
        Assert.Null(reset.Cause);
    }

    [Fact]
    public void CauseThatTheWireRulesOut_IsNotPutBack()
    {
        GuardedReset reset = Judge([ResetCause.KeepaliveTimeout], ResetShape.Active, (socket, _) => socket.LingerState = new LingerOption(true, 0));

        Assert.Equal([ResetCause.KeepaliveTimeout], reset.Candidates);
        Assert.Equal(Confidence.Ambiguous, reset.Confidence);
    }

    [Fact]
    public void ResetThatAnswersASegment_StaysTheWires()
    {
        GuardedReset reset = Judge([ResetCause.DataAfterClose], ResetShape.Passive, (_, _) => { }, Confidence.Strong);

        Assert.Equal((ResetCause.DataAfterClose, Confidence.Strong), (reset.Cause, reset.Confidence));
        Assert.Equal(ResetRules.For(CloseOrigin.Plain, ResetCause.DataAfterClose), reset.Rules);
        Assert.NotNull(reset.Site);
    }

    [Fact]
    public void ResetOfAnotherProcess_HasNoSite()
    {
        GuardedReset reset = ResetJudge.Judge(Verdict(new(IPAddress.Loopback, 1), new(IPAddress.Loopback, 2), ActiveCandidates, ResetShape.Active, Confidence.Ambiguous), null);

        Assert.Equal(false, reset.SentByThisProcess);
        Assert.Null(reset.Site);
        Assert.Empty(reset.Rules);
    }

    [Fact]
    public void UnacknowledgedBytes_AreCountedAcrossTheWrap()
    {
        IPEndPoint sender = new(IPAddress.Loopback, 1);
        IPEndPoint receiver = new(IPAddress.Loopback, 2);
        ResetVerdict verdict = Verdict(sender, receiver, ActiveCandidates, ResetShape.Active, Confidence.Ambiguous) with
        {
            LastSegments =
            [
                Segment(1, sender, receiver, TcpFlags.Ack, uint.MaxValue - 9, 1, 100),
                Segment(2, receiver, sender, TcpFlags.Ack, 1, 20, 0),
                Segment(3, sender, receiver, TcpFlags.Reset | TcpFlags.Ack, 90, 1, 0),
            ],
        };

        Assert.Equal(70, ResetJudge.Judge(verdict, null).UnacknowledgedBytes);
    }

    [Fact]
    public void Ladder_MarksTheResetAndItsTrigger()
    {
        IPEndPoint sender = new(IPAddress.Loopback, 1);
        IPEndPoint receiver = new(IPAddress.Loopback, 2);
        SegmentSummary trigger = Segment(2, receiver, sender, TcpFlags.Ack | TcpFlags.Push, 1, 20, 7);
        string ladder = TextLadder.Draw(
            Verdict(sender, receiver, [ResetCause.DataAfterClose], ResetShape.Passive, Confidence.Strong) with
            {
                Trigger = trigger,
                LastSegments = [Segment(1, sender, receiver, TcpFlags.Fin | TcpFlags.Ack, 20, 1, 0), trigger, Segment(3, sender, receiver, TcpFlags.Reset, 20, 0, 0)],
            },
            maximumSegments: 2);

        string[] lines = ladder.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, lines.Length);
        Assert.EndsWith("1 earlier", lines[1], StringComparison.Ordinal);
        Assert.Contains("|<", lines[2], StringComparison.Ordinal);
        Assert.Contains("ACK 7 bytes", lines[2], StringComparison.Ordinal);
        Assert.EndsWith("<-- what it answers", lines[2], StringComparison.Ordinal);
        Assert.EndsWith("<== the reset", lines[3], StringComparison.Ordinal);
    }

    private static void Unread(Socket socket, Socket peer)
    {
        peer.Send(new byte[5]);
        Assert.True(SpinWait.SpinUntil(() => socket.Available == 5, TimeSpan.FromSeconds(10)));
    }

    private static GuardedReset Judge(ResetCause[] candidates, ResetShape shape, Action<Socket, Socket> before, Confidence confidence = Confidence.Ambiguous, Func<ResetVerdict, ResetVerdict>? change = null)
    {
        using SocketEventLog.Lease lease = SocketEventLog.Acquire();
        (Socket socket, Socket peer) = LoopbackConnection.Open();
        using (peer)
        {
            var local = (IPEndPoint)socket.LocalEndPoint!;
            var remote = (IPEndPoint)socket.RemoteEndPoint!;
            before(socket, peer);
            socket.Close();
            ResetVerdict verdict = Verdict(local, remote, candidates, shape, confidence);
            verdict = change?.Invoke(verdict) ?? verdict;
            return ResetJudge.Judge(verdict, lease.Log.Find(local, remote, verdict.Time));
        }
    }

    private static ResetVerdict Verdict(IPEndPoint sender, IPEndPoint receiver, ResetCause[] candidates, ResetShape shape, Confidence confidence) => new()
    {
        Sender = sender,
        Receiver = receiver,
        Time = DateTimeOffset.UtcNow,
        Frame = 3,
        Shape = shape,
        Candidates = candidates,
        Confidence = confidence,
        Evidence = [],
        MissingEvidence = [],
        LastSegments = [],
        BytesFromSender = 0,
        BytesFromReceiver = 0,
        FollowsEarlierReset = false,
    };

    private static SegmentSummary Segment(long frame, IPEndPoint source, IPEndPoint destination, TcpFlags flags, uint sequence, uint acknowledgment, int payload) =>
        new(frame, DateTimeOffset.UtcNow, source, destination, flags, sequence, acknowledgment, 512, payload);
}
