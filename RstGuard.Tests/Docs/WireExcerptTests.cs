using RstGuard.Tcp;

namespace RstGuard.Tests.Docs;

public sealed class WireExcerptTests
{
    private static readonly TcpEndpoint Client = new(0, 0xffff_7f01_0203, 40_000);
    private static readonly TcpEndpoint Server = new(0, 0xffff_7f01_0203, 7);

    [Fact]
    public void RunsOfData_AreOneLine_AndRetransmissionsAreLeftOut()
    {
        string excerpt = WireExcerpt.Draw(
        [
            FromClient(TcpFlags.Syn, 0),
            FromServer(TcpFlags.Syn | TcpFlags.Ack, 0, acknowledges: 1),
            FromClient(TcpFlags.Ack, 1, acknowledges: 1),
            FromClient(TcpFlags.Ack, 1, acknowledges: 1, length: 100),
            FromServer(TcpFlags.Ack, 1, acknowledges: 101),
            FromClient(TcpFlags.Ack | TcpFlags.Push, 101, acknowledges: 1, length: 50),
            FromClient(TcpFlags.Ack | TcpFlags.Push, 101, acknowledges: 1, length: 50),
            FromServer(TcpFlags.Ack, 1, acknowledges: 151, window: 0),
            FromClient(TcpFlags.Reset | TcpFlags.Ack, 151, acknowledges: 1),
        ]);

        Assert.Equal(
            """
                0 ms  client > server  SYN          seq 0, len 0
                0 ms  server > client  SYN ACK      seq 0, ack 1, len 0
                0 ms  client > server  ACK          seq 1, ack 1, len 0
                0 ms  client > server  ACK          seq 1:151, ack 1, len 150, in 2 segments
                0 ms  server > client  ACK          seq 1, ack 151, win 0, len 0, last of 2
                0 ms  client > server  RST ACK      seq 151, ack 1, len 0

            """.ReplaceLineEndings("\n"),
            excerpt);
        Assert.Equal(["client > server SYN", "server > client SYN ACK", "client > server data", "client > server RST ACK"], WireExcerpt.Events(excerpt));
    }

    [Fact]
    public void LastDataWithFin_IsTheSameEvents_AsDataThenFin()
    {
        Segment[] handshake = [FromClient(TcpFlags.Syn, 0), FromServer(TcpFlags.Syn | TcpFlags.Ack, 0, acknowledges: 1)];
        string together = WireExcerpt.Draw([.. handshake, FromClient(TcpFlags.Ack, 1, 1, length: 10), FromClient(TcpFlags.Fin | TcpFlags.Ack, 11, 1, length: 10)]);
        string apart = WireExcerpt.Draw([.. handshake, FromClient(TcpFlags.Ack, 1, 1, length: 20), FromClient(TcpFlags.Fin | TcpFlags.Ack, 21, 1)]);
        Assert.Equal(WireExcerpt.Events(together), WireExcerpt.Events(apart));
        Assert.Equal("client > server FIN ACK", WireExcerpt.Events(together)[^1]);
    }

    [Fact]
    public void FinBehindRefusedData_IsTheSameEvents_WhetherOrNotTheResetCameFirst()
    {
        Segment[] start = [FromClient(TcpFlags.Syn, 0), FromServer(TcpFlags.Syn | TcpFlags.Ack, 0, acknowledges: 1), FromClient(TcpFlags.Fin | TcpFlags.Ack, 1, 1)];
        Segment reply = FromServer(TcpFlags.Ack, 1, acknowledges: 2, length: 10);
        string early = WireExcerpt.Draw([.. start, reply, FromClient(TcpFlags.Reset, 2)]);
        string late = WireExcerpt.Draw([.. start, reply, FromServer(TcpFlags.Fin | TcpFlags.Ack, 11, acknowledges: 2), FromClient(TcpFlags.Reset, 2), FromClient(TcpFlags.Reset, 2)]);
        Assert.Equal(WireExcerpt.Events(early), WireExcerpt.Events(late));
        Assert.Equal(["client > server FIN ACK", "server > client data", "client > server RST"], WireExcerpt.Events(late).TakeLast(3));
    }

    [Fact]
    public void ResetThatIsMissing_IsAnotherSequenceOfEvents()
    {
        Segment[] start = [FromClient(TcpFlags.Syn, 0), FromServer(TcpFlags.Syn | TcpFlags.Ack, 0, acknowledges: 1)];
        Assert.NotEqual(
            WireExcerpt.Events(WireExcerpt.Draw([.. start, FromClient(TcpFlags.Reset | TcpFlags.Ack, 1, 1)])),
            WireExcerpt.Events(WireExcerpt.Draw([.. start, FromClient(TcpFlags.Fin | TcpFlags.Ack, 1, 1)])));
    }

    [Fact]
    public void SequenceNumbersThatWrap_AreRelative()
    {
        Segment syn = FromClient(TcpFlags.Syn, 0) with { SequenceNumber = uint.MaxValue };
        Segment data = FromClient(TcpFlags.Ack, 0, acknowledges: 1, length: 3) with { SequenceNumber = 0 };
        string excerpt = WireExcerpt.Draw([syn, FromServer(TcpFlags.Syn | TcpFlags.Ack, 0, acknowledges: 0), data]);
        Assert.Contains("seq 1:4", excerpt);
    }

    [Fact]
    public void LineOfAnotherForm_IsRefused() =>
        Assert.Throws<FormatException>(() => WireExcerpt.Events("12:00 client > server: Flags [S]"));

    private static Segment FromClient(TcpFlags flags, uint sequence, uint acknowledges = 0, int length = 0, ushort window = 100) =>
        new(Client, Server, flags, 1000 + sequence, acknowledges == 0 ? 0 : 5000 + acknowledges, window, length, 0);

    private static Segment FromServer(TcpFlags flags, uint sequence, uint acknowledges, int length = 0, ushort window = 100) =>
        new(Server, Client, flags, 5000 + sequence, 1000 + acknowledges, window, length, 0);
}
