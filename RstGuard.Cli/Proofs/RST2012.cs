// Rule: RST2012
// Flagged: new(stream)
// Claims: dataLoss
//
// One process, two ends: the flagged code accepts a client, reads its command with a reader of lines and sends the report that was asked
// for. The client reads to the end.
// Usage: RST2012 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class ReportServer
{
    public static async Task ServeAsync(TcpListener listener, byte[] report)
    {
        using TcpClient client = await listener.AcceptTcpClientAsync();
        NetworkStream stream = client.GetStream();
        using (StreamReader reader = new(stream))
        {
            await reader.ReadLineAsync();
        }

        await stream.WriteAsync(report);
    }
}
#endregion

internal static class Program
{
    private const int ReportLength = 200_000;

    private static async Task Main(string[] arguments)
    {
        using TcpListener listener = new(IPAddress.Parse(arguments[0]), 0);
        listener.Start(1);

        Stopwatch blocked = Stopwatch.StartNew();
        Task serving = ReportServer.ServeAsync(listener, new byte[ReportLength]);

        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndpoint);
        client.Send("REPORT\n"u8);
        (long received, string end) = ReadToEnd(client);
        try
        {
            await serving;
        }
        catch (ObjectDisposedException e)
        {
            Console.Error.WriteLine($"The server failed: {e.Message}");
        }

        blocked.Stop();
        Console.WriteLine($"sender {client.RemoteEndPoint}");
        Console.WriteLine($"receiver {client.LocalEndPoint}");
        Console.WriteLine($"sent {ReportLength}");
        Console.WriteLine($"received {received}");
        Console.WriteLine($"end {end}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
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
