using System.Net;
using System.Net.Sockets;

namespace RstGuard.CallSites;

/// <summary>What the system knows of a TCP socket at one moment; see <see cref="SocketReader"/>.</summary>
/// <param name="Local">The local end, IPv4-mapped addresses as IPv4; null where the socket is not bound.</param>
/// <param name="Remote">The remote end; null where the socket is not connected (any more).</param>
/// <param name="Listening">Whether it listens.</param>
/// <param name="UnreadBytes">Received bytes that nobody has read (FIONREAD); null where it can't be read.</param>
/// <param name="LingerSeconds">SO_LINGER's seconds where it is on; null where it is off or can't be read.</param>
/// <param name="TcpState">The connection's state as Linux numbers it (<c>TCP_ESTABLISHED</c> is 1); null where it can't be read.</param>
/// <param name="PeerEnded">Whether the peer's FIN has come and nothing is unread; false where <paramref name="TcpState"/> tells it better.</param>
internal readonly record struct SocketState(
    IPEndPoint? Local,
    IPEndPoint? Remote,
    bool Listening,
    int? UnreadBytes,
    int? LingerSeconds,
    int? TcpState,
    bool PeerEnded = false)
{
    // <net/tcp_states.h>
    private const int Established = 1;
    private const int FinWait1 = 4;
    private const int FinWait2 = 5;
    private const int TimeWait = 6;
    private const int Closed = 7;
    private const int CloseWait = 8;
    private const int LastAck = 9;
    private const int Closing = 11;

    /// <summary>
    /// Whether a close with unread data would send a reset: in every state but CLOSE (__tcp_close in net/ipv4/tcp.c; elsewhere by RFC 1122
    /// section 4.2.2.13).
    /// </summary>
    public bool ResetsWhenUnread => TcpState is { } state ? state != Closed : Remote is not null;

    /// <summary>
    /// Whether an abort would send a reset for certain (tcp_need_reset in net/ipv4/tcp.c). Where the state is not told, the peer must not have
    /// ended: with both ends' FIN sent there is nothing to reset.
    /// </summary>
    public bool ResetsWhenAborted => TcpState is { } state ? state is Established or FinWait1 or FinWait2 or CloseWait : Remote is not null && !PeerEnded;

    /// <summary>
    /// Whether the connection has ended already, both ends having said and heard so or one having reset it, and all that came has been read: then no
    /// close sends a reset for it any more, whatever its linger, nor does anything that comes after it (RFC 9293 section 3.6). Not in LAST-ACK and
    /// CLOSING, where an abortive close does while data is unsent (tcp_disconnect in net/ipv4/tcp.c).
    /// </summary>
    public bool IsOver => TcpState is TimeWait or Closed && UnreadBytes == 0;

    /// <summary>
    /// Whether the peer has ended and all that it sent has been read: then nothing more can come that a reset would answer (RFC 9293 section 3.10.7.4: what follows
    /// its FIN is out of the window), so that no close sends one unless it is abortive. Where the state is not told, it is not known.
    /// </summary>
    public bool PeerIsDone => TcpState is CloseWait or LastAck or Closing or TimeWait or Closed && UnreadBytes == 0;

    /// <summary>An endpoint as it stands on the wire: IPv4-mapped addresses as IPv4, no scope.</summary>
    internal static IPEndPoint Normalize(IPEndPoint endpoint)
    {
        IPAddress address = endpoint.Address;
        if (address.IsIPv4MappedToIPv6)
        {
            return new IPEndPoint(address.MapToIPv4(), endpoint.Port);
        }

        return address.AddressFamily == AddressFamily.InterNetworkV6 && address.ScopeId != 0
            ? new IPEndPoint(new IPAddress(address.GetAddressBytes()), endpoint.Port)
            : endpoint;
    }
}
