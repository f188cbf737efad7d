using System.Net;
using System.Net.Sockets;
using RstGuard.Diagnosis;

namespace RstGuard.Scenarios;

/// <summary>Before, and instead of, an accepted connection.</summary>
public static partial class LoopbackScenarios
{
    private static IEnumerable<ResetScenario> Connecting() =>
    [
        new LoopbackScenario("LateSynAck", ResetCause.LateSynAck, async run =>
        {
            using Socket listener = Listen(run);
            IPEndPoint clientEnd;
            using (Socket client = NewSocket(run))
            {
                client.Bind(new IPEndPoint(run.Address, 0));
                clientEnd = (IPEndPoint)client.LocalEndPoint!;
                // The first answer is lost to a deaf client; the second, which Linux sends after a second, comes too late.
                KernelSockets.Deafen(client);
                using CancellationTokenSource timeout = new(TimeSpan.FromMilliseconds(300));
                try
                {
                    await client.ConnectAsync(run.EndPoint, timeout.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                }
            }

            await KernelSockets.WaitUntilGoneAsync(run.EndPoint, clientEnd).ConfigureAwait(false);
        })
        {
            Summary = "A connect is given up after 300 ms, and then the answer to its SYN comes.",
            Needs = [ScenarioNeed.Linux],
            Expected = new(ResetShape.Passive, ["NO_SOCKET"], "tcp_v4_rcv", ["EmbryonicRsts"]),
            Ends = [ResettingEnd.Client],
        },
        new LoopbackScenario("ListenerClosed", ResetCause.ListenerClosed, run => CloseListenerAsync(run, data: false))
        {
            Summary = "A listener is closed while two clients wait to be accepted.",
            Expected = new(ResetShape.Active, ["TCP_STATE"], "inet_csk_listen_stop", []),
            Ends = [ResettingEnd.Server],
        },
        new LoopbackScenario("ListenerClosedWithData", ResetCause.ListenerClosed, run => CloseListenerAsync(run, data: true))
        {
            Summary = "A listener is closed while two clients, which have sent their requests, wait to be accepted.",
            Expected = new(ResetShape.Active, ["TCP_STATE"], "inet_csk_listen_stop", []),
            Ends = [ResettingEnd.Server],
        },
        new LoopbackScenario("NewerSynToTimeWait", null, async run =>
        {
            using Socket listener = Listen(run);
            IPEndPoint clientEnd;
            using (Socket client = NewSocket(run))
            {
                client.Bind(new IPEndPoint(run.Address, 0));
                client.Connect(run.EndPoint);
                clientEnd = (IPEndPoint)client.LocalEndPoint!;
                using (Socket server = await AcceptAsync(listener, run).ConfigureAwait(false))
                {
                    server.Shutdown(SocketShutdown.Send);
                    await ReadToEndAsync(client).ConfigureAwait(false);
                    client.Shutdown(SocketShutdown.Send);
                    await ReadToEndAsync(server).ConfigureAwait(false);
                }
            }

            // The server's end is in TIME-WAIT now; the client's is gone, so its port is free.
            using Socket second = NewSocket(run);
            await KernelSockets.WaitAsync(() => KernelSockets.TryBind(second, clientEnd), $"{clientEnd} was still in use").ConfigureAwait(false);
            second.Connect(run.EndPoint);
            using Socket accepted = await AcceptAsync(listener, run).ConfigureAwait(false);
            second.Shutdown(SocketShutdown.Send);
            await ReadToEndAsync(accepted).ConfigureAwait(false);
            accepted.Shutdown(SocketShutdown.Send);
            await ReadToEndAsync(second).ConfigureAwait(false);
        })
        {
            Summary = "A client connects again from the port of a connection that is in TIME-WAIT at the server: Linux accepts a newer SYN (RFC 6191).",
            Needs = [ScenarioNeed.Linux],
        },
    ];

    private static async Task CloseListenerAsync(LoopbackRun run, bool data)
    {
        using Socket listener = Listen(run);
        using Socket first = NewSocket(run);
        using Socket second = NewSocket(run);
        foreach (Socket client in new[] { first, second })
        {
            client.Bind(new IPEndPoint(run.Address, 0));
            using CancellationTokenSource limit = Limit(run);
            await client.ConnectAsync(run.EndPoint, limit.Token).ConfigureAwait(false);
            if (data)
            {
                await SendAsync(client, run.PayloadSize).ConfigureAwait(false);
            }
        }

        listener.Close();
        await LoopbackPair.WaitForEndAsync(first).ConfigureAwait(false);
        await LoopbackPair.WaitForEndAsync(second).ConfigureAwait(false);
    }

    private static Socket Listen(LoopbackRun run)
    {
        Socket listener = NewSocket(run);
        try
        {
            listener.Bind(run.EndPoint);
            listener.Listen(4);
            return listener;
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    private static async Task<Socket> AcceptAsync(Socket listener, LoopbackRun run)
    {
        using CancellationTokenSource limit = Limit(run);
        return await listener.AcceptAsync(limit.Token).ConfigureAwait(false);
    }
}
