using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Reflection;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Cli.Scanning;

/// <summary>
/// Runs the analyzers over sources that nobody restores or builds: packages are missing, so some of the code does not bind, and what
/// binds is analysed. One project is in memory at a time.
/// </summary>
internal sealed class LooseScanner
{
    private static readonly string[] TestNamespaces =
        ["Machine.Specifications", "Microsoft.VisualStudio.TestTools.UnitTesting", "NUnit.Framework", "TUnit.Core", "Xunit"];

    private readonly string _root;
    private readonly ReferenceAssemblies _assemblies;
    private readonly ImmutableArray<DiagnosticAnalyzer> _analyzers;
    private readonly CSharpParseOptions _parseOptions;
    private readonly ConcurrentBag<string> _notes = [];
    private readonly HashSet<Finding> _findings = [];
    private readonly FixVerifier? _fixVerifier;
    private readonly Dictionary<Finding, FixVerification?> _fixes = [];
    private int _files;
    private long _lines;

    /// <param name="root">The folder to scan.</param>
    /// <param name="assemblies">What to compile against.</param>
    /// <param name="analyzers">Mostly <see cref="ShippedAnalyzers"/>.</param>
    /// <param name="defines">Preprocessor symbols beside those of the target framework.</param>
    /// <param name="fixVerifier">Tries the fix of each finding; null: fixes are not looked at.</param>
    public LooseScanner(
        string root, ReferenceAssemblies assemblies, ImmutableArray<DiagnosticAnalyzer> analyzers, IEnumerable<string> defines, FixVerifier? fixVerifier = null)
    {
        _fixVerifier = fixVerifier;
        _root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        _assemblies = assemblies;
        _analyzers = analyzers;
        _parseOptions = new CSharpParseOptions(
            LanguageVersion.Latest, DocumentationMode.None, preprocessorSymbols: PreprocessorSymbols.OfTargetFramework(assemblies.Version.Major).Concat(defines));
    }

    /// <summary>One instance of each analyzer of RstGuard.Analyzers.</summary>
    public static ImmutableArray<DiagnosticAnalyzer> ShippedAnalyzers { get; } =
    [
        .. Assembly.Load("RstGuard.Analyzers").GetTypes()
            .Where(t => !t.IsAbstract && t.IsDefined(typeof(DiagnosticAnalyzerAttribute), inherit: false))
            .OrderBy(t => t.FullName, StringComparer.Ordinal)
            .Select(t => (DiagnosticAnalyzer)Activator.CreateInstance(t)!),
    ];

    /// <summary>Scans the folder; may be called once.</summary>
    /// <param name="progress">Told how many of all files are done, after each project.</param>
    /// <param name="cancellationToken">Ends the scan between two steps of the compiler.</param>
    public async Task<ScanResult> ScanAsync(IProgress<(int Done, int All)>? progress, CancellationToken cancellationToken)
    {
        SourceFolder folder = SourceFolder.Read(_root, cancellationToken);
        int all = folder.Projects.Sum(p => p.Sources.Length), done = 0;
        progress?.Report((0, all));
        foreach (SourceProject project in folder.Projects)
        {
            await ScanProjectAsync(project, cancellationToken);
            done += project.Sources.Length;
            progress?.Report((done, all));
        }

        List<Finding> findings = [.. _findings];
        findings.Sort();
        return new ScanResult
        {
            Findings = findings,
            Fixes = _fixVerifier is null ? null : _fixes,
            Notes = [.. folder.Notes.Concat(_notes).Distinct().Order(StringComparer.Ordinal)],
            Projects = folder.Projects.Length,
            Files = _files,
            Lines = _lines,
        };
    }

    private async Task ScanProjectAsync(SourceProject project, CancellationToken cancellationToken)
    {
        ProjectFile[] files = project.ProjectPaths.Select(ProjectFile.Read).ToArray();
        List<string> problems = [.. files.SelectMany(f => f.Problems)];
        AnalyzerConfiguration configuration = AnalyzerConfiguration.Read(project.Sources, problems);
        foreach (string problem in problems)
        {
            _notes.Add(problem);
        }

        ImmutableArray<ParsedSource> sources = Parse(project.Sources, cancellationToken);
        HashSet<string> tests = TestSources(project, files, sources, cancellationToken);
        SyntaxTree? implicitUsings = ImplicitUsings(project, files, sources);
        CSharpCompilationOptions options = new CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary,
                allowUnsafe: true,
                nullableContextOptions: files.Any(f => f.IsNullable) ? NullableContextOptions.Enable : NullableContextOptions.Disable,
                specificDiagnosticOptions: files.SelectMany(f => f.DisabledRules).Distinct().Select(id => KeyValuePair.Create(id, ReportDiagnostic.Suppress)))
            .WithSyntaxTreeOptionsProvider(configuration.Severities);

        HashSet<SyntaxTree> aboutSockets = SocketSources.Of(sources, cancellationToken);
        if (aboutSockets.Count == 0)
        {
            return;
        }

        foreach (CompilationLayer layer in CompilationLayers.Divide(sources))
        {
            // A compilation for what is test code and one for what is not: the property is one for a whole compilation.
            foreach (IGrouping<bool, ParsedSource> part in layer.Reported.Where(s => aboutSockets.Contains(s.Tree)).GroupBy(s => tests.Contains(s.Tree.FilePath)))
            {
                IEnumerable<SyntaxTree> trees = layer.Sources.Select(s => s.Tree);
                CSharpCompilation compilation = CSharpCompilation.Create(
                    project.ProjectPaths.Length > 0 ? Path.GetFileNameWithoutExtension(project.ProjectPaths[0]) : "Loose",
                    implicitUsings is null ? trees : trees.Prepend(implicitUsings),
                    _assemblies.References,
                    layer.Sources.Any(s => s.Declarations.HasTopLevelStatements) ? options.WithOutputKind(OutputKind.ConsoleApplication) : options);
                await AnalyzeAsync(project, compilation, part.Select(s => s.Tree).ToArray(), configuration, configuration.Options(isTestProject: part.Key), cancellationToken);
            }
        }
    }

    private ImmutableArray<ParsedSource> Parse(ImmutableArray<string> paths, CancellationToken cancellationToken)
    {
        ParsedSource[][] parsed = new ParsedSource[paths.Length][];
        Parallel.For(0, paths.Length, new ParallelOptions { CancellationToken = cancellationToken }, i =>
        {
            parsed[i] = [];
            try
            {
                SourceText text;
                using (FileStream stream = File.OpenRead(paths[i]))
                {
                    text = SourceText.From(stream, Encoding.UTF8);
                }

                Interlocked.Increment(ref _files);
                Interlocked.Add(ref _lines, text.Lines.Count);
                parsed[i] = [.. ParsedSource.Of(CSharpSyntaxTree.ParseText(text, _parseOptions, paths[i], cancellationToken), cancellationToken)];
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _notes.Add($"{paths[i]}: not read, {e.Message}");
            }
            catch (InsufficientExecutionStackException)
            {
                _notes.Add($"{paths[i]}: not read, nested too deeply to be parsed");
            }
        });
        return [.. parsed.SelectMany(p => p)];
    }

    /// <summary>
    /// The sources of test projects. A .csproj that says so decides for all of its sources; one that says nothing is a test project when
    /// a source uses a test framework. Without a .csproj each folder below the scanned one is judged by its sources, together with what lies in it.
    /// </summary>
    private HashSet<string> TestSources(SourceProject project, ProjectFile[] files, ImmutableArray<ParsedSource> sources, CancellationToken cancellationToken)
    {
        IEnumerable<string> all = sources.Select(s => s.Tree.FilePath);
        if (files.Any(f => f.IsTestProject is false))
        {
            return [];
        }

        if (files.Any(f => f.IsTestProject is true || f.ImplicitUsings.Any(IsTestUsing)))
        {
            return new HashSet<string>(all, StringComparer.Ordinal);
        }

        string[] marked = sources
            .Where(s => ((CompilationUnitSyntax)s.Tree.GetRoot(cancellationToken)).DescendantNodes(n => n is CompilationUnitSyntax or BaseNamespaceDeclarationSyntax)
                .OfType<UsingDirectiveSyntax>().Any(u => IsTestUsing(u.Name?.ToString() ?? "")))
            .Select(s => s.Tree.FilePath)
            .ToArray();
        if (marked.Length == 0)
        {
            return [];
        }

        if (files.Length > 0)
        {
            return new HashSet<string>(all, StringComparer.Ordinal);
        }

        HashSet<string> folders = new(marked.Select(p => Path.GetDirectoryName(p)!), StringComparer.Ordinal);
        return new HashSet<string>(all.Where(IsBelowTestFolder), StringComparer.Ordinal);

        bool IsBelowTestFolder(string path)
        {
            string directory = Path.GetDirectoryName(path)!;
            if (directory == project.Directory)
            {
                return folders.Contains(directory);
            }

            for (; directory.Length > project.Directory.Length; directory = Path.GetDirectoryName(directory)!)
            {
                if (folders.Contains(directory))
                {
                    return true;
                }
            }

            return false;
        }
    }

    private static bool IsTestUsing(string directive)
    {
        string name = directive.StartsWith("global::", StringComparison.Ordinal) ? directive["global::".Length..] : directive;
        return TestNamespaces.Any(n => name == n || name.StartsWith(n + ".", StringComparison.Ordinal));
    }

    private SyntaxTree? ImplicitUsings(SourceProject project, ProjectFile[] files, ImmutableArray<ParsedSource> sources)
    {
        IEnumerable<string> usings = files.SelectMany(f => f.ImplicitUsings).Distinct();
        if (files.Length == 0 && sources.Any(s => s.Declarations.HasTopLevelStatements))
        {
            // What `dotnet run file.cs` gives a file without a project.
            usings = new[] { "System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Threading", "System.Threading.Tasks" }
                .Select(n => "global::" + n);
        }

        string text = string.Concat(usings.Order(StringComparer.Ordinal).Select(u => $"global using {u};\n"));
        return text.Length == 0
            ? null
            : CSharpSyntaxTree.ParseText("// <auto-generated/>\n" + text, _parseOptions, Path.Combine(project.Directory, "obj", "GlobalUsings.g.cs"), Encoding.UTF8);
    }

    private async Task AnalyzeAsync(
        SourceProject project,
        CSharpCompilation compilation,
        SyntaxTree[] reported,
        AnalyzerConfiguration configuration,
        AnalyzerConfigOptionsProvider options,
        CancellationToken cancellationToken)
    {
        if (_analyzers.IsEmpty)
        {
            return;
        }

        ConcurrentQueue<Diagnostic> failures = [];
        CompilationWithAnalyzers analysis = new(
            compilation,
            _analyzers,
            new CompilationWithAnalyzersOptions(
                new AnalyzerOptions([], options), onAnalyzerException: (_, _, failure) => failures.Enqueue(failure), concurrentAnalysis: true, logAnalyzerExecutionTime: false));

        // Asking for everything at once is the faster way; tree by tree where only a few of many are wanted.
        List<Diagnostic> diagnostics = [];
        HashSet<SyntaxTree> wanted = [.. reported];
        if (wanted.Count * 2 >= compilation.SyntaxTrees.Length)
        {
            diagnostics.AddRange(await analysis.GetAnalyzerDiagnosticsAsync(cancellationToken));
        }
        else
        {
            await Parallel.ForEachAsync(reported, cancellationToken, async (tree, token) =>
            {
                ImmutableArray<Diagnostic> found = await analysis.GetAnalyzerSemanticDiagnosticsAsync(compilation.GetSemanticModel(tree), null, token);
                lock (diagnostics)
                {
                    diagnostics.AddRange(found);
                }
            });
        }

        List<Diagnostic> found = [.. diagnostics.Where(diagnostic => diagnostic.Location.SourceTree is { } tree && wanted.Contains(tree) && !diagnostic.IsSuppressed)];
        foreach (Diagnostic diagnostic in found)
        {
            _findings.Add(Told(diagnostic));
        }

        if (_fixVerifier is not null && found.Count > 0)
        {
            foreach ((Diagnostic diagnostic, FixVerification? fix) in await _fixVerifier.VerifyAsync(compilation, configuration, options, found, cancellationToken))
            {
                _fixes[Told(diagnostic)] = fix;
            }
        }

        foreach (Diagnostic failure in failures)
        {
            // An analyzer's failure has no place in the sources; the project is the nearest.
            string place = project.ProjectPaths.Length > 0 ? project.ProjectPaths[0] : project.Directory;
            _findings.Add(new Finding(failure.Id, DiagnosticSeverity.Error, failure.GetMessage(), Relative(place), 1, 1, 1, 1));
        }
    }

    private Finding Told(Diagnostic diagnostic)
    {
        SyntaxTree tree = diagnostic.Location.SourceTree!;
        FileLinePositionSpan span = tree.GetLineSpan(diagnostic.Location.SourceSpan);
        return new(
            diagnostic.Id, diagnostic.Severity, diagnostic.GetMessage(), Relative(tree.FilePath),
            span.StartLinePosition.Line + 1, span.StartLinePosition.Character + 1, span.EndLinePosition.Line + 1, span.EndLinePosition.Character + 1);
    }

    private string Relative(string path) => Path.GetRelativePath(_root, path).Replace(Path.DirectorySeparatorChar, '/');
}
