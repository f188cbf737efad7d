using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace RstGuard.Capture;

/// <summary>
/// Reads a pcapng file (draft-ietf-opsawg-pcapng §4): several sections of either byte order, several interfaces with resolutions of
/// their own, enhanced, simple and obsolete packets. What its statistics and packets say of losses is in
/// <see cref="CaptureFile.GetStatistics"/>; blocks of other types are passed over.
/// </summary>
/// <remarks>A simple packet has no time; it is given that of the packet before it.</remarks>
public sealed class PcapngReader : CaptureFile
{
    internal const uint SectionHeader = 0x0a0d0d0a;
    internal const uint ByteOrderMagic = 0x1a2b3c4d;
    internal const uint InterfaceDescription = 1;
    internal const uint InterfaceStatistics = 5;
    internal const uint EnhancedPacket = 6;

    private const uint ObsoletePacket = 2;
    private const uint SimplePacket = 3;
    private const int MinimumBlock = 12;
    private const int MaxBlock = 1 << 24;
    private const int MaxInterfaces = 1 << 16;

    // What one interface can have lost: a bound for sums, never reached by what is true.
    private const long MaxDropped = 1L << 40;

    private readonly List<Interface> _interfaces = [];
    private bool _bigEndian;
    private long _lastTimestamp;

    internal PcapngReader(CaptureInput input, string description)
        : base(input, description)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private protected override bool TryReadNext(out CapturedPacket packet)
    {
        packet = default;
        while (true)
        {
            long offset = Input.Position;
            ReadOnlySpan<byte> header = Input.Peek(MinimumBlock);
            if (header.IsEmpty)
            {
                return false;
            }

            if (header.Length < MinimumBlock)
            {
                throw CutOff(offset);
            }

            uint type = ReadUInt32(header);
            if (type == SectionHeader)
            {
                _bigEndian = ReadByteOrder(header[8..], offset);
                _interfaces.Clear();
            }

            uint length = ReadUInt32(header[4..]);
            if (length < MinimumBlock || length % 4 != 0)
            {
                throw new CaptureFileException($"a block claims to be {length} bytes long; it must be {MinimumBlock} or more and a multiple of four.", offset);
            }

            switch (type)
            {
                case InterfaceDescription or ObsoletePacket or SimplePacket or InterfaceStatistics or EnhancedPacket:
                    break;
                default:
                    Pass(type, length, offset);
                    continue;
            }

            if (length > MaxBlock)
            {
                throw new CaptureFileException($"a block of type {type} claims to be {length} bytes long, more than the {MaxBlock} that one can have.", offset);
            }

            ReadOnlySpan<byte> block = Input.Peek((int)length);
            if (block.Length < (int)length)
            {
                throw CutOff(offset);
            }

            CheckTrailer(block[^4..], length, offset);
            ReadOnlySpan<byte> body = block[8..^4];
            bool isPacket = true;
            switch (type)
            {
                case InterfaceDescription:
                    AddInterface(body, offset);
                    isPacket = false;
                    break;
                case InterfaceStatistics:
                    AddStatistics(body, offset);
                    isPacket = false;
                    break;
                case SimplePacket:
                    packet = ReadSimple(body, offset);
                    break;
                default:
                    packet = ReadPacket(body, type == ObsoletePacket, offset);
                    break;
            }

            // Nothing is read in between, so the packet stays where it is.
            Input.Skip(block.Length);
            if (isPacket)
            {
                return true;
            }
        }
    }

    private static bool ReadByteOrder(ReadOnlySpan<byte> at, long offset) => BinaryPrimitives.ReadUInt32LittleEndian(at) switch
    {
        ByteOrderMagic => false,
        0x4d3c2b1a => true,
        _ => throw new CaptureFileException($"a section's byte order reads {Convert.ToHexString(at[..4])}, which is none.", offset),
    };

    private static CaptureFileException CutOff(long offset) => new("the file ends within a block: it was cut off, or its capture still runs.", offset);

    private void Pass(uint type, uint length, long offset)
    {
        long toTrailer = length - 4;
        if (type == SectionHeader)
        {
            ReadOnlySpan<byte> section = Input.Peek(28);
            if (length < 28)
            {
                throw new CaptureFileException($"a section's header claims to be {length} bytes long; it must be 28 or more.", offset);
            }

            if (section.Length < 28)
            {
                throw CutOff(offset);
            }

            if (ReadUInt16(section[12..]) is not 1 and var major)
            {
                throw new CaptureFileException($"a section is of pcapng version {major}; only version 1 is known.", offset);
            }
        }

        // Of any length: it is passed, not held.
        if (!Input.Skip(toTrailer))
        {
            throw CutOff(offset);
        }

        ReadOnlySpan<byte> trailer = Input.Peek(4);
        if (trailer.Length < 4)
        {
            throw CutOff(offset);
        }

        CheckTrailer(trailer, length, offset);
        Input.Skip(4);
    }

    private void CheckTrailer(ReadOnlySpan<byte> trailer, uint length, long offset)
    {
        if (ReadUInt32(trailer) is var repeated && repeated != length)
        {
            throw new CaptureFileException($"a block is {length} bytes long by its beginning and {repeated} by its end.", offset);
        }
    }

    private void AddInterface(ReadOnlySpan<byte> body, long offset)
    {
        if (body.Length < 8)
        {
            throw TooShort("an interface", offset);
        }

        if (_interfaces.Count == MaxInterfaces)
        {
            throw new CaptureFileException($"a section has more than {MaxInterfaces} interfaces.", offset);
        }

        Interface added = new() { LinkType = ToLinkType(ReadUInt16(body)), SnapLength = ReadUInt32(body[4..]) };
        ReadOnlySpan<byte> options = body[8..];
        while (NextOption(ref options, out int code, out ReadOnlySpan<byte> value, offset))
        {
            switch (code)
            {
                case 9 when value.Length == 1:
                    added.Resolution = value[0];
                    break;
                case 14 when value.Length == 8:
                    added.OffsetSeconds = (long)ReadUInt64(value);
                    break;
            }
        }

        _interfaces.Add(added);
    }

    // isb_ifdrop and isb_osdrop count from the beginning of the capture; all bits set says that it is not known.
    private void AddStatistics(ReadOnlySpan<byte> body, long offset)
    {
        if (body.Length < 12)
        {
            throw TooShort("statistics", offset);
        }

        Interface of = InterfaceOf(ReadUInt32(body), offset);
        long dropped = 0;
        ReadOnlySpan<byte> options = body[12..];
        while (NextOption(ref options, out int code, out ReadOnlySpan<byte> value, offset))
        {
            if (code is 5 or 7 && value.Length == 8 && ReadUInt64(value) is not ulong.MaxValue and var count)
            {
                dropped += (long)Math.Min(count, (ulong)MaxDropped);
            }
        }

        of.DroppedByStatistics = Math.Max(of.DroppedByStatistics, dropped);
        CountDropped(of);
    }

    private CapturedPacket ReadPacket(ReadOnlySpan<byte> body, bool isObsolete, long offset)
    {
        if (body.Length < 20)
        {
            throw TooShort("a packet", offset);
        }

        uint id = isObsolete ? ReadUInt16(body) : ReadUInt32(body);
        Interface on = InterfaceOf(id, offset);
        uint captured = ReadUInt32(body[12..]);
        if (captured > body.Length - 20)
        {
            throw new CaptureFileException($"a packet claims {captured} captured bytes and its block has room for {body.Length - 20}.", offset);
        }

        int padded = 20 + (((int)captured + 3) & ~3);
        long dropped = isObsolete && ReadUInt16(body[2..]) is not ushort.MaxValue and var before ? before : 0;
        ReadOnlySpan<byte> options = padded <= body.Length ? body[padded..] : default;
        while (NextOption(ref options, out int code, out ReadOnlySpan<byte> value, offset))
        {
            // epb_dropcount: lost since the packet before this one.
            if (!isObsolete && code == 4 && value.Length == 8 && ReadUInt64(value) is not ulong.MaxValue and var count)
            {
                dropped += (long)Math.Min(count, (ulong)MaxDropped);
            }
        }

        if (dropped > 0)
        {
            on.DroppedByPackets = Math.Min(on.DroppedByPackets + dropped, MaxDropped);
            CountDropped(on);
        }

        _lastTimestamp = on.ToNanoseconds(((ulong)ReadUInt32(body[4..]) << 32) | ReadUInt32(body[8..]));
        return Packet(body.Slice(20, (int)captured), ReadUInt32(body[16..]), on, (int)id, offset);
    }

    private CapturedPacket ReadSimple(ReadOnlySpan<byte> body, long offset)
    {
        if (body.Length < 4)
        {
            throw TooShort("a packet", offset);
        }

        Interface on = InterfaceOf(0, offset);
        uint wireLength = ReadUInt32(body);
        uint captured = Math.Min(wireLength, on.SnapLength == 0 ? uint.MaxValue : on.SnapLength);
        if (captured > body.Length - 4)
        {
            throw new CaptureFileException($"a packet of {wireLength} bytes is in a block that has room for {body.Length - 4}.", offset);
        }

        return Packet(body.Slice(4, (int)captured), wireLength, on, 0, offset);
    }

    private CapturedPacket Packet(ReadOnlySpan<byte> data, uint wireLength, Interface on, int id, long offset)
    {
        if (data.Length > MaxPacketLength)
        {
            throw new CaptureFileException($"a packet claims {data.Length} captured bytes, more than the {MaxPacketLength} that one can have.", offset);
        }

        return new(data, (int)Math.Min(int.MaxValue, Math.Max((uint)data.Length, wireLength)), _lastTimestamp, on.LinkType, id + 1, NextNumber());
    }

    private Interface InterfaceOf(uint id, long offset) =>
        id < _interfaces.Count
            ? _interfaces[(int)id]
            : throw new CaptureFileException($"a block belongs to interface {id}, and its section has described {_interfaces.Count}.", offset);

    // Both may tell of the same losses.
    private void CountDropped(Interface on)
    {
        long now = Math.Max(on.DroppedByStatistics, on.DroppedByPackets);
        AddDropped(now - on.Dropped);
        on.Dropped = now;
    }

    private bool NextOption(ref ReadOnlySpan<byte> options, out int code, out ReadOnlySpan<byte> value, long offset)
    {
        code = 0;
        value = default;
        if (options.Length < 4 || (code = ReadUInt16(options)) == 0)
        {
            return false;
        }

        int length = ReadUInt16(options[2..]);
        if (length > options.Length - 4)
        {
            throw new CaptureFileException($"an option claims {length} bytes and its block has {options.Length - 4} left.", offset);
        }

        value = options.Slice(4, length);
        options = options[Math.Min(options.Length, 4 + ((length + 3) & ~3))..];
        return true;
    }

    private static CaptureFileException TooShort(string what, long offset) => new($"the block of {what} is too short for its own fields.", offset);

    private ushort ReadUInt16(ReadOnlySpan<byte> at) =>
        _bigEndian ? BinaryPrimitives.ReadUInt16BigEndian(at) : BinaryPrimitives.ReadUInt16LittleEndian(at);

    private uint ReadUInt32(ReadOnlySpan<byte> at) =>
        _bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(at) : BinaryPrimitives.ReadUInt32LittleEndian(at);

    private ulong ReadUInt64(ReadOnlySpan<byte> at) =>
        _bigEndian ? BinaryPrimitives.ReadUInt64BigEndian(at) : BinaryPrimitives.ReadUInt64LittleEndian(at);

    private sealed class Interface
    {
        public LinkType LinkType { get; init; }

        public uint SnapLength { get; init; }

        /// <summary>if_tsresol: a negative power of ten, or of two where the highest bit is set.</summary>
        public byte Resolution { get; set; } = 6;

        public long OffsetSeconds { get; set; }

        public long DroppedByStatistics { get; set; }

        public long DroppedByPackets { get; set; }

        public long Dropped { get; set; }

        /// <summary>Nanoseconds since 1970, kept within what a <see cref="long"/> holds without a sign (until 2262), so that no difference overflows.</summary>
        public long ToNanoseconds(ulong time)
        {
            int exponent = Resolution & 0x7f;
            Int128 nanoseconds;
            if ((Resolution & 0x80) != 0)
            {
                nanoseconds = exponent < 64 ? (Int128)(((UInt128)time * 1_000_000_000) >> exponent) : 0;
            }
            else if (exponent <= 9)
            {
                nanoseconds = (Int128)time * PowerOfTen(9 - exponent);
            }
            else
            {
                nanoseconds = exponent <= 28 ? (Int128)time / PowerOfTen(exponent - 9) : 0;
            }

            return (long)Int128.Clamp(nanoseconds + ((Int128)OffsetSeconds * 1_000_000_000), 0, long.MaxValue);
        }

        private static Int128 PowerOfTen(int exponent)
        {
            Int128 power = 1;
            for (int i = 0; i < exponent; i++)
            {
                power *= 10;
            }

            return power;
        }
    }
}
