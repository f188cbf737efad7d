namespace RstGuard.Tcp;

/// <summary>The control bits of a TCP header (RFC 9293 §3.1).</summary>
[Flags]
public enum TcpFlags : byte
{
    /// <summary>No flag is set.</summary>
    None = 0,

    /// <summary>No more data from the sender.</summary>
    Fin = 0x01,

    /// <summary>Synchronize sequence numbers.</summary>
    Syn = 0x02,

    /// <summary>Reset the connection.</summary>
    Reset = 0x04,

    /// <summary>Push.</summary>
    Push = 0x08,

    /// <summary>The acknowledgment number counts.</summary>
    Ack = 0x10,

    /// <summary>The urgent pointer counts.</summary>
    Urgent = 0x20,

    /// <summary>ECN echo (RFC 3168).</summary>
    EcnEcho = 0x40,

    /// <summary>Congestion window reduced (RFC 3168).</summary>
    CongestionWindowReduced = 0x80,
}
