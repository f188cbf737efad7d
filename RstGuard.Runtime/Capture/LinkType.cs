namespace RstGuard.Capture;

/// <summary>What the first byte of a captured packet belongs to.</summary>
public enum LinkType
{
    /// <summary>The packet starts with an IPv4 or IPv6 header (pcap LINKTYPE_RAW).</summary>
    Raw = 101,

    /// <summary>The packet starts with an Ethernet header, possibly with VLAN tags (pcap LINKTYPE_ETHERNET).</summary>
    Ethernet = 1,
}
