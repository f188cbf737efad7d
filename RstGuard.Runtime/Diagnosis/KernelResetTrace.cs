using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using RstGuard.Capture;
using static RstGuard.Diagnosis.ResetCause;

namespace RstGuard.Diagnosis;

/// <summary>
/// The kernel as judge: its tracepoint <c>tcp:tcp_send_reset</c> with the kernel stack, in a tracefs instance of its own that is
/// removed at <see cref="Dispose"/>. Needs root, and a kernel from 6.10 on that traces reasons.
/// </summary>
public sealed partial class KernelResetTrace : IDisposable
{
    private const string Event = "events/tcp/tcp_send_reset";
    private const int DetachUnmount = 2;
    private const string InstancePrefix = "rstguard-";
    private const string MountPrefix = "rstguard-tracefs-";

    // Per processor; a reset with its stack takes about 300 bytes.
    private const string BufferKilobytes = "512";
    private static readonly string[] MountPoints = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];
    private static readonly TimeSpan LongestBusy = TimeSpan.FromSeconds(1);
    private static int _instances;

    private readonly string _instance;
    private readonly string? _ownMount;
    private bool _disposed;

    private KernelResetTrace(string instance, string? ownMount) => (_instance, _ownMount) = (instance, ownMount);

    /// <summary>Starts to trace every reset that this kernel sends, in all network namespaces.</summary>
    /// <exception cref="CaptureUnavailableException">This is not Linux, not root, or the kernel lacks the tracepoint.</exception>
    public static KernelResetTrace Open()
    {
        const string Remedy = "Run as root on a Linux kernel from 6.10 on with CONFIG_FTRACE; in a container add --privileged.";
        if (!OperatingSystem.IsLinux())
        {
            throw new CaptureUnavailableException("The kernel's reset tracepoint exists on Linux only.", Remedy);
        }

        string? ownMount = null;
        string? root = MountPoints.FirstOrDefault(path => Directory.Exists(Path.Combine(path, "instances")));
        if (root is null)
        {
            ownMount = root = Directory.CreateTempSubdirectory($"{MountPrefix}{Owner}-").FullName;
            if (LinuxSystemCalls.Mount("nodev", root, "tracefs", 0, 0) != 0)
            {
                string reason = Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
                Directory.Delete(root);
                throw new CaptureUnavailableException($"tracefs is not mounted and could not be: {reason}.", Remedy);
            }
        }

        RemoveLeftovers(root);
        string instance = Path.Combine(root, "instances", $"{InstancePrefix}{Owner}-{Interlocked.Increment(ref _instances)}");
        KernelResetTrace trace = new(instance, ownMount);
        try
        {
            Directory.CreateDirectory(instance);
            trace.Write("buffer_size_kb", BufferKilobytes);
            trace.Write("trace_clock", "mono");
            trace.Write(Event + "/trigger", "stacktrace");
            trace.Write(Event + "/enable", "1");
            return trace;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            trace.Dispose();
            throw new CaptureUnavailableException($"The kernel's reset tracepoint could not be enabled: {exception.Message}", Remedy, exception);
        }
    }

    /// <summary>
    /// Puts the kernel's words beside finished verdicts, joined by four-tuple and order. Agreement with the cause, and with no other
    /// candidate, raises the confidence to <see cref="Confidence.Certain"/>. The cause is never changed. A verdict whose reset
    /// the kernel did not trace, as one from a packet filter, stays as it was; so do all where the trace lost events.
    /// </summary>
    /// <param name="verdicts">The verdicts of one recording that began after this trace, in the order of capture.</param>
    public IReadOnlyList<ResetVerdict> Confirm(IReadOnlyList<ResetVerdict> verdicts)
    {
        ArgumentNullException.ThrowIfNull(verdicts);
        ObjectDisposedException.ThrowIf(_disposed, this);
        return HasLostEvents() ? verdicts : Confirm(verdicts, File.ReadAllText(Path.Combine(_instance, "trace")));
    }

    /// <summary>
    /// How many resets the kernel sent from either of two ends. Their remote ends are not compared: while a listener lives, a reset to a connection of
    /// its that is gone is the listener's, which has none.
    /// </summary>
    internal int CountFrom(IPEndPoint one, IPEndPoint other) => CountFrom(one, other, File.ReadAllText(Path.Combine(_instance, "trace")));

    /// <inheritdoc cref="CountFrom(IPEndPoint, IPEndPoint)"/>
    internal static int CountFrom(IPEndPoint one, IPEndPoint other, string trace) => Parse(trace).Count(reset => reset.Local.Equals(one) || reset.Local.Equals(other));

    /// <summary>Disables the tracepoint, removes the instance, and unmounts tracefs where it was mounted here.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (Directory.Exists(_instance))
        {
            try
            {
                Remove(_instance, LongestBusy);
            }
            catch (IOException) when (Directory.Exists(_instance))
            {
                // Somebody holds it open for long. It is switched off; whoever opens a trace once this process is gone removes it.
            }
        }

        if (_ownMount is not null)
        {
            _ = LinuxSystemCalls.Unmount(_ownMount, DetachUnmount);
            Directory.Delete(_ownMount);
        }
    }

    /// <summary>
    /// What names of ours tell of their process: its number, and the process namespace in which that number counts. tracefs is one
    /// for all containers of a kernel, and a process of another one must not be taken for dead.
    /// </summary>
    internal static string Owner { get; } =
        OperatingSystem.IsLinux() ? $"{new string([.. (new FileInfo("/proc/self/ns/pid").LinkTarget ?? "").Where(char.IsAsciiDigit)])}-{Environment.ProcessId}" : "";

    /// <summary>Whether a name begins as ours do and its process is gone.</summary>
    internal static bool IsLeftover(string name, string prefix)
    {
        if (!name.StartsWith(prefix, StringComparison.Ordinal))
        {
            return false;
        }

        string[] parts = name[prefix.Length..].Split('-');
        return parts is [var processNamespace, var process, _]
            && processNamespace == Owner.Split('-')[0]
            && int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out int id)
            && !Directory.Exists($"/proc/{id}");
    }

    // A killed process leaves its instance, which goes on tracing into its buffer, and its mount.
    private static void RemoveLeftovers(string root)
    {
        foreach (string instance in Directory.EnumerateDirectories(Path.Combine(root, "instances")).Where(path => IsLeftover(Path.GetFileName(path), InstancePrefix)))
        {
            try
            {
                Remove(instance, TimeSpan.Zero);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Somebody else is removing it, or still reads it; ours does not depend on it.
            }
        }

        foreach (string mount in Directory.EnumerateDirectories(Path.GetTempPath(), MountPrefix + "*").Where(path => IsLeftover(Path.GetFileName(path), MountPrefix)))
        {
            try
            {
                _ = LinuxSystemCalls.Unmount(mount, DetachUnmount);
                Directory.Delete(mount);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
            }
        }
    }

    // An instance with an armed trigger can't be removed.
    private static void Remove(string instance, TimeSpan patience)
    {
        Write(instance, Event + "/enable", "0");
        Write(instance, Event + "/trigger", "!stacktrace");
        long deadline = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        while (true)
        {
            try
            {
                Directory.Delete(instance);
                return;
            }
            catch (IOException) when (Directory.Exists(instance) && Environment.TickCount64 < deadline)
            {
                // A child process holds a copy of what was open here from fork until exec (EBUSY, instance_rmdir in kernel/trace/trace.c).
                Thread.Sleep(1);
            }
        }
    }

    /// <summary>The instance's directory under tracefs.</summary>
    internal string Instance => _instance;

    internal static IReadOnlyList<ResetVerdict> Confirm(IReadOnlyList<ResetVerdict> verdicts, string trace)
    {
        Dictionary<(IPEndPoint, IPEndPoint?), Queue<TracedReset>> traced = [];
        foreach (TracedReset reset in Parse(trace))
        {
            // A listener's row has no remote end: 0.0.0.0:0.
            (IPEndPoint, IPEndPoint?) key = (reset.Local, reset.Remote.Port == 0 ? null : reset.Remote);
            if (!traced.TryGetValue(key, out Queue<TracedReset>? queue))
            {
                traced.Add(key, queue = new());
            }

            queue.Enqueue(reset);
        }

        List<ResetVerdict> confirmed = [];
        foreach (ResetVerdict verdict in verdicts)
        {
            bool found = (traced.TryGetValue((verdict.Sender, verdict.Receiver), out Queue<TracedReset>? queue) && queue.Count > 0)
                || (traced.TryGetValue((verdict.Sender, null), out queue) && queue.Count > 0);
            confirmed.Add(found ? Confirm(verdict, queue!.Dequeue()) : verdict);
        }

        return confirmed;
    }

    internal static IEnumerable<TracedReset> Parse(string trace)
    {
        List<TracedReset> resets = [];
        Dictionary<string, TracedReset> lastOfProcessor = [];
        TracedReset? stackOf = null;
        foreach (string line in trace.Split('\n'))
        {
            if (line.StartsWith(" => ", StringComparison.Ordinal))
            {
                stackOf?.Stack.Add(line[4..].Trim());
                continue;
            }

            stackOf = null;
            Match match = EventLine().Match(line);
            if (match.Success && TryParseEndPoint(match.Groups["src"].Value, out IPEndPoint? local) && TryParseEndPoint(match.Groups["dest"].Value, out IPEndPoint? remote))
            {
                TracedReset reset = new(local, remote, match.Groups["state"].Value, match.Groups["reason"].Value, []);
                resets.Add(reset);
                lastOfProcessor[match.Groups["cpu"].Value] = reset;
            }
            else if ((match = StackLine().Match(line)).Success)
            {
                lastOfProcessor.TryGetValue(match.Groups["cpu"].Value, out stackOf);
            }
        }

        return resets;
    }

    /// <summary>Whether the kernel's facts fit a cause; measured, see <c>docs/causes/shapes.md</c>.</summary>
    internal static bool Fits(ResetCause cause, TracedReset traced) => Fits(cause, traced.Reason, traced.State, traced.Stack);

    /// <inheritdoc cref="Fits(ResetCause, TracedReset)"/>
    internal static bool Fits(ResetCause cause, string reason, string state, IReadOnlyList<string> stack)
    {
        // Once in thousands of runs a row comes without the stack that its trigger records: that contradicts nothing, and proves nothing (Confirm).
        bool Stack(string function) => stack.Count == 0 || stack.Contains(function);
        return (cause, reason, state) switch
        {
            (ClosedPort or FinToClosed or LateSynAck or KeepaliveProbeToVanished or LateAckAfterTimeout, "NO_SOCKET", "UNKNOWN") => true,
            (CloseWithUnread, "TCP_ABORT_ON_CLOSE", "TCP_CLOSE") => Stack("__tcp_close"),
            (LingerZero, "TCP_STATE" or "TCP_DISCONNECT_WITH_DATA", "TCP_CLOSE") => Stack("tcp_disconnect") && Stack("__tcp_close"),
            (DisconnectUnspec, "TCP_STATE" or "TCP_DISCONNECT_WITH_DATA", "TCP_CLOSE") => Stack("__inet_stream_connect"),
            (ListenerClosed, "TCP_STATE", "TCP_CLOSE") => Stack("inet_csk_listen_stop"),
            (SockDestroy, "TCP_STATE", "TCP_ESTABLISHED") => Stack("tcp_abort"),
            (FinWait2Timeout, "TCP_STATE", _) => Stack("tcp_keepalive_timer"),
            (KeepaliveTimeout or UserTimeout, "TCP_KEEPALIVE_TIMEOUT", _) => true,
            (SynToTimeWait, "TCP_INVALID_ACK_SEQUENCE" or "TCP_TIMEWAIT_SOCKET", _) => true,
            (DataAfterClose, "TCP_ABORT_ON_DATA" or "TCP_TIMEWAIT_SOCKET" or "NO_SOCKET" or "TCP_FLAGS", _) => true,
            (HalfOpen or KeepaliveProbeToVanished or LateAckAfterTimeout or FinToClosed or IdleExpiry or ConntrackInvalid or ListenerClosed, "NO_SOCKET" or "TCP_FLAGS", _) => true,
            (AcceptQueueOverflow or BadSynInSynRecv, "INVALID_SYN", _) => true,
            (WrongAckInSynRecv, "TCP_FLAGS", _) => true,
            (WrongAckInSynSent, "TCP_INVALID_ACK_SEQUENCE", _) => true,
            (BadTsEcrInSynSent, "TCP_RFC7323_PAWS", _) => true,
            (Linger2Negative, "TCP_ABORT_ON_LINGER" or "TCP_ABORT_ON_DATA", _) => true,
            (OrphanOutOfMemory, "TCP_ABORT_ON_MEMORY", _) => true,
            (Mptcp, _, _) => reason.StartsWith("MPTCP_", StringComparison.Ordinal) || reason == "TCP_ABORT_ON_CLOSE",
            _ => false,
        };
    }

    private static ResetVerdict Confirm(ResetVerdict verdict, TracedReset traced)
    {
        bool agrees = verdict.Cause is { } cause ? Fits(cause, traced) : verdict.Candidates.Any(candidate => Fits(candidate, traced));
        KernelConfirmation confirmation = new(traced.Reason, traced.State, traced.Stack, agrees);
        return verdict.Cause is { } certain && agrees && traced.Stack.Count > 0 && !verdict.Candidates.Skip(1).Any(candidate => Fits(candidate, traced))
            ? verdict with { Kernel = confirmation, Confidence = Confidence.Certain, Candidates = [certain] }
            : verdict with { Kernel = confirmation };
    }

    private static bool TryParseEndPoint(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IPEndPoint? endPoint)
    {
        if (!IPEndPoint.TryParse(text, out endPoint))
        {
            return false;
        }

        if (endPoint.Address.IsIPv4MappedToIPv6)
        {
            endPoint.Address = endPoint.Address.MapToIPv4();
        }

        return true;
    }

    private bool HasLostEvents()
    {
        foreach (string processor in Directory.EnumerateDirectories(Path.Combine(_instance, "per_cpu")))
        {
            foreach (string line in File.ReadAllLines(Path.Combine(processor, "stats")))
            {
                string[] parts = line.Split(": ");
                if (parts is ["overrun" or "dropped events" or "commit overrun", var count] && long.Parse(count, CultureInfo.InvariantCulture) > 0)
                {
                    return true;
                }
            }
        }

        return false;
    }

    // tracefs files take writes without truncation or creation.
    private void Write(string file, string text) => Write(_instance, file, text);

    private static void Write(string instance, string file, string text)
    {
        using FileStream stream = new(Path.Combine(instance, file), FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        stream.Write(System.Text.Encoding.ASCII.GetBytes(text));
    }

    [GeneratedRegex(@"\[(?<cpu>\d+)\] .*: tcp_send_reset: .* src=(?<src>\S+) dest=(?<dest>\S+) state=(?<state>\S+) reason=(?<reason>\S+)")]
    private static partial Regex EventLine();

    [GeneratedRegex(@"\[(?<cpu>\d+)\] .*: <stack trace>")]
    private static partial Regex StackLine();

    /// <summary>One row of the trace.</summary>
    internal sealed record TracedReset(IPEndPoint Local, IPEndPoint Remote, string State, string Reason, List<string> Stack);
}
