using System.Net;
using System.Net.Sockets;
using RstGuard.Capture;
using RstGuard.Tcp;

namespace RstGuard.Tests.Capture;

/// <summary>What a guard relies on at its end: that nothing which was sent before it is still on its way to the capture.</summary>
[Collection(nameof(LoopbackBacklogTests))]
public sealed class LoopbackBacklogTests
{
    [Fact]
    public async Task Drain_Ends_OnABusyMachineToo()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The backlogs of other systems can't be drained.");
        using (new Load(Environment.ProcessorCount))
        {
            Assert.True(await LoopbackBacklog.DrainAsync(TimeSpan.FromSeconds(10)));
        }
    }

    [Fact]
    public async Task Drain_WithoutTime_SaysThatItDidNot() => Assert.False(await LoopbackBacklog.DrainAsync(TimeSpan.Zero));

    [Fact]
    public async Task ResetOfAClose_IsCapturedWhenTheCloseReturns()
    {
        CapabilityProbe probe = CaptureCapability.ProbePacketSocket();
        Requirement.Check("capture", probe.IsAvailable, probe.Reason + probe.Remedy);
        Assert.SkipWhen(HeldDescriptors.AreAskedFor, "A socket is not closed when Close returns while a copy of its descriptor is held.");
        IPAddress address = IPAddress.Parse("127.9.14.2");
        using IPacketSource source = LinuxPacketSocket.OpenLoopback(new CaptureFilter { Addresses = [address] });
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(address, 0));
        listener.Listen();
        using (new Load(Environment.ProcessorCount))
        {
            for (int i = 0; i < 100; i++)
            {
                using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await client.ConnectAsync(listener.LocalEndPoint!, TestContext.Current.CancellationToken);
                using Socket server = await listener.AcceptAsync(TestContext.Current.CancellationToken);
                server.LingerState = new LingerOption(true, 0);
                server.Close();

                Assert.Equal(1, ResetsThatWait(source));
            }
        }
    }

    private static int ResetsThatWait(IPacketSource source)
    {
        int resets = 0;
        while (source.Read(out CapturedPacket packet, TimeSpan.Zero) == ReadResult.Packet)
        {
            resets += TcpSegment.TryParse(packet, out TcpSegment segment) && segment.IsReset ? 1 : 0;
        }

        return resets;
    }
}

/// <summary>Alone: a child process that another test starts holds a copy of each socket until exec, and then no close is done when it returns.</summary>
[CollectionDefinition(nameof(LoopbackBacklogTests), DisableParallelization = true)]
public sealed class LoopbackBacklogAlone;
