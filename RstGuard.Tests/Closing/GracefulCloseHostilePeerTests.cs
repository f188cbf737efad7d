using System.Net.Sockets;

namespace RstGuard.Tests.Closing;

/// <summary>Peers that do not play along: each close ends within its limits, and what was sent is not lost by it.</summary>
public sealed class GracefulCloseHostilePeerTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(50);

    public static TheoryData<ConnectionKind, bool> Forms => GracefulCloseTests.Forms;

    [Theory, MemberData(nameof(Forms))]
    public async Task PeerThatReadsTooLate_StillGetsEverything(ConnectionKind kind, bool isAsync)
    {
        using ConnectedPair pair = await ConnectedPair.CreateAsync();
        int sent = ConnectedPair.Fill(pair.Closing);
        await pair.CloseAsync(kind, isAsync, Short);
        Assert.True(pair.Closing.SafeHandle.IsClosed);
        Assert.Equal(sent, await pair.ReadToEndAsync());
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(3600, false)]
    [InlineData(3600, true)]
    public async Task LingerOfTheCaller_NeitherDiscardsNorBlocks(int seconds, bool isAsync)
    {
        using ConnectedPair pair = await ConnectedPair.CreateAsync();
#pragma warning disable RST1001, RST1009 // Left behind by whoever used the socket before.
        pair.Closing.LingerState = new LingerOption(true, seconds);
#pragma warning restore RST1001, RST1009
        int sent = ConnectedPair.Fill(pair.Closing);
        await pair.CloseAsync(ConnectionKind.Socket, isAsync, Short);
        Assert.True(pair.Closing.SafeHandle.IsClosed);
        Assert.Equal(sent, await pair.ReadToEndAsync());
    }

    [Theory, MemberData(nameof(Forms))]
    public async Task PeerThatReadsSlowly_IsWaitedFor(ConnectionKind kind, bool isAsync)
    {
        using ConnectedPair pair = await ConnectedPair.CreateAsync(peerReceiveBuffer: 4096);
        int sent = ConnectedPair.Fill(pair.Closing);
        Task closing = pair.CloseAsync(kind, isAsync, ConnectedPair.Ample);
        Assert.Equal(sent, await pair.ReadToEndAsync(atOnce: 8192));
        Assert.False(closing.IsCompleted);
        pair.Peer.Shutdown(SocketShutdown.Send);
        await closing;
    }

    [Theory, MemberData(nameof(Forms))]
    public async Task PeerThatSendsForEver_IsCutOffAtTheByteLimit(ConnectionKind kind, bool isAsync)
    {
        using ConnectedPair pair = await ConnectedPair.CreateAsync();
        Task<SocketError> sending = SendForEverAsync(pair.Peer, new byte[65_536]);
        await pair.CloseAsync(kind, isAsync, ConnectedPair.Ample, maximumBytes: 200_000);
        Assert.Contains(await sending, new[] { SocketError.ConnectionReset, SocketError.Shutdown });
    }

    [Theory, MemberData(nameof(Forms))]
    public async Task PeerThatSendsForEver_IsCutOffAtTheTimeLimit(ConnectionKind kind, bool isAsync)
    {
        using ConnectedPair pair = await ConnectedPair.CreateAsync();
        Task<SocketError> sending = SendForEverAsync(pair.Peer, new byte[1]);
        await pair.CloseAsync(kind, isAsync, Short, maximumBytes: long.MaxValue);
        Assert.Contains(await sending, new[] { SocketError.ConnectionReset, SocketError.Shutdown });
    }

    [Theory, MemberData(nameof(Forms))]
    public async Task PeerThatResetsMeanwhile_EndsTheWait(ConnectionKind kind, bool isAsync)
    {
        using ConnectedPair pair = await ConnectedPair.CreateAsync();
        Task closing = pair.CloseAsync(kind, isAsync, TimeSpan.FromHours(1));
        Assert.Equal(0, await pair.ReadToEndAsync());
#pragma warning disable RST1001 // The reset is the point.
        pair.Peer.LingerState = new LingerOption(true, 0);
#pragma warning restore RST1001
        pair.Peer.Dispose();
        await closing;
        Assert.True(pair.Closing.SafeHandle.IsClosed);
    }

    /// <summary>Two that close at the same time each wait for the other's FIN, and each gets it.</summary>
    [Theory, MemberData(nameof(Forms))]
    public async Task PeerThatClosesGracefullyToo_EndsTheWait(ConnectionKind kind, bool isAsync)
    {
        using ConnectedPair pair = await ConnectedPair.CreateAsync();
        pair.Closing.Send(new byte[1000]);
        pair.Peer.Send(new byte[1000]);
        await Task.WhenAll(pair.CloseAsync(kind, isAsync, TimeSpan.FromHours(1)), pair.Peer.CloseGracefullyAsync(TimeSpan.FromHours(1)));
        Assert.True(pair.Peer.SafeHandle.IsClosed);
    }

    private static async Task<SocketError> SendForEverAsync(Socket peer, byte[] data)
    {
        // Sends complete at once as long as the kernel takes them.
        await Task.Yield();
        using CancellationTokenSource limit = new(ConnectedPair.Ample);
        try
        {
            while (true)
            {
                await peer.SendAsync(data, limit.Token);
            }
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
    }
}
