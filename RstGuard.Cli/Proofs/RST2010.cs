// Rule: RST2010
// Flagged: server.Receive(command)
// Claims: reset
//
// One process, two ends: the server sends two commands, waits for the answer to each, and closes. The flagged code is a client that takes
// commands, writes them down and acknowledges them; it does not see the end.
// Usage: RST2010 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal static class CommandClient
{
    public static void Obey(Socket server, Stream log, byte[] done)
    {
        byte[] command = new byte[256];
        while (server.Connected)
        {
            int count = server.Receive(command);
            log.Write(command, 0, count);
            server.Send(done);
        }
    }
}
#endregion

internal static class Program
{
    private const int CommandLength = 100;

    private static void Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);

        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndPoint!);
        Socket server = listener.Accept();
        IPEndPoint serverEnd = (IPEndPoint)server.LocalEndPoint!;
        IPEndPoint clientEnd = (IPEndPoint)client.LocalEndPoint!;
        Task serving = Task.Run(() => Command(server));

        using MemoryStream log = new();
        string end = "EndOfStream";
        Stopwatch blocked = Stopwatch.StartNew();
        try
        {
            CommandClient.Obey(client, log, "done"u8.ToArray());
        }
        catch (SocketException e)
        {
            end = e.SocketErrorCode.ToString();
        }

        blocked.Stop();
        client.Close();
        serving.Wait();

        Console.WriteLine($"sender {serverEnd}");
        Console.WriteLine($"receiver {clientEnd}");
        Console.WriteLine($"sent {2 * CommandLength}");
        Console.WriteLine($"received {log.Length}");
        Console.WriteLine($"end {end}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
    }

    private static void Command(Socket client)
    {
        byte[] answer = new byte[64];
        for (int i = 0; i < 2; i++)
        {
            client.Send(new byte[CommandLength]);
            if (client.Receive(answer) == 0)
            {
                break;
            }
        }

        client.Close();
    }
}
