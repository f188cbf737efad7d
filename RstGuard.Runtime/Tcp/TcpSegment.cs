using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using RstGuard.Capture;

namespace RstGuard.Tcp;

/// <summary>A TCP segment as a view over a captured packet; copies nothing and checks no checksum (local traffic carries none).</summary>
internal readonly ref struct TcpSegment
{
    private const int MinimumHeader = 20;

    public TcpEndpoint Source { get; private init; }

    public TcpEndpoint Destination { get; private init; }

    public uint SequenceNumber { get; private init; }

    public uint AcknowledgmentNumber { get; private init; }

    public TcpFlags Flags { get; private init; }

    /// <summary>The window field as sent, unscaled.</summary>
    public ushort Window { get; private init; }

    /// <summary>The options that were captured.</summary>
    public ReadOnlySpan<byte> Options { get; private init; }

    /// <summary>Whether the capture cut the options, so that an absent one may have been there.</summary>
    public bool OptionsCut { get; private init; }

    /// <summary>The payload that was captured; shorter than <see cref="PayloadLength"/> where the capture cut it.</summary>
    public ReadOnlySpan<byte> Payload { get; private init; }

    /// <summary>The payload's length in bytes by the IP header.</summary>
    public int PayloadLength { get; private init; }

    /// <summary>TTL or hop limit.</summary>
    public byte HopLimit { get; private init; }

    /// <summary>Type of service or traffic class without its two ECN bits.</summary>
    public byte TypeOfService { get; private init; }

    public long TimestampNanoseconds { get; private init; }

    public long Frame { get; private init; }

    public bool IsSyn => (Flags & TcpFlags.Syn) != 0;

    public bool IsAck => (Flags & TcpFlags.Ack) != 0;

    public bool IsFin => (Flags & TcpFlags.Fin) != 0;

    public bool IsReset => (Flags & TcpFlags.Reset) != 0;

    /// <summary>The sequence number behind this segment: payload, SYN and FIN count.</summary>
    public uint EndSequenceNumber => unchecked(SequenceNumber + (uint)PayloadLength + (IsSyn ? 1u : 0) + (IsFin ? 1u : 0));

    /// <summary>Parses a captured packet.</summary>
    /// <returns>False where it is no TCP segment, a fragment without the TCP header, or malformed.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryParse(in CapturedPacket packet, out TcpSegment segment)
    {
        segment = default;
        ReadOnlySpan<byte> data = packet.Data;
        int wireLength = packet.WireLength;
        int link = LinkHeader.LengthOf(packet.LinkType, data);
        if (link < 0)
        {
            return false;
        }

        data = data[link..];
        wireLength -= link;
        return (data[0] >> 4) switch
        {
            4 => TryParseIPv4(data, wireLength, packet, out segment),
            6 => TryParseIPv6(data, wireLength, packet, out segment),
            _ => false,
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryParseIPv4(ReadOnlySpan<byte> data, int wireLength, in CapturedPacket packet, out TcpSegment segment)
    {
        segment = default;
        int header = (data[0] & 0xf) * 4;
        if (header < 20 || data.Length < header || data[9] != 6 || (BinaryPrimitives.ReadUInt16BigEndian(data[6..]) & 0x1fff) != 0)
        {
            return false;
        }

        // Segmentation offload beyond 64 KiB leaves the length field 0.
        int total = BinaryPrimitives.ReadUInt16BigEndian(data[2..]);
        total = total == 0 ? wireLength : total;
        if (total < header + MinimumHeader || total > Math.Max(wireLength, data.Length))
        {
            return false;
        }

        return TryParseTcp(data[header..], total - header, packet, data[8], (byte)(data[1] & 0xfc), data.Slice(12, 4), data.Slice(16, 4), out segment);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryParseIPv6(ReadOnlySpan<byte> data, int wireLength, in CapturedPacket packet, out TcpSegment segment)
    {
        segment = default;
        if (data.Length < 40)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(data[4..]);
        int total = length == 0 ? wireLength : 40 + length;
        if (total > Math.Max(wireLength, data.Length))
        {
            return false;
        }

        int next = data[6];
        int offset = 40;
        while (next != 6)
        {
            if (data.Length < offset + 8)
            {
                return false;
            }

            switch (next)
            {
                case 0 or 43 or 60:
                    next = data[offset];
                    offset += (data[offset + 1] + 1) * 8;
                    break;
                case 51:
                    // An authentication header counts in words of four bytes (RFC 4302 §2.2).
                    next = data[offset];
                    offset += (data[offset + 1] + 2) * 4;
                    break;
                case 44 when (BinaryPrimitives.ReadUInt16BigEndian(data[(offset + 2)..]) & 0xfff8) == 0:
                    next = data[offset];
                    offset += 8;
                    break;
                default:
                    return false;
            }
        }

        if (offset > data.Length)
        {
            return false;
        }

        byte trafficClass = (byte)((data[0] << 4) | (data[1] >> 4));
        return TryParseTcp(data[offset..], total - offset, packet, data[7], (byte)(trafficClass & 0xfc), data.Slice(8, 16), data.Slice(24, 16), out segment);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryParseTcp(
        ReadOnlySpan<byte> tcp,
        int length,
        in CapturedPacket packet,
        byte hopLimit,
        byte typeOfService,
        ReadOnlySpan<byte> source,
        ReadOnlySpan<byte> destination,
        out TcpSegment segment)
    {
        segment = default;
        if (tcp.Length < MinimumHeader)
        {
            return false;
        }

        int header = (tcp[12] >> 4) * 4;
        if (header < MinimumHeader || header > length)
        {
            return false;
        }

        // An Ethernet frame may carry padding behind the IP packet.
        tcp = tcp[..Math.Min(tcp.Length, length)];
        ushort sourcePort = BinaryPrimitives.ReadUInt16BigEndian(tcp);
        ushort destinationPort = BinaryPrimitives.ReadUInt16BigEndian(tcp[2..]);
        bool version4 = source.Length == 4;
        TcpFlags flags = (TcpFlags)tcp[13];
        segment = new TcpSegment
        {
            Source = version4 ? TcpEndpoint.FromIPv4(source, sourcePort) : TcpEndpoint.FromIPv6(source, sourcePort),
            Destination = version4 ? TcpEndpoint.FromIPv4(destination, destinationPort) : TcpEndpoint.FromIPv6(destination, destinationPort),
            SequenceNumber = BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]),
            AcknowledgmentNumber = BinaryPrimitives.ReadUInt32BigEndian(tcp[8..]),
            Flags = flags,
            Window = BinaryPrimitives.ReadUInt16BigEndian(tcp[14..]),
            Options = tcp[MinimumHeader..Math.Min(header, tcp.Length)],
            OptionsCut = tcp.Length < header,
            Payload = tcp.Length > header ? tcp[header..] : default,
            PayloadLength = length - header,
            HopLimit = hopLimit,
            TypeOfService = typeOfService,
            TimestampNanoseconds = packet.TimestampNanoseconds,
            Frame = packet.Number,
        };
        return true;
    }
}
