using System.Net;
using System.Net.Sockets;

namespace ValidCode;

/// <summary>A loop that receives in the background, and is ended and waited for before its socket is closed.</summary>
public sealed class ReceiveLoop : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;

    private ReceiveLoop(Socket socket)
    {
        _socket = socket;
        _loop = RunAsync(_stopping.Token);
    }

    public event EventHandler<ReadOnlyMemory<byte>>? Received;

    public static async Task<ReceiveLoop> ConnectAsync(IPEndPoint server, CancellationToken cancellationToken)
    {
        Socket socket = new(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(server, cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        return new ReceiveLoop(socket);
    }

    public async Task SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
        await _socket.SendAsync(data, SocketFlags.None, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
        }

        _socket.Dispose();
        _stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (await _socket.ReceiveAsync(buffer, SocketFlags.None, stopping) is > 0 and var read)
            {
                Received?.Invoke(this, buffer.AsMemory(0, read));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
        }
    }
}
