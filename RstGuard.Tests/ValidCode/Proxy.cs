using System.Net.Sockets;

namespace ValidCode;

/// <summary>Copies both ways until both have ended, and passes each end on.</summary>
public static class Proxy
{
    public static async Task RunAsync(Socket one, Socket other, CancellationToken cancellationToken)
    {
        using (one)
        using (other)
        {
            await Task.WhenAll(CopyAsync(one, other, cancellationToken), CopyAsync(other, one, cancellationToken));
        }
    }

    private static async Task CopyAsync(Socket from, Socket to, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[16 * 1024];
        int read;
        while ((read = await from.ReceiveAsync(buffer, SocketFlags.None, cancellationToken)) > 0)
        {
            for (int sent = 0; sent < read;)
            {
                sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), SocketFlags.None, cancellationToken);
            }
        }

        to.Shutdown(SocketShutdown.Send);
    }
}
