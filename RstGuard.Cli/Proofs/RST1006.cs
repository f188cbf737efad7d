// Rule: RST1006
// Flagged: client.Close(200)
// Claims: reset, loss
//
// One process, two ends: the flagged code sends a report to a client and gives it a fifth of a second to close. The client's receive
// buffer is small, and it reads once the server has let go of the connection, so most of the report still waits in the server then.
// Usage: RST1006 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class ReportServer
{
    public static void Send(Socket client, byte[] report)
    {
        client.Send(report);
        client.Close(200);
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
        IPEndPoint clientEnd = (IPEndPoint)client.LocalEndPoint!;
        IPEndPoint serverEnd = (IPEndPoint)client.RemoteEndPoint!;

        Stopwatch blocked = Stopwatch.StartNew();
        ReportServer.Send(listener.Accept(), new byte[ReportLength]);
        blocked.Stop();
        (long received, string end) = ReadToEnd(client);

        Console.WriteLine($"sender {serverEnd}");
        Console.WriteLine($"receiver {clientEnd}");
        Console.WriteLine($"sent {ReportLength}");
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
