using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using RstGuard.CallSites;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Tests.CallSites;

namespace RstGuard.Tests.Guard;

[IntentionalReset("The guard must see these resets.")]
public sealed class ResetGuardTests
{
    [Fact]
    public async Task GuardThatSeesNoReset_Passes()
    {
        Capture();
        IPAddress address = IPAddress.Parse("127.61.0.1");
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
        Capture();
        IPAddress address = IPAddress.Parse("127.61.0.2");
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
        Capture();
        IPAddress address = IPAddress.Parse("127.61.0.3");
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
        Capture();
        IPAddress address = IPAddress.Parse("127.61.0.4");
        using var bothWatch = new Barrier(2);
        Task<int> resetting = Task.Run(() => Test(resets: true));
        Task<int> innocent = Task.Run(() => Test(resets: false));

        Assert.Equal((1, 0), (await resetting, await innocent));

        async Task<int> Test(bool resets)
        {
            await using ResetGuard guard = ResetGuard.Start(On(address));
            Assert.True(bothWatch.SignalAndWait(TimeSpan.FromSeconds(30)));
            (Socket socket, Socket peer) = LoopbackConnection.Open(address);
            if (resets)
            {
                socket.LingerState = new LingerOption(true, 0);
            }

            socket.Dispose();
            peer.Dispose();
            Assert.True(bothWatch.SignalAndWait(TimeSpan.FromSeconds(30)));
            await guard.StopAsync();
            return guard.Resets.Count(reset => !reset.Verdict.FollowsEarlierReset);
        }
    }

    [Fact]
    public async Task MissingCapture_IsInconclusiveWithItsRemedy()
    {
        var options = new ResetGuardOptions { OpenSource = _ => throw new CaptureUnavailableException("No privilege.", "Take this remedy.") };
        await using ResetGuard guard = ResetGuard.Start(options);
        ResetGuardInconclusiveException exception = await Assert.ThrowsAsync<ResetGuardInconclusiveException>(() => guard.AssertNoResetsAsync());
        Assert.Contains("Take this remedy.", exception.Message, StringComparison.Ordinal);

        await ResetGuard.RunAsync(() => Task.CompletedTask, options with { AllowInconclusive = true });
    }

    [Fact]
    public async Task LostPackets_AreInconclusive()
    {
        Capture();
        IPAddress address = IPAddress.Parse("127.61.0.5");
        await using ResetGuard guard = ResetGuard.Start(On(address) with { OpenSource = filter => new LosingSource(LinuxPacketSocket.OpenLoopback(filter)) });
        await Assert.ThrowsAsync<ResetGuardInconclusiveException>(() => guard.AssertNoResetsAsync());
    }

    [Fact]
    public async Task Resets_BeforeTheGuardIsAsked_AreNotClaimedToBeNone()
    {
        Capture();
        await using ResetGuard guard = ResetGuard.Start(On(IPAddress.Parse("127.61.0.6")));
        Assert.Throws<InvalidOperationException>(() => guard.Resets);
    }

    private static ResetGuardOptions On(IPAddress address) => new() { Filter = new CaptureFilter { Addresses = [address] } };

    private static void Capture()
    {
        CapabilityProbe probe = CaptureCapability.ProbePacketSocket();
        Requirement.Check("capture", probe.IsAvailable, probe.Reason);
    }

    private static int Line([CallerLineNumber] int line = 0) => line;

    private sealed class LosingSource(IPacketSource inner) : IPacketSource
    {
        public string Description => inner.Description;

        public bool IsLive => inner.IsLive;

        public ReadResult Read(out CapturedPacket packet, TimeSpan timeout) => inner.Read(out packet, timeout);

        public CaptureStatistics GetStatistics() => inner.GetStatistics() with { Dropped = 1 };

        public void Dispose() => inner.Dispose();
    }
}
