// Rule: RST5001
// Flagged: listener.Start(5)
// Claims: reset, loss
// Systems: linux
//
// One process: a server that is busy while seven clients connect, each of which sends its order at once. A backlog of 5 lets 6 connections wait on
// Linux. The handshakes of the last two overlap, as they do over a network: TCP_DEFER_ACCEPT at a client keeps its third segment back until it
// sends, or for 200 ms. What counts is the last client, whose handshake ends when the queue is full. Linux resets it only where
// net.ipv4.tcp_abort_on_overflow says so, which the program sets, and therefore runs in a network namespace of its own alone.
// Usage: RST5001 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class Intake
{
    public static void Run(TcpListener listener, Action becomeReady, Func<bool> goesOn, Action<TcpClient> serve)
    {
        listener.Start(5);
        becomeReady();
        while (goesOn())
        {
            using TcpClient client = listener.AcceptTcpClient();
            serve(client);
        }
    }
}
#endregion

internal static class Program
{
    private const int OrderLength = 1_000, Waiting = 7;
    private const int Tcp = 6, TcpDeferAccept = 9;
    private const string AbortOnOverflow = "/proc/sys/net/ipv4/tcp_abort_on_overflow";

    private static async Task Main(string[] arguments)
    {
        if (Environment.GetEnvironmentVariable("RSTGUARD_PRIVATE_NAMESPACE") is not "1")
        {
            Console.WriteLine("missing The program sets net.ipv4.tcp_abort_on_overflow, and does so in a network namespace of its own alone: let prove have one (as root, or where unshare -Urn is allowed).");
            return;
        }

        File.WriteAllText(AbortOnOverflow, "1");
        TcpListener listener = new(IPAddress.Parse(arguments[0]), 0);
        Socket[] clients = [.. Enumerable.Range(0, Waiting).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))];
        Socket last = clients[^1];
        string ends = "";
        long received = 0;
        Task<string>[] heard = [];
        Stopwatch blocked = Stopwatch.StartNew();
        Intake.Run(
            listener,
            () =>
            {
                ends = Crowd(clients, (IPEndPoint)listener.LocalEndpoint);
                heard = [.. clients.Select(client => Task.Run(() => Finish(client)))];
            },
            () => AnyWaits(listener, heard),
            client =>
            {
                bool isLast = client.Client.RemoteEndPoint!.Equals(last.LocalEndPoint);
                long count = Serve(client.Client);
                received += isLast ? count : 0;
            });
        blocked.Stop();
        string[] ended = await Task.WhenAll(heard);
        listener.Stop();
        Array.ForEach(clients, client => client.Dispose());
        Console.WriteLine(ends);
        Console.WriteLine($"sent {OrderLength}");
        Console.WriteLine($"received {received}");
        Console.WriteLine($"end {ended[^1]}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
    }

    // All connected, and all orders sent, before one is accepted. Two handshakes are open at a time: Linux drops a SYN when the queue is full.
    private static string Crowd(Socket[] clients, IPEndPoint server)
    {
        foreach (Socket client in clients.SkipLast(2))
        {
            client.Connect(server);
            client.Send(new byte[OrderLength]);
        }

        foreach (Socket client in clients.TakeLast(2))
        {
            client.SetRawSocketOption(Tcp, TcpDeferAccept, BitConverter.GetBytes(1));
            client.Connect(server);
        }

        string ends = $"sender {clients[^1].LocalEndPoint}\nreceiver {server}";
        foreach (Socket client in clients.TakeLast(2))
        {
            try
            {
                client.Send(new byte[OrderLength]);
            }
            catch (SocketException)
            {
                // Its reset has come before; Finish hears of it.
            }
        }

        return ends;
    }

    // False when all clients have ended.
    private static bool AnyWaits(TcpListener listener, Task[] clients)
    {
        while (!listener.Pending())
        {
            if (clients.All(client => client.IsCompleted))
            {
                return false;
            }

            Thread.Sleep(1);
        }

        return true;
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
