using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace RstGuard.CallSites;

/// <summary>What the kernel knows of a TCP socket at one moment, read from its descriptor without touching the socket object.</summary>
/// <param name="Local">The local end, IPv4-mapped addresses as IPv4; null where the socket is not bound.</param>
/// <param name="Remote">The remote end; null where the socket is not connected (any more).</param>
/// <param name="Listening">Whether it listens.</param>
/// <param name="UnreadBytes">Received bytes that nobody has read (FIONREAD); null where it can't be read.</param>
/// <param name="LingerSeconds">SO_LINGER's seconds where it is on; null where it is off or can't be read.</param>
/// <param name="TcpState">The connection's state as Linux numbers it (<c>TCP_ESTABLISHED</c> is 1); null where it can't be read.</param>
internal readonly partial record struct SocketState(
    IPEndPoint? Local,
    IPEndPoint? Remote,
    bool Listening,
    int? UnreadBytes,
    int? LingerSeconds,
    int? TcpState)
{
    // Linux, <asm-generic/socket.h> and <asm-generic/ioctls.h>; the same on x64 and arm64.
    private const int SolSocket = 1;
    private const int SolTcp = 6;
    private const int TcpInfo = 11;
    private const int SoType = 3;
    private const int SoLinger = 13;
    private const int SoAcceptConnection = 30;
    private const int StreamType = 1;
    private const nuint FionRead = 0x541B;
    private const int AddressSize = 128;

    // <net/tcp_states.h>
    private const int Established = 1;
    private const int FinWait1 = 4;
    private const int FinWait2 = 5;
    private const int Closed = 7;
    private const int CloseWait = 8;

    /// <summary>Whether a close with unread data would send a reset: in every state but CLOSE (__tcp_close in net/ipv4/tcp.c).</summary>
    public bool ResetsWhenUnread => TcpState is not null and not Closed;

    /// <summary>Whether an abort would send a reset for certain (tcp_need_reset in net/ipv4/tcp.c).</summary>
    public bool ResetsWhenAborted => TcpState is Established or FinWait1 or FinWait2 or CloseWait;

    /// <summary>Whether this system's sockets can be read by descriptor here; only Linux was run.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>Reads both ends alone; false where the descriptor is no TCP socket.</summary>
    public static unsafe bool TryReadEndpoints(int descriptor, out IPEndPoint? local, out IPEndPoint? remote)
    {
        local = null;
        remote = null;
        if (!IsSupported || descriptor < 0 || Option(descriptor, SoType) != StreamType)
        {
            return false;
        }

        byte* address = stackalloc byte[AddressSize];
        uint length = AddressSize;
        if (GetSocketName(descriptor, address, &length) != 0
            || !TryEndpoint(new ReadOnlySpan<byte>(address, (int)Math.Min(length, AddressSize)), out local))
        {
            return false;
        }

        length = AddressSize;
        if (GetPeerName(descriptor, address, &length) == 0)
        {
            TryEndpoint(new ReadOnlySpan<byte>(address, (int)Math.Min(length, AddressSize)), out remote);
        }

        return true;
    }

    /// <summary>Reads a descriptor; false where it is no TCP socket.</summary>
    public static unsafe bool TryRead(int descriptor, out SocketState state)
    {
        state = default;
        if (!TryReadEndpoints(descriptor, out IPEndPoint? local, out IPEndPoint? remote))
        {
            return false;
        }

        bool listening = Option(descriptor, SoAcceptConnection) == 1;
        int unread = 0;
        int? unreadBytes = !listening && Control(descriptor, FionRead, &unread) == 0 ? unread : null;

        int* linger = stackalloc int[2];
        uint size = 2 * sizeof(int);
        int? lingerSeconds = GetSocketOption(descriptor, SolSocket, SoLinger, linger, &size) == 0 && linger[0] != 0 ? linger[1] : null;

        // struct tcp_info begins with the state; the kernel fills as much as it is given room for.
        byte tcpState = 0;
        size = sizeof(byte);
        int? connectionState = GetSocketOption(descriptor, SolTcp, TcpInfo, &tcpState, &size) == 0 && size == 1 ? tcpState : null;

        state = new SocketState(local, remote, listening, unreadBytes, lingerSeconds, connectionState);
        return true;
    }

    /// <summary>An endpoint as it stands on the wire: IPv4-mapped addresses as IPv4, no scope.</summary>
    internal static IPEndPoint Normalize(IPEndPoint endpoint)
    {
        IPAddress address = endpoint.Address;
        if (address.IsIPv4MappedToIPv6)
        {
            return new IPEndPoint(address.MapToIPv4(), endpoint.Port);
        }

        return address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 && address.ScopeId != 0
            ? new IPEndPoint(new IPAddress(address.GetAddressBytes()), endpoint.Port)
            : endpoint;
    }

    private static unsafe int Option(int descriptor, int name)
    {
        int value = 0;
        uint size = sizeof(int);
        return GetSocketOption(descriptor, SolSocket, name, &value, &size) == 0 ? value : -1;
    }

    private static bool TryEndpoint(ReadOnlySpan<byte> address, out IPEndPoint? endpoint)
    {
        const int Ipv4 = 2;
        const int Ipv6 = 10;
        endpoint = null;
        if (address.Length < 8)
        {
            return false;
        }

        int family = BitConverter.ToUInt16(address);
        int port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        if (family == Ipv4)
        {
            endpoint = new IPEndPoint(new IPAddress(address.Slice(4, 4)), port);
        }
        else if (family == Ipv6 && address.Length >= 24)
        {
            endpoint = Normalize(new IPEndPoint(new IPAddress(address.Slice(8, 16)), port));
        }

        return endpoint is not null;
    }

    [LibraryImport("libc", EntryPoint = "getsockname")]
    private static unsafe partial int GetSocketName(int descriptor, byte* address, uint* length);

    [LibraryImport("libc", EntryPoint = "getpeername")]
    private static unsafe partial int GetPeerName(int descriptor, byte* address, uint* length);

    [LibraryImport("libc", EntryPoint = "getsockopt")]
    private static unsafe partial int GetSocketOption(int descriptor, int level, int name, void* value, uint* length);

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static unsafe partial int Control(int descriptor, nuint request, int* value);
}
