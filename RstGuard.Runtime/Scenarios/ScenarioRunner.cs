using RstGuard.Capture;
using RstGuard.Diagnosis;

namespace RstGuard.Scenarios;

/// <summary>Runs a scenario under a capture and judges what it made.</summary>
public static class ScenarioRunner
{
    /// <summary>Runs a scenario. Any number of runs may go on at once.</summary>
    /// <param name="scenario">What to run.</param>
    /// <param name="options">How.</param>
    /// <param name="kernel">The kernel's word, which must have begun before and is not owned; null: it is not asked.</param>
    /// <param name="cancellationToken">Ends the run early.</param>
    /// <exception cref="CaptureException">Nothing could be captured here.</exception>
    public static Task<ScenarioResult> RunAsync(
        ResetScenario scenario, ScenarioOptions? options = null, KernelResetTrace? kernel = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        return RunAsync(scenario, options, kernel, new ResetRecorderOptions(), cancellationToken);
    }

    /// <inheritdoc cref="RunAsync(ResetScenario, ScenarioOptions?, KernelResetTrace?, CancellationToken)"/>
    internal static async Task<ScenarioResult> RunAsync(
        ResetScenario scenario, ScenarioOptions? options, KernelResetTrace? kernel, ResetRecorderOptions recording, CancellationToken cancellationToken)
    {
        ScenarioPlace place = await scenario.PrepareAsync(options ?? new ScenarioOptions(), cancellationToken).ConfigureAwait(false);
        await using (place.ConfigureAwait(false))
        {
            ResetRecorder recorder = await place.RecordAsync(recording).ConfigureAwait(false);
            await using (recorder.ConfigureAwait(false))
            {
                await place.ActAsync(cancellationToken).ConfigureAwait(false);
                ResetRecording recorded = await recorder.StopAsync(cancellationToken).ConfigureAwait(false);
                return new ScenarioResult(scenario, recorded, kernel);
            }
        }
    }
}

/// <summary>What came of a scenario.</summary>
public sealed record ScenarioResult
{
    internal ScenarioResult(ResetScenario scenario, ResetRecording recording, KernelResetTrace? kernel)
    {
        IReadOnlyList<ResetVerdict>? confirmed = kernel?.Confirm(recording.Resets);
        Scenario = scenario;
        Recording = recording;
        int root = recording.Resets.ToList().FindIndex(verdict => !verdict.FollowsEarlierReset);
        Verdict = root < 0 ? null : recording.Resets[root];
        VerdictByPacketsAlone = root < 0 ? null : recording.ResetsByPacketsAlone[root];
        Kernel = root < 0 ? null : confirmed?[root].Kernel;
        WasKernelAsked = confirmed is not null;
        MissedReset = kernel is not null && Verdict is { } verdict
            && kernel.CountFrom(verdict.Sender, verdict.Receiver) > recording.Resets.Count(reset => reset.Sender.Equals(verdict.Sender) || reset.Sender.Equals(verdict.Receiver));
        Agrees = confirmed is null ? null : Agree();
    }

    /// <summary>What was run.</summary>
    public ResetScenario Scenario { get; }

    /// <summary>All that was captured.</summary>
    public ResetRecording Recording { get; }

    /// <summary>The verdict on the scenario's reset, as it was before the kernel was asked; null where no reset was sent.</summary>
    public ResetVerdict? Verdict { get; }

    /// <summary>What the kernel says of that reset; null where it said nothing or was not asked.</summary>
    public KernelConfirmation? Kernel { get; }

    internal bool WasKernelAsked { get; }

    /// <summary>The same as <see cref="Verdict"/>, where counters helped it without their help.</summary>
    internal ResetVerdict? VerdictByPacketsAlone { get; }

    /// <summary>Whether the kernel sent a reset from an end of the verdict's connection that was lost before the capture; the verdict may be on another one then.</summary>
    internal bool MissedReset { get; }

    /// <summary>
    /// Whether scenario, verdict and kernel fit each other: reason and stack are those that the scenario states, and the verdict names
    /// its cause or, naming none, has it among the candidates. Null where the kernel fires no event, as for a packet filter's reset, and where it
    /// was not asked.
    /// </summary>
    public bool? Agrees { get; }

    /// <summary>Whether the verdict holds the true cause: first where it names one, else among the candidates; and none where no reset is due.</summary>
    public bool IsRight => Scenario.Cause is { } cause
        ? Verdict is { } verdict && (verdict.Cause is { } named ? named == cause : verdict.Candidates.Contains(cause))
        : Verdict is null;

    private bool? Agree()
    {
        if (Scenario.Cause is not { } cause)
        {
            return Verdict is null ? null : false;
        }

        if (Kernel is null)
        {
            return Scenario.Expected?.Reasons.Count == 0 && IsRight ? null : false;
        }

        return IsRight && Kernel.Agrees && Kernel.Fits(cause) && Scenario.Expected?.Allows(Kernel) != false;
    }
}
