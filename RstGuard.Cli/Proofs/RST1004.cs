// Rule: RST1004
// Flagged: socket.DisconnectAsync(true)
// Claims: reset, loss
//
// One process, two ends: the flagged code tells a list of servers in turn, with one socket; here the list has one. The server is busy and
// reads once the teller has returned; its receive buffer is small, so most of the message still waits in the teller's send queue at that
// time.
// Usage: RST1004 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class Teller
{
    public static async Task TellAsync(IPEndPoint[] servers, byte[] message)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            foreach (IPEndPoint server in servers)
            {
                await socket.ConnectAsync(server);
                await socket.SendAsync(message);
                await socket.DisconnectAsync(true);
            }
        }
        finally
        {
            socket.Dispose();
        }
    }
}
#endregion

internal static class Program
{
    private const int MessageLength = 200_000;

    private static async Task Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.ReceiveBufferSize = 4096;
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);

        Stopwatch blocked = Stopwatch.StartNew();
        await Teller.TellAsync([(IPEndPoint)listener.LocalEndPoint!], new byte[MessageLength]);
        blocked.Stop();

        using Socket peer = listener.Accept();
        (long received, string end) = ReadToEnd(peer);

        Console.WriteLine($"sender {peer.RemoteEndPoint}");
        Console.WriteLine($"receiver {peer.LocalEndPoint}");
        Console.WriteLine($"sent {MessageLength}");
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
