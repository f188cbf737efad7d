using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RstGuard.Capture;

namespace RstGuard.Lab;

/// <summary>The loopback interface of the calling thread's network namespace.</summary>
internal static class LoopbackInterface
{
    private const int SetInterfaceFlags = 0x8914;
    private const int GetInterfaceFlags = 0x8913;
    private const int FlagsOffset = 16;
    private const short Up = 1;

    /// <summary>A new network namespace has its loopback down; this brings it up (netdevice(7): SIOCSIFFLAGS).</summary>
    /// <exception cref="CaptureException">The kernel refused.</exception>
    public static void BringUp()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        byte[] request = new byte[40]; // struct ifreq
        "lo"u8.CopyTo(request);
        int descriptor = (int)socket.Handle;
        if (Control(descriptor, GetInterfaceFlags, request) == 0)
        {
            short flags = (short)(BitConverter.ToInt16(request, FlagsOffset) | Up);
            BitConverter.TryWriteBytes(request.AsSpan(FlagsOffset), flags);
            if (Control(descriptor, SetInterfaceFlags, request) == 0)
            {
                return;
            }
        }

        throw new CaptureException($"The loopback interface of the private namespace could not be brought up: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}.");
    }

    [DllImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static extern int Control(int descriptor, nint request, byte[] argument);
}
