using System.Globalization;
using System.Text;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Lab;
using RstGuard.Scenarios;

namespace RstGuard.Cli.Scenarios;

/// <summary>
/// How often the classifier is right: every scenario over IPv4 and IPv6, with timestamps on and off, with payloads of several sizes, with and
/// without loss. Runs in a network namespace of its own, whose settings it changes.
/// </summary>
internal static class AccuracyMatrix
{
    private static readonly int[] Payloads = [100, 65_536];

    /// <summary>Causes whose active resets are alike, byte for byte, once the peer has sent data.</summary>
    private static readonly ResetCause[] Alike =
        [ResetCause.CloseWithUnread, ResetCause.LingerZero, ResetCause.DisconnectUnspec, ResetCause.SockDestroy, ResetCause.Linger2Negative];

    /// <summary>One run; no result: the scenario did not come about, and <paramref name="Failure"/> says why.</summary>
    internal sealed record Run(ResetScenario Scenario, bool Version6, bool Timestamps, int Payload, bool Loss, ScenarioResult? Result, string Failure = "")
    {
        public string Variant => $"{Scenario.Name}, {(Version6 ? "IPv6" : "IPv4")}, {Payload} bytes, timestamps {(Timestamps ? "on" : "off")}, {(Loss ? "1 % loss" : "no loss")}";

        public bool IsAlike => Scenario.Expected?.Shape == ResetShape.Active && Scenario.Cause is { } cause && Alike.Contains(cause);
    }

    /// <summary>Runs them all.</summary>
    public static async Task<IReadOnlyList<Run>> RunAsync(IReadOnlyList<ResetScenario> scenarios, int atOnce, TextWriter progress, CancellationToken cancellationToken)
    {
        List<Run> done = [];
        foreach (bool timestamps in new[] { true, false })
        {
            foreach (bool loss in new[] { false, true })
            {
                LabNetwork.Set("net.ipv4.tcp_timestamps", timestamps ? "1" : "0");
                if (loss)
                {
                    LoseSegments();
                }

                // A laboratory's network is its own, so that neither setting reaches it.
                List<Run> runs = [.. from scenario in scenarios
                                     where scenario is LoopbackScenario || (timestamps && !loss)
                                     from version6 in new[] { false, true }
                                     where scenario.Missing(new ScenarioOptions { Version6 = version6 }).Count == 0
                                     from payload in Payloads
                                     select new Run(scenario, version6, timestamps, payload, loss, null)];
                await progress.WriteLineAsync($"rstguard: {runs.Count} runs, timestamps {(timestamps ? "on" : "off")}, loss {(loss ? "1 %" : "0 %")}");
                Run[] results = new Run[runs.Count];
                await Parallel.ForAsync(0, runs.Count, new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellationToken }, async (i, token) =>
                {
                    try
                    {
                        results[i] = runs[i] with { Result = await ScenarioRunner.RunAsync(runs[i].Scenario, new ScenarioOptions { Version6 = runs[i].Version6, PayloadSize = runs[i].Payload }, null, token) };
                    }
                    catch (Exception exception) when (exception is not CaptureException && !token.IsCancellationRequested)
                    {
                        results[i] = runs[i] with { Failure = exception.Message };
                    }
                });
                done.AddRange(results);
                if (loss)
                {
                    Nft("delete table inet loss");
                }
            }
        }

        return done;
    }

    // Half of the lost segments are lost before the capture sees them, half after it.
    private static void LoseSegments() => Nft(
        "table inet loss {\nchain out {\ntype filter hook output priority 0; meta l4proto tcp numgen random mod 200 == 0 drop;\n}\n"
        + "chain in {\ntype filter hook input priority 0; meta l4proto tcp numgen random mod 200 == 0 drop;\n}\n}");

    private static void Nft(string rules) => LabNetwork.RunProgram("nft", rules);

    /// <summary>The page docs/accuracy.md.</summary>
    public static string Describe(IReadOnlyList<Run> runs)
    {
        List<Run> came = [.. runs.Where(run => run.Result is not null)];
        List<(Run Run, ResetVerdict Verdict)> judged = [.. came.Where(run => run.Scenario.Cause is not null && run.Result!.Verdict is not null).Select(run => (run, run.Result!.Verdict!))];
        List<(Run Run, ResetVerdict Verdict)> others = [.. judged.Where(pair => !pair.Run.IsAlike)];
        List<(Run Run, ResetVerdict Verdict)> alike = [.. judged.Where(pair => pair.Run.IsAlike)];
        StringBuilder text = new();
        text.Append("# Accuracy\n\n")
            .Append("How often the cause that is named is the true one. Made by `rstguard scenarios run --matrix` as root: every scenario that runs on the machine, over IPv4 and\n")
            .Append("IPv6, with payloads of 100 and 65536 bytes; those over loopback also with TCP timestamps on and off, and with no loss and 1 % loss (half of it\n")
            .Append("before the capture, half behind it). A verdict is read before the kernel is asked. Scenarios over loopback are judged from packets alone; those in a network\n")
            .Append("namespace of their own also by its counters.\n\n")
            .Append(CultureInfo.InvariantCulture, $"Machine: {Environment.OSVersion}, {Environment.ProcessorCount} processors, .NET {Environment.Version}.\n\n")
            .Append("| | |\n|---|---|\n");
        void Row(string name, string value) => text.Append(CultureInfo.InvariantCulture, $"| {name} | {value} |\n");
        static bool First((Run Run, ResetVerdict Verdict) pair) => pair.Verdict.Candidates[0] == pair.Run.Scenario.Cause;
        static bool Among((Run Run, ResetVerdict Verdict) pair) => pair.Verdict.Candidates.Contains(pair.Run.Scenario.Cause!.Value);
        Row("Runs", Number(runs.Count));
        Row("of these, scenarios that did not come about (under loss, or in time)", Number(runs.Count - came.Count));
        Row("Resets where none is due", Number(came.Count(run => run.Scenario.Cause is null && run.Result!.Verdict is not null)));
        Row("No reset captured where one is due", Number(came.Count(run => run.Scenario.Cause is not null && run.Result!.Verdict is null)));
        Row("Wrong verdicts at Strong or Certain", Number(judged.Count(pair => pair.Verdict.Confidence >= Confidence.Strong && !First(pair))));
        Row("Wrong verdicts at Likely", Number(judged.Count(pair => pair.Verdict.Confidence == Confidence.Likely && !First(pair))));
        Row("Shape right", Share(judged.Count(pair => pair.Verdict.Shape == pair.Run.Scenario.Expected?.Shape), judged.Count));
        Row("True cause first, outside the group that packets can't tell apart", Share(others.Count(First), others.Count));
        Row("True cause among the candidates, outside that group", Share(others.Count(Among), others.Count));
        Row("True cause first, inside it", Share(alike.Count(First), alike.Count));
        Row("True cause among the candidates, inside it", Share(alike.Count(Among), alike.Count));
        text.Append(CultureInfo.InvariantCulture, $"\nThe group: active resets of {string.Join(", ", Alike)}.\n")
            .Append("\n## Confusion matrix\n\nRows: the true cause. Cells: the first candidate, with the number of runs.\n\n| True cause | Runs | First candidate |\n|---|---|---|\n");
        foreach (var row in judged.GroupBy(pair => pair.Run.Scenario.Cause!.Value).OrderBy(group => group.Key.ToString(), StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"| {row.Key} | {row.Count()} | {string.Join(", ", row.GroupBy(pair => pair.Verdict.Candidates[0]).OrderByDescending(group => group.Count()).ThenBy(group => group.Key.ToString(), StringComparer.Ordinal).Select(group => $"{group.Key} {group.Count()}"))} |\n");
        }

        text.Append("\n## By scenario\n\n| Scenario | True cause | Runs | First | Among | Confidence |\n|---|---|---|---|---|---|\n");
        foreach (var row in judged.GroupBy(pair => pair.Run.Scenario).OrderBy(group => group.Key.Name, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"| {row.Key.Name} | {row.Key.Cause} | {row.Count()} | {row.Count(First)} | {row.Count(Among)} | {string.Join(", ", row.GroupBy(pair => pair.Verdict.Confidence).OrderByDescending(group => group.Key).Select(group => $"{group.Key} {group.Count()}"))} |\n");
        }

        List<Run> told = [.. runs.Where(run => run.Result is null || (run.Scenario.Cause is null && run.Result.Verdict is not null))];
        if (told.Count > 0)
        {
            text.Append("\n## Runs that went another way\n\n");
            foreach (Run run in told)
            {
                string what = run.Result is null ? run.Failure.ReplaceLineEndings(" ") : $"a reset of {string.Join(", ", run.Result.Verdict!.Candidates)}";
                text.Append(CultureInfo.InvariantCulture, $"* {run.Variant}: {what}\n");
            }
        }

        return text.ToString();
    }

    /// <summary>Whether no verdict at Strong or Certain is wrong.</summary>
    public static bool IsHonest(IReadOnlyList<Run> runs) => runs.All(run =>
        run.Result?.Verdict is not { Confidence: >= Confidence.Strong } verdict || verdict.Cause == run.Scenario.Cause);

    private static string Number(int count) => count.ToString(CultureInfo.InvariantCulture);

    private static string Share(int part, int whole) => whole == 0 ? "none" : string.Create(CultureInfo.InvariantCulture, $"{part} of {whole} ({100.0 * part / whole:0.0} %)");
}
