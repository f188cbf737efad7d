namespace RstGuard.Sockets;

/// <summary>What an operation does to a connection.</summary>
internal enum SocketOperationKind
{
    /// <summary>Opens it: <c>Connect</c> in all its forms.</summary>
    Connect,

    /// <summary>Reads what has arrived, as much as there happens to be.</summary>
    Receive,

    /// <summary>Looks at what has arrived and leaves it in the queue.</summary>
    Peek,

    /// <summary>Reads a known length, or to the end.</summary>
    ReceiveAll,

    /// <summary>Sends.</summary>
    Send,

    /// <summary>Ends one direction or both.</summary>
    Shutdown,

    /// <summary>Closes or disposes it, the end of a <c>using</c> included.</summary>
    Close,

    /// <summary>Chooses a linger option: for a socket, for a wrapper of one, or as a default.</summary>
    SetLinger,

    /// <summary>Sets <c>SendTimeout</c>.</summary>
    SetSendTimeout,

    /// <summary>Sets <c>ReceiveTimeout</c>.</summary>
    SetReceiveTimeout,
}
