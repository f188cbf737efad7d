// Rule: RST3004
// Flagged: upstream.Shutdown(SocketShutdown.Both)
// Claims: reset, loss
//
// One process, two ends: a relay has accepted a client and could not reach the server behind it; the flagged code says so to the client and
// ends both connections. The client's receive buffer is small, and it reads once the garbage collector has been there.
// Usage: RST3004 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

#region Sample
internal static class Relay
{
    public static void End(Socket client, Socket upstream, byte[] notice)
    {
        try
        {
            client.Send(notice);
            upstream.Shutdown(SocketShutdown.Both);
            upstream.Close();
            client.Close();
        }
        catch (SocketException e)
        {
            Console.Error.WriteLine($"The relay did not end well: {e.SocketErrorCode}");
        }
    }
}
#endregion

internal static class Program
{
    private const int NoticeLength = 200_000;

    private static void Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);

        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.ReceiveBufferSize = 4096;
        client.Connect(listener.LocalEndPoint!);
        EndPoint server = client.RemoteEndPoint!;

        Stopwatch blocked = Stopwatch.StartNew();
        Serve(listener);
        blocked.Stop();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        (long received, string end) = ReadToEnd(client);

        Console.WriteLine($"sender {server}");
        Console.WriteLine($"receiver {client.LocalEndPoint}");
        Console.WriteLine($"sent {NoticeLength}");
        Console.WriteLine($"received {received}");
        Console.WriteLine($"end {end}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
    }

    // Not inlined, so that nothing of the relay's sockets is left on the stack when the collector looks.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Serve(Socket listener) =>
        Relay.End(listener.Accept(), new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp), new byte[NoticeLength]);

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
