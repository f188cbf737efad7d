namespace RstGuard.Capture;

/// <summary>What the first byte of a captured packet belongs to. The values are those of the pcap and pcapng formats (tcpdump.org/linktypes.html).</summary>
public enum LinkType
{
    /// <summary>Four bytes of address family in the byte order of the machine that captured, then an IP header (pcap LINKTYPE_NULL).</summary>
    Null = 0,

    /// <summary>The packet starts with an Ethernet header, possibly with VLAN tags (pcap LINKTYPE_ETHERNET).</summary>
    Ethernet = 1,

    /// <summary>The packet starts with an IPv4 or IPv6 header (pcap LINKTYPE_RAW).</summary>
    Raw = 101,

    /// <summary>Four bytes of address family in network byte order, then an IP header (pcap LINKTYPE_LOOP).</summary>
    Loop = 108,

    /// <summary>The 16 bytes by which Linux replaces a link header, as on the device <c>any</c> (pcap LINKTYPE_LINUX_SLL).</summary>
    LinuxSll = 113,

    /// <summary>The packet starts with an IPv4 header (pcap LINKTYPE_IPV4).</summary>
    IPv4 = 228,

    /// <summary>The packet starts with an IPv6 header (pcap LINKTYPE_IPV6).</summary>
    IPv6 = 229,

    /// <summary>The 20 bytes that newer captures on the device <c>any</c> have (pcap LINKTYPE_LINUX_SLL2).</summary>
    LinuxSll2 = 276,
}
