using System.Net;
using System.Net.Sockets;
using RstGuard.Diagnosis;

namespace RstGuard.Scenarios;

/// <summary>What meets a connection that is closed or gone, and peers that fall silent.</summary>
public static partial class LoopbackScenarios
{
    private const int Linger2 = 8; // TCP_LINGER2, seconds
    private const int UserTimeout = 18; // TCP_USER_TIMEOUT, milliseconds

    private static readonly ExpectedReset AfterClose = new(ResetShape.Passive, ["TCP_TIMEWAIT_SOCKET", "TCP_ABORT_ON_DATA", "TCP_FLAGS", "NO_SOCKET"], "tcp_v4_send_reset", []);
    private static readonly ExpectedReset ToNobody = new(ResetShape.Passive, ["NO_SOCKET", "TCP_FLAGS"], "tcp_v4_send_reset", []);

    private static IEnumerable<ResetScenario> AfterClosing() =>
    [
        new LoopbackScenario("DataAfterFinWait2", ResetCause.DataAfterClose, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            await CloseAndVanishAsync(run, pair).ConfigureAwait(false);
            await SendAsync(peer, run.PayloadSize).ConfigureAwait(false);
            await KernelSockets.WaitAsync(() => peer.Poll(0, SelectMode.SelectError), "The peer learned of no reset").ConfigureAwait(false);
        })
        {
            Summary = "Data comes after FIN-WAIT-2 has timed out (TCP_LINGER2 of 1 s stands for tcp_fin_timeout of 60 s).",
            Needs = [ScenarioNeed.Linux],
            Expected = AfterClose,
        },
        new LoopbackScenario("DataBeforeQueuedFin", ResetCause.DataAfterClose, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync(receiveBufferSize: 4096).ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            LoopbackPair.FillWindow(closing);
            closing.Close();
            await WaitUntilReleasedAsync(run, pair).ConfigureAwait(false);
            await SendAsync(peer, run.PayloadSize).ConfigureAwait(false);
            // A large payload's sending has taken the error already; the orphan goes with its reset.
            await WaitUntilGoneAsync(run, pair).ConfigureAwait(false);
        })
        {
            Summary = "A socket is closed while data waits to be sent, so that its FIN waits too; data of the peer comes before it.",
            Needs = [ScenarioNeed.Linux],
            Expected = AfterClose with { Reasons = ["TCP_ABORT_ON_DATA"], Counters = ["TCPAbortOnData"] },
        },
        new LoopbackScenario("DataInFinWait1", ResetCause.DataAfterClose, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            using (KernelSockets.Deafen(peer))
            {
                closing.Close();
                await WaitUntilReleasedAsync(run, pair).ConfigureAwait(false);
                await SendAsync(peer, run.PayloadSize).ConfigureAwait(false);
                await WaitUntilGoneAsync(run, pair).ConfigureAwait(false);
            }
        })
        {
            Summary = "Data comes before the FIN of the closed socket was acknowledged.",
            Needs = [ScenarioNeed.Linux],
            Expected = AfterClose with { Reasons = ["TCP_ABORT_ON_DATA"], Counters = ["TCPAbortOnData"] },
        },
        new LoopbackScenario("FinToClosed", ResetCause.FinToClosed, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (_, Socket peer) = run.EndsOf(pair);
            await CloseAndVanishAsync(run, pair).ConfigureAwait(false);
            peer.Shutdown(SocketShutdown.Send);
            await KernelSockets.WaitAsync(() => peer.Poll(0, SelectMode.SelectError), "The peer learned of no reset").ConfigureAwait(false);
        })
        {
            Summary = "The peer ends its direction after FIN-WAIT-2 has timed out.",
            Needs = [ScenarioNeed.Linux],
            Expected = ToNobody,
        },
        new LoopbackScenario("KeepaliveProbeToVanished", ResetCause.KeepaliveProbeToVanished, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (_, Socket peer) = run.EndsOf(pair);
            KeepAlive(peer, idle: 3, interval: 1, count: 3);
            await CloseAndVanishAsync(run, pair).ConfigureAwait(false);
            await KernelSockets.WaitAsync(() => peer.Poll(0, SelectMode.SelectError), "The peer learned of no reset").ConfigureAwait(false);
        })
        {
            Summary = "A keep-alive probe comes after FIN-WAIT-2 has timed out.",
            Needs = [ScenarioNeed.Linux],
            Expected = ToNobody,
        },
        new LoopbackScenario("KeepaliveTimeout", ResetCause.KeepaliveTimeout, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket probing, Socket peer) = run.EndsOf(pair);
            KeepAlive(probing, idle: 1, interval: 1, count: 3);
            await FallSilentUntilGivenUpAsync(probing, peer).ConfigureAwait(false);
        })
        {
            Summary = "The peer falls silent; after three keep-alive probes the connection is given up.",
            Needs = [ScenarioNeed.Linux],
            Expected = new(ResetShape.Active, ["TCP_KEEPALIVE_TIMEOUT"], "tcp_keepalive_timer", ["TCPAbortOnTimeout", "TCPKeepAlive"]),
        },
        new LoopbackScenario("LateAckAfterTimeout", ResetCause.LateAckAfterTimeout, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket sending, Socket peer) = run.EndsOf(pair);
            KernelSockets.SetOption(sending, TcpLevel, UserTimeout, 900);
            using (KernelSockets.Deafen(peer))
            {
                await SendAsync(sending, run.PayloadSize).ConfigureAwait(false);
                await KernelSockets.WaitAsync(() => sending.Poll(0, SelectMode.SelectError), "Retransmission was not given up").ConfigureAwait(false);
            }

            // Nothing was sent then. What the peer sends now acknowledges data of long ago, and meets nobody.
            await SendAsync(peer, 1).ConfigureAwait(false);
            await KernelSockets.WaitAsync(() => peer.Poll(0, SelectMode.SelectError), "The peer learned of no reset").ConfigureAwait(false);
        })
        {
            Summary = "Retransmission is given up after 900 ms, without a reset; one answers what the peer sends later.",
            Needs = [ScenarioNeed.Linux],
            Expected = ToNobody with { Counters = ["TCPAbortOnTimeout"] },
        },
        new LoopbackScenario("Linger2Negative", ResetCause.Linger2Negative, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            KernelSockets.SetOption(closing, TcpLevel, Linger2, -1);
            closing.Close();
            await ReadToEndAsync(peer).ConfigureAwait(false);
            AcknowledgeNow(peer);
            await KernelSockets.WaitAsync(() => peer.Poll(0, SelectMode.SelectError), "The peer learned of no reset").ConfigureAwait(false);
        })
        {
            Summary = "TCP_LINGER2 is negative: the acknowledgment of the FIN gets a reset.",
            Needs = [ScenarioNeed.Linux],
            Expected = new(ResetShape.Passive, ["TCP_ABORT_ON_DATA"], "tcp_v4_send_reset", ["TCPAbortOnData"]),
        },
        new LoopbackScenario("Linger2NegativeInFinWait2", ResetCause.Linger2Negative, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            KernelSockets.SetOption(closing, TcpLevel, Linger2, -1);
            closing.Shutdown(SocketShutdown.Send);
            await ReadToEndAsync(peer).ConfigureAwait(false);
            AcknowledgeNow(peer);
            closing.Close();
            await KernelSockets.WaitAsync(() => peer.Poll(0, SelectMode.SelectError), "The peer learned of no reset").ConfigureAwait(false);
        })
        {
            Summary = "TCP_LINGER2 is negative, and the socket is closed after its FIN was acknowledged.",
            Needs = [ScenarioNeed.Linux],
            Expected = new(ResetShape.Active, ["TCP_ABORT_ON_LINGER"], "__tcp_close", ["TCPAbortOnLinger"]),
        },
        new LoopbackScenario("UserTimeout", ResetCause.UserTimeout, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket probing, Socket peer) = run.EndsOf(pair);
            KeepAlive(probing, idle: 1, interval: 1, count: 9);
            KernelSockets.SetOption(probing, TcpLevel, UserTimeout, 1500);
            await FallSilentUntilGivenUpAsync(probing, peer).ConfigureAwait(false);
        })
        {
            Summary = "The peer falls silent; TCP_USER_TIMEOUT ends the connection after one keep-alive probe.",
            Needs = [ScenarioNeed.Linux],
            Expected = new(ResetShape.Active, ["TCP_KEEPALIVE_TIMEOUT"], "tcp_keepalive_timer", ["TCPAbortOnTimeout", "TCPKeepAlive"]),
        },
    ];

    // FIN-WAIT-2 lasts a second instead of a minute; then the kernel has forgotten the connection.
    private static async Task CloseAndVanishAsync(LoopbackRun run, LoopbackPair pair)
    {
        (Socket closing, Socket peer) = run.EndsOf(pair);
        KernelSockets.SetOption(closing, TcpLevel, Linger2, 1);
        closing.Close();
        await ReadToEndAsync(peer).ConfigureAwait(false);
        AcknowledgeNow(peer);
        await WaitUntilGoneAsync(run, pair).ConfigureAwait(false);
    }

    private static Task WaitUntilGoneAsync(LoopbackRun run, LoopbackPair pair)
    {
        (IPEndPoint closing, IPEndPoint peer) = EndPointsOf(run, pair);
        return KernelSockets.WaitUntilGoneAsync(closing, peer);
    }

    private static async Task FallSilentUntilGivenUpAsync(Socket probing, Socket peer)
    {
        using (KernelSockets.Deafen(peer))
        {
            await KernelSockets.WaitAsync(() => probing.Poll(0, SelectMode.SelectError), "The connection was not given up").ConfigureAwait(false);

            // The timer's processor has sent the reset, and receives it once the timer is done; another may by then have sent the peer's FIN.
            // Nothing that a process can ask for tells when it has.
            await Task.Delay(50).ConfigureAwait(false);
        }
    }

    private static void KeepAlive(Socket socket, int idle, int interval, int count)
    {
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, idle);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, interval);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, count);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
    }
}
