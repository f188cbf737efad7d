using System.Collections.Immutable;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Cli.Proving;

/// <summary>A proof's program as a Roslyn project: compiled, analyzed, and repaired by a code fix as an editor would.</summary>
internal sealed class ProofProject
{
    /// <summary>What the SDK's implicit usings give a console project.</summary>
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    private const string ImplicitUsingsFile = "ImplicitUsings.g.cs";

    private readonly Project _project;
    private readonly DocumentId _document;

    private ProofProject(Project project, DocumentId document)
    {
        _project = project;
        _document = document;
    }

    /// <summary>The workspace project of a proof as it is. The caller owns <paramref name="workspace"/>.</summary>
    public static ProofProject Create(AdhocWorkspace workspace, Proof proof)
    {
        Project project = workspace.AddProject(ProjectInfo.Create(
            ProjectId.CreateNewId(),
            VersionStamp.Default,
            proof.Rule,
            proof.Rule,
            LanguageNames.CSharp,
            compilationOptions: new CSharpCompilationOptions(
                OutputKind.ConsoleApplication,
                optimizationLevel: OptimizationLevel.Release,
                nullableContextOptions: NullableContextOptions.Enable,
                specificDiagnosticOptions: SwitchedOn(proof.Rule),
                deterministic: true),
            parseOptions: new CSharpParseOptions(LanguageVersion.Latest),
            metadataReferences: References(proof)));
        project = project.AddDocument(ImplicitUsingsFile, SourceText.From(ImplicitUsings, Encoding.UTF8), filePath: ImplicitUsingsFile).Project;
        if (proof.Options.Length > 0)
        {
            project = project.AddAnalyzerConfigDocument(".globalconfig", SourceText.From($"is_global = true\n{proof.Options}\n", Encoding.UTF8), filePath: "/.globalconfig").Project;
        }

        Document document = project.AddDocument(proof.FileName, SourceText.From(proof.Source, Encoding.UTF8), filePath: proof.FileName);
        return new(document.Project, document.Id);
    }

    /// <summary>A rule that is off by default is switched on for its own proof.</summary>
    public static IEnumerable<KeyValuePair<string, ReportDiagnostic>> SwitchedOn(string rule) =>
        Catalogue.Find(rule) is { Descriptor.IsEnabledByDefault: false } ? [new(rule, ReportDiagnostic.Info)] : [];

    /// <summary>What a proof is compiled against. A framework that is not installed is left out; the compiler then says what it misses.</summary>
    public static ImmutableArray<MetadataReference> References(Proof proof) =>
        proof.Framework is string name && SharedFramework.Find(name) is { } framework
            ? [.. SharedFramework.Runtime.References, .. framework.References]
            : SharedFramework.Runtime.References;

    /// <summary>The same project with another main source.</summary>
    public ProofProject WithSource(string source) =>
        new(_project.GetDocument(_document)!.WithText(SourceText.From(source, Encoding.UTF8)).Project, _document);

    /// <summary>The main source as it stands.</summary>
    public async Task<string> SourceAsync(CancellationToken cancellationToken) =>
        (await _project.GetDocument(_document)!.GetTextAsync(cancellationToken)).ToString();

    /// <summary>The program as the compiler sees it, with the files that a fix added.</summary>
    public async Task<Compilation> CompilationAsync(CancellationToken cancellationToken) => (await _project.GetCompilationAsync(cancellationToken))!;

    /// <summary>Compiles the program.</summary>
    /// <exception cref="ProgramFailedException">It does not compile.</exception>
    public async Task<byte[]> CompileAsync(CancellationToken cancellationToken)
    {
        Compilation compilation = await CompilationAsync(cancellationToken);
        using MemoryStream assembly = new();
        Microsoft.CodeAnalysis.Emit.EmitResult emitted = compilation.Emit(assembly, cancellationToken: cancellationToken);
        return emitted.Success
            ? assembly.ToArray()
            : throw new ProgramFailedException($"It does not compile: {emitted.Diagnostics.First(d => d.Severity == DiagnosticSeverity.Error)}");
    }

    /// <summary>Runs analyzers over the program.</summary>
    /// <exception cref="ProgramFailedException">An analyzer crashed.</exception>
    public async Task<ImmutableArray<Diagnostic>> AnalyzeAsync(ImmutableArray<DiagnosticAnalyzer> analyzers, CancellationToken cancellationToken)
    {
        if (analyzers.IsEmpty)
        {
            return [];
        }

        Compilation compilation = await CompilationAsync(cancellationToken);
        CompilationWithAnalyzers analysis = compilation.WithAnalyzers(analyzers, _project.AnalyzerOptions);
        ImmutableArray<Diagnostic> diagnostics = await analysis.GetAnalyzerDiagnosticsAsync(cancellationToken);
        return diagnostics.FirstOrDefault(d => d.Id.StartsWith("AD", StringComparison.Ordinal)) is Diagnostic crash
            ? throw new ProgramFailedException($"An analyzer crashed: {crash.GetMessage()}")
            : [.. diagnostics.OrderBy(d => d.Location.SourceSpan.Start)];
    }

    /// <summary>A diagnostic of this program as a report shows it.</summary>
    public async Task<Finding> DescribeAsync(Diagnostic diagnostic, CancellationToken cancellationToken)
    {
        FileLinePositionSpan position = diagnostic.Location.GetLineSpan();
        SyntaxTree tree = diagnostic.Location.SourceTree!;
        SourceText text = await tree.GetTextAsync(cancellationToken);
        bool inSample = false;
        if (_project.GetDocumentId(tree) == _document)
        {
            (int start, int end) = Proof.SampleSpan(text.ToString());
            inSample = diagnostic.Location.SourceSpan.Start >= start && diagnostic.Location.SourceSpan.End <= end;
        }

        return new(
            diagnostic.Id,
            diagnostic.Severity.ToString(),
            diagnostic.GetMessage(System.Globalization.CultureInfo.CurrentUICulture),
            position.Path,
            position.StartLinePosition.Line + 1,
            position.StartLinePosition.Character + 1,
            text.ToString(diagnostic.Location.SourceSpan),
            inSample);
    }

    /// <summary>Applies the first fix that any of <paramref name="fixes"/> offers for a diagnostic; null where none is offered.</summary>
    public async Task<(ProofProject Project, string Title)?> FixAsync(
        Diagnostic diagnostic, ImmutableArray<CodeFixProvider> fixes, CancellationToken cancellationToken)
    {
        Document? document = _project.GetDocument(diagnostic.Location.SourceTree);
        if (document is null)
        {
            return null;
        }

        foreach (CodeFixProvider fix in fixes.Where(fix => fix.FixableDiagnosticIds.Contains(diagnostic.Id)))
        {
            List<CodeAction> offered = [];
            await fix.RegisterCodeFixesAsync(new CodeFixContext(document, diagnostic, (action, _) => offered.Add(action), cancellationToken));
            if (offered.Count == 0)
            {
                continue;
            }

            ImmutableArray<CodeActionOperation> operations = await offered[0].GetOperationsAsync(cancellationToken);
            Solution changed = operations.OfType<ApplyChangesOperation>().Single().ChangedSolution;
            return (new ProofProject(changed.GetProject(_project.Id)!, _document), offered[0].Title);
        }

        return null;
    }

    /// <summary>What <paramref name="changed"/> has that this has not, as a unified diff with three lines of context.</summary>
    public async Task<string> DiffAsync(ProofProject changed, CancellationToken cancellationToken)
    {
        StringBuilder diff = new();
        foreach (Document after in changed._project.Documents)
        {
            string old = _project.GetDocument(after.Id) is Document before ? (await before.GetTextAsync(cancellationToken)).ToString() : "";
            string now = (await after.GetTextAsync(cancellationToken)).ToString();
            if (old != now)
            {
                diff.Append(UnifiedDiff.Render(old, now, after.Name, isNew: _project.GetDocument(after.Id) is null));
            }
        }

        return diff.ToString();
    }
}
