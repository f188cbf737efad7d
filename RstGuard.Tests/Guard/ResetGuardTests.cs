using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RstGuard.CallSites;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Scenarios;
using RstGuard.Tests.CallSites;
using static RstGuard.Tests.Guard.Guarded;

namespace RstGuard.Tests.Guard;

[IntentionalReset("The guard must see these resets.")]
public sealed class ResetGuardTests
{
    [Fact]
    public async Task GuardThatSeesNoReset_Passes()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetGuard guard = ResetGuard.Start(On(address));
        (Socket socket, Socket peer) = LoopbackConnection.Open(address);
        socket.Send([1]);
        Assert.Equal(1, peer.Receive(new byte[1]));
        socket.Dispose();
        peer.Dispose();

        await guard.AssertNoResetsAsync();
        Assert.Empty(guard.Resets);
    }

    [Fact]
    public async Task LingerZero_FailsWithCauseAndLine()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetGuard guard = ResetGuard.Start(On(address));
        (Socket socket, Socket peer) = LoopbackConnection.Open(address);
        socket.LingerState = new LingerOption(true, 0);
        int line = Line() + 1;
        socket.Dispose();
        peer.Dispose();

        ResetDetectedException exception = await Assert.ThrowsAsync<ResetDetectedException>(() => guard.AssertNoResetsAsync());
        GuardedReset reset = Assert.Single(exception.Resets);
        Assert.Equal((ResetCause.LingerZero, Confidence.Certain, CloseOrigin.UserLingerZero), (reset.Cause, reset.Confidence, reset.Origin));
        Assert.Equal(line, reset.Site?.Line?.Line);
        Assert.Contains($"{nameof(ResetGuardTests)}.cs:{line}", exception.Message, StringComparison.Ordinal);
        Assert.Contains("RST1001", exception.Message, StringComparison.Ordinal);
        Assert.Contains("<== the reset", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnreadData_FailsWithCauseAndLine()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetGuard guard = ResetGuard.Start(On(address));
        (Socket socket, Socket peer) = LoopbackConnection.Open(address);
        peer.Send(new byte[11]);
        Assert.True(SpinWait.SpinUntil(() => socket.Available == 11, TimeSpan.FromSeconds(10)));
        int line = Line() + 1;
        socket.Close();
        peer.Dispose();

        ResetDetectedException exception = await Assert.ThrowsAsync<ResetDetectedException>(() => guard.AssertNoResetsAsync());
        GuardedReset reset = Assert.Single(exception.Resets);
        Assert.Equal((ResetCause.CloseWithUnread, line, 11), (reset.Cause, reset.Site?.Line?.Line, reset.UnreadBytes));
    }

    [Fact]
    public async Task ParallelGuards_DoNotFailEachOther()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        var bothWatch = new Rendezvous(2);
        var bothDone = new Rendezvous(2);
        Task<int> resetting = Task.Run(() => Test(resets: true));
        Task<int> innocent = Task.Run(() => Test(resets: false));

        Assert.Equal((1, 0), (await resetting, await innocent));

        async Task<int> Test(bool resets)
        {
            await using ResetGuard guard = ResetGuard.Start(On(address));
            await bothWatch.ArriveAsync();
            (Socket socket, Socket peer) = LoopbackConnection.Open(address);
            if (resets)
            {
                socket.LingerState = new LingerOption(true, 0);
            }

            socket.Dispose();
            peer.Dispose();
            await bothDone.ArriveAsync();
            await guard.StopAsync();
            return guard.Resets.Count(reset => !reset.Verdict.FollowsEarlierReset);
        }
    }

    [Fact]
    public async Task MissingCapture_IsInconclusiveWithItsRemedy()
    {
        ResetGuardOptions options = WithoutCapture;
        await using ResetGuard guard = ResetGuard.Start(options);
        ResetGuardInconclusiveException exception = await Assert.ThrowsAsync<ResetGuardInconclusiveException>(() => guard.AssertNoResetsAsync());
        Assert.Contains("Take this remedy.", exception.Message, StringComparison.Ordinal);

        await ResetGuard.RunAsync(() => Task.CompletedTask, options with { AllowInconclusive = true });
    }

    [Fact]
    public async Task LostPackets_AreInconclusive()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetGuard guard = ResetGuard.Start(On(address) with { OpenSource = filter => new LosingSource(LinuxPacketSocket.OpenLoopback(filter)) });
        await Assert.ThrowsAsync<ResetGuardInconclusiveException>(() => guard.AssertNoResetsAsync());
    }

    [Fact]
    public async Task Resets_BeforeTheGuardIsAsked_AreNotClaimedToBeNone()
    {
        NeedsCapture();
        await using ResetGuard guard = ResetGuard.Start(On(LoopbackPair.UniqueAddress()));
        Assert.Throws<InvalidOperationException>(() => guard.Resets);
    }

    [Fact]
    public async Task ResetOfAnOutsidePeer_IsReportedAndDoesNotFail()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetGuard guard = ResetGuard.Start(On(address));
        using var listener = new TcpListener(address, 0);
        listener.Start();
        Task<string> outsider = OutsideProcess.RunAsync("connect-and-reset", (IPEndPoint)listener.LocalEndpoint);
        using (Socket accepted = await listener.AcceptSocketAsync(new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token))
        {
            accepted.Send([1]);
            await outsider;
        }

        await guard.AssertNoResetsAsync();
        GuardedReset reset = Assert.Single(guard.Resets);
        Assert.Equal((false, ResetShape.Active), (reset.SentByThisProcess, reset.Verdict.Shape));
        Assert.Null(reset.Site);
        Assert.Empty(guard.ForeignResets);
    }

    [Fact]
    public async Task ReceivedReset_FailsWhereThatIsAskedFor()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetGuard guard = ResetGuard.Start(On(address) with { FailOnReceived = true });
        using var listener = new TcpListener(address, 0);
        listener.Start();
        Task<string> outsider = OutsideProcess.RunAsync("connect-and-reset", (IPEndPoint)listener.LocalEndpoint);
        using (Socket accepted = await listener.AcceptSocketAsync(new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token))
        {
            accepted.Send([1]);
            await outsider;
        }

        // The outsider's reset alone leaves two causes open: it counts, and is not blamed on one.
        ResetGuardInconclusiveException exception = await Assert.ThrowsAsync<ResetGuardInconclusiveException>(() => guard.AssertNoResetsAsync());
        Assert.Equal(false, Assert.Single(exception.Resets).SentByThisProcess);
    }

    [Fact]
    public async Task ResetBetweenTwoOutsiders_IsNoted()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetGuard guard = ResetGuard.Start(On(address));
        string ends = await OutsideProcess.RunAsync("reset-itself", new IPEndPoint(address, 0));

        await guard.AssertNoResetsAsync();
        Assert.Empty(guard.Resets);
        ResetVerdict reset = Assert.Single(guard.ForeignResets);
        Assert.Equal(ends, $"{reset.Sender} {reset.Receiver}");
        Assert.Contains($"{reset.Sender} reset {reset.Receiver}", Assert.Single(guard.Notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("RstGuard.NoSuchSource", "does not exist")]
    [InlineData("System.Net.Sockets", "their text is not the one that is known")]
    public async Task EventsThatCanNotBeTrusted_LeaveOutLinesAndSayWhy(string source, string reason)
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        ResetGuardOptions options = On(address) with { AcquireEvents = () => SocketEventLog.AcquireAlone(source) };
        await using ResetGuard guard = ResetGuard.Start(options);
        (Socket socket, Socket peer) = LoopbackConnection.Open(address);
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
        peer.Dispose();

        ResetGuardInconclusiveException exception = await Assert.ThrowsAsync<ResetGuardInconclusiveException>(() => guard.AssertNoResetsAsync());
        GuardedReset reset = Assert.Single(exception.Resets);
        Assert.Null(reset.Site);
        Assert.Null(reset.SentByThisProcess);
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
        Assert.Contains("<== the reset", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("closed at", exception.Message, StringComparison.Ordinal);

        await ResetGuard.RunAsync(() => Task.CompletedTask, options);
    }

    [Fact]
    public async Task EventsThatCanNotBeTrusted_PassWhereTheCaptureSawThatNothingWasReset()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetGuard guard = ResetGuard.Start(On(address) with { AcquireEvents = () => SocketEventLog.AcquireAlone("RstGuard.NoSuchSource") });
        (Socket socket, Socket peer) = LoopbackConnection.Open(address);
        socket.Dispose();
        peer.Dispose();

        await guard.AssertNoResetsAsync();
        Assert.Empty(guard.Resets);
    }

    [Fact]
    public async Task EventsThatCanNotBeTrusted_AndNoCapture_AreInconclusive()
    {
        await using ResetGuard guard = ResetGuard.Start(WithoutCapture with { AcquireEvents = () => SocketEventLog.AcquireAlone("RstGuard.NoSuchSource") });

        ResetGuardInconclusiveException exception = await Assert.ThrowsAsync<ResetGuardInconclusiveException>(() => guard.AssertNoResetsAsync());
        Assert.Contains("no packet can be captured here", exception.Message, StringComparison.Ordinal);
        Assert.Contains("nothing can be deduced from closes either", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ResetOfThisProcessWhoseCauseCanNotBeTold_IsInconclusiveNotGreen()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetGuard guard = ResetGuard.Start(On(address));
        (Socket socket, Socket peer) = LoopbackConnection.Open(address);
        peer.Send(new byte[3]);
        Assert.True(SpinWait.SpinUntil(() => socket.Available == 3, TimeSpan.FromSeconds(10)));

        // Behind the runtime's back, so that no event tells how it was closed.
        Assert.Equal(0, CloseDescriptor((int)socket.SafeHandle.DangerousGetHandle()));
        socket.SafeHandle.SetHandleAsInvalid();
        peer.Dispose();

        ResetGuardInconclusiveException exception = await Assert.ThrowsAsync<ResetGuardInconclusiveException>(() => guard.AssertNoResetsAsync());
        GuardedReset reset = Assert.Single(exception.Resets);
        Assert.Equal((true, Confidence.Ambiguous, null), (reset.SentByThisProcess, reset.Confidence, reset.Cause));
        Assert.Contains("Ambiguous: CloseWithUnread, LingerZero", exception.Message, StringComparison.Ordinal);
        Assert.Contains("<== the reset", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CauseBelowTheConfidenceAskedFor_IsInconclusiveNotGreen()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetGuard guard = ResetGuard.Start(On(address) with { MinimumConfidence = Confidence.Certain });
        CloseWithUnread(address);

        ResetGuardInconclusiveException exception = await Assert.ThrowsAsync<ResetGuardInconclusiveException>(() => guard.AssertNoResetsAsync());
        Assert.Equal(ResetCause.CloseWithUnread, Assert.Single(exception.Resets).Cause);
    }

    [Fact]
    public async Task AllowedCause_IsReportedAndDoesNotFail()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetGuard guard = ResetGuard.Start(On(address) with { Allowed = [ResetCause.CloseWithUnread] });
        CloseWithUnread(address);

        await guard.AssertNoResetsAsync();
        Assert.Equal(ResetCause.CloseWithUnread, Assert.Single(guard.Resets).Cause);
    }

    [Fact]
    public async Task ClosedListener_FailsForTheConnectionThatWaited()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetGuard guard = ResetGuard.Start(On(address));
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var listener = new TcpListener(address, 0);
        listener.Start();
        client.Connect(listener.LocalEndpoint);
        int line = Line() + 1;
        listener.Stop();

        ResetDetectedException exception = await Assert.ThrowsAsync<ResetDetectedException>(() => guard.AssertNoResetsAsync());
        GuardedReset reset = Assert.Single(exception.Resets);
        Assert.Equal((ResetCause.ListenerClosed, Confidence.Likely, line), (reset.Cause, reset.Confidence, reset.Site?.Line?.Line));
    }

    [Fact]
    public async Task TcpClientWithUnreadData_FailsWithCauseAndLine()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetGuard guard = ResetGuard.Start(On(address));
        using var listener = new TcpListener(address, 0);
        listener.Start();
        var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using Socket server = await listener.AcceptSocketAsync();
        server.Send(new byte[7]);
        Assert.True(SpinWait.SpinUntil(() => client.Available == 7, TimeSpan.FromSeconds(10)));
        int line = Line() + 1;
        client.Close();

        ResetDetectedException exception = await Assert.ThrowsAsync<ResetDetectedException>(() => guard.AssertNoResetsAsync());
        GuardedReset reset = Assert.Single(exception.Resets);
        Assert.Equal((ResetCause.CloseWithUnread, 7, line), (reset.Cause, reset.UnreadBytes, reset.Site?.Line?.Line));
    }

    [Theory]
    [InlineData(true, ResetCause.LingerZero)]
    [InlineData(false, ResetCause.CloseWithUnread)]
    public async Task WithoutACapture_AbortiveCloseIsDeduced(bool lingerZero, ResetCause cause)
    {
        await using ResetGuard guard = ResetGuard.Start(WithoutCapture);
        (Socket socket, Socket peer) = LoopbackConnection.Open();
        if (lingerZero)
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        else
        {
            peer.Send(new byte[5]);
            Assert.True(SpinWait.SpinUntil(() => socket.Available == 5, TimeSpan.FromSeconds(10)));
        }

        int line = Line() + 1;
        socket.Dispose();
        peer.Dispose();

        ResetDetectedException exception = await Assert.ThrowsAsync<ResetDetectedException>(() => guard.AssertNoResetsAsync());
        GuardedReset reset = Assert.Single(exception.Resets);
        Assert.Equal((cause, Confidence.Likely, ResetBasis.Deduced, line), (reset.Cause, reset.Confidence, reset.Basis, reset.Site?.Line?.Line));
        Assert.Contains($"{cause} (Likely, deduced)", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Take this remedy.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutACapture_PlainClosesAreInconclusive()
    {
        await using ResetGuard guard = ResetGuard.Start(WithoutCapture);
        (Socket socket, Socket peer) = LoopbackConnection.Open();
        socket.Dispose();
        peer.Dispose();

        ResetGuardInconclusiveException exception = await Assert.ThrowsAsync<ResetGuardInconclusiveException>(() => guard.AssertNoResetsAsync());
        Assert.Empty(exception.Resets);
    }

    [Theory]
    [InlineData("LingerZero", ResetCause.LingerZero)]
    [InlineData("CloseWithUnread", ResetCause.CloseWithUnread)]
    [InlineData("pending receive", ResetCause.LingerZero)]
    [InlineData("in order", null)]
    public async Task OnASystemWhoseSocketsOnlyDotNetReads_AbortiveCloseIsDeduced(string closes, ResetCause? cause)
    {
        ResetGuardOptions options = WithoutCapture with { AcquireEvents = () => SocketEventLog.AcquireAlone(reader: new PortableSocketReader()) };
        await using ResetGuard guard = ResetGuard.Start(options);
        (Socket socket, Socket peer) = LoopbackConnection.Open();
        switch (closes)
        {
            case "LingerZero":
                socket.LingerState = new LingerOption(true, 0);
                break;
            case "CloseWithUnread":
                peer.Send(new byte[5]);
                Assert.True(SpinWait.SpinUntil(() => socket.Available == 5, TimeSpan.FromSeconds(10)));
                break;
            case "pending receive":
                _ = socket.ReceiveAsync(new byte[1]).ContinueWith(task => task.Exception, TaskScheduler.Default);
                break;
        }

        int line = Line() + 1;
        socket.Dispose();
        peer.Dispose();

        ResetGuardException exception = await Assert.ThrowsAnyAsync<ResetGuardException>(() => guard.AssertNoResetsAsync());
        GuardedReset[] resets = [.. guard.Resets];
        Assert.Equal(cause is null ? [] : [(cause.Value, Confidence.Likely, ResetBasis.Deduced, (int?)line)], resets.Select(reset => (reset.Candidates[0], reset.Confidence, reset.Basis, reset.Site?.Line?.Line)));
        Assert.Equal(cause is null, exception is ResetGuardInconclusiveException);
        Assert.Contains("Take this remedy.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CaptureThatBeganLate_IsInconclusive()
    {
        NeedsCapture();
        LateSource? late = null;
        await using ResetGuard guard = ResetGuard.Start(On(LoopbackPair.UniqueAddress()) with { OpenSource = filter => late = new LateSource(filter) });
        late!.Begin();
        ResetGuardInconclusiveException exception = await Assert.ThrowsAsync<ResetGuardInconclusiveException>(() => guard.AssertNoResetsAsync());
        Assert.Contains("started late", Assert.Single(exception.Reasons), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConnectionThatTheCaptureDoesNotShow_IsInconclusive()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        IPAddress another = LoopbackPair.UniqueAddress();
        await using ResetGuard guard = ResetGuard.Start(On(address) with { OpenSource = _ => LinuxPacketSocket.OpenLoopback(On(another).Filter) });
        (Socket socket, Socket peer) = LoopbackConnection.Open(address);
        socket.Dispose();
        peer.Dispose();
        ResetGuardInconclusiveException exception = await Assert.ThrowsAsync<ResetGuardInconclusiveException>(() => guard.AssertNoResetsAsync());
        Assert.Contains("never showed up in the capture", Assert.Single(exception.Reasons), StringComparison.Ordinal);
    }

    private static void CloseWithUnread(IPAddress address)
    {
        (Socket socket, Socket peer) = LoopbackConnection.Open(address);
        peer.Send(new byte[3]);
        Assert.True(SpinWait.SpinUntil(() => socket.Available == 3, TimeSpan.FromSeconds(10)));
        socket.Dispose();
        peer.Dispose();
    }

    [DllImport("libc", EntryPoint = "close")]
    private static extern int CloseDescriptor(int descriptor);

    /// <summary>Captures nothing until it is told to begin.</summary>
    private sealed class LateSource(CaptureFilter filter) : IPacketSource
    {
        private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(1);

        private volatile IPacketSource? _inner;

        public string Description => "a capture that begins late";

        public bool IsLive => true;

        public void Begin() => _inner = LinuxPacketSocket.OpenLoopback(filter);

        public ReadResult Read(out CapturedPacket packet, TimeSpan timeout)
        {
            if (_inner is { } inner)
            {
                return inner.Read(out packet, timeout);
            }

            packet = default;
            Thread.Sleep(Idle);
            return ReadResult.TimedOut;
        }

        public CaptureStatistics GetStatistics() => _inner?.GetStatistics() ?? default;

        public void Dispose() => _inner?.Dispose();
    }

    private sealed class LosingSource(IPacketSource inner) : IPacketSource
    {
        public string Description => inner.Description;

        public bool IsLive => inner.IsLive;

        public ReadResult Read(out CapturedPacket packet, TimeSpan timeout) => inner.Read(out packet, timeout);

        public CaptureStatistics GetStatistics() => inner.GetStatistics() with { Dropped = 1 };

        public void Dispose() => inner.Dispose();
    }
}
