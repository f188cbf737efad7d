using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace RstGuard.Tests.OtherAnalyzers;

/// <summary>
/// The analyzers that watch over disposal, threading and reads in the projects that use RstGuard: NetAnalyzers, IDisposableAnalyzers,
/// Microsoft.VisualStudio.Threading.Analyzers and SonarAnalyzer, each from its package. Only the ids are asked for that a fix could wake.
/// </summary>
internal static class OtherAnalyzers
{
    private static readonly Lazy<ImmutableArray<DiagnosticAnalyzer>> Loaded = new(() =>
        [.. typeof(OtherAnalyzers).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "OtherAnalyzers").Value!.Split(';')
            .SelectMany(folder => new PackageContext(folder).Analyzers())
            .Where(analyzer => analyzer.SupportedDiagnostics.Any(descriptor => IsAsked(descriptor.Id)))]);

    /// <summary>Whether a diagnostic is one that no fix may add.</summary>
    public static bool IsAsked(string id) =>
        id is "CA2000" or "S2674" || id.StartsWith("IDISP", StringComparison.Ordinal) || id.StartsWith("VSTHRD", StringComparison.Ordinal);

    /// <summary>Their diagnostics with the ids asked for, sorted by place. Ids that are off by default are switched on.</summary>
    public static async Task<ImmutableArray<Diagnostic>> DiagnosticsAsync(Compilation compilation, CancellationToken cancellationToken)
    {
        ImmutableDictionary<string, ReportDiagnostic> severities = Loaded.Value
            .SelectMany(analyzer => analyzer.SupportedDiagnostics)
            .Select(descriptor => descriptor.Id)
            .Distinct()
            .ToImmutableDictionary(id => id, id => IsAsked(id) ? ReportDiagnostic.Warn : ReportDiagnostic.Suppress);
        List<string> crashes = [];
        CompilationWithAnalyzers driver = new(
            compilation.WithOptions(compilation.Options.WithSpecificDiagnosticOptions(severities)),
            Loaded.Value,
            new CompilationWithAnalyzersOptions(
                new AnalyzerOptions([]),
                onAnalyzerException: (exception, analyzer, _) => crashes.Add($"{analyzer.GetType().FullName} threw {exception}"),
                concurrentAnalysis: false,
                logAnalyzerExecutionTime: false));
        ImmutableArray<Diagnostic> diagnostics = await driver.GetAnalyzerDiagnosticsAsync(cancellationToken);
        Assert.Empty(crashes);
        return [.. diagnostics.Where(diagnostic => IsAsked(diagnostic.Id)).OrderBy(diagnostic => diagnostic.Location.GetLineSpan().Path, StringComparer.Ordinal).ThenBy(diagnostic => diagnostic.Location.SourceSpan.Start)];
    }

    /// <summary>A package's assemblies see each other, and this process's Roslyn.</summary>
    private sealed class PackageContext(string folder) : AssemblyLoadContext
    {
        public IEnumerable<DiagnosticAnalyzer> Analyzers() =>
            from path in Directory.Exists(folder)
                ? Directory.GetFiles(folder, "*.dll")
                : throw new DirectoryNotFoundException($"No analyzers at '{folder}'. They come with `dotnet restore RstGuard.Tests`.")
            where !path.EndsWith(".CodeFixes.dll", StringComparison.Ordinal)
            from type in LoadFromAssemblyPath(path).GetTypes()
            where !type.IsAbstract && type.IsDefined(typeof(DiagnosticAnalyzerAttribute), inherit: false) && typeof(DiagnosticAnalyzer).IsAssignableFrom(type)
            select (DiagnosticAnalyzer)Activator.CreateInstance(type, nonPublic: true)!;

        protected override Assembly? Load(AssemblyName name)
        {
            string beside = Path.Combine(folder, name.Name + ".dll");
            return File.Exists(beside) ? LoadFromAssemblyPath(beside) : null;
        }
    }
}
