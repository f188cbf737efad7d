// Rule: RST4003
// Flagged: _socket.ReceiveTimeout = Convert.ToInt32(patience.TotalMilliseconds)
// Claims: noEffect, blocks
//
// One process, two ends: two connections wait for the same slow answer. One sets no timeout at all; the other is the flagged code, which
// has 200 milliseconds of patience. The server takes a second and a half. How the waiting ends is what is read back: before, without any
// timeout, and after, with the one that is set.
// Usage: RST4003 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

#region Sample
internal sealed class AnswerClient(AddressFamily family, TimeSpan patience) : IDisposable
{
    private readonly Socket _socket = new(family, SocketType.Stream, ProtocolType.Tcp);

    public async Task<EndPoint> ConnectAsync(IPEndPoint server)
    {
        _socket.ReceiveTimeout = Convert.ToInt32(patience.TotalMilliseconds);
        await _socket.ConnectAsync(server);
        return _socket.LocalEndPoint!;
    }

    public async Task<int> ReadAsync(byte[] buffer) => await _socket.ReceiveAsync(buffer, SocketFlags.None);

    public void Dispose() => _socket.Dispose();
}
#endregion

internal static class Program
{
    private const int AnswerLength = 1000;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Thinking = TimeSpan.FromMilliseconds(1500);

    private static async Task Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(2);
        IPEndPoint server = (IPEndPoint)listener.LocalEndPoint!;

        using Socket plain = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await plain.ConnectAsync(server);
        Task answeringPlain = AnswerAsync(await listener.AcceptAsync());
        Task<string> before = EndOfWaitAsync(async () => await plain.ReceiveAsync(new byte[AnswerLength], SocketFlags.None));

        using AnswerClient client = new(AddressFamily.InterNetwork, Patience);
        EndPoint receiver = await client.ConnectAsync(server);
        Task answering = AnswerAsync(await listener.AcceptAsync());

        byte[] answer = new byte[AnswerLength];
        int received = 0;
        Console.WriteLine("call");
        Stopwatch blocked = Stopwatch.StartNew();
        string after = await EndOfWaitAsync(async () => received += await client.ReadAsync(answer));
        blocked.Stop();
        Console.WriteLine("return");

        // Whoever has run out of patience may still take what comes later.
        string end = "";
        while (end.Length == 0)
        {
            string wait = await EndOfWaitAsync(async () =>
            {
                int count = await client.ReadAsync(answer);
                received += count;
                end = count == 0 ? "EndOfStream" : "";
            });
            end = wait is "answered" or "timedOut" ? end : wait;
        }

        await Task.WhenAll(answeringPlain, answering);
        Console.WriteLine($"sender {server}");
        Console.WriteLine($"receiver {receiver}");
        Console.WriteLine($"sent {AnswerLength}");
        Console.WriteLine($"received {received}");
        Console.WriteLine($"end {end}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
        Console.WriteLine($"before {await before}");
        Console.WriteLine($"after {after}");
    }

    private static async Task<string> EndOfWaitAsync(Func<Task> wait)
    {
        try
        {
            await wait();
            return "answered";
        }
        catch (OperationCanceledException)
        {
            return "timedOut";
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.TimedOut ? "timedOut" : e.SocketErrorCode.ToString();
        }
    }

    private static async Task AnswerAsync(Socket connection)
    {
        using Socket peer = connection;
        await Task.Delay(Thinking);
        await peer.SendAsync(new byte[AnswerLength], SocketFlags.None);
        peer.Shutdown(SocketShutdown.Send);
    }
}
