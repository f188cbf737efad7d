using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using RstGuard.Capture;
using RstGuard.Tcp;

namespace RstGuard.Tests.Capture;

/// <summary>What every packet source must show of traffic on the loopback interface, whatever captured it.</summary>
public abstract class PacketSourceContract
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(400);
    private protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>A third octet of 127.0.0.0/8 that no other test class uses.</summary>
    protected abstract byte Network { get; }

    /// <summary>Opens a source on the loopback interface, or skips the test where it can't be.</summary>
    protected abstract IPacketSource Open(CaptureFilter filter);

    [Fact]
    public void EachSegment_IsReadOnce_FromHandshakeToClose()
    {
        IPAddress address = Address(1);
        using IPacketSource source = Open(new CaptureFilter { Addresses = [address] });

        int port = Exchange(address, bytes: 1000);

        List<Segment> segments = ReadAll(source, until: all => all.Count(segment => segment.Flags.HasFlag(TcpFlags.Fin)) == 2);
        Assert.Single(segments, segment => segment.Flags == TcpFlags.Syn);
        Assert.Single(segments, segment => segment.Flags == (TcpFlags.Syn | TcpFlags.Ack));
        Assert.Equal(1000, StreamLength(segments));
        Assert.Equal(2, segments.Count(segment => segment.Flags.HasFlag(TcpFlags.Fin)));
        Assert.All(segments, segment => Assert.True(segment.SourcePort == port || segment.DestinationPort == port));
        Assert.All(segments.Zip(segments.Skip(1)), pair => Assert.True(pair.First.Number < pair.Second.Number));
        Assert.True(segments[0].Number >= 1);
    }

    [Fact]
    public void AbortiveClose_ShowsItsReset()
    {
        IPAddress address = Address(2);
        using IPacketSource source = Open(new CaptureFilter { Addresses = [address] });

        Abort(address);

        List<Segment> segments = ReadAll(source, until: all => all.Any(segment => segment.Flags.HasFlag(TcpFlags.Reset)));
        Assert.Single(segments, segment => segment.Flags.HasFlag(TcpFlags.Reset));
    }

    [Fact]
    public void OtherAddress_IsFilteredOut()
    {
        using IPacketSource source = Open(new CaptureFilter { Addresses = [Address(3)] });

        Exchange(Address(4), bytes: 10);
        int wanted = Exchange(Address(3), bytes: 10);

        List<Segment> segments = ReadAll(source, until: all => all.Count(segment => segment.Flags.HasFlag(TcpFlags.Fin)) == 2);
        Assert.NotEmpty(segments);
        Assert.All(segments, segment => Assert.True(segment.SourcePort == wanted || segment.DestinationPort == wanted));
    }

    [Fact]
    public void OtherPort_IsFilteredOut()
    {
        using Socket listener = Listen(Address(5));
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        using IPacketSource source = Open(new CaptureFilter { Addresses = [Address(5)], Ports = [port] });

        Exchange(Address(5), bytes: 10);
        Exchange(listener, bytes: 10);

        List<Segment> segments = ReadAll(source, until: all => all.Count(segment => segment.Flags.HasFlag(TcpFlags.Fin)) == 2);
        Assert.NotEmpty(segments);
        Assert.All(segments, segment => Assert.True(segment.SourcePort == port || segment.DestinationPort == port));
    }

    [Fact]
    public void IPv6_IsCaptured()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "IPv6 is switched off on this machine.");
        using Socket listener = Listen(IPAddress.IPv6Loopback);
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        using IPacketSource source = Open(new CaptureFilter { Addresses = [IPAddress.IPv6Loopback], Ports = [port] });

        Exchange(listener, bytes: 100);

        List<Segment> segments = ReadAll(source, until: all => all.Count(segment => segment.Flags.HasFlag(TcpFlags.Fin)) == 2);
        Assert.Equal(100, StreamLength(segments));
    }

    [Fact]
    public void LargeSegments_AreWhole()
    {
        const int Bytes = 1024 * 1024;
        IPAddress address = Address(6);
        using IPacketSource source = Open(new CaptureFilter { Addresses = [address] });

        Exchange(address, Bytes);

        List<Segment> segments = ReadAll(source, until: all => all.Count(segment => segment.Flags.HasFlag(TcpFlags.Fin)) == 2);
        Assert.All(segments, segment => Assert.True(segment.IsWhole));
        Assert.Equal(Bytes, StreamLength(segments));
    }

    [Fact]
    public void Timestamps_AreWallClockTime()
    {
        IPAddress address = Address(7);
        using IPacketSource source = Open(new CaptureFilter { Addresses = [address] });

        DateTimeOffset before = DateTimeOffset.UtcNow.AddMilliseconds(-50);
        Exchange(address, bytes: 10);
        DateTimeOffset after = DateTimeOffset.UtcNow.AddSeconds(2);

        List<Segment> segments = ReadAll(source, until: all => all.Count(segment => segment.Flags.HasFlag(TcpFlags.Fin)) == 2);
        Assert.NotEmpty(segments);
        Assert.All(segments, segment => Assert.InRange(DateTimeOffset.UnixEpoch.AddTicks(segment.TimestampNanoseconds / 100), before, after));
    }

    [Fact]
    public void HeadersAlone_AreCut_AndTellTheLengthOfThePacket()
    {
        const int Bytes = 300_000;
        IPAddress address = Address(12);
        using IPacketSource source = Open(new CaptureFilter { Addresses = [address], Detail = CaptureDetail.Full });

        Exchange(address, Bytes);

        List<Segment> segments = ReadAll(source, until: all => all.Count(segment => segment.Flags.HasFlag(TcpFlags.Fin)) == 2);
        Assert.Equal(CaptureDetail.Full, source.Detail);
        Assert.All(segments, segment => Assert.InRange(segment.CapturedLength, 40, CaptureFilter.HeadersLength));
        Assert.All(segments, segment => Assert.Equal(segment.TotalLength, segment.WireLength));
        Assert.Contains(segments, segment => !segment.IsWhole);
        Assert.Equal(Bytes, StreamLength(segments));
    }

    [Fact]
    public void LightCapture_ShowsWhatCarriesNoData()
    {
        IPAddress address = Address(13);
        using IPacketSource source = Open(new CaptureFilter { Addresses = [address], Detail = CaptureDetail.Light });

        Exchange(address, bytes: 100_000);
        Abort(address);

        List<Segment> segments = ReadAll(source, until: all => all.Any(segment => segment.Flags.HasFlag(TcpFlags.Reset)));
        Assert.Equal(CaptureDetail.Light, source.Detail);
        Assert.Equal(2, segments.Count(segment => segment.Flags == TcpFlags.Syn));
        Assert.Equal(2, segments.Count(segment => segment.Flags == (TcpFlags.Syn | TcpFlags.Ack)));
        Assert.Single(segments, segment => segment.Flags.HasFlag(TcpFlags.Reset));
        Assert.Contains(segments, segment => segment is { Flags: TcpFlags.Ack, PayloadLength: 0 });
        Assert.All(segments, segment => Assert.True(segment.PayloadLength <= 1 || (segment.Flags & (TcpFlags.Syn | TcpFlags.Fin | TcpFlags.Reset)) != 0, $"{segment} carries data."));
    }

    private protected IPAddress Address(byte host) => new([127, 83, Network, host]);

    private static Socket Listen(IPAddress address)
    {
        Socket listener = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(address, 0));
        listener.Listen();
        return listener;
    }

    private protected static int Exchange(IPAddress address, int bytes)
    {
        using Socket listener = Listen(address);
        Exchange(listener, bytes);
        return ((IPEndPoint)listener.LocalEndPoint!).Port;
    }

    /// <summary>One connection that carries <paramref name="bytes"/> and is closed gracefully by both ends.</summary>
    private static void Exchange(Socket listener, int bytes)
    {
        IPEndPoint server = (IPEndPoint)listener.LocalEndPoint!;
        using Socket client = new(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (server.AddressFamily == AddressFamily.InterNetwork)
        {
            client.Bind(new IPEndPoint(server.Address, 0));
        }

        client.Connect(server);
        using Socket accepted = listener.Accept();
        Task receiving = Task.Factory.StartNew(() => ReceiveToEnd(accepted), TaskCreationOptions.LongRunning);
        client.Send(new byte[bytes]);
        client.Shutdown(SocketShutdown.Send);
        Assert.True(receiving.Wait(Patience));
        accepted.Shutdown(SocketShutdown.Send);
        ReceiveToEnd(client);
    }

    private static void ReceiveToEnd(Socket socket)
    {
        byte[] buffer = new byte[64 * 1024];
        int received;
        do
        {
            received = socket.Receive(buffer);
        }
        while (received > 0);
    }

    [IntentionalReset("The capture must show it.")]
    private static void Abort(IPAddress address)
    {
        using Socket listener = Listen(address);
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Bind(new IPEndPoint(address, 0));
        client.Connect(listener.LocalEndPoint!);
        using Socket accepted = listener.Accept();
        client.LingerState = new LingerOption(true, 0);
    }

    /// <summary>The bytes of both directions by their sequence numbers: a loaded machine sends some twice.</summary>
    private protected static long StreamLength(List<Segment> segments) => segments.GroupBy(segment => segment.SourcePort).Sum(sent =>
    {
        uint first = sent.First(segment => segment.Flags.HasFlag(TcpFlags.Syn)).SequenceNumber + 1;
        return sent.Max(segment => segment.PayloadLength == 0 ? 0 : (long)unchecked(segment.SequenceNumber - first) + segment.PayloadLength);
    });

    private protected static List<Segment> ReadAll(IPacketSource source, Func<List<Segment>, bool>? until)
    {
        List<Segment> segments = [];
        bool done = false;
        while (true)
        {
            // After what was waited for, read on until it is quiet: a second copy of a packet would come late.
            ReadResult result = ReadSegment(source, out CapturedPacket packet, done || until is null ? Quiet : Patience);
            if (result != ReadResult.Packet)
            {
                Assert.True(done || until is null, $"What was waited for did not come: {result} after {string.Join("; ", segments)}");
                return segments;
            }

            segments.Add(Segment.Parse(packet));
            done = done || (until is not null && until(segments));
        }
    }

    /// <summary>Reads past the sentinels of captures that other tests have open: every filter lets them through.</summary>
    private protected static ReadResult ReadSegment(IPacketSource source, out CapturedPacket packet, TimeSpan timeout)
    {
        ReadResult result;
        do
        {
            result = source.Read(out packet, timeout);
        }
        while (result == ReadResult.Packet && !Segment.IsTcp(packet));
        return result;
    }

    private protected readonly record struct Segment(
        long Number, long TimestampNanoseconds, int SourcePort, int DestinationPort, uint SequenceNumber, TcpFlags Flags, int PayloadLength, int TotalLength, int CapturedLength, int WireLength)
    {
        private const byte TcpProtocol = 6;

        /// <summary>Whether nothing was cut.</summary>
        public bool IsWhole => WireLength == CapturedLength && CapturedLength >= TotalLength;

        public static bool IsTcp(in CapturedPacket packet)
        {
            ReadOnlySpan<byte> ip = packet.LinkType == LinkType.Ethernet ? packet.Data[14..] : packet.Data;
            return (ip[0] >> 4 == 4 ? ip[9] : ip[6]) == TcpProtocol;
        }

        public static Segment Parse(in CapturedPacket packet)
        {
            ReadOnlySpan<byte> ip = packet.LinkType == LinkType.Ethernet ? packet.Data[14..] : packet.Data;
            bool isV4 = ip[0] >> 4 == 4;
            int headerLength = isV4 ? (ip[0] & 0xf) * 4 : 40;
            int totalLength = isV4 ? BinaryPrimitives.ReadUInt16BigEndian(ip[2..]) : 40 + BinaryPrimitives.ReadUInt16BigEndian(ip[4..]);
            ReadOnlySpan<byte> tcp = ip[headerLength..];
            return new Segment(
                packet.Number,
                packet.TimestampNanoseconds,
                BinaryPrimitives.ReadUInt16BigEndian(tcp),
                BinaryPrimitives.ReadUInt16BigEndian(tcp[2..]),
                BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]),
                (TcpFlags)tcp[13],
                totalLength - headerLength - ((tcp[12] >> 4) * 4),
                totalLength,
                ip.Length,
                packet.WireLength - (packet.Data.Length - ip.Length));
        }
    }
}
