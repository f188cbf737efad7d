using System.CommandLine;
using RstGuard.Capture;
using RstGuard.Cli.Proving;
using RstGuard.Diagnosis;
using RstGuard.Lab;
using RstGuard.Scenarios;

namespace RstGuard.Cli.Scenarios;

/// <summary><c>rstguard scenarios list|run</c>: the causes of a reset, made here and named.</summary>
internal static class ScenariosCommand
{
    private const int Failed = 1;
    private const int Unavailable = 3;

    /// <summary>Scenarios mostly wait; more at once would wait for a processor.</summary>
    private static readonly int AtOnce = Math.Clamp(2 * Environment.ProcessorCount, 2, 8);

    /// <summary>Every scenario that this tool has, sorted by name.</summary>
    internal static IReadOnlyList<ResetScenario> All { get; } = [.. LoopbackScenarios.All.Concat(LabScenarios.All).OrderBy(scenario => scenario.Name, StringComparer.Ordinal)];

    public static Command Create() =>
        new("scenarios", "Makes each cause of a reset with real sockets, captures it, names it, and compares with what the kernel says.") { List(), Run() };

    private static Option<string> Format()
    {
        Option<string> format = new("--format") { Description = "text, or json: an array on stdout and nothing else.", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "json");
        return format;
    }

    private static Command List()
    {
        Option<string> format = Format();
        Command command = new("list", "Lists the scenarios, what each needs, and whether it runs here.") { format };
        command.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            IReadOnlyList<ScenarioRow> rows = [.. All.Select(ScenarioRow.Of)];
            if (parsed.GetRequiredValue(format) == "json")
            {
                output.WriteLine(ScenarioOutput.Json(rows));
            }
            else
            {
                ScenarioOutput.WriteText(rows, output);
            }
        });
        return command;
    }

    private static Command Run()
    {
        Argument<string[]> names = new("NAME") { Description = "The scenarios to run, such as LingerZero; all where none is named.", Arity = ArgumentArity.ZeroOrMore };
        names.Validators.Add(result =>
        {
            foreach (string unknown in result.Tokens.Select(token => token.Value).Where(name => Find(name) is null))
            {
                result.AddError($"There is no scenario '{unknown}'. 'rstguard scenarios list' names them.");
            }
        });
        Option<string> format = Format();
        Option<bool> version6 = new("--ipv6") { Description = "Over IPv6 instead of IPv4." };
        Option<bool> matrix = new("--matrix") { Description = "Runs the scenarios over and over, in all variants, and writes docs/accuracy.md to stdout. Takes minutes, and root." };
        Command command = new("run", "Runs scenarios: shows for each its cause, the verdict from packets alone, and the kernel's reason.") { names, format, version6, matrix };
        command.SetAction((parsed, cancellationToken) => parsed.GetValue(matrix) ? RunMatrixAsync(
            parsed.GetValue(names)!,
            parsed.InvocationConfiguration.Output,
            parsed.InvocationConfiguration.Error,
            cancellationToken) : RunAsync(
            parsed.GetValue(names)!,
            parsed.GetValue(format) == "json",
            new ScenarioOptions { Version6 = parsed.GetValue(version6) },
            parsed.InvocationConfiguration.Output,
            parsed.InvocationConfiguration.Error,
            cancellationToken));
        return command;
    }

    private static ResetScenario? Find(string name) => All.FirstOrDefault(scenario => scenario.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static async Task<int> RunMatrixAsync(string[] names, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        if (!PrivateNamespace.IsInside)
        {
            NamespaceAccess access = await PrivateNamespace.ProbeAsync(cancellationToken);
            if (access.Options is not { } options)
            {
                await error.WriteLineAsync($"rstguard: the matrix needs a network namespace of its own. {access.Reason}");
                return Unavailable;
            }

            return await PrivateNamespace.RunInsideAsync(options, ["scenarios", "run", .. names, "--matrix"], ReferenceEquals(output, Console.Out) ? null : output, cancellationToken);
        }

        LoopbackInterface.BringUp();
        if (LabNetwork.Nft.Probe() is { } missing)
        {
            await error.WriteLineAsync($"rstguard: the matrix loses segments by a packet filter. {missing}");
            return Unavailable;
        }

        IReadOnlyList<AccuracyMatrix.Run> runs = await AccuracyMatrix.RunAsync(names.Length == 0 ? All : [.. names.Select(name => Find(name)!).Distinct()], 2 * AtOnce, error, cancellationToken);
        await output.WriteAsync(AccuracyMatrix.Describe(runs));
        return AccuracyMatrix.IsHonest(runs) ? 0 : Failed;
    }

    private static async Task<int> RunAsync(
        string[] names, bool json, ScenarioOptions options, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        if (PrivateNamespace.IsInside)
        {
            LoopbackInterface.BringUp();
        }
        else if ((!Environment.IsPrivilegedProcess || !CaptureCapability.ProbePacketSocket().IsAvailable) && (await PrivateNamespace.ProbeAsync(cancellationToken)).Options is { } access)
        {
            return await PrivateNamespace.RunInsideAsync(
                access,
                ["scenarios", "run", .. names, "--format", json ? "json" : "text", .. options.Version6 ? ["--ipv6"] : Array.Empty<string>()],
                ReferenceEquals(output, Console.Out) ? null : output,
                cancellationToken);
        }

        IReadOnlyList<ResetScenario> chosen = names.Length == 0 ? All : [.. names.Select(name => Find(name)!).Distinct()];
        List<ResetScenario> runnable = [];
        foreach (ResetScenario scenario in chosen)
        {
            IReadOnlyList<string> missing = scenario.Missing(options);
            if (missing.Count == 0)
            {
                runnable.Add(scenario);
            }

            foreach (string reason in missing)
            {
                await error.WriteLineAsync($"rstguard: {scenario.Name} does not run here. {reason}");
            }
        }

        using KernelResetTrace? kernel = ProveCommand.OpenKernelTrace();
        if (kernel is null)
        {
            await error.WriteLineAsync("rstguard: the kernel is not asked, which takes root and Linux 6.10 or later; 'kernel' and 'agrees' are null.");
        }

        ScenarioResult?[] results = new ScenarioResult?[runnable.Count];
        string?[] failures = new string?[runnable.Count];
        await Parallel.ForAsync(0, runnable.Count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (i, token) =>
        {
            try
            {
                results[i] = await ScenarioRunner.RunAsync(runnable[i], options, kernel, token);
            }
            catch (Exception exception) when (exception is not (OperationCanceledException or CaptureUnavailableException) || (exception is OperationCanceledException && !token.IsCancellationRequested))
            {
                failures[i] = $"rstguard: {runnable[i].Name} did not do what it is about: {exception.Message}";
            }
        });
        foreach (string failure in failures.OfType<string>())
        {
            await error.WriteLineAsync(failure);
        }

        ScenarioResult[] done = [.. results.OfType<ScenarioResult>()];
        foreach (ScenarioResult result in done.Where(result => !result.Recording.IsComplete))
        {
            await error.WriteLineAsync($"rstguard: {result.Scenario.Name}: {string.Join(' ', result.Recording.Gaps)}");
        }

        ScenarioRun[] rows = [.. done.Select(ScenarioRun.Of)];
        if (json)
        {
            await output.WriteLineAsync(ScenarioOutput.Json(rows));
        }
        else
        {
            ScenarioOutput.WriteText(rows, output);
        }

        bool wrong = failures.Any(failure => failure is not null) || done.Any(result => !result.IsRight || result.Agrees == false);
        return wrong ? Failed : runnable.Count < chosen.Count ? Unavailable : 0;
    }
}
