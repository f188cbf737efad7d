using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using RstGuard.Capture;

namespace RstGuard.Cli.Proving;

/// <summary>
/// Runs this tool again inside a user and network namespace of its own, where an ordinary user may capture: its loopback is not the
/// machine's, and root there is nobody outside (user_namespaces(7), network_namespaces(7)).
/// </summary>
/// <remarks>
/// A launcher is needed because <c>unshare(CLONE_NEWUSER)</c> refuses a process with several threads, which every .NET process is.
/// </remarks>
internal static class PrivateNamespace
{
    /// <summary>Set for the inner process, so that a system that gives namespaces without captures does not make it start for ever.</summary>
    private const string Marker = "RSTGUARD_PRIVATE_NAMESPACE";

    private const int SetInterfaceFlags = 0x8914;
    private const int GetInterfaceFlags = 0x8913;
    private const int FlagsOffset = 16;
    private const short Up = 1;

    /// <summary>Whether this process is the one inside.</summary>
    public static bool IsInside => Environment.GetEnvironmentVariable(Marker) is "1";

    /// <summary>Runs the same command line inside; what it writes and its exit code are ours.</summary>
    /// <param name="arguments">The arguments of this tool.</param>
    /// <param name="cancellationToken">Kills the inner process.</param>
    public static async Task<int> RunInsideAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        ProcessStartInfo start = new("unshare") { ArgumentList = { "--user", "--map-root-user", "--net", "--" } };
        string self = Environment.ProcessPath!;
        start.ArgumentList.Add(self);
        if (Path.GetFileNameWithoutExtension(self) == "dotnet")
        {
            start.ArgumentList.Add("exec");
            start.ArgumentList.Add(typeof(PrivateNamespace).Assembly.Location);
        }

        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment[Marker] = "1";
        using Process process = Process.Start(start)!;
        try
        {
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode;
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    /// <summary>A new network namespace has its loopback down; this brings it up (netdevice(7): SIOCSIFFLAGS).</summary>
    /// <exception cref="CaptureException">The kernel refused.</exception>
    public static void BringLoopbackUp()
    {
        using System.Net.Sockets.Socket socket = new(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Dgram, System.Net.Sockets.ProtocolType.Udp);
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
