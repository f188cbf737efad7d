using System.Net;
using System.Net.Sockets;
using RstGuard.Diagnosis;

namespace RstGuard.Scenarios;

/// <summary>The scenarios that plain sockets make over loopback.</summary>
[IntentionalReset("Each makes the reset that it is named after.")]
public static partial class LoopbackScenarios
{
    private const int TcpLevel = 6;

    /// <summary>All of them, sorted by name.</summary>
    public static IReadOnlyList<ResetScenario> All { get; } =
        [.. Basic().Concat(Connecting()).Concat(Closing()).Concat(AfterClosing()).OrderBy(scenario => scenario.Name, StringComparer.Ordinal)];

    /// <summary>The scenario of that name, whatever its case; null where there is none.</summary>
    public static ResetScenario? Find(string name) => All.FirstOrDefault(scenario => scenario.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<ResetScenario> Basic() =>
    [
        new LoopbackScenario("ClosedPort", ResetCause.ClosedPort, ConnectToClosedPortAsync)
        {
            Summary = "A client connects to a port on which nobody listens.",
            Expected = new(ResetShape.PassiveToSyn, ["NO_SOCKET"], "tcp_v4_rcv", ["AttemptFails"]),
            Ends = [ResettingEnd.Server],
        },
        new LoopbackScenario("CloseWithUnread", ResetCause.CloseWithUnread, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            await SendAsync(peer, run.PayloadSize).ConfigureAwait(false);
            await LoopbackPair.WaitForBytesAsync(closing, 1).ConfigureAwait(false);
            closing.Close();
            await LoopbackPair.WaitForEndAsync(peer).ConfigureAwait(false);
        })
        {
            Summary = "A socket is closed before it has read what had arrived.",
            Expected = new(ResetShape.Active, ["TCP_ABORT_ON_CLOSE"], "__tcp_close", ["TCPAbortOnClose"]),
        },
        new LoopbackScenario("DataAfterClose", ResetCause.DataAfterClose, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            closing.Close();
            await ReadToEndAsync(peer).ConfigureAwait(false);
            AcknowledgeNow(peer);
            await SendAsync(peer, run.PayloadSize).ConfigureAwait(false);
            await LoopbackPair.WaitForEndAsync(peer).ConfigureAwait(false);
        })
        {
            Summary = "Data comes for a socket that has been closed gracefully.",
            Expected = new(ResetShape.Passive, ["TCP_TIMEWAIT_SOCKET", "TCP_ABORT_ON_DATA", "TCP_FLAGS", "NO_SOCKET"], "tcp_v4_send_reset", []),
        },
        new LoopbackScenario("DisconnectUnspec", ResetCause.DisconnectUnspec, async run =>
        {
            using LoopbackPair pair = LoopbackPair.Connect(run.Address, run.Port);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            await CloseUnderBlockingReceiveAsync(closing).ConfigureAwait(false);
            await LoopbackPair.WaitForEndAsync(peer).ConfigureAwait(false);
        })
        {
            Summary = "A socket is disposed while another thread is inside a blocking Receive: .NET disconnects it, so that the call ends.",
            Needs = [ScenarioNeed.Linux],
            Expected = new(ResetShape.Active, ["TCP_STATE"], "__inet_stream_connect", []),
        },
        new LoopbackScenario("LingerZero", ResetCause.LingerZero, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            closing.LingerState = new LingerOption(true, 0);
            closing.Close();
            await LoopbackPair.WaitForEndAsync(peer).ConfigureAwait(false);
        })
        {
            Summary = "A socket is closed with linger on and a time of zero.",
            Expected = new(ResetShape.Active, ["TCP_STATE"], "tcp_disconnect", ["TCPAbortOnData"]),
        },
    ];

    private static async Task ConnectToClosedPortAsync(LoopbackRun run)
    {
        // Bound but not listening: nobody else gets this port meanwhile.
        using Socket reserved = NewSocket(run);
        reserved.Bind(run.EndPoint);
        using Socket client = NewSocket(run);
        client.Bind(new IPEndPoint(run.Address, 0));
        using CancellationTokenSource limit = Limit(run);
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

    // What the close does is not done while a child process that is being started holds a copy of the descriptor.
    private static Task WaitUntilReleasedAsync(LoopbackRun run, LoopbackPair pair)
    {
        (IPEndPoint closing, IPEndPoint peer) = EndPointsOf(run, pair);
        return KernelSockets.WaitUntilReleasedAsync(closing, peer);
    }

    // A peer that has bytes or FIN to read first is readable before the reset reaches it: only that its end is gone tells.
    private static Task WaitForResetAsync(LoopbackRun run, LoopbackPair pair)
    {
        (IPEndPoint closing, IPEndPoint peer) = EndPointsOf(run, pair);
        return OperatingSystem.IsLinux() ? KernelSockets.WaitUntilGoneAsync(peer, closing) : LoopbackPair.WaitForEndAsync(run.EndsOf(pair).Peer);
    }

    private static (IPEndPoint Closing, IPEndPoint Peer) EndPointsOf(LoopbackRun run, LoopbackPair pair) =>
        run.Resetting == ResettingEnd.Client ? (pair.ClientEndPoint, pair.ServerEndPoint) : (pair.ServerEndPoint, pair.ClientEndPoint);

    private static Socket NewSocket(LoopbackRun run) => new(run.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);

    private static CancellationTokenSource Limit(LoopbackRun run)
    {
        CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(run.CancellationToken);
        limit.CancelAfter(LoopbackPair.Wait);
        return limit;
    }

    // Ends early where the peer's window and the own buffer are full: nobody reads on then.
    private static async Task SendAsync(Socket socket, int count)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromMilliseconds(300));
        byte[] data = new byte[count];
        try
        {
            for (int sent = 0; sent < count;)
            {
                sent += await socket.SendAsync(data.AsMemory(sent), SocketFlags.None, limit.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
        {
            // The rest of a large payload met the reset already.
        }
    }

    private static async Task ReadToEndAsync(Socket socket)
    {
        using CancellationTokenSource limit = new(LoopbackPair.Wait);
        byte[] buffer = new byte[65536];
        while (await socket.ReceiveAsync(buffer, SocketFlags.None, limit.Token).ConfigureAwait(false) > 0)
        {
        }
    }

    // A delayed acknowledgment of the FIN would now and then travel with the data, and then another cause fits the packets as well.
    // TCP_QUICKACK sends it at once (tcp(7)).
    private static void AcknowledgeNow(Socket socket)
    {
        const int QuickAck = 12;
        if (OperatingSystem.IsLinux())
        {
            KernelSockets.SetOption(socket, TcpLevel, QuickAck, 1);
        }
    }
}
