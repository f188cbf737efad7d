using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using static RstGuard.Capture.LinuxSystemCalls;

namespace RstGuard.Capture;

/// <summary>How a <see cref="LinuxPacketSocket"/> is opened.</summary>
public sealed record LinuxPacketSocketOptions
{
    /// <summary>The interface; <c>lo</c> by default.</summary>
    public string InterfaceName { get; init; } = "lo";

    /// <summary>
    /// The kernel's buffer in bytes, 4 KiB to 1 GiB; 32 MiB by default. Without CAP_NET_ADMIN the kernel caps it at
    /// <c>net.core.rmem_max</c>.
    /// </summary>
    public int BufferSize { get; init; } = 32 * 1024 * 1024;

    /// <summary>
    /// Whether the buffer is a ring that is read in place (TPACKET_V3), for traffic of many packets a second. The whole ring is memory from the
    /// beginning, and a packet may be handed over 20 ms late. Where the kernel refuses it, or <see cref="BufferSize"/> is less than
    /// 512 KiB, the capture goes without, and <see cref="LinuxPacketSocket.WhyNoRing"/> says why.
    /// </summary>
    public bool UseRing { get; init; }
}

/// <summary>
/// A live capture on Linux by a packet socket (<c>packet(7)</c>), without any native library. Needs CAP_NET_RAW in the network
/// namespace it captures in. One thread reads; <see cref="GetStatistics"/> and <see cref="Dispose"/> may come from others.
/// </summary>
/// <remarks>With a ring, a packet that was read is not valid any more after <see cref="Dispose"/>.</remarks>
public sealed class LinuxPacketSocket : IPacketSource
{
    // 62 557-byte frames were seen on lo; 64 KiB is the limit of segmentation offload without BIG TCP.
    private const int FrameBufferSize = 65536 + 128;
    private const int GatherNanoseconds = 250_000;
    private static readonly TimeSpan DisposeCheckInterval = TimeSpan.FromMilliseconds(50);

    private readonly Socket _socket;
    private readonly byte[] _frame = GC.AllocateUninitializedArray<byte>(FrameBufferSize, pinned: true);
    private readonly object _statisticsLock = new();
    private readonly object _ringLock = new();
    private readonly PacketRing? _ring;
    private readonly int _interfaceIndex;
    private long _received;
    private long _dropped;
    private long _number;
    private volatile bool _disposed;
    private bool _hasRead;

    private LinuxPacketSocket(Socket socket, CaptureFilter filter, string interfaceName, int interfaceIndex, PacketRing? ring, string whyNoRing, bool seesWholeNamespace)
    {
        _socket = socket;
        _interfaceIndex = interfaceIndex;
        _ring = ring;
        Filter = filter;
        BufferSize = ring?.Length ?? socket.ReceiveBufferSize;
        WhyNoRing = whyNoRing;
        SeesWholeNamespace = seesWholeNamespace;
        Description = $"packet socket{(ring is null ? "" : " with a ring")} on {interfaceName} in network namespace {CaptureCapability.CurrentNetworkNamespace}, {filter}";
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public bool IsLive => true;

    /// <inheritdoc/>
    public CaptureDetail Detail => Filter.Detail;

    /// <summary>What it captures.</summary>
    public CaptureFilter Filter { get; }

    /// <summary>The buffer that the kernel granted, in bytes: the ring's length, or without one as the kernel accounts them (twice what was asked for).</summary>
    public int BufferSize { get; }

    /// <summary>Whether packets are read from a ring in place.</summary>
    public bool UsesRing => _ring is not null;

    /// <summary>Why there is no ring, though one was asked for; else empty.</summary>
    public string WhyNoRing { get; }

    /// <summary>
    /// Whether every TCP segment of the network namespace passes this capture: no filter, and no other interface was up when it
    /// was opened. Then the namespace's counters in <c>/proc/net</c> can be reconciled with the captured packets.
    /// </summary>
    public bool SeesWholeNamespace { get; }

    /// <summary>Opens a capture in the calling thread's network namespace, on the loopback interface unless the options name another.</summary>
    /// <param name="filter">What to capture; all TCP when null.</param>
    /// <param name="options">The interface and the buffer.</param>
    /// <returns>A capture that sees every packet sent from now on.</returns>
    /// <exception cref="CaptureUnavailableException">This is not Linux, or the privilege is missing; the message says how to get it.</exception>
    /// <exception cref="CaptureException">There is no such interface, or the kernel refused the capture for another reason.</exception>
    /// <exception cref="ArgumentException">The filter or an option is out of range.</exception>
    public static unsafe LinuxPacketSocket OpenLoopback(CaptureFilter? filter = null, LinuxPacketSocketOptions? options = null)
    {
        filter ??= CaptureFilter.AllTcp;
        options ??= new LinuxPacketSocketOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BufferSize, 4096, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.BufferSize, 1024 * 1024 * 1024, nameof(options));
        bool loopback = IsLoopback(options.InterfaceName);
        FilterProgram.Instruction[] program = FilterProgram.Compile(filter, dropIncoming: loopback);

        if (!OperatingSystem.IsLinux())
        {
            throw new CaptureUnavailableException(
                "Packet sockets exist on Linux only.",
                "On Windows and macOS capture through the package RstGuard.SharpPcap (Npcap or libpcap).");
        }

        uint index = InterfaceIndex(options.InterfaceName);
        if (index == 0)
        {
            throw new CaptureException($"There is no network interface '{options.InterfaceName}' in this network namespace. Name one that 'ip link' lists.");
        }

        Socket socket;
        try
        {
            // Protocol 0 receives nothing yet: with a protocol, packets would arrive before the filter is attached.
            socket = new Socket(AddressFamily.Packet, SocketType.Dgram, 0);
        }
        catch (SocketException exception)
        {
            throw CaptureCapability.PacketSocketUnavailable(exception);
        }

        PacketRing? ring = null;
        string whyNoRing = "";
        try
        {
            fixed (FilterProgram.Instruction* instructions = program)
            {
                SocketFilterProgram attached = new() { Length = (ushort)program.Length, Instructions = instructions };
                socket.SetRawSocketOption(SocketLevel, SocketAttachFilter, new ReadOnlySpan<byte>(&attached, sizeof(SocketFilterProgram)));
            }

            if (options.UseRing)
            {
                ring = TryOpenRing(socket, options.BufferSize, filter.Detail, out whyNoRing);
            }

            if (ring is null)
            {
                SetBufferSize(socket, options.BufferSize);
                int on = 1;
                socket.SetRawSocketOption(SocketLevel, SocketTimestampNanoseconds, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in on)));
                socket.SetRawSocketOption(PacketLevel, PacketAuxiliaryData, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in on)));
            }

            socket.Bind(new PacketEndPoint((int)index));
            bool whole = filter.IsAllTcp && !OtherInterfaceIsUp(socket, index);
            return new LinuxPacketSocket(socket, filter, options.InterfaceName, (int)index, ring, whyNoRing, whole);
        }
        catch (SocketException exception)
        {
            ring?.Dispose();
            socket.Dispose();
            throw new CaptureException($"The kernel refused the capture on '{options.InterfaceName}': {exception.Message}.", exception);
        }
        catch
        {
            ring?.Dispose();
            socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ReadResult Read(out CapturedPacket packet, TimeSpan timeout) =>
        _ring is null ? ReadMessage(out packet, timeout) : ReadRing(_ring, out packet, timeout);

    /// <inheritdoc/>
    public CaptureStatistics GetStatistics()
    {
        lock (_statisticsLock)
        {
            if (!_disposed)
            {
                ReadStatistics();
            }

            return new CaptureStatistics(_received, _dropped);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_statisticsLock)
        {
            if (_disposed)
            {
                return;
            }

            ReadStatistics();
            _disposed = true;
        }

        lock (_ringLock)
        {
            _ring?.Dispose();
        }

        _socket.Dispose();
    }

    private static PacketRing? TryOpenRing(Socket socket, int bytes, CaptureDetail detail, out string whyNot)
    {
        whyNot = bytes < PacketRing.LeastLength ? $"a ring is {PacketRing.LeastLength} bytes long at the least" : "";
        try
        {
            return whyNot.Length == 0 ? PacketRing.Open(socket, bytes, detail) : null;
        }
        catch (SocketException exception)
        {
            whyNot = $"the kernel refused it: {exception.Message}";
            return null;
        }
    }

    private static void SetBufferSize(Socket socket, int size)
    {
        try
        {
            socket.SetRawSocketOption(SocketLevel, SocketReceiveBufferForce, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in size)));
        }
        catch (SocketException)
        {
            // Forcing needs CAP_NET_ADMIN; without it the kernel's limit applies, and BufferSize tells what was granted.
            socket.ReceiveBufferSize = size;
        }
    }

    // A loopback interface shows each packet twice, at sending and at receiving. At sending (dev_queue_xmit_nit in net/core/dev.c) it is captured before
    // the call that sends it returns, so that a close that resets is never behind what the same program captures later; at receiving it may wait
    // for a processor's backlog. Any other one shows at sending what this end sends, and that alone.
    private static bool IsLoopback(string name) =>
        name == "lo" || NetworkInterface.GetAllNetworkInterfaces().Any(found => found.Name == name && found.NetworkInterfaceType == NetworkInterfaceType.Loopback);

    // Asked at every start of a guard, for which NetworkInterface.GetAllNetworkInterfaces does too much.
    private static unsafe bool OtherInterfaceIsUp(Socket socket, uint index)
    {
        InterfaceName* names = InterfaceNames();
        if (names is null)
        {
            // Not known: then another one may be.
            return true;
        }

        try
        {
            for (InterfaceName* each = names; each->Name is not null; each++)
            {
                InterfaceRequest request = default;
                ReadOnlySpan<byte> name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(each->Name);
                if (each->Index == index || !name.TryCopyTo(new Span<byte>(request.Name, InterfaceNameLength - 1)))
                {
                    continue;
                }

                if (Control(socket.SafeHandle, GetInterfaceFlags, &request) == 0 && (request.Flags & InterfaceIsRunning) != 0)
                {
                    return true;
                }
            }

            return false;
        }
        finally
        {
            FreeInterfaceNames(names);
        }
    }

    private unsafe ReadResult ReadMessage(out CapturedPacket packet, TimeSpan timeout)
    {
        const int ControlLength = 128;
        long deadline = Stopwatch.GetTimestamp() + (long)(timeout.TotalSeconds * Stopwatch.Frequency);
        byte* control = stackalloc byte[ControlLength];
        while (!_disposed)
        {
            LinkLayerAddress address;
            IoVector vector = new() { Base = (void*)Marshal.UnsafeAddrOfPinnedArrayElement(_frame, 0), Length = (nuint)_frame.Length };
            MessageHeader message = new()
            {
                Name = &address,
                NameLength = (uint)sizeof(LinkLayerAddress),
                Vectors = &vector,
                VectorCount = 1,
                Control = control,
                ControlLength = ControlLength,
            };
            nint length;
            int error;
            bool referenced = false;
            try
            {
                _socket.SafeHandle.DangerousAddRef(ref referenced);
                length = ReceiveMessage(_socket.SafeHandle.DangerousGetHandle(), &message, MessageTruncated | MessageDoNotWait);
                error = length < 0 ? Marshal.GetLastPInvokeError() : 0;
            }
            catch (ObjectDisposedException)
            {
                break;
            }
            finally
            {
                if (referenced)
                {
                    _socket.SafeHandle.DangerousRelease();
                }
            }

            if (length >= 0)
            {
                _hasRead = true;
                (long timestamp, int wireLength) = ReadControl(&message);
                packet = new CapturedPacket(
                    _frame.AsSpan(0, (int)Math.Min(length, _frame.Length)),
                    Math.Max((int)length, wireLength),
                    timestamp,
                    LinkType.Raw,
                    address.InterfaceIndex,
                    ++_number);
                return ReadResult.Packet;
            }

            if (error == TryAgain)
            {
                long left = deadline - Stopwatch.GetTimestamp();
                if (left <= 0)
                {
                    packet = default;
                    return ReadResult.TimedOut;
                }

                // Whoever sends a packet wakes a reader that waits in poll: a good part of what a capture costs the program that it watches. So
                // where packets come, the reader lets some gather in the kernel's buffer first.
                if (_hasRead)
                {
                    _hasRead = false;
                    TimeSpecification moment = new() { Nanoseconds = GatherNanoseconds };
                    Sleep(&moment, null);
                    continue;
                }

                WaitForPacket(TimeSpan.FromSeconds((double)left / Stopwatch.Frequency));
            }
            else if (error == NetworkDown)
            {
                throw InterfaceIsDown();
            }
            else if (error is not Interrupted and not BadFileDescriptor)
            {
                throw new CaptureException($"Reading captured packets failed: {Marshal.GetPInvokeErrorMessage(error)} (errno {error}).");
            }
        }

        packet = default;
        return ReadResult.Ended;
    }

    private ReadResult ReadRing(PacketRing ring, out CapturedPacket packet, TimeSpan timeout)
    {
        long deadline = 0;
        bool mayBeDown = false;
        while (true)
        {
            // Held for one packet, and against Dispose alone.
            lock (_ringLock)
            {
                if (_disposed)
                {
                    packet = default;
                    return ReadResult.Ended;
                }

                if (ring.TryRead(out ReadOnlySpan<byte> data, out int wireLength, out long timestamp))
                {
                    packet = new CapturedPacket(data, wireLength, timestamp, LinkType.Raw, _interfaceIndex, ++_number);
                    return ReadResult.Packet;
                }
            }

            if (mayBeDown)
            {
                ThrowIfDown();
            }

            long now = Stopwatch.GetTimestamp();
            deadline = deadline == 0 ? now + (long)(timeout.TotalSeconds * Stopwatch.Frequency) : deadline;
            if (now >= deadline)
            {
                packet = default;
                return ReadResult.TimedOut;
            }

            mayBeDown = WaitForPacket(TimeSpan.FromSeconds((double)(deadline - now) / Stopwatch.Frequency));
        }
    }

    // The kernel's time, and the packet's length before the filter cut it.
    private static unsafe (long TimestampNanoseconds, int WireLength) ReadControl(MessageHeader* message)
    {
        long timestamp = 0;
        int wireLength = 0;
        nuint left = message->ControlLength;
        byte* at = (byte*)message->Control;
        while (left >= (nuint)sizeof(ControlHeader))
        {
            ControlHeader* header = (ControlHeader*)at;
            if (header->Length < (nuint)sizeof(ControlHeader) || header->Length > left)
            {
                break;
            }

            if (header->Level == SocketLevel && header->Type == SocketTimestampNanoseconds)
            {
                TimeSpecification* time = (TimeSpecification*)(header + 1);
                timestamp = ((long)time->Seconds * 1_000_000_000) + time->Nanoseconds;
            }
            else if (header->Level == PacketLevel && header->Type == PacketAuxiliaryData)
            {
                wireLength = (int)Math.Min(int.MaxValue, ((AuxiliaryData*)(header + 1))->Length);
            }

            // CMSG_ALIGN.
            nuint step = (header->Length + (nuint)sizeof(nuint) - 1) & ~((nuint)sizeof(nuint) - 1);
            if (step >= left)
            {
                break;
            }

            at += step;
            left -= step;
        }

        return (timestamp != 0 ? timestamp : (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100, wireLength);
    }

    // PACKET_STATISTICS starts again at zero with each read, so it is read under one lock and summed here.
    private void ReadStatistics()
    {
        Span<uint> counts = stackalloc uint[2];
        _socket.GetRawSocketOption(PacketLevel, PacketStatistics, MemoryMarshal.AsBytes(counts));
        _received += counts[0];
        _dropped += counts[1];
    }

    private void ThrowIfDown()
    {
        try
        {
            if ((int)_socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)! is not 0 and var error)
            {
                throw (SocketError)error == SocketError.NetworkDown ? InterfaceIsDown() : new CaptureException($"Reading captured packets failed: {new SocketException(error).Message}.");
            }
        }
        catch (ObjectDisposedException)
        {
            // The next look sees it.
        }
    }

    private static CaptureException InterfaceIsDown() => new("The captured interface is down, so nothing can be captured. Bring it up with 'ip link set lo up'.");

    /// <summary>False when the time is over, or the socket closed meanwhile; else there is a packet or an error.</summary>
    private bool WaitForPacket(TimeSpan left)
    {
        try
        {
            return _socket.Poll(left < DisposeCheckInterval ? left : DisposeCheckInterval, SelectMode.SelectRead);
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
        catch (SocketException) when (_disposed)
        {
            return false;
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct SocketFilterProgram
    {
        public ushort Length;
        public FilterProgram.Instruction* Instructions;
    }

    private sealed class PacketEndPoint(int interfaceIndex) : EndPoint
    {
        private const int AllProtocols = 3;

        public override AddressFamily AddressFamily => AddressFamily.Packet;

        public override SocketAddress Serialize()
        {
            SocketAddress address = new(AddressFamily.Packet, 20);
            address[2] = AllProtocols >> 8;
            address[3] = AllProtocols;
            Span<byte> index = stackalloc byte[4];
            MemoryMarshal.Write(index, interfaceIndex);
            for (int i = 0; i < index.Length; i++)
            {
                address[4 + i] = index[i];
            }

            return address;
        }
    }
}
