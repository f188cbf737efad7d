using System.Net;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Tcp;

namespace RstGuard.Tests.Diagnosis;

public sealed class ResetRecorderTests
{
    private static readonly IPEndPoint Server = IPEndPoint.Parse("127.8.0.1:80");

    [Fact]
    public async Task MissingSentinel_MakesTheRecordingIncomplete()
    {
        await using ResetRecorder recorder = ResetRecorder.Start(new SilentCapture(), new ResetRecorderOptions { SentinelTimeout = TimeSpan.FromMilliseconds(300) });
        ResetRecording recording = await recorder.StopAsync();
        Assert.False(recording.IsComplete);
        Assert.Contains("did not show our own datagram", Assert.Single(recording.Gaps));
    }

    [Fact]
    public async Task SynFlood_KeepsTheTableWithinItsBound_AndSaysSo()
    {
        const int Bound = 500;
        IEnumerable<RecordedPacket> flood = Enumerable.Range(0, 20_000).Select(number =>
            new WireSegment(new IPEndPoint(new IPAddress([10, (byte)(number >> 8), (byte)number, 1]), 1024 + (number % 60_000)), Server, TcpFlags.Syn, (uint)number, 0) { Time = number }.ToPacket());
        await using ResetRecorder recorder = ResetRecorder.Start(new RecordedPackets(flood), new ResetRecorderOptions { MaxConnections = Bound });
        ResetRecording recording = await recorder.StopAsync();

        Assert.False(recording.IsComplete);
        Assert.Contains(recording.Gaps, gap => gap.Contains($"{20_000 - Bound} open connections were forgotten", StringComparison.Ordinal));
        Assert.True(recording.Connections.Count <= 3 * Bound);
    }

    [Fact]
    public void SynFlood_NeverHoldsMoreThanItsBound()
    {
        ConnectionTable table = new(capacity: 100);
        for (int number = 0; number < 10_000; number++)
        {
            RecordedPacket packet = new WireSegment(new IPEndPoint(new IPAddress([10, (byte)(number >> 8), (byte)number, 1]), 1024), Server, TcpFlags.Syn, 1, 0).ToPacket();
            Assert.True(TcpSegment.TryParse(new CapturedPacket(packet.Data.Span, packet.Data.Length, number, LinkType.Raw, 0, number + 1), out TcpSegment segment));
            table.Add(segment, out _);
            Assert.True(table.Count <= 100);
        }

        Assert.Equal(9_900, table.Evictions);
    }

    [Fact]
    public async Task MoreResetsThanAreKept_MakeTheRecordingIncomplete()
    {
        IEnumerable<RecordedPacket> resets = Enumerable.Range(0, 50).Select(number =>
            new WireSegment(new IPEndPoint(IPAddress.Parse("10.0.0.1"), 1024 + number), Server, TcpFlags.Reset, 1, 0) { Time = number }.ToPacket());
        await using ResetRecorder recorder = ResetRecorder.Start(new RecordedPackets(resets), new ResetRecorderOptions { MaxResets = 10 });
        ResetRecording recording = await recorder.StopAsync();
        Assert.Equal(10, recording.Resets.Count);
        Assert.Contains("40 resets were not kept", Assert.Single(recording.Gaps));
    }

    // Recorded packets are read without a wait: what does not end here would keep a thread of every guard busy for ever.
    [Fact(Timeout = 30_000)]
    public async Task ResetsFarApart_SettleOneByOne()
    {
        IEnumerable<RecordedPacket> resets = Enumerable.Range(0, 20).Select(number =>
            new WireSegment(new IPEndPoint(IPAddress.Parse("10.0.0.1"), 1024 + number), Server, TcpFlags.Reset, 1, 0) { Time = number * 2 * ResetObserver.SettleNanoseconds }.ToPacket());
        await using ResetRecorder recorder = ResetRecorder.Start(new RecordedPackets(resets));
        Assert.Equal(20, (await recorder.StopAsync()).Resets.Count);
    }

    [Fact]
    public async Task SegmentsWithoutReset_AllocateNothing()
    {
        const int Exchanges = 20_000;
        IPEndPoint client = IPEndPoint.Parse("127.8.0.2:40000");
        List<RecordedPacket> packets =
        [
            new WireSegment(client, Server, TcpFlags.Syn, 0, 0).ToPacket(),
            new WireSegment(Server, client, TcpFlags.Syn | TcpFlags.Ack, 0, 1).ToPacket(),
            new WireSegment(client, Server, TcpFlags.Ack, 1, 1).ToPacket(),
        ];
        for (uint number = 0; number < Exchanges; number++)
        {
            packets.Add(new WireSegment(client, Server, TcpFlags.Ack | TcpFlags.Push, 1 + (number * 10), 1) { Payload = new byte[10], Time = number * 100_000L }.ToPacket());
            packets.Add(new WireSegment(Server, client, TcpFlags.Ack, 1, 11 + (number * 10)) { Time = (number * 100_000L) + 60_000 }.ToPacket());
        }

        AllocationLog log = new(new RecordedPackets(packets), warmUp: 1000);
        await using ResetRecorder recorder = ResetRecorder.Start(log);
        ResetRecording recording = await recorder.StopAsync();

        Assert.Equal(10L * Exchanges, Assert.Single(recording.Connections).BytesFromClient);
        // 39 000 packets; one object for each would be 900 000 bytes.
        Assert.InRange(log.Allocated, 0, 20_000);
    }

    public static TheoryData<int, long, long, long, long, long, string> CounterCases() => new()
    {
        // Active resets captured; then what moved: resets sent, aborts on close, on data, on linger, others.
        { 2, 2, 2, 0, 0, 0, nameof(CounterProof.AllCloseWithUnread) },
        { 2, 2, 2, 1, 0, 1, nameof(CounterProof.AllCloseWithUnread) },
        { 2, 2, 0, 0, 2, 0, nameof(CounterProof.AllLinger2Negative) },
        { 2, 2, 0, 2, 0, 0, nameof(CounterProof.AllLingerZero) },
        { 2, 2, 0, 1, 0, 0, nameof(CounterProof.NoUnreadClose) },
        { 2, 2, 0, 0, 0, 0, nameof(CounterProof.NoAbortiveClose) },
        { 2, 2, 1, 1, 0, 0, nameof(CounterProof.SentByTcp) },
        { 2, 2, 0, 2, 0, 1, nameof(CounterProof.SentByTcp) },
        { 2, 3, 2, 0, 0, 0, nameof(CounterProof.None) },
        { 2, 1, 2, 0, 0, 0, nameof(CounterProof.None) },
        { 0, 0, 0, 0, 0, 0, nameof(CounterProof.None) },
    };

    [Theory]
    [MemberData(nameof(CounterCases))]
    public void Counters_ProveOnlyWhatReconciles(int active, long sent, long onClose, long onData, long onLinger, long others, string expected)
    {
        ResetObservation[] resets = [.. Enumerable.Range(0, active).Select(_ => Observe(TcpFlags.Reset | TcpFlags.Ack))];
        Assert.Equal(expected, ResetRecorder.Reconcile(new TcpCounters(sent, onClose, onData, onLinger, others), resets, []).ToString());
    }

    [Fact]
    public void PassiveResetAmongThem_LeavesTheActiveOnesUnproved()
    {
        ResetObservation[] resets = [Observe(TcpFlags.Reset | TcpFlags.Ack), Observe(TcpFlags.Reset)];
        Assert.Equal(CounterProof.NoUnreadClose, ResetRecorder.Reconcile(new TcpCounters(2, 0, 1, 0, 0), resets, []));
    }

    [Fact]
    public void Counters_AreReadByName()
    {
        TcpCounters counters = TcpCounters.Parse(
            "Ip: Forwarding\nIp: 1\nTcp: ActiveOpens OutRsts InErrs\nTcp: 5 7 0\n",
            "TcpExt: TCPAbortOnData TCPAbortOnClose TCPAbortOnMemory TCPAbortOnTimeout TCPAbortOnLinger TCPAbortFailed\nTcpExt: 1 2 3 4 5 6\n");
        Assert.Equal(new TcpCounters(7, 2, 1, 5, 13), counters);
        Assert.Throws<FormatException>(() => TcpCounters.Parse("", ""));
    }

    private static ResetObservation Observe(TcpFlags flags)
    {
        IPEndPoint client = IPEndPoint.Parse("127.8.0.2:40000");
        bool active = flags.HasFlag(TcpFlags.Ack);
        WireSegment made = new(client, Server, flags, active ? 100u : 7u, active ? 200u : 0u) { Window = active ? (ushort)64 : (ushort)0 };
        RecordedPacket packet = made.ToPacket();
        Assert.True(TcpSegment.TryParse(new CapturedPacket(packet.Data.Span, packet.Data.Length, 0, LinkType.Raw, 0, 1), out TcpSegment segment));
        Connection connection = new ConnectionTable(1).Add(segment, out int sender);
        return ResetObservation.From(connection, segment, sender, CaptureDetail.Packets);
    }

    /// <summary>A capture of the wrong interface: it works and shows nothing.</summary>
    private sealed class SilentCapture : IPacketSource
    {
        public string Description => "nothing";

        public bool IsLive => true;

        public ReadResult Read(out CapturedPacket packet, TimeSpan timeout)
        {
            packet = default;
            Thread.Sleep(10);
            return ReadResult.TimedOut;
        }

        public CaptureStatistics GetStatistics() => new(0, 0);

        public void Dispose()
        {
        }
    }

    /// <summary>Notes how much the reading thread allocates between the packet behind the warm-up and the end.</summary>
    private sealed class AllocationLog(IPacketSource source, long warmUp) : IPacketSource
    {
        private long _read;
        private long _start;

        public long Allocated { get; private set; } = -1;

        public string Description => source.Description;

        public bool IsLive => false;

        public ReadResult Read(out CapturedPacket packet, TimeSpan timeout)
        {
            ReadResult result = source.Read(out packet, timeout);
            if (++_read == warmUp)
            {
                _start = GC.GetAllocatedBytesForCurrentThread();
            }
            else if (result == ReadResult.Ended)
            {
                Allocated = GC.GetAllocatedBytesForCurrentThread() - _start;
            }

            return result;
        }

        public CaptureStatistics GetStatistics() => source.GetStatistics();

        public void Dispose() => source.Dispose();
    }
}
