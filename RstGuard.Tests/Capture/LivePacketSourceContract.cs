using System.Net;
using System.Net.Sockets;
using RstGuard.Capture;

namespace RstGuard.Tests.Capture;

/// <summary>What every live packet source must do on the loopback interface beyond showing the traffic.</summary>
public abstract class LivePacketSourceContract : PacketSourceContract
{
    /// <summary>Opens a source with the smallest buffer that it takes.</summary>
    protected abstract IPacketSource OpenSmall(CaptureFilter filter);

    [Fact]
    public void NothingSent_TimesOut()
    {
        using IPacketSource source = Open(new CaptureFilter { Addresses = [Address(8)] });
        Assert.Equal(ReadResult.TimedOut, ReadSegment(source, out _, TimeSpan.FromMilliseconds(30)));
        Assert.Equal(ReadResult.TimedOut, ReadSegment(source, out _, TimeSpan.Zero));
    }

    [Fact]
    public async Task Dispose_EndsAPendingRead()
    {
        using IPacketSource source = Open(new CaptureFilter { Addresses = [Address(9)] });
        TaskCompletionSource reading = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<ReadResult> read = Task.Factory.StartNew(
            () =>
            {
                reading.SetResult();
                return ReadSegment(source, out _, Patience * 3);
            },
            TaskCreationOptions.LongRunning);

        await reading.Task;
        await Task.Delay(50);
        source.Dispose();

        Assert.Equal(ReadResult.Ended, await read.WaitAsync(Patience));
        Assert.Equal(ReadResult.Ended, source.Read(out _, TimeSpan.Zero));
        Assert.Equal(0, source.GetStatistics().Dropped);
    }

    [Fact]
    public void FullBuffer_IsCountedAsDropped()
    {
        IPAddress address = Address(10);
        using IPacketSource source = OpenSmall(new CaptureFilter { Addresses = [address] });

        Exchange(address, bytes: 16 * 1024 * 1024);

        int read = ReadAll(source, until: null).Count;
        CaptureStatistics statistics = source.GetStatistics();
        Assert.True(statistics.Dropped > 0, $"16 MiB went through a small buffer that nobody read: {statistics}, {read} packets read.");
        Assert.True(statistics.Received >= read + statistics.Dropped, $"{statistics}, {read} packets read.");
    }

    [Fact]
    public void SentinelDatagram_PassesTheFilter()
    {
        using IPacketSource source = Open(new CaptureFilter { Addresses = [Address(11)] });
        byte[] payload = [.. "RstGuard"u8, .. Guid.NewGuid().ToByteArray()];
        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        sender.Bind(new IPEndPoint(Address(11), 0));

        // To itself: nothing answers with an ICMP error.
        sender.SendTo(payload, sender.LocalEndPoint!);

        bool isOurs;
        do
        {
            Assert.Equal(ReadResult.Packet, source.Read(out CapturedPacket packet, Patience));
            isOurs = packet.Data.EndsWith(payload);
        }
        while (!isOurs);
    }
}
