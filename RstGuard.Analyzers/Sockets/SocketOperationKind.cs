namespace RstGuard.Sockets;

/// <summary>What an operation does to a connection.</summary>
internal enum SocketOperationKind
{
    /// <summary>Chooses a linger option: for a socket, for a wrapper of one, or as a default.</summary>
    SetLinger,
}
