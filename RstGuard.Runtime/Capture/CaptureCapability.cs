using System.Diagnostics;
using System.Net.Sockets;

namespace RstGuard.Capture;

/// <summary>One thing that a capture may need, as it was found on this machine.</summary>
/// <param name="Name">What it is.</param>
/// <param name="IsAvailable">Whether it can be used here and now.</param>
/// <param name="Reason">Why not; empty where it is available.</param>
/// <param name="Remedy">The least-privilege way to get it; empty where it is available.</param>
public sealed record CapabilityProbe(string Name, bool IsAvailable, string Reason, string Remedy);

/// <summary>What this process may do to see packets. Each capability is probed by itself; none stands for another.</summary>
public static class CaptureCapability
{
    private const string PacketSocketRemedy =
        "Give this one command the privilege: sudo setpriv --reuid=$(id -u) --regid=$(id -g) --init-groups --inh-caps=+net_raw --ambient-caps=+net_raw -- dotnet test; "
        + "in a container run it with --cap-add NET_RAW; or run it in a namespace of its own: unshare -Urn.";

    private const string NamespaceRemedy =
        "Where Ubuntu 24.04 and later restrict user namespaces, allow them with an AppArmor profile for the program (kernel.apparmor_restrict_unprivileged_userns); "
        + "in a container run it with --security-opt seccomp=unconfined, or capture with CAP_NET_RAW instead.";

    /// <summary>The inode of the calling thread's network namespace, such as <c>net:[4026531840]</c>; empty where there is none.</summary>
    public static string CurrentNetworkNamespace =>
        OperatingSystem.IsLinux() ? new FileInfo("/proc/thread-self/ns/net").LinkTarget ?? "" : "";

    /// <summary>Whether a packet socket can be opened in this network namespace, found by opening one.</summary>
    public static CapabilityProbe ProbePacketSocket()
    {
        const string Name = "packet socket";
        try
        {
            using LinuxPacketSocket socket = LinuxPacketSocket.OpenLoopback(options: new LinuxPacketSocketOptions { BufferSize = 4096 });
            return new CapabilityProbe(Name, true, "", "");
        }
        catch (CaptureUnavailableException exception)
        {
            return new CapabilityProbe(Name, false, exception.Message[..^(exception.Remedy.Length + 1)], exception.Remedy);
        }
        catch (CaptureException exception)
        {
            return new CapabilityProbe(Name, false, exception.Message, "");
        }
    }

    /// <summary>
    /// Whether a program can capture in a user and network namespace of its own, without privilege outside. Found by having
    /// <c>unshare</c>(1) start one there that opens a packet socket; that a namespace is given proves nothing yet, since a system may
    /// give it without the capabilities (Ubuntu 24.04 does by AppArmor).
    /// </summary>
    /// <param name="opener">
    /// A program with its arguments that does what <see cref="ProbePacketSocket"/> does and exits with 0 where that succeeded; else it
    /// writes why not to its standard error. The tool's <c>rstguard probe-packet-socket</c> is one.
    /// </param>
    /// <param name="cancellationToken">Ends the attempt; it takes as long as the program does to start, and 10 seconds at the most.</param>
    public static async Task<CapabilityProbe> ProbePrivateNamespaceAsync(IReadOnlyList<string> opener, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(opener);
        const string Name = "private namespace";
        if (!OperatingSystem.IsLinux())
        {
            return new CapabilityProbe(Name, false, "Network namespaces exist on Linux only.", "Run in a Linux container or virtual machine.");
        }

        ProcessStartInfo start = new("unshare", ["--user", "--map-root-user", "--net", "--", .. opener])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(10));
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            return new CapabilityProbe(Name, false, $"The program 'unshare' could not be run: {exception.Message}.", "Install util-linux.");
        }

        using (process)
        {
            try
            {
                Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
                string error = await process.StandardError.ReadToEndAsync(limit.Token).ConfigureAwait(false);
                await output.ConfigureAwait(false);
                await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
                return process.ExitCode == 0
                    ? new CapabilityProbe(Name, true, "", "")
                    : new CapabilityProbe(Name, false, $"The system refused a capture in a user and network namespace of its own: {error.Trim()}", NamespaceRemedy);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return new CapabilityProbe(Name, false, "'unshare' did not answer within 10 seconds.", NamespaceRemedy);
            }
            finally
            {
                if (!process.HasExited)
                {
                    process.Kill(entireProcessTree: true);
                }
            }
        }
    }

    internal static CaptureUnavailableException PacketSocketUnavailable(SocketException exception) =>
        exception.SocketErrorCode is SocketError.AccessDenied
            ? new CaptureUnavailableException("Capturing packets needs CAP_NET_RAW, which this process lacks.", PacketSocketRemedy, exception)
            : new CaptureUnavailableException($"This system offers no packet sockets: {exception.Message}.", "Use a Linux kernel with CONFIG_PACKET, or a sandbox that allows AF_PACKET.", exception);
}
