using System.Collections.Immutable;
using System.Diagnostics;
using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Diagnostics.Telemetry;

namespace RstGuard.Benchmarks;

/// <summary>What one run of a set of analyzers cost.</summary>
/// <param name="Rules">Milliseconds in each of RstGuard's rules, by the analyzer driver's telemetry.</param>
/// <param name="Others">Milliseconds in all other analyzers.</param>
/// <param name="Wall">Milliseconds of the whole run.</param>
/// <param name="Processor">Milliseconds of processor time of the whole run, all threads together.</param>
/// <param name="Allocated">MiB allocated by the whole run.</param>
internal sealed record AnalyzerCost(ImmutableSortedDictionary<string, double> Rules, double Others, double Wall, double Processor, double Allocated)
{
    private static readonly ImmutableArray<MetadataReference> References =
    [
        .. new[] { "ReferencePack", "AspNetCoreReferencePack" }
            .SelectMany(pack => Directory.EnumerateFiles(Metadata(pack), "*.dll"))
            .DistinctBy(Path.GetFileName)
            .Select(MetadataReference (file) => MetadataReference.CreateFromFile(file)),
    ];

    /// <summary>All rules of RstGuard.</summary>
    public static ImmutableArray<DiagnosticAnalyzer> RstGuard { get; } = AnalyzersOf(typeof(SocketRule).Assembly);

    /// <summary>The analyzers that the SDK adds to every project.</summary>
    public static ImmutableArray<DiagnosticAnalyzer> NetAnalyzers { get; } =
    [
        .. Directory.EnumerateFiles(Metadata("NetAnalyzers"), "*NetAnalyzers.dll")
            .Where(file => !file.Contains("VisualBasic", StringComparison.Ordinal))
            .SelectMany(file => AnalyzersOf(Assembly.LoadFrom(file))),
    ];

    /// <summary>Milliseconds in all rules together.</summary>
    public double AllRules => Rules.Values.Sum();

    /// <summary>The rule with the longest time, and its milliseconds.</summary>
    public KeyValuePair<string, double> Worst => Rules.MaxBy(rule => rule.Value);

    /// <summary>Measures <paramref name="analyzers"/> over <paramref name="sources"/>, once.</summary>
    /// <exception cref="InvalidOperationException">An analyzer failed (AD0001), so that its time means nothing.</exception>
    public static async Task<AnalyzerCost> OfAsync(ImmutableArray<SyntaxTree> sources, ImmutableArray<DiagnosticAnalyzer> analyzers, CancellationToken cancellationToken)
    {
        // A compilation of its own for each run: what a run learns must not serve the next.
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Measured", sources, References, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
        compilation.GetDiagnostics(cancellationToken);
        CompilationWithAnalyzers driver = compilation.WithAnalyzers(
            analyzers, new CompilationWithAnalyzersOptions(new AnalyzerOptions([]), onAnalyzerException: null, concurrentAnalysis: true, logAnalyzerExecutionTime: true));

        GC.Collect();
        GC.WaitForPendingFinalizers();
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        TimeSpan processorBefore = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        ImmutableArray<Diagnostic> diagnostics = await driver.GetAnalyzerDiagnosticsAsync(cancellationToken);
        double wall = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        double processor = (Environment.CpuUsage.TotalTime - processorBefore).TotalMilliseconds;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        if (diagnostics.FirstOrDefault(diagnostic => diagnostic.Id == "AD0001") is { } failure)
        {
            throw new InvalidOperationException(failure.GetMessage());
        }

        ImmutableSortedDictionary<string, double>.Builder rules = ImmutableSortedDictionary.CreateBuilder<string, double>(StringComparer.Ordinal);
        double others = 0;
        foreach (DiagnosticAnalyzer analyzer in analyzers)
        {
            AnalyzerTelemetryInfo telemetry = await driver.GetAnalyzerTelemetryInfoAsync(analyzer, cancellationToken);
            if (analyzer is SocketRule)
            {
                rules.Add(analyzer.SupportedDiagnostics[0].Id, telemetry.ExecutionTime.TotalMilliseconds);
            }
            else
            {
                others += telemetry.ExecutionTime.TotalMilliseconds;
            }
        }

        return new AnalyzerCost(rules.ToImmutable(), others, wall, processor, allocated / 1024.0 / 1024.0);
    }

    private static ImmutableArray<DiagnosticAnalyzer> AnalyzersOf(Assembly assembly) =>
    [
        .. assembly.GetTypes()
            .Where(type => !type.IsAbstract && type.GetCustomAttribute<DiagnosticAnalyzerAttribute>()?.Languages.Contains(LanguageNames.CSharp) == true)
            .OrderBy(type => type.FullName, StringComparer.Ordinal)
            .Select(type => (DiagnosticAnalyzer)Activator.CreateInstance(type)!),
    ];

    private static string Metadata(string key) =>
        Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>().First(attribute => attribute.Key == key).Value!;
}
