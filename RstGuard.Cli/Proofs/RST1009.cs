// Rule: RST1009
// Flagged: socket.LingerState = new LingerOption(true, 1)
// Claims: blocks
//
// One process, two ends: the flagged code publishes a message; the peer is busy and reads once the publisher has returned.
// Its receive buffer is small, so most of the message still waits in the publisher's send queue when the socket is disposed of.
// Usage: RST1009 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class Publisher
{
    public static async Task PublishAsync(IPEndPoint server, byte[] message)
    {
        using Socket socket = new(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.LingerState = new LingerOption(true, 1);
        await socket.ConnectAsync(server);
        await socket.SendAsync(message);
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

        Console.WriteLine("call");
        Stopwatch blocked = Stopwatch.StartNew();
        await Publisher.PublishAsync((IPEndPoint)listener.LocalEndPoint!, new byte[MessageLength]);
        blocked.Stop();
        Console.WriteLine("return");

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
