using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace RstGuard.Benchmarks;

/// <summary>NetAnalyzers alone and with RstGuard, in alternating runs.</summary>
/// <param name="Without">NetAnalyzers alone: the least of the rounds.</param>
/// <param name="With">NetAnalyzers and RstGuard: the least of the rounds.</param>
/// <param name="Wall">What RstGuard adds to the wall time of a round, in milliseconds.</param>
/// <param name="Processor">What it adds to the processor time, in milliseconds.</param>
/// <param name="Allocated">What it adds to what is allocated, in MiB.</param>
internal sealed record Comparison(AnalyzerCost Without, AnalyzerCost With, Comparison.Added Wall, Comparison.Added Processor, Comparison.Added Allocated)
{
    public static async Task<Comparison> OfAsync(string[] sources, int rounds, CancellationToken cancellationToken)
    {
        List<AnalyzerCost> without = [], with = [];
        for (int round = 0; round <= rounds; round++)
        {
            // Which comes first alternates too: the second runs in a heap that the first has grown.
            for (int i = 0; i < 2; i++)
            {
                bool both = (round + i) % 2 != 0;
                AnalyzerCost cost = await RunAsync(sources, both ? AnalyzerCost.NetAnalyzers.AddRange(AnalyzerCost.RstGuard) : AnalyzerCost.NetAnalyzers, cancellationToken);
                if (round > 0)
                {
                    (both ? with : without).Add(cost);
                }
            }
        }

        return new Comparison(Least(without), Least(with), AddedTo(cost => cost.Wall), AddedTo(cost => cost.Processor), AddedTo(cost => cost.Allocated));

        Added AddedTo(Func<AnalyzerCost, double> figure)
        {
            double[] differences = [.. with.Zip(without, (more, less) => figure(more) - figure(less))];
            double median = GuardCommand.Median(differences);
            int last = differences.Length - 1;
            return new Added(median, differences[last / 4], differences[last - (last / 4)]);
        }
    }

    /// <summary>RstGuard alone over some sources and over twice as much, in alternating runs: the least of the rounds.</summary>
    public static async Task<(AnalyzerCost Half, AnalyzerCost Whole)> GrowthAsync(string[] half, string[] whole, int rounds, CancellationToken cancellationToken)
    {
        List<AnalyzerCost> ofFew = [], ofMany = [];
        for (int round = 0; round <= rounds; round++)
        {
            AnalyzerCost one = await RunAsync(half, AnalyzerCost.RstGuard, cancellationToken);
            AnalyzerCost two = await RunAsync(whole, AnalyzerCost.RstGuard, cancellationToken);
            if (round > 0)
            {
                ofFew.Add(one);
                ofMany.Add(two);
            }
        }

        return (Least(ofFew), Least(ofMany));
    }

    /// <summary>Some analyzers alone: the least of the rounds.</summary>
    public static async Task<AnalyzerCost> AloneAsync(string[] sources, ImmutableArray<DiagnosticAnalyzer> analyzers, int rounds, CancellationToken cancellationToken)
    {
        List<AnalyzerCost> costs = [];
        for (int round = 0; round <= rounds; round++)
        {
            AnalyzerCost cost = await RunAsync(sources, analyzers, cancellationToken);
            if (round > 0)
            {
                costs.Add(cost);
            }
        }

        return Least(costs);
    }

    // Files of its own for each run: what the rules keep of a file must not serve the next.
    private static Task<AnalyzerCost> RunAsync(string[] sources, ImmutableArray<DiagnosticAnalyzer> analyzers, CancellationToken cancellationToken) =>
        AnalyzerCost.OfAsync(
            [.. sources.Select((source, index) => CSharpSyntaxTree.ParseText(source, new CSharpParseOptions(LanguageVersion.Latest), $"{index}.cs"))], analyzers, cancellationToken);

    /// <summary>Differences of runs with and without, one a round: their median, and the bounds of their middle half.</summary>
    internal readonly record struct Added(double Median, double Low, double High);

    // The least of the rounds for each figure: what else the machine does only ever adds.
    private static AnalyzerCost Least(List<AnalyzerCost> costs) => new(
        costs[0].Rules.Keys.ToImmutableSortedDictionary(id => id, id => costs.Min(cost => cost.Rules[id]), StringComparer.Ordinal),
        costs.Min(cost => cost.Others),
        costs.Min(cost => cost.Wall),
        costs.Min(cost => cost.Processor),
        costs.Min(cost => cost.Allocated));
}
