using FsCheck;
using FsCheck.Fluent;
using RstGuard.Capture;

namespace RstGuard.Tests.Capture;

/// <summary>The last packets, in bounded memory.</summary>
public sealed class PacketHistoryTests
{
    [Fact]
    public void Replay_IsTheLastPackets_AsTheyWere() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300),
        Prop.ForAll<byte[][], byte>((packets, scale) =>
        {
            const int Snap = 64;
            PacketHistory history = new(1024, Snap);
            byte[][] all = [.. packets.Concat(packets).Concat(packets).Select((packet, i) => Enumerable.Repeat((byte)i, packet.Length * scale).ToArray())];
            for (int i = 0; i < all.Length; i++)
            {
                history.Add(new CapturedPacket(all[i], all[i].Length + 7, i, i % 2 == 0 ? LinkType.Raw : LinkType.Ethernet, 3, i + 1));
            }

            List<(string, int, long, LinkType, long)> read = [];
            using IPacketSource replay = history.Replay();
            while (replay.Read(out CapturedPacket packet, TimeSpan.Zero) == ReadResult.Packet)
            {
                read.Add((Convert.ToHexString(packet.Data), packet.WireLength, packet.TimestampNanoseconds, packet.LinkType, packet.Number));
            }

            (string, int, long, LinkType, long)[] expected = [.. all.Select((data, i) =>
                (Convert.ToHexString(data.AsSpan(0, Math.Min(Snap, data.Length))), data.Length + 7, (long)i, i % 2 == 0 ? LinkType.Raw : LinkType.Ethernet, i + 1L))];
            int bytes = read.Sum(packet => packet.Item1.Length / 2);
            return read.SequenceEqual(expected.TakeLast(read.Count))
                && history.Forgotten == all.Length - read.Count
                && bytes <= 1024
                && (history.Forgotten == 0 || bytes > 1024 - Snap || read.Count == 1024 / 32)
                && replay.GetStatistics() == new CaptureStatistics(all.Length, history.Forgotten);
        }));

    [Fact]
    public void Growth_KeepsWhatWasThere()
    {
        PacketHistory history = new(1 << 20, 1000);
        for (int i = 0; i < 1000; i++)
        {
            history.Add(new CapturedPacket(BitConverter.GetBytes(i).Concat(new byte[996]).ToArray(), 1000, i, LinkType.Raw, 1, i + 1));
        }

        Assert.Equal(0, history.Forgotten);
        Assert.Equal(Enumerable.Range(0, 1000), RecordedPackets.CopyFrom(history.Replay(), TimeSpan.Zero).Select(packet => BitConverter.ToInt32(packet.Data.Span)));
    }
}
