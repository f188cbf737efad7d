using RstGuard.CallSites;
using RstGuard.Capture;
using RstGuard.Diagnosis;

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
    private static readonly object Gate = new();
    private static readonly List<ResetGuard> Active = [];

    private readonly ResetGuardOptions _options;
    private readonly SocketEventLog.Lease _lease;
    private readonly ResetRecorder? _recorder;
    private readonly string? _noCapture;
    private readonly object? _outerOwner;
    private readonly object _judging = new();
    private bool _shared;
    private Task<Outcome>? _outcome;

    private ResetGuard(ResetGuardOptions options)
    {
        _options = options;
        _outerOwner = SocketEventLog.FlowOwner.Value;
        _lease = SocketEventLog.Acquire();
        try
        {
            _recorder = ResetRecorder.Start(options.OpenSource(options.Filter));
        }
        catch (CaptureException exception)
        {
            _noCapture = "no packet can be captured here: " + exception.Message;
        }
        catch
        {
            _lease.Dispose();
            throw;
        }
    }

    /// <summary>The resets of this guard's connections, and those that belong to nobody's. Known once the guard has been asked.</summary>
    /// <exception cref="InvalidOperationException">The guard has not been asked yet: await <see cref="AssertNoResetsAsync"/> or <see cref="StopAsync"/> first.</exception>
    public IReadOnlyList<GuardedReset> Resets =>
        _outcome is { IsCompletedSuccessfully: true } outcome
            ? outcome.Result.Own
            : throw new InvalidOperationException("The guard is still watching. Await StopAsync or AssertNoResetsAsync first.");

    /// <summary>Resets that were seen and that no guard owns; they fail none. Known once the guard has been asked.</summary>
    /// <exception cref="InvalidOperationException">The guard has not been asked yet.</exception>
    public IReadOnlyList<GuardedReset> UnownedResets =>
        _outcome is { IsCompletedSuccessfully: true } outcome
            ? outcome.Result.Unowned
            : throw new InvalidOperationException("The guard is still watching. Await StopAsync or AssertNoResetsAsync first.");

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
    /// Resets that other processes sent are in <see cref="Resets"/>.
    /// </summary>
    /// <exception cref="ResetDetectedException">A connection was reset.</exception>
    /// <exception cref="ResetGuardInconclusiveException">Not everything was seen, and no reset was.</exception>
    public async Task AssertNoResetsAsync(CancellationToken cancellationToken = default)
    {
        Outcome outcome = await OutcomeAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        GuardedReset[] failing = outcome.Own.Where(reset =>
            !reset.Verdict.FollowsEarlierReset
            && reset.Confidence >= _options.MinimumConfidence
            && (reset.SentByThisProcess || _options.FailOnReceived)).ToArray();
        if (failing.Length > 0)
        {
            throw new ResetDetectedException(failing, outcome.Gaps);
        }

        if (outcome.Gaps.Count > 0 && !_options.AllowInconclusive)
        {
            throw new ResetGuardInconclusiveException(outcome.Gaps);
        }
    }

    /// <summary>Ends the watching. Never throws for a reset, so that it hides no exception in flight.</summary>
    public ValueTask DisposeAsync()
    {
        // Not in an async method: what one sets in its flow does not reach the caller.
        if (SocketEventLog.FlowOwner.Value == this)
        {
            SocketEventLog.FlowOwner.Value = _outerOwner;
        }

        return ReleaseAsync();
    }

    private async ValueTask ReleaseAsync()
    {
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

    private Task<Outcome> OutcomeAsync()
    {
        lock (_judging)
        {
            return _outcome ??= JudgeAsync();
        }
    }

    private async Task<Outcome> JudgeAsync()
    {
        if (_recorder is null)
        {
            return new Outcome([], [], [_noCapture!]);
        }

        ResetRecording recording;
        try
        {
            recording = await _recorder.StopAsync().ConfigureAwait(false);
        }
        catch (CaptureException exception)
        {
            return new Outcome([], [], ["the capture broke: " + exception.Message]);
        }

        SocketEventLog log = _lease.Log;
        var gaps = new List<string>(recording.Gaps);
        gaps.AddRange(log.Gaps);
        if (log.Distrust is { } distrust && recording.Resets.Count > 0)
        {
            gaps.Add($"{recording.Resets.Count} resets were captured, but which process sent them can't be told, because the runtime's socket events can't be trusted: {distrust}");
        }

        var own = new List<GuardedReset>();
        var unowned = new List<GuardedReset>();
        foreach (ResetVerdict verdict in recording.Resets)
        {
            OwnConnection? sender = log.Find(verdict.Sender, verdict.Receiver, verdict.Time);
            OwnConnection? receiver = log.Find(verdict.Receiver, verdict.Sender, verdict.Time);

            // A connection that waited in a listener's queue has no socket of its own: the listener's close reset it.
            if (sender is null && verdict.Candidates.Contains(ResetCause.ListenerClosed))
            {
                sender = log.FindListener(verdict.Sender, verdict.Time);
            }

            if (sender is null && receiver is null)
            {
                continue;
            }

            GuardedReset reset = ResetJudge.Judge(verdict, sender);
            switch (OwnerOf(sender, receiver))
            {
                case null when !_shared:
                case ResetGuard owner when owner == this:
                    own.Add(reset);
                    break;
                case null:
                    unowned.Add(reset);
                    break;
            }
        }

        return new Outcome(own, unowned, gaps);
    }

    // Who connected counts before who accepted: a server that many tests share accepts in nobody's flow, or in the first one's.
    private static object? OwnerOf(OwnConnection? one, OwnConnection? other)
    {
        OwnConnection? connected = one is { Accepted: false, Remote: not null } ? one : other is { Accepted: false, Remote: not null } ? other : null;
        return connected?.Owner ?? one?.Owner ?? other?.Owner;
    }

    private sealed record Outcome(IReadOnlyList<GuardedReset> Own, IReadOnlyList<GuardedReset> Unowned, IReadOnlyList<string> Gaps);
}
