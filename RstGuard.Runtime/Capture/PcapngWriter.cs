using System.Buffers.Binary;
using System.Text;

namespace RstGuard.Capture;

/// <summary>
/// Writes packets with comments as a pcapng file (draft-ietf-opsawg-pcapng §4) of one section, in little-endian byte order and with
/// nanoseconds. Wireshark shows a packet's comment above its dissection, and the section's in the properties of the file.
/// </summary>
/// <remarks>Comments may quote what a capture held: control characters and those that turn the direction of text are replaced. Not safe for several threads.</remarks>
public sealed class PcapngWriter : IDisposable
{
    /// <summary>The most bytes of UTF-8 that one comment takes, by the length field of an option; a longer one is cut.</summary>
    public const int MaxCommentLength = ushort.MaxValue;

    private const ushort EndOfOptions = 0;
    private const ushort Comment = 1;

    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private readonly List<LinkType> _interfaces = [];
    private byte[] _block = new byte[512];
    private int _length;
    private ulong _lastTimestamp;
    private bool _disposed;

    /// <summary>Begins a file.</summary>
    /// <param name="stream">Where it goes; a block is one write.</param>
    /// <param name="comment">What the file as a whole shows, such as a verdict; null for none.</param>
    /// <param name="leaveOpen">Whether the stream stays open when the writer is disposed.</param>
    /// <exception cref="IOException">The stream can't be written.</exception>
    public PcapngWriter(Stream stream, string? comment = null, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _stream = stream;
        _leaveOpen = leaveOpen;
        Begin(PcapngReader.SectionHeader);
        Append32(PcapngReader.ByteOrderMagic);
        Append16(1);
        Append16(0);
        Append64(ulong.MaxValue);
        AppendText(Comment, comment);
        const ushort UserApplication = 4;
        AppendText(UserApplication, "RstGuard");
        End();
    }

    /// <summary>
    /// Describes an interface. <see cref="Write"/> does it by itself for a link type that it has not met; call this to give the interface its
    /// name, or to make a file that holds no packet valid for statistics.
    /// </summary>
    /// <param name="linkType">What packets of this interface begin with.</param>
    /// <param name="name">Its name, such as <c>lo</c>; null where it is not known.</param>
    /// <returns>The interface's number in this file, from 0 on.</returns>
    /// <exception cref="IOException">The stream can't be written.</exception>
    public int WriteInterface(LinkType linkType, string? name = null)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)linkType, ushort.MaxValue, nameof(linkType));
        const ushort Name = 2;
        const ushort TimestampResolution = 9;
        Begin(PcapngReader.InterfaceDescription);
        Append16((ushort)linkType);
        Append16(0);
        Append32(0);
        AppendText(Name, name);
        AppendOption(TimestampResolution, [9]);
        End();
        _interfaces.Add(linkType);
        return _interfaces.Count - 1;
    }

    /// <summary>Writes a packet to the first interface of its link type.</summary>
    /// <param name="packet">The packet; of a time before 1970, 1970 is written.</param>
    /// <param name="comment">What this packet shows; null for none.</param>
    /// <exception cref="ArgumentException">The packet has more than <see cref="CaptureFile.MaxPacketLength"/> captured bytes.</exception>
    /// <exception cref="IOException">The stream can't be written.</exception>
    public void Write(in CapturedPacket packet, string? comment = null)
    {
        if (packet.Data.Length > CaptureFile.MaxPacketLength)
        {
            throw new ArgumentException($"The packet has {packet.Data.Length} captured bytes; a reader takes more than {CaptureFile.MaxPacketLength} for damage.", nameof(packet));
        }

        int on = _interfaces.IndexOf(packet.LinkType);
        if (on < 0)
        {
            on = WriteInterface(packet.LinkType);
        }

        _lastTimestamp = (ulong)Math.Max(0, packet.TimestampNanoseconds);
        Begin(PcapngReader.EnhancedPacket);
        Append32((uint)on);
        AppendTimestamp();
        Append32((uint)packet.Data.Length);
        Append32((uint)Math.Max(packet.WireLength, packet.Data.Length));
        Append(packet.Data);
        Pad();
        AppendText(Comment, comment);
        End();
    }

    /// <summary>Says how many packets the capture received and lost, so that a reader knows that the file is not whole.</summary>
    /// <param name="statistics">The whole capture's counts; they stand at the first interface, since a source does not divide them.</param>
    /// <exception cref="InvalidOperationException">No interface has been described and no packet written.</exception>
    /// <exception cref="IOException">The stream can't be written.</exception>
    public void WriteStatistics(CaptureStatistics statistics)
    {
        if (_interfaces.Count == 0)
        {
            throw new InvalidOperationException("Statistics belong to an interface: write one, or a packet, before them.");
        }

        const ushort Received = 4;
        const ushort Dropped = 5;
        Begin(PcapngReader.InterfaceStatistics);
        Append32(0);
        AppendTimestamp();
        Span<byte> count = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(count, statistics.Received);
        AppendOption(Received, count);
        BinaryPrimitives.WriteInt64LittleEndian(count, statistics.Dropped);
        AppendOption(Dropped, count);
        End();
    }

    /// <summary>Writes what is buffered through to the stream, and closes it where it is the writer's own.</summary>
    /// <exception cref="IOException">The stream can't be written.</exception>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (_leaveOpen)
        {
            _stream.Flush();
        }
        else
        {
            _stream.Dispose();
        }
    }

    private void Begin(uint type)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _length = 0;
        Append32(type);
        Append32(0);
    }

    // Every block that is written here takes options last, and some may have none: the end of options stands in each.
    private void End()
    {
        Append16(EndOfOptions);
        Append16(0);
        uint total = (uint)_length + 4;
        Append32(total);
        BinaryPrimitives.WriteUInt32LittleEndian(_block.AsSpan(4), total);
        _stream.Write(_block, 0, _length);
    }

    // High half first, in either byte order (§4.3).
    private void AppendTimestamp()
    {
        Append32((uint)(_lastTimestamp >> 32));
        Append32((uint)_lastTimestamp);
    }

    private void AppendText(ushort code, string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return;
        }

        byte[] bytes = Encoding.UTF8.GetBytes(PrintableText.OfLines(text));
        int length = Math.Min(bytes.Length, MaxCommentLength);

        // Not in the middle of a character: its bytes after the first begin with the bits 10.
        while (length < bytes.Length && (bytes[length] & 0xc0) == 0x80)
        {
            length--;
        }

        AppendOption(code, bytes.AsSpan(0, length));
    }

    private void AppendOption(ushort code, ReadOnlySpan<byte> value)
    {
        Append16(code);
        Append16((ushort)value.Length);
        Append(value);
        Pad();
    }

    private void Append16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Take(2), value);

    private void Append32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Take(4), value);

    private void Append64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Take(8), value);

    private void Append(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    private void Pad() => Take(-_length & 3).Clear();

    private Span<byte> Take(int count)
    {
        if (_block.Length - _length < count)
        {
            Array.Resize(ref _block, Math.Max(2 * _block.Length, _length + count));
        }

        _length += count;
        return _block.AsSpan(_length - count, count);
    }
}
