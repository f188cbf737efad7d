using System.Buffers.Binary;
using PacketDotNet;

namespace RstGuard.Capture;

/// <summary>
/// The link header that a device puts before the IP packet. Loopback and "cooked" headers say nothing that a diagnosis needs, so
/// they are left out and the packet is handed on as <see cref="LinkType.Raw"/>; layouts are those of the pcap LINKTYPE registry.
/// </summary>
internal static class DeviceHeader
{
    private const int AddressFamilyLength = 4;
    private const int LinuxSllLength = 16;
    private const int LinuxSll2Length = 20;
    private const int TagLength = 4;

    public static bool IsSupported(LinkLayers layers) => layers
        is LinkLayers.Ethernet
        or LinkLayers.Null or LinkLayers.Loop
        or LinkLayers.Raw or LinkLayers.RawLegacy or LinkLayers.IPv4 or LinkLayers.IPv6
        or LinkLayers.LinuxSll or LinkLayers.LinuxSll2;

    /// <summary>
    /// Finds where the packet begins for <paramref name="linkType"/>; false for what is not IP, or too short to tell.
    /// </summary>
    public static bool TryStrip(LinkLayers layers, ReadOnlySpan<byte> frame, out int headerLength, out LinkType linkType, out int interfaceIndex)
    {
        headerLength = 0;
        linkType = LinkType.Raw;
        interfaceIndex = 0;
        switch (layers)
        {
            case LinkLayers.Ethernet:
                linkType = LinkType.Ethernet;
                return frame.Length > 0;

            // The address family has the byte order of the machine that captured and another value on each system; the version
            // in the IP header says the same.
            case LinkLayers.Null or LinkLayers.Loop:
                headerLength = AddressFamilyLength;
                return IsIP(frame, headerLength);

            case LinkLayers.Raw or LinkLayers.RawLegacy or LinkLayers.IPv4 or LinkLayers.IPv6:
                return IsIP(frame, headerLength);

            case LinkLayers.LinuxSll:
                return TryStripCooked(frame, protocolOffset: 14, LinuxSllLength, out headerLength);

            case LinkLayers.LinuxSll2:
                if (frame.Length >= LinuxSll2Length)
                {
                    interfaceIndex = BinaryPrimitives.ReadInt32BigEndian(frame[4..]);
                }

                return TryStripCooked(frame, protocolOffset: 0, LinuxSll2Length, out headerLength);

            default:
                return false;
        }
    }

    private static bool TryStripCooked(ReadOnlySpan<byte> frame, int protocolOffset, int cookedLength, out int headerLength)
    {
        headerLength = cookedLength;
        if (frame.Length < cookedLength)
        {
            return false;
        }

        // A VLAN tag, or two (IEEE 802.1ad): the tag, then the protocol of what follows.
        ushort protocol = BinaryPrimitives.ReadUInt16BigEndian(frame[protocolOffset..]);
        for (int tags = 0; tags < 2 && protocol is 0x8100 or 0x88A8 && frame.Length >= headerLength + TagLength; tags++)
        {
            protocol = BinaryPrimitives.ReadUInt16BigEndian(frame[(headerLength + 2)..]);
            headerLength += TagLength;
        }

        return protocol is 0x0800 or 0x86DD && IsIP(frame, headerLength);
    }

    private static bool IsIP(ReadOnlySpan<byte> frame, int offset) => frame.Length > offset && frame[offset] >> 4 is 4 or 6;
}
