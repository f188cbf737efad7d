// Rule: RST5002
// Flagged: listener.Stop()
// Claims: reset, loss
//
// One process: a server that is told to stop while it serves its first client, and a second client that has connected by then, waits in the
// accept queue, and has sent its order. What counts is the second client.
// Usage: RST5002 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class Intake
{
    public static void Run(TcpListener listener, Func<bool> goesOn, Action<TcpClient> serve)
    {
        do
        {
            using TcpClient client = listener.AcceptTcpClient();
            serve(client);
        }
        while (goesOn());

        listener.Stop();
    }
}
#endregion

internal static class Program
{
    private const int OrderLength = 1_000;

    private static async Task Main(string[] arguments)
    {
        TcpListener listener = new(IPAddress.Parse(arguments[0]), 0);
        listener.Start();
        IPEndPoint server = (IPEndPoint)listener.LocalEndpoint;
        using Socket first = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using Socket second = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Order(first, server);
        Order(second, server);
        string ends = $"sender {second.LocalEndPoint}\nreceiver {server}";
        long received = 0;
        int served = 0;
        Task<string>[] clients = [Task.Run(() => Finish(first)), Task.Run(() => Finish(second))];
        Stopwatch blocked = Stopwatch.StartNew();
        Intake.Run(listener, () => false, client =>
        {
            long count = Serve(client.Client);
            received = served++ == 0 ? 0 : count;
        });
        blocked.Stop();
        string[] heard = await Task.WhenAll(clients);
        Console.WriteLine(ends);
        Console.WriteLine($"sent {OrderLength}");
        Console.WriteLine($"received {received}");
        Console.WriteLine($"end {heard[1]}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
    }

    // Connected is a client when its handshake is over, accepted or not.
    private static void Order(Socket client, IPEndPoint server)
    {
        client.Connect(server);
        client.Send(new byte[OrderLength]);
    }

    // The confirmation, and the end of the connection; what the client hears of it.
    private static string Finish(Socket client)
    {
        try
        {
            byte[] confirmation = new byte[16];
            while (client.Receive(confirmation) > 0)
            {
                client.Shutdown(SocketShutdown.Send);
            }

            return "EndOfStream";
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode.ToString();
        }
    }

    private static long Serve(Socket client)
    {
        byte[] order = new byte[OrderLength];
        int count = 0;
        while (count < OrderLength && client.Receive(order, count, OrderLength - count, SocketFlags.None) is > 0 and int more)
        {
            count += more;
        }

        client.Send("ok"u8);
        while (client.Receive(order) > 0)
        {
        }

        client.Shutdown(SocketShutdown.Send);
        return count;
    }
}
