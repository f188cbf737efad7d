using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using RstGuard.Capture;
using RstGuard.Tcp;
using RstGuard.Tests.Diagnosis;

namespace RstGuard.Tests.Capture;

/// <summary>The capture contract over the Linux packet socket, and what frames of our own making show.</summary>
public abstract class LinuxPacketSocketContract : LivePacketSourceContract
{
    [Fact]
    public void ExtensionHeaders_AreFollowedToThePort()
    {
        // IPv6 has one loopback address: a port of this class alone.
        int wanted = 7_000 + (10 * Network);
        using IPacketSource source = Open(new CaptureFilter { Ports = [wanted] });

        foreach (int port in (int[])[wanted + 1, wanted])
        {
            // Hop-by-hop options, a destination option, an atomic fragment.
            byte[] plain = Packet(IPAddress.IPv6Loopback, port);
            byte[] extensions = Convert.FromHexString("3c00010400000000" + "2c00010400000000" + "0600000000000001");
            byte[] extended = [.. plain[..40], .. extensions, .. plain[40..]];
            extended[6] = 0;
            BinaryPrimitives.WriteUInt16BigEndian(extended.AsSpan(4), (ushort)(extended.Length - 40));
            SendFrame([0x86, 0xdd], extended);
        }

        Assert.Equal(ReadResult.Packet, ReadPacket(source, out CapturedPacket packet));
        Assert.True(TcpSegment.TryParse(packet, out TcpSegment segment));
        Assert.Equal(wanted, segment.Source.Port);
        Assert.Equal(ReadResult.TimedOut, ReadPacket(source, out _));
    }

    protected static IPacketSource Open(CaptureFilter filter, LinuxPacketSocketOptions options)
    {
        try
        {
            return LinuxPacketSocket.OpenLoopback(filter, options);
        }
        catch (CaptureUnavailableException exception)
        {
            Requirement.Check("capture", false, exception.Message);
            throw;
        }
    }

    // A reset to nobody: whoever gets it stays silent.
    private static byte[] Packet(IPAddress address, int port) =>
        new WireSegment(new IPEndPoint(address, port), new IPEndPoint(address, 9), TcpFlags.Reset, 1, 0).ToPacket().Data.ToArray();

    private static void SendFrame(byte[] protocol, byte[] packet)
    {
        using Socket sender = new(AddressFamily.Packet, SocketType.Raw, 0);
        sender.SendTo([.. new byte[12], .. protocol, .. packet], new InterfaceEndPoint());
    }

    private static ReadResult ReadPacket(IPacketSource source, out CapturedPacket packet)
    {
        ReadResult result;
        do
        {
            result = source.Read(out packet, TimeSpan.FromMilliseconds(400));
        }
        while (result == ReadResult.Packet && packet.Data[0] >> 4 == 4);
        return result;
    }

    /// <summary>The loopback interface as a <c>struct sockaddr_ll</c>.</summary>
    private sealed class InterfaceEndPoint : EndPoint
    {
        public override AddressFamily AddressFamily => AddressFamily.Packet;

        public override SocketAddress Serialize()
        {
            SocketAddress address = new(AddressFamily.Packet, 20);
            BinaryPrimitives.WriteInt32LittleEndian(address.Buffer.Span[4..], NetworkInterface.LoopbackInterfaceIndex);
            return address;
        }
    }
}

/// <summary>By a system call for each packet.</summary>
public sealed class LinuxPacketSocketContractTests : LinuxPacketSocketContract
{
    protected override byte Network => 2;

    protected override IPacketSource Open(CaptureFilter filter) => Open(filter, new LinuxPacketSocketOptions());

    protected override IPacketSource OpenSmall(CaptureFilter filter) => Open(filter, new LinuxPacketSocketOptions { BufferSize = 4096 });
}

/// <summary>By a ring that is read in place.</summary>
public sealed class LinuxPacketRingContractTests : LinuxPacketSocketContract
{
    protected override byte Network => 3;

    [Fact]
    public void BufferTooSmallForARing_IsReadWithoutOne_AndSaysWhy()
    {
        using LinuxPacketSocket source = (LinuxPacketSocket)Open(new CaptureFilter { Addresses = [Address(15)] }, new LinuxPacketSocketOptions { UseRing = true, BufferSize = 4096 });
        Assert.False(source.UsesRing);
        Assert.Contains("524288", source.WhyNoRing);
        Assert.DoesNotContain("ring", source.Description);
    }

    // More than the ring's 32 blocks in turn, and never so many packets at once that each could take a block: all are used again.
    [Fact]
    public void MoreThanTheRingHolds_IsReadWhole()
    {
        const int Bytes = 100_000;
        const int Rounds = 40;
        IPAddress address = Address(16);
        using IPacketSource source = OpenRing(new CaptureFilter { Addresses = [address] }, new LinuxPacketSocketOptions { UseRing = true, BufferSize = 4 * 1024 * 1024 });
        for (int round = 0; round < Rounds; round++)
        {
            Exchange(address, Bytes);
            long payload = 0;
            int fins = 0;
            while (fins < 2 || payload < Bytes)
            {
                Assert.Equal(ReadResult.Packet, ReadSegment(source, out CapturedPacket packet, Patience));
                Segment segment = Segment.Parse(packet);
                payload += segment.PayloadLength;
                fins += segment.Flags.HasFlag(TcpFlags.Fin) ? 1 : 0;
            }
        }

        Assert.Equal(0, source.GetStatistics().Dropped);
    }

    protected override IPacketSource Open(CaptureFilter filter) => OpenRing(filter, new LinuxPacketSocketOptions { UseRing = true });

    protected override IPacketSource OpenSmall(CaptureFilter filter) => OpenRing(filter, new LinuxPacketSocketOptions { UseRing = true, BufferSize = 512 * 1024 });

    private static IPacketSource OpenRing(CaptureFilter filter, LinuxPacketSocketOptions options)
    {
        LinuxPacketSocket source = (LinuxPacketSocket)Open(filter, options);
        Assert.True(source.UsesRing, source.WhyNoRing);
        Assert.Contains("with a ring", source.Description);
        return source;
    }
}
