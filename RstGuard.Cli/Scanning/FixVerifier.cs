using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace RstGuard.Cli.Scanning;

/// <summary>What the code fix of one finding would do to the sources.</summary>
/// <param name="Title">The fix's title.</param>
/// <param name="ErrorsBefore">Compiler errors in the files that the fix changes, before it: in sources that nobody restored there are some.</param>
/// <param name="ErrorsAfter">Compiler errors in the files that it changes or adds, after it.</param>
/// <param name="NewErrors">The errors among those that were not there before.</param>
/// <param name="Gone">Whether the finding is not reported any more.</param>
/// <param name="NewFindings">Findings that were not there before, each with its id and message.</param>
internal sealed record FixVerification(
    string Title, int ErrorsBefore, int ErrorsAfter, IReadOnlyList<string> NewErrors, bool Gone, IReadOnlyList<string> NewFindings)
{
    /// <summary>Whether the fix ends the finding and breaks nothing that can be seen here.</summary>
    public bool IsSafe => NewErrors.Count == 0 && Gone && NewFindings.Count == 0;
}

/// <summary>
/// Applies the code fix of each finding alone, to a copy in memory, and compiles and analyzes that again. Nothing is written. Looked at are
/// the files that the fix changes or adds, and for findings the other files with findings in the same compilation too.
/// </summary>
internal sealed class FixVerifier(ImmutableArray<DiagnosticAnalyzer> analyzers, ImmutableArray<CodeFixProvider> fixes)
{
    /// <summary>Tries the fixes of one compilation.</summary>
    /// <param name="compilation">The sources as they are.</param>
    /// <param name="configuration">The configuration files that apply to them.</param>
    /// <param name="options">What the analyzers ask.</param>
    /// <param name="found">The diagnostics whose fixes are tried.</param>
    /// <param name="cancellationToken">Ends the work between two steps of the compiler.</param>
    /// <returns>For each diagnostic what its fix does; null where none is offered.</returns>
    public async Task<IReadOnlyDictionary<Diagnostic, FixVerification?>> VerifyAsync(
        CSharpCompilation compilation,
        AnalyzerConfiguration configuration,
        AnalyzerConfigOptionsProvider options,
        IReadOnlyCollection<Diagnostic> found,
        CancellationToken cancellationToken)
    {
        Dictionary<Diagnostic, FixVerification?> verifications = [];
        using AdhocWorkspace workspace = new();
        Project project = ToProject(workspace, compilation, configuration);
        Dictionary<string, Document> documents = project.Documents.ToDictionary(document => document.FilePath!, StringComparer.Ordinal);
        List<Document> withFindings = [.. found.Select(diagnostic => documents[diagnostic.Location.SourceTree!.FilePath]).DistinctBy(document => document.Id)];
        ImmutableArray<Diagnostic> before = await FindingsAsync(project, withFindings, options, cancellationToken);
        Dictionary<DocumentId, List<string>> errorsBefore = [];
        foreach (Diagnostic diagnostic in found)
        {
            Document document = documents[diagnostic.Location.SourceTree!.FilePath];
            Diagnostic? same = before.FirstOrDefault(other =>
                other.Id == diagnostic.Id && other.Location.SourceSpan == diagnostic.Location.SourceSpan && other.Location.SourceTree!.FilePath == document.FilePath);
            try
            {
                verifications[diagnostic] = same is not null && await OfferedAsync(document, same, cancellationToken) is { } action
                    ? await TryAsync(action, same, project, withFindings, before, errorsBefore, options, cancellationToken)
                    : null;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                verifications[diagnostic] = new("", 0, 0, [$"The code fix threw {e.GetType().Name}: {e.Message}"], Gone: false, []);
            }
        }

        return verifications;
    }

    private static Project ToProject(AdhocWorkspace workspace, CSharpCompilation compilation, AnalyzerConfiguration configuration)
    {
        ProjectId id = ProjectId.CreateNewId();
        IEnumerable<DocumentInfo> documents = compilation.SyntaxTrees.Select(tree => DocumentInfo.Create(
            DocumentId.CreateNewId(id),
            Path.GetFileName(tree.FilePath),
            loader: TextLoader.From(TextAndVersion.Create(tree.GetText(), VersionStamp.Default, tree.FilePath)),
            filePath: tree.FilePath));
        return workspace.CurrentSolution
            .AddProject(ProjectInfo.Create(
                id,
                VersionStamp.Default,
                compilation.AssemblyName!,
                compilation.AssemblyName!,
                LanguageNames.CSharp,
                compilationOptions: compilation.Options.WithSyntaxTreeOptionsProvider(null),
                parseOptions: compilation.SyntaxTrees[0].Options,
                documents: documents,
                metadataReferences: compilation.References)
                .WithAnalyzerConfigDocuments(configuration.Files.Select(file => DocumentInfo.Create(
                    DocumentId.CreateNewId(id),
                    Path.GetFileName(file.Path),
                    loader: TextLoader.From(TextAndVersion.Create(file.Text, VersionStamp.Default, file.Path)),
                    filePath: file.Path))))
            .GetProject(id)!;
    }

    private async Task<CodeAction?> OfferedAsync(Document document, Diagnostic diagnostic, CancellationToken cancellationToken)
    {
        List<CodeAction> offered = [];
        foreach (CodeFixProvider fix in fixes.Where(fix => fix.FixableDiagnosticIds.Contains(diagnostic.Id)))
        {
            await fix.RegisterCodeFixesAsync(new CodeFixContext(document, diagnostic, (action, _) => offered.Add(action), cancellationToken));
        }

        return offered.FirstOrDefault();
    }

    private async Task<FixVerification> TryAsync(
        CodeAction action,
        Diagnostic diagnostic,
        Project project,
        List<Document> withFindings,
        ImmutableArray<Diagnostic> before,
        Dictionary<DocumentId, List<string>> errorsBefore,
        AnalyzerConfigOptionsProvider options,
        CancellationToken cancellationToken)
    {
        ImmutableArray<CodeActionOperation> operations = await action.GetOperationsAsync(cancellationToken);
        Project changed = operations.OfType<ApplyChangesOperation>().Single().ChangedSolution.GetProject(project.Id)!;
        ProjectChanges changes = changed.GetChanges(project);
        DocumentId[] edited = [.. changes.GetChangedDocuments()];
        DocumentId[] touched = [.. edited, .. changes.GetAddedDocuments()];

        List<string> old = [], now = [];
        foreach (DocumentId id in edited)
        {
            if (!errorsBefore.TryGetValue(id, out List<string>? errors))
            {
                errorsBefore[id] = errors = await ErrorsAsync(project.GetDocument(id)!, cancellationToken);
            }

            old.AddRange(errors);
        }

        foreach (DocumentId id in touched)
        {
            now.AddRange(await ErrorsAsync(changed.GetDocument(id)!, cancellationToken));
        }

        IEnumerable<Document> asked = withFindings.Select(document => document.Id).Union(touched).Select(id => changed.GetDocument(id)!);
        List<string> left = [.. (await FindingsAsync(changed, asked, options, cancellationToken)).Select(Told)];
        List<string> known = [.. before.Select(Told)];

        // Lines move with the edit, so findings are told apart by what they say and counted.
        string gone = Told(diagnostic);
        return new(
            action.Title,
            old.Count,
            now.Count,
            Added(old, now),
            touched.Length > 0 && left.Count(finding => finding == gone) < known.Count(finding => finding == gone),
            Added(known, left));
    }

    private async Task<ImmutableArray<Diagnostic>> FindingsAsync(
        Project project, IEnumerable<Document> documents, AnalyzerConfigOptionsProvider options, CancellationToken cancellationToken)
    {
        Compilation compilation = (await project.GetCompilationAsync(cancellationToken))!;
        ConcurrentQueue<string> failures = [];
        CompilationWithAnalyzers analysis = new(
            compilation,
            analyzers,
            new CompilationWithAnalyzersOptions(
                new AnalyzerOptions([], options), onAnalyzerException: (_, _, failure) => failures.Enqueue(failure.GetMessage()), concurrentAnalysis: true, logAnalyzerExecutionTime: false));
        ImmutableArray<Diagnostic>.Builder all = ImmutableArray.CreateBuilder<Diagnostic>();
        foreach (Document document in documents)
        {
            SyntaxTree tree = (await document.GetSyntaxTreeAsync(cancellationToken))!;
            all.AddRange((await analysis.GetAnalyzerSemanticDiagnosticsAsync(compilation.GetSemanticModel(tree), null, cancellationToken)).Where(diagnostic => !diagnostic.IsSuppressed));
        }

        return failures.TryPeek(out string? failure) ? throw new InvalidOperationException($"An analyzer failed: {failure}") : all.ToImmutable();
    }

    private static async Task<List<string>> ErrorsAsync(Document document, CancellationToken cancellationToken) =>
        [.. (await document.GetSemanticModelAsync(cancellationToken))!.GetDiagnostics(cancellationToken: cancellationToken)
            .Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)
            .Select(diagnostic => $"{diagnostic.Id}: {diagnostic.GetMessage()}")];

    private static string Told(Diagnostic diagnostic) => $"{diagnostic.Id}: {diagnostic.GetMessage()}";

    private static List<string> Added(IEnumerable<string> before, IEnumerable<string> after)
    {
        List<string> added = [.. after];
        foreach (string known in before)
        {
            added.Remove(known);
        }

        return added;
    }
}
