using RstGuard.Diagnosis;
using static RstGuard.Diagnosis.ResetCause;

namespace RstGuard.Reports;

/// <summary>Each cause in one sentence, for somebody who meets its name for the first time; docs/causes has the whole story.</summary>
internal static class CauseText
{
    public static string Of(ResetCause cause) => cause switch
    {
        ClosedPort => "A client connected to a port on which nobody listens.",
        FilteredReject => "A firewall answered in the name of the other end.",
        LateSynAck => "The server's answer came after the client had given up connecting.",
        WrongAckInSynSent => "While connecting, the client got an answer to something that it had not sent.",
        BadTsEcrInSynSent => "While connecting, the client got an answer with a timestamp that it had not sent.",
        SynToTimeWait => "The port was used again while the connection before it was still in TIME-WAIT.",
        WrongAckInSynRecv => "The client's last segment of the handshake acknowledged what the server had not sent.",
        BadSynInSynRecv => "A second, different SYN came while the handshake was under way.",
        AcceptQueueOverflow => "The server accepts too slowly: its queue was full, and the system is set to reset then.",
        ListenerClosed => "The listener was closed while this connection waited to be accepted.",
        CloseWithUnread => "The socket was closed while received data was unread.",
        LingerZero => "The socket was closed with linger zero: abort, and discard what was not delivered.",
        DisconnectUnspec => "The socket was disconnected at once; .NET does so when a blocking call is pending at Dispose.",
        Linger2Negative => "The socket was closed with a negative TCP_LINGER2, which skips the wait for the peer's end.",
        DataAfterClose => "The peer was still sending when this end had closed.",
        FinToClosed => "The peer closed a connection that this end did not know any more.",
        HalfOpen => "This end had forgotten the connection, as after a restart, and the peer used it again.",
        KeepaliveTimeout => "Keep-alive probes stayed unanswered: the peer, or the way to it, was gone.",
        KeepaliveProbeToVanished => "A keep-alive probe came to an end that did not know the connection any more.",
        ResetCause.UserTimeout => "Data stayed unacknowledged for longer than TCP_USER_TIMEOUT.",
        LateAckAfterTimeout => "An acknowledgment came after this end had given up sending again.",
        OrphanOutOfMemory => "The system ran out of memory for TCP, or of sockets without an owner.",
        FinWait2Timeout => "This end had closed and waited, and the peer did not close in time.",
        SockDestroy => "An administrator destroyed the socket (ss -K).",
        IdleExpiry => "A firewall or load balancer on the way had forgotten the idle connection.",
        ConntrackInvalid => "A connection tracker on the way passed a segment on without translating it.",
        Forged => "Neither end sent this reset: somebody on the way did.",
        Mptcp => "The reset gives its reason in an MPTCP option.",
        DeclaredByPeer => "The reset carries its reason as text.",
        _ => "What was captured fits no cause that is known.",
    };
}
