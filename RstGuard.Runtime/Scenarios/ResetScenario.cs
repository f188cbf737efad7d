using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RstGuard.Diagnosis;

namespace RstGuard.Scenarios;

/// <summary>Which end of a scenario's connection sends the reset.</summary>
public enum ResettingEnd
{
    /// <summary>The end that connected.</summary>
    Client,

    /// <summary>The end that accepted, or was meant to.</summary>
    Server,
}

/// <summary>Programs that make one reset of a known cause over loopback.</summary>
public static class ResetScenario
{
    /// <summary>The causes that <see cref="RunAsync"/> can make.</summary>
    public static IReadOnlyList<ResetCause> Causes { get; } =
        [ResetCause.ClosedPort, ResetCause.CloseWithUnread, ResetCause.LingerZero, ResetCause.DisconnectUnspec, ResetCause.DataAfterClose];

    /// <summary>Makes one reset.</summary>
    /// <param name="cause">One of <see cref="Causes"/>.</param>
    /// <param name="resetting">The end that sends it; a closed port is always the server's.</param>
    /// <param name="address">A loopback address, best one of <see cref="LoopbackPair.UniqueAddress"/>.</param>
    /// <param name="port">The server's port, best one of <see cref="LoopbackPair.UniquePort"/> where the address is not unique; 0 leaves it to the system.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no scenario for this cause and end.</exception>
    [IntentionalReset("It makes the reset it is asked for.")]
    public static async Task RunAsync(ResetCause cause, ResettingEnd resetting, IPAddress address, int port = 0)
    {
        if (cause == ResetCause.ClosedPort && resetting == ResettingEnd.Server)
        {
            await ConnectToClosedPortAsync(address, port).ConfigureAwait(false);
            return;
        }

        if (cause == ResetCause.ClosedPort || !Causes.Contains(cause))
        {
            throw new ArgumentOutOfRangeException(nameof(cause), cause, $"There is no scenario for {cause} sent by the {resetting}.");
        }

        using LoopbackPair pair = await LoopbackPair.ConnectAsync(address, port).ConfigureAwait(false);
        (Socket closing, Socket peer) = resetting == ResettingEnd.Client ? (pair.Client, pair.Server) : (pair.Server, pair.Client);
        switch (cause)
        {
            case ResetCause.CloseWithUnread:
                await SendAllAsync(peer, 100).ConfigureAwait(false);
                await LoopbackPair.WaitForBytesAsync(closing, 100).ConfigureAwait(false);
                closing.Close();
                break;

            case ResetCause.LingerZero:
                closing.LingerState = new LingerOption(true, 0);
                closing.Close();
                break;

            case ResetCause.DisconnectUnspec:
                await CloseUnderBlockingReceiveAsync(closing).ConfigureAwait(false);
                break;

            case ResetCause.DataAfterClose:
                closing.Close();
                await ReadToEndAsync(peer).ConfigureAwait(false);
                AcknowledgeNow(peer);
                await SendAllAsync(peer, 100).ConfigureAwait(false);
                break;
        }

        await WaitForResetAsync(peer).ConfigureAwait(false);
    }

    private static async Task ConnectToClosedPortAsync(IPAddress address, int port)
    {
        // Bound but not listening: nobody else gets this port meanwhile.
        using Socket reserved = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        reserved.Bind(new IPEndPoint(address, port));
        using Socket client = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        client.Bind(new IPEndPoint(address, 0));
        using CancellationTokenSource limit = new(LoopbackPair.Wait);
        try
        {
            await client.ConnectAsync(reserved.LocalEndPoint!, limit.Token).ConfigureAwait(false);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return;
        }

        throw new InvalidOperationException($"{reserved.LocalEndPoint} accepted a connection although nobody listens there.");
    }

    // .NET unblocks a thread inside recv(2) by connect(AF_UNSPEC); a pending asynchronous receive would become LingerZero.
    private static async Task CloseUnderBlockingReceiveAsync(Socket closing)
    {
        using ManualResetEventSlim started = new();
        Task<SocketError> receiving = Task.Factory.StartNew(
            () =>
            {
                started.Set();
                try
                {
                    closing.Receive(new byte[1], 0, 1, SocketFlags.None, out SocketError error);
                    return error;
                }
                catch (ObjectDisposedException)
                {
                    return SocketError.NotSocket;
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        started.Wait(LoopbackPair.Wait);
        // The thread can't be seen entering the system call; it has nothing else left to do.
        await Task.Delay(100).ConfigureAwait(false);
        closing.Close();
        await receiving.WaitAsync(LoopbackPair.Wait).ConfigureAwait(false);
    }

    private static async Task SendAllAsync(Socket socket, int count)
    {
        using CancellationTokenSource limit = new(LoopbackPair.Wait);
        byte[] data = new byte[count];
        for (int sent = 0; sent < count;)
        {
            sent += await socket.SendAsync(data.AsMemory(sent), SocketFlags.None, limit.Token).ConfigureAwait(false);
        }
    }

    private static async Task ReadToEndAsync(Socket socket)
    {
        using CancellationTokenSource limit = new(LoopbackPair.Wait);
        byte[] buffer = new byte[1024];
        while (await socket.ReceiveAsync(buffer, SocketFlags.None, limit.Token).ConfigureAwait(false) > 0)
        {
        }
    }

    // A delayed acknowledgment of the FIN would now and then travel with the data, and then another cause fits the packets as well.
    // TCP_QUICKACK sends it at once (tcp(7)).
    private static void AcknowledgeNow(Socket socket)
    {
        const int TcpLevel = 6;
        const int QuickAck = 12;
        if (OperatingSystem.IsLinux())
        {
            int on = 1;
            socket.SetRawSocketOption(TcpLevel, QuickAck, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in on)));
        }
    }

    private static async Task WaitForResetAsync(Socket socket)
    {
        long deadline = Environment.TickCount64 + (long)LoopbackPair.Wait.TotalMilliseconds;
        while (!socket.Poll(0, SelectMode.SelectRead) && Environment.TickCount64 < deadline)
        {
            await Task.Delay(1).ConfigureAwait(false);
        }
    }
}
