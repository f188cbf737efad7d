using System.Net;
using System.Net.Sockets;

namespace RstGuard.Tests.Closing;

/// <summary>What a connection is closed as.</summary>
public enum ConnectionKind
{
    Socket,
    TcpClient,
    NetworkStream,
}

/// <summary>A loopback connection whose one end closes gracefully while a test plays the other.</summary>
internal sealed record ConnectedPair(Socket Closing, Socket Peer) : IDisposable
{
    /// <summary>Longer than anything takes here that ends by itself.</summary>
    public static readonly TimeSpan Ample = TimeSpan.FromSeconds(30);

    public static async Task<ConnectedPair> CreateAsync(int? peerReceiveBuffer = null)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        Socket peer = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        if (peerReceiveBuffer is { } size)
        {
            peer.ReceiveBufferSize = size;
        }

        await peer.ConnectAsync(listener.LocalEndPoint!);
        return new(await listener.AcceptAsync(), peer);
    }

    /// <summary>Closes <see cref="Closing"/>; the wait for it is bounded.</summary>
    public Task CloseAsync(ConnectionKind kind, bool isAsync, TimeSpan timeout, long maximumBytes = GracefulClose.DefaultMaximumBytes)
    {
        return StartAsync().WaitAsync(Ample);

        Task StartAsync()
        {
            switch (kind)
            {
                case ConnectionKind.Socket:
                    return isAsync ? Closing.CloseGracefullyAsync(timeout, maximumBytes) : Task.Run(() => Closing.CloseGracefully(timeout, maximumBytes));
                case ConnectionKind.TcpClient:
                    TcpClient client = new() { Client = Closing };
                    return isAsync ? client.CloseGracefullyAsync(timeout, maximumBytes) : Task.Run(() => client.CloseGracefully(timeout, maximumBytes));
                default:
                    NetworkStream stream = new(Closing, ownsSocket: true);
                    return isAsync ? stream.CloseGracefullyAsync(timeout, maximumBytes) : Task.Run(() => stream.CloseGracefully(timeout, maximumBytes));
            }
        }
    }

    /// <summary>What the peer receives until the end; a reset instead of an end is an exception.</summary>
    public async Task<int> ReadToEndAsync(int atOnce = 65_536)
    {
        using CancellationTokenSource limit = new(Ample);
        byte[] buffer = new byte[atOnce];
        int received = 0;
        while (await Peer.ReceiveAsync(buffer, limit.Token) is > 0 and int count)
        {
            received += count;
        }

        return received;
    }

    /// <summary>Sends until nothing more is taken, and tells how much was.</summary>
    public static int Fill(Socket socket)
    {
        byte[] data = new byte[65_536];
        int taken = 0;
        bool blocking = socket.Blocking;
        socket.Blocking = false;
        while (true)
        {
            int count = socket.Send(data, 0, data.Length, SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock)
            {
                socket.Blocking = blocking;
                return taken;
            }

            Assert.Equal(SocketError.Success, error);
            taken += count;
        }
    }

    public void Dispose()
    {
        Closing.Dispose();
        Peer.Dispose();
    }
}
