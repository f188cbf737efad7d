using FsCheck;
using FsCheck.Fluent;
using RstGuard.Capture;
using RstGuard.Tcp;
using RstGuard.Tests.Diagnosis;

namespace RstGuard.Tests.Capture;

/// <summary>What is written reads back, here and in Wireshark.</summary>
public sealed class PcapngWriterTests
{
    private const long Time = 1_700_000_000_123_456_789;

    [Fact]
    public void WrittenFile_ReadsBackEqual() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(200),
        Prop.ForAll<(byte[] Data, uint Time, ushort More, bool Ethernet, string? Comment)[], string?>((written, comment) =>
        {
            RecordedPacket[] packets =
            [
                .. written.Select(one => new RecordedPacket(
                    one.Data, one.Time * 1_000_000_007L % (1L << 60), one.Ethernet ? LinkType.Ethernet : LinkType.Raw, one.Data.Length + one.More)),
            ];
            using MemoryStream file = new();
            using (PcapngWriter writer = new(file, comment, leaveOpen: true))
            {
                for (int i = 0; i < packets.Length; i++)
                {
                    Write(writer, packets[i], written[i].Comment);
                }
            }

            file.Position = 0;
            using CaptureFile read = CaptureFile.Open(file, "what was written");
            return RecordedPackets.CopyFrom(read, TimeSpan.Zero).Select(Comparable).SequenceEqual(packets.Select(Comparable));
        }));

    [Fact]
    public void Losses_ReadBack()
    {
        using MemoryStream file = new();
        using (PcapngWriter writer = new(file, leaveOpen: true))
        {
            Write(writer, Segment(0));
            writer.WriteStatistics(new CaptureStatistics(8, 7));
        }

        file.Position = 0;
        using CaptureFile read = CaptureFile.Open(file, "what was written");
        Assert.Single(RecordedPackets.CopyFrom(read, TimeSpan.Zero));
        Assert.Equal(new CaptureStatistics(8, 7), read.GetStatistics());
    }

    [Fact]
    public void StatisticsOfNoInterface_AreRefused()
    {
        using PcapngWriter writer = new(new MemoryStream());
        Assert.Throws<InvalidOperationException>(() => writer.WriteStatistics(new CaptureStatistics(1, 0)));
    }

    [Fact]
    public void PacketThatAReaderTakesForDamage_IsRefused()
    {
        using PcapngWriter writer = new(new MemoryStream());
        Assert.Throws<ArgumentException>(() => Write(writer, new RecordedPacket(new byte[CaptureFile.MaxPacketLength + 1], Time)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void CommentThatIsTooLong_IsCutBetweenCharacters(int offset)
    {
        // A character of four bytes lies across the limit in all but one of these.
        string comment = new string('x', PcapngWriter.MaxCommentLength - offset) + "\U0001f600";
        using MemoryStream file = new();
        using (PcapngWriter writer = new(file, comment, leaveOpen: true))
        {
            Write(writer, Segment(0));
        }

        file.Position = 0;
        byte[] bytes = file.ToArray();
        int length = BitConverter.ToUInt16(bytes, 26);
        Assert.Equal(offset < 4 ? PcapngWriter.MaxCommentLength - offset : PcapngWriter.MaxCommentLength, length);
        Assert.DoesNotContain('\uFFFD', System.Text.Encoding.UTF8.GetString(bytes, 28, length));
        using CaptureFile read = CaptureFile.Open(file, "what was written");
        Assert.Single(RecordedPackets.CopyFrom(read, TimeSpan.Zero));
    }

    [Fact]
    public async Task Wireshark_ShowsTheComments_WithoutControlSequences()
    {
        string path = Path.GetTempFileName();
        try
        {
            using (PcapngWriter writer = new(File.Create(path), "LingerZero (Certain)\nclosed at Server.cs:7\u001b[31m"))
            {
                writer.WriteInterface(LinkType.Raw, "lo");
                Write(writer, Segment(0));
                Write(writer, Segment(1), "the reset: LingerZero \u202e\u001b]0;owned\u0007");
                writer.WriteStatistics(new CaptureStatistics(2, 0));
            }

            string[][] frames = await Tshark.FieldsAsync(path, "frame.number", "frame.time_epoch", "frame.interface_name", "frame.comment");
            Assert.Equal(
                [["1", "1700000000.123456789", "lo", ""], ["2", "1700000001.123456789", "lo", "the reset: LingerZero \uFFFD\uFFFD]0;owned\uFFFD"]],
                frames);
            string file = await Tshark.FileInformationAsync(path);
            Assert.Contains("LingerZero (Certain)", file);
            Assert.Contains("closed at Server.cs:7\uFFFD[31m", file);
            Assert.DoesNotContain('\u001b', file);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static RecordedPacket Segment(int number) =>
        new WireSegment(System.Net.IPEndPoint.Parse("127.0.0.1:40000"), System.Net.IPEndPoint.Parse("127.0.0.2:80"), TcpFlags.Ack, (uint)number, 7)
        {
            Time = Time + (number * 1_000_000_000L),
        }.ToPacket();

    private static void Write(PcapngWriter writer, RecordedPacket packet, string? comment = null) => writer.Write(
        new CapturedPacket(packet.Data.Span, Math.Max(packet.WireLength, packet.Data.Length), packet.TimestampNanoseconds, packet.LinkType, 0, 1), comment);

    private static (string, long, LinkType, int) Comparable(RecordedPacket packet) =>
        (Convert.ToHexString(packet.Data.Span), packet.TimestampNanoseconds, packet.LinkType, Math.Max(packet.WireLength, packet.Data.Length));
}
