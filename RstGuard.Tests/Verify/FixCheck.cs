using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Tests.Verification;

/// <summary>Applies a fix as an editor and as <c>dotnet format</c> would, and looks at what it leaves behind.</summary>
internal sealed class FixCheck(Verify rule)
{
    public async Task FixesAsync(TestProject project, string after)
    {
        after = after.ReplaceLineEndings("\n");
        await AppliesAsync(project, after, exact: true, withFixAll: true);
        await AppliesAsync(project.WithText(t => t.ReplaceLineEndings("\r\n")), after.ReplaceLineEndings("\r\n"), exact: true, withFixAll: false);
        foreach (string language in new[] { "8", "12" })
        {
            TestProject older = project with { Language = Verify.Version(language) };
            if (Verify.Errors(older.Compile()).IsEmpty)
            {
                await AppliesAsync(older, after, exact: false, withFixAll: false);
            }
        }
    }

    public async Task OffersNothingAsync(TestProject project)
    {
        using var workspace = new AdhocWorkspace();
        Solution solution = project.ToSolution(workspace, withCopy: false);
        CodeFixProvider fix = rule.Fix();
        foreach (Diagnostic diagnostic in await DiagnosticsAsync(Tested(solution), rule.Analyzers()))
        {
            if ((await OfferedAsync(fix, solution, diagnostic)).FirstOrDefault(offered => rule.FixKey is null || offered.EquivalenceKey == rule.FixKey) is { } action)
            {
                throw new VerificationException($"A fix is offered where none is to be: '{action.Title}' for {Finding.Of(diagnostic)}");
            }
        }
    }

    private async Task AppliesAsync(TestProject project, string after, bool exact, bool withFixAll)
    {
        using var workspace = new AdhocWorkspace();
        Solution before = project.ToSolution(workspace, withCopy: withFixAll);
        CodeFixProvider fix = rule.Fix();
        ImmutableArray<Diagnostic> diagnostics = [.. (await DiagnosticsAsync(Tested(before), rule.Analyzers())).Where(d => fix.FixableDiagnosticIds.Contains(d.Id))];
        Solution solution = before;
        string? key = null;
        for (int round = 0; ; round++)
        {
            (CodeAction Action, Diagnostic Diagnostic)? next = null;
            foreach (Diagnostic diagnostic in await DiagnosticsAsync(Tested(solution), rule.Analyzers()))
            {
                ImmutableArray<CodeAction> offered = await OfferedAsync(fix, solution, diagnostic);
                if (offered.FirstOrDefault(a => rule.FixKey is null || a.EquivalenceKey == rule.FixKey) is { } action)
                {
                    next = (action, diagnostic);
                    break;
                }
            }

            if (next is null)
            {
                if (round == 0)
                {
                    throw new VerificationException($"No fix{(rule.FixKey is null ? "" : $" with the key '{rule.FixKey}'")} is offered for {string.Join("; ", diagnostics.Select(Finding.Of))}");
                }

                break;
            }

            if (round >= diagnostics.Length)
            {
                throw new VerificationException($"After {round} applications, one for each diagnostic, there is still something to fix: {Finding.Of(next.Value.Diagnostic)}\n\n{await TextAsync(solution)}");
            }

            key ??= next.Value.Action.EquivalenceKey;
            Solution changed = await ApplyAsync(next.Value.Action, solution);
            if (await TextAsync(changed) == await TextAsync(solution) && round == 0)
            {
                throw new VerificationException($"The fix '{next.Value.Action.Title}' changes nothing.");
            }

            await IsWrittenAsParsedAsync(changed);
            solution = changed;
        }

        if (exact)
        {
            await HasTextAsync("The fix", solution, after);
        }

        await CheckRestAsync(before, solution);
        await IsAppliedOnceAsync(fix, diagnostics, solution);
        if (withFixAll && fix.GetFixAllProvider() is { } fixAll)
        {
            await FixAllAgreesAsync(fixAll, fix, key!, before, solution, diagnostics);
        }
    }

    private static Project Tested(Solution solution) => solution.Projects.Single(p => p.Name == "Test");

    private static Document TestedDocument(Solution solution) => Tested(solution).Documents.Single(d => d.Name == "Test.cs");

    private static async Task<string> TextAsync(Solution solution) => (await TestedDocument(solution).GetTextAsync()).ToString();

    internal static async Task<ImmutableArray<Diagnostic>> DiagnosticsAsync(Project project, ImmutableArray<DiagnosticAnalyzer> analyzers) =>
        [.. (await new Analysis((await project.GetCompilationAsync())!, project.AnalyzerOptions, analyzers).WholeAsync())
            .OrderBy(d => d.Location.SourceTree?.FilePath, StringComparer.Ordinal).ThenBy(d => d.Location.SourceSpan)];

    internal static async Task<ImmutableArray<CodeAction>> OfferedAsync(CodeFixProvider fix, Solution solution, Diagnostic diagnostic)
    {
        var actions = ImmutableArray.CreateBuilder<CodeAction>();
        Document? document = solution.GetDocument(diagnostic.Location.SourceTree);
        if (document is null)
        {
            throw new VerificationException($"{Finding.Of(diagnostic)} is in no document of the solution.");
        }

        await fix.RegisterCodeFixesAsync(new CodeFixContext(document, diagnostic, (action, _) => actions.Add(action), default));
        foreach (CodeAction action in actions)
        {
            if (string.IsNullOrWhiteSpace(action.Title) || string.IsNullOrWhiteSpace(action.EquivalenceKey))
            {
                throw new VerificationException($"The fix '{action.Title}' lacks a title or an equivalence key.");
            }
        }

        return actions.ToImmutable();
    }

    internal static async Task<Solution> ApplyAsync(CodeAction action, Solution solution) =>
        (await action.GetOperationsAsync(default)).OfType<ApplyChangesOperation>().Select(o => o.ChangedSolution).SingleOrDefault() ?? solution;

    // What the fix built as a tree must be what a compiler reads from its text.
    private static async Task IsWrittenAsParsedAsync(Solution solution)
    {
        foreach (Document document in Tested(solution).Documents)
        {
            SyntaxNode written = (await document.GetSyntaxRootAsync())!;
            SyntaxNode parsed = await CSharpSyntaxTree.ParseText(written.ToFullString(), (CSharpParseOptions)document.Project.ParseOptions!).GetRootAsync();
            if (!written.IsEquivalentTo(parsed, topLevel: false))
            {
                throw new VerificationException($"The tree that the fix built is not what its text parses to:\n{written.ToFullString()}");
            }
        }
    }

    private async Task HasTextAsync(string who, Solution solution, string after)
    {
        string text = await TextAsync(solution);
        if (text != after)
        {
            throw new VerificationException($"{who} writes something else.\nExpected:\n{Visible(after)}\nWritten:\n{Visible(text)}");
        }

        var documents = Tested(solution).Documents.ToDictionary(d => d.Name);
        foreach ((string name, string expected) in rule.AddedDocuments)
        {
            if (!documents.TryGetValue(name, out Document? added))
            {
                throw new VerificationException($"{who} does not add {name}.");
            }

            if ((await added.GetTextAsync()).ToString().ReplaceLineEndings("\n") is var written && written != expected.ReplaceLineEndings("\n"))
            {
                throw new VerificationException($"{who} writes another {name}.\nExpected:\n{Visible(expected)}\nWritten:\n{Visible(written)}");
            }
        }
    }

    private async Task CheckRestAsync(Solution before, Solution after)
    {
        var old = Tested(before).Documents.ToDictionary(d => d.Name);
        foreach (Document document in Tested(after).Documents.Where(d => d.Name != "Test.cs"))
        {
            if (!old.TryGetValue(document.Name, out Document? was) ? !rule.AddedDocuments.Any(a => a.Name == document.Name)
                : (await was.GetTextAsync()).ToString() != (await document.GetTextAsync()).ToString())
            {
                throw new VerificationException($"The fix changes or adds {document.Name}, which the test does not say:\n{await document.GetTextAsync()}");
            }
        }

        ImmutableArray<Diagnostic> left = await DiagnosticsAsync(Tested(after), [.. rule.Analyzers(), .. Verify.AllAnalyzers().Where(a => a.SupportedDiagnostics.All(d => d.Id != rule.Id))]);
        if (left is [var first, ..])
        {
            throw new VerificationException($"After the fix there is still: {Finding.Of(first)}\n\n{await TextAsync(after)}");
        }

        string[] known = Warnings((await Tested(before).GetCompilationAsync())!);
        var news = Warnings((await Tested(after).GetCompilationAsync())!).ToList();
        foreach (string id in known)
        {
            news.Remove(id);
        }

        if (news.Count > 0)
        {
            IEnumerable<Diagnostic> all = (await Tested(after).GetCompilationAsync())!.GetDiagnostics().Where(d => news.Contains(d.Id));
            throw new VerificationException($"The fix brings new compiler diagnostics:\n{string.Join('\n', all)}\n\n{await TextAsync(after)}");
        }
    }

    private static string[] Warnings(Compilation compilation) =>
        [.. compilation.GetDiagnostics().Where(d => d.Severity >= DiagnosticSeverity.Warning).Select(d => d.Id)];

    // A light bulb may be stale: the fix, asked again for the place that it has repaired, must see that nothing is to be done there.
    private static async Task IsAppliedOnceAsync(CodeFixProvider fix, ImmutableArray<Diagnostic> diagnostics, Solution solution)
    {
        Document document = TestedDocument(solution);
        SyntaxTree tree = (await document.GetSyntaxTreeAsync())!;
        foreach (Diagnostic diagnostic in diagnostics.Where(d => Path.GetFileName(d.Location.SourceTree!.FilePath) == document.Name))
        {
            TextSpan span = diagnostic.Location.SourceSpan;
            if (span.End > tree.Length)
            {
                continue;
            }

            var stale = Diagnostic.Create(diagnostic.Descriptor, tree.GetLocation(span), properties: diagnostic.Properties);
            foreach (CodeAction action in await OfferedAsync(fix, solution, stale))
            {
                if (await TextAsync(await ApplyAsync(action, solution)) is var again && again != tree.ToString())
                {
                    throw new VerificationException($"The fix '{action.Title}', asked again for the repaired place, changes it once more:\n{again}");
                }
            }
        }
    }

    private async Task FixAllAgreesAsync(FixAllProvider fixAll, CodeFixProvider fix, string key, Solution before, Solution oneByOne, ImmutableArray<Diagnostic> diagnostics)
    {
        string expected = await TextAsync(oneByOne);
        foreach (FixAllScope scope in new[] { FixAllScope.Document, FixAllScope.Project, FixAllScope.Solution })
        {
            var context = new FixAllContext(
                TestedDocument(before), fix, scope, key, diagnostics.Select(d => d.Id).Distinct(), new Asking(rule), default);
            CodeAction action = await fixAll.GetFixAsync(context) ?? throw new VerificationException($"Fix All in {scope} offers nothing.");
            Solution all = await ApplyAsync(action, before);
            await HasTextAsync($"Fix All in {scope}", all, expected);
            string copy = (await all.Projects.Single(p => p.Name == "Copy").Documents.Single(d => d.Name == "Test.cs").GetTextAsync()).ToString();
            string wanted = scope == FixAllScope.Solution ? expected : await TextAsync(before);
            if (copy != wanted)
            {
                throw new VerificationException($"Fix All in {scope} leaves the other project as:\n{Visible(copy)}\nExpected:\n{Visible(wanted)}");
            }
        }
    }

    private static string Visible(string text) => text.Replace("\r", "\\r", StringComparison.Ordinal);

    private sealed class Asking(Verify rule) : FixAllContext.DiagnosticProvider
    {
        public override async Task<IEnumerable<Diagnostic>> GetAllDiagnosticsAsync(Project project, CancellationToken cancellationToken) =>
            await DiagnosticsAsync(project, rule.Analyzers());

        public override async Task<IEnumerable<Diagnostic>> GetDocumentDiagnosticsAsync(Document document, CancellationToken cancellationToken) =>
            (await DiagnosticsAsync(document.Project, rule.Analyzers())).Where(d => document.Project.Solution.GetDocument(d.Location.SourceTree)?.Id == document.Id);

        public override Task<IEnumerable<Diagnostic>> GetProjectDiagnosticsAsync(Project project, CancellationToken cancellationToken) =>
            Task.FromResult(Enumerable.Empty<Diagnostic>());
    }
}
