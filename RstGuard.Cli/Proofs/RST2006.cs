// Rule: RST2006
// Flagged: socket.ReceiveAsync(answer.AsMemory(count), SocketFlags.None).AsTask().WaitAsync(patience)
// Claims: reset, loss
//
// One process, two ends: the flagged code sends a document and waits for the answer, for a while. The server is busy: it answers
// nothing, and reads once the client has given up. Its receive buffer is small, so most of the document still waits in the client's
// send queue at that time.
// Usage: RST2006 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class DocumentClient
{
    public static async Task SubmitAsync(IPEndPoint server, byte[] document, byte[] answer, TimeSpan patience)
    {
        using Socket socket = new(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server);
        await socket.SendAsync(document, SocketFlags.None);
        int count = 0;
        while (count < answer.Length)
        {
            int read = await socket.ReceiveAsync(answer.AsMemory(count), SocketFlags.None).AsTask().WaitAsync(patience);
            if (read == 0)
            {
                throw new EndOfStreamException();
            }

            count += read;
        }
    }
}
#endregion

internal static class Program
{
    private const int DocumentLength = 200_000;

    private static async Task Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.ReceiveBufferSize = 4096;
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);

        Stopwatch blocked = Stopwatch.StartNew();
        Task submitting = DocumentClient.SubmitAsync((IPEndPoint)listener.LocalEndPoint!, new byte[DocumentLength], new byte[100], TimeSpan.FromMilliseconds(100));
        using Socket peer = await listener.AcceptAsync();
        try
        {
            await submitting;
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // As asked for.
        }

        blocked.Stop();
        (long received, string end) = ReadToEnd(peer);

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
