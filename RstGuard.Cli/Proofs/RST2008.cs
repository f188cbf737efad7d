// Rule: RST2008
// Flagged: server.Shutdown(SocketShutdown.Both)
// Claims: reset, loss
//
// One process, two ends: the flagged code is a client that sends its request, says that it is done with it, and reads the reply. The server
// reads the request to its end, which is the client's FIN, and replies.
// Usage: RST2008 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class ReportClient
{
    public static long Ask(Socket server, byte[] request)
    {
        server.Send(request);
        server.Shutdown(SocketShutdown.Both);

        byte[] reply = new byte[4096];
        long received = 0;
        int count;
        while ((count = server.Receive(reply)) > 0)
        {
            received += count;
        }

        return received;
    }
}
#endregion

internal static class Program
{
    private const int ReplyLength = 100_000;

    private static void Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);

        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndPoint!);
        Socket server = listener.Accept();
        IPEndPoint serverEnd = (IPEndPoint)server.LocalEndPoint!;
        IPEndPoint clientEnd = (IPEndPoint)client.LocalEndPoint!;
        Task serving = Task.Run(() => Reply(server));

        string end = "EndOfStream";
        long received = 0;
        Stopwatch blocked = Stopwatch.StartNew();
        try
        {
            received = ReportClient.Ask(client, "report"u8.ToArray());
        }
        catch (SocketException e)
        {
            end = e.SocketErrorCode.ToString();
        }

        blocked.Stop();
        serving.Wait();
        client.Close();

        Console.WriteLine($"sender {serverEnd}");
        Console.WriteLine($"receiver {clientEnd}");
        Console.WriteLine($"sent {ReplyLength}");
        Console.WriteLine($"received {received}");
        Console.WriteLine($"end {end}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
    }

    private static void Reply(Socket client)
    {
        byte[] request = new byte[256];
        while (client.Receive(request) > 0)
        {
        }

        // The reply takes its time: a client that waits for nothing has left Receive by then.
        Thread.Sleep(300);
        client.Send(new byte[ReplyLength]);
        client.Close();
    }
}
