using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace RstGuard.CallSites;

/// <summary>Linux's own calls: they tell the connection's state too, and allocate nothing but the ends.</summary>
internal sealed partial class LinuxSocketReader : SocketReader
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

    /// <inheritdoc/>
    public override unsafe bool TryReadEndpoints(int descriptor, out IPEndPoint? local, out IPEndPoint? remote)
    {
        local = null;
        remote = null;
        if (descriptor < 0 || Option(descriptor, SoType) != StreamType)
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

    /// <inheritdoc/>
    public override bool TryRead(int descriptor, out SocketState state)
    {
        state = default;
        if (!TryReadEndpoints(descriptor, out IPEndPoint? local, out IPEndPoint? remote))
        {
            return false;
        }

        bool listening = Option(descriptor, SoAcceptConnection) == 1;
        state = new SocketState(local, remote, listening, listening ? null : Unread(descriptor), Linger(descriptor), State(descriptor));
        return true;
    }

    /// <inheritdoc/>
    public override bool TryRead(int descriptor, IPEndPoint local, IPEndPoint? remote, out SocketState state)
    {
        // TCP_LISTEN in include/net/tcp_states.h.
        const int Listen = 10;
        if (State(descriptor) is not { } known)
        {
            return TryRead(descriptor, out state);
        }

        bool listening = known == Listen;
        state = new SocketState(local, remote, listening, listening ? null : Unread(descriptor), Linger(descriptor), known);
        return true;
    }

    /// <inheritdoc/>
    public override unsafe bool TryLook(int descriptor, out bool connected, out bool listening)
    {
        byte* address = stackalloc byte[AddressSize];
        uint length = AddressSize;
        connected = GetPeerName(descriptor, address, &length) == 0;
        int accepts = connected ? 0 : Option(descriptor, SoAcceptConnection);
        listening = accepts == 1;
        return accepts >= 0;
    }

    private static unsafe int? Unread(int descriptor)
    {
        int unread = 0;
        return Control(descriptor, FionRead, &unread) == 0 ? unread : null;
    }

    private static unsafe int? Linger(int descriptor)
    {
        int* linger = stackalloc int[2];
        uint size = 2 * sizeof(int);
        return GetSocketOption(descriptor, SolSocket, SoLinger, linger, &size) == 0 && linger[0] != 0 ? linger[1] : null;
    }

    // struct tcp_info begins with the state; the kernel fills as much as it is given room for.
    private static unsafe int? State(int descriptor)
    {
        byte state = 0;
        uint size = sizeof(byte);
        return GetSocketOption(descriptor, SolTcp, TcpInfo, &state, &size) == 0 && size == 1 ? state : null;
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
            endpoint = SocketState.Normalize(new IPEndPoint(new IPAddress(address.Slice(8, 16)), port));
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
