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

    [Fact]
    public void Program_TakesWhatTheFilterSays() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2000),
        Prop.ForAll(
            (from addresses in Gen.SubListOf(Addresses)
             from ports in Gen.SubListOf(Ports)
             from source in Gen.Elements(Addresses)
             from destination in Gen.Elements(Addresses)
             where source.AddressFamily == destination.AddressFamily
             from sourcePort in Gen.Elements(Ports)
             from destinationPort in Gen.Elements(Ports)
             from outgoing in Gen.Elements(false, true)
             select (Filter: new CaptureFilter { Addresses = [.. addresses], Ports = [.. ports] }, From: new IPEndPoint(source, sourcePort), To: new IPEndPoint(destination, destinationPort), Outgoing: outgoing)).ToArbitrary(),
            one =>
            {
                bool wanted = !one.Outgoing
                    && (one.Filter.Addresses.Count == 0 || one.Filter.Addresses.Contains(one.From.Address) || one.Filter.Addresses.Contains(one.To.Address))
                    && (one.Filter.Ports.Count == 0 || one.Filter.Ports.Contains(one.From.Port) || one.Filter.Ports.Contains(one.To.Port));
                byte[] packet = new WireSegment(one.From, one.To, TcpFlags.Ack, 1, 2).ToPacket().Data.ToArray();
                return Takes(one.Filter, packet, one.Outgoing) == wanted;
            }));

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

    // The instructions of classic BPF that our programs use (Linux Documentation/networking/filter.rst).
    private static bool Takes(CaptureFilter filter, byte[] packet, bool outgoing = false)
    {
        FilterProgram.Instruction[] program = FilterProgram.Compile(filter, dropOutgoing: true);
        uint accumulator = 0;
        uint index = 0;
        for (int at = 0; ; at++)
        {
            FilterProgram.Instruction instruction = program[at];
            uint value = instruction.Value;
            switch (instruction.Code)
            {
                case 0x30 when value == 0xfffff004:
                    accumulator = outgoing ? 4u : 0;
                    break;
                case 0x30:
                    accumulator = packet[value];
                    break;
                case 0x28 or 0x48:
                    accumulator = BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan((int)(value + (instruction.Code == 0x48 ? index : 0))));
                    break;
                case 0x20 or 0x40:
                    accumulator = BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan((int)(value + (instruction.Code == 0x40 ? index : 0))));
                    break;
                case 0xb1:
                    index = (packet[value] & 0xfu) * 4;
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
                case 0x45:
                    at += (accumulator & value) != 0 ? instruction.JumpTrue : instruction.JumpFalse;
                    break;
                case 0x06:
                    return value != 0;
                default:
                    throw new InvalidOperationException($"Instruction 0x{instruction.Code:x} is not one of ours.");
            }
        }
    }
}
