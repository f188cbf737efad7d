using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace RstGuard.Benchmarks;

/// <summary>Loopback connections that are made, used and closed in order, both ends in this process.</summary>
internal sealed class GuardedConnections : IDisposable
{
    private const int Message = 64;
    private const int Backlog = 8;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly byte[] _bytes = new byte[Message];

    /// <summary>Listens on an address of 127.0.0.0/8: each has ports of its own, which a connection that was closed keeps for a minute.</summary>
    public GuardedConnections(IPAddress address)
    {
        _listener.Bind(new IPEndPoint(address, 0));
        _listener.Listen(Backlog);
    }

    /// <summary>Connects, exchanges 64 bytes each way, and closes, so many times.</summary>
    /// <returns>Wall time and processor time of the whole process, in seconds.</returns>
    public (double Seconds, double Processor) Run(int connections)
    {
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        long begun = Stopwatch.GetTimestamp();
        for (int i = 0; i < connections; i++)
        {
            Exchange();
        }

        return (Stopwatch.GetElapsedTime(begun).TotalSeconds, (Environment.CpuUsage.TotalTime - processor).TotalSeconds);
    }

    /// <summary>The same by asynchronous calls.</summary>
    /// <param name="connections">How many.</param>
    /// <param name="bothShutDown">Whether the client shuts down first; else it is just disposed, as an HTTP client's connections are, and the server ends after it.</param>
    public async Task<(double Seconds, double Processor)> RunAsync(int connections, bool bothShutDown)
    {
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        long begun = Stopwatch.GetTimestamp();
        for (int i = 0; i < connections; i++)
        {
            await ExchangeAsync(bothShutDown);
        }

        return (Stopwatch.GetElapsedTime(begun).TotalSeconds, (Environment.CpuUsage.TotalTime - processor).TotalSeconds);
    }

    public void Dispose() => _listener.Dispose();

    private void Exchange()
    {
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(_listener.LocalEndPoint!);
        using Socket server = _listener.Accept();
        client.Send(_bytes);
        Expect(server.Receive(_bytes), Message);
        server.Send(_bytes);
        Expect(client.Receive(_bytes), Message);
        client.Shutdown(SocketShutdown.Send);
        Expect(server.Receive(_bytes), 0);
        server.Shutdown(SocketShutdown.Send);
        Expect(client.Receive(_bytes), 0);
    }

    private async Task ExchangeAsync(bool bothShutDown)
    {
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Task<Socket> accept = _listener.AcceptAsync();
        await client.ConnectAsync(_listener.LocalEndPoint!);
        using Socket server = await accept;
        await client.SendAsync(_bytes);
        Expect(await server.ReceiveAsync(_bytes), Message);
        await server.SendAsync(_bytes);
        Expect(await client.ReceiveAsync(_bytes), Message);
        if (bothShutDown)
        {
            client.Shutdown(SocketShutdown.Send);
        }
        else
        {
            client.Dispose();
        }

        Expect(await server.ReceiveAsync(_bytes), 0);
        server.Shutdown(SocketShutdown.Send);
        if (bothShutDown)
        {
            Expect(await client.ReceiveAsync(_bytes), 0);
        }
    }

    // A message so short comes whole.
    private static void Expect(int received, int expected)
    {
        if (received != expected)
        {
            throw new InvalidOperationException($"{received} bytes came where {expected} had been sent.");
        }
    }
}
