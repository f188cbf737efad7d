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

        /// <summary>Whether under loss a reset of the connection was not captured: the one that was may be another than the scenario's, whose cause no scenario tells.</summary>
        public bool IsOfAnotherReset => Loss && Result is { MissedReset: true };

        public bool IsJudged => Scenario.Cause is not null && Result?.Verdict is not null && !IsOfAnotherReset;

        /// <summary>Whether a packet filter refused a SYN: what it answers is a closed port's answer, byte for byte (nf_send_reset in net/ipv4/netfilter/nf_reject_ipv4.c).</summary>
        public bool IsRefusedByFilter => Scenario.Cause == ResetCause.FilteredReject && Scenario.Expected?.Shape == ResetShape.PassiveToSyn;

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

                // The namespace's counters tell of one run where nothing else happens.
                foreach (bool alone in new[] { true, false })
                {
                    Run[] chosen = [.. runs.Where(run => IsAlone(run) == alone)];
                    Run[] results = new Run[chosen.Length];
                    await Parallel.ForAsync(0, chosen.Length, new ParallelOptions { MaxDegreeOfParallelism = alone ? 1 : atOnce, CancellationToken = cancellationToken }, async (i, token) =>
                        results[i] = await RunAsync(chosen[i], alone, token));
                    done.AddRange(results);
                }

                if (loss)
                {
                    Nft("delete table inet loss");
                }
            }
        }

        return done;
    }

    private static bool IsAlone(Run run) => run is { IsAlike: true, Scenario: LoopbackScenario };

    private static async Task<Run> RunAsync(Run run, bool alone, CancellationToken cancellationToken)
    {
        // Tells afterwards whether the reset that was captured is the scenario's own; no verdict depends on it.
        using KernelResetTrace? kernel = Proving.ProveCommand.OpenKernelTrace();
        try
        {
            ScenarioOptions options = new() { Version6 = run.Version6, PayloadSize = run.Payload, Alone = alone };
            return run with { Result = await ScenarioRunner.RunAsync(run.Scenario, options, kernel, cancellationToken) };
        }
        catch (Exception exception) when (exception is not CaptureException && !cancellationToken.IsCancellationRequested)
        {
            return run with { Failure = exception.Message };
        }
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
        List<Run> judged = [.. came.Where(run => run.IsJudged)];
        List<Run> others = [.. judged.Where(run => !run.IsAlike)];
        List<Run> telling = [.. others.Where(run => !run.IsRefusedByFilter)];
        List<Run> alike = [.. judged.Where(run => run.IsAlike)];
        List<Run> asked = [.. judged.Where(run => run.Result!.WasKernelAsked && run.Scenario.Expected is { Reasons.Count: > 0 } && run.Result.Kernel is not null)];
        StringBuilder text = new();
        text.Append("# Accuracy\n\n")
            .Append("How often the cause that is named is the true one. Made by `rstguard scenarios run --matrix` as root: every scenario that runs on the machine, over IPv4 and\n")
            .Append("IPv6, with payloads of 100 and 65536 bytes; those over loopback also with TCP timestamps on and off, and with no loss and 1 % loss (half of it\n")
            .Append("before the capture, half behind it). A verdict is read before the kernel is asked. *With counters*: where nothing else happens in the network namespace, what its\n")
            .Append("counters in `/proc/net` say of the captured resets; *packets alone*: the same runs, judged without them.\n\n")
            .Append(CultureInfo.InvariantCulture, $"Made on {DateTime.UtcNow:yyyy-MM-dd}: {Environment.OSVersion}, {Environment.ProcessorCount} processors, .NET {Environment.Version}.\n\n")
            .Append("| | Packets alone | With counters |\n|---|---|---|\n");
        void Row(string name, string alone, string counted = "") => text.Append(CultureInfo.InvariantCulture, $"| {name} | {alone} | {counted} |\n");
        void Both(string name, Func<Func<Run, ResetVerdict>, string> value) => Row(name, value(Alone), value(Counted));
        Row("Runs", Number(runs.Count));
        Row("of these, scenarios that did not come about (under loss, or in time)", Number(runs.Count - came.Count));
        Row("Resets where none is due", Number(came.Count(run => run.Scenario.Cause is null && run.Result!.Verdict is not null)));
        Row("No reset captured where one is due", Number(came.Count(run => run.Scenario.Cause is not null && run.Result!.Verdict is null)));
        Row("A reset of the connection lost before the capture, so that the one captured may be another: not counted below", Number(came.Count(run => run.IsOfAnotherReset)));
        Both("Wrong verdicts at Strong or Certain", of => Number(judged.Count(run => of(run).Confidence >= Confidence.Strong && !IsFirst(run, of))));
        Both("Wrong verdicts at Likely", of => Number(judged.Count(run => of(run).Confidence == Confidence.Likely && !IsFirst(run, of))));
        Row("Shape right", Share(judged.Count(run => Alone(run).Shape == run.Scenario.Expected?.Shape), judged.Count));
        Both("True cause first, outside the group that packets can't tell apart", of => Share(others.Count(run => IsFirst(run, of)), others.Count));
        Both("The same, without the SYNs that a packet filter refused, a closed port's answer byte for byte", of => Share(telling.Count(run => IsFirst(run, of)), telling.Count));
        Both("True cause among the candidates, outside that group", of => Share(others.Count(run => IsAmong(run, of)), others.Count));
        Both("True cause first, inside it", of => Share(alike.Count(run => IsFirst(run, of)), alike.Count));
        Both("True cause among the candidates, inside it", of => Share(alike.Count(run => IsAmong(run, of)), alike.Count));
        if (asked.Count > 0)
        {
            Row("The kernel's reason and stack are the scenario's", Share(asked.Count(run => run.Scenario.Expected!.Allows(run.Result!.Kernel!)), asked.Count));
        }

        text.Append(CultureInfo.InvariantCulture, $"\nThe group: active resets of {string.Join(", ", Alike)}. SockDestroy moves no counter of its own, nor does DisconnectUnspec: counters leave the two together. Under\n")
            .Append("loss a reset that the capture missed keeps the counters from being used.\n")
            .Append("\n## Confusion matrix\n\nRows: the true cause. Cells: the first candidate, with the number of runs.\n\n| True cause | Runs | Packets alone | With counters |\n|---|---|---|---|\n");
        static string Firsts(IEnumerable<Run> row, Func<Run, ResetVerdict> of) =>
            string.Join(", ", row.GroupBy(run => of(run).Candidates[0]).OrderByDescending(group => group.Count()).ThenBy(group => group.Key.ToString(), StringComparer.Ordinal).Select(group => $"{group.Key} {group.Count()}"));
        foreach (var row in judged.GroupBy(run => run.Scenario.Cause!.Value).OrderBy(group => group.Key.ToString(), StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"| {row.Key} | {row.Count()} | {Firsts(row, Alone)} | {Firsts(row, Counted)} |\n");
        }

        text.Append("\n## By scenario\n\nFirst and among, and how sure: from packets alone, then with counters.\n\n| Scenario | True cause | Runs | First | Among | Confidence | First | Confidence |\n|---|---|---|---|---|---|---|---|\n");
        static string Confidences(IEnumerable<Run> row, Func<Run, ResetVerdict> of) =>
            string.Join(", ", row.GroupBy(run => of(run).Confidence).OrderByDescending(group => group.Key).Select(group => $"{group.Key} {group.Count()}"));
        foreach (var row in judged.GroupBy(run => run.Scenario).OrderBy(group => group.Key.Name, StringComparer.Ordinal))
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {row.Key.Name} | {row.Key.Cause} | {row.Count()} | {row.Count(run => IsFirst(run, Alone))} | {row.Count(run => IsAmong(run, Alone))} | {Confidences(row, Alone)} | {row.Count(run => IsFirst(run, Counted))} | {Confidences(row, Counted)} |\n");
        }

        List<Run> told = [.. runs.Where(run => run.Result is null || (run.Scenario.Cause is null && run.Result.Verdict is not null) || run.IsOfAnotherReset || (run.IsJudged && Alone(run).Shape != run.Scenario.Expected?.Shape)
            || (run.IsJudged && !IsAmong(run, Alone)) || (run.IsJudged && !run.IsAlike && !run.IsRefusedByFilter && !IsFirst(run, Alone)))];
        if (told.Count > 0)
        {
            text.Append("\n## Runs that went another way\n\n");
            foreach (Run run in told)
            {
                string what = run.Result is null ? run.Failure.ReplaceLineEndings(" ") : $"{(run.IsOfAnotherReset ? "a reset was lost before the capture; what was captured is " : "")}a reset of {string.Join(", ", run.Result.Verdict!.Candidates)}";
                text.Append(CultureInfo.InvariantCulture, $"* {run.Variant}: {what}\n");
            }
        }

        return text.ToString();
    }

    /// <summary>Whether no verdict at Strong or Certain is wrong.</summary>
    public static bool IsHonest(IReadOnlyList<Run> runs) => runs.All(run =>
        run.IsOfAnotherReset || run.Result?.Verdict is not { Confidence: >= Confidence.Strong } verdict || verdict.Cause == run.Scenario.Cause);

    private static ResetVerdict Alone(Run run) => run.Result!.VerdictByPacketsAlone!;

    private static ResetVerdict Counted(Run run) => run.Result!.Verdict!;

    private static bool IsFirst(Run run, Func<Run, ResetVerdict> of) => of(run).Candidates[0] == run.Scenario.Cause;

    private static bool IsAmong(Run run, Func<Run, ResetVerdict> of) => of(run).Candidates.Contains(run.Scenario.Cause!.Value);

    private static string Number(int count) => count.ToString(CultureInfo.InvariantCulture);

    private static string Share(int part, int whole) => whole == 0 ? "none" : string.Create(CultureInfo.InvariantCulture, $"{part} of {whole} ({100.0 * part / whole:0.0} %)");
}
