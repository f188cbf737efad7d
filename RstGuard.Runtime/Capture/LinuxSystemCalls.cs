using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace RstGuard.Capture;

/// <summary>The calls of the C library for which the BCL has no counterpart.</summary>
internal static unsafe partial class LinuxSystemCalls
{
    public const int MessageTruncated = 0x20;
    public const int MessageDoNotWait = 0x40;
    public const int SocketLevel = 1;
    public const int SocketAttachFilter = 26;
    public const int SocketReceiveBufferForce = 33;
    public const int SocketTimestampNanoseconds = 35;
    public const int PacketLevel = 263;
    public const int PacketReceiveRing = 5;
    public const int PacketStatistics = 6;
    public const int PacketAuxiliaryData = 8;
    public const int PacketVersion = 10;

    // <linux/sockios.h>, <linux/if.h>; running: the interface is up, and its operational state is up or not told.
    public const nuint GetInterfaceFlags = 0x8913;
    public const short InterfaceIsRunning = 0x40;
    public const int InterfaceNameLength = 16;

    public const int ReadAndWrite = 3;
    public const int Shared = 1;

    public const int Interrupted = 4;
    public const int TryAgain = 11;
    public const int BadFileDescriptor = 9;
    public const int NetworkDown = 100;

    /// <summary><c>struct msghdr</c>; musl's narrower lengths read the same on little-endian machines.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct IoVector
    {
        public void* Base;
        public nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ControlHeader
    {
        public nuint Length;
        public int Level;
        public int Type;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpecification
    {
        public nint Seconds;
        public nint Nanoseconds;
    }

    /// <summary><c>struct sockaddr_ll</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct LinkLayerAddress
    {
        public ushort Family;
        public ushort Protocol;
        public int InterfaceIndex;
        public ushort HardwareType;
        public byte PacketType;
        public byte AddressLength;
        public ulong Address;
    }

    /// <summary><c>struct tpacket_auxdata</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct AuxiliaryData
    {
        public uint Status;
        public uint Length;
        public uint CapturedLength;
        public ushort LinkHeader;
        public ushort NetworkHeader;
        public ushort VlanTag;
        public ushort VlanProtocol;
    }

    /// <summary><c>struct if_nameindex</c>; the last of an array has no name.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct InterfaceName
    {
        public uint Index;
        public byte* Name;
    }

    /// <summary><c>struct ifreq</c> as <see cref="GetInterfaceFlags"/> fills it.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    public struct InterfaceRequest
    {
        public fixed byte Name[InterfaceNameLength];
        public short Flags;
    }

    /// <summary><c>struct tpacket_req3</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct RingRequest
    {
        public uint BlockSize;
        public uint BlockCount;
        public uint FrameSize;
        public uint FrameCount;
        public uint RetireMilliseconds;
        public uint PrivateSize;
        public uint Features;
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    public static partial nint Map(nint address, nuint length, int protection, int flags, nint file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    public static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    public static partial nint ReceiveMessage(nint socket, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "sched_getaffinity")]
    public static partial int GetAffinity(int thread, nuint size, ulong* mask);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    public static partial int SetAffinity(int thread, nuint size, ulong* mask);

    [LibraryImport("libc", EntryPoint = "nanosleep")]
    public static partial int Sleep(TimeSpecification* time, TimeSpecification* left);

    [LibraryImport("libc", EntryPoint = "if_nametoindex", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial uint InterfaceIndex(string name);

    [LibraryImport("libc", EntryPoint = "if_nameindex", SetLastError = true)]
    public static partial InterfaceName* InterfaceNames();

    [LibraryImport("libc", EntryPoint = "if_freenameindex")]
    public static partial void FreeInterfaceNames(InterfaceName* names);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Control(SafeSocketHandle socket, nuint request, InterfaceRequest* argument);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Mount(string source, string target, string fileSystem, nuint flags, nint data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unmount(string target, int flags);
}
