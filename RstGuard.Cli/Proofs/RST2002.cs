// Rule: RST2002
// Flagged: _socket.Dispose()
// Claims: reset, loss
//
// One process, two ends: the flagged code sends a journal to a server, while its receive loop waits for acknowledgements, and is
// disposed of when all is sent. The server's receive buffer is small and it reads late, so most of the journal still waits in the
// client's send queue at that time.
// Usage: RST2002 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal sealed class JournalClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public async Task ConnectAsync(IPEndPoint server)
    {
        await _socket.ConnectAsync(server);
        _ = ReceiveAsync();
    }

    public ValueTask<int> SendAsync(byte[] journal) => _socket.SendAsync(journal, SocketFlags.None, CancellationToken.None);

    public void Dispose()
    {
        _socket.Dispose();
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = new byte[1024];
        while (await _socket.ReceiveAsync(buffer, SocketFlags.None) is > 0 and int count)
        {
            Console.Error.WriteLine($"{count} bytes acknowledged");
        }
    }
}
#endregion

internal static class Program
{
    private const int JournalLength = 200_000;

    private static async Task Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.ReceiveBufferSize = 4096;
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);

        Stopwatch blocked = Stopwatch.StartNew();
        Socket peer;
        int sent;
        using (JournalClient client = new())
        {
            await client.ConnectAsync((IPEndPoint)listener.LocalEndPoint!);
            peer = await listener.AcceptAsync();
            sent = await client.SendAsync(new byte[JournalLength]);
        }

        blocked.Stop();
        (long received, string end) = ReadToEnd(peer);

        Console.WriteLine($"sender {peer.RemoteEndPoint}");
        Console.WriteLine($"receiver {peer.LocalEndPoint}");
        Console.WriteLine($"sent {sent}");
        Console.WriteLine($"received {received}");
        Console.WriteLine($"end {end}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
        peer.Dispose();
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
