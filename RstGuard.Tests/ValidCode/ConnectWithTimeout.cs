using System.Net;
using System.Net.Sockets;

namespace ValidCode;

/// <summary>A connect that has a limit, and leaves nothing behind when the limit is over.</summary>
public static class ConnectWithTimeout
{
    public static async Task<Socket> ConnectAsync(IPEndPoint server, TimeSpan timeout, CancellationToken cancellationToken)
    {
        Socket socket = new(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            await socket.ConnectAsync(server, limit.Token);
            return socket;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            socket.Dispose();
            throw new TimeoutException($"{server} did not answer within {timeout}.");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public static TcpClient? TryConnect(string host, int port)
    {
        TcpClient client = new();
        Task connect = client.ConnectAsync(host, port);
        if (!connect.Wait(TimeSpan.FromSeconds(5)))
        {
            client.Close();
            return null;
        }

        return client;
    }
}
