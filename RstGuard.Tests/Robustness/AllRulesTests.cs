using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using RstGuard.Cli.Proving;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Robustness;

/// <summary>All rules at once, as a user has them: nothing in code that is right, and one diagnostic for each statement that is wrong.</summary>
public sealed class AllRulesTests
{
    private const string Usings = "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Threading; global using System.Threading.Tasks;";

    private static string Folder { get; } = Path.Combine(DotNet.RepositoryRoot, "RstGuard.Tests", "ValidCode");

    public static TheoryData<string> ValidFiles => [.. Directory.EnumerateFiles(Folder, "*.cs").Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    public static TheoryData<string> Programs => [.. Proof.All().Select(proof => proof.FileName)];

    [Theory]
    [MemberData(nameof(ValidFiles))]
    public async Task ValidCode_IsSilent(string file) => Assert.Empty(await FindingsAsync((file, Read(file))));

    [Fact]
    public async Task ValidCode_IsSilentTogether() =>
        Assert.Empty(await FindingsAsync([.. Directory.EnumerateFiles(Folder, "*.cs").Order(StringComparer.Ordinal).Select(file => (Path.GetFileName(file), File.ReadAllText(file)))]));

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task FlaggedProgram_HasOneDiagnosticForAStatement(string program)
    {
        ImmutableArray<Diagnostic> findings = await FindingsAsync(("Program.cs", Proof.All().Single(proof => proof.FileName == program).Source));
        Assert.NotEmpty(findings);
        Assert.Equal(findings.Length, findings.Select(finding => StatementOf(finding).Span).Distinct().Count());
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(Folder, file));

    private static SyntaxNode StatementOf(Diagnostic finding)
    {
        SyntaxNode node = finding.Location.SourceTree!.GetRoot().FindNode(finding.Location.SourceSpan);
        return node.FirstAncestorOrSelf<Microsoft.CodeAnalysis.CSharp.Syntax.StatementSyntax>() ?? node;
    }

    private static async Task<ImmutableArray<Diagnostic>> FindingsAsync(params (string Name, string Text)[] files)
    {
        TestProject project = new()
        {
            Sources = [.. files, ("GlobalUsings.cs", Usings)],
            References = ReferenceSet.Net100AspNetCore,
            Enabled = [.. Catalogue.Rules.Where(rule => !rule.Descriptor.IsEnabledByDefault).Select(rule => rule.Descriptor.Id)],
        };
        CSharpCompilation compilation = project.Compile();
        Assert.Empty(Verify.Errors(compilation));
        return await new Analysis(compilation, project.AnalyzerOptions, Verify.AllAnalyzers()).WholeAsync();
    }
}
