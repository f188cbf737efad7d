using System.Net;
using System.Net.Sockets;
using RstGuard.CallSites;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Scenarios;
using RstGuard.Tests.CallSites;

namespace RstGuard.Tests.Monitoring;

[IntentionalReset("The monitor must see these resets.")]
public sealed class ResetMonitorTests
{
    private static readonly TimeSpan Ample = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task ResetOfThisProcess_IsCountedAndToldWithItsLine()
    {
        Capture();
        IPAddress address = LoopbackPair.UniqueAddress();
        using var meter = new MeasuredMeter();
        await using ResetMonitor monitor = ResetMonitor.Start(On(address, meter));
        Assert.True(monitor.CapturesPackets);
        Assert.Empty(monitor.Limitations);
        IPEndPoint sender = CloseWithUnread(address);

        GuardedReset reset = await monitor.Resets.ReadAsync().AsTask().WaitAsync(Ample);
        Assert.Equal((ResetCause.CloseWithUnread, true, sender), (reset.Cause, reset.SentByThisProcess, reset.Verdict.Sender));
        Assert.EndsWith($"{nameof(ResetMonitorTests)}.cs", reset.Site?.Line?.File, StringComparison.Ordinal);
        Assert.Equal("CloseWithUnread Strong Sent Seen", Assert.Single(await meter.ResetsAsync(1)).Tell());
        Assert.Equal(1, meter.Observe("rstguard.captures"));
        Assert.Equal(1, meter.Observe("rstguard.connections"));
        Assert.Equal(0, meter.Observe("rstguard.capture.drops"));
    }

    [Fact]
    public async Task ConnectionThatEndsInOrder_IsNotCounted()
    {
        Capture();
        IPAddress address = LoopbackPair.UniqueAddress();
        using var meter = new MeasuredMeter();
        await using ResetMonitor monitor = ResetMonitor.Start(On(address, meter));
        (Socket socket, Socket peer) = LoopbackConnection.Open(address);
        socket.Send(new byte[100]);
        Assert.Equal(100, peer.Receive(new byte[200]));
        socket.Dispose();
        peer.Dispose();
        CloseWithUnread(address);

        // The second connection's reset shows that the first one's end has been passed.
        await monitor.Resets.ReadAsync().AsTask().WaitAsync(Ample);
        Assert.Single(await meter.ResetsAsync(1));
        Assert.False(monitor.Resets.TryRead(out _));
    }

    [Fact]
    public async Task WithoutCallSites_NothingIsMoreThanLikely()
    {
        Capture();
        IPAddress address = LoopbackPair.UniqueAddress();
        using var meter = new MeasuredMeter();
        await using ResetMonitor monitor = ResetMonitor.Start(On(address, meter) with { CallSites = false });
        CloseWithUnread(address);

        GuardedReset reset = await monitor.Resets.ReadAsync().AsTask().WaitAsync(Ample);
        Assert.InRange(reset.Confidence, Confidence.Unknown, Confidence.Likely);
        Assert.Contains(ResetCause.CloseWithUnread, reset.Candidates);
        Assert.DoesNotContain(reset.Verdict.LastSegments, segment => segment.PayloadLength > 1);
        Assert.Null(reset.Site);
        Assert.Equal("Unknown", Assert.Single(await meter.ResetsAsync(1)).Tags["direction"]);
    }

    [Fact]
    public async Task WithoutTheRightToCapture_WhatClosesMustHaveDoneIsTold()
    {
        Events();
        IPAddress address = LoopbackPair.UniqueAddress();
        using var meter = new MeasuredMeter();
        await using ResetMonitor monitor = ResetMonitor.Start(On(address, meter) with { OpenSource = Refuse });
        Assert.False(monitor.CapturesPackets);
        Assert.Contains(monitor.Limitations, text => text.Contains("needs a right", StringComparison.Ordinal));
        Assert.Contains(monitor.Limitations, text => text.StartsWith("Without packets only", StringComparison.Ordinal));
        IPEndPoint sender = CloseWithUnread(address);

        // Other tests of this process close sockets too.
        GuardedReset reset;
        do
        {
            reset = await monitor.Resets.ReadAsync().AsTask().WaitAsync(Ample);
        }
        while (!reset.Verdict.Sender.Equals(sender));

        Assert.Equal((ResetCause.CloseWithUnread, Confidence.Likely, ResetBasis.Deduced), (reset.Cause, reset.Confidence, reset.Basis));
        Assert.Contains(await meter.ResetsAsync(1), counted => counted.Tell() == "CloseWithUnread Likely Sent Deduced");
        Assert.Equal(0, meter.Observe("rstguard.captures"));
    }

    [Fact]
    public async Task WithNeitherPacketsNorEvents_ItSaysThatNothingIsSeen()
    {
        await using ResetMonitor monitor = ResetMonitor.Start(new ResetMonitorOptions
        {
            Interfaces = ["lo"],
            OpenSource = Refuse,
            AcquireEvents = () => SocketEventLog.AcquireAlone("No.Such.Source"),
        });
        Assert.False(monitor.CapturesPackets);
        Assert.Contains(monitor.Limitations, text => text.Contains("can't be trusted", StringComparison.Ordinal));
        Assert.Contains(monitor.Limitations, text => text.StartsWith("Nothing is seen", StringComparison.Ordinal));
    }

    [Fact]
    public async Task CaptureThatBreaks_IsToldAndTheEventsGoOn()
    {
        Events();
        IPAddress address = LoopbackPair.UniqueAddress();
        using var meter = new MeasuredMeter();
        using var source = new BreakingSource();
        await using ResetMonitor monitor = ResetMonitor.Start(On(address, meter) with { OpenSource = (_, _) => source });
        Assert.True(monitor.CapturesPackets);
        source.Break();
        Assert.True(SpinWait.SpinUntil(() => !monitor.CapturesPackets, Ample));
        Assert.Contains(monitor.Limitations, text => text.Contains("the interface is down", StringComparison.Ordinal));
        IPEndPoint sender = CloseWithUnread(address);
        while (!(await monitor.Resets.ReadAsync().AsTask().WaitAsync(Ample)).Verdict.Sender.Equals(sender))
        {
        }
    }

    [Fact]
    public async Task StormOfResets_IsCountedWhollyAndExaminedInPart()
    {
        Capture();
        const int Storm = 300;
        IPAddress address = LoopbackPair.UniqueAddress();
        using var meter = new MeasuredMeter();
        await using ResetMonitor monitor = ResetMonitor.Start(On(address, meter) with { MaxResetsPerSecond = 2, MaxConnections = 16, QueueLength = 1 });
        for (int i = 0; i < Storm; i++)
        {
            (Socket socket, Socket peer) = LoopbackConnection.Open(address);
            socket.LingerState = new LingerOption(true, 0);
            socket.Dispose();
            peer.Dispose();
        }

        MeasuredMeter.Reading[] counted = await meter.ResetsAsync(Storm);
        Assert.Equal(Storm, counted.Length);
        Assert.Contains(counted, reset => reset.Tags["cause"] == "LingerZero" && reset.Tags["direction"] == "Sent");
        Assert.Contains(counted, reset => reset.Tell() == "Unknown Unknown Unknown Seen");
        Assert.InRange(meter.Observe("rstguard.connections")!.Value, 1, 16);
    }

    [Fact]
    public async Task Disposal_EndsTheCaptureTheQueueAndTheMeter()
    {
        using var meter = new MeasuredMeter();
        using var source = new BreakingSource();
        ResetMonitor monitor = ResetMonitor.Start(new ResetMonitorOptions { Interfaces = ["lo"], OpenSource = (_, _) => source, MeterFactory = meter, CallSites = false });
        Assert.Equal(1, meter.Observe("rstguard.captures"));
        await monitor.DisposeAsync();
        await monitor.DisposeAsync();
        Assert.True(source.IsDisposed);
        Assert.True(monitor.Resets.Completion.IsCompleted);
        Assert.Null(meter.Observe("rstguard.captures"));
    }

    [Fact]
    public void OptionsOutOfRange_AreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ResetMonitor.Start(new ResetMonitorOptions { MaxConnections = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => ResetMonitor.Start(new ResetMonitorOptions { MaxResetsPerSecond = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => ResetMonitor.Start(new ResetMonitorOptions { QueueLength = 65_537 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => ResetMonitor.Start(new ResetMonitorOptions { Interfaces = [.. Enumerable.Repeat("lo", 17)] }));
    }

    private static ResetMonitorOptions On(IPAddress address, MeasuredMeter meter) =>
        new() { Filter = new CaptureFilter { Addresses = [address] }, Interfaces = ["lo"], MeterFactory = meter };

    private static IPEndPoint CloseWithUnread(IPAddress address)
    {
        (Socket socket, Socket peer) = LoopbackConnection.Open(address);
        peer.Send(new byte[7]);
        Assert.True(SpinWait.SpinUntil(() => socket.Available == 7, Ample));
        var sender = (IPEndPoint)socket.LocalEndPoint!;
        socket.Dispose();
        peer.Dispose();
        return sender;
    }

    private static IPacketSource Refuse(string name, CaptureFilter filter) => throw new CaptureUnavailableException("It needs a right.", "Ask for it.");

    private static void Capture()
    {
        CapabilityProbe probe = CaptureCapability.ProbePacketSocket();
        Requirement.Check("capture", probe.IsAvailable, probe.Reason);
        Events();
    }

    private static void Events()
    {
        using SocketEventLog.Lease lease = SocketEventLog.Acquire();
        Assert.SkipWhen(lease.Log.Distrust is not null, lease.Log.Distrust ?? "");
    }

    private sealed class BreakingSource : IPacketSource
    {
        private volatile bool _broken;

        public string Description => "a source that breaks";

        public bool IsLive => true;

        public bool IsDisposed { get; private set; }

        public void Break() => _broken = true;

        public ReadResult Read(out CapturedPacket packet, TimeSpan timeout)
        {
            Thread.Sleep(1);
            packet = default;
            return _broken ? throw new CaptureException("the interface is down") : ReadResult.TimedOut;
        }

        public CaptureStatistics GetStatistics() => default;

        public void Dispose() => IsDisposed = true;
    }
}
