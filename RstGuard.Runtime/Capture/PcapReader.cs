using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace RstGuard.Capture;

/// <summary>Reads a pcap file of either byte order, with microseconds or nanoseconds (draft-ietf-opsawg-pcap §4 and §5).</summary>
public sealed class PcapReader : CaptureFile
{
    private const uint Microseconds = 0xa1b2c3d4;
    private const uint Nanoseconds = 0xa1b23c4d;
    private const int FileHeaderLength = 24;
    private const int PacketHeaderLength = 16;

    private readonly bool _bigEndian;
    private readonly long _fraction;
    private readonly LinkType _linkType;

    internal PcapReader(CaptureInput input, string description)
        : base(input, description)
    {
        ReadOnlySpan<byte> header = input.Peek(FileHeaderLength);
        if (header.Length < FileHeaderLength)
        {
            throw new CaptureFileException("the file ends within its header.", 0);
        }

        _bigEndian = IsMagic(BinaryPrimitives.ReadUInt32BigEndian(header));
        _fraction = ReadUInt32(header) == Nanoseconds ? 1 : 1000;
        ushort major = _bigEndian ? BinaryPrimitives.ReadUInt16BigEndian(header[4..]) : BinaryPrimitives.ReadUInt16LittleEndian(header[4..]);
        if (major != 2)
        {
            throw new CaptureFileException($"the file is of pcap version {major}; only version 2 is known.", 4);
        }

        // The upper half holds the length of a frame check sequence, which lies behind what the IP header counts.
        _linkType = ToLinkType((int)(ReadUInt32(header[20..]) & 0xffff));
        input.Skip(FileHeaderLength);
    }

    internal static bool IsMagic(uint magic) => magic is Microseconds or Nanoseconds;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private protected override bool TryReadNext(out CapturedPacket packet)
    {
        packet = default;
        long offset = Input.Position;
        ReadOnlySpan<byte> header = Input.Peek(PacketHeaderLength);
        if (header.IsEmpty)
        {
            return false;
        }

        if (header.Length < PacketHeaderLength)
        {
            throw new CaptureFileException("the file ends within the header of a packet: it was cut off, or its capture still runs.", offset);
        }

        uint captured = ReadUInt32(header[8..]);
        if (captured > MaxPacketLength)
        {
            throw new CaptureFileException($"a packet claims {captured} captured bytes, more than the {MaxPacketLength} that one can have.", offset);
        }

        ReadOnlySpan<byte> record = Input.Peek(PacketHeaderLength + (int)captured);
        if (record.Length < PacketHeaderLength + (int)captured)
        {
            throw new CaptureFileException("the file ends within a packet: it was cut off, or its capture still runs.", offset);
        }

        long time = (ReadUInt32(record) * 1_000_000_000L) + (ReadUInt32(record[4..]) * _fraction);
        int wireLength = (int)Math.Min(int.MaxValue, Math.Max(captured, ReadUInt32(record[12..])));
        packet = new CapturedPacket(record[PacketHeaderLength..], wireLength, time, _linkType, 0, NextNumber());
        Input.Skip(record.Length);
        return true;
    }

    private uint ReadUInt32(ReadOnlySpan<byte> at) =>
        _bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(at) : BinaryPrimitives.ReadUInt32LittleEndian(at);
}
