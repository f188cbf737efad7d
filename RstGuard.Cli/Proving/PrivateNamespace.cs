using System.ComponentModel;
using System.Diagnostics;
using RstGuard.Capture;

namespace RstGuard.Cli.Proving;

/// <summary>
/// Runs this tool again inside a network namespace of its own: its loopback is not the machine's, nothing else talks there, and so
/// the kernel's counters of that namespace speak of the proofs alone. An ordinary user gets it together with a user namespace, in
/// which he may capture, and where root is nobody outside (user_namespaces(7), network_namespaces(7)).
/// </summary>
/// <remarks>
/// A launcher is needed because <c>unshare(CLONE_NEWUSER)</c> refuses a process with several threads, which every .NET process is.
/// </remarks>
internal static class PrivateNamespace
{
    /// <summary>
    /// Set for the inner process, so that a system that gives namespaces without captures does not make it start for ever, and for the programs
    /// that it runs: one that changes the kernel's settings does so where it is set alone.
    /// </summary>
    internal const string Marker = "RSTGUARD_PRIVATE_NAMESPACE";

    private static readonly string[] NetworkAlone = ["--net"];
    private static readonly string[] WithUser = ["--user", "--map-root-user", "--net"];
    private static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(10);

    /// <summary>Whether this process is the one inside.</summary>
    public static bool IsInside => Environment.GetEnvironmentVariable(Marker) is "1";

    /// <summary>Finds out, by having one opened, how a namespace can be had: as root one for the network alone, where tracefs stays in reach.</summary>
    public static async Task<NamespaceAccess> ProbeAsync(CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
        {
            return new(null, "Network namespaces exist on Linux only.");
        }

        if (Environment.IsPrivilegedProcess && await TryAsync(NetworkAlone, cancellationToken))
        {
            return new(NetworkAlone, "");
        }

        CapabilityProbe probe = await CaptureCapability.ProbePrivateNamespaceAsync([.. Self(), ProbeCommand.Name], cancellationToken);
        return new(probe.IsAvailable ? WithUser : null, probe.Reason);
    }

    /// <summary>Runs a command line inside. What it writes and its exit code are ours.</summary>
    /// <param name="options">How the namespace is had, from <see cref="ProbeAsync"/>.</param>
    /// <param name="arguments">The arguments of this tool.</param>
    /// <param name="output">Where its output goes; null: where ours goes, a terminal too.</param>
    /// <param name="cancellationToken">Kills the inner process.</param>
    public static async Task<int> RunInsideAsync(
        IReadOnlyList<string> options, IReadOnlyList<string> arguments, TextWriter? output, CancellationToken cancellationToken)
    {
        // With --kill-child the inner process ends with the launcher, whatever ends that.
        ProcessStartInfo start = new("unshare", [.. options, "--kill-child", "--", .. Self(), .. arguments]) { RedirectStandardOutput = output is not null };
        start.Environment[Marker] = "1";
        using Process process = Process.Start(start)!;
        try
        {
            if (output is not null)
            {
                await output.WriteAsync(await process.StandardOutput.ReadToEndAsync(cancellationToken));
            }

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

    /// <summary>The command that runs this tool, without arguments.</summary>
    internal static IEnumerable<string> Self() => typeof(PrivateNamespace).Assembly.Location is { Length: > 0 } assembly
        ? [ProgramRun.DotnetHost(), "exec", assembly]
        : [Environment.ProcessPath!];

    private static async Task<bool> TryAsync(string[] options, CancellationToken cancellationToken)
    {
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo("unshare", [.. options, "--", "true"]) { RedirectStandardError = true })!;
        }
        catch (Win32Exception)
        {
            // No such program: the probe that follows says so.
            return false;
        }

        using (process)
        using (CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            limit.CancelAfter(ProbeLimit);
            try
            {
                await process.StandardError.ReadToEndAsync(limit.Token);
                await process.WaitForExitAsync(limit.Token);
                return process.ExitCode == 0;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return false;
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
}

/// <summary>How a private network namespace can be had.</summary>
/// <param name="Options">Options for <c>unshare</c>(1); null: it can't be had.</param>
/// <param name="Reason">Why not; empty where it can.</param>
internal sealed record NamespaceAccess(IReadOnlyList<string>? Options, string Reason);
