using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;

namespace RstGuard.Benchmarks;

/// <summary><c>performance</c>: all that docs/performance.md says, measured in one run and written there.</summary>
internal static class PerformanceCommand
{
    public static Command Create()
    {
        Option<FileInfo> project = new("--project") { Description = "A project file to build with RstGuard beside other analyzers, such as MQTTnet's.", Required = true };
        Option<string> framework = new("--framework") { Description = "The target framework to build it for.", DefaultValueFactory = _ => "net10.0" };
        Option<int> rounds = new("--rounds") { Description = "Measured rounds; the least counts.", DefaultValueFactory = _ => 10 };
        Option<FileInfo?> output = new("--output") { Description = "The page to write; the terminal unless told." };
        Command command = new("performance", "What the analyzers cost, in a build beside others and over generated code, as a page.") { project, framework, rounds, output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using StringWriter page = new(CultureInfo.InvariantCulture);
            page.NewLine = "\n";
            await WriteAsync(page, parsed.GetValue(project)!, parsed.GetValue(framework)!, parsed.GetValue(rounds), cancellationToken);
            if (parsed.GetValue(output) is { } file)
            {
                await File.WriteAllTextAsync(file.FullName, page.ToString().TrimEnd('\n') + "\n", cancellationToken);
            }
            else
            {
                await Console.Out.WriteAsync(page.ToString());
            }

            return 0;
        });
        return command;
    }

    private static async Task WriteAsync(StringWriter page, FileInfo project, string framework, int rounds, CancellationToken cancellationToken)
    {
        string name = Path.GetFileNameWithoutExtension(project.Name);
        await page.WriteLineAsync($"""
            # What the analyzers cost

            Made by one command, whose figures stand side by side because they come from one run:

                dotnet run -c Release --project RstGuard.Benchmarks -- performance --project {name}/Source/{name}/{project.Name} --rounds {rounds} --output docs/performance.md

            on {DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}: {Environment.ProcessorCount} cores ({RuntimeInformation.ProcessArchitecture}), {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}. Other machines differ;
            the ratios should not. Each figure is the least of its rounds, since what else a machine does only ever adds.

            ## In a build, beside other analyzers

            One build of {name} ({framework}) with all of them, by the compiler's own report (`-p:ReportAnalyzer=true`): seconds, summed over each one's
            analyzers. The first build loads the analyzers and compiles their code, and most of its time is that; later builds find both in the
            compiler server.

            """);
        IReadOnlyDictionary<string, BuildCost> costs = await BuildCost.OfAsync(project, framework, rounds, cancellationToken);
        double own = costs["RstGuard.Analyzers"].Least;
        AnalyzersCommand.Print(
            page,
            $"The first build, and the least of {rounds} after two to warm up:",
            ["analyzers", "first build, s", "later builds, s", "times RstGuard"],
            costs.Where(cost => cost.Value.Least > 0.01).OrderBy(cost => cost.Value.Least)
                .Select(cost => new[] { cost.Key, Seconds(cost.Value.First), Seconds(cost.Value.Least), AnalyzersCommand.Ratio(cost.Value.Least / own) }));
        await page.WriteLineAsync("## Over code without sockets, and dense with them\n");
        await AnalyzersCommand.WriteAsync(page, rounds, cancellationToken);
        await page.WriteLineAsync("""
            ## The gate

            `dotnet run -c Release --project RstGuard.Benchmarks -- gate` measures the rules again, beside NetAnalyzers over the same code, and fails when they take more than
            35 % and 10 ms longer than [baseline.json](../RstGuard.Benchmarks/baseline.json) says, at this machine's speed: the baseline holds both times, and NetAnalyzers' time then
            and now tells how fast this machine is. `.ci/run` runs it. After a change that is worth its time, `gate --write` writes a new baseline.
            """);
    }

    private static string Seconds(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
}
