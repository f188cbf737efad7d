using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CSharp;

namespace RstGuard.Tests.Verification;

/// <summary>Half-typed code: a source that ends at some token, or lacks one.</summary>
internal sealed class TokenCuts(Verify rule)
{
    public async Task CheckAsync(TestProject project, int cuts)
    {
        string source = project.Sources[0].Text;
        List<SyntaxToken> tokens = [.. CSharpSyntaxTree.ParseText(source).GetRoot().DescendantTokens().Where(t => t.Span.Length > 0)];
        // The usings at the top are nobody's half-typed code.
        tokens.RemoveAll(t => t.SpanStart < rule.Usings.Length);
        int step = Math.Max(1, tokens.Count / cuts);
        for (int i = 0; i < tokens.Count; i += step)
        {
            await SurvivesAsync(project, source[..tokens[i].SpanStart], $"cut off before '{tokens[i]}' at {tokens[i].SpanStart}");
            await SurvivesAsync(project, source.Remove(tokens[i].SpanStart, tokens[i].Span.Length), $"without '{tokens[i]}' at {tokens[i].SpanStart}");
        }
    }

    private async Task SurvivesAsync(TestProject project, string text, string what)
    {
        TestProject cut = project with { Sources = project.Sources.SetItem(0, (project.Sources[0].Name, text)) };
        try
        {
            var diagnostics = await new Analysis(cut.Compile(), cut.AnalyzerOptions, rule.Analyzers()).WholeAsync();
            if (diagnostics.IsEmpty || !rule.HasFix)
            {
                return;
            }

            using var workspace = new AdhocWorkspace();
            Solution solution = cut.ToSolution(workspace, withCopy: false);
            foreach (Diagnostic diagnostic in await FixCheck.DiagnosticsAsync(solution.Projects.Single(p => p.Name == "Test"), rule.Analyzers()))
            {
                foreach (CodeAction action in await FixCheck.OfferedAsync(rule.Fix(), solution, diagnostic))
                {
                    await FixCheck.ApplyAsync(action, solution);
                }
            }
        }
        catch (Exception exception)
        {
            throw new VerificationException($"The source {what}: {exception}\n\n{text}");
        }
    }
}
