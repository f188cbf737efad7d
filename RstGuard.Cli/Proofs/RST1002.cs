// Rule: RST1002
// Flagged: listener.LingerState = new LingerOption(true, 0)
// Claims: reset, loss
//
// One process, two ends: the flagged code opens a listener and answers one client; nothing but the listener was given a linger option. The
// client, whose receive buffer is small, reads once the server is done.
// Usage: RST1002 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class AnswerServer
{
    public static Socket Open(IPEndPoint endPoint)
    {
        Socket listener = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.LingerState = new LingerOption(true, 0);
        listener.Bind(endPoint);
        listener.Listen();
        return listener;
    }

    public static void Answer(Socket listener, byte[] answer)
    {
        using Socket client = listener.Accept();
        client.Send(answer);
    }
}
#endregion

internal static class Program
{
    private const int AnswerLength = 200_000;

    private static void Main(string[] arguments)
    {
        using Socket listener = AnswerServer.Open(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.ReceiveBufferSize = 4096;
        client.Connect(listener.LocalEndPoint!);
        EndPoint receiver = client.LocalEndPoint!;

        Stopwatch blocked = Stopwatch.StartNew();
        AnswerServer.Answer(listener, new byte[AnswerLength]);
        blocked.Stop();
        (long received, string end) = ReadToEnd(client);

        Console.WriteLine($"sender {listener.LocalEndPoint}");
        Console.WriteLine($"receiver {receiver}");
        Console.WriteLine($"sent {AnswerLength}");
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
