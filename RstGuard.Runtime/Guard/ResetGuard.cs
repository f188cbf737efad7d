using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using RstGuard.CallSites;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Reports;

namespace RstGuard;

/// <summary>
/// Fails a test whose process resets a connection, with the cause and the line that closed the socket.
/// <code>
/// await using var guard = ResetGuard.Start();
/// // ... exercise the service ...
/// await guard.AssertNoResetsAsync();
/// </code>
/// A connection belongs to the guard in whose async flow it was created, connected or accepted, so that tests that run in
/// parallel in one process do not fail each other.
/// </summary>
public sealed class ResetGuard : IAsyncDisposable
{
    // inet_csk_listen_stop resets what waits in the close itself; the rest is for a slow machine.
    private static readonly TimeSpan ListenerClose = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(100);
    private static readonly object Gate = new();
    private static readonly List<ResetGuard> Active = [];

    private readonly ResetGuardOptions _options;
    private readonly SocketEventLog.Lease _lease;
    private readonly ResetRecorder? _recorder;
    private readonly string? _noCapture;
    private readonly object? _outerOwner;
    private readonly object _judging = new();
    private readonly List<ResetPattern> _expected = [];
    private readonly PacketHistory _packets = new(snapLength: 256);
    private readonly ExceptionInFlight? _exceptions;
    private readonly DateTimeOffset _started = DateTimeOffset.UtcNow;
    private DateTimeOffset? _ended;
    private bool _shared;
    private bool _asserted;
    private Task<Outcome>? _outcome;

    private ResetGuard(ResetGuardOptions options)
    {
        _options = options;
        _outerOwner = SocketEventLog.FlowOwner.Value;
        _lease = options.AcquireEvents();
        if (options.CreationStacks)
        {
            _lease.KeepAllStacks();
        }

        if (options.FailAtDispose)
        {
            _exceptions = new ExceptionInFlight(() => SocketEventLog.FlowOwner.Value == this);
        }

        try
        {
            _recorder = ResetRecorder.Start(
                options.OpenSource(options.Filter),
                new ResetRecorderOptions { Observer = _packets.Add, Settle = Settle, IsSettled = () => _lease.Log.Distrust is null && _lease.Log.AllClosed(this, orNobody: !_shared, _started, Settle) });
        }
        catch (CaptureException exception)
        {
            _noCapture = "no packet can be captured here: " + exception.Message;
        }
        catch
        {
            _exceptions?.Dispose();
            _lease.Dispose();
            throw;
        }
    }

    /// <summary>The resets of this guard's connections, and those that belong to nobody's. Known once the guard has been asked.</summary>
    /// <exception cref="InvalidOperationException">The guard has not been asked yet: await <see cref="AssertNoResetsAsync"/> or <see cref="StopAsync"/> first.</exception>
    public IReadOnlyList<GuardedReset> Resets =>
        _outcome is { IsCompletedSuccessfully: true } outcome
            ? outcome.Result.Own
            : throw NotAsked();

    /// <summary>
    /// Resets of this process that no running guard owns, while several watch: whose test sent them can't be told, so they fail none.
    /// Known once the guard has been asked.
    /// </summary>
    /// <exception cref="InvalidOperationException">The guard has not been asked yet.</exception>
    public IReadOnlyList<GuardedReset> UnownedResets => _outcome is { IsCompletedSuccessfully: true } outcome ? outcome.Result.Unowned : throw NotAsked();

    /// <summary>
    /// Resets between two ends of which this process is known to hold neither: of other processes, of a connect that was refused.
    /// They fail no guard. Known once the guard has been asked.
    /// </summary>
    /// <exception cref="InvalidOperationException">The guard has not been asked yet.</exception>
    public IReadOnlyList<ResetVerdict> ForeignResets => _outcome is { IsCompletedSuccessfully: true } outcome ? outcome.Result.Foreign : throw NotAsked();

    /// <summary>What was seen and fails no guard, in words for a test's output; empty where there is nothing to say. Known once the guard has been asked.</summary>
    /// <exception cref="InvalidOperationException">The guard has not been asked yet.</exception>
    public IReadOnlyList<string> Notes => _outcome is { IsCompletedSuccessfully: true } outcome ? outcome.Result.Notes : throw NotAsked();

    /// <summary>Starts to watch. It has to be called in the flow of the test itself, not in a method that is awaited.</summary>
    public static ResetGuard Start(ResetGuardOptions? options = null)
    {
        var guard = new ResetGuard(options ?? new ResetGuardOptions());
        lock (Gate)
        {
            foreach (ResetGuard other in Active)
            {
                other._shared = true;
                guard._shared = true;
            }

            Active.Add(guard);
        }

        SocketEventLog.FlowOwner.Value = guard;
        return guard;
    }

    /// <summary>
    /// Announces resets that are meant: they do not fail the guard, and <see cref="AssertNoResetsAsync"/> fails where not one of them comes.
    /// <c>guard.Expect(ResetCause.ClosedPort)</c> expects a refused connect.
    /// </summary>
    /// <param name="pattern">The resets: a cause, or more closely an endpoint or a call site.</param>
    /// <exception cref="InvalidOperationException">The guard has been asked already.</exception>
    public void Expect(ResetPattern pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        lock (_judging)
        {
            if (_outcome is not null)
            {
                throw new InvalidOperationException("The guard has been asked already. Say what is expected before AssertNoResetsAsync or StopAsync.");
            }

            _expected.Add(pattern);
        }
    }

    /// <summary>Runs an action under a guard and asserts that it reset no connection.</summary>
    /// <exception cref="ResetDetectedException">A connection was reset.</exception>
    /// <exception cref="ResetGuardInconclusiveException">Not everything was seen.</exception>
    public static async Task RunAsync(Func<Task> action, ResetGuardOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(action);
        await using ResetGuard guard = Start(options);
        await action().ConfigureAwait(false);
        await guard.AssertNoResetsAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the watching and judges what was seen; does not throw for resets. A second call gives the same.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => OutcomeAsync().WaitAsync(cancellationToken);

    /// <summary>
    /// Ends the watching and throws where this process reset one of the guard's connections, or where that can't be told.
    /// A reset that this process sent and whose cause can't be told makes the guard inconclusive: it is no pass. Resets that
    /// other processes sent are in <see cref="Resets"/>.
    /// </summary>
    /// <exception cref="ResetDetectedException">A connection was reset.</exception>
    /// <exception cref="ResetGuardInconclusiveException">Not everything was seen, or the cause or the sender of a reset can't be told.</exception>
    /// <exception cref="ExpectedResetMissingException">Everything was seen, and a reset that was expected did not come.</exception>
    public async Task AssertNoResetsAsync(CancellationToken cancellationToken = default)
    {
        _asserted = true;
        Outcome outcome = await OutcomeAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        GuardedReset[] asserted = outcome.Own.Where(reset =>
            !reset.Verdict.FollowsEarlierReset
            && (reset.SentByThisProcess != false || _options.FailOnReceived)
            && !IsMeant(reset)).ToArray();
        GuardedReset[] failing = asserted.Where(reset =>
            IsSure(reset) && (reset.SentByThisProcess is not null || _options.FailOnReceived)).ToArray();
        if (failing.Length > 0)
        {
            throw new ResetDetectedException(failing, outcome.Gaps, outcome.Notes, Files(failing, outcome));
        }

        if ((asserted.Length > 0 || outcome.Gaps.Count > 0) && !_options.AllowInconclusive)
        {
            IEnumerable<string> untold = asserted.Where(reset => reset.SentByThisProcess is not null).Select(reset =>
                $"{reset.Verdict.Sender}{(reset.SentByThisProcess == true ? " (this process)" : "")} reset {reset.Verdict.Receiver}, and the cause can't be told: {reset.Confidence}: {string.Join(", ", reset.Candidates)}");
            throw new ResetGuardInconclusiveException([.. untold, .. outcome.Gaps], asserted, outcome.Notes, Files(asserted, outcome));
        }

        ResetPattern[] missing = _expected.Where(pattern => !outcome.Own.Any(reset => Meets(reset, pattern))).ToArray();
        if (missing.Length > 0)
        {
            throw new ExpectedResetMissingException(missing, outcome.Own, outcome.Notes, Files(outcome.Own, outcome));
        }
    }

    /// <summary>
    /// Ends the watching. Throws for resets only with <see cref="ResetGuardOptions.FailAtDispose"/>, and not then either where the guard has been
    /// asked before or an exception is leaving the scope; what the guard would have said is then in that exception's
    /// <see cref="Exception.Data"/> under <c>RstGuard</c>.
    /// </summary>
    /// <exception cref="ResetGuardException">With <see cref="ResetGuardOptions.FailAtDispose"/>, what <see cref="AssertNoResetsAsync"/> throws.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public ValueTask DisposeAsync()
    {
        // Not in an async method: what one sets in its flow does not reach the caller.
        if (SocketEventLog.FlowOwner.Value == this)
        {
            SocketEventLog.FlowOwner.Value = _outerOwner;
        }

        if (_exceptions is null || _asserted)
        {
            return ReleaseAsync();
        }

        _asserted = true;
        return AssertAndReleaseAsync(_exceptions.Find(new StackFrame(1, false)));
    }

    private async ValueTask AssertAndReleaseAsync(Exception? leaving)
    {
        try
        {
            await AssertNoResetsAsync().ConfigureAwait(false);
        }
        catch (ResetGuardException exception) when (leaving is not null)
        {
            leaving.Data["RstGuard"] = exception.Message;
        }
        finally
        {
            await ReleaseAsync().ConfigureAwait(false);
        }
    }

    private (IReadOnlyList<string> Paths, string Text) Files(IReadOnlyList<GuardedReset> resets, Outcome outcome) =>
        _options.ResultsFolder is not { } folder || resets.Count == 0 ? ([], "") : GuardFiles.Write(
            folder,
            new ResetReport { Subject = "A guarded test", Resets = resets, Gaps = outcome.Gaps, Notes = outcome.Notes, Statistics = outcome.Statistics },
            _packets);

    // Where the cause is not sure enough to be blamed, each that it may be has to be meant.
    private IReadOnlyList<ResetCause> Causes(GuardedReset reset) => IsSure(reset) ? [reset.Candidates[0]] : reset.Candidates;

    private bool IsSure(GuardedReset reset) => reset.Confidence >= _options.MinimumConfidence;

    private bool IsMeant(GuardedReset reset) =>
        IsExpected(reset) || Causes(reset).All(cause => _options.Allowed.Any(pattern => pattern.Matches(reset, cause)));

    // Whoever announces a reset knows more than the wire, which may leave several causes open: one of them has to be the announced one.
    private bool IsExpected(GuardedReset reset) => _expected.Any(pattern => Meets(reset, pattern));

    private bool Meets(GuardedReset reset, ResetPattern pattern) => Causes(reset).Any(cause => pattern.Matches(reset, cause));

    private async ValueTask ReleaseAsync()
    {
        _exceptions?.Dispose();
        lock (Gate)
        {
            Active.Remove(this);
        }

        if (_recorder is not null)
        {
            await _recorder.DisposeAsync().ConfigureAwait(false);
        }

        _lease.Dispose();
    }

    private static InvalidOperationException NotAsked() =>
        new("The guard is still watching. Await StopAsync or AssertNoResetsAsync first.");

    private Task<Outcome> OutcomeAsync()
    {
        lock (_judging)
        {
            return _outcome ??= JudgeAsync();
        }
    }

    private async Task<Outcome> JudgeAsync()
    {
        ResetRecording recording;
        DateTimeOffset asked = DateTimeOffset.UtcNow;
        try
        {
            if (_recorder is null)
            {
                return Deduce(_noCapture!);
            }

            recording = await _recorder.StopAsync().ConfigureAwait(false);
        }
        catch (CaptureException exception)
        {
            return Deduce("the capture broke: " + exception.Message);
        }
        finally
        {
            _ended = DateTimeOffset.UtcNow;
        }

        SocketEventLog log = _lease.Log;
        var gaps = new List<string>(recording.Gaps);
        gaps.AddRange(log.Gaps);
        if (log.Distrust is { } distrust)
        {
            // What the capture shows needs no events: where it is whole (or there is a gap already) and has no reset, none was sent, whoever the ends
            // belong to. With a reset, whose it is and what closed it can't be told.
            GuardedReset[] seen = [.. recording.Resets.Select(ResetJudge.WithoutCallSite)];
            if (seen.Length > 0)
            {
                gaps.Add($"{Resets(seen.Length)} captured, but which process sent what and which line closed the socket can't be told, because the runtime's socket events can't be trusted: {distrust}");
            }

            return new Outcome(seen, [], [], gaps) { Statistics = recording.Statistics };
        }

        var own = new List<GuardedReset>();
        var unowned = new List<GuardedReset>();
        var foreign = new List<ResetVerdict>();
        foreach (ResetVerdict verdict in recording.Resets)
        {
            OwnConnection? sender = log.Find(verdict.Sender, verdict.Receiver, verdict.Time);
            OwnConnection? receiver = log.Find(verdict.Receiver, verdict.Sender, verdict.Time);

            // A connection that waited in a listener's queue has no socket of its own: the listener's close reset it.
            if (sender is null && verdict.Candidates.Contains(ResetCause.ListenerClosed)
                && log.FindListener(verdict.Sender, verdict.Time) is { } listener && verdict.Time - listener.Close!.Time <= ListenerClose)
            {
                sender = listener;
            }

            // A connect that did not get through has a socket without a peer; one that was never accepted has its listener alone.
            sender ??= verdict.Candidates.Contains(ResetCause.LateSynAck) ? log.FindAttempt(verdict.Sender, verdict.Time, closed: true) : null;
            receiver ??= verdict.Shape == ResetShape.PassiveToSyn ? log.FindAttempt(verdict.Receiver, verdict.Time, closed: false) : null;
            if (sender is null && receiver is null)
            {
                receiver = log.FindOpenListener(verdict.Receiver);
            }

            if (sender is null && receiver is null)
            {
                foreign.Add(verdict);
            }
            else
            {
                Assign(ResetJudge.Judge(verdict, sender), OwnerOf(sender, receiver), own, unowned);
            }
        }

        // Where the capture does not see, the closes tell.
        var captured = recording.Connections.SelectMany(connection => new[] { (connection.Client, connection.Server), (connection.Server, connection.Client) }).ToHashSet();
        int missed = 0;
        foreach (OwnConnection connection in log.ConnectedSince(_started))
        {
            IPEndPoint remote = connection.Remote!;
            if (captured.Contains((connection.Local, remote)) || !_options.Filter.Takes(connection.Local, remote))
            {
                continue;
            }

            OwnConnection? other = log.Find(remote, connection.Local, asked);
            if (connection.Close is not null && ResetJudge.Deduce(connection) is { } reset)
            {
                Assign(reset, OwnerOf(connection, other), own, unowned);
            }

            if (IPAddress.IsLoopback(connection.Local.Address) && IPAddress.IsLoopback(remote.Address)
                && OwnerOf(connection, other) == this && connection.Registered < asked)
            {
                missed++;
            }
        }

        if (missed > 0)
        {
            gaps.Add($"{(missed == 1 ? "1 end of a connection" : $"{missed} ends of connections")} of this guard never showed up in the capture. It sees the loopback interface of one network namespace: were they made in another one?");
        }

        return new Outcome(own, unowned, foreign, gaps) { Statistics = recording.Statistics };

        static string Resets(int count) => count == 1 ? "1 reset was" : $"{count} resets were";
    }

    // What closes must have done where no packet tells. It never shows that nothing was reset: passive resets, and those of
    // other processes, leave no trace here.
    private Outcome Deduce(string gap)
    {
        SocketEventLog log = _lease.Log;
        if (log.Distrust is { } distrust)
        {
            return new Outcome([], [], [], [gap, "nothing can be deduced from closes either, because the runtime's socket events can't be trusted: " + distrust]);
        }

        var own = new List<GuardedReset>();
        var unowned = new List<GuardedReset>();
        foreach (OwnConnection connection in log.ClosedSince(_started))
        {
            if (ResetJudge.Deduce(connection) is { } reset)
            {
                Assign(reset, OwnerOf(connection, log.Find(connection.Remote!, connection.Local, connection.Close!.Time)), own, unowned);
            }
        }

        return new Outcome(own, unowned, [], [gap, .. log.Gaps]);
    }

    private void Assign(GuardedReset reset, object? owner, List<GuardedReset> own, List<GuardedReset> unowned)
    {
        if (owner == this)
        {
            own.Add(reset);
        }
        else if (owner is ResetGuard other && other.Watches(reset.Verdict.Time))
        {
            // The other guard tells it.
        }
        else
        {
            (_shared ? unowned : own).Add(reset);
        }
    }

    private bool Watches(DateTimeOffset time) => _started <= time && !(_ended < time);

    // Who connected counts before who accepted: a server that many tests share accepts in nobody's flow, or in the first one's.
    private static object? OwnerOf(OwnConnection? one, OwnConnection? other)
    {
        OwnConnection? connected = one is { Accepted: false, Remote: not null } ? one : other is { Accepted: false, Remote: not null } ? other : null;
        return connected?.Owner ?? one?.Owner ?? other?.Owner;
    }

    private sealed record Outcome(
        IReadOnlyList<GuardedReset> Own, IReadOnlyList<GuardedReset> Unowned, IReadOnlyList<ResetVerdict> Foreign, IReadOnlyList<string> Gaps)
    {
        public CaptureStatistics? Statistics { get; init; }

        public IReadOnlyList<string> Notes { get; } = ResetReport.NotesOf(Unowned, Foreign);
    }
}
