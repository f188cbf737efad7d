using System.Net;
using FsCheck;
using FsCheck.Fluent;
using RstGuard.Capture;
using RstGuard.Tcp;
using RstGuard.Tests.Diagnosis;

namespace RstGuard.Tests.Tcp;

public sealed class ConnectionTableTests
{
    private static readonly IPEndPoint Server = IPEndPoint.Parse("10.9.9.9:80");

    [Fact]
    public void AnySegments_LeaveTheConnectionsThatAListWouldKeep() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(200),
        Prop.ForAll(
            (from capacity in Gen.Choose(1, 40)
             from segments in (from client in Gen.Choose(0, 60) from kind in Gen.Frequency((8, Gen.Constant(TcpFlags.Ack)), (1, Gen.Constant(TcpFlags.Reset))) select (Client: client, Kind: kind)).ArrayOf(400)
             select (Capacity: capacity, Segments: segments)).ToArbitrary(),
            one =>
            {
                List<int> left = [];
                ConnectionTable table = new(one.Capacity) { Leaving = connection => left.Add(ClientOf(connection)) };
                List<(int Client, bool Over)> kept = [];
                List<int> expectedToLeave = [];
                foreach ((int number, (int client, TcpFlags kind)) in one.Segments.Index())
                {
                    // The model: a list in the order of the last segment, of which the first that is over goes, else the first.
                    int known = kept.FindIndex(entry => entry.Client == client);
                    bool over = kind == TcpFlags.Reset;
                    if (known >= 0)
                    {
                        kept.RemoveAt(known);
                    }
                    else if (kept.Count == one.Capacity)
                    {
                        int gone = Math.Max(0, kept.FindIndex(entry => entry.Over));
                        expectedToLeave.Add(kept[gone].Client);
                        kept.RemoveAt(gone);
                    }

                    kept.Add((client, over));
                    Add(table, client, kind, number);
                }

                return left.SequenceEqual(expectedToLeave)
                    && table.Count == kept.Count
                    && table.Connections.Select(ClientOf).SequenceEqual([.. kept.Where(entry => entry.Over).Concat(kept.Where(entry => !entry.Over)).Select(entry => entry.Client)]);
            }));

    [Fact]
    public void ManyConnections_AreEachFoundAgain()
    {
        const int Many = 20_000;
        ConnectionTable table = new(Many);
        for (int round = 0; round < 2; round++)
        {
            for (int client = 0; client < Many; client++)
            {
                Add(table, client, TcpFlags.Ack, (round * Many) + client);
            }
        }

        Assert.Equal(Many, table.Count);
        Assert.Equal(0, table.Evictions);
        Assert.All(table.Connections, connection => Assert.Equal(2, connection.LastSegments().Count()));
    }

    // The flight recorders of connections that have left are used again.
    [Fact]
    public void NewConnection_ShowsNothingOfTheOneBefore()
    {
        ConnectionTable table = new(1);
        for (int number = 0; number < 20; number++)
        {
            Add(table, 1, TcpFlags.Ack, number);
        }

        Connection connection = Add(table, 2, TcpFlags.Ack, 20);
        Assert.Equal(21, Assert.Single(connection.LastSegments()).Frame);
    }

    private static int ClientOf(Connection connection)
    {
        TcpEndpoint client = connection.Key.First.Port == Server.Port ? connection.Key.Second : connection.Key.First;
        return ((int)(client.Low & 0xffff) * 1000) + client.Port - 10_000;
    }

    private static Connection Add(ConnectionTable table, int client, TcpFlags flags, int number)
    {
        IPEndPoint from = new(new IPAddress([10, 1, (byte)(client / 1000 >> 8), (byte)(client / 1000)]), 10_000 + (client % 1000));
        RecordedPacket packet = new WireSegment(from, Server, flags, (uint)number, 1).ToPacket();
        Assert.True(TcpSegment.TryParse(new CapturedPacket(packet.Data.Span, packet.Data.Length, number * 1_000_000L, LinkType.Raw, 0, number + 1), out TcpSegment segment));
        return table.Add(segment, out _);
    }
}
