// Rule: RST2003
// Flagged: socket.SendAsync(document, SocketFlags.None)
// Claims: reset, loss
//
// One process, two ends: the flagged code sends a document and closes. The document is longer than what both ends buffer, and the peer
// begins to read after a while.
// Usage: RST2003 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class DocumentSender
{
    public static async Task SendAsync(Socket socket, IPEndPoint server, byte[] document)
    {
        await socket.ConnectAsync(server);
        _ = socket.SendAsync(document, SocketFlags.None);
        socket.Close();
    }
}
#endregion

internal static class Program
{
    private const int DocumentLength = 8_000_000;

    private static async Task Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);

        Stopwatch blocked = Stopwatch.StartNew();
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Task sending = DocumentSender.SendAsync(socket, (IPEndPoint)listener.LocalEndPoint!, new byte[DocumentLength]);
        using Socket peer = await listener.AcceptAsync();
        await Task.Delay(100);
        (long received, string end) = ReadToEnd(peer);
        await sending;
        blocked.Stop();

        Console.WriteLine($"sender {peer.RemoteEndPoint}");
        Console.WriteLine($"receiver {peer.LocalEndPoint}");
        Console.WriteLine($"sent {DocumentLength}");
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
