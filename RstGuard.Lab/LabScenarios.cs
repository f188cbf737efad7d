using System.Net;
using System.Net.Sockets;
using RstGuard.Diagnosis;
using RstGuard.Scenarios;
using RstGuard.Tcp;

namespace RstGuard.Lab;

/// <summary>The scenarios that need a packet filter, a kernel parameter, or forged segments.</summary>
[IntentionalReset("Each makes the reset that it is named after.")]
public static class LabScenarios
{
    private const uint Start = 0x7000_0000;
    private const int TcpLevel = 6;
    private const int QuickAck = 12; // TCP_QUICKACK, linux/tcp.h

    // The tracker's clock is the only thing to wait for: its second has passed.
    private static readonly TimeSpan TrackerForgets = TimeSpan.FromMilliseconds(1300);
    private static readonly ScenarioNeed[] Filtered = [LabNetwork.Need, LabNetwork.Nft, LabNetwork.Ip];
    private static readonly ScenarioNeed[] Alone = [LabNetwork.Need, LabNetwork.Ip];
    private static readonly ResettingEnd[] ByServer = [ResettingEnd.Server];
    private static readonly ResettingEnd[] ByClient = [ResettingEnd.Client];

    // Maximum segment size 1460; window scale 7.
    private static readonly byte[] SynOptions = [2, 4, 5, 0xb4, 1, 3, 3, 7];

    /// <summary>All of them, sorted by name.</summary>
    public static IReadOnlyList<ResetScenario> All { get; } = [.. Make().OrderBy(scenario => scenario.Name, StringComparer.Ordinal)];

    private static IEnumerable<ResetScenario> Make() =>
    [
        new LabScenario("AcceptQueueOverflow", ResetCause.AcceptQueueOverflow, OverflowAcceptQueue)
        {
            Summary = "The accept queue is full, and net.ipv4.tcp_abort_on_overflow is on.",
            Needs = Filtered,
            Ends = ByServer,
            Expected = new(ResetShape.Passive, ["INVALID_SYN"], "tcp_check_req", ["ListenOverflows", "ListenDrops", "EmbryonicRsts"]),
        },
        new LabScenario("BadSynInSynRecv", ResetCause.BadSynInSynRecv, network =>
        {
            using Socket listener = network.Listen();
            using ScriptedPeer peer = new(network);
            peer.Send(network.Near, TcpFlags.Syn, Start, options: SynOptions);
            peer.Expect(IsSynAck, "a SYN-ACK");
            peer.Send(network.Near, TcpFlags.Syn, Start + 5, options: SynOptions);
            peer.Expect(IsReset, "a reset");
        })
        {
            Summary = "Before a handshake is complete, a second SYN with another number comes.",
            Needs = Filtered,
            Ends = ByServer,
            Expected = new(ResetShape.PassiveToSyn, ["INVALID_SYN"], "tcp_check_req", ["EmbryonicRsts", "AttemptFails"]),
        },
        new LabScenario("BadTsEcrInSynSent", ResetCause.BadTsEcrInSynSent, network => AnswerSyn(network, (peer, syn) =>
            peer.Send(syn.Source, TcpFlags.Syn | TcpFlags.Ack, Start, syn.SequenceNumber + 1, [2, 4, 5, 0xb4, .. ScriptedPeer.Timestamps(1, syn.TimestampValue + 1_000_000)])))
        {
            Summary = "A SYN-ACK echoes a timestamp that was never sent.",
            Needs = Filtered,
            Ends = ByClient,
            Expected = new(ResetShape.Passive, ["TCP_RFC7323_PAWS"], "tcp_v4_send_reset", ["PAWSActive"]),
        },
        new RoutedScenario("ConntrackInvalid", ResetCause.ConntrackInvalid, network =>
        {
            network.BalanceLoad();
            (Socket client, Socket server) = network.Connect(network.FrontEndPoint);
            using (client)
            using (server)
            {
                client.Send(new byte[network.Options.PayloadSize]);
                LabNetwork.WaitUntil(() => server.Available >= network.Options.PayloadSize, "The request did not arrive.");
                // Far out of the window, as a segment of long ago is: what the tracker calls invalid is not translated.
                (uint next, uint expected) = TcpRepair.NumbersOf(server);
                using Socket raw = network.AtServer(() => ScriptedPeer.NewRaw(server.AddressFamily));
                ScriptedPeer.Send(raw, network.ServerEndPoint, (IPEndPoint)server.RemoteEndPoint!, TcpFlags.Ack | TcpFlags.Push, next + 0x1000_0000, expected, [], 10, hopLimit: 64);
                LabNetwork.WaitUntil(() => server.Poll(0, SelectMode.SelectError), "The server learned of no reset.");
            }
        })
        {
            Summary = "A load balancer passes on untranslated what its tracker calls invalid: the client knows no connection with the server's own address, and its reset ends the real one.",
            Needs = Filtered,
            Ends = ByClient,
            Expected = new(ResetShape.Passive, ["NO_SOCKET"], "tcp_v4_send_reset", []),
        },
        new LabScenario("DeclaredByPeer", ResetCause.DeclaredByPeer, network => Declare(network, [0x33, 0xaa, 0, 14, 0, 0, 0, 0]))
        {
            Summary = "A reset carries its reason: code 14, connection timeout, of draft-ietf-tcpm-rst-diagnostic-payload.",
            Needs = Filtered,
            Ends = ByClient,
            Expected = new(ResetShape.Active, [], "", []),
        },
        new LabScenario("DeclaredByPeerInText", ResetCause.DeclaredByPeer, network => Declare(network, "idle for too long"u8.ToArray()))
        {
            Summary = "A reset carries its reason in words, as RFC 1122 suggests.",
            Needs = Filtered,
            Ends = ByClient,
            Expected = new(ResetShape.Active, [], "", []),
        },
        new LabScenario("FilteredReject", ResetCause.FilteredReject, network =>
        {
            network.Filter($"{LabNetwork.To(network.Near)} reject with tcp reset");
            using Socket listener = network.Listen();
            using Socket client = network.NewSocket();
            Expect(SocketError.ConnectionRefused, () => client.Connect(network.Near));
        })
        {
            Summary = "A packet filter refuses a connection by a reset; the listener never sees it.",
            Needs = Filtered,
            Ends = ByServer,
            Expected = new(ResetShape.PassiveToSyn, [], "", []),
        },
        new LabScenario("FilteredRejectInConnection", ResetCause.FilteredReject, network =>
        {
            using Socket listener = network.Listen();
            (Socket client, Socket server) = network.Connect(listener);
            using (client)
            using (server)
            {
                server.Send(new byte[10]);
                client.Receive(new byte[10]);
                network.Filter($"{LabNetwork.To(network.Near)} reject with tcp reset");
                client.Send(new byte[network.Options.PayloadSize]);
                LabNetwork.WaitUntil(() => client.Poll(0, SelectMode.SelectError), "The filter rejected nothing.");
            }
        })
        {
            Summary = "A packet filter begins to reject the segments of a connection.",
            Needs = Filtered,
            Ends = ByServer,
            Expected = new(ResetShape.Passive, [], "", []),
        },
        new LabScenario("FinWait2Timeout", ResetCause.FinWait2Timeout, network =>
        {
            LabNetwork.Set("net.ipv4.tcp_fin_timeout", "1");
            using Socket listener = network.Listen();
            using ScriptedPeer peer = new(network);
            uint theirs = Handshake(network, peer);
            listener.Accept().Close();
            peer.Expect(seen => (seen.Flags & TcpFlags.Fin) != 0, "a FIN");
            // A FIN keeps the closed socket from becoming a TIME-WAIT entry, which ends in silence; this one's number is an old one, so that it
            // ends nothing (tcp_rcv_state_process, tcp_keepalive_timer).
            peer.Send(network.Near, TcpFlags.Fin | TcpFlags.Ack, Start, theirs + 1);
            peer.Expect(IsReset, "a reset");
        })
        {
            Summary = "A socket is closed, and the peer's FIN does not come: where Linux had reason to wait for it, it resets after net.ipv4.tcp_fin_timeout, here 1 s.",
            Needs = Filtered,
            Ends = ByServer,
            Expected = new(ResetShape.Active, ["TCP_STATE"], "tcp_keepalive_timer", []),
        },
        new LabScenario("Forged", ResetCause.Forged, network =>
        {
            using Socket listener = network.Listen();
            using Socket raw = ScriptedPeer.NewRaw(network.Near.AddressFamily);
            (Socket client, Socket server) = network.Connect(listener);
            using (client)
            using (server)
            using (SegmentWatch watch = new(network.Near))
            {
                client.Send(new byte[network.Options.PayloadSize]);
                server.Receive(new byte[1]);
                server.Send(new byte[10]);
                client.Receive(new byte[10]);
                (uint next, uint acknowledged) = watch.NextNumbers(10);
                foreach (uint beyond in new uint[] { 0, 1460, 4380 })
                {
                    ScriptedPeer.Send(raw, network.Near, network.Far, TcpFlags.Reset | TcpFlags.Ack, next + beyond, acknowledged, [], 0, hopLimit: 47);
                }

                LabNetwork.WaitUntil(() => client.Poll(0, SelectMode.SelectError), "The forged reset was not taken.");
                server.Send(new byte[1]);
            }
        })
        {
            Summary = "Somebody on the way sends three resets in the server's name, in the manner of the GFW: the numbers guessed, the hop limit another.",
            Needs = Alone,
            Ends = ByServer,
            Expected = new(ResetShape.Unknown, [], "", []),
        },
        new LabScenario("HalfOpen", ResetCause.HalfOpen, network => Vanish(network, listening: false))
        {
            Summary = "A host forgets a connection without a word, as at a power failure, and data comes.",
            Needs = Alone,
            Ends = ByServer,
            Expected = new(ResetShape.Passive, ["NO_SOCKET"], "tcp_v4_send_reset", []),
        },
        new LabScenario("HalfOpenAfterRestart", ResetCause.HalfOpen, network => Vanish(network, listening: true))
        {
            Summary = "A server forgets a connection and listens again, as after a restart, and data comes.",
            Needs = Alone,
            Ends = ByServer,
            Expected = new(ResetShape.Passive, ["TCP_FLAGS"], "tcp_v4_send_reset", []),
        },
        new RoutedScenario("IdleExpiry", ResetCause.IdleExpiry, network =>
        {
            network.Filter("chain forward { type filter hook forward priority 0; meta l4proto tcp ct state invalid reject with tcp reset;\n}");
            SpeakAfterSilence(network, network.ServerEndPoint);
        })
        {
            Summary = "A router between client and server tracks connections, forgets the idle one, and rejects its next segment.",
            Needs = Filtered,
            Ends = ByServer,
            Expected = new(ResetShape.Passive, [], "", []),
        },
        new RoutedScenario("IdleExpiryAtLoadBalancer", ResetCause.IdleExpiry, network =>
        {
            network.BalanceLoad();
            SpeakAfterSilence(network, network.FrontEndPoint);
        })
        {
            Summary = "A load balancer forgets which server an idle connection belongs to, and resets it at its next segment.",
            Needs = Filtered,
            Ends = ByServer,
            Expected = new(ResetShape.Passive, ["NO_SOCKET"], "tcp_v4_send_reset", []),
        },
        new LabScenario("IdleExpiryOnHost", ResetCause.IdleExpiry, network =>
        {
            network.Filter("ct state new,established,related accept", $"{LabNetwork.To(network.Near)} ct state invalid reject with tcp reset");
            LabNetwork.Set("net.netfilter.nf_conntrack_tcp_loose", "0");
            LabNetwork.Set("net.netfilter.nf_conntrack_tcp_timeout_established", "1");
            using Socket listener = network.Listen();
            (Socket client, Socket server) = network.Connect(listener);
            using (client)
            using (server)
            {
                SpeakAfterSilence(client, server, network.Options.PayloadSize);
                server.Send(new byte[1]);
            }
        })
        {
            Summary = "The server's own packet filter tracks connections, forgets the idle one, and rejects its next segment.",
            Needs = Filtered,
            Ends = ByServer,
            Expected = new(ResetShape.Passive, [], "", []),
        },
        new LabScenario("KeepaliveProbeAfterFinTimeout", ResetCause.KeepaliveProbeToVanished, network =>
        {
            LabNetwork.Set("net.ipv4.tcp_fin_timeout", "1");
            using Socket listener = network.Listen();
            (Socket client, Socket server) = network.Connect(listener);
            using (client)
            {
                client.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 2);
                client.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
                // An acknowledgment that comes while the socket is being closed would leave it a timer that ends in a reset.
                KernelSockets.SetOption(client, TcpLevel, QuickAck, 0);
                server.Close();
                LabNetwork.WaitUntil(() => client.Poll(0, SelectMode.SelectError), "The client learned of no reset.");
            }
        })
        {
            Summary = "A server has closed, and the client keeps its end open: FIN-WAIT-2 ends after net.ipv4.tcp_fin_timeout, here 1 s, and the next keep-alive probe meets nobody.",
            Needs = Alone,
            Ends = ByServer,
            Expected = new(ResetShape.Passive, ["NO_SOCKET", "TCP_FLAGS"], "tcp_v4_send_reset", []),
        },
        new LabScenario("MptcpJoinRejected", ResetCause.Mptcp, network =>
        {
            using Socket listener = MptcpSocket.Create(network.Near.AddressFamily);
            listener.Bind(network.Near);
            listener.Listen(4);
            using ScriptedPeer peer = new(network);
            // MP_JOIN, RFC 8684 §3.2: address 1, a token that the listener does not know, a random number.
            peer.Send(network.Near, TcpFlags.Syn, Start, options: [2, 4, 5, 0xb4, 30, 12, 0x10, 1, 1, 2, 3, 4, 5, 6, 7, 8]);
            peer.Expect(IsReset, "a reset");
        })
        {
            Summary = "A SYN wants to join an MPTCP connection that the listener does not know: the reset names its reason in an option.",
            Needs = [.. Filtered, MptcpSocket.Need],
            Ends = ByServer,
            Expected = new(ResetShape.PassiveToSyn, ["MPTCP_RST_EMPTCP"], "", ["MPJoinNoTokenFound"]),
        },
        new LabScenario("OutOfWindowData", null, network =>
        {
            using Socket listener = network.Listen();
            using ScriptedPeer peer = new(network);
            uint theirs = Handshake(network, peer);
            using Socket server = listener.Accept();
            peer.Send(network.Near, TcpFlags.Ack | TcpFlags.Push, Start + 0x1000_0000, theirs, payload: 10);
            peer.Expect(seen => seen.Flags == TcpFlags.Ack && seen.AcknowledgmentNumber == Start + 1, "the acknowledgment that answers data out of the window");
            Finish(network, peer, server, theirs);
        })
        {
            Summary = "Data far out of the window: Linux answers by an acknowledgment, not by a reset (RFC 9293 §3.5.2 group 3).",
            Needs = Filtered,
            Ends = ByServer,
        },
        new LabScenario("OldTimestampInConnection", null, network =>
        {
            using Socket listener = network.Listen();
            using ScriptedPeer peer = new(network);
            byte[] syn = [2, 4, 5, 0xb4, .. ScriptedPeer.Timestamps(100_000, 0)];
            peer.Send(network.Near, TcpFlags.Syn, Start, options: syn);
            SeenSegment answer = peer.Expect(IsSynAck, "a SYN-ACK");
            peer.Send(network.Near, TcpFlags.Ack, Start + 1, answer.SequenceNumber + 1, ScriptedPeer.Timestamps(100_001, answer.TimestampValue));
            using Socket server = listener.Accept();
            peer.Send(network.Near, TcpFlags.Ack | TcpFlags.Push, Start + 1, answer.SequenceNumber + 1, ScriptedPeer.Timestamps(50, answer.TimestampValue), payload: 10);
            peer.Expect(seen => seen.Flags == TcpFlags.Ack && seen.AcknowledgmentNumber == Start + 1, "the acknowledgment that answers an old timestamp");
            server.Shutdown(SocketShutdown.Send);
            SeenSegment fin = peer.Expect(seen => (seen.Flags & TcpFlags.Fin) != 0, "a FIN");
            peer.Send(network.Near, TcpFlags.Fin | TcpFlags.Ack, Start + 1, fin.EndSequenceNumber, ScriptedPeer.Timestamps(100_002, fin.TimestampValue));
            server.Receive(new byte[1]);
        })
        {
            Summary = "Data with a timestamp that runs backwards: Linux drops it and acknowledges, without a reset (RFC 7323 §5.3, PAWS).",
            Needs = Filtered,
            Ends = ByServer,
        },
        new LabScenario("SockDestroy", ResetCause.SockDestroy, network =>
        {
            using Socket listener = network.Listen();
            (Socket client, Socket server) = network.Connect(listener);
            using (client)
            using (server)
            {
                network.Run("ss", "-K", "-n", "-t", "state", "established", "src", network.Near.ToString());
                LabNetwork.WaitUntil(() => client.Poll(0, SelectMode.SelectError), "ss -K destroyed nothing; the kernel needs CONFIG_INET_DIAG_DESTROY.");
            }
        })
        {
            Summary = "An administrator destroys the socket by ss -K.",
            Needs = [.. Alone, ScenarioNeed.Program("ss", "iproute2")],
            Ends = ByServer,
            Expected = new(ResetShape.Active, ["TCP_STATE"], "tcp_abort", []),
        },
        new LabScenario("SynToTimeWait", ResetCause.SynToTimeWait, MeetTimeWait)
        {
            Summary = "A SYN with an older number meets a connection in TIME-WAIT: its answer is refused by the connecting end.",
            Needs = Alone,
            Ends = ByClient,
            Expected = new(ResetShape.Passive, ["TCP_INVALID_ACK_SEQUENCE"], "tcp_v4_send_reset", []),
        },
        new LabScenario("TwRecycle", null, network =>
        {
            using ScriptedPeer server = new(network);
            using Socket client = network.NewSocket();
            client.Bind(new IPEndPoint(network.Near.Address, 0));
            client.Blocking = false;
            Expect(SocketError.WouldBlock, () => client.Connect(server.EndPoint), SocketError.InProgress);
            SeenSegment first = server.Expect(seen => seen.Flags == TcpFlags.Syn, "a SYN");
            server.Expect(seen => seen.Flags == TcpFlags.Syn && seen.SequenceNumber == first.SequenceNumber, "the SYN again");
        })
        {
            Summary = "A server with tcp_tw_recycle, which Linux 4.12 took away, modelled: it drops the SYN of a client behind NAT whose timestamp is older, without a reset.",
            Needs = Filtered,
            Ends = ByServer,
        },
        new LabScenario("WrongAckInSynRecv", ResetCause.WrongAckInSynRecv, network =>
        {
            using Socket listener = network.Listen();
            using ScriptedPeer peer = new(network);
            peer.Send(network.Near, TcpFlags.Syn, Start, options: SynOptions);
            SeenSegment answer = peer.Expect(IsSynAck, "a SYN-ACK");
            peer.Send(network.Near, TcpFlags.Ack, Start + 1, answer.SequenceNumber + 999);
            peer.Expect(IsReset, "a reset");
        })
        {
            Summary = "The third segment of a handshake acknowledges a number that was never sent.",
            Needs = Filtered,
            Ends = ByServer,
            Expected = new(ResetShape.Passive, ["TCP_FLAGS"], "tcp_v4_send_reset", []),
        },
        new LabScenario("WrongAckInSynSent", ResetCause.WrongAckInSynSent, network => AnswerSyn(network, (peer, syn) =>
            peer.Send(syn.Source, TcpFlags.Syn | TcpFlags.Ack, Start, syn.SequenceNumber + 777, SynOptions)))
        {
            Summary = "A hijacker's SYN-ACK acknowledges a number that was never sent.",
            Needs = Filtered,
            Ends = ByClient,
            Expected = new(ResetShape.Passive, ["TCP_INVALID_ACK_SEQUENCE"], "tcp_v4_send_reset", []),
        },
    ];

    private static bool IsSynAck(SeenSegment seen) => seen.Flags == (TcpFlags.Syn | TcpFlags.Ack);

    private static bool IsReset(SeenSegment seen) => (seen.Flags & TcpFlags.Reset) != 0;

    private static void Expect(SocketError expected, Action act, SocketError or = SocketError.Success)
    {
        try
        {
            act();
        }
        catch (SocketException exception) when (exception.SocketErrorCode == expected || exception.SocketErrorCode == or)
        {
            return;
        }

        throw new InvalidOperationException($"The call ended well, where {expected} was expected.");
    }

    private static uint Handshake(LabNetwork network, ScriptedPeer peer)
    {
        peer.Send(network.Near, TcpFlags.Syn, Start, options: SynOptions);
        uint theirs = peer.Expect(IsSynAck, "a SYN-ACK").SequenceNumber + 1;
        peer.Send(network.Near, TcpFlags.Ack, Start + 1, theirs);
        return theirs;
    }

    private static void Finish(LabNetwork network, ScriptedPeer peer, Socket server, uint theirs)
    {
        server.Shutdown(SocketShutdown.Send);
        peer.Expect(seen => (seen.Flags & TcpFlags.Fin) != 0, "a FIN");
        peer.Send(network.Near, TcpFlags.Fin | TcpFlags.Ack, Start + 1, theirs + 1);
        server.Receive(new byte[1]);
    }

    private static void AnswerSyn(LabNetwork network, Action<ScriptedPeer, SeenSegment> answer)
    {
        using ScriptedPeer server = new(network);
        using Socket client = network.NewSocket();
        client.Bind(new IPEndPoint(network.Near.Address, 0));
        client.Blocking = false;
        Expect(SocketError.WouldBlock, () => client.Connect(server.EndPoint), SocketError.InProgress);
        answer(server, server.Expect(seen => seen.Flags == TcpFlags.Syn, "a SYN"));
        server.Expect(IsReset, "a reset");
    }

    // A backlog of 2 lets three connections wait, and two handshakes be under way: the second of those finds the queue full.
    private static void OverflowAcceptQueue(LabNetwork network)
    {
        LabNetwork.Set("net.ipv4.tcp_abort_on_overflow", "1");
        LabNetwork.Set("net.ipv4.tcp_syncookies", "0");
        using Socket listener = network.Listen(backlog: 2);
        using ScriptedPeer peer = new(network);
        uint Begin(int port)
        {
            peer.Send(network.Near, TcpFlags.Syn, Start, options: SynOptions, port: port);
            return peer.Expect(seen => IsSynAck(seen) && seen.Destination.Port == port, "a SYN-ACK").SequenceNumber + 1;
        }

        void End(int port, uint theirs) => peer.Send(network.Near, TcpFlags.Ack, Start + 1, theirs, port: port);
        End(40_001, Begin(40_001));
        End(40_002, Begin(40_002));
        uint third = Begin(40_003);
        uint fourth = Begin(40_004);
        End(40_003, third);
        End(40_004, fourth);
        peer.Expect(seen => IsReset(seen) && seen.Destination.Port == 40_004, "a reset");
    }

    private static void SpeakAfterSilence(RoutedNetwork network, IPEndPoint to)
    {
        (Socket client, Socket server) = network.Connect(to);
        using (client)
        using (server)
        {
            SpeakAfterSilence(client, server, network.Options.PayloadSize);
        }
    }

    private static void SpeakAfterSilence(Socket client, Socket server, int payloadSize)
    {
        server.Send(new byte[10]);
        client.Receive(new byte[10]);
        Thread.Sleep(TrackerForgets);
        client.Send(new byte[payloadSize]);
        LabNetwork.WaitUntil(() => client.Poll(0, SelectMode.SelectError), "The connection was still tracked.");
    }

    private static void Declare(LabNetwork network, byte[] reason)
    {
        using Socket listener = network.Listen();
        using ScriptedPeer peer = new(network);
        uint theirs = Handshake(network, peer);
        using Socket server = listener.Accept();
        ScriptedPeer.Send(peer.Raw, peer.EndPoint, network.Near, TcpFlags.Reset | TcpFlags.Ack, Start + 1, theirs, [], reason, hopLimit: 64);
        LabNetwork.WaitUntil(() => server.Poll(0, SelectMode.SelectError), "The reset was not taken.");
    }

    private static void Vanish(LabNetwork network, bool listening)
    {
        using Socket listener = network.Listen();
        (Socket client, Socket server) = network.Connect(listener);
        using (client)
        {
            server.Send(new byte[10]);
            client.Receive(new byte[10]);
            if (!listening)
            {
                listener.Close();
                LabNetwork.WaitUntil(() => !KernelSockets.Exists(network.Near, new IPEndPoint(network.Near.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0)), "The listener was not closed.");
            }

            TcpRepair.Vanish(server);
            LabNetwork.WaitUntil(() => !KernelSockets.Exists(network.Near, network.Far), "The connection was not forgotten.");
            client.Send(new byte[network.Options.PayloadSize]);
            LabNetwork.WaitUntil(() => client.Poll(0, SelectMode.SelectError), "The client learned of no reset.");
        }
    }

    // The second connection begins with a number that the first has used already, as it does by itself where the first took more than the 15.6
    // million a second by which Linux's initial numbers advance.
    private static void MeetTimeWait(LabNetwork network)
    {
        LabNetwork.Set("net.ipv4.tcp_timestamps", "0");
        using Socket listener = network.Listen();
        (Socket client, Socket server) = network.Connect(listener);
        uint next;
        using (client)
        using (server)
        {
            byte[] block = new byte[1 << 16];
            client.Send(block);
            for (int read = 0; read < block.Length;)
            {
                read += server.Receive(block);
            }

            server.Shutdown(SocketShutdown.Send);
            while (client.Receive(block) > 0)
            {
            }

            next = TcpRepair.NumbersOf(client).Next;
            client.Shutdown(SocketShutdown.Send);
            while (server.Receive(block) > 0)
            {
            }
        }

        using Socket second = network.NewSocket();
        LabNetwork.WaitUntil(() => KernelSockets.TryBind(second, network.Far), $"{network.Far} was still in use.");
        TcpRepair.BeginAt(second, next - 1000);
        second.Connect(network.Near);
        using Socket accepted = listener.Accept();
        second.Shutdown(SocketShutdown.Send);
        accepted.Receive(new byte[1]);
        accepted.Shutdown(SocketShutdown.Send);
        second.Receive(new byte[1]);
    }
}
