using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace RstGuard.Scenarios;

/// <summary>A TCP connection over loopback with both ends at hand. All waits are bounded by <see cref="Wait"/>.</summary>
public sealed class LoopbackPair : IDisposable
{
    private LoopbackPair(Socket listener, Socket client, Socket server)
    {
        Listener = listener;
        Client = client;
        Server = server;
        ClientEndPoint = (IPEndPoint)client.LocalEndPoint!;
        ServerEndPoint = (IPEndPoint)client.RemoteEndPoint!;
    }

    /// <summary>How long any wait of a scenario may last: 10 seconds.</summary>
    public static TimeSpan Wait { get; } = TimeSpan.FromSeconds(10);

    /// <summary>The listening socket.</summary>
    public Socket Listener { get; }

    /// <summary>The connecting end.</summary>
    public Socket Client { get; }

    /// <summary>The accepted end.</summary>
    public Socket Server { get; }

    /// <summary>The connecting end's address, also after it was closed.</summary>
    public IPEndPoint ClientEndPoint { get; }

    /// <summary>The accepted end's address, also after it was closed.</summary>
    public IPEndPoint ServerEndPoint { get; }

    /// <summary>An address of 127.0.0.0/8 that hardly any other run uses at the same time, so that a capture can be filtered by it.</summary>
    public static IPAddress UniqueAddress() =>
        new([127, (byte)RandomNumberGenerator.GetInt32(1, 255), (byte)RandomNumberGenerator.GetInt32(0, 256), (byte)RandomNumberGenerator.GetInt32(1, 255)]);

    /// <summary>
    /// A port that hardly any other run uses at the same time, so that a capture can be filtered by it where there is one address
    /// only, as <c>::1</c>. It lies below the range from which systems take ports by themselves.
    /// </summary>
    public static int UniquePort(IPAddress address)
    {
        while (true)
        {
            int port = RandomNumberGenerator.GetInt32(10_000, 32_000);
            using Socket socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(address, port));
                return port;
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
            }
        }
    }

    /// <summary>Connects a pair.</summary>
    /// <param name="address">A loopback address; the client uses the same one.</param>
    /// <param name="port">The server's port; 0 leaves it to the system.</param>
    /// <param name="receiveBufferSize">SO_RCVBUF of both ends in bytes, so that a small window can be filled; null leaves it to the system.</param>
    /// <exception cref="ArgumentException">The address is not a loopback address.</exception>
    /// <exception cref="OperationCanceledException">The pair was not connected within <see cref="Wait"/>.</exception>
    public static async Task<LoopbackPair> ConnectAsync(IPAddress address, int port = 0, int? receiveBufferSize = null)
    {
        using CancellationTokenSource limit = new(Wait);
        (Socket listener, Socket client) = Listen(address, port, receiveBufferSize);
        try
        {
            Task connecting = client.ConnectAsync(listener.LocalEndPoint!, limit.Token).AsTask();
            Socket server = await listener.AcceptAsync(limit.Token).ConfigureAwait(false);
            await connecting.ConfigureAwait(false);
            return Paired(listener, client, server);
        }
        catch
        {
            client.Dispose();
            listener.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Connects a pair by blocking calls. A socket that has once been used asynchronously stays non-blocking underneath, and .NET closes it in
    /// another way while a call is inside (<c>SafeSocketHandle.Unix.cs</c>).
    /// </summary>
    /// <inheritdoc cref="ConnectAsync(IPAddress, int, int?)"/>
    public static LoopbackPair Connect(IPAddress address, int port = 0, int? receiveBufferSize = null)
    {
        (Socket listener, Socket client) = Listen(address, port, receiveBufferSize);
        try
        {
            // The backlog takes the connection, so neither call waits.
            client.Connect(listener.LocalEndPoint!);
            return Paired(listener, client, listener.Accept());
        }
        catch
        {
            client.Dispose();
            listener.Dispose();
            throw;
        }
    }

    private static (Socket Listener, Socket Client) Listen(IPAddress address, int port, int? receiveBufferSize)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (!IPAddress.IsLoopback(address))
        {
            throw new ArgumentException($"{address} is not a loopback address; scenarios never leave this machine.", nameof(address));
        }

        Socket listener = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        Socket client = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (receiveBufferSize is { } size)
            {
                listener.ReceiveBufferSize = size;
                client.ReceiveBufferSize = size;
            }

            listener.Bind(new IPEndPoint(address, port));
            listener.Listen(1);
            client.Bind(new IPEndPoint(address, 0));
            return (listener, client);
        }
        catch
        {
            client.Dispose();
            listener.Dispose();
            throw;
        }
    }

    private static LoopbackPair Paired(Socket listener, Socket client, Socket server)
    {
        client.NoDelay = true;
        server.NoDelay = true;
        return new LoopbackPair(listener, client, server);
    }

    /// <summary>Waits until a socket has at least so many bytes to read.</summary>
    /// <exception cref="TimeoutException">They did not come within <see cref="Wait"/>.</exception>
    public static async Task WaitForBytesAsync(Socket socket, int count)
    {
        ArgumentNullException.ThrowIfNull(socket);
        long deadline = Environment.TickCount64 + (long)Wait.TotalMilliseconds;
        while (socket.Available < count)
        {
            if (Environment.TickCount64 > deadline)
            {
                throw new TimeoutException($"Only {socket.Available} of {count} bytes arrived within {Wait.TotalSeconds} s.");
            }

            await Task.Delay(1).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until a socket has something to tell: the end of the stream, an error, or bytes.</summary>
    /// <exception cref="TimeoutException">Nothing came within <see cref="Wait"/>.</exception>
    public static async Task WaitForEndAsync(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        long deadline = Environment.TickCount64 + (long)Wait.TotalMilliseconds;
        while (!socket.Poll(0, SelectMode.SelectRead))
        {
            if (Environment.TickCount64 > deadline)
            {
                throw new TimeoutException($"The connection neither ended nor was reset within {Wait.TotalSeconds} s.");
            }

            await Task.Delay(1).ConfigureAwait(false);
        }
    }

    /// <summary>Sends until the peer's window and the own buffer are full, and returns how many bytes were taken.</summary>
    public static int FillWindow(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        byte[] block = new byte[16384];
        int sent = 0;
        bool blocking = socket.Blocking;
        socket.Blocking = false;
        try
        {
            while (socket.Poll(100_000, SelectMode.SelectWrite))
            {
                int taken = socket.Send(block, SocketFlags.None, out SocketError error);
                if (error is not SocketError.Success and not SocketError.WouldBlock)
                {
                    throw new SocketException((int)error);
                }

                sent += taken;
            }
        }
        finally
        {
            socket.Blocking = blocking;
        }

        return sent;
    }

    /// <summary>Closes all three sockets.</summary>
    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
        Listener.Dispose();
    }
}
