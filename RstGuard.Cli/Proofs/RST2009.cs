// Rule: RST2009
// Flagged: server.Dispose()
// Claims: reset, loss
//
// One process, two ends: the flagged code is a client that asks for an upload, uploads and leaves. The server greets whoever connects, is busy for a
// while, and then reads. Its receive buffer is small, so most of the upload still waits in the client's send queue when that closes.
// Usage: RST2009 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class Uploader
{
    public static void Upload(IPEndPoint endPoint, byte[] request, IEnumerable<byte[]> parts)
    {
        Socket server = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        server.Connect(endPoint);
        server.Send(request);
        foreach (byte[] part in parts)
        {
            server.Send(part);
        }

        server.Dispose();
    }
}
#endregion

internal static class Program
{
    private const int RequestLength = 100;
    private const int PartLength = 200_000;

    // So that the greeting is there, and unread, when the client closes.
    private static readonly ManualResetEventSlim Greeted = new();

    private static void Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.ReceiveBufferSize = 4096;
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);

        Task<(long Received, string End, string Sender, string Receiver)> serving = Task.Run(() => Serve(listener));
        Stopwatch blocked = Stopwatch.StartNew();
        Uploader.Upload((IPEndPoint)listener.LocalEndPoint!, new byte[RequestLength], Parts());
        blocked.Stop();
        (long received, string end, string sender, string receiver) = serving.Result;

        Console.WriteLine($"sender {sender}");
        Console.WriteLine($"receiver {receiver}");
        Console.WriteLine($"sent {RequestLength + PartLength}");
        Console.WriteLine($"received {received}");
        Console.WriteLine($"end {end}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
    }

    private static IEnumerable<byte[]> Parts()
    {
        Greeted.Wait(TimeSpan.FromSeconds(2));
        yield return new byte[PartLength];
    }

    private static (long Received, string End, string Sender, string Receiver) Serve(Socket listener)
    {
        using Socket client = listener.Accept();
        string sender = client.RemoteEndPoint!.ToString()!;
        string receiver = client.LocalEndPoint!.ToString()!;

        // Once the request has come, so that each capture shows the same order.
        client.Poll(TimeSpan.FromSeconds(2), SelectMode.SelectRead);
        client.Send("220 ready\r\n"u8);
        Greeted.Set();
        Thread.Sleep(300);
        byte[] buffer = new byte[65_536];
        long received = 0;
        try
        {
            while (client.Receive(buffer) is > 0 and int count)
            {
                received += count;
            }

            return (received, "EndOfStream", sender, receiver);
        }
        catch (SocketException e)
        {
            return (received, e.SocketErrorCode.ToString(), sender, receiver);
        }
    }
}
