// Rule: RST2004
// Flagged: client
// Claims: reset, loss
//
// One process, two ends: the flagged code accepts clients and serves each beside the others. The report is longer than what both
// ends buffer, and the client begins to read when the server has had time to close.
// Usage: RST2004 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class ReportServer
{
    public static async Task RunAsync(Socket listener, byte[] report, CancellationToken stop)
    {
        while (true)
        {
            using Socket client = await listener.AcceptAsync(stop);
            _ = ServeAsync(client, report);
        }
    }

    private static async Task ServeAsync(Socket client, byte[] report)
    {
        await client.SendAsync(report, SocketFlags.None);
        client.Shutdown(SocketShutdown.Send);
        byte[] rest = new byte[1024];
        while (await client.ReceiveAsync(rest, SocketFlags.None) > 0)
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
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen();

        Stopwatch blocked = Stopwatch.StartNew();
        using CancellationTokenSource stop = new();
        Task running = ReportServer.RunAsync(listener, new byte[ReportLength], stop.Token);

        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndPoint!);
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
