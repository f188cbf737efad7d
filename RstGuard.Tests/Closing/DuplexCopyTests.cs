using System.Net;
using System.Net.Sockets;

namespace RstGuard.Tests.Closing;

public sealed class DuplexCopyTests
{
    private static readonly TimeSpan Ample = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task AnswerAfterAHalfClose_Arrives()
    {
        using Tunnel tunnel = await Tunnel.CreateAsync();
        Task copying = tunnel.One.CopyBothWaysAsync(tunnel.Other, Ample);
        tunnel.Client.Send(new byte[100]);
        tunnel.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal(100, await ReadToEndAsync(tunnel.Server));
        tunnel.Server.Send(new byte[200_000]);
        tunnel.Server.Shutdown(SocketShutdown.Send);
        Assert.Equal(200_000, await ReadToEndAsync(tunnel.Client));
        await copying;
    }

    [Fact]
    public async Task EachDirection_EndsByItself()
    {
        using Tunnel tunnel = await Tunnel.CreateAsync();
        Task copying = tunnel.One.CopyBothWaysAsync(tunnel.Other, Ample);
        tunnel.Server.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await ReadToEndAsync(tunnel.Client));
        Assert.False(copying.IsCompleted);
        tunnel.Client.Send(new byte[100]);
        tunnel.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal(100, await ReadToEndAsync(tunnel.Server));
        await copying;
    }

    [Fact]
    public async Task Silence_EndsBothAfterTheTimeout()
    {
        using Tunnel tunnel = await Tunnel.CreateAsync();
        await Assert.ThrowsAsync<TimeoutException>(() => tunnel.One.CopyBothWaysAsync(tunnel.Other, TimeSpan.FromMilliseconds(50)));
    }

    [Fact]
    public async Task Cancellation_EndsBoth()
    {
        using Tunnel tunnel = await Tunnel.CreateAsync();
        using CancellationTokenSource stop = new();
        Task copying = tunnel.One.CopyBothWaysAsync(tunnel.Other, Ample, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copying);
    }

    [Fact]
    public async Task Reset_EndsBothAndIsTold()
    {
        using Tunnel tunnel = await Tunnel.CreateAsync();
        Task copying = tunnel.One.CopyBothWaysAsync(tunnel.Other, Ample);
#pragma warning disable RST1001 // The reset is the point.
        tunnel.Server.LingerState = new LingerOption(true, 0);
#pragma warning restore RST1001
        tunnel.Server.Close();
        IOException failure = await Assert.ThrowsAsync<IOException>(() => copying);
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(failure.InnerException).SocketErrorCode);
    }

    [Fact]
    public async Task Arguments_AreChecked()
    {
        using Tunnel tunnel = await Tunnel.CreateAsync();
        Assert.Throws<ArgumentNullException>(() => { _ = DuplexCopy.CopyBothWaysAsync(null!, tunnel.Other, Ample); });
        Assert.Throws<ArgumentNullException>(() => { _ = tunnel.One.CopyBothWaysAsync(null!, Ample); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = tunnel.One.CopyBothWaysAsync(tunnel.Other, TimeSpan.Zero); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = tunnel.One.CopyBothWaysAsync(tunnel.Other, TimeSpan.MaxValue); });
    }

    private static async Task<int> ReadToEndAsync(Socket socket)
    {
        using CancellationTokenSource limit = new(Ample);
        byte[] buffer = new byte[65_536];
        int total = 0;
        int count;
        while ((count = await socket.ReceiveAsync(buffer, limit.Token)) > 0)
        {
            total += count;
        }

        return total;
    }

    /// <summary>A client and a server, and between them the two connections of a tunnel.</summary>
    private sealed class Tunnel : IDisposable
    {
        private Tunnel(Socket client, NetworkStream one, NetworkStream other, Socket server)
        {
            Client = client;
            One = one;
            Other = other;
            Server = server;
        }

        public Socket Client { get; }

        public NetworkStream One { get; }

        public NetworkStream Other { get; }

        public Socket Server { get; }

        public static async Task<Tunnel> CreateAsync()
        {
            (Socket client, Socket front) = await ConnectAsync();
            (Socket back, Socket server) = await ConnectAsync();
            return new(client, new NetworkStream(front, ownsSocket: true), new NetworkStream(back, ownsSocket: true), server);
        }

        public void Dispose()
        {
            Client.Dispose();
            One.Dispose();
            Other.Dispose();
            Server.Dispose();
        }

        private static async Task<(Socket Connecting, Socket Accepted)> ConnectAsync()
        {
            using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen(1);
            Socket connecting = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await connecting.ConnectAsync(listener.LocalEndPoint!);
            return (connecting, await listener.AcceptAsync());
        }
    }
}
