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

    /// <summary>All TCP packets.</summary>
    public static CaptureFilter AllTcp { get; } = new();

    /// <summary>IPv4 or IPv6 addresses, of which one must be the source or the destination. IPv4-mapped ones mean IPv4.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];

    /// <summary>Ports (1 to 65535), of which one must be the source or the destination.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [];

    /// <summary>Whether this filter takes all TCP packets.</summary>
    public bool IsAllTcp => Addresses.Count == 0 && Ports.Count == 0;

    /// <summary>The filter in words, for a report.</summary>
    public override string ToString()
    {
        if (IsAllTcp)
        {
            return "all TCP";
        }

        string addresses = Addresses.Count == 0 ? "" : $" address {string.Join(" or ", Addresses)}";
        string ports = Ports.Count == 0 ? "" : $" port {string.Join(" or ", Ports)}";
        return "TCP," + addresses + (addresses.Length > 0 && ports.Length > 0 ? "," : "") + ports;
    }
}
