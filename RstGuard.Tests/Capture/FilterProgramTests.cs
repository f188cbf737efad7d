using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using FsCheck;
using FsCheck.Fluent;
using RstGuard.Capture;
using RstGuard.Tcp;
using RstGuard.Tests.Diagnosis;

namespace RstGuard.Tests.Capture;

/// <summary>Runs filter programs over packets, beside what <see cref="CaptureFilter"/> says in words.</summary>
public sealed class FilterProgramTests
{
    private static readonly IPAddress[] Addresses =
        [IPAddress.Parse("127.0.0.1"), IPAddress.Parse("127.1.2.3"), IPAddress.Parse("127.1.2.4"), IPAddress.IPv6Loopback, IPAddress.Parse("fd00::1"), IPAddress.Parse("fd00::1:1")];

    private static readonly int[] Ports = [80, 443, 5000, 65535];

    // Each begins with the kind of what follows it, which Extended fills in; the second byte is the length where there is one.
    private static readonly (int Kind, byte[] Bytes)[] Extensions =
    [
        (0, new byte[8]),
        (43, Convert.FromHexString("00010000" + "000000000000000000000000")),
        (60, new byte[8]),
        (44, Convert.FromHexString("0000000100000001")),
        (51, Convert.FromHexString("000400000000000000000000000000000000000000000000")),
    ];

    [Fact]
    public void Program_TakesWhatTheFilterSays() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(4000),
        Prop.ForAll(
            (from addresses in Gen.SubListOf(Addresses)
             from ports in Gen.SubListOf(Ports)
             from source in Gen.Elements(Addresses)
             from destination in Gen.Elements(Addresses)
             where source.AddressFamily == destination.AddressFamily
             from sourcePort in Gen.Elements(Ports)
             from destinationPort in Gen.Elements(Ports)
             from incoming in Gen.Frequency((4, Gen.Constant(false)), (1, Gen.Constant(true)))
             from detail in Gen.Elements(CaptureDetail.Packets, CaptureDetail.Full, CaptureDetail.Light)
             from flags in Gen.Elements(TcpFlags.Ack, TcpFlags.Ack | TcpFlags.Push, TcpFlags.Syn, TcpFlags.Fin | TcpFlags.Ack, TcpFlags.Reset)
             from payload in Gen.Elements(0, 1, 2, 500)
             from window in Gen.Elements<ushort>(0, 1)
             from options in Gen.Elements(0, 12, 40)
             from extensions in Gen.SubListOf(Extensions)
             select (Filter: new CaptureFilter { Addresses = [.. addresses], Ports = [.. ports], Detail = detail },
                 Segment: new WireSegment(new IPEndPoint(source, sourcePort), new IPEndPoint(destination, destinationPort), flags, 1, 2) { Payload = new byte[payload], Window = window, Options = new byte[options] },
                 Extensions: source.AddressFamily == AddressFamily.InterNetworkV6 ? extensions : [],
                 Incoming: incoming)).ToArbitrary(),
            one =>
            {
                WireSegment segment = one.Segment;
                CaptureFilter filter = one.Filter;
                bool wanted = !one.Incoming
                    && (filter.Addresses.Count == 0 || filter.Addresses.Contains(segment.Source.Address) || filter.Addresses.Contains(segment.Destination.Address))
                    && (filter.Ports.Count == 0 || filter.Ports.Contains(segment.Source.Port) || filter.Ports.Contains(segment.Destination.Port))
                    && (filter.Detail != CaptureDetail.Light || segment.Payload.Length <= 1 || segment.Window == 0 || (segment.Flags & (TcpFlags.Syn | TcpFlags.Fin | TcpFlags.Reset)) != 0);
                byte[] packet = Extended(segment.ToPacket().Data.ToArray(), one.Extensions);
                return Run(filter, packet, one.Incoming) == (!wanted ? 0u : filter.Detail == CaptureDetail.Packets ? 0x40000u : CaptureFilter.HeadersLength);
            }));

    [Fact]
    public void LaterFragmentOfIPv6_IsLeft()
    {
        byte[] packet = Extended(Packet(IPAddress.IPv6Loopback, 80), [(44, Convert.FromHexString("0000000800000001"))]);
        Assert.False(Takes(CaptureFilter.AllTcp, packet));
    }

    [Fact]
    public void MoreExtensionHeadersThanAreFollowed_PassByTheirAddresses()
    {
        byte[] packet = Extended(Packet(IPAddress.IPv6Loopback, 80), Enumerable.Repeat((60, new byte[8]), 7));
        Assert.True(Takes(new CaptureFilter { Ports = [81] }, packet));
        Assert.False(Takes(new CaptureFilter { Addresses = [IPAddress.Parse("fd00::1")] }, packet));
    }

    [Fact]
    public void CutPackets_AreRunThrough()
    {
        byte[] packet = Extended(Packet(IPAddress.IPv6Loopback, 80), Extensions);
        for (int length = 0; length < packet.Length; length++)
        {
            Run(new CaptureFilter { Ports = [80], Detail = CaptureDetail.Light }, packet[..length]);
        }
    }

    [Fact]
    public void MostEntries_StillReachTheirTargets()
    {
        CaptureFilter filter = new()
        {
            Addresses = [.. Enumerable.Range(1, CaptureFilter.MaxEntries).Select(last => last % 2 == 0 ? IPAddress.Parse($"127.3.0.{last}") : IPAddress.Parse($"fd00::{last}"))],
            Ports = [.. Enumerable.Range(1, CaptureFilter.MaxEntries)],
        };
        Assert.All(filter.Addresses, address => Assert.True(Takes(filter, Packet(address, CaptureFilter.MaxEntries))));
        Assert.False(Takes(filter, Packet(IPAddress.Parse("127.3.0.65"), 1)));
        Assert.False(Takes(filter, Packet(IPAddress.Parse("127.3.0.2"), CaptureFilter.MaxEntries + 1)));
    }

    [Fact]
    public void Sentinel_PassesEveryFilter_OtherDatagramsNone()
    {
        CaptureFilter filter = new() { Addresses = [IPAddress.Parse("127.9.8.7")], Ports = [1] };
        byte[] datagram = new byte[28 + Sentinel.Length];
        datagram[0] = 0x45;
        datagram[9] = (byte)ProtocolType.Udp;
        Assert.False(Takes(filter, datagram));
        Assert.False(Takes(CaptureFilter.AllTcp, datagram));

        Sentinel.CreatePayload().CopyTo(datagram, 28);
        Assert.True(Takes(filter, datagram));
        Assert.True(Takes(CaptureFilter.AllTcp, datagram));
    }

    [Fact]
    public void LaterFragments_AndOtherProtocols_AreLeft()
    {
        byte[] packet = Packet(IPAddress.Parse("127.0.0.1"), 80);
        Assert.True(Takes(CaptureFilter.AllTcp, packet));
        packet[7] = 10;
        Assert.False(Takes(CaptureFilter.AllTcp, packet));
        packet[7] = 0;
        packet[9] = (byte)ProtocolType.Icmp;
        Assert.False(Takes(CaptureFilter.AllTcp, packet));
    }

    private static byte[] Packet(IPAddress address, int port)
    {
        IPAddress other = address.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Parse("10.0.0.1") : IPAddress.Parse("fc00::1");
        return new WireSegment(new IPEndPoint(other, 60000), new IPEndPoint(address, port), TcpFlags.Syn, 1, 0).ToPacket().Data.ToArray();
    }

    private static byte[] Extended(byte[] packet, IEnumerable<(int Kind, byte[] Bytes)> extensions)
    {
        List<byte> headers = [];
        byte next = packet[6];
        foreach ((int kind, byte[] bytes) in extensions.Reverse())
        {
            headers.InsertRange(0, [next, .. bytes[1..]]);
            next = (byte)kind;
        }

        if (headers.Count == 0)
        {
            return packet;
        }

        packet[6] = next;
        byte[] extended = [.. packet[..40], .. headers, .. packet[40..]];
        BinaryPrimitives.WriteUInt16BigEndian(extended.AsSpan(4), (ushort)(extended.Length - 40));
        return extended;
    }

    private static bool Takes(CaptureFilter filter, byte[] packet, bool incoming = false) => Run(filter, packet, incoming) != 0;

    // The instructions of classic BPF that our programs use (Linux Documentation/networking/filter.rst); a load beyond the packet ends it
    // with 0. Returns how many bytes of the packet are taken.
    private static uint Run(CaptureFilter filter, byte[] packet, bool incoming = false)
    {
        FilterProgram.Instruction[] program = FilterProgram.Compile(filter, dropIncoming: true);
        Assert.InRange(program.Length, 1, 4096);
        uint accumulator = 0;
        uint index = 0;
        uint?[] memory = new uint?[16];
        for (int at = 0; ; at++)
        {
            FilterProgram.Instruction instruction = program[at];
            uint value = instruction.Value;
            long offset = value + (instruction.Code is 0x40 or 0x48 or 0x50 ? (long)index : 0);
            int width = instruction.Code switch { 0x20 or 0x40 => 4, 0x28 or 0x48 => 2, 0x50 or 0xb1 => 1, 0x30 when value != 0xfffff004 => 1, _ => 0 };
            if (width > 0 && offset + width > packet.Length)
            {
                return 0;
            }

            switch (instruction.Code)
            {
                case 0x30 when value == 0xfffff004:
                    accumulator = incoming ? 0 : 4u;
                    break;
                case 0x30 or 0x50:
                    accumulator = packet[offset];
                    break;
                case 0x28 or 0x48:
                    accumulator = BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan((int)offset));
                    break;
                case 0x20 or 0x40:
                    accumulator = BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan((int)offset));
                    break;
                case 0xb1:
                    index = (packet[value] & 0xfu) * 4;
                    break;
                case 0x00:
                    accumulator = value;
                    break;
                case 0x01:
                    index = value;
                    break;
                case 0x02:
                    memory[value] = accumulator;
                    break;
                case 0x60:
                    accumulator = memory[value] ?? throw new InvalidOperationException($"M[{value}] is read before it is written.");
                    break;
                case 0x61:
                    index = memory[value] ?? throw new InvalidOperationException($"M[{value}] is read before it is written.");
                    break;
                case 0x07:
                    index = accumulator;
                    break;
                case 0x87:
                    accumulator = index;
                    break;
                case 0x04:
                    accumulator = unchecked(accumulator + value);
                    break;
                case 0x0c:
                    accumulator = unchecked(accumulator + index);
                    break;
                case 0x1c:
                    accumulator = unchecked(accumulator - index);
                    break;
                case 0x64:
                    accumulator <<= (int)value;
                    break;
                case 0x74:
                    accumulator >>= (int)value;
                    break;
                case 0x54:
                    accumulator &= value;
                    break;
                case 0x05:
                    at += (int)value;
                    break;
                case 0x15:
                    at += accumulator == value ? instruction.JumpTrue : instruction.JumpFalse;
                    break;
                case 0x25:
                    at += accumulator > value ? instruction.JumpTrue : instruction.JumpFalse;
                    break;
                case 0x45:
                    at += (accumulator & value) != 0 ? instruction.JumpTrue : instruction.JumpFalse;
                    break;
                case 0x06:
                    return value;
                default:
                    throw new InvalidOperationException($"Instruction 0x{instruction.Code:x} is not one of ours.");
            }
        }
    }
}
