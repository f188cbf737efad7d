using System.Diagnostics;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;

namespace RstGuard;

/// <summary>
/// Closes a TCP connection so that the peer gets everything that was sent: a FIN, then what the peer still sends is read and thrown
/// away until its FIN, then the socket is disposed.
/// </summary>
/// <remarks>
/// Closing while received data is unread resets the connection (RFC 2525 section 2.17; Linux: __tcp_close in net/ipv4/tcp.c), and so
/// does data that arrives after the close; the peer then loses what was on its way to it. The peer must accept a half-close: some
/// drop their answer when they see the FIN, such as servers of HTTP/1.x. Meant for a connection that nobody else reads from.
/// <para>
/// Linger is switched off: with zero seconds the close at the end would throw away what the peer has not taken yet, with more it would
/// block beyond the limit (socket(7), SO_LINGER). Where a limit is reached, what was sent stays with the kernel, which goes on delivering
/// it; a peer that goes on sending gets a reset then.
/// </para>
/// </remarks>
public static class GracefulClose
{
    /// <summary>How many bytes of the peer are thrown away at most, unless the caller says otherwise: 1 MiB.</summary>
    public const long DefaultMaximumBytes = 1024 * 1024;

    private const int BufferSize = 4096;

    /// <summary>Closes <paramref name="socket"/> gracefully; blocks until the peer has closed too, or a limit is reached.</summary>
    /// <param name="socket">A connected stream socket. One that is not connected, or already disposed, is only disposed.</param>
    /// <param name="timeout">How long to wait for the peer's FIN: more than zero, <see cref="int.MaxValue"/> milliseconds at most.</param>
    /// <param name="maximumBytes">How many bytes to throw away at most, one or more. A peer that sends more gets a reset.</param>
    /// <exception cref="ArgumentNullException"><paramref name="socket"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A limit is out of its range; nothing is closed.</exception>
    public static void CloseGracefully(this Socket socket, TimeSpan timeout, long maximumBytes = DefaultMaximumBytes)
    {
        Check(socket, nameof(socket), timeout, maximumBytes);
        try
        {
            Drain(socket, timeout, maximumBytes);
        }
        finally
        {
            // Close is Dispose under the name that is meant here: whoever calls gives the socket away. To analyzers of ownership
            // the Dispose of an argument is a mistake (IDISP007).
            socket.Close();
        }
    }

    /// <summary>Closes <paramref name="client"/> gracefully; blocks until the peer has closed too, or a limit is reached.</summary>
    /// <param name="client">A connected client. One that is not connected, or already disposed, is only disposed.</param>
    /// <param name="timeout">How long to wait for the peer's FIN: more than zero, <see cref="int.MaxValue"/> milliseconds at most.</param>
    /// <param name="maximumBytes">How many bytes to throw away at most, one or more. A peer that sends more gets a reset.</param>
    /// <exception cref="ArgumentNullException"><paramref name="client"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A limit is out of its range; nothing is closed.</exception>
    public static void CloseGracefully(this TcpClient client, TimeSpan timeout, long maximumBytes = DefaultMaximumBytes)
    {
        Check(client, nameof(client), timeout, maximumBytes);
        try
        {
            // Null once the client is disposed.
            if (client.Client is Socket socket)
            {
                Drain(socket, timeout, maximumBytes);
            }
        }
        finally
        {
            client.Close();
        }
    }

    /// <summary>Closes <paramref name="stream"/> and its socket gracefully; blocks until the peer has closed too, or a limit is reached.</summary>
    /// <param name="stream">A stream that owns its socket, such as the one of <see cref="TcpClient.GetStream"/>.</param>
    /// <param name="timeout">How long to wait for the peer's FIN: more than zero, <see cref="int.MaxValue"/> milliseconds at most.</param>
    /// <param name="maximumBytes">How many bytes to throw away at most, one or more. A peer that sends more gets a reset.</param>
    /// <exception cref="ArgumentNullException"><paramref name="stream"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A limit is out of its range; nothing is closed.</exception>
    public static void CloseGracefully(this NetworkStream stream, TimeSpan timeout, long maximumBytes = DefaultMaximumBytes)
    {
        Check(stream, nameof(stream), timeout, maximumBytes);
        try
        {
            Drain(stream.Socket, timeout, maximumBytes);
        }
        finally
        {
            stream.Close();
        }
    }

    /// <summary>Closes <paramref name="socket"/> gracefully; done when the peer has closed too, or a limit is reached.</summary>
    /// <param name="socket">A connected stream socket. One that is not connected, or already disposed, is only disposed.</param>
    /// <param name="timeout">How long to wait for the peer's FIN: more than zero, <see cref="int.MaxValue"/> milliseconds at most.</param>
    /// <param name="maximumBytes">How many bytes to throw away at most, one or more. A peer that sends more gets a reset.</param>
    /// <returns>The close; it does not fail because of the peer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="socket"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A limit is out of its range; nothing is closed.</exception>
    public static async Task CloseGracefullyAsync(this Socket socket, TimeSpan timeout, long maximumBytes = DefaultMaximumBytes)
    {
        Check(socket, nameof(socket), timeout, maximumBytes);
        try
        {
            await DrainAsync(socket, timeout, maximumBytes).ConfigureAwait(false);
        }
        finally
        {
            socket.Close();
        }
    }

    /// <summary>Closes <paramref name="client"/> gracefully; done when the peer has closed too, or a limit is reached.</summary>
    /// <param name="client">A connected client. One that is not connected, or already disposed, is only disposed.</param>
    /// <param name="timeout">How long to wait for the peer's FIN: more than zero, <see cref="int.MaxValue"/> milliseconds at most.</param>
    /// <param name="maximumBytes">How many bytes to throw away at most, one or more. A peer that sends more gets a reset.</param>
    /// <returns>The close; it does not fail because of the peer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="client"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A limit is out of its range; nothing is closed.</exception>
    public static async Task CloseGracefullyAsync(this TcpClient client, TimeSpan timeout, long maximumBytes = DefaultMaximumBytes)
    {
        Check(client, nameof(client), timeout, maximumBytes);
        try
        {
            // Null once the client is disposed.
            if (client.Client is Socket socket)
            {
                await DrainAsync(socket, timeout, maximumBytes).ConfigureAwait(false);
            }
        }
        finally
        {
            client.Close();
        }
    }

    /// <summary>Closes <paramref name="stream"/> and its socket gracefully; done when the peer has closed too, or a limit is reached.</summary>
    /// <param name="stream">A stream that owns its socket, such as the one of <see cref="TcpClient.GetStream"/>.</param>
    /// <param name="timeout">How long to wait for the peer's FIN: more than zero, <see cref="int.MaxValue"/> milliseconds at most.</param>
    /// <param name="maximumBytes">How many bytes to throw away at most, one or more. A peer that sends more gets a reset.</param>
    /// <returns>The close; it does not fail because of the peer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="stream"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A limit is out of its range; nothing is closed.</exception>
    public static async Task CloseGracefullyAsync(this NetworkStream stream, TimeSpan timeout, long maximumBytes = DefaultMaximumBytes)
    {
        Check(stream, nameof(stream), timeout, maximumBytes);
        try
        {
            await DrainAsync(stream.Socket, timeout, maximumBytes).ConfigureAwait(false);
        }
        finally
        {
            stream.Close();
        }
    }

    /// <summary>
    /// Closes <paramref name="stream"/> gracefully: sends close_notify, reads what the peer still sends until its end, and disposes of the
    /// stream, with the connection where the stream owns it. There is no half-close of TCP: TLS has its own.
    /// </summary>
    /// <remarks>
    /// A TLS 1.3 server sends session tickets after the handshake (RFC 8446 section 4.6.1). A client that never reads has them in its receive
    /// queue at the close, which makes Linux reset the connection; <see cref="SslStream.ShutdownAsync"/> alone does not read them.
    /// </remarks>
    /// <param name="stream">An authenticated stream that nobody else reads from. One that is not, or is disposed already, is only disposed.</param>
    /// <param name="timeout">How long to wait for the peer's end: more than zero, <see cref="int.MaxValue"/> milliseconds at most.</param>
    /// <param name="maximumBytes">How many bytes to throw away at most, one or more. A peer that sends more gets a reset.</param>
    /// <returns>The close; it does not fail because of the peer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="stream"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A limit is out of its range; nothing is closed.</exception>
    public static async Task CloseGracefullyAsync(this SslStream stream, TimeSpan timeout, long maximumBytes = DefaultMaximumBytes)
    {
        Check(stream, nameof(stream), timeout, maximumBytes);
        try
        {
            await DrainAsync(stream, timeout, maximumBytes).ConfigureAwait(false);
        }
        finally
        {
            stream.Close();
        }
    }

    /// <summary>
    /// Closes <paramref name="socket"/> gracefully: sends a close frame, throws away what the peer still sends until its close frame, and
    /// disposes of the socket (RFC 6455 section 7.1.2).
    /// </summary>
    /// <param name="socket">A WebSocket that nobody else receives from. One that is not open is only disposed.</param>
    /// <param name="timeout">How long to wait for the peer's close frame: more than zero, <see cref="int.MaxValue"/> milliseconds at most.</param>
    /// <returns>The close; it does not fail because of the peer.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="socket"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeout"/> is out of its range; nothing is closed.</exception>
    public static async Task CloseGracefullyAsync(this WebSocket socket, TimeSpan timeout)
    {
        Check(socket, nameof(socket), timeout, 1);
        try
        {
            if (socket.State == WebSocketState.Open || socket.State == WebSocketState.CloseReceived)
            {
                using (CancellationTokenSource limit = new CancellationTokenSource(timeout))
                {
                    await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, limit.Token).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The peer took too long; what is cancelled is aborted.
        }
        catch (WebSocketException)
        {
            // Torn down by the peer.
        }
        finally
        {
#pragma warning disable IDISP007 // A WebSocket has no Close, and to end it is what its owner calls this for.
            socket.Dispose();
#pragma warning restore IDISP007
        }
    }

    private static void Drain(Socket socket, TimeSpan timeout, long maximumBytes)
    {
        try
        {
            EndSending(socket);
            byte[] buffer = new byte[BufferSize];
            Stopwatch waited = Stopwatch.StartNew();
            while (maximumBytes > 0)
            {
                // A timeout of the socket would bound each receive, not all of them, and a non-blocking socket would not wait.
                double remaining = (timeout - waited.Elapsed).TotalMilliseconds * 1000;
                if (remaining <= 0)
                {
                    return;
                }

                // It takes microseconds, 35 minutes of them at most.
                if (!socket.Poll((int)Math.Ceiling(Math.Min(remaining, int.MaxValue)), SelectMode.SelectRead))
                {
                    continue;
                }

                int count = socket.Receive(buffer, 0, (int)Math.Min(BufferSize, maximumBytes), SocketFlags.None);
                if (count == 0)
                {
                    return;
                }

                maximumBytes -= count;
            }
        }
        catch (SocketException)
        {
            // Not connected, or torn down by the peer: there is nothing left to read.
        }
        catch (ObjectDisposedException)
        {
            // Closed already.
        }
    }

    private static async Task DrainAsync(Socket socket, TimeSpan timeout, long maximumBytes)
    {
        try
        {
            EndSending(socket);
            byte[] buffer = new byte[BufferSize];
            using (CancellationTokenSource limit = new CancellationTokenSource(timeout))
            {
                while (maximumBytes > 0)
                {
                    Memory<byte> part = buffer.AsMemory(0, (int)Math.Min(BufferSize, maximumBytes));
                    int count = await socket.ReceiveAsync(part, SocketFlags.None, limit.Token).ConfigureAwait(false);
                    if (count == 0)
                    {
                        return;
                    }

                    maximumBytes -= count;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The peer took too long.
        }
        catch (SocketException)
        {
            // Not connected, or torn down by the peer: there is nothing left to read.
        }
        catch (ObjectDisposedException)
        {
            // Closed already.
        }
    }

    private static async Task DrainAsync(SslStream stream, TimeSpan timeout, long maximumBytes)
    {
        try
        {
            using (CancellationTokenSource limit = new CancellationTokenSource(timeout))
            {
                // It takes no token, and waits while the peer takes no data. A peer that is sending takes none before it has sent: so it is
                // read meanwhile.
                Task farewell = stream.ShutdownAsync();
                try
                {
                    byte[] buffer = new byte[BufferSize];
                    int count;
                    do
                    {
                        Memory<byte> part = buffer.AsMemory(0, (int)Math.Min(BufferSize, maximumBytes));
                        count = await stream.ReadAsync(part, limit.Token).ConfigureAwait(false);
                        maximumBytes -= count;
                    }
                    while (count > 0 && maximumBytes > 0);
                }
                finally
                {
                    await Task.WhenAny(farewell, Task.Delay(Timeout.Infinite, limit.Token)).ConfigureAwait(false);

                    // What fails when the stream is closed under it is nobody's failure.
                    _ = farewell.ContinueWith(ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The peer took too long.
        }
        catch (IOException)
        {
            // Torn down by the peer: there is nothing left to read.
        }
        catch (InvalidOperationException)
        {
            // Never authenticated, or closed already.
        }
        catch (NotSupportedException)
        {
            // Somebody else is reading.
        }
    }

    private static void EndSending(Socket socket)
    {
        socket.LingerState = new LingerOption(false, 0);
        socket.Shutdown(SocketShutdown.Send);
    }

    private static void Check(object connection, string name, TimeSpan timeout, long maximumBytes)
    {
        if (connection == null)
        {
            throw new ArgumentNullException(name);
        }

        if (timeout <= TimeSpan.Zero || timeout.TotalMilliseconds > int.MaxValue)
        {
            throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "The time to wait for the peer's FIN is more than zero and at most int.MaxValue milliseconds.");
        }

        if (maximumBytes < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(maximumBytes), maximumBytes, "At least one byte of the peer must be allowed.");
        }
    }
}
