using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace RstGuard.Benchmarks;

/// <summary>NetAnalyzers alone and with RstGuard, in alternating runs.</summary>
/// <param name="Without">NetAnalyzers alone: medians.</param>
/// <param name="With">NetAnalyzers and RstGuard: medians.</param>
/// <param name="AllocatedMore">MiB that the second allocated more than the first in the same round: the median of the rounds.</param>
internal sealed record Comparison(AnalyzerCost Without, AnalyzerCost With, double AllocatedMore)
{
    public static async Task<Comparison> OfAsync(string[] sources, int rounds, CancellationToken cancellationToken)
    {
        ImmutableArray<SyntaxTree> trees = Parse(sources);
        List<AnalyzerCost> without = [], with = [];
        for (int round = 0; round <= rounds; round++)
        {
            AnalyzerCost alone = await AnalyzerCost.OfAsync(trees, AnalyzerCost.NetAnalyzers, cancellationToken);
            AnalyzerCost both = await AnalyzerCost.OfAsync(trees, AnalyzerCost.NetAnalyzers.AddRange(AnalyzerCost.RstGuard), cancellationToken);
            if (round > 0)
            {
                without.Add(alone);
                with.Add(both);
            }
        }

        return new Comparison(Median(without), Median(with), Median(without.Zip(with, (one, other) => other.Allocated - one.Allocated)));
    }

    /// <summary>RstGuard alone over some sources and over twice as much, in alternating runs: medians.</summary>
    public static async Task<(AnalyzerCost Half, AnalyzerCost Whole)> GrowthAsync(string[] half, string[] whole, int rounds, CancellationToken cancellationToken)
    {
        ImmutableArray<SyntaxTree> few = Parse(half), many = Parse(whole);
        List<AnalyzerCost> ofFew = [], ofMany = [];
        for (int round = 0; round <= rounds; round++)
        {
            AnalyzerCost one = await AnalyzerCost.OfAsync(few, AnalyzerCost.RstGuard, cancellationToken);
            AnalyzerCost two = await AnalyzerCost.OfAsync(many, AnalyzerCost.RstGuard, cancellationToken);
            if (round > 0)
            {
                ofFew.Add(one);
                ofMany.Add(two);
            }
        }

        return (Median(ofFew), Median(ofMany));
    }

    private static ImmutableArray<SyntaxTree> Parse(string[] sources) =>
        [.. sources.Select((source, index) => CSharpSyntaxTree.ParseText(source, new CSharpParseOptions(LanguageVersion.Latest), $"{index}.cs"))];

    private static AnalyzerCost Median(List<AnalyzerCost> costs)
    {
        AnalyzerCost middle = costs.OrderBy(cost => cost.Rules).ElementAt(costs.Count / 2);
        return middle with { Wall = Median(costs.Select(cost => cost.Wall)), Allocated = Median(costs.Select(cost => cost.Allocated)) };
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
