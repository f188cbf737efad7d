// Rule: RST3001
// Flagged: new TcpClient(server.AddressFamily)
// Claims: reset
//
// One process, two ends: the flagged code connects, sends its hello and reads the first line of the answer before it gives the
// connection to its caller. The server turns it away in that line, and reads to the end. The caller catches the exception and has
// nothing to close; the garbage collector is forced.
// Usage: RST3001 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

#region Sample
internal static class MailClient
{
    public static NetworkStream Connect(IPEndPoint server, byte[] hello)
    {
        TcpClient client = new TcpClient(server.AddressFamily);
        client.Connect(server);
        NetworkStream stream = client.GetStream();
        stream.Write(hello);
        byte[] answer = new byte[5];
        stream.ReadExactly(answer);
        if (!answer.AsSpan().StartsWith("250"u8))
        {
            throw new ProtocolViolationException("The server does not want to talk.");
        }

        return stream;
    }
}
#endregion

internal static class Program
{
    private static void Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);
        byte[] hello = "EHLO client\r\n"u8.ToArray();

        Stopwatch blocked = Stopwatch.StartNew();
        Thread client = new(() => TryInVain((IPEndPoint)listener.LocalEndPoint!, hello));
        client.Start();
        using Socket accepted = listener.Accept();
        byte[] buffer = new byte[100];
        int received = 0;
        while (received < hello.Length && accepted.Receive(buffer) is > 0 and int count)
        {
            received += count;
        }

        accepted.Send("554\r\n"u8);
        client.Join();
        blocked.Stop();
        for (Stopwatch waited = Stopwatch.StartNew(); !accepted.Poll(10_000, SelectMode.SelectRead) && waited.Elapsed < TimeSpan.FromSeconds(10);)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        string end;
        try
        {
            end = accepted.Receive(buffer) == 0 ? "EndOfStream" : "Data";
        }
        catch (SocketException e)
        {
            end = e.SocketErrorCode.ToString();
        }

        Console.WriteLine($"sender {accepted.RemoteEndPoint}");
        Console.WriteLine($"receiver {accepted.LocalEndPoint}");
        Console.WriteLine($"sent {hello.Length}");
        Console.WriteLine($"received {received}");
        Console.WriteLine($"end {end}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
    }

    /// <summary>What it leaves behind, nothing refers to any more.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void TryInVain(IPEndPoint server, byte[] hello)
    {
        try
        {
            MailClient.Connect(server, hello).Dispose();
        }
        catch (ProtocolViolationException)
        {
            // As asked for.
        }
    }
}
