namespace RstGuard.Diagnosis;

/// <summary>
/// Why a TCP reset was sent, as far as the wire and the kernel can tell. The same names stand in reports, rules,
/// scenarios and the pages under <c>docs/causes</c>.
/// </summary>
public enum ResetCause
{
    /// <summary>The captured segments fit no cause that is known.</summary>
    Unknown = 0,

    /// <summary>A SYN met a port on which nobody listens (RFC 9293 §3.5.2 group 1).</summary>
    ClosedPort,

    /// <summary>A packet filter answered a segment with a reset (netfilter <c>REJECT --reject-with tcp-reset</c>).</summary>
    FilteredReject,

    /// <summary>A SYN-ACK arrived after the connect had been given up (RFC 9293 §3.10.7.1).</summary>
    LateSynAck,

    /// <summary>In SYN-SENT, a segment acknowledged something that was never sent (RFC 9293 §3.10.7.3).</summary>
    WrongAckInSynSent,

    /// <summary>In SYN-SENT, a SYN-ACK echoed a timestamp that was never sent (RFC 7323 §3.2).</summary>
    BadTsEcrInSynSent,

    /// <summary>A SYN met a connection in TIME-WAIT and its answer was refused by the new connection (RFC 6191).</summary>
    SynToTimeWait,

    /// <summary>In SYN-RECEIVED, the third segment acknowledged a wrong number (RFC 9293 §3.5.2 group 2).</summary>
    WrongAckInSynRecv,

    /// <summary>In SYN-RECEIVED, a second SYN with another initial sequence number arrived (RFC 9293 §3.10.7.4).</summary>
    BadSynInSynRecv,

    /// <summary>The accept queue was full and <c>net.ipv4.tcp_abort_on_overflow</c> is on (Linux <c>tcp_check_req</c>).</summary>
    AcceptQueueOverflow,

    /// <summary>The listener was closed while this connection waited to be accepted (Linux <c>inet_csk_listen_stop</c>).</summary>
    ListenerClosed,

    /// <summary>The socket was closed while received data was unread (RFC 1122 §4.2.2.13, RFC 2525 §2.17; Linux <c>__tcp_close</c>).</summary>
    CloseWithUnread,

    /// <summary>The socket was closed with SO_LINGER on and zero seconds (RFC 9293 §3.10.5 ABORT; Linux <c>__tcp_close</c>).</summary>
    LingerZero,

    /// <summary>The socket was disconnected with <c>connect(AF_UNSPEC)</c> (Linux <c>tcp_disconnect</c>); .NET does so when a blocking call is pending at <c>Dispose</c>.</summary>
    DisconnectUnspec,

    /// <summary>TCP_LINGER2 was negative, so that FIN-WAIT-2 was not entered (Linux <c>__tcp_close</c>).</summary>
    Linger2Negative,

    /// <summary>Data arrived after the receiver had closed the connection (RFC 1122 §4.2.2.13, RFC 9293 §3.6.1).</summary>
    DataAfterClose,

    /// <summary>A FIN arrived for a connection that no longer existed (RFC 9293 §3.5.2 group 1).</summary>
    FinToClosed,

    /// <summary>A segment arrived for a connection that its host has forgotten, as after a restart (RFC 9293 §3.5.1).</summary>
    HalfOpen,

    /// <summary>Keep-alive probes stayed unanswered (RFC 9293 §3.8.4; Linux <c>tcp_keepalive_timer</c>).</summary>
    KeepaliveTimeout,

    /// <summary>A keep-alive probe met a host that no longer knew the connection.</summary>
    KeepaliveProbeToVanished,

    /// <summary>TCP_USER_TIMEOUT elapsed (RFC 5482).</summary>
    UserTimeout,

    /// <summary>An acknowledgement arrived after retransmission had been given up.</summary>
    LateAckAfterTimeout,

    /// <summary>The kernel ran out of memory, or of orphaned sockets (Linux <c>tcp_out_of_resources</c>).</summary>
    OrphanOutOfMemory,

    /// <summary>The peer never closed and FIN-WAIT-2 timed out (Linux <c>tcp_keepalive_timer</c>).</summary>
    FinWait2Timeout,

    /// <summary>An administrator destroyed the socket (<c>ss -K</c>, Linux <c>tcp_abort</c>).</summary>
    SockDestroy,

    /// <summary>A middlebox had forgotten the idle connection.</summary>
    IdleExpiry,

    /// <summary>A connection tracker passed a segment on untranslated.</summary>
    ConntrackInvalid,

    /// <summary>Neither end sent the reset: a third party injected it.</summary>
    Forged,

    /// <summary>An MPTCP option gives the reason (RFC 8684 §3.5, §3.6).</summary>
    Mptcp,

    /// <summary>The reset carries its reason as payload (RFC 9293 §3.5.3 SHLD-2, draft-ietf-tcpm-rst-diagnostic-payload).</summary>
    DeclaredByPeer,
}
