using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Tests.Verification;

/// <summary>One source (and its neighbours) as a compilation for analyzers, or as a solution for fixes.</summary>
internal sealed record TestProject
{
    public const string Directory = "/0/";

    /// <summary>File name and text; the first is the one under test.</summary>
    public required ImmutableArray<(string Name, string Text)> Sources { get; init; }

    public required ReferenceSet References { get; init; }

    /// <summary>The text of an .editorconfig beside the sources.</summary>
    public string EditorConfig { get; init; } = "";

    /// <summary>The text of a global AnalyzerConfig file: MSBuild properties.</summary>
    public string GlobalConfig { get; init; } = "";

    public LanguageVersion Language { get; init; } = LanguageVersion.Latest;

    public ImmutableArray<string> Defines { get; init; } = TargetDefines;

    /// <summary>Ids to switch on although their rule is off by default.</summary>
    public ImmutableArray<string> Enabled { get; init; } = [];

    private static readonly ImmutableArray<string> TargetDefines = ["NET", "NET8_0_OR_GREATER", "NET10_0_OR_GREATER", "TRACE"];

    // Rules are switched on as a user does it: Roslyn 4.5 does not hear of them through the options of the compilation alone.
    private string GlobalText => "is_global = true\n" + string.Concat(Enabled.Select(id => $"dotnet_diagnostic.{id}.severity = suggestion\n")) + GlobalConfig;

    private CSharpParseOptions ParseOptions => ParseOptionsOf(Language).WithPreprocessorSymbols(Defines);

    /// <summary>How sources are parsed unless a test says otherwise.</summary>
    public static CSharpParseOptions ParseOptionsOf(LanguageVersion language) => new(language, DocumentationMode.Parse, SourceCodeKind.Regular, TargetDefines);

    public AnalyzerOptions AnalyzerOptions => new([], new Options(this));

    public TestProject WithText(Func<string, string> change) =>
        this with { Sources = [.. Sources.Select(s => (s.Name, change(s.Text)))] };

    public CSharpCompilation Compile(bool reversed = false)
    {
        CSharpParseOptions parse = ParseOptions;
        var trees = Sources.Select(s => CSharpSyntaxTree.ParseText(SourceText.From(s.Text), parse, Directory + s.Name)).ToList();
        bool hasTopLevelStatements = trees.Any(t => ((CompilationUnitSyntax)t.GetRoot()).Members.Any(m => m is GlobalStatementSyntax));
        if (reversed)
        {
            trees.Reverse();
        }

        return Empty(References).WithOptions(CompilationOptions(hasTopLevelStatements)).AddSyntaxTrees(trees);
    }

    /// <summary>
    /// The sources in a project, and with <paramref name="withCopy"/> a second project with the same sources: a Fix All that is asked for a document or a project
    /// must leave that one alone, and one for the solution must repair it.
    /// </summary>
    public Solution ToSolution(Workspace workspace, bool withCopy)
    {
        bool hasTopLevelStatements = Sources.Any(s => CSharpSyntaxTree.ParseText(s.Text, ParseOptions).GetCompilationUnitRoot().Members.Any(m => m is GlobalStatementSyntax));
        Solution solution = workspace.CurrentSolution;
        foreach (string name in withCopy ? ["Test", "Copy"] : new[] { "Test" })
        {
            var project = ProjectId.CreateNewId(name);
            string directory = Directory + name + "/";
            solution = solution.AddProject(ProjectInfo.Create(
                project,
                VersionStamp.Default,
                name,
                name,
                LanguageNames.CSharp,
                filePath: directory + name + ".csproj",
                compilationOptions: CompilationOptions(hasTopLevelStatements).WithSyntaxTreeOptionsProvider(null),
                parseOptions: ParseOptions,
                metadataReferences: References.References));
            foreach ((string file, string text) in Sources)
            {
                solution = solution.AddDocument(DocumentId.CreateNewId(project, file), file, SourceText.From(text), filePath: directory + file);
            }

            solution = solution.AddAnalyzerConfigDocument(DocumentId.CreateNewId(project), ".editorconfig", SourceText.From(EditorConfig), filePath: directory + ".editorconfig");
            solution = solution.AddAnalyzerConfigDocument(DocumentId.CreateNewId(project), ".globalconfig", SourceText.From(GlobalText), filePath: directory + ".globalconfig");
        }

        return solution;
    }

    private CSharpCompilationOptions CompilationOptions(bool hasTopLevelStatements) =>
        new CSharpCompilationOptions(hasTopLevelStatements ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary)
            .WithAllowUnsafe(true)
            .WithNullableContextOptions(NullableContextOptions.Enable)
            .WithSyntaxTreeOptionsProvider(new Options(this).Trees);

    // A compilation made from one that has bound the same references shares what was read from them.
    private static CSharpCompilation Empty(ReferenceSet references) => Bound.GetValue(references, static r =>
    {
        var compilation = CSharpCompilation.Create("Test", references: r.References, options: new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        _ = compilation.GetSpecialType(SpecialType.System_Object);
        return compilation;
    });

    private static readonly System.Runtime.CompilerServices.ConditionalWeakTable<ReferenceSet, CSharpCompilation> Bound = [];

    private sealed class Options : AnalyzerConfigOptionsProvider
    {
        private readonly AnalyzerConfigSet _set;

        public Options(TestProject project)
        {
            _set = AnalyzerConfigSet.Create((AnalyzerConfig[])
            [
                AnalyzerConfig.Parse(project.GlobalText, Directory + ".globalconfig"),
                AnalyzerConfig.Parse(project.EditorConfig, Directory + ".editorconfig"),
            ]);
            Trees = new TreeOptions(_set);
        }

        public SyntaxTreeOptionsProvider Trees { get; }

        public override AnalyzerConfigOptions GlobalOptions => new Values(_set.GlobalConfigOptions.AnalyzerOptions);

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => new Values(_set.GetOptionsForSourcePath(tree.FilePath).AnalyzerOptions);

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => new Values(_set.GetOptionsForSourcePath(textFile.Path).AnalyzerOptions);

        private sealed class Values(ImmutableDictionary<string, string> values) : AnalyzerConfigOptions
        {
            public override bool TryGetValue(string key, [NotNullWhen(true)] out string? value) => values.TryGetValue(key, out value);
        }

        private sealed class TreeOptions(AnalyzerConfigSet set) : SyntaxTreeOptionsProvider
        {
            public override GeneratedKind IsGenerated(SyntaxTree tree, CancellationToken cancellationToken) =>
                set.GetOptionsForSourcePath(tree.FilePath).AnalyzerOptions.TryGetValue("generated_code", out string? value)
                    ? value == "true" ? GeneratedKind.MarkedGenerated : GeneratedKind.NotGenerated
                    : GeneratedKind.Unknown;

            public override bool TryGetDiagnosticValue(SyntaxTree tree, string diagnosticId, CancellationToken cancellationToken, out ReportDiagnostic severity) =>
                set.GetOptionsForSourcePath(tree.FilePath).TreeOptions.TryGetValue(diagnosticId, out severity);

            public override bool TryGetGlobalDiagnosticValue(string diagnosticId, CancellationToken cancellationToken, out ReportDiagnostic severity) =>
                set.GlobalConfigOptions.TreeOptions.TryGetValue(diagnosticId, out severity);
        }
    }
}
