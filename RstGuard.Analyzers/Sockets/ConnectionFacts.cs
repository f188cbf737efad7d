using System;

namespace RstGuard.Sockets;

/// <summary>What has happened to one connection when control comes to a place.</summary>
[Flags]
internal enum ConnectionFacts : ushort
{
    None = 0,

    /// <summary>Data was taken from it.</summary>
    Received = 1,

    /// <summary>Data was taken more than once: by two receives, or by one in a loop.</summary>
    ReceivedAgain = 2,

    /// <summary>The last receive left its data in the queue.</summary>
    Peeked = 4,

    /// <summary>Data was seen waiting, and nothing was received since.</summary>
    DataSeen = 8,

    /// <summary>A receive returned 0: the peer has sent all.</summary>
    AtEnd = 16,

    /// <summary>Data was sent after data was received.</summary>
    Replied = 32,

    /// <summary>It is closed.</summary>
    Closed = 64,

    /// <summary>Data was sent.</summary>
    Sent = 128,

    /// <summary>It was made, accepted or connected here.</summary>
    Fresh = 256,

    /// <summary>This side has said that it sends no more.</summary>
    EndedSending = 512,

    /// <summary>This side has said that it receives no more.</summary>
    EndedReceiving = 1024,

    /// <summary>It was disconnected, and the socket kept.</summary>
    Disconnected = 2048,

    /// <summary>A receive was begun whose end stands elsewhere: <c>BeginReceive</c>, event arguments, a task that is not awaited there.</summary>
    ReceiveBegun = 4096,

    /// <summary>The same of a send.</summary>
    SendBegun = 8192,
}

/// <summary>The facts that hold on some path to a place, and those that hold on each.</summary>
internal readonly struct KnownFacts(ConnectionFacts may, ConnectionFacts must) : IEquatable<KnownFacts>
{
    internal ConnectionFacts May { get; } = may;

    internal ConnectionFacts Must { get; } = must;

    /// <summary>Where two paths meet.</summary>
    internal KnownFacts Join(KnownFacts other) => new(May | other.May, Must & other.Must);

    internal KnownFacts With(ConnectionFacts facts) => new(May | facts, Must | facts);

    internal KnownFacts Without(ConnectionFacts facts) => new(May & ~facts, Must & ~facts);

    internal bool Always(ConnectionFacts facts) => (Must & facts) == facts;

    internal bool Ever(ConnectionFacts facts) => (May & facts) != 0;

    public bool Equals(KnownFacts other) => May == other.May && Must == other.Must;

    public override bool Equals(object? obj) => obj is KnownFacts other && Equals(other);

    public override int GetHashCode() => ((int)May << 16) | (int)Must;
}
