// Rule: RST2004
// Flagged: client
// Claims: dataLoss
//
// As RST2004.cs, with TcpClient: it shuts down before it closes, so that the client sees a clean end after a part of the report.
// Usage: RST2004.TcpClient <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class ReportServer
{
    public static async Task RunAsync(TcpListener listener, byte[] report, CancellationToken stop)
    {
        while (true)
        {
            using TcpClient client = await listener.AcceptTcpClientAsync(stop);
            _ = ServeAsync(client, report);
        }
    }

    private static async Task ServeAsync(TcpClient client, byte[] report)
    {
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(report);
        client.Client.Shutdown(SocketShutdown.Send);
        byte[] rest = new byte[1024];
        while (await stream.ReadAsync(rest) > 0)
        {
        }
    }
}
#endregion

internal static class Program
{
    private const int ReportLength = 8_000_000;

    private static async Task Main(string[] arguments)
    {
        using TcpListener listener = new(IPAddress.Parse(arguments[0]), 0);
        listener.Start();

        Stopwatch blocked = Stopwatch.StartNew();
        using CancellationTokenSource stop = new();
        Task running = ReportServer.RunAsync(listener, new byte[ReportLength], stop.Token);

        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndpoint);
        IPEndPoint clientEnd = (IPEndPoint)client.LocalEndPoint!;
        IPEndPoint serverEnd = (IPEndPoint)client.RemoteEndPoint!;
        await Task.Delay(100);
        (long received, string end) = ReadToEnd(client);
        client.Close();
        await Task.Delay(100);
        await stop.CancelAsync();
        try
        {
            await running;
        }
        catch (OperationCanceledException)
        {
            // As asked for.
        }

        blocked.Stop();
        Console.WriteLine($"sender {serverEnd}");
        Console.WriteLine($"receiver {clientEnd}");
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
