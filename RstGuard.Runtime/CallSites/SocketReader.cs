using System.Net;

namespace RstGuard.CallSites;

/// <summary>Reads what the system knows of a TCP socket by its descriptor, without touching the socket object of the program.</summary>
internal abstract class SocketReader
{
    [ThreadStatic]
    private protected static bool _isReading;

    /// <summary>The reader for the system that runs.</summary>
    public static SocketReader ForThisSystem { get; } = OperatingSystem.IsLinux() ? new LinuxSocketReader() : new PortableSocketReader();

    /// <summary>Whether this thread is reading just now, so that its socket events are a reader's own and concern no log.</summary>
    public static bool IsReading => _isReading;

    /// <summary>Reads both ends alone; false where the descriptor is no TCP socket. Ends that do not exist are null.</summary>
    public abstract bool TryReadEndpoints(int descriptor, out IPEndPoint? local, out IPEndPoint? remote);

    /// <summary>Reads all; false where the descriptor is no TCP socket.</summary>
    public abstract bool TryRead(int descriptor, out SocketState state);

    /// <summary>Reads what changes of a TCP socket whose ends are known: fewer system calls, where that can be.</summary>
    public virtual bool TryRead(int descriptor, IPEndPoint local, IPEndPoint? remote, out SocketState state) => TryRead(descriptor, out state);

    /// <summary>Tells of a TCP socket whether it has a peer just now, and whether it listens; false where it is no socket (any more).</summary>
    public virtual bool TryLook(int descriptor, out bool connected, out bool listening)
    {
        bool read = TryRead(descriptor, out SocketState state);
        (connected, listening) = (state.Remote is not null, state.Listening);
        return read;
    }
}
