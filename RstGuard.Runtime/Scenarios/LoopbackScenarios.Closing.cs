using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RstGuard.Diagnosis;

namespace RstGuard.Scenarios;

/// <summary>The ways in which an open socket is closed.</summary>
public static partial class LoopbackScenarios
{
    private static readonly ExpectedReset AbortOnClose = new(ResetShape.Active, ["TCP_ABORT_ON_CLOSE"], "__tcp_close", ["TCPAbortOnClose"]);
    private static readonly ExpectedReset AbortByLinger = new(ResetShape.Active, ["TCP_STATE"], "tcp_disconnect", ["TCPAbortOnData"]);

    private static IEnumerable<ResetScenario> Closing() =>
    [
        new LoopbackScenario("BlockingReceiverLearns", ResetCause.LingerZero, async run =>
        {
            using LoopbackPair pair = LoopbackPair.Connect(run.Address, run.Port);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            Task<SocketError> receiving = Task.Run(() =>
            {
                peer.Receive(new byte[1], 0, 1, SocketFlags.None, out SocketError error);
                return error;
            });
            AbortBy(closing);
            Check(SocketError.ConnectionReset, await receiving.WaitAsync(LoopbackPair.Wait).ConfigureAwait(false));
        })
        {
            Summary = "A thread inside a blocking Receive learns of a reset: the call ends with ConnectionReset.",
            Expected = AbortByLinger,
        },
        new LoopbackScenario("CloseWithUnreadFullWindow", ResetCause.CloseWithUnread, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync(receiveBufferSize: 4096).ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            LoopbackPair.FillWindow(peer);
            await LoopbackPair.WaitForBytesAsync(closing, 1).ConfigureAwait(false);
            closing.Close();
            await LoopbackPair.WaitForEndAsync(peer).ConfigureAwait(false);
        })
        {
            Summary = "A socket is closed that has read nothing, so that its window is closed: the reset opens it again.",
            Expected = AbortOnClose,
        },
        new LoopbackScenario("DisconnectForReuse", ResetCause.LingerZero, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            closing.Disconnect(reuseSocket: true);
            await WaitForResetAsync(run, pair).ConfigureAwait(false);
        })
        {
            Summary = "Disconnect(reuseSocket: true): on Linux .NET sends FIN, and the reset follows.",
            Needs = [ScenarioNeed.Linux],
            Expected = AbortByLinger,
        },
        new LoopbackScenario("DisposeWithPendingReceive", ResetCause.LingerZero, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            Task<int> receiving = closing.ReceiveAsync(new byte[1], SocketFlags.None, CancellationToken.None).AsTask();
            closing.Dispose();
            await receiving.ContinueWith(static _ => { }, TaskScheduler.Default).WaitAsync(LoopbackPair.Wait).ConfigureAwait(false);
            await LoopbackPair.WaitForEndAsync(peer).ConfigureAwait(false);
        })
        {
            Summary = "A socket is disposed while an asynchronous receive is pending: .NET sets linger zero, so that it ends.",
            Needs = [ScenarioNeed.Linux],
            Expected = AbortByLinger,
        },
        new LoopbackScenario("EarlyResponse", ResetCause.CloseWithUnread, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            Task sending = SendAsync(pair.Client, Math.Max(run.PayloadSize, 1 << 20));
            await pair.Server.ReceiveAsync(new byte[16], SocketFlags.None, run.CancellationToken).ConfigureAwait(false);
            await LoopbackPair.WaitForBytesAsync(pair.Server, 1).ConfigureAwait(false);
            await SendAsync(pair.Server, 120).ConfigureAwait(false);
            pair.Server.Close();
            await sending.ConfigureAwait(false);
            await WaitForResetAsync(run, pair).ConfigureAwait(false);
        })
        {
            Summary = "A server answers a large request by its first bytes, and closes without reading the rest.",
            Expected = AbortOnClose,
            Ends = [ResettingEnd.Server],
        },
        new LoopbackScenario("Finalizer", ResetCause.LingerZero, async run =>
        {
            using Socket listener = Listen(run);
            ConnectAndForget(run);
            using Socket server = await AcceptAsync(listener, run).ConfigureAwait(false);
            await KernelSockets.WaitAsync(
                () =>
                {
                    GC.Collect();
                    GC.WaitForPendingFinalizers();
                    return server.Poll(0, SelectMode.SelectRead);
                },
                "A socket that nobody holds was not finalized").ConfigureAwait(false);
        })
        {
            Summary = "A socket that nobody disposed is closed by its finalizer, which sets linger zero.",
            Needs = [ScenarioNeed.Linux],
            Expected = AbortByLinger,
            Ends = [ResettingEnd.Client],
        },
        new LoopbackScenario("CloseWithUnreadAfterAnswer", ResetCause.CloseWithUnread, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            await SendAsync(peer, run.PayloadSize).ConfigureAwait(false);
            await LoopbackPair.WaitForBytesAsync(closing, 1).ConfigureAwait(false);
            await SendAsync(closing, 64).ConfigureAwait(false);
            closing.Close();
            await WaitForResetAsync(run, pair).ConfigureAwait(false);
        })
        {
            Summary = "An answer is sent and the socket closed, and what it answers was never read.",
            Expected = AbortOnClose,
        },
        new LoopbackScenario("LingerZeroAfterAnswer", ResetCause.LingerZero, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            await SendAndReadAsync(peer, closing, run.PayloadSize).ConfigureAwait(false);
            await SendAsync(closing, 64).ConfigureAwait(false);
            AbortBy(closing);
            await WaitForResetAsync(run, pair).ConfigureAwait(false);
        })
        {
            Summary = "A request is read and answered, and the socket closed with linger zero.",
            Expected = AbortByLinger,
        },
        new LoopbackScenario("LingerZeroAfterReading", ResetCause.LingerZero, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            await SendAndReadAsync(peer, closing, run.PayloadSize).ConfigureAwait(false);
            AbortBy(closing);
            await LoopbackPair.WaitForEndAsync(peer).ConfigureAwait(false);
        })
        {
            Summary = "All that came is read, and the socket closed with linger zero.",
            Expected = AbortByLinger,
        },
        new LoopbackScenario("LingerZeroInClosing", null, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            using (KernelSockets.DeafenToFin(peer))
            {
                // The peer does not hear this FIN, and sends its own: CLOSING.
                closing.Shutdown(SocketShutdown.Send);
                peer.Shutdown(SocketShutdown.Send);
                await ReadToEndAsync(closing).ConfigureAwait(false);
                AcknowledgeNow(closing);
                AbortBy(closing);
                await WaitUntilReleasedAsync(run, pair).ConfigureAwait(false);
                // Its FIN was acknowledged; in FIN-WAIT-2 a close is silent.
                peer.Close();
            }
        })
        {
            Summary = "Linger zero after both ends have sent FIN at the same time: Linux forgets the connection and sends nothing.",
            Needs = [ScenarioNeed.Linux],
        },
        new LoopbackScenario("LingerZeroInCloseWait", ResetCause.LingerZero, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            peer.Shutdown(SocketShutdown.Send);
            await ReadToEndAsync(closing).ConfigureAwait(false);
            AbortBy(closing);
            await LoopbackPair.WaitForEndAsync(peer).ConfigureAwait(false);
        })
        {
            Summary = "Linger zero after the peer has ended its direction.",
            Expected = AbortByLinger,
        },
        new LoopbackScenario("LingerZeroInFinWait1", ResetCause.LingerZero, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            using (KernelSockets.Deafen(peer))
            {
                closing.Shutdown(SocketShutdown.Send);
                AbortBy(closing);
                await WaitUntilReleasedAsync(run, pair).ConfigureAwait(false);
            }
        })
        {
            Summary = "Linger zero after the own direction was ended, before the peer has acknowledged that.",
            Needs = [ScenarioNeed.Linux],
            Expected = AbortByLinger,
        },
        new LoopbackScenario("LingerZeroInFinWait2", ResetCause.LingerZero, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            closing.Shutdown(SocketShutdown.Send);
            await ReadToEndAsync(peer).ConfigureAwait(false);
            AcknowledgeNow(peer);
            AbortBy(closing);
            // The end of the stream has been read; the error follows.
            await KernelSockets.WaitAsync(() => peer.Poll(0, SelectMode.SelectError), "The peer learned of no reset").ConfigureAwait(false);
        })
        {
            Summary = "Linger zero after the own direction was ended and acknowledged.",
            Needs = [ScenarioNeed.Linux],
            Expected = AbortByLinger,
        },
        new LoopbackScenario("LingerZeroInLastAck", null, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            peer.Shutdown(SocketShutdown.Send);
            await ReadToEndAsync(closing).ConfigureAwait(false);
            // A delayed acknowledgment would travel with the FIN that the deaf peer does not hear, and the peer would repeat its own.
            AcknowledgeNow(closing);
            using (KernelSockets.Deafen(peer))
            {
                closing.Shutdown(SocketShutdown.Send);
                AbortBy(closing);
                await WaitUntilReleasedAsync(run, pair).ConfigureAwait(false);
                // In FIN-WAIT-2 a close is silent.
                peer.Close();
            }
        })
        {
            Summary = "Linger zero after both directions were ended: Linux forgets the connection and sends nothing.",
            Needs = [ScenarioNeed.Linux],
        },
        new LoopbackScenario("LingerZeroInLastAckUnsentData", ResetCause.LingerZero, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync(receiveBufferSize: 4096).ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            peer.Shutdown(SocketShutdown.Send);
            await ReadToEndAsync(closing).ConfigureAwait(false);
            LoopbackPair.FillWindow(closing);
            closing.Shutdown(SocketShutdown.Send);
            AbortBy(closing);
            await KernelSockets.WaitAsync(() => peer.Poll(0, SelectMode.SelectError), "The peer learned of no reset").ConfigureAwait(false);
        })
        {
            Summary = "Linger zero after both directions were ended, while data and the FIN behind it wait to be sent.",
            Needs = [ScenarioNeed.Linux],
            Expected = new(ResetShape.Active, ["TCP_DISCONNECT_WITH_DATA"], "tcp_disconnect", ["TCPAbortOnData"]),
        },
        new LoopbackScenario("LingerZeroUnsentData", ResetCause.LingerZero, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync(receiveBufferSize: 4096).ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            LoopbackPair.FillWindow(closing);
            AbortBy(closing);
            await KernelSockets.WaitAsync(() => peer.Poll(0, SelectMode.SelectError), "The peer learned of no reset").ConfigureAwait(false);
        })
        {
            Summary = "Linger zero while data waits to be sent: it is thrown away.",
            Needs = [ScenarioNeed.Linux],
            Expected = AbortByLinger,
        },
        new LoopbackScenario("Mptcp", ResetCause.Mptcp, async run =>
        {
            using Socket listener = MptcpSocket.Create(run.Address.AddressFamily);
            listener.Bind(run.EndPoint);
            listener.Listen(1);
            using Socket client = MptcpSocket.Create(run.Address.AddressFamily);
            client.Bind(new IPEndPoint(run.Address, 0));
            using CancellationTokenSource limit = Limit(run);
            await client.ConnectAsync(run.EndPoint, limit.Token).ConfigureAwait(false);
            using Socket server = await AcceptAsync(listener, run).ConfigureAwait(false);
            (Socket closing, Socket peer) = run.Resetting == ResettingEnd.Client ? (client, server) : (server, client);
            // Data both ways, as a connection with options is one for sure only then (RFC 8684 §3.1).
            await SendAsync(client, 10).ConfigureAwait(false);
            await ReadAsync(server, 10).ConfigureAwait(false);
            await SendAsync(server, 10).ConfigureAwait(false);
            await ReadAsync(client, 10).ConfigureAwait(false);
            AbortBy(closing);
            await LoopbackPair.WaitForEndAsync(peer).ConfigureAwait(false);
        })
        {
            Summary = "A connection of Multipath TCP is closed with linger zero: options in the reset tell.",
            Needs = [MptcpSocket.Need],
            Expected = new(ResetShape.Active, ["TCP_ABORT_ON_CLOSE"], "", ["MPFastcloseTx"]),
        },
        new LoopbackScenario("NonBlockingReceiverLearns", ResetCause.LingerZero, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            peer.Blocking = false;
            AbortBy(closing);
            await LoopbackPair.WaitForEndAsync(peer).ConfigureAwait(false);
            peer.Receive(new byte[1], 0, 1, SocketFlags.None, out SocketError error);
            Check(SocketError.ConnectionReset, error);
        })
        {
            Summary = "A non-blocking socket learns of a reset: poll says readable, and the next Receive ends with ConnectionReset.",
            Expected = AbortByLinger,
        },
        new LoopbackScenario("ProcessKilled", ResetCause.CloseWithUnread, run => KillAsync(run, async (server, process) =>
        {
            await SendAsync(server, run.PayloadSize).ConfigureAwait(false);
            IPEndPoint client = (IPEndPoint)server.RemoteEndPoint!;
            await KernelSockets.WaitAsync(() => KernelSockets.UnreadBytes(client, run.EndPoint) > 0, "The data did not arrive").ConfigureAwait(false);
            process.Kill();
            await LoopbackPair.WaitForEndAsync(server).ConfigureAwait(false);
        }))
        {
            Summary = "A process is killed while a socket of its holds unread data.",
            Needs = [ScenarioNeed.Linux, ScenarioNeed.Program("bash", "bash")],
            Expected = AbortOnClose with { Stack = "do_exit" },
            Ends = [ResettingEnd.Client],
        },
        new LoopbackScenario("ProcessKilledThenData", ResetCause.DataAfterClose, run => KillAsync(run, async (server, process) =>
        {
            process.Kill();
            await ReadToEndAsync(server).ConfigureAwait(false);
            AcknowledgeNow(server);
            await SendAsync(server, run.PayloadSize).ConfigureAwait(false);
            await KernelSockets.WaitAsync(() => server.Poll(0, SelectMode.SelectError), "The peer learned of no reset").ConfigureAwait(false);
        }))
        {
            Summary = "A process is killed whose socket holds nothing unread: the kernel sends FIN, and the reset answers later data.",
            Needs = [ScenarioNeed.Linux, ScenarioNeed.Program("bash", "bash")],
            Expected = AfterClose,
            Ends = [ResettingEnd.Client],
        },
        new LoopbackScenario("ShutdownReceiveThenClose", ResetCause.CloseWithUnread, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            closing.Shutdown(SocketShutdown.Receive);
            await SendAsync(peer, run.PayloadSize).ConfigureAwait(false);
            await LoopbackPair.WaitForBytesAsync(closing, 1).ConfigureAwait(false);
            closing.Close();
            await LoopbackPair.WaitForEndAsync(peer).ConfigureAwait(false);
        })
        {
            Summary = "Data comes after Shutdown(Receive): Linux acknowledges it, and resets at the close.",
            Needs = [ScenarioNeed.Linux],
            Expected = AbortOnClose,
        },
        new LoopbackScenario("TimedClose", ResetCause.CloseWithUnread, async run =>
        {
            using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
            (Socket closing, Socket peer) = run.EndsOf(pair);
            await SendAsync(peer, run.PayloadSize).ConfigureAwait(false);
            await LoopbackPair.WaitForBytesAsync(closing, 1).ConfigureAwait(false);
            await Task.Run(() => closing.Close(1)).WaitAsync(LoopbackPair.Wait).ConfigureAwait(false);
            await WaitForResetAsync(run, pair).ConfigureAwait(false);
        })
        {
            Summary = "Close(timeout) with unread data: .NET ends its direction, and resets.",
            Needs = [ScenarioNeed.Linux],
            Expected = AbortOnClose,
        },
        new LoopbackScenario("TlsTicketsUnread", ResetCause.CloseWithUnread, CloseOverUnreadTicketsAsync)
        {
            Summary = "A TLS 1.3 client only sends, and closes: the session tickets that the server sent after the handshake are unread.",
            Needs = [ScenarioNeed.Linux],
            Expected = AbortOnClose,
            Ends = [ResettingEnd.Client],
        },
    ];

    private static void AbortBy(Socket socket)
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    private static async Task SendAndReadAsync(Socket from, Socket to, int count)
    {
        Task sending = SendAsync(from, count);
        await ReadAsync(to, count).ConfigureAwait(false);
        await sending.ConfigureAwait(false);
    }

    private static async Task ReadAsync(Socket socket, int count)
    {
        using CancellationTokenSource limit = new(LoopbackPair.Wait);
        byte[] buffer = new byte[65536];
        for (int read = 0; read < count;)
        {
            int taken = await socket.ReceiveAsync(buffer, SocketFlags.None, limit.Token).ConfigureAwait(false);
            read += taken > 0 ? taken : throw new InvalidOperationException($"The stream ended after {read} of {count} bytes.");
        }
    }

    private static void Check(SocketError expected, SocketError actual)
    {
        if (expected != actual)
        {
            throw new InvalidOperationException($"The receiver learned of {actual} instead of {expected}.");
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ConnectAndForget(LoopbackRun run)
    {
        Socket forgotten = NewSocket(run);
        forgotten.Bind(new IPEndPoint(run.Address, 0));
        forgotten.Connect(run.EndPoint);
    }

    // bash opens the connection and becomes sleep, which holds it and ends by itself should nobody kill it.
    private static async Task KillAsync(LoopbackRun run, Func<Socket, Process, Task> act)
    {
        using Socket listener = Listen(run);
        using Process process = Process.Start(new ProcessStartInfo("bash", ["-c", $"exec 3<>/dev/tcp/{run.Address}/{run.Port}; exec sleep 30"]) { RedirectStandardError = true })!;
        try
        {
            using Socket server = await AcceptAsync(listener, run).ConfigureAwait(false);
            await act(server, process).ConfigureAwait(false);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(run.CancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task CloseOverUnreadTicketsAsync(LoopbackRun run)
    {
        using LoopbackPair pair = await run.ConnectAsync().ConfigureAwait(false);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=loopback", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        using CancellationTokenSource limit = Limit(run);
        SslStream server = new(new NetworkStream(pair.Server));
        await using (server.ConfigureAwait(false))
        {
            SslStream client = new(new NetworkStream(pair.Client), leaveInnerStreamOpen: true);
            await using (client.ConfigureAwait(false))
            {
                Task accepting = server.AuthenticateAsServerAsync(
                    new SslServerAuthenticationOptions { ServerCertificate = certificate, EnabledSslProtocols = System.Security.Authentication.SslProtocols.Tls13 }, limit.Token);
                await client.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions
                    {
                        TargetHost = "loopback",
                        EnabledSslProtocols = System.Security.Authentication.SslProtocols.Tls13,
                        RemoteCertificateValidationCallback = static (_, _, _, _) => true,
                    },
                    limit.Token).ConfigureAwait(false);
                await accepting.ConfigureAwait(false);
                await client.WriteAsync(new byte[run.PayloadSize], limit.Token).ConfigureAwait(false);
                await LoopbackPair.WaitForBytesAsync(pair.Client, 1).ConfigureAwait(false);
                pair.Client.Close();
                await WaitForResetAsync(run, pair).ConfigureAwait(false);
            }
        }
    }
}
