using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace RstGuard.Capture;

/// <summary>The headers before IP: how long they are, and which version of IP they announce.</summary>
internal static class LinkHeader
{
    /// <summary>Whether packets of this kind can be read at all.</summary>
    public static bool IsKnown(LinkType type) => type is LinkType.Null or LinkType.Ethernet or LinkType.Raw or LinkType.Loop
        or LinkType.LinuxSll or LinkType.IPv4 or LinkType.IPv6 or LinkType.LinuxSll2;

    /// <summary>Where the IP header of a packet begins.</summary>
    /// <returns>The number of bytes before it, less than the packet has; -1 where it carries no IP, is cut, or contradicts itself.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int LengthOf(LinkType type, ReadOnlySpan<byte> data)
    {
        (int length, int version) = type switch
        {
            LinkType.Raw => (0, 0),
            LinkType.IPv4 => (0, 4),
            LinkType.IPv6 => (0, 6),
            LinkType.Null or LinkType.Loop => OfFamily(data, type == LinkType.Null),
            LinkType.Ethernet => OfProtocol(data, 12, 14),
            LinkType.LinuxSll => OfProtocol(data, 14, 16),
            LinkType.LinuxSll2 => OfProtocol(data, 0, 20),
            _ => (-1, 0),
        };
        if (length < 0 || length >= data.Length)
        {
            return -1;
        }

        int found = data[length] >> 4;
        return found is 4 or 6 && (version == 0 || version == found) ? length : -1;
    }

    // IPv4 is 2 everywhere; IPv6 is 10 on Linux, 23 on Windows, 24, 28 or 30 on the BSDs and macOS.
    private static (int Length, int Version) OfFamily(ReadOnlySpan<byte> data, bool eitherOrder)
    {
        if (data.Length < 4)
        {
            return (-1, 0);
        }

        uint family = BinaryPrimitives.ReadUInt32BigEndian(data);
        if (eitherOrder && family > 0xffff)
        {
            family = BinaryPrimitives.ReverseEndianness(family);
        }

        return family switch
        {
            2 => (4, 4),
            10 or 23 or 24 or 28 or 30 => (4, 6),
            _ => (-1, 0),
        };
    }

    // An EtherType, behind which VLAN tags may stand: two bytes of tag and the next EtherType (IEEE 802.1Q, 802.1ad, and the older 0x9100).
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (int Length, int Version) OfProtocol(ReadOnlySpan<byte> data, int protocolAt, int length)
    {
        while (data.Length >= protocolAt + 2)
        {
            switch (BinaryPrimitives.ReadUInt16BigEndian(data[protocolAt..]))
            {
                case 0x0800:
                    return (length, 4);
                case 0x86dd:
                    return (length, 6);
                case 0x8100 or 0x88a8 or 0x9100:
                    protocolAt = length + 2;
                    length += 4;
                    break;
                default:
                    return (-1, 0);
            }
        }

        return (-1, 0);
    }
}
