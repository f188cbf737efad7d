using System.Net;

namespace RstGuard.Capture;

/// <summary>
/// Which TCP packets a capture takes. Addresses and ports are each matched against either end; where both are given, both must
/// match; an empty list matches everything.
/// </summary>
public sealed record CaptureFilter
{
    /// <summary>The most addresses, and the most ports, that one filter takes.</summary>
    public const int MaxEntries = 64;

    /// <summary>
    /// To how many bytes, from the IP header on, <see cref="CaptureDetail.Full"/> and <see cref="CaptureDetail.Light"/> cut a packet: the longest
    /// headers of IPv4 and TCP (60 bytes each, RFC 791 §3.1, RFC 9293 §3.1) and the 64 bytes of payload that a declared cause may have.
    /// </summary>
    public const int HeadersLength = 192;

    /// <summary>All TCP packets.</summary>
    public static CaptureFilter AllTcp { get; } = new();

    /// <summary>IPv4 or IPv6 addresses, of which one must be the source or the destination. IPv4-mapped ones mean IPv4.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];

    /// <summary>Ports (1 to 65535), of which one must be the source or the destination.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [];

    /// <summary>How much of them; whole packets by default.</summary>
    public CaptureDetail Detail { get; init; }

    /// <summary>Whether this filter takes all TCP packets, at least their headers.</summary>
    public bool IsAllTcp => Detail != CaptureDetail.Light && Addresses.Count == 0 && Ports.Count == 0;

    /// <summary>Whether this filter takes the segments between two ends.</summary>
    internal bool Takes(IPEndPoint one, IPEndPoint other) =>
        (Addresses.Count == 0 || Addresses.Select(Plain).Any(address => address.Equals(Plain(one.Address)) || address.Equals(Plain(other.Address))))
        && (Ports.Count == 0 || Ports.Any(port => port == one.Port || port == other.Port));

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>The filter in words, for a report.</summary>
    public override string ToString()
    {
        string detail = Detail switch
        {
            CaptureDetail.Full => ", headers alone",
            CaptureDetail.Light => ", headers of segments without data alone",
            _ => "",
        };
        if (Addresses.Count == 0 && Ports.Count == 0)
        {
            return "all TCP" + detail;
        }

        string addresses = Addresses.Count == 0 ? "" : $" address {string.Join(" or ", Addresses)}";
        string ports = Ports.Count == 0 ? "" : $" port {string.Join(" or ", Ports)}";
        return "TCP," + addresses + (addresses.Length > 0 && ports.Length > 0 ? "," : "") + ports + detail;
    }
}
