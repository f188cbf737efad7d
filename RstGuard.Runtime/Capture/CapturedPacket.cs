namespace RstGuard.Capture;

/// <summary>
/// One captured packet: a view over the source's own buffer, valid until the next read from that source. Nothing is copied.
/// </summary>
public readonly ref struct CapturedPacket
{
    /// <summary>Describes one captured packet.</summary>
    public CapturedPacket(ReadOnlySpan<byte> data, int wireLength, long timestampNanoseconds, LinkType linkType, int interfaceIndex, long number)
    {
        Data = data;
        WireLength = wireLength;
        TimestampNanoseconds = timestampNanoseconds;
        LinkType = linkType;
        InterfaceIndex = interfaceIndex;
        Number = number;
    }

    /// <summary>The bytes that were captured, beginning with the header that <see cref="LinkType"/> names.</summary>
    public ReadOnlySpan<byte> Data { get; }

    /// <summary>The packet's length on the wire in bytes; more than <see cref="Data"/> holds where the capture cut it.</summary>
    public int WireLength { get; }

    /// <summary>When it was captured: nanoseconds since 1970-01-01 UTC.</summary>
    public long TimestampNanoseconds { get; }

    /// <summary>What <see cref="Data"/> begins with.</summary>
    public LinkType LinkType { get; }

    /// <summary>The interface it was seen on, 0 where the source does not tell.</summary>
    public int InterfaceIndex { get; }

    /// <summary>The packet's number in this source, counted from 1: the frame that evidence refers to.</summary>
    public long Number { get; }
}
