using System.Net;
using System.Net.Sockets;

namespace RstGuard.Tests.Guard;

public sealed class GracefulCloseTests
{
    private static readonly TimeSpan Ample = TimeSpan.FromSeconds(30);

    public enum Kind
    {
        Socket,
        TcpClient,
        NetworkStream,
    }

    public static TheoryData<Kind, bool> Forms => new(
        from kind in Enum.GetValues<Kind>() from isAsync in new[] { false, true } select (kind, isAsync));

    [Theory, MemberData(nameof(Forms))]
    public async Task UnreadData_IsReadAndThePeerGetsEverything(Kind kind, bool isAsync)
    {
        using Pair pair = await Pair.CreateAsync();
        pair.Peer.Send(new byte[3000]);
        pair.Closing.Send(new byte[100_000]);
        Task closing = CloseAsync(pair, kind, isAsync, Ample);
        Assert.Equal(100_000, await ReadToEndAsync(pair.Peer));
        pair.Peer.Shutdown(SocketShutdown.Send);
        await closing;
        Assert.True(pair.Closing.SafeHandle.IsClosed);
    }

    [Theory, MemberData(nameof(Forms))]
    public async Task SilentPeer_IsNotWaitedForLongerThanTheTimeout(Kind kind, bool isAsync)
    {
        using Pair pair = await Pair.CreateAsync();
        await CloseAsync(pair, kind, isAsync, TimeSpan.FromMilliseconds(50));
        Assert.True(pair.Closing.SafeHandle.IsClosed);
        Assert.Equal(0, await ReadToEndAsync(pair.Peer));
    }

    [Theory, MemberData(nameof(Forms))]
    public async Task EndlessPeer_IsCutOffAtTheByteLimit(Kind kind, bool isAsync)
    {
        using Pair pair = await Pair.CreateAsync();
        pair.Peer.Send(new byte[20_000]);
        await CloseAsync(pair, kind, isAsync, Ample, maximumBytes: 10_000);
        Assert.True(pair.Closing.SafeHandle.IsClosed);
    }

    [Theory, MemberData(nameof(Forms))]
    public async Task PeerThatReset_LeavesNothingToWaitFor(Kind kind, bool isAsync)
    {
        using Pair pair = await Pair.CreateAsync();
#pragma warning disable RST1001 // The reset is the point.
        pair.Peer.LingerState = new LingerOption(true, 0);
#pragma warning restore RST1001
        pair.Peer.Dispose();
        await CloseAsync(pair, kind, isAsync, Ample);
        Assert.True(pair.Closing.SafeHandle.IsClosed);
    }

    [Fact]
    public async Task SocketThatIsNotConnectedOrDisposed_IsOnlyDisposed()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.CloseGracefully(Ample);
        Assert.True(socket.SafeHandle.IsClosed);
        await socket.CloseGracefullyAsync(Ample);
        using TcpClient client = new();
        client.Dispose();
        client.CloseGracefully(Ample);
        await client.CloseGracefullyAsync(Ample);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(-1, 1)]
    [InlineData(int.MaxValue + 1.0, 1)]
    [InlineData(1, 0)]
    public async Task LimitOutOfRange_IsRefusedAndNothingClosed(double milliseconds, long maximumBytes)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        TimeSpan timeout = TimeSpan.FromMilliseconds(milliseconds);
        Assert.Throws<ArgumentOutOfRangeException>(() => socket.CloseGracefully(timeout, maximumBytes));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => socket.CloseGracefullyAsync(timeout, maximumBytes));
        Assert.False(socket.SafeHandle.IsClosed);
    }

    private static Task CloseAsync(Pair pair, Kind kind, bool isAsync, TimeSpan timeout, long maximumBytes = GracefulClose.DefaultMaximumBytes)
    {
        switch (kind)
        {
            case Kind.Socket:
                return isAsync ? pair.Closing.CloseGracefullyAsync(timeout, maximumBytes) : Task.Run(() => pair.Closing.CloseGracefully(timeout, maximumBytes));
            case Kind.TcpClient:
                TcpClient client = new() { Client = pair.Closing };
                return isAsync ? client.CloseGracefullyAsync(timeout, maximumBytes) : Task.Run(() => client.CloseGracefully(timeout, maximumBytes));
            default:
                NetworkStream stream = new(pair.Closing, ownsSocket: true);
                return isAsync ? stream.CloseGracefullyAsync(timeout, maximumBytes) : Task.Run(() => stream.CloseGracefully(timeout, maximumBytes));
        }
    }

    private static async Task<int> ReadToEndAsync(Socket socket)
    {
        using CancellationTokenSource limit = new(Ample);
        byte[] buffer = new byte[65_536];
        int received = 0;
        while (await socket.ReceiveAsync(buffer, limit.Token) is > 0 and int count)
        {
            received += count;
        }

        return received;
    }

    private sealed record Pair(Socket Closing, Socket Peer) : IDisposable
    {
        public static async Task<Pair> CreateAsync()
        {
            using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen(1);
            Socket peer = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await peer.ConnectAsync(listener.LocalEndPoint!);
            return new(await listener.AcceptAsync(), peer);
        }

        public void Dispose()
        {
            Closing.Dispose();
            Peer.Dispose();
        }
    }
}
