using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using RstGuard.Capture;
using RstGuard.Lab;
using RstGuard.Tcp;
using RstGuard.Tests.Diagnosis;

namespace RstGuard.Tests.Lab;

/// <summary>A frame of a VLAN, as it comes through a wire: the kernel takes the tag off before the packet socket sees the frame.</summary>
public sealed class TaggedFrameTests
{
    private static readonly IPEndPoint Source = IPEndPoint.Parse("10.9.8.7:7777");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TaggedFrame_IsReadBehindItsTag(bool ring)
    {
        Requirement.Check("netns", OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "a further network namespace in this process needs root on Linux");
        Requirement.Check("netns", LabNetwork.Need, LabNetwork.Ip);
        using NamespaceThread thread = await NamespaceThread.StartAsync();
        Assert.Equal((Source, TcpFlags.Reset), await thread.InvokeAsync(() => ReadOne(ring)));
    }

    private static (IPEndPoint, TcpFlags) ReadOne(bool ring)
    {
        LabNetwork.RunProgram("ip", "link", "add", "near", "type", "veth", "peer", "name", "far");
        LabNetwork.RunProgram("ip", "link", "set", "near", "up");
        LabNetwork.RunProgram("ip", "link", "set", "far", "up");
        using IPacketSource source = LinuxPacketSocket.OpenLoopback(
            new CaptureFilter { Addresses = [Source.Address] }, new LinuxPacketSocketOptions { InterfaceName = "near", UseRing = ring });
        byte[] packet = new WireSegment(Source, IPEndPoint.Parse("10.9.8.6:9"), TcpFlags.Reset, 1, 0).ToPacket().Data.ToArray();
        using Socket sender = new(AddressFamily.Packet, SocketType.Raw, 0);
        sender.SendTo([.. new byte[12], 0x81, 0x00, 0x00, 0x05, 0x08, 0x00, .. packet], new FarEndPoint());
        Assert.Equal(ReadResult.Packet, source.Read(out CapturedPacket captured, TimeSpan.FromSeconds(10)));
        Assert.True(TcpSegment.TryParse(captured, out TcpSegment segment));
        return (segment.Source.ToIPEndPoint(), segment.Flags);
    }

    private sealed class FarEndPoint : EndPoint
    {
        public override AddressFamily AddressFamily => AddressFamily.Packet;

        public override SocketAddress Serialize()
        {
            SocketAddress address = new(AddressFamily.Packet, 20);
            BinaryPrimitives.WriteInt32LittleEndian(address.Buffer.Span[4..], (int)LinuxSystemCalls.InterfaceIndex("far"));
            return address;
        }
    }
}
