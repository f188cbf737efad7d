// Rule: RST2003
// Flagged: client.GetStream().WriteAsync(document)
// Claims: dataLoss
//
// As RST2003.cs, with TcpClient: it shuts down before it closes, so that the peer sees a clean end after a part of the document.
// Usage: RST2003.TcpClient <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class DocumentSender
{
    public static async Task SendAsync(TcpClient client, IPEndPoint server, byte[] document)
    {
        await client.ConnectAsync(server);
        _ = client.GetStream().WriteAsync(document);
        client.Close();
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
        TcpClient client = new(AddressFamily.InterNetwork);
        Task sending = DocumentSender.SendAsync(client, (IPEndPoint)listener.LocalEndPoint!, new byte[DocumentLength]);
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
