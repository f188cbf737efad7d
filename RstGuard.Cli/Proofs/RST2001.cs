// Rule: RST2001
// Flagged: client.Close()
// Claims: reset, loss
//
// One process, two ends: the flagged code accepts a client, reads the first kilobyte of its request, answers and closes. The client
// sends a longer request, and reads the answer once the server has closed its end. The client's receive buffer is small, so most of
// the answer still waits in the server's send queue at that time.
// Usage: RST2001 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

#region Sample
internal static class ReportServer
{
    public static async Task ServeAsync(Socket listener, byte[] report)
    {
        Socket client = await listener.AcceptAsync();
        byte[] request = new byte[1024];
        await client.ReceiveAsync(request);
        await client.SendAsync(report);
        client.Close();
    }
}
#endregion

internal static class Program
{
    private const int RequestLength = 3000;
    private const int ReportLength = 200_000;

    private static async Task Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);

        Stopwatch blocked = Stopwatch.StartNew();
        Task serving = ReportServer.ServeAsync(listener, new byte[ReportLength]);

        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.ReceiveBufferSize = 4096;
        client.Connect(listener.LocalEndPoint!);
        client.Send(new byte[RequestLength]);
        IPEndPoint clientEnd = (IPEndPoint)client.LocalEndPoint!;
        IPEndPoint serverEnd = (IPEndPoint)client.RemoteEndPoint!;
        WaitWhileEstablished(serverEnd, clientEnd);

        (long received, string end) = ReadToEnd(client);
        client.Close();
        await serving;
        blocked.Stop();

        Console.WriteLine($"sender {serverEnd}");
        Console.WriteLine($"receiver {clientEnd}");
        Console.WriteLine($"sent {ReportLength}");
        Console.WriteLine($"received {received}");
        Console.WriteLine($"end {end}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
    }

    // The server's end leaves Established when it closes or half-closes; the client cannot see that, its window is full.
    private static void WaitWhileEstablished(IPEndPoint local, IPEndPoint remote)
    {
        for (Stopwatch waited = Stopwatch.StartNew(); waited.Elapsed < TimeSpan.FromSeconds(5); Thread.Sleep(5))
        {
            if (!IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpConnections().Any(connection =>
                connection.State == TcpState.Established
                && connection.LocalEndPoint.Equals(local)
                && connection.RemoteEndPoint.Equals(remote)))
            {
                return;
            }
        }
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
