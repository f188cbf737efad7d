using System.Globalization;
using System.Net;
using System.Text;
using PacketDotNet;

namespace RstGuard.Capture;

/// <summary>A <see cref="CaptureFilter"/> in libpcap's language (pcap-filter(7)), so that the kernel or the driver filters.</summary>
internal static class FilterExpression
{
    // A recorder ends with a datagram of its own that must come through; its payload begins with "RstGuard".
    private const string Sentinel = "(udp[8:4] = 0x52737447 and udp[12:4] = 0x75617264)";

    // FIN, SYN or RST; a zero window; a payload of no more than one byte, by what IP counts less the headers. The language has no tcp[] for
    // IPv6, so that there the headers are counted from its own 40 bytes, and what stands behind an extension header passes.
    private const string WithoutData =
        "((ip and (tcp[13] & 7 != 0 or tcp[14:2] = 0 or ip[2:2] - ((ip[0] & 0xf) << 2) - ((tcp[12] & 0xf0) >> 2) <= 1))"
        + " or (ip6 and (ip6[6] != 6 or ip6[53] & 7 != 0 or ip6[54:2] = 0 or ip6[4:2] - ((ip6[52] & 0xf0) >> 2) <= 1)))";

    public static string For(CaptureFilter filter, LinkLayers layers, bool isLoopback)
    {
        StringBuilder expression = new(filter.Detail == CaptureDetail.Light ? $"tcp and {WithoutData}" : "tcp");
        AppendAny(expression, "host", filter.Addresses.Select(Text));
        AppendAny(expression, "port", filter.Ports.Select(Text));

        // 'tcp' alone never matches a tagged frame. The keyword 'vlan' shifts the offsets of all that follows it and is an error on
        // link types without tags, so the tagged half comes last and on Ethernet alone.
        return layers == LinkLayers.Ethernet && !isLoopback
            ? $"({expression}) or {Sentinel} or (vlan and {expression})"
            : $"({expression}) or {Sentinel}";
    }

    private static void AppendAny(StringBuilder expression, string keyword, IEnumerable<string> values)
    {
        string terms = string.Join(" or ", values.Distinct().Select(value => $"{keyword} {value}"));
        if (terms.Length > 0)
        {
            expression.Append(" and (").Append(terms).Append(')');
        }
    }

    private static string Text(int port) =>
        port is > 0 and <= ushort.MaxValue
            ? port.ToString(CultureInfo.InvariantCulture)
            : throw new ArgumentOutOfRangeException(nameof(port), port, "A port to capture is between 1 and 65535.");

    private static string Text(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        // A scope id names an interface of this machine; it is not on the wire and not in libpcap's language.
        string text = address.ToString();
        int scope = text.IndexOf('%', StringComparison.Ordinal);
        return scope < 0 ? text : text[..scope];
    }
}
