using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace RstGuard.Capture;

/// <summary>
/// A capture file as a packet source: pcap (draft-ietf-opsawg-pcap) or pcapng (draft-ietf-opsawg-pcapng), told apart by the first bytes.
/// The file is hostile input: whatever it holds, reading it throws nothing but <see cref="CaptureFileException"/> and takes
/// bounded memory. A regular file is mapped into memory and no packet is copied; it must not be shortened while it is read.
/// </summary>
public abstract class CaptureFile : IPacketSource
{
    /// <summary>The most captured bytes of one packet, 1 MiB: twice what Linux hands over at once with BIG TCP. A packet that claims more is taken for damage.</summary>
    public const int MaxPacketLength = 1 << 20;

    private bool _ended;
    private long _packets;
    private long _dropped;
    private long _passedOver;

    private protected CaptureFile(CaptureInput input, string description)
    {
        Input = input;
        Description = description;
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public bool IsLive => false;

    /// <summary>How many packets were passed over because their link type is none of <see cref="LinkType"/>. They count as frames.</summary>
    public long PacketsOfOtherLinkTypes => Volatile.Read(ref _passedOver);

    /// <summary>One of the link types that <see cref="PacketsOfOtherLinkTypes"/> counts, by its pcap number; null where there is none.</summary>
    public int? OtherLinkType { get; private set; }

    private protected CaptureInput Input { get; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file; a named pipe is read as a stream.</param>
    /// <exception cref="CaptureFileException">It begins like no capture file.</exception>
    /// <exception cref="IOException">It can't be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static CaptureFile Open(string path) => Open(CaptureInput.Open(path), $"the file {path}");

    /// <summary>Reads a capture from a stream, such as standard input.</summary>
    /// <param name="stream">The stream; it is disposed with the source.</param>
    /// <param name="description">What it is, in words for a report.</param>
    /// <exception cref="CaptureFileException">It begins like no capture file.</exception>
    public static CaptureFile Open(Stream stream, string description)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return Open(CaptureInput.Over(stream), description);
    }

    /// <inheritdoc/>
    /// <exception cref="CaptureFileException">The file is damaged or cut off; what was read before it stands.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public ReadResult Read(out CapturedPacket packet, TimeSpan timeout)
    {
        while (!_ended)
        {
            bool found;
            try
            {
                found = TryReadNext(out packet);
            }
            catch
            {
                _ended = true;
                throw;
            }

            if (!found)
            {
                _ended = true;
                break;
            }

            if (LinkHeader.IsKnown(packet.LinkType))
            {
                return ReadResult.Packet;
            }

            OtherLinkType = (int)packet.LinkType;
            Volatile.Write(ref _passedOver, _passedOver + 1);
        }

        packet = default;
        return ReadResult.Ended;
    }

    /// <summary>What the file has told so far: a pcapng file may say only at its end what its capture lost; a pcap file can't.</summary>
    public CaptureStatistics GetStatistics()
    {
        long dropped = Volatile.Read(ref _dropped);
        return new(Volatile.Read(ref _packets) + dropped, dropped);
    }

    /// <summary>Closes the file. A packet read from it is not valid any more: to be called by the reader, or when it has ended.</summary>
    public void Dispose()
    {
        _ended = true;
        Input.Dispose();
    }

    /// <summary>Reads the next packet, of whatever link type; false at the end of the file.</summary>
    private protected abstract bool TryReadNext(out CapturedPacket packet);

    /// <summary>The packet's number, once it is known to be whole.</summary>
    private protected long NextNumber()
    {
        Volatile.Write(ref _packets, _packets + 1);
        return _packets;
    }

    /// <summary>Adds to what the capture lost, far from any overflow whatever the file claims.</summary>
    private protected void AddDropped(long count) => Volatile.Write(ref _dropped, Math.Clamp(_dropped + count, 0, 1L << 60));

    /// <summary>The link type by its number in a file; some systems write LINKTYPE_RAW by the number they know it by.</summary>
    private protected static LinkType ToLinkType(int number) => number is 12 or 14 ? LinkType.Raw : (LinkType)number;

    /// <summary>Reads a capture from bytes however they come.</summary>
    /// <exception cref="CaptureFileException">They begin like no capture file.</exception>
    internal static CaptureFile Open(CaptureInput input, string description)
    {
        try
        {
            ReadOnlySpan<byte> start = input.Peek(4);
            if (start.Length < 4)
            {
                throw new CaptureFileException(start.IsEmpty ? "the file is empty." : "the file ends within its first four bytes.", 0);
            }

            uint magic = BinaryPrimitives.ReadUInt32LittleEndian(start);
            if (magic == PcapngReader.SectionHeader)
            {
                return new PcapngReader(input, description);
            }

            if (PcapReader.IsMagic(magic) || PcapReader.IsMagic(BinaryPrimitives.ReverseEndianness(magic)))
            {
                return new PcapReader(input, description);
            }

            throw new CaptureFileException(
                (magic & 0xffff) == 0x8b1f ? "the file is compressed. Unpack it first: gunzip -c FILE | rstguard explain -"
                    : magic == 0xfd2fb528 ? "the file is compressed. Unpack it first: zstd -dc FILE | rstguard explain -"
                    : $"the file is neither pcap nor pcapng: it begins with {Convert.ToHexString(start)}. Convert it with 'editcap -F pcapng FILE OUT'.",
                0);
        }
        catch
        {
            input.Dispose();
            throw;
        }
    }
}
