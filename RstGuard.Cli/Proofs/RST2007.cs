// Rule: RST2007
// Flagged: Task.WhenAny(one.CopyToAsync(other), other.CopyToAsync(one))
// Claims: reset, loss
//
// One process, three ends: a client sends a request through the flagged tunnel, says that it sends no more, and waits for the answer.
// The server behind the tunnel takes a moment for it. The claim is about the connection between the tunnel and the server, and about what
// the client reads of the server's answer; the connection between the client and the tunnel has another address, so that it is not
// captured.
// Usage: RST2007 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class Tunnel
{
    public static async Task RunAsync(TcpClient client, TcpClient server)
    {
        using (client)
        using (server)
        {
            NetworkStream one = client.GetStream();
            NetworkStream other = server.GetStream();
            await Task.WhenAny(one.CopyToAsync(other), other.CopyToAsync(one));
        }
    }
}
#endregion

internal static class Program
{
    private const int RequestLength = 100;
    private const int AnswerLength = 1000;

    private static async Task Main(string[] arguments)
    {
        IPAddress address = IPAddress.Parse(arguments[0]);
        using TcpListener front = new(IPAddress.Loopback, 0);
        using TcpListener back = new(address, 0);
        front.Start();
        back.Start();

        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(front.LocalEndpoint);
        TcpClient toClient = await front.AcceptTcpClientAsync();
        TcpClient toServer = new(AddressFamily.InterNetwork);
        await toServer.ConnectAsync((IPEndPoint)back.LocalEndpoint);
        using TcpClient server = await back.AcceptTcpClientAsync();
        EndPoint serverEnd = server.Client.LocalEndPoint!;
        EndPoint tunnelEnd = server.Client.RemoteEndPoint!;

        Stopwatch blocked = Stopwatch.StartNew();
        Task tunneling = Tunnel.RunAsync(toClient, toServer);
        Task answering = AnswerAsync(server);
        await client.SendAsync(new byte[RequestLength], SocketFlags.None);
        client.Shutdown(SocketShutdown.Send);
        (long received, string end) = ReadToEnd(client);
        await answering;
        await tunneling;
        blocked.Stop();

        Console.WriteLine($"sender {serverEnd}");
        Console.WriteLine($"receiver {tunnelEnd}");
        Console.WriteLine($"sent {AnswerLength}");
        Console.WriteLine($"received {received}");
        Console.WriteLine($"end {end}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
    }

    private static async Task AnswerAsync(TcpClient server)
    {
        NetworkStream stream = server.GetStream();
        await stream.ReadExactlyAsync(new byte[RequestLength]);
        await Task.Delay(100);
        await stream.WriteAsync(new byte[AnswerLength]);
        server.Client.Shutdown(SocketShutdown.Send);
    }

    private static (long Received, string End) ReadToEnd(Socket socket)
    {
        byte[] buffer = new byte[65_536];
        long received = 0;
        try
        {
            while (socket.Receive(buffer) is > 0 and int count)
            {
                received += count;
            }

            return (received, "EndOfStream");
        }
        catch (SocketException e)
        {
            return (received, e.SocketErrorCode.ToString());
        }
    }
}
