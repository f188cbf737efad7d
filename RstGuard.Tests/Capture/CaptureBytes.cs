using System.Buffers.Binary;
using RstGuard.Capture;

namespace RstGuard.Tests.Capture;

/// <summary>Makes capture files byte by byte.</summary>
internal sealed class CaptureBytes(bool bigEndian)
{
    private readonly List<byte> _bytes = [];

    public byte[] ToArray() => [.. _bytes];

    public static byte[] Pcap(IEnumerable<RecordedPacket> packets, bool bigEndian = false, bool nanoseconds = true, LinkType link = LinkType.Raw)
    {
        CaptureBytes file = new CaptureBytes(bigEndian).U32(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4).U16(2).U16(4).U32(0).U32(0).U32(262144).U32((uint)link);
        foreach (RecordedPacket packet in packets)
        {
            long fraction = packet.TimestampNanoseconds % 1_000_000_000;
            file.U32((uint)(packet.TimestampNanoseconds / 1_000_000_000)).U32((uint)(nanoseconds ? fraction : fraction / 1000))
                .U32((uint)packet.Data.Length).U32((uint)Math.Max(packet.WireLength, packet.Data.Length)).Bytes(packet.Data.Span);
        }

        return file.ToArray();
    }

    public static byte[] Pcapng(IEnumerable<RecordedPacket> packets, bool bigEndian = false, LinkType link = LinkType.Raw)
    {
        CaptureBytes file = new CaptureBytes(bigEndian).Section().Interface(link, Option(bigEndian, 9, 9));
        foreach (RecordedPacket packet in packets)
        {
            file.Enhanced(0, (ulong)packet.TimestampNanoseconds, packet.Data.Span, packet.WireLength);
        }

        return file.ToArray();
    }

    /// <summary>An option and the end of options.</summary>
    public static byte[] Option(bool bigEndian, ushort code, params byte[] value) =>
        new CaptureBytes(bigEndian).U16(code).U16((ushort)value.Length).Bytes(value).Pad().U32(0).ToArray();

    public CaptureBytes Section() => Block(0x0a0d0d0a, body => body.U32(0x1a2b3c4d).U16(1).U16(0).U64(ulong.MaxValue));

    public CaptureBytes Interface(LinkType link, byte[]? options = null, uint snapLength = 0) =>
        Block(1, body => body.U16((ushort)link).U16(0).U32(snapLength).Bytes(options));

    public CaptureBytes Enhanced(uint id, ulong time, ReadOnlySpan<byte> data, int wireLength = 0, byte[]? options = null)
    {
        byte[] copy = data.ToArray();
        return Block(6, body => body.U32(id).U32((uint)(time >> 32)).U32((uint)time).U32((uint)copy.Length).U32((uint)Math.Max(wireLength, copy.Length)).Bytes(copy).Pad().Bytes(options));
    }

    public CaptureBytes Block(uint type, Action<CaptureBytes> write)
    {
        CaptureBytes body = new(bigEndian);
        write(body);
        body.Pad();
        uint length = (uint)body._bytes.Count + 12;
        return U32(type).U32(length).Bytes(body.ToArray()).U32(length);
    }

    public CaptureBytes U16(ushort value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, bigEndian ? BinaryPrimitives.ReverseEndianness(value) : value);
        return Bytes(bytes);
    }

    public CaptureBytes U32(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, bigEndian ? BinaryPrimitives.ReverseEndianness(value) : value);
        return Bytes(bytes);
    }

    public CaptureBytes U64(ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, bigEndian ? BinaryPrimitives.ReverseEndianness(value) : value);
        return Bytes(bytes);
    }

    public CaptureBytes Bytes(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public CaptureBytes Pad()
    {
        while (_bytes.Count % 4 != 0)
        {
            _bytes.Add(0);
        }

        return this;
    }
}
