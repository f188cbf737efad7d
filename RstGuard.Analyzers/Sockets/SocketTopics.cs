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
}
