// Rule: RST6001
// Flagged: socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true)
// Claims: reset, loss
// Systems: linux
// Causes: HalfOpen, IdleExpiry
// Options: rstguard.max_idle_seconds = 1
//
// One process: a client whose socket is set up by the flagged code, and a far end that forgets a connection over which no segment has come for
// 1.4 s, as a load balancer does after some minutes. It is the kernel that forgets: a socket in repair mode is closed without a word
// (TCP_REPAIR, for which CAP_NET_ADMIN is needed), so that the client's next segment meets no connection. Segments are counted by TCP_INFO,
// keep-alive probes among them. The client says something, is idle until that has happened or 1.8 s are over, and says something more.
// Usage: RST6001 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class Subscription
{
    public static void SetUp(Socket socket)
    {
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
    }
}
#endregion

internal static class Program
{
    private const int PartLength = 1_000;
    private const int Tcp = 6, TcpInfo = 11, TcpRepair = 19, SegmentsInOffset = 140;
    private static readonly TimeSpan Forgotten = TimeSpan.FromMilliseconds(1400);
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(1800);

    private static void Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Subscription.SetUp(client);
        client.Connect(listener.LocalEndPoint!);
        using Socket far = listener.Accept();
        string ends = $"sender {far.RemoteEndPoint}\nreceiver {far.LocalEndPoint}";
        if (!MayForget(far))
        {
            Console.WriteLine("missing The program's middlebox forgets connections by TCP_REPAIR, which needs CAP_NET_ADMIN in this network namespace: run as root, or in a namespace of its own (unshare -Urn).");
            return;
        }

        client.Send(new byte[PartLength]);
        long received = far.Receive(new byte[PartLength]);
        far.Send("subscribed"u8);
        client.Receive(new byte[PartLength]);
        Stopwatch idle = Stopwatch.StartNew();
        bool isKnown = Watch(far, idle);
        Stopwatch blocked = Stopwatch.StartNew();
        string end;
        try
        {
            client.Send(new byte[PartLength]);
            client.Shutdown(SocketShutdown.Send);
            end = "EndOfStream";
            if (isKnown)
            {
                while (far.Receive(new byte[PartLength]) is > 0 and int count)
                {
                    received += count;
                }

                far.Shutdown(SocketShutdown.Send);
            }

            while (client.Receive(new byte[1]) > 0)
            {
            }
        }
        catch (SocketException e)
        {
            // What the client hears of it; nobody reads at the far end any more.
            end = e.SocketErrorCode.ToString();
        }

        Console.WriteLine(ends);
        Console.WriteLine($"sent {2 * PartLength}");
        Console.WriteLine($"received {received}");
        Console.WriteLine($"end {end}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
    }

    // False: it has forgotten the connection.
    private static bool Watch(Socket far, Stopwatch idle)
    {
        uint segments = SegmentsIn(far);
        for (Stopwatch silent = Stopwatch.StartNew(); idle.Elapsed < Idle; Thread.Sleep(10))
        {
            if (SegmentsIn(far) is var now && now != segments)
            {
                segments = now;
                silent.Restart();
            }
            else if (silent.Elapsed > Forgotten)
            {
                far.SetRawSocketOption(Tcp, TcpRepair, BitConverter.GetBytes(1));
                far.Close();
                return false;
            }
        }

        return true;
    }

    private static bool MayForget(Socket far)
    {
        try
        {
            far.SetRawSocketOption(Tcp, TcpRepair, BitConverter.GetBytes(1));
            far.SetRawSocketOption(Tcp, TcpRepair, BitConverter.GetBytes(-1));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // struct tcp_info, tcpi_segs_in (Linux 4.2).
    private static uint SegmentsIn(Socket socket)
    {
        byte[] info = new byte[256];
        socket.GetRawSocketOption(Tcp, TcpInfo, info);
        return BitConverter.ToUInt32(info, SegmentsInOffset);
    }
}
