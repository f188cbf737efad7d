using System.Net.Sockets;

namespace RstGuard.Tests.Closing;

public sealed class GracefulCloseTests
{
    private static readonly TimeSpan Ample = TimeSpan.FromSeconds(30);

    public static TheoryData<ConnectionKind, bool> Forms => new(
        from kind in Enum.GetValues<ConnectionKind>() from isAsync in new[] { false, true } select (kind, isAsync));

    [Theory, MemberData(nameof(Forms))]
    public async Task UnreadData_IsReadAndThePeerGetsEverything(ConnectionKind kind, bool isAsync)
    {
        using ConnectedPair pair = await ConnectedPair.CreateAsync();
        pair.Peer.Send(new byte[3000]);
        pair.Closing.Send(new byte[100_000]);
        Task closing = pair.CloseAsync(kind, isAsync, Ample);
        Assert.Equal(100_000, await pair.ReadToEndAsync());
        pair.Peer.Shutdown(SocketShutdown.Send);
        await closing;
        Assert.True(pair.Closing.SafeHandle.IsClosed);
    }

    [Theory, MemberData(nameof(Forms))]
    public async Task SilentPeer_IsNotWaitedForLongerThanTheTimeout(ConnectionKind kind, bool isAsync)
    {
        using ConnectedPair pair = await ConnectedPair.CreateAsync();
        await pair.CloseAsync(kind, isAsync, TimeSpan.FromMilliseconds(50));
        Assert.True(pair.Closing.SafeHandle.IsClosed);
        Assert.Equal(0, await pair.ReadToEndAsync());
    }

    [Theory, MemberData(nameof(Forms))]
    public async Task EndlessPeer_IsCutOffAtTheByteLimit(ConnectionKind kind, bool isAsync)
    {
        using ConnectedPair pair = await ConnectedPair.CreateAsync();
        pair.Peer.Send(new byte[20_000]);
        await pair.CloseAsync(kind, isAsync, Ample, maximumBytes: 10_000);
        Assert.True(pair.Closing.SafeHandle.IsClosed);
    }

    [Theory, MemberData(nameof(Forms))]
    public async Task PeerThatReset_LeavesNothingToWaitFor(ConnectionKind kind, bool isAsync)
    {
        using ConnectedPair pair = await ConnectedPair.CreateAsync();
#pragma warning disable RST1001 // The reset is the point.
        pair.Peer.LingerState = new LingerOption(true, 0);
#pragma warning restore RST1001
        pair.Peer.Dispose();
        await pair.CloseAsync(kind, isAsync, Ample);
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
}
