using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Microsoft.CodeAnalysis.Diagnostics;

namespace RstGuard.Benchmarks;

/// <summary>
/// <c>gate</c>: the rules' time now against a committed baseline. The baseline is another machine's, so that both hold the time of
/// NetAnalyzers beside it, which tells how fast the machine is.
/// </summary>
internal static class GateCommand
{
    private const double MostRatio = 1.35;
    private const double MostMilliseconds = 10;

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static Command Create()
    {
        Option<int> rounds = new("--rounds") { Description = "Measured rounds; the least counts.", DefaultValueFactory = _ => 4 };
        Option<FileInfo?> write = new("--write") { Description = "Write what was measured to this file, as the new baseline, and compare nothing." };
        Command command = new("gate", "Fails when the rules take longer than the committed baseline allows.") { rounds, write };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Times now = await MeasureAsync(parsed.GetValue(rounds), cancellationToken);
            if (parsed.GetValue(write) is { } file)
            {
                await File.WriteAllTextAsync(file.FullName, JsonSerializer.Serialize(now, Format) + "\n", cancellationToken);
                return 0;
            }

            using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("baseline.json")!;
            Times baseline = (await JsonSerializer.DeserializeAsync<Times>(stream, Format, cancellationToken))!;
            double speed = now.NetAnalyzers / baseline.NetAnalyzers;
            Console.WriteLine($"NetAnalyzers {Number(now.NetAnalyzers)} ms, {Number(baseline.NetAnalyzers)} in the baseline: {AnalyzersCommand.Ratio(speed)} times its time on this machine");
            bool good = Judge("without sockets", now.WithoutSockets, baseline.WithoutSockets * speed);
            good &= Judge("dense with sockets", now.DenseWithSockets, baseline.DenseWithSockets * speed);
            return good ? 0 : 1;
        });
        return command;
    }

    private static bool Judge(string name, double now, double allowed)
    {
        bool good = now <= allowed * MostRatio || now <= allowed + MostMilliseconds;
        Console.WriteLine($"{name}: {Number(now)} ms where the baseline says {Number(allowed)}, {AnalyzersCommand.Ratio(now / allowed)} times{(good ? "" : $": more than {MostRatio} times and {MostMilliseconds} ms longer. See docs/performance.md for how to find the rule, and for a new baseline")}");
        return good;
    }

    private static async Task<Times> MeasureAsync(int rounds, CancellationToken cancellationToken)
    {
        string[] quiet = GeneratedSources.WithoutSockets(AnalyzersCommand.QuietLines), dense = GeneratedSources.Proofs(AnalyzersCommand.DenseCopies);
        AnalyzerCost overQuiet = await Comparison.AloneAsync(quiet, AnalyzerCost.RstGuard, rounds, cancellationToken);
        ImmutableArray<DiagnosticAnalyzer> both = AnalyzerCost.NetAnalyzers.AddRange(AnalyzerCost.RstGuard);
        AnalyzerCost overDense = await Comparison.AloneAsync(dense, both, rounds, cancellationToken);
        return new Times(Math.Round(overDense.Others, 1), Math.Round(overQuiet.Wall, 1), Math.Round(overDense.AllRules, 1));
    }

    private static string Number(double value) => value.ToString("0", CultureInfo.InvariantCulture);

    /// <summary>Milliseconds, by the driver's telemetry where nothing else is said.</summary>
    /// <param name="NetAnalyzers">Over the code dense with sockets.</param>
    /// <param name="WithoutSockets">A whole run of all rules, and of nothing else, over the code without sockets: what the driver and the compiler do for them counts too.</param>
    /// <param name="DenseWithSockets">All rules over the code dense with sockets.</param>
    private sealed record Times(double NetAnalyzers, double WithoutSockets, double DenseWithSockets);
}
