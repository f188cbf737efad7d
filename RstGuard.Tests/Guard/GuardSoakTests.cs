using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using RstGuard.Capture;
using RstGuard.Scenarios;
using static RstGuard.Tests.Guard.Guarded;

namespace RstGuard.Tests.Guard;

/// <summary>
/// Guarded runs of scenarios whose cause is known, each judged by what the guard says, while both processors are loaded: quick ones one after another, and
/// rounds of all that loopback can show, eight guards at once. A handful and one round by default; <c>.ci/deep guard [N [ROUNDS]]</c> asks for more by
/// RSTGUARD_GUARD_RUNS and RSTGUARD_GUARD_ROUNDS, and its result is in docs/soak.md.
/// </summary>
public sealed class GuardSoakTests
{
    private const string RunsVariable = "RSTGUARD_GUARD_RUNS";
    private const string RoundsVariable = "RSTGUARD_GUARD_ROUNDS";
    private const int RunsByDefault = 13;
    private const int GuardsAtOnce = 8;
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(300);

    [Fact]
    public async Task GuardedScenarios_AreNeverMissedAndNeverAlarmedFor_AndLeaveNothingBehind()
    {
        NeedsCapture();
        int runs = Environment.GetEnvironmentVariable(RunsVariable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : RunsByDefault;
        bool deep = runs > RunsByDefault;
        LoopbackScenario[] scenarios = [.. LoopbackScenarios.All.OfType<LoopbackScenario>().Where(scenario => scenario.Missing().Count == 0 && Quick.Contains(scenario.Name))];
        Assert.Equal(Quick.Length, scenarios.Length);

        var tally = new Tally();
        using (new Load(deep ? Environment.ProcessorCount : 0))
        {
            // What is made once for the process is no leak.
            for (int i = 0; i < Math.Min(scenarios.Length, runs); i++)
            {
                await GuardAsync(scenarios[i], tally);
            }

            (int handles, int threads) = await CountAsync();
            for (int i = Math.Min(scenarios.Length, runs); i < runs; i++)
            {
                await GuardAsync(scenarios[i % scenarios.Length], tally);
            }

            (int handlesThen, int threadsThen) = await CountAsync();
            TestContext.Current.SendDiagnosticMessage(
                $"{runs} guarded runs of {scenarios.Length} scenarios: {tally}; handles {handles} to {handlesThen}, threads {threads} to {threadsThen}");
            if (deep)
            {
                // Sockets of the last few runs may still be on their way to the finalizer, threads of the pool come and go.
                Assert.True(handlesThen <= handles + 10, $"handles: {handles} before, {handlesThen} after {runs} runs");
                Assert.True(threadsThen <= threads + 10, $"threads: {threads} before, {threadsThen} after {runs} runs");
            }
        }

        Assert.Equal([], tally.Wrong);
    }

    [Fact]
    public async Task WholeSuite_UnderEightGuardsAtOnce_IsNeverMissedAndNeverAlarmedFor()
    {
        NeedsCapture();
        int rounds = Environment.GetEnvironmentVariable(RoundsVariable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : 1;
        LoopbackScenario[] scenarios = [.. LoopbackScenarios.All.OfType<LoopbackScenario>().Where(scenario => scenario.Missing().Count == 0)];
        var tally = new Tally();
        using (new Load(rounds > 1 ? Environment.ProcessorCount : 0))
        {
            for (int round = 0; round < rounds; round++)
            {
                await Parallel.ForEachAsync(scenarios, new ParallelOptions { MaxDegreeOfParallelism = GuardsAtOnce, CancellationToken = TestContext.Current.CancellationToken }, async (scenario, _) => await GuardAsync(scenario, tally));
            }
        }

        TestContext.Current.SendDiagnosticMessage($"{rounds} rounds of {scenarios.Length} scenarios, {GuardsAtOnce} guards at once: {tally}");
        Assert.Equal([], tally.Wrong);
    }

    // Those that take less than 300 ms without load, two that reset nobody among them.
    private static readonly string[] Quick =
    [
        "ClosedPort", "CloseWithUnread", "DataAfterClose", "DisconnectForReuse", "DisposeWithPendingReceive", "EarlyResponse", "LingerZero",
        "LingerZeroInCloseWait", "LingerZeroInFinWait2", "LingerZeroInLastAck", "ListenerClosed", "NewerSynToTimeWait", "ShutdownReceiveThenClose",
    ];

    private static async Task GuardAsync(LoopbackScenario scenario, Tally tally)
    {
        LoopbackRun run = scenario.NewRun(new ScenarioOptions());
        await using ResetGuard guard = ResetGuard.Start(new ResetGuardOptions
        {
            Filter = new CaptureFilter { Addresses = [run.Address] },
            FailOnReceived = true,
            ResultsFolder = null,
        });
        var clock = Stopwatch.StartNew();
        await scenario.RunAsync(run);
        tally.Note(clock.Elapsed);
        try
        {
            await guard.AssertNoResetsAsync();
            tally.Passed(scenario);
        }
        catch (ResetDetectedException exception)
        {
            tally.Detected(scenario, exception.Resets[0]);
        }
        catch (ResetGuardInconclusiveException exception)
        {
            tally.Inconclusive(scenario, exception);
        }
    }

    private static async Task<(int Handles, int Threads)> CountAsync()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        await Task.Delay(200);
        return (Directory.GetFiles("/proc/self/fd").Length, Directory.GetDirectories("/proc/self/task").Length);
    }

    private sealed class Tally
    {
        private readonly ConcurrentDictionary<string, int> _inconclusive = new();
        private int _passed;
        private int _detected;
        private int _slow;

        public ConcurrentBag<string> Wrong { get; } = [];

        public void Note(TimeSpan elapsed) => Interlocked.Add(ref _slow, elapsed > Longest ? 1 : 0);

        public void Passed(LoopbackScenario scenario)
        {
            Interlocked.Increment(ref _passed);
            if (scenario.Cause is not null)
            {
                Wrong.Add($"{scenario.Name} was missed");
            }
        }

        public void Detected(LoopbackScenario scenario, GuardedReset reset)
        {
            Interlocked.Increment(ref _detected);
            if (scenario.Cause is not { } cause)
            {
                Wrong.Add($"{scenario.Name} resets nobody, and was told as {reset.Candidates[0]}");
            }
            else if (!reset.Candidates.Contains(cause))
            {
                Wrong.Add($"{scenario.Name} was told as {string.Join(", ", reset.Candidates)}");
            }
        }

        public void Inconclusive(LoopbackScenario scenario, ResetGuardInconclusiveException exception)
        {
            if (exception.Reasons.Count == 0)
            {
                throw new InvalidOperationException("An inconclusive guard gave no reason.", exception);
            }

            _inconclusive.AddOrUpdate(scenario.Name, 1, (_, count) => count + 1);
        }

        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"{_passed} passed, {_detected} detected, {_inconclusive.Values.Sum()} inconclusive, {Wrong.Count} wrong; {_slow} took longer than {Longest.TotalMilliseconds} ms; inconclusive: {string.Join(", ", _inconclusive.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key} {pair.Value}"))}");
    }
}
