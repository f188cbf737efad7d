using System.Net;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Tcp;
using RstGuard.Tests.Diagnosis;

namespace RstGuard.Tests.Tcp;

/// <summary>Two processors' segments may change places in a capture; what comes late was not lost.</summary>
public sealed class ConnectionGapTests
{
    private static readonly IPEndPoint Client = IPEndPoint.Parse("127.1.2.3:4000");
    private static readonly IPEndPoint Server = IPEndPoint.Parse("127.1.2.3:80");

    [Fact]
    public async Task SegmentsOutOfOrder_LeaveTheConnectionWhole()
    {
        List<WireSegment> segments = Conversation();
        (segments[3], segments[4]) = (segments[4], segments[3]);
        ConnectionSummary connection = await RecordAsync(segments);
        Assert.Equal((true, 30L), (connection.IsWhole, connection.BytesFromClient));
    }

    [Fact]
    public async Task AcknowledgmentBeforeItsData_LeavesTheConnectionWhole()
    {
        List<WireSegment> segments = Conversation();
        (segments[4], segments[5]) = (segments[5], segments[4]);
        Assert.True((await RecordAsync(segments)).IsWhole);
    }

    [Fact]
    public async Task FinBeforeItsData_LeavesTheConnectionWhole()
    {
        List<WireSegment> segments = Conversation();
        WireSegment fin = segments[^1];
        segments.RemoveAt(segments.Count - 1);
        segments.Insert(3, fin);
        Assert.True((await RecordAsync(segments)).IsWhole);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public async Task LostSegment_LeavesAGap(int lost)
    {
        List<WireSegment> segments = Conversation();
        segments.RemoveAt(lost);
        Assert.False((await RecordAsync(segments)).IsWhole);
    }

    private static List<WireSegment> Conversation() =>
    [
        new(Client, Server, TcpFlags.Syn, 100, 0),
        new(Server, Client, TcpFlags.Syn | TcpFlags.Ack, 500, 101),
        new(Client, Server, TcpFlags.Ack, 101, 501),
        new(Client, Server, TcpFlags.Ack, 101, 501) { Payload = new byte[10] },
        new(Client, Server, TcpFlags.Ack, 111, 501) { Payload = new byte[20] },
        new(Server, Client, TcpFlags.Ack, 501, 131),
        new(Client, Server, TcpFlags.Fin | TcpFlags.Ack, 131, 501),
    ];

    private static async Task<ConnectionSummary> RecordAsync(IEnumerable<WireSegment> segments)
    {
        IEnumerable<RecordedPacket> packets = segments.Select((segment, i) => (segment with { Time = 1_700_000_000_000_000_000 + (i * 1_000_000) }).ToPacket());
        return Assert.Single((await ResetRecorder.Start(new RecordedPackets(packets)).StopAsync()).Connections);
    }
}
