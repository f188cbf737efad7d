// Rule: RST4002
// Flagged: connecting.AsyncWaitHandle.WaitOne(patience)
// Claims: reset, loss
//
// One process, two ends: the flagged code connects with a limit, and its caller tries once more when the first attempt has timed out.
// The server is busy at first: its accept queue is full, so that the kernel drops the SYN, and the client's kernel repeats it after a
// second. The server sends a document to whom it accepts, and reads to the end. The claim is about the connection that
// comes late, when there is one, and else about that of the second attempt.
// Usage: RST4002 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

#region Sample
internal sealed class ReportClient
{
    private TcpClient? _client;

    public NetworkStream Connect(IPEndPoint server, TimeSpan patience)
    {
        _client = new TcpClient(server.AddressFamily);
        IAsyncResult connecting = _client.BeginConnect(server.Address, server.Port, null, null);
        if (!connecting.AsyncWaitHandle.WaitOne(patience))
        {
            throw new TimeoutException("The server does not answer.");
        }

        _client.EndConnect(connecting);
        return _client.GetStream();
    }
}
#endregion

internal static class Program
{
    private const int DocumentLength = 20_000;

    private static void Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(0);
        IPEndPoint address = (IPEndPoint)listener.LocalEndPoint!;
        using Socket filler = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        filler.Connect(address);

        Stopwatch blocked = Stopwatch.StartNew();
        TryInVain(address);
        blocked.Stop();
        using Socket filled = listener.Accept();
        (EndPoint Client, long Received) second = Exchange(address, listener);

        // The repeated SYN of the first attempt comes after a second, if anybody is left to repeat it.
        for (Stopwatch waited = Stopwatch.StartNew(); !listener.Poll(10_000, SelectMode.SelectRead) && IsConnecting(address) && waited.Elapsed < TimeSpan.FromSeconds(10);)
        {
        }

        string end = "EndOfStream";
        if (listener.Poll(0, SelectMode.SelectRead))
        {
            using Socket late = listener.Accept();
            late.Send(new byte[DocumentLength]);
            for (Stopwatch waited = Stopwatch.StartNew(); !late.Poll(10_000, SelectMode.SelectRead) && waited.Elapsed < TimeSpan.FromSeconds(10);)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }

            end = EndOf(late);
            second = (late.RemoteEndPoint!, 0);
        }

        Console.WriteLine($"sender {address}");
        Console.WriteLine($"receiver {second.Client}");
        Console.WriteLine($"sent {DocumentLength}");
        Console.WriteLine($"received {second.Received}");
        Console.WriteLine($"end {end}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
    }

    /// <summary>What it leaves behind, nothing refers to any more.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void TryInVain(IPEndPoint address)
    {
        try
        {
            new ReportClient().Connect(address, TimeSpan.FromMilliseconds(100));
        }
        catch (TimeoutException)
        {
            // As asked for.
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (EndPoint Client, long Received) Exchange(IPEndPoint address, Socket listener)
    {
        using NetworkStream stream = new ReportClient().Connect(address, TimeSpan.FromSeconds(5));
        using Socket accepted = listener.Accept();
        accepted.Send(new byte[DocumentLength]);
        accepted.Shutdown(SocketShutdown.Send);
        byte[] buffer = new byte[65_536];
        long received = 0;
        while (stream.Read(buffer) is > 0 and int count)
        {
            received += count;
        }

        return (accepted.RemoteEndPoint!, received);
    }

    /// <summary>Whether some socket of this machine still sends SYNs to <paramref name="server"/>: state 02 in /proc/net/tcp.</summary>
    private static bool IsConnecting(IPEndPoint server)
    {
        string remote = $"{BitConverter.ToUInt32(server.Address.GetAddressBytes()):X8}:{server.Port:X4} 02";
        return File.ReadLines("/proc/net/tcp").Any(line => line.Contains(remote, StringComparison.Ordinal));
    }

    private static string EndOf(Socket socket)
    {
        try
        {
            return socket.Receive(new byte[1]) == 0 ? "EndOfStream" : "Data";
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode.ToString();
        }
    }
}
