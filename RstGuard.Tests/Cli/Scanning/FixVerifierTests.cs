using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.Text;
using RstGuard.Cli;
using RstGuard.Cli.Scanning;

namespace RstGuard.Tests.Cli.Scanning;

/// <summary>What a fix would do is told as it is, good or bad, and nothing is written.</summary>
public sealed class FixVerifierTests
{
    private const string Source = "using System.Net.Sockets;\nclass C { void M(Socket s) { s.LingerState = null; } }\n";

    [Fact]
    public async Task FixThatRepairs_IsSafe()
    {
        FixVerification fix = (await VerifyAsync(Source, source => source.Replace("s.LingerState = null; ", "")))!;
        Assert.True(fix.IsSafe);
        Assert.Equal(("Edit", 0, 0, true), (fix.Title, fix.ErrorsBefore, fix.ErrorsAfter, fix.Gone));
    }

    [Fact]
    public async Task ErrorsOfMissingPackages_AreNotTheFixs()
    {
        FixVerification fix = (await VerifyAsync("using Missing;\n" + Source, source => source.Replace("s.LingerState = null; ", "")))!;
        Assert.True(fix.IsSafe);
        Assert.Equal((1, 1), (fix.ErrorsBefore, fix.ErrorsAfter));
    }

    [Fact]
    public async Task FixThatBreaksTheBuild_IsNotSafe()
    {
        FixVerification fix = (await VerifyAsync(Source, source => source.Replace("s.LingerState = null; ", "s.Lost(); ")))!;
        Assert.False(fix.IsSafe);
        Assert.StartsWith("CS1061: ", Assert.Single(fix.NewErrors));
        Assert.True(fix.Gone);
    }

    [Fact]
    public async Task FixThatChangesNothing_LeavesTheFinding()
    {
        FixVerification fix = (await VerifyAsync(Source, source => source))!;
        Assert.Equal((false, false), (fix.IsSafe, fix.Gone));
    }

    [Fact]
    public async Task FixThatMovesTheFinding_LeavesIt()
    {
        FixVerification fix = (await VerifyAsync(Source, source => "// moved\n" + source))!;
        Assert.Equal((false, false), (fix.IsSafe, fix.Gone));
    }

    [Fact]
    public async Task FixThatMakesAnotherFinding_IsNotSafe()
    {
        FixVerification fix = (await VerifyAsync(Source, source => source.Replace("s.LingerState = null;", "s.LingerState = null; s.LingerState = null;")))!;
        Assert.False(fix.IsSafe || fix.Gone);
        Assert.Equal("PROBE1: test=no", Assert.Single(fix.NewFindings));
    }

    [Fact]
    public async Task FixThatThrows_IsNotSafe()
    {
        FixVerification fix = (await VerifyAsync(Source, _ => throw new NotSupportedException("no")))!;
        Assert.False(fix.IsSafe);
        Assert.Equal("The code fix threw NotSupportedException: no", Assert.Single(fix.NewErrors));
    }

    [Fact]
    public async Task WithoutAFix_ThereIsNothingToTell() => Assert.Null(await VerifyAsync(Source, null));

    [Fact]
    public async Task OptionsOfTheFolder_ReachTheFix()
    {
        string? value = null;
        await VerifyAsync(Source, source => source, document =>
            _ = document.Project.AnalyzerOptions.AnalyzerConfigOptionsProvider.GetOptions(document.GetSyntaxTreeAsync().Result!).TryGetValue("rstguard.connect_timeout_ms", out value));
        Assert.Equal("4321", value);
    }

    [Fact]
    public async Task Command_TellsOfEachFixAndWritesNothing()
    {
        using LooseFolder folder = new();
        const string linger = "using System.Net.Sockets;\npublic class C { public void M(Socket s) { s.LingerState = new LingerOption(true, 0); s.Dispose(); } }\n";
        folder.Write("C.cs", linger);
        (int exitCode, string output, _) = await RunAsync("scan", "--loose", folder.Path, "--verify-fixes", "--format", "json");
        JsonElement findings = JsonDocument.Parse(output).RootElement;
        Assert.Empty(JsonSchema.Violations(JsonSchema.Documented("Findings"), findings));
        JsonElement fix = Assert.Single(findings.EnumerateArray()).GetProperty("fix");
        Assert.Equal((0, true, true), (exitCode, fix.GetProperty("safe").GetBoolean(), fix.GetProperty("gone").GetBoolean()));
        Assert.Equal(linger, await File.ReadAllTextAsync(folder.FullName("C.cs"), TestContext.Current.CancellationToken));

        (_, string text, _) = await RunAsync("scan", "--loose", folder.Path, "--verify-fixes");
        Assert.Contains("fix: Leave linger off, so that closing sends a FIN: safe", text);
        Assert.Contains("Fixes: 1 offered, 1 safe, 0 not.", text);
    }

    [Fact]
    public async Task WithoutTheOption_NothingIsSaidOfFixes()
    {
        using LooseFolder folder = new();
        folder.Write("C.cs", "using System.Net.Sockets;\npublic class C { public void M(Socket s) => s.LingerState = new LingerOption(true, 0); }\n");
        (int exitCode, string output, _) = await RunAsync("scan", "--loose", folder.Path, "--format", "json");
        Assert.Equal(0, exitCode);
        Assert.False(Assert.Single(JsonDocument.Parse(output).RootElement.EnumerateArray()).TryGetProperty("fix", out _));
    }

    private static async Task<FixVerification?> VerifyAsync(string source, Func<string, string>? edit, Action<Document>? look = null)
    {
        using LooseFolder folder = new();
        folder.Write(".editorconfig", "root = true\n[*.cs]\nrstguard.connect_timeout_ms = 4321\n").Write("C.cs", source);
        Assert.True(ReferenceAssemblies.TryFind(out ReferenceAssemblies? assemblies, out string? problem), problem);
        FixVerifier verifier = new([new LingerProbe()], edit is null ? [] : [new EditingFix(edit, look)]);
        ScanResult result = await new LooseScanner(folder.Path, assemblies, [new LingerProbe()], [], verifier).ScanAsync(null, TestContext.Current.CancellationToken);
        return result.Fixes![Assert.Single(result.Findings)];
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        int exitCode = await Program.RunAsync(arguments, output, error, TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), error.ToString());
    }

    private sealed class EditingFix(Func<string, string> edit, Action<Document>? look) : CodeFixProvider
    {
        public override ImmutableArray<string> FixableDiagnosticIds => [LingerProbe.Id];

        public override Task RegisterCodeFixesAsync(CodeFixContext context)
        {
            look?.Invoke(context.Document);
            context.RegisterCodeFix(
                CodeAction.Create("Edit", async token => context.Document.WithText(SourceText.From(edit((await context.Document.GetTextAsync(token)).ToString()))), "edit"),
                context.Diagnostics);
            return Task.CompletedTask;
        }
    }
}
