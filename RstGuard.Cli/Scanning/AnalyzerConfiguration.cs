using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Cli.Scanning;

/// <summary>
/// The .editorconfig and .globalconfig files that apply to one project, read as the compiler reads them: severities for the compilation,
/// options for the analyzers, and the build properties that a real build would pass.
/// </summary>
internal sealed class AnalyzerConfiguration
{
    private readonly AnalyzerConfigSet _set;
    private readonly ConcurrentDictionary<string, AnalyzerConfigOptionsResult> _perPath = new(StringComparer.Ordinal);

    private AnalyzerConfiguration(AnalyzerConfigSet set, IReadOnlyList<(string Path, SourceText Text)> files) => (_set, Files) = (set, files);

    /// <summary>The files, from the outermost folder on.</summary>
    public IReadOnlyList<(string Path, SourceText Text)> Files { get; }

    /// <summary>Reads the files of the folders that hold sources and of all folders above them.</summary>
    /// <param name="sources">Full paths of the sources.</param>
    /// <param name="problems">Receives files that could not be read.</param>
    public static AnalyzerConfiguration Read(IEnumerable<string> sources, ICollection<string> problems)
    {
        HashSet<string> directories = new(StringComparer.Ordinal);
        foreach (string source in sources)
        {
            for (string? directory = Path.GetDirectoryName(source); directory is not null && directories.Add(directory); directory = Path.GetDirectoryName(directory))
            {
            }
        }

        List<AnalyzerConfig> configs = [];
        List<(string, SourceText)> files = [];
        foreach (string path in directories.Order(StringComparer.Ordinal).SelectMany(d => new[] { Path.Combine(d, ".editorconfig"), Path.Combine(d, ".globalconfig") }))
        {
            try
            {
                if (File.Exists(path))
                {
                    using FileStream stream = File.OpenRead(path);
                    SourceText text = SourceText.From(stream);
                    configs.Add(AnalyzerConfig.Parse(text, path));
                    files.Add((path, text));
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
            {
                problems.Add($"{path}: not read, {e.Message}");
            }
        }

        return new AnalyzerConfiguration(AnalyzerConfigSet.Create(configs), files);
    }

    /// <summary>What the compilation asks: the severity of a rule in a file.</summary>
    public SyntaxTreeOptionsProvider Severities => new TreeOptions(this);

    /// <summary>What the analyzers ask: options of a file, and the build properties.</summary>
    public AnalyzerConfigOptionsProvider Options(bool isTestProject) => new AnalyzerOptionsProvider(this, isTestProject);

    private AnalyzerConfigOptionsResult For(string path) => _perPath.GetOrAdd(path, static (p, set) => set.GetOptionsForSourcePath(p), _set);

    private sealed class TreeOptions(AnalyzerConfiguration configuration) : SyntaxTreeOptionsProvider
    {
        public override GeneratedKind IsGenerated(SyntaxTree tree, CancellationToken cancellationToken) =>
            configuration.For(tree.FilePath).AnalyzerOptions.TryGetValue("generated_code", out string? value)
                ? value.Equals("true", StringComparison.OrdinalIgnoreCase) ? GeneratedKind.MarkedGenerated : GeneratedKind.NotGenerated
                : GeneratedKind.Unknown;

        public override bool TryGetDiagnosticValue(SyntaxTree tree, string diagnosticId, CancellationToken cancellationToken, out ReportDiagnostic severity) =>
            configuration.For(tree.FilePath).TreeOptions.TryGetValue(diagnosticId, out severity);

        public override bool TryGetGlobalDiagnosticValue(string diagnosticId, CancellationToken cancellationToken, out ReportDiagnostic severity) =>
            configuration._set.GlobalConfigOptions.TreeOptions.TryGetValue(diagnosticId, out severity);
    }

    private sealed class AnalyzerOptionsProvider : AnalyzerConfigOptionsProvider
    {
        private readonly AnalyzerConfiguration _configuration;
        private readonly ConcurrentDictionary<string, AnalyzerConfigOptions> _perPath = new(StringComparer.Ordinal);

        public AnalyzerOptionsProvider(AnalyzerConfiguration configuration, bool isTestProject)
        {
            _configuration = configuration;
            ImmutableDictionary<string, string> properties = configuration._set.GlobalConfigOptions.AnalyzerOptions;
            GlobalOptions = new OptionValues(isTestProject ? properties.SetItem("build_property.IsTestProject", "true") : properties);
        }

        public override AnalyzerConfigOptions GlobalOptions { get; }

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) =>
            _perPath.GetOrAdd(tree.FilePath, static (path, configuration) => new OptionValues(configuration.For(path).AnalyzerOptions), _configuration);

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => new OptionValues(_configuration.For(textFile.Path).AnalyzerOptions);
    }

    private sealed class OptionValues(ImmutableDictionary<string, string> values) : AnalyzerConfigOptions
    {
        // Keys are compared without case, as the compiler's own options are.
        private readonly ImmutableDictionary<string, string> _values = values.WithComparers(KeyComparer);

        public override IEnumerable<string> Keys => _values.Keys;

        public override bool TryGetValue(string key, [NotNullWhen(true)] out string? value) => _values.TryGetValue(key, out value);
    }
}
