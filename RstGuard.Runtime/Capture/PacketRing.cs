using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static RstGuard.Capture.LinuxSystemCalls;

namespace RstGuard.Capture;

/// <summary>
/// The kernel's ring of blocks that a packet socket writes into and its reader looks at in place: TPACKET_V3 (Linux
/// <c>Documentation/networking/packet_mmap.rst</c>, <c>include/uapi/linux/if_packet.h</c>). No system call and no copy for a packet; a
/// block is handed over when it is full, or <see cref="RetireMilliseconds"/> after its first packet. One thread reads.
/// </summary>
/// <remarks>
/// Since a block may be handed over with a single packet, the ring lasts no longer than that time for each of its blocks against a reader
/// that sleeps, however little comes: so the blocks are many and small, and the time is not short.
/// </remarks>
internal sealed unsafe class PacketRing : IDisposable
{
    /// <summary>The shortest ring, in bytes.</summary>
    public const int LeastLength = 4 * BlockOfPackets;

    /// <summary>How late a packet may be handed over.</summary>
    public const int RetireMilliseconds = 20;

    // The longest frame that segmentation offload makes is 64 KiB, and the kernel cuts what does not fit into a block.
    private const int BlockOfPackets = 128 * 1024;
    private const int BlockOfHeaders = 32 * 1024;
    private const int Version3 = 2;
    private const uint OwnedByReader = 1;

    // Offsets within struct tpacket_block_desc and struct tpacket3_hdr.
    private const int BlockStatus = 8;
    private const int BlockPackets = 12;
    private const int BlockFirstPacket = 16;
    private const int PacketNext = 0;
    private const int PacketSeconds = 4;
    private const int PacketNanoseconds = 8;
    private const int PacketCaptured = 12;
    private const int PacketLength = 16;
    private const int PacketNetwork = 26;

    private readonly byte* _start;
    private readonly int _blocks;
    private readonly int _blockSize;
    private int _block;
    private byte* _packet;
    private uint _left;
    private bool _holdsBlock;
    private bool _disposed;

    private PacketRing(byte* start, int blocks, int blockSize)
    {
        _start = start;
        _blocks = blocks;
        _blockSize = blockSize;
    }

    /// <summary>Its length in bytes.</summary>
    public int Length => _blocks * _blockSize;

    /// <summary>Gives a packet socket a ring. To be called before the socket is bound, or it misses what arrives meanwhile.</summary>
    /// <param name="socket">A packet socket that is not bound.</param>
    /// <param name="bytes">Its length, <see cref="LeastLength"/> or more; rounded down to whole blocks.</param>
    /// <param name="detail">Whether packets are cut, so that smaller blocks do.</param>
    /// <exception cref="SocketException">The kernel has no TPACKET_V3, or not so much memory.</exception>
    public static PacketRing Open(Socket socket, int bytes, CaptureDetail detail)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, LeastLength);
        int blockSize = detail == CaptureDetail.Packets ? BlockOfPackets : BlockOfHeaders;
        int blocks = bytes / blockSize;
        int version = Version3;
        socket.SetRawSocketOption(PacketLevel, PacketVersion, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in version)));
        RingRequest request = new()
        {
            BlockSize = (uint)blockSize,
            BlockCount = (uint)blocks,
            // Frames are as long as packets in this version; the kernel wants a size that fits all the same.
            FrameSize = (uint)blockSize,
            FrameCount = (uint)blocks,
            RetireMilliseconds = RetireMilliseconds,
        };
        socket.SetRawSocketOption(PacketLevel, PacketReceiveRing, MemoryMarshal.AsBytes(new ReadOnlySpan<RingRequest>(in request)));
        nint start = Map(0, (nuint)((long)blocks * blockSize), ReadAndWrite, Shared, socket.Handle, 0);
        if (start != -1)
        {
            return new PacketRing((byte*)start, blocks, blockSize);
        }

        SocketException failure = new(Marshal.GetLastPInvokeError());

        // The socket is to be used without a ring.
        request = default;
        socket.SetRawSocketOption(PacketLevel, PacketReceiveRing, MemoryMarshal.AsBytes(new ReadOnlySpan<RingRequest>(in request)));
        throw failure;
    }

    /// <summary>The next packet, where the kernel has handed one over. It is valid until the next call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryRead(out ReadOnlySpan<byte> data, out int wireLength, out long timestampNanoseconds)
    {
        while (!_disposed)
        {
            if (_left > 0)
            {
                byte* packet = _packet;
                _left--;
                _packet = packet + *(uint*)(packet + PacketNext);
                data = new ReadOnlySpan<byte>(packet + *(ushort*)(packet + PacketNetwork), *(int*)(packet + PacketCaptured));
                wireLength = *(int*)(packet + PacketLength);
                timestampNanoseconds = (*(uint*)(packet + PacketSeconds) * 1_000_000_000L) + *(uint*)(packet + PacketNanoseconds);
                return true;
            }

            byte* block = _start + ((long)_block * _blockSize);
            if (_holdsBlock)
            {
                Volatile.Write(ref *(uint*)(block + BlockStatus), 0);
                _holdsBlock = false;
                _block = (_block + 1) % _blocks;
                continue;
            }

            if ((Volatile.Read(ref *(uint*)(block + BlockStatus)) & OwnedByReader) == 0)
            {
                break;
            }

            _holdsBlock = true;
            _left = *(uint*)(block + BlockPackets);
            _packet = block + *(uint*)(block + BlockFirstPacket);
        }

        data = default;
        wireLength = 0;
        timestampNanoseconds = 0;
        return false;
    }

    /// <summary>Unmaps it. Never while <see cref="TryRead"/> runs; a packet that was read is not valid any more.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _ = Unmap((nint)_start, (nuint)Length);
        }
    }
}
