using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using RstGuard.Cli.Proving;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Robustness;

/// <summary>
/// All rules and all fixes over code that no test of one rule looks at: half-typed, recursive, long, and the SDK's templates. Nothing
/// throws. A few of each by default; <c>.ci/deep</c> asks for all by <c>RSTGUARD_CUTS</c>, the cuts of a source (0: each token),
/// <c>RSTGUARD_SOURCES</c>, a folder of the sources that tests of rules wrote there by <c>RSTGUARD_RECORD</c>, and
/// <c>RSTGUARD_TEMPLATES</c>, names of templates.
/// </summary>
public sealed class BrokenCodeTests(ITestOutputHelper output)
{
    private const int FewCuts = 4;

    private static readonly ImmutableArray<DiagnosticAnalyzer> Rules = Verify.AllAnalyzers();
    private static readonly ILookup<string, CodeFixProvider> Fixes = Verify.AllFixes()
        .SelectMany(fix => fix.FixableDiagnosticIds.Select(id => (id, fix))).ToLookup(pair => pair.id, pair => pair.fix);

    private static readonly ImmutableArray<string> OffByDefault = [.. Rules.SelectMany(rule => rule.SupportedDiagnostics).Where(descriptor => !descriptor.IsEnabledByDefault).Select(descriptor => descriptor.Id)];

    // Sources of tests begin alike: what was cut the same way is looked at once.
    private static readonly ConcurrentDictionary<string, bool> Seen = new(StringComparer.Ordinal);

    private static int Cuts => int.TryParse(Environment.GetEnvironmentVariable("RSTGUARD_CUTS"), NumberStyles.None, CultureInfo.InvariantCulture, out int cuts) ? cuts : FewCuts;

    public static TheoryData<string> Templates => [.. (Environment.GetEnvironmentVariable("RSTGUARD_TEMPLATES") ?? "console worker").Split(' ', StringSplitOptions.RemoveEmptyEntries)];

    [Fact]
    public async Task HalfTypedCode_IsSurvived()
    {
        (string Name, string Text)[] sources = Environment.GetEnvironmentVariable("RSTGUARD_SOURCES") is { Length: > 0 } folder
            ? [.. Directory.EnumerateFiles(folder, "*.cs").Order(StringComparer.Ordinal).Select(file => (Path.GetFileName(file), File.ReadAllText(file)))]
            : [.. Proof.All().Select(proof => (proof.FileName, proof.Source))];
        Assert.NotEmpty(sources);
        int done = 0;
        ConcurrentQueue<string> failures = new();
        await Parallel.ForEachAsync(sources, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, async (source, _) =>
        {
            try
            {
                await SurvivesCutsAsync(source.Name, source.Text);
            }
            catch (VerificationException exception)
            {
                failures.Enqueue(exception.Message);
            }

            if (Interlocked.Increment(ref done) is var so && so % 100 == 0)
            {
                TestContext.Current.SendDiagnosticMessage("{0} of {1} sources, {2} texts", so, sources.Length, Seen.Count);
            }
        });
        output.WriteLine($"{sources.Length} sources, {Seen.Count} texts");
        Assert.True(failures.IsEmpty, $"{failures.Count} sources broke a rule or a fix:\n\n{string.Join("\n\n", failures.Take(20))}");
    }

    [Theory]
    [InlineData("class C { Socket S(Socket s) { s.Send(new byte[1]); return S(s); } void M() { using Socket s = S(new Socket(SocketType.Stream, ProtocolType.Tcp)); } }")]
    [InlineData("class C { static void A(Socket s) => B(s); static void B(Socket s) { A(s); s.Close(); } void M(Socket s) { _ = Task.Run(() => s.Receive(new byte[1])); A(s); } }")]
    [InlineData("class C { Socket _s = null!; Socket P => P ?? _s; async Task L() { while (true) { await P.ReceiveAsync(new byte[1]); await L(); } } void M() { _ = L(); P.Dispose(); } }")]
    [InlineData("class A : B { } class B : A { Socket _s; void M() { _s.Close(); } }")]
    [InlineData("class C<T> : C<C<T>> { Socket _s = null!; void M() { _s.Close(0); } }")]
    [InlineData("partial class C { void M(Socket s) { M(s); using (s) { void L() { L(); s.Receive(new byte[1]); } L(); } } }")]
    [InlineData("class C { C Next; Socket S; void M() { var c = this; c = c.Next; c = c.Next; c.S.Dispose(); M(); } async Task N() { await S.ReceiveAsync(new byte[9]); _ = N(); } }")]
    public Task RecursiveCode_IsSurvived(string source) => SurvivesAsync("recursive", Verify.DefaultUsings + source);

    [Theory]
    [InlineData("class C { void M(Socket s) { var b = new byte[99]; while (true) { s.Receive(b); s.Send(")]
    [InlineData("class C { Socket M() => new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true LingerState = new LingerOption(true, 0) }; }")]
    [InlineData("class C { async Task M(byte[] b) { using var s = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true ReceiveTimeout = 200 }; await s.SendAsync(b, SocketFlags.None); s.Shutdown(SocketShutdown.Send); while (await s.ReceiveAsync(b, SocketFlags.None) > 0) { } } }")]
    public Task HalfTypedCall_IsSurvived(string source) => SurvivesAsync("half typed", Verify.DefaultUsings + source);

    // The search for a name that is not there yet once never ended.
    [Theory]
    [InlineData("class { Socket _s; public C(Socket s) { _s = s; _ = L(); } async Task L() { await _s.ReceiveAsync(new byte[9]); } void D() { _s.Dispose(); } }")]
    [InlineData("class C { Socket ; Task ; public C(Socket s) { = s; } async Task L() { await .ReceiveAsync(new byte[9]); } void D() { .Dispose(); } }")]
    [InlineData("class C { Socket _s = null!; async Task () { await _s.ReceiveAsync(new byte[9]); } void () { _s.Dispose(); } }")]
    public Task NameNotTypedYet_IsSurvived(string source) => SurvivesAsync("nameless", Verify.DefaultUsings + source);

    [Theory]
    [InlineData("Socket s{0} = new(SocketType.Stream, ProtocolType.Tcp); s{0}.Connect(e); s{0}.Send(b); s{0}.Close();\n", 1000)]
    [InlineData("if (b.Length > {0}) {{ f.Send(b); }} else {{ f.Receive(b); }}\n", 2000)]
    [InlineData("using TcpClient c{0} = new(); c{0}.Connect(e); c{0}.GetStream().Read(b);\n", 300)]
    [InlineData("_ = f.ReceiveAsync(b); f.LingerState = new LingerOption(true, 0);\n", 1000)]
    [InlineData("try {{ f.Shutdown(SocketShutdown.Both); f.Close(); }} catch (SocketException) {{ }}\n", 800)]
    public async Task LongMethod_IsSurvived(string statement, int times)
    {
        StringBuilder body = new();
        for (int i = 0; i < times; i++)
        {
            body.AppendFormat(CultureInfo.InvariantCulture, statement, i);
        }

        await AnalyzeAsync("long", $"{Verify.DefaultUsings}class C {{ Socket f = null!; void M(IPEndPoint e, byte[] b) {{\n{body}}} }}");
    }

    [Fact]
    public Task DeeplyNestedCode_IsSurvived() => AnalyzeAsync("deep", Verify.DefaultUsings + "class C { void M(Socket s, byte[] b) { "
        + string.Concat(Enumerable.Repeat("try { if (b.Length > 0) { while (s.Receive(b) > 0) { ", 60)) + "s.Close(0);" + string.Concat(Enumerable.Repeat(" } } } finally { s.Dispose(); }", 60)) + " } }");

    [Theory]
    [MemberData(nameof(Templates))]
    public async Task Template_IsSilent(string template)
    {
        string folder = Directory.CreateTempSubdirectory("rstguard-template").FullName;
        try
        {
            (int exit, string output) = await DotNet.RunInAsync(folder, TimeSpan.FromMinutes(2), "new", template, "--output", folder, "--name", "Probe", "--no-update-check");
            // Some restore after they have written their files, and a package may be missing.
            string[] files = Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories);
            Assert.True(exit == 0 || files.Length > 0, output);
            TestProject project = new()
            {
                Sources = [.. files.Select(file => (Path.GetRelativePath(folder, file), File.ReadAllText(file))), ("GlobalUsings.cs", "global using System; global using System.Threading; global using System.Threading.Tasks; global using System.Net.Http;")],
                References = ReferenceSet.Net100AspNetCore,
            };
            Assert.Empty(await new Analysis(project.Compile(), project.AnalyzerOptions, Rules).WholeAsync());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task SurvivesCutsAsync(string name, string source)
    {
        SyntaxToken[] tokens = [.. (await CSharpSyntaxTree.ParseText(source).GetRootAsync()).DescendantTokens().Where(token => token.Span.Length > 0 && token.Parent?.FirstAncestorOrSelf<Microsoft.CodeAnalysis.CSharp.Syntax.UsingDirectiveSyntax>() is null)];
        int step = Cuts == 0 ? 1 : Math.Max(1, tokens.Length / Cuts);
        for (int i = 0; i < tokens.Length; i += step)
        {
            await SurvivesAsync($"{name} cut off before '{tokens[i]}' at {tokens[i].SpanStart}", source[..tokens[i].SpanStart]);
            await SurvivesAsync($"{name} without '{tokens[i]}' at {tokens[i].SpanStart}", source.Remove(tokens[i].SpanStart, tokens[i].Span.Length));
        }
    }

    private static async Task SurvivesAsync(string what, string text)
    {
        if (!Seen.TryAdd(Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text))), true))
        {
            return;
        }

        (TestProject project, ImmutableArray<Diagnostic> diagnostics) = await AnalyzeAsync(what, text);
        if (!diagnostics.Any(diagnostic => Fixes.Contains(diagnostic.Id)))
        {
            return;
        }

        try
        {
            using AdhocWorkspace workspace = new();
            Solution solution = project.ToSolution(workspace, withCopy: false);
            foreach (Diagnostic diagnostic in await FixCheck.DiagnosticsAsync(solution.Projects.Single(), Rules))
            {
                foreach (CodeFixProvider fix in Fixes[diagnostic.Id])
                {
                    foreach (CodeAction action in await FixCheck.OfferedAsync(fix, solution, diagnostic))
                    {
                        await FixCheck.ApplyAsync(action, solution);
                    }
                }
            }
        }
        catch (Exception exception)
        {
            throw new VerificationException($"A fix of {what}: {exception}\n\n{text}");
        }
    }

    private static async Task<(TestProject Project, ImmutableArray<Diagnostic> Diagnostics)> AnalyzeAsync(string what, string text)
    {
        TestProject project = new() { Sources = [("Test.cs", text)], References = ReferenceSet.Net100AspNetCore, Enabled = OffByDefault };
        try
        {
            return (project, await new Analysis(project.Compile(), project.AnalyzerOptions, Rules).WholeAsync());
        }
        catch (Exception exception)
        {
            throw new VerificationException($"{what}: {exception}\n\n{text}");
        }
    }
}
