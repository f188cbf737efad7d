// Rule: RST2011
// Flagged: client.Shutdown(SocketShutdown.Receive)
// Claims: reset, loss
// Systems: windows
//
// One process, two ends: the flagged code sends a client its last report, ends receiving and closes, while the client has said something
// that was not asked for. The client's receive buffer is small, and it reads once the server has let go of the connection.
// Usage: RST2011 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class ReportServer
{
    public static void Finish(Socket client, byte[] report)
    {
        client.Send(report);
        client.Shutdown(SocketShutdown.Receive);
        client.Close();
    }
}
#endregion

internal static class Program
{
    private const int ReportLength = 200_000;

    private static async Task Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);

        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.ReceiveBufferSize = 4096;
        client.Connect(listener.LocalEndPoint!);
        client.Send("THANKS\n"u8);
        IPEndPoint clientEnd = (IPEndPoint)client.LocalEndPoint!;
        IPEndPoint serverEnd = (IPEndPoint)client.RemoteEndPoint!;

        Stopwatch blocked = Stopwatch.StartNew();
        Task finishing = Task.Run(() => ReportServer.Finish(listener.Accept(), new byte[ReportLength]));
        await Task.WhenAny(finishing, Task.Delay(500));
        (long received, string end) = ReadToEnd(client);
        client.Close();
        await finishing;
        blocked.Stop();

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
