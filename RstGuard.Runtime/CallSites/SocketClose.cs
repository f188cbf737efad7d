using System.Net;
using System.Reflection;

namespace RstGuard.CallSites;

/// <summary>One frame of a stack as it was captured: no file information yet.</summary>
/// <param name="Method">The method.</param>
/// <param name="Offset">The IL offset that the runtime reported; 0 also where it does not know.</param>
internal readonly record struct CapturedFrame(MethodBase Method, int Offset);

/// <summary>One close of a connected or listening TCP socket, as it was seen while the socket was still whole.</summary>
internal sealed class SocketClose
{
    public required DateTimeOffset Time { get; init; }

    public required IPEndPoint? Local { get; init; }

    public required IPEndPoint? Remote { get; init; }

    public required bool Listening { get; init; }

    /// <summary>Received bytes that were unread when the close began; null where they could not be read any more.</summary>
    public required int? UnreadBytes { get; init; }

    /// <summary>SO_LINGER's seconds as the program had left them; null where it was off.</summary>
    public required int? LingerSeconds { get; init; }

    /// <summary>
    /// The innermost frames, the runtime's own first; none where nothing could be reset any more when the close began (<see cref="SocketState.IsOver"/>,
    /// <see cref="SocketState.PeerIsDone"/>), unless the runtime chose an abortive close then.
    /// </summary>
    public required CapturedFrame[] Frames { get; set; }

    /// <summary>The thread on which the close began (<see cref="Environment.CurrentManagedThreadId"/>).</summary>
    public int Thread { get; } = Environment.CurrentManagedThreadId;

    /// <summary>What the .NET side did; null until the runtime has chosen, and where its texts do not tell.</summary>
    public CloseOrigin? Origin { get; set; }

    /// <summary>Whether linger and unread bytes were read before the runtime touched the socket.</summary>
    public required bool SeenWhole { get; init; }

    /// <summary>When <see cref="AtClose"/> was looked at.</summary>
    public DateTimeOffset LookedLast { get; set; }

    /// <summary>
    /// The socket in the last moment before the runtime closes its descriptor; null until then. No code of this process reads
    /// from the socket any more (its SafeHandle is released), so unread bytes can only become more from here on.
    /// </summary>
    public SocketState? AtClose { get; set; }

    /// <summary>The socket when the close began.</summary>
    internal SocketState? AtBeginning { get; init; }

    internal bool AbortiveAsked { get; init; }

    internal int CloseTimeout { get; init; }

    internal bool PeerVanishedWhileUnblocking { get; set; }
}
