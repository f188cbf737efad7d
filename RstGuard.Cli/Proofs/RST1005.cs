// Rule: RST1005
// Flagged: socket.SafeHandle.Dispose()
// Claims: reset, loss
//
// One process, two ends: the flagged code publishes a message and closes the handle under its socket; the peer is busy and reads once the
// publisher has returned. Its receive buffer is small, so most of the message still waits in the publisher's send queue at that time.
// Usage: RST1005 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class Publisher
{
    public static void Publish(IPEndPoint server, byte[] message)
    {
        Socket socket = new(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(server);
            socket.Send(message);
        }
        finally
        {
            socket.SafeHandle.Dispose();
        }
    }
}
#endregion

internal static class Program
{
    private const int MessageLength = 200_000;

    private static void Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.ReceiveBufferSize = 4096;
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);

        Stopwatch blocked = Stopwatch.StartNew();
        Publisher.Publish((IPEndPoint)listener.LocalEndPoint!, new byte[MessageLength]);
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
