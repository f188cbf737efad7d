// Rule: RST3002
// Flagged: new(client)
// Claims: reset, loss
//
// One process, two ends: the flagged code accepts a client and writes it a report through a stream. The client's receive buffer is small, and it
// reads once the garbage collector has been there.
// Usage: RST3002 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

#region Sample
internal static class ReportServer
{
    public static void Serve(Socket listener, byte[] report)
    {
        Socket client = listener.Accept();
        using NetworkStream stream = new(client);
        stream.Write(report);
    }
}
#endregion

internal static class Program
{
    private const int ReportLength = 200_000;

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
        Console.WriteLine($"sent {ReportLength}");
        Console.WriteLine($"received {received}");
        Console.WriteLine($"end {end}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
    }

    // Not inlined, so that nothing of the server's socket is left on the stack when the collector looks.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Serve(Socket listener) => ReportServer.Serve(listener, new byte[ReportLength]);

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
