using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using RstGuard.Capture;
using RstGuard.Scenarios;
using RstGuard.Tcp;

namespace RstGuard.Lab;

/// <summary>A segment that a <see cref="ScriptedPeer"/> saw.</summary>
internal sealed record SeenSegment(IPEndPoint Source, IPEndPoint Destination, TcpFlags Flags, uint SequenceNumber, uint AcknowledgmentNumber, uint EndSequenceNumber, uint TimestampValue);

/// <summary>
/// An end of a connection that does what a script says, with raw sockets: the packet filter keeps its namespace's own TCP from answering
/// for it. Also sends segments in the name of others.
/// </summary>
internal sealed class ScriptedPeer : IDisposable
{
    private readonly LinuxPacketSocket _capture;
    private readonly Socket _raw;

    /// <summary>On the network's thread: takes the place of <see cref="LabNetwork.Far"/>.</summary>
    public ScriptedPeer(LabNetwork network)
    {
        EndPoint = network.Far;
        string family = EndPoint.AddressFamily == AddressFamily.InterNetwork ? "ip" : "ip6";
        network.Run("nft", $"table inet scripted {{ chain input {{ type filter hook input priority -300; {family} daddr {EndPoint.Address} meta l4proto tcp drop;\n}}\n}}");
        _capture = LinuxPacketSocket.OpenLoopback(new CaptureFilter { Addresses = [EndPoint.Address] });
        _raw = NewRaw(EndPoint.AddressFamily);
    }

    /// <summary>Its address and port.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Where it sends from.</summary>
    public Socket Raw => _raw;

    /// <summary>Waits for a segment to this peer.</summary>
    /// <exception cref="TimeoutException">None came in time.</exception>
    public SeenSegment Expect(Func<SeenSegment, bool> wanted, string what) =>
        TryExpect(wanted, LoopbackPair.Wait) ?? throw new TimeoutException($"The scripted peer waited in vain for {what}.");

    /// <summary>Waits for a segment to this peer for a while.</summary>
    public SeenSegment? TryExpect(Func<SeenSegment, bool> wanted, TimeSpan time)
    {
        long deadline = Environment.TickCount64 + (long)time.TotalMilliseconds;
        for (long left = (long)time.TotalMilliseconds; left > 0; left = deadline - Environment.TickCount64)
        {
            if (_capture.Read(out CapturedPacket packet, TimeSpan.FromMilliseconds(left)) == ReadResult.Packet
                && TcpSegment.TryParse(packet, out TcpSegment segment)
                && segment.Destination.ToIPEndPoint() is { } destination && destination.Address.Equals(EndPoint.Address))
            {
                TcpOptions options = TcpOptions.Parse(segment.Options, segment.OptionsCut);
                SeenSegment seen = new(
                    segment.Source.ToIPEndPoint(), destination, segment.Flags, segment.SequenceNumber, segment.AcknowledgmentNumber, segment.EndSequenceNumber, options.TimestampValue);
                if (wanted(seen))
                {
                    return seen;
                }
            }
        }

        return null;
    }

    /// <summary>Sends a segment from this peer.</summary>
    public void Send(IPEndPoint to, TcpFlags flags, uint sequence, uint acknowledgment = 0, byte[]? options = null, int payload = 0, int port = 0) =>
        Send(_raw, port == 0 ? EndPoint : new IPEndPoint(EndPoint.Address, port), to, flags, sequence, acknowledgment, options ?? [], payload, hopLimit: 64);

    /// <summary>The option that carries timestamps (RFC 7323 §3.2), padded to 12 bytes.</summary>
    public static byte[] Timestamps(uint value, uint echo)
    {
        byte[] option = [1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32BigEndian(option.AsSpan(4), value);
        BinaryPrimitives.WriteUInt32BigEndian(option.AsSpan(8), echo);
        return option;
    }

    /// <summary>On a network's thread: a socket that sends whole packets.</summary>
    public static Socket NewRaw(AddressFamily family) => new(family, SocketType.Raw, ProtocolType.Raw);

    /// <summary>Sends a segment in anybody's name.</summary>
    public static void Send(
        Socket raw, IPEndPoint from, IPEndPoint to, TcpFlags flags, uint sequence, uint acknowledgment, byte[] options, int payload, byte hopLimit, ushort window = 512) =>
        Send(raw, from, to, flags, sequence, acknowledgment, options, new byte[payload], hopLimit, window);

    /// <inheritdoc cref="Send(Socket, IPEndPoint, IPEndPoint, TcpFlags, uint, uint, byte[], int, byte, ushort)"/>
    public static void Send(
        Socket raw, IPEndPoint from, IPEndPoint to, TcpFlags flags, uint sequence, uint acknowledgment, byte[] options, ReadOnlySpan<byte> payload, byte hopLimit, ushort window = 512)
    {
        bool version4 = from.AddressFamily == AddressFamily.InterNetwork;
        int header = version4 ? 20 : 40;
        byte[] packet = new byte[header + 20 + options.Length + payload.Length];
        Span<byte> tcp = packet.AsSpan(header);
        if (version4)
        {
            packet[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
            packet[8] = hopLimit;
            packet[9] = (byte)ProtocolType.Tcp;
        }
        else
        {
            packet[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)tcp.Length);
            packet[6] = (byte)ProtocolType.Tcp;
            packet[7] = hopLimit;
        }

        from.Address.GetAddressBytes().CopyTo(packet, version4 ? 12 : 8);
        to.Address.GetAddressBytes().CopyTo(packet, version4 ? 16 : 24);
        BinaryPrimitives.WriteUInt16BigEndian(tcp, (ushort)from.Port);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], (ushort)to.Port);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[8..], acknowledgment);
        tcp[12] = (byte)((20 + options.Length) / 4 << 4);
        tcp[13] = (byte)flags;
        BinaryPrimitives.WriteUInt16BigEndian(tcp[14..], window);
        options.CopyTo(tcp[20..]);
        payload.CopyTo(tcp[(20 + options.Length)..]);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[16..], Checksum(packet.AsSpan(version4 ? 12 : 8, version4 ? 8 : 32), tcp));
        // IPv6 takes the port of the address for a protocol number.
        raw.SendTo(packet, new IPEndPoint(to.Address, 0));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _raw.Dispose();
        _capture.Dispose();
    }

    // RFC 9293 §3.1: over the pseudo header and the segment.
    private static ushort Checksum(ReadOnlySpan<byte> addresses, ReadOnlySpan<byte> tcp)
    {
        ulong sum = (ulong)ProtocolType.Tcp + (ulong)tcp.Length;
        static ulong Words(ReadOnlySpan<byte> bytes)
        {
            ulong sum = 0;
            for (; bytes.Length >= 2; bytes = bytes[2..])
            {
                sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
            }

            return bytes.Length == 1 ? sum + ((ulong)bytes[0] << 8) : sum;
        }

        sum += Words(addresses) + Words(tcp);
        while (sum >> 16 != 0)
        {
            sum = (sum & 0xffff) + (sum >> 16);
        }

        return (ushort)~sum;
    }
}
