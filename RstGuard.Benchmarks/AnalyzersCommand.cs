using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using Microsoft.CodeAnalysis.Diagnostics;
using Spectre.Console;

namespace RstGuard.Benchmarks;

/// <summary>
/// <c>analyzers</c>: the rules over sources without sockets, beside NetAnalyzers; the model alone and each rule alone; and how their
/// time grows with the code. Runs with and without alternate, so that what else the machine does meets both.
/// </summary>
internal static class AnalyzersCommand
{
    internal const int QuietLines = 140_000;
    internal const int DenseCopies = 200;
    internal const int LongMethodStatements = 4_000;

    private const int WidestTable = 400;

    private enum Part
    {
        Quiet,
        Alone,
        Growth,
    }

    public static Command Create()
    {
        Option<DirectoryInfo?> sources = new("--sources") { Description = "A folder of C# sources without sockets to measure on, instead of generated ones." };
        Option<int> rounds = new("--rounds") { Description = "Measured rounds; the least counts.", DefaultValueFactory = _ => 5 };
        Option<Part[]> parts = new("--part") { Description = "quiet: sources without sockets, beside NetAnalyzers; alone: the model and each rule alone; growth: twice the code. All unless told." };
        Command command = new("analyzers", "Time and memory of the rules beside NetAnalyzers.") { sources, rounds, parts };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Part[] chosen = parsed.GetValue(parts) is { Length: > 0 } some ? some : Enum.GetValues<Part>();
            string[] quiet = parsed.GetValue(sources) is { } folder
                ? [.. folder.EnumerateFiles("*.cs", SearchOption.AllDirectories).OrderBy(file => file.FullName, StringComparer.Ordinal).Select(file => File.ReadAllText(file.FullName))]
                : GeneratedSources.WithoutSockets(QuietLines);
            string name = $"{quiet.Sum(Lines):N0} lines in {quiet.Length} files {(parsed.GetValue(sources) is null ? "generated without sockets" : "of the given folder")}";
            await WriteAsync(Console.Out, name, quiet, parsed.GetValue(rounds), chosen, cancellationToken);
            return 0;
        });
        return command;
    }

    /// <summary>All parts, over generated sources, as Markdown.</summary>
    public static Task WriteAsync(TextWriter output, int rounds, CancellationToken cancellationToken)
    {
        string[] quiet = GeneratedSources.WithoutSockets(QuietLines);
        return WriteAsync(output, $"{quiet.Sum(Lines):N0} lines in {quiet.Length} files generated without sockets", quiet, rounds, Enum.GetValues<Part>(), cancellationToken);
    }

    /// <summary>A table as Markdown, its rows unbroken whatever the terminal's width.</summary>
    internal static void Print(TextWriter output, string title, string[] columns, IEnumerable<string[]> rows)
    {
        Table table = new Table().MarkdownBorder().AddColumns(columns);
        foreach (string[] row in rows)
        {
            table.AddRow(row);
        }

        using StringWriter text = new(CultureInfo.InvariantCulture);
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = WidestTable;
        console.Write(table);
        output.WriteLine(title);
        output.WriteLine();
        output.WriteLine(string.Join('\n', text.ToString().Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0)));
        output.WriteLine();
    }

    internal static string Number(double value) => value.ToString(Math.Abs(value) < 10 ? "0.0" : "0", CultureInfo.InvariantCulture);

    internal static string Ratio(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);

    private static async Task WriteAsync(TextWriter output, string nameOfQuiet, string[] quiet, int rounds, Part[] parts, CancellationToken cancellationToken)
    {
        string measured = $"the least of {rounds} rounds after one to warm up";
        if (parts.Contains(Part.Quiet))
        {
            AnalyzerCost alone = await Comparison.AloneAsync(quiet, AnalyzerCost.RstGuard, rounds, cancellationToken);
            Comparison beside = await Comparison.OfAsync(quiet, rounds, cancellationToken);
            Print(
                output,
                $"{nameOfQuiet}; {measured}. Alone, RstGuard also pays for what it has the compiler do, which otherwise others have paid for; what is added beside NetAnalyzers is the median of the rounds' differences and their middle half, since two runs of seconds may differ by more than the rules take:",
                ["", "rules, ms", "longest rule, ms", "wall, ms", "processor, ms", "allocated, MiB"],
                [
                    ["RstGuard alone", Number(alone.AllRules), Longest(alone), Number(alone.Wall), Number(alone.Processor), Number(alone.Allocated)],
                    ["NetAnalyzers", "", "", Number(beside.Without.Wall), Number(beside.Without.Processor), Number(beside.Without.Allocated)],
                    ["NetAnalyzers and RstGuard", Number(beside.With.AllRules), Longest(beside.With), Number(beside.With.Wall), Number(beside.With.Processor), Number(beside.With.Allocated)],
                    ["RstGuard adds", "", "", Spread(beside.Wall), Spread(beside.Processor), Spread(beside.Allocated)],
                ]);
        }

        if (parts.Contains(Part.Alone))
        {
            string[] dense = GeneratedSources.Proofs(DenseCopies);
            ImmutableArray<DiagnosticAnalyzer> modelFirst = [new ModelAlone(), .. AnalyzerCost.RstGuard];
            AnalyzerCost overQuiet = await Comparison.AloneAsync(quiet, modelFirst, rounds, cancellationToken);
            AnalyzerCost overDense = await Comparison.AloneAsync(dense, modelFirst, rounds, cancellationToken);
            Print(
                output,
                $"The model, asked first, and what each rule adds to it, ms: over the same lines without sockets, and over {dense.Sum(Lines):N0} lines dense with sockets, copies of the proofs' programs; {measured}:",
                ["", "without sockets", "dense with sockets"],
                [
                    .. overQuiet.Rules.OrderBy(rule => rule.Key != ModelAlone.Name).Select(rule => new[] { rule.Key, Number(rule.Value), Number(overDense.Rules[rule.Key]) }),
                    ["together", Number(overQuiet.AllRules), Number(overDense.AllRules)],
                ]);
        }

        if (parts.Contains(Part.Growth))
        {
            List<string[]> growth = [];
            foreach ((string name, Func<int, string[]> make, int size) in new (string, Func<int, string[]>, int)[]
            {
                ("copies of the proofs", GeneratedSources.Proofs, DenseCopies),
                ("statements in one method", GeneratedSources.LongMethod, LongMethodStatements),
            })
            {
                (AnalyzerCost half, AnalyzerCost whole) = await Comparison.GrowthAsync(make(size / 2), make(size), rounds, cancellationToken);
                growth.Add([$"{size / 2:N0} and {size:N0} {name}", Number(half.AllRules), Number(whole.AllRules), Ratio(whole.AllRules / half.AllRules), Longest(whole), Steepest(half, whole)]);
            }

            Print(output, $"Twice the code, RstGuard alone; {measured}:", ["", "rules, ms", "twice as much, ms", "ratio", "longest rule, ms", "steepest rule, ms"], growth);
        }
    }

    private static string Spread(Comparison.Added added) => $"{Number(added.Median)} ({Number(added.Low)} to {Number(added.High)})";

    private static string Longest(AnalyzerCost cost) => $"{cost.Worst.Key} {Number(cost.Worst.Value)}";

    // Among those that take long enough to tell.
    private static string Steepest(AnalyzerCost half, AnalyzerCost whole)
    {
        const double Shortest = 3;
        return string.Join(", ", whole.Rules.Where(rule => rule.Value >= Shortest).OrderByDescending(rule => rule.Value / half.Rules[rule.Key]).Take(3)
            .Select(rule => $"{rule.Key} {Number(half.Rules[rule.Key])} to {Number(rule.Value)}"));
    }

    private static int Lines(string source) => source.Count(c => c == '\n') + 1;
}
