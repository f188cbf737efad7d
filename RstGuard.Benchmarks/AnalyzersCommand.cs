using System.CommandLine;
using System.Globalization;
using Spectre.Console;

namespace RstGuard.Benchmarks;

/// <summary>
/// <c>analyzers</c>: the rules over sources without sockets, beside NetAnalyzers; over sources dense with sockets; and how their time
/// grows with the code. Runs with and without alternate, so that what else the machine does meets both.
/// </summary>
internal static class AnalyzersCommand
{
    private const int WidestTable = 400;
    private const int QuietLines = 140_000;
    private const int DenseCopies = 200;
    private const int LongMethodStatements = 4_000;

    public static Command Create()
    {
        Option<DirectoryInfo?> sources = new("--sources") { Description = "A folder of C# sources without sockets to measure on, instead of generated ones." };
        Option<int> rounds = new("--rounds") { Description = "Measured rounds; the median counts.", DefaultValueFactory = _ => 5 };
        Command command = new("analyzers", "Time and memory of the rules beside NetAnalyzers.") { sources, rounds };
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed.GetValue(sources), parsed.GetValue(rounds), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(DirectoryInfo? folder, int rounds, CancellationToken cancellationToken)
    {
        string[] quiet = folder is null
            ? GeneratedSources.WithoutSockets(QuietLines)
            : [.. folder.EnumerateFiles("*.cs", SearchOption.AllDirectories).OrderBy(file => file.FullName, StringComparer.Ordinal).Select(file => File.ReadAllText(file.FullName))];

        Comparison beside = await Comparison.OfAsync(quiet, rounds, cancellationToken);
        Print(
            $"{quiet.Sum(Lines):N0} lines in {quiet.Length} files {(folder is null ? "generated without sockets" : "of the given folder")}; medians of {rounds} rounds after one to warm up",
            ["", "rules, ms", "worst rule, ms", "wall, ms", "allocated, MiB"],
            [
                ["NetAnalyzers", "", "", Number(beside.Without.Wall), Number(beside.Without.Allocated)],
                ["NetAnalyzers and RstGuard", Number(beside.With.Rules), $"{beside.With.Worst} {Number(beside.With.WorstTime)}", Number(beside.With.Wall), Number(beside.With.Allocated)],
                ["difference", "", "", Number(beside.With.Wall - beside.Without.Wall), Number(beside.AllocatedMore)],
            ]);

        List<string[]> growth = [];
        foreach ((string name, Func<int, string[]> make, int size) in new (string, Func<int, string[]>, int)[]
        {
            ("copies of the proofs", GeneratedSources.Proofs, DenseCopies),
            ("statements in one method", GeneratedSources.LongMethod, LongMethodStatements),
        })
        {
            (AnalyzerCost half, AnalyzerCost whole) = await Comparison.GrowthAsync(make(size / 2), make(size), rounds, cancellationToken);
            growth.Add([$"{size / 2:N0} and {size:N0} {name}", Number(half.Rules), Number(whole.Rules), (whole.Rules / half.Rules).ToString("0.00", CultureInfo.InvariantCulture), $"{whole.Worst} {Number(whole.WorstTime)}"]);
        }

        Print("Twice the code, RstGuard alone", ["", "rules, ms", "twice as much, ms", "ratio", "worst rule, ms"], growth);
        return 0;
    }

    private static void Print(string title, string[] columns, IEnumerable<string[]> rows)
    {
        Table table = new Table().MarkdownBorder().AddColumns(columns);
        foreach (string[] row in rows)
        {
            table.AddRow(row);
        }

        // Markdown rows must not be broken, whatever the terminal's width.
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(Console.Out) });
        console.Profile.Width = WidestTable;
        Console.WriteLine(title);
        console.Write(table);
    }

    private static int Lines(string source) => source.Count(c => c == '\n') + 1;

    private static string Number(double value) => value.ToString(value < 10 ? "0.0" : "0", CultureInfo.InvariantCulture);
}
