using System;

namespace RstGuard.Sockets;

/// <summary>What a file is about, as far as its text shows; rules look no closer at files about nothing of theirs.</summary>
[Flags]
internal enum SocketTopics
{
    None = 0,

    /// <summary>TCP sockets, the classes around them, and their options.</summary>
    Tcp = 1,

    /// <summary>HttpClient, HttpListener and Kestrel's connections.</summary>
    Http = 2,

    /// <summary>Something is aborted: a connection, a request, or what has nothing to do with either.</summary>
    Abort = 4,

    /// <summary>TLS, over a connection or over a stream that somebody else gives.</summary>
    Tls = 8,

    All = Tcp | Http | Abort | Tls,
}
