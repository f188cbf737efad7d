// Rule: RST2005
// Flagged: cancellation.Register(() => socket.Dispose())
// Claims: reset, loss
//
// One process, two ends: the flagged code sends a document and waits for the answer, until it is cancelled. The server is busy: it
// begins its answer, which shows that the client has come to its receives, and reads once the client has given up. Its receive buffer is small, so most of the document still waits in the
// client's send queue at that time.
// Usage: RST2005 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class DocumentClient
{
    public static async Task SubmitAsync(IPEndPoint server, byte[] document, byte[] answer, CancellationToken cancellation)
    {
        using Socket socket = new(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, cancellation);
        await socket.SendAsync(document, SocketFlags.None, cancellation);
        using CancellationTokenRegistration registration = cancellation.Register(() => socket.Dispose());
        int count = 0;
        while (count < answer.Length)
        {
            int read = await socket.ReceiveAsync(answer.AsMemory(count), SocketFlags.None);
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
        using CancellationTokenSource cancellation = new();
        byte[] answer = new byte[100];
        Task submitting = DocumentClient.SubmitAsync((IPEndPoint)listener.LocalEndPoint!, new byte[DocumentLength], answer, cancellation.Token);
        using Socket peer = await listener.AcceptAsync();
        for (Stopwatch waited = Stopwatch.StartNew(); peer.Available < 4096 && waited.Elapsed < TimeSpan.FromSeconds(10);)
        {
            await Task.Delay(5);
        }

        await peer.SendAsync(new byte[] { 1 });
        for (Stopwatch waited = Stopwatch.StartNew(); Volatile.Read(ref answer[0]) == 0 && waited.Elapsed < TimeSpan.FromSeconds(10);)
        {
            await Task.Delay(5);
        }

        // The next receive follows at once, and stays pending.
        await Task.Delay(200);
        await cancellation.CancelAsync();
        try
        {
            await submitting;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
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
