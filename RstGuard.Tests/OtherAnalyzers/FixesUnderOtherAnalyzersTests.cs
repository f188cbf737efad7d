using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using RstGuard.Cli.Proving;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.OtherAnalyzers;

/// <summary>What a code fix writes wakes no analyzer that its user is likely to run beside ours.</summary>
public sealed class FixesUnderOtherAnalyzersTests
{
    private const string ConfigureAwaitId = "VSTHRD111";

    /// <summary>What a fix is known to wake, each with its reason. One that does not show any more fails, so that the list shrinks.</summary>
    private static readonly Dictionary<(string Rule, string Id), string> Known = new()
    {
        [("RST2004", "IDISP007")] = "The handler now owns the connection that it is given: that is the repair, and to the analyzer every parameter is somebody else's.",
        [("RST2009", "IDISP001")] = "CloseGracefully disposes the socket, in every case; the analyzer does not follow the call.",
    };

    public static TheoryData<string> Programs => [.. Proof.All().Where(proof => proof.FixedSample is null).Select(proof => proof.FileName)];

    // VSTHRD111 is a convention of libraries and off by default: where a program does not keep it, a fix need not begin to.
    [Theory, MemberData(nameof(Programs))]
    public async Task FixOfAProof_AddsNoDiagnosticOfOthers(string program) =>
        await AddsNothingAsync(Proof.All().Single(proof => proof.FileName == program), diagnostic => diagnostic.Id != ConfigureAwaitId);

    [Theory, MemberData(nameof(Programs))]
    public async Task FixOfAProofWithConfigureAwait_KeepsTheConvention(string program)
    {
        Proof proof = Proof.All().Single(proof => proof.FileName == program);
        SyntaxNode root = await CSharpSyntaxTree.ParseText(proof.Source).GetRootAsync(TestContext.Current.CancellationToken);
        await AddsNothingAsync(proof with { Source = new Configuring().Visit(root).ToFullString() }, _ => true);
    }

    /// <summary>An analyzer that is not loaded or switched on would pass everything.</summary>
    [Theory]
    [InlineData("CA2000", "static void M() { var s = new System.Net.Sockets.TcpClient(); s.NoDelay = true; }")]
    [InlineData("IDISP001", "static void M() { var s = new System.Net.Sockets.TcpClient(); s.NoDelay = true; }")]
    [InlineData("S2674", "static void M(System.IO.Stream s, byte[] b) { s.Read(b, 0, b.Length); }")]
    [InlineData("VSTHRD002", "static void M(System.Threading.Tasks.Task t) { t.Wait(); }")]
    public async Task EachTool_IsAwake(string id, string member)
    {
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Probe",
            [CSharpSyntaxTree.ParseText($"internal static class Probe {{ {member} }}", path: "Probe.cs")],
            ReferenceSet.Net100.References,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        ImmutableArray<Diagnostic> diagnostics = await OtherAnalyzers.DiagnosticsAsync(compilation, TestContext.Current.CancellationToken);
        Assert.Contains(id, diagnostics.Select(diagnostic => diagnostic.Id));
    }

    private static async Task AddsNothingAsync(Proof proof, Func<Diagnostic, bool> counts)
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        using AdhocWorkspace workspace = new();
        ProofProject before = ProofProject.Create(workspace, proof);
        Diagnostic diagnostic = (await before.AnalyzeAsync(ProveCommand.Assemblies.Analyzers(), token)).First(diagnostic => diagnostic.Id == proof.Rule);
        (ProofProject after, string title) = await before.FixAsync(diagnostic, ProveCommand.Assemblies.Fixes(), token) ?? throw new InvalidOperationException($"{proof.Rule} offers no fix for its proof.");

        List<Diagnostic> added = [.. (await OtherAnalyzers.DiagnosticsAsync(await after.CompilationAsync(token), token)).Where(counts)];
        foreach (Diagnostic known in await OtherAnalyzers.DiagnosticsAsync(await before.CompilationAsync(token), token))
        {
            // Lines move with a fix; what is left over has no counterpart of its id before it.
            int same = added.FindIndex(other => other.Id == known.Id && TextOf(other) == TextOf(known));
            same = same >= 0 ? same : added.FindIndex(other => other.Id == known.Id);
            if (same >= 0)
            {
                added.RemoveAt(same);
            }
        }

        foreach (((string rule, string id), string reason) in Known.Where(known => known.Key.Rule == proof.Rule))
        {
            Assert.True(added.RemoveAll(other => other.Id == id) > 0, $"{rule}'s fix adds no {id} any more; take it off the list of known ones ({reason}).");
        }

        Assert.True(added.Count == 0, $"'{title}' adds:\n{string.Join('\n', added.Select(other => $"{other}\n    {TextOf(other)}"))}");
    }

    private static string TextOf(Diagnostic diagnostic) => diagnostic.Location.SourceTree!.GetText().ToString(diagnostic.Location.SourceSpan).Split('\n')[0];

    /// <summary>Gives each await its <c>ConfigureAwait(false)</c>.</summary>
    private sealed class Configuring : CSharpSyntaxRewriter
    {
        public override SyntaxNode? VisitAwaitExpression(AwaitExpressionSyntax node)
        {
            ExpressionSyntax awaited = ((AwaitExpressionSyntax)base.VisitAwaitExpression(node)!).Expression;
            return awaited.ToString().Contains("ConfigureAwait", StringComparison.Ordinal) || awaited.ToString() == "Task.Yield()"
                ? node.WithExpression(awaited)
                : node.WithExpression(SyntaxFactory.ParseExpression($"{(awaited is InvocationExpressionSyntax or IdentifierNameSyntax or MemberAccessExpressionSyntax ? awaited : $"({awaited})")}.ConfigureAwait(false)"));
        }
    }
}
