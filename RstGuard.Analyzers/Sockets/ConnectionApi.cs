namespace RstGuard.Sockets;

/// <summary>Which part of the platform an operation belongs to, from the socket upwards.</summary>
internal enum ConnectionApi
{
    Socket,
    TcpClient,
    TcpListener,
    NetworkStream,

    /// <summary><c>Stream</c> itself: what is under it shows where it comes from.</summary>
    Stream,
    BufferedStream,

    /// <summary><c>SslStream</c> and <c>NegotiateStream</c>.</summary>
    Tls,

    /// <summary>Readers and writers of text and of binary values.</summary>
    Reader,
    Writer,

    /// <summary><c>PipeReader</c> and <c>PipeWriter</c>.</summary>
    Pipe,
    WebSocket,
    HttpListener,

    /// <summary>Kestrel's <c>ConnectionContext</c>, and the features that reach through to it.</summary>
    ConnectionContext,
    HttpContext,
}
