using System.Net;
using System.Net.Sockets;

namespace RstGuard.CallSites;

/// <summary>
/// Reads through a second <see cref="Socket"/> over the same descriptor that does not own it, so that it runs wherever .NET does. Run on Linux
/// by the tests; Windows and macOS were not run.
/// </summary>
internal sealed class PortableSocketReader : SocketReader
{
    /// <inheritdoc/>
    public override bool TryReadEndpoints(int descriptor, out IPEndPoint? local, out IPEndPoint? remote)
    {
        bool read = Read(descriptor, socket => new SocketState(Local(socket), Remote(socket), false, null, null, null), out SocketState state);
        (local, remote) = (state.Local, state.Remote);
        return read;
    }

    /// <inheritdoc/>
    public override bool TryRead(int descriptor, out SocketState state) => Read(descriptor, ReadAll, out state);

    private static bool Read(int descriptor, Func<Socket, SocketState> read, out SocketState state)
    {
        state = default;
        if (descriptor < 0)
        {
            return false;
        }

        _isReading = true;
        try
        {
            // Neither handle nor socket owns the descriptor: disposing of them closes nothing.
            using var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: false));
            if (socket.SocketType != SocketType.Stream || socket.AddressFamily is not (AddressFamily.InterNetwork or AddressFamily.InterNetworkV6))
            {
                return false;
            }

            state = read(socket);
            return true;
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException or ObjectDisposedException)
        {
            // No socket, or one that is gone by now.
            return false;
        }
        finally
        {
            _isReading = false;
        }
    }

    private static SocketState ReadAll(Socket socket)
    {
        bool listening = Try(() => (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.AcceptConnection)! != 0) == true;
        int? unread = listening ? null : Try(() => socket.Available);
        IPEndPoint? remote = Remote(socket);
        return new SocketState(
            Local(socket),
            remote,
            listening,
            unread,
            Try(() => socket.LingerState is { Enabled: true } linger ? linger.LingerTime : -1) is { } seconds and >= 0 ? seconds : null,
            TcpState: null,
            PeerEnded: remote is not null && unread == 0 && Try(() => socket.Poll(0, SelectMode.SelectRead)) != false);
    }

    private static IPEndPoint? Local(Socket socket)
    {
        try
        {
            return socket.LocalEndPoint is IPEndPoint end ? SocketState.Normalize(end) : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private static IPEndPoint? Remote(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint is IPEndPoint end ? SocketState.Normalize(end) : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private static T? Try<T>(Func<T> read)
        where T : struct
    {
        try
        {
            return read();
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
