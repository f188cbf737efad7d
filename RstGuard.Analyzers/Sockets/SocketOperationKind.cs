namespace RstGuard.Sockets;

/// <summary>What an operation does to a connection.</summary>
internal enum SocketOperationKind
{
    /// <summary>Opens it: <c>Connect</c> in all its forms.</summary>
    Connect,

    /// <summary>Gives a listener's next client.</summary>
    Accept,

    /// <summary>Gives a socket its own address.</summary>
    Bind,

    /// <summary>Makes a listener of a socket: <c>Listen</c>, <c>Start</c>.</summary>
    Listen,

    /// <summary>Ends a listener: <c>Stop</c>, and <c>Close</c> of what can only be a listener.</summary>
    StopListening,

    /// <summary>Reads what has arrived, as much as there happens to be.</summary>
    Receive,

    /// <summary>Looks at what has arrived and leaves it in the queue.</summary>
    Peek,

    /// <summary>Reads a known length, or to the end.</summary>
    ReceiveAll,

    /// <summary>Sends.</summary>
    Send,

    /// <summary>Sends what was buffered before.</summary>
    Flush,

    /// <summary>Sends or receives with an address: what it is done to is no connection.</summary>
    Datagram,

    /// <summary>Waits until something can be read or written: <c>Poll</c>, <c>Select</c>.</summary>
    Poll,

    /// <summary>TLS or Negotiate: sends and receives until both ends agree.</summary>
    Handshake,

    /// <summary>Says goodbye in a protocol above TCP: TLS close_notify, a WebSocket's close frame.</summary>
    Farewell,

    /// <summary>Ends one direction or both.</summary>
    Shutdown,

    /// <summary>Ends the connection and keeps the socket: <c>Disconnect</c>.</summary>
    Disconnect,

    /// <summary>Closes or disposes it, the end of a <c>using</c> included.</summary>
    Close,

    /// <summary>Resets it by its own meaning: <c>Abort</c>.</summary>
    Abort,

    /// <summary>Ends what is pending on it, and nothing else: <c>CancelPendingRead</c>.</summary>
    Cancel,

    /// <summary>Puts a stream, a reader or a writer over it.</summary>
    Wrap,

    /// <summary>Gives it to another process.</summary>
    HandOver,

    /// <summary>Chooses a linger option: for a socket, for a wrapper of one, or as a default.</summary>
    SetLinger,

    /// <summary>Writes to a member of the copy that <c>LingerState</c> returns; the socket keeps its option.</summary>
    ChangeLingerCopy,

    /// <summary>Says in event arguments whether a disconnected socket is to be used again.</summary>
    SetDisconnectReuse,

    /// <summary>Sets <c>SendTimeout</c>.</summary>
    SetSendTimeout,

    /// <summary>Sets <c>ReceiveTimeout</c>.</summary>
    SetReceiveTimeout,

    /// <summary>Sets a stream's <c>ReadTimeout</c>.</summary>
    SetReadTimeout,

    /// <summary>Sets a stream's <c>WriteTimeout</c>.</summary>
    SetWriteTimeout,

    /// <summary>Neither takes data from it nor gives it away: an option, a question.</summary>
    Inquire,
}
