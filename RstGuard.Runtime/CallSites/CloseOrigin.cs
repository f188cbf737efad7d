namespace RstGuard.CallSites;

/// <summary>
/// What the .NET side did when a socket was closed, as the runtime's own socket events and the socket's options tell.
/// </summary>
public enum CloseOrigin
{
    /// <summary>Nothing abortive: the runtime closed the handle as it was.</summary>
    Plain = 0,

    /// <summary>The program had set SO_LINGER to zero seconds.</summary>
    UserLingerZero,

    /// <summary><c>Close(0)</c>: the runtime itself chose an abortive close.</summary>
    CloseZero,

    /// <summary><c>Close(timeout)</c>: the peer did not close in time.</summary>
    TimedClose,

    /// <summary>An asynchronous operation was pending; the runtime set SO_LINGER {1,0} and closed.</summary>
    PendingAsync,

    /// <summary>A blocking call was pending; the runtime disconnected with <c>connect(AF_UNSPEC)</c>.</summary>
    PendingBlocking,

    /// <summary>The <see cref="System.Net.Sockets.SafeSocketHandle"/> was disposed instead of the socket.</summary>
    HandleDisposed,

    /// <summary><c>Disconnect(reuseSocket: true)</c> replaced the handle and closed the old one abortively.</summary>
    DisconnectReuse,

    /// <summary>Nobody closed the socket; the finalizer did, abortively.</summary>
    Finalizer,

    /// <summary>
    /// A framework aborted the connection (Kestrel, HttpClient and the like), of its own or because the program told it to, by <c>HttpContext.Abort</c>
    /// for one: then the closing line is the program's, and how the socket was closed is the framework's choice.
    /// </summary>
    FrameworkAbort,
}
