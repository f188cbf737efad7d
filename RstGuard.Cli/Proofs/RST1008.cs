// Rule: RST1008
// Flagged: socket.LingerState!.Enabled = false
// Claims: noEffect, reset, loss
// Causes: LingerZero
//
// One process, two ends: accepted sockets inherit linger zero from the listener, and the flagged code is to switch it off. The server then
// sends and closes; the client, whose receive buffer is small, reads once that is done.
// Usage: RST1008 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class Connections
{
    // Whoever made the listener may have set linger zero; what is sent here is to arrive.
    public static void DeliverWhatIsSent(Socket socket)
    {
        socket.LingerState!.Enabled = false;
    }
}
#endregion

internal static class Program
{
    private const int MessageLength = 200_000;

    private static void Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        ResetEachConnectionOf(listener);
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);

        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.ReceiveBufferSize = 4096;
        client.Connect(listener.LocalEndPoint!);

        Socket server = listener.Accept();
        EndPoint sender = server.LocalEndPoint!;
        EndPoint receiver = server.RemoteEndPoint!;
        string before = Linger(server);
        Stopwatch blocked = Stopwatch.StartNew();
        Connections.DeliverWhatIsSent(server);
        blocked.Stop();
        string after = Linger(server);
        server.Send(new byte[MessageLength]);
        server.Dispose();
        (long received, string end) = ReadToEnd(client);

        Console.WriteLine($"sender {sender}");
        Console.WriteLine($"receiver {receiver}");
        Console.WriteLine($"sent {MessageLength}");
        Console.WriteLine($"received {received}");
        Console.WriteLine($"end {end}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
        Console.WriteLine($"before {before}");
        Console.WriteLine($"after {after}");
    }

    private static void ResetEachConnectionOf(Socket listener) => listener.LingerState = new LingerOption(true, 0);

    private static string Linger(Socket socket)
    {
        LingerOption option = socket.LingerState!;
        return $"{(option.Enabled ? "on" : "off")},{option.LingerTime}";
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
