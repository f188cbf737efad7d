using System.Net;
using System.Net.Sockets;

namespace ValidCode;

/// <summary>Reads each client to its end, answers all of it, says that it sends no more, and only then closes.</summary>
public sealed class EchoServer(IPEndPoint endPoint)
{
    public async Task RunAsync(CancellationToken stopping)
    {
        using Socket listener = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(endPoint);
        listener.Listen();
        List<Task> clients = [];
        try
        {
            while (true)
            {
                Socket client = await listener.AcceptAsync(stopping);
                clients.RemoveAll(task => task.IsCompleted);
                clients.Add(EchoAsync(client, stopping));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(clients);
        }
    }

    private static async Task EchoAsync(Socket client, CancellationToken stopping)
    {
        using (client)
        {
            byte[] buffer = new byte[8192];
            try
            {
                int read;
                while ((read = await client.ReceiveAsync(buffer, SocketFlags.None, stopping)) > 0)
                {
                    for (int sent = 0; sent < read;)
                    {
                        sent += await client.SendAsync(buffer.AsMemory(sent, read - sent), SocketFlags.None, stopping);
                    }
                }

                client.Shutdown(SocketShutdown.Send);
            }
            catch (SocketException)
            {
            }
        }
    }
}
