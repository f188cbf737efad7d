using System.Buffers.Binary;
using System.Net;
using FsCheck;
using FsCheck.Fluent;
using RstGuard.Capture;
using RstGuard.Tcp;
using RstGuard.Tests.Diagnosis;

namespace RstGuard.Tests.Capture;

/// <summary>pcap and pcapng files, whole, cut and broken.</summary>
public sealed class CaptureFileTests
{
    private const long Time = 1_700_000_000_123_456_789;

    private static readonly RecordedPacket[] Packets =
    [
        Segment(TcpFlags.Syn, 1, 0, Time),
        Segment(TcpFlags.Syn | TcpFlags.Ack, 2, 0, Time + 1_000) with { WireLength = 90 },
        Segment(TcpFlags.Ack, 1, 333, Time + 2_000_000_000),
    ];

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Pcap_IsReadInBothByteOrdersAndResolutions(bool bigEndian, bool nanoseconds)
    {
        IReadOnlyList<RecordedPacket> read = ReadAll(CaptureBytes.Pcap(Packets, bigEndian, nanoseconds), out CaptureFileException? damage);
        Assert.Null(damage);
        AssertEqual(Packets.Select(packet => nanoseconds ? packet : packet with { TimestampNanoseconds = packet.TimestampNanoseconds / 1000 * 1000 }), read);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Pcapng_IsReadInBothByteOrders(bool bigEndian)
    {
        IReadOnlyList<RecordedPacket> read = ReadAll(CaptureBytes.Pcapng(Packets, bigEndian), out CaptureFileException? damage);
        Assert.Null(damage);
        AssertEqual(Packets, read);
    }

    [Fact]
    public void WrittenCapture_ReadsBackEqual() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(200),
        Prop.ForAll<(byte[] Data, uint Time, ushort More)[], bool, bool>((written, bigEndian, pcapng) =>
        {
            RecordedPacket[] packets = [.. written.Select(one => new RecordedPacket(one.Data, one.Time * 1_000_000_007L % (1L << 60), LinkType.Raw, one.Data.Length + one.More))];
            IReadOnlyList<RecordedPacket> read = ReadAll(pcapng ? CaptureBytes.Pcapng(packets, bigEndian) : CaptureBytes.Pcap(packets, bigEndian), out CaptureFileException? damage);
            AssertEqual(packets, read);
            return damage is null;
        }));

    [Fact]
    public void Mutation_ThrowsNothingUndocumented() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(3000),
        Prop.ForAll<(ushort At, byte Value)[], bool, bool>((changes, bigEndian, pcapng) =>
        {
            byte[] file = pcapng ? EveryBlock(bigEndian) : CaptureBytes.Pcap(Packets, bigEndian);
            foreach ((ushort at, byte value) in changes)
            {
                file[at % file.Length] = value;
            }

            ReadAll(file, out CaptureFileException? damage);
            return damage is null || (damage.Offset >= 0 && damage.Offset <= file.Length);
        }));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void CutAtAnyByte_KeepsTheWholePackets_AndNamesTheOffset(bool pcapng)
    {
        byte[] file = pcapng ? EveryBlock(bigEndian: false) : CaptureBytes.Pcap(Packets);
        IReadOnlyList<RecordedPacket> whole = ReadAll(file, out _);
        HashSet<long> offsets = [];
        for (int length = 0; length < file.Length; length++)
        {
            IReadOnlyList<RecordedPacket> read = ReadAll(file[..length], out CaptureFileException? damage);
            AssertEqual(whole.Take(read.Count), read);
            if (damage is null)
            {
                offsets.Add(length);
                continue;
            }

            Assert.InRange(damage.Offset, 0, length);
            Assert.Contains($"At byte {damage.Offset}:", damage.Message);
        }

        // It is whole where a block or packet ends, and nowhere else.
        Assert.Equal(pcapng ? 12 : 3, offsets.Count);
    }

    [Fact]
    public void MappedFile_ReadsAsTheStreamDoes()
    {
        string path = Path.GetTempFileName();
        try
        {
            foreach (byte[] bytes in new[] { EveryBlock(bigEndian: true), CaptureBytes.Pcap(Packets), CaptureBytes.Pcap(Packets)[..^1] })
            {
                File.WriteAllBytes(path, bytes);
                IReadOnlyList<RecordedPacket> streamed = ReadAll(bytes, out CaptureFileException? ofStream);
                using CaptureFile file = CaptureFile.Open(path);
                AssertEqual(streamed, ReadAll(file, out CaptureFileException? ofFile));
                Assert.Equal(ofStream?.Offset, ofFile?.Offset);
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void FileLongerThanItsWindow_IsReadToItsEnd_WithPacketsAcrossWindows()
    {
        const int Most = 700;
        byte[] record = new byte[16 + 65_531];
        string path = Path.GetTempFileName();
        try
        {
            using (FileStream file = File.OpenWrite(path))
            {
                file.Write(CaptureBytes.Pcap([]));
                for (int number = 0; number < Most; number++)
                {
                    BinaryPrimitives.WriteInt32LittleEndian(record, number);
                    BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(8), record.Length - 16);
                    BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(12), record.Length - 16);
                    record[16] = record[^1] = (byte)number;
                    file.Write(record);
                }
            }

            using CaptureFile source = CaptureFile.Open(path);
            for (int number = 0; number < Most; number++)
            {
                Assert.Equal(ReadResult.Packet, source.Read(out CapturedPacket packet, TimeSpan.Zero));
                Assert.Equal((number * 1_000_000_000L, record.Length - 16, (byte)number, (byte)number), (packet.TimestampNanoseconds, packet.Data.Length, packet.Data[0], packet.Data[^1]));
            }

            Assert.Equal(ReadResult.Ended, source.Read(out _, TimeSpan.Zero));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void StreamInSmallPieces_ReadsAsAWhole()
    {
        byte[] bytes = EveryBlock(bigEndian: false);
        using CaptureFile file = CaptureFile.Open(new Trickle(bytes), "a pipe");
        AssertEqual(ReadAll(bytes, out _), ReadAll(file, out CaptureFileException? damage));
        Assert.Null(damage);
    }

    [Fact]
    public void EveryPacketBlock_Section_AndInterface_IsRead()
    {
        foreach (bool bigEndian in new[] { false, true })
        {
            using CaptureFile file = CaptureFile.Open(new MemoryStream(EveryBlock(bigEndian)), "bytes");
            IReadOnlyList<RecordedPacket> read = ReadAll(file, out CaptureFileException? damage);
            Assert.Null(damage);
            Assert.Equal(5, read.Count);
            Assert.Equal([Time, Time / 1000 * 1000, Time / 1000 * 1000, 5_500_000_000, 3_000_000_000], read.Select(packet => packet.TimestampNanoseconds));
            Assert.Equal([LinkType.Raw, LinkType.IPv4, LinkType.Raw, LinkType.Ethernet, LinkType.Raw], read.Select(packet => packet.LinkType));
            Assert.Equal(40, read[2].Data.Length);
            Assert.Equal(373, read[2].WireLength);

            // 7 by the first interface's statistics, of which its packets tell of 4; 3 before the obsolete packet of the second.
            Assert.Equal(new CaptureStatistics(15, 10), file.GetStatistics());
        }
    }

    [Theory]
    [InlineData(6, 0L, 1_000_000UL, 1_000_000_000L)]
    [InlineData(0, 0L, 2UL, 2_000_000_000L)]
    [InlineData(0x80 | 10, 0L, 1536UL, 1_500_000_000L)]
    [InlineData(12, 0L, 1_500_000_000_000UL, 1_500_000_000L)]
    [InlineData(9, -1L, 3_000_000_000UL, 2_000_000_000L)]
    [InlineData(9, long.MinValue, 1UL, 0L)]
    [InlineData(0, long.MaxValue, ulong.MaxValue, long.MaxValue)]
    [InlineData(0xff, 0L, ulong.MaxValue, 0L)]
    [InlineData(0x7f, 0L, ulong.MaxValue, 0L)]
    public void Time_FollowsResolutionAndOffset_AndNeverOverflows(byte resolution, long offset, ulong time, long expected)
    {
        byte[] options = new CaptureBytes(false).U16(9).U16(1).Bytes([resolution, 0, 0, 0]).U16(14).U16(8).U64((ulong)offset).ToArray();
        byte[] file = new CaptureBytes(false).Section().Interface(LinkType.Raw, options).Enhanced(0, time, [1]).ToArray();
        Assert.Equal(expected, Assert.Single(ReadAll(file, out _)).TimestampNanoseconds);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("1f8b0800", "gunzip")]
    [InlineData("28b52ffd", "zstd")]
    [InlineData("47455420", "neither pcap nor pcapng")]
    public void OtherFile_SaysWhatItIs(string bytes, string says)
    {
        ReadAll(Convert.FromHexString(bytes), out CaptureFileException? damage);
        Assert.Contains(says, damage!.Message);
        Assert.Equal(0, damage.Offset);
    }

    [Fact]
    public void HugeClaims_TakeNoMemory()
    {
        byte[] pcap = CaptureBytes.Pcap(Packets[..1]);
        BinaryPrimitives.WriteUInt32LittleEndian(pcap.AsSpan(24 + 8), uint.MaxValue);
        byte[] pcapng = new CaptureBytes(false).Section().U32(6).U32(0xffff_fffc).U32(0).ToArray();
        byte[] unknown = new CaptureBytes(false).Section().U32(0x99).U32(0xffff_fffc).U32(0).ToArray();
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (byte[] file in new[] { pcap, pcapng, unknown })
        {
            Assert.Empty(ReadAll(file, out CaptureFileException? damage));
            Assert.NotNull(damage);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    [Fact]
    public void UnknownLinkType_IsCountedAndNumbered()
    {
        byte[] file = new CaptureBytes(false).Section().Interface((LinkType)127).Interface(LinkType.Raw)
            .Enhanced(0, 1, [1, 2, 3]).Enhanced(1, 2, Packets[0].Data.Span).ToArray();
        using CaptureFile opened = CaptureFile.Open(new MemoryStream(file), "bytes");
        Assert.Equal(ReadResult.Packet, opened.Read(out CapturedPacket packet, TimeSpan.Zero));
        Assert.Equal((2, 2), (packet.Number, packet.InterfaceIndex));
        Assert.Equal((1, 127), (opened.PacketsOfOtherLinkTypes, opened.OtherLinkType));
        Assert.Equal(ReadResult.Ended, opened.Read(out _, TimeSpan.Zero));
    }

    [Theory]
    [InlineData(LinkType.Raw, "")]
    [InlineData(LinkType.IPv4, "")]
    [InlineData(LinkType.Null, "02000000")]
    [InlineData(LinkType.Null, "00000002")]
    [InlineData(LinkType.Loop, "00000002")]
    [InlineData(LinkType.Ethernet, "0000000000010000000000020800")]
    [InlineData(LinkType.Ethernet, "000000000001000000000002810000050800")]
    [InlineData(LinkType.Ethernet, "00000000000100000000000288a80005810000060800")]
    [InlineData(LinkType.LinuxSll, "00000304000600000000000000000800")]
    [InlineData(LinkType.LinuxSll, "0000030400060000000000000000810000050800")]
    [InlineData(LinkType.LinuxSll2, "0800000000000001030400060000000000000000")]
    public void LinkHeader_IsPassed(LinkType link, string header) => AssertLinkHeader(link, header, Packets[2].Data.ToArray(), 333);

    [Theory]
    [InlineData(LinkType.Raw, "")]
    [InlineData(LinkType.IPv6, "")]
    [InlineData(LinkType.Null, "0a000000")]
    [InlineData(LinkType.Null, "1e000000")]
    [InlineData(LinkType.Null, "00000018")]
    [InlineData(LinkType.Loop, "0000001e")]
    [InlineData(LinkType.Ethernet, "00000000000100000000000286dd")]
    [InlineData(LinkType.LinuxSll, "000003040006000000000000000086dd")]
    [InlineData(LinkType.LinuxSll2, "86dd000000000001030400060000000000000000")]
    public void LinkHeader_BeforeIPv6_IsPassed(LinkType link, string header)
    {
        RecordedPacket packet = Segment(TcpFlags.Ack, 1, 44, Time, version6: true);
        AssertLinkHeader(link, header, packet.Data.ToArray(), 44);

        // Hop-by-hop options, routing, an atomic fragment, authentication, destination options.
        byte[] plain = packet.Data.ToArray();
        byte[] extensions = Convert.FromHexString("2b00010400000000" + "2c00000000000000" + "3300000000000001" + "3c04000000000000" + "000000000000000000000000000000000600010400000000");
        byte[] extended = [.. plain[..40], .. extensions, .. plain[40..]];
        extended[6] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(extended.AsSpan(4), (ushort)(extended.Length - 40));
        AssertLinkHeader(link, header, extended, 44);
    }

    [Theory]
    [InlineData(LinkType.IPv6, "")]
    [InlineData(LinkType.Null, "0a000000")]
    [InlineData(LinkType.Ethernet, "00000000000100000000000286dd")]
    [InlineData(LinkType.Ethernet, "0000000000010000000000020806")]
    [InlineData((LinkType)127, "")]
    public void LinkHeaderThatContradicts_IsNoSegment(LinkType link, string header)
    {
        byte[] data = [.. Convert.FromHexString(header), .. Packets[0].Data.Span];
        Assert.False(TcpSegment.TryParse(new CapturedPacket(data, data.Length, 0, link, 0, 1), out _));
    }

    [Fact]
    public void OffloadedSegmentWithoutLength_IsAsLongAsOnTheWire()
    {
        byte[] data = Segment(TcpFlags.Ack, 1, 0, Time).Data.ToArray();
        data[2] = data[3] = 0;
        Assert.True(TcpSegment.TryParse(new CapturedPacket(data, 200_040, 0, LinkType.Raw, 0, 1), out TcpSegment segment));
        Assert.Equal((200_000, 0), (segment.PayloadLength, segment.Payload.Length));
    }

    private static void AssertLinkHeader(LinkType link, string header, byte[] packet, int payload)
    {
        byte[] data = [.. Convert.FromHexString(header), .. packet];
        Assert.True(TcpSegment.TryParse(new CapturedPacket(data, data.Length, 0, link, 0, 1), out TcpSegment segment));
        Assert.Equal(payload, segment.PayloadLength);
        for (int length = 0; length < data.Length; length++)
        {
            _ = TcpSegment.TryParse(new CapturedPacket(data.AsSpan(0, length), data.Length, 0, link, 0, 1), out _);
        }
    }

    // Each block that is read, one that is not, and two sections of which the second has another interface of the same number.
    internal static byte[] EveryBlock(bool bigEndian)
    {
        byte[] data = Packets[0].Data.ToArray();
        ulong microseconds = Time / 1000;
        byte[] statistics = new CaptureBytes(bigEndian).U16(5).U16(8).U64(5).U16(7).U16(8).U64(2).U16(4).U16(8).U64(99).U32(0).ToArray();
        byte[] dropCount = new CaptureBytes(bigEndian).U16(4).U16(8).U64(4).U32(0).ToArray();
        CaptureBytes file = new CaptureBytes(bigEndian)
            .Section()
            .Interface(LinkType.Raw, CaptureBytes.Option(bigEndian, 9, 9), snapLength: 40)
            .Interface(LinkType.IPv4)
            .Enhanced(0, Time, data, 0, dropCount)
            .Block(0x0bad, body => body.Bytes([1, 2, 3, 4, 5]))
            .Block(2, body => body.U16(1).U16(3).U32((uint)(microseconds >> 32)).U32((uint)microseconds).U32((uint)data.Length).U32((uint)data.Length).Bytes(data).Pad())
            .Block(3, body => body.U32(373).Bytes(Packets[2].Data.Span[..40]))
            .Block(5, body => body.U32(0).U32(0).U32(0).Bytes(statistics));
        CaptureBytes second = new CaptureBytes(!bigEndian)
            .Section()
            .Interface(LinkType.Ethernet)
            .Enhanced(0, 5_500_000, [1, 2, 3])
            .Interface(LinkType.Raw, CaptureBytes.Option(!bigEndian, 9, 0))
            .Enhanced(1, 3, data);
        return [.. file.ToArray(), .. second.ToArray()];
    }

    private static RecordedPacket Segment(TcpFlags flags, uint number, int payload, long time, bool version6 = false) =>
        new WireSegment(
            IPEndPoint.Parse(version6 ? "[::1]:40000" : "127.0.0.1:40000"), IPEndPoint.Parse(version6 ? "[::1]:80" : "127.0.0.2:80"), flags, number, 7)
        {
            Payload = new byte[payload],
            Time = time,
        }.ToPacket();

    private static IReadOnlyList<RecordedPacket> ReadAll(byte[] bytes, out CaptureFileException? damage)
    {
        try
        {
            using CaptureFile file = CaptureFile.Open(new MemoryStream(bytes), "bytes");
            return ReadAll(file, out damage);
        }
        catch (CaptureFileException exception)
        {
            damage = exception;
            return [];
        }
    }

    private static IReadOnlyList<RecordedPacket> ReadAll(CaptureFile file, out CaptureFileException? damage)
    {
        List<RecordedPacket> read = [];
        damage = null;
        try
        {
            while (file.Read(out CapturedPacket packet, TimeSpan.Zero) == ReadResult.Packet)
            {
                read.Add(new RecordedPacket(packet.Data.ToArray(), packet.TimestampNanoseconds, packet.LinkType, packet.WireLength));
            }
        }
        catch (CaptureFileException exception)
        {
            damage = exception;
            Assert.Equal(ReadResult.Ended, file.Read(out _, TimeSpan.Zero));
        }

        return read;
    }

    private static void AssertEqual(IEnumerable<RecordedPacket> expected, IEnumerable<RecordedPacket> read) => Assert.Equal(
        expected.Select(packet => (Convert.ToHexString(packet.Data.Span), packet.TimestampNanoseconds, packet.LinkType, Math.Max(packet.WireLength, packet.Data.Length))),
        read.Select(packet => (Convert.ToHexString(packet.Data.Span), packet.TimestampNanoseconds, packet.LinkType, packet.WireLength)));

    private sealed class Trickle(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 3));
    }
}
