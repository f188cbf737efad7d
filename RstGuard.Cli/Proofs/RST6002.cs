// Rule: RST6002
// Flagged: 2
// Claims: reset, loss
// Systems: linux
//
// One process, two ends: a client whose socket is set up by the flagged code waits for a news item; the network between them fails for 3.5 s, and
// then the item is sent. The failure is played by a socket filter at the server, which drops what arrives there (SO_ATTACH_FILTER).
// Usage: RST6002 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

#region Sample
internal static class News
{
    public static void SetUp(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 1);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 1);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 2);
    }
}
#endregion

internal static class Program
{
    private const int ItemLength = 1_000;
    private const int SocketLevel = 1, AttachFilter = 26, DetachFilter = 27;

    private static void Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        News.SetUp(client);
        client.Connect(listener.LocalEndPoint!);
        using Socket server = listener.Accept();
        string ends = $"sender {server.LocalEndPoint}\nreceiver {server.RemoteEndPoint}";

        // One instruction: return 0, which keeps no byte of the segment.
        GCHandle code = GCHandle.Alloc(new byte[] { 0x06, 0, 0, 0, 0, 0, 0, 0 }, GCHandleType.Pinned);
        byte[] program = new byte[16];
        program[0] = 1;
        BitConverter.TryWriteBytes(program.AsSpan(8), code.AddrOfPinnedObject());
        server.SetRawSocketOption(SocketLevel, AttachFilter, program);
        Stopwatch outage = Stopwatch.StartNew();
        long received = 0;
        string end = "EndOfStream";
        Task reading = Task.Run(() =>
        {
            byte[] buffer = new byte[ItemLength];
            try
            {
                while (client.Receive(buffer) is > 0 and int count)
                {
                    received += count;
                }
            }
            catch (SocketException e)
            {
                end = e.SocketErrorCode.ToString();
            }
        });
        reading.Wait(TimeSpan.FromMilliseconds(3500));
        Thread.Sleep(TimeSpan.FromMilliseconds(Math.Max(0, 3500 - outage.ElapsedMilliseconds)));
        server.SetRawSocketOption(SocketLevel, DetachFilter, new byte[4]);
        code.Free();
        try
        {
            server.Send(new byte[ItemLength]);
            server.Shutdown(SocketShutdown.Send);
            reading.Wait();
            client.Shutdown(SocketShutdown.Send);
            server.Receive(new byte[1]);
        }
        catch (SocketException e)
        {
            Console.Error.WriteLine($"The server failed: {e.Message}");
        }

        Console.WriteLine(ends);
        Console.WriteLine($"sent {ItemLength}");
        Console.WriteLine($"received {received}");
        Console.WriteLine($"end {end}");
        Console.WriteLine($"blocked {outage.ElapsedMilliseconds}");
    }
}
