using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace RstGuard.Scenarios;

/// <summary>A socket of Multipath TCP, which .NET has no name for (Linux IPPROTO_MPTCP, RFC 8684).</summary>
internal static class MptcpSocket
{
    private const int Version4 = 2; // AF_INET
    private const int Version6 = 10; // AF_INET6
    private const int Stream = 1;
    private const int CloseOnExec = 0x80000;
    private const int Mptcp = 262;

    /// <summary>A kernel that has MPTCP, and a network namespace in which it is on.</summary>
    public static ScenarioNeed Need { get; } = new("mptcp", () =>
    {
        if (!OperatingSystem.IsLinux())
        {
            return "MPTCP sockets are Linux's. Run it on Linux.";
        }

        try
        {
            Create(AddressFamily.InterNetwork).Dispose();
            return null;
        }
        catch (Win32Exception exception)
        {
            return $"This kernel gives no MPTCP socket: {exception.Message}. It takes CONFIG_MPTCP, and sysctl net.mptcp.enabled=1.";
        }
    });

    /// <summary>Opens one.</summary>
    /// <exception cref="Win32Exception">The kernel has none.</exception>
    public static Socket Create(AddressFamily family)
    {
        int descriptor = OpenSocket(family == AddressFamily.InterNetwork ? Version4 : Version6, Stream | CloseOnExec, Mptcp);
        return descriptor >= 0 ? new Socket(new SafeSocketHandle(descriptor, ownsHandle: true)) : throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [DllImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static extern int OpenSocket(int family, int type, int protocol);
}
