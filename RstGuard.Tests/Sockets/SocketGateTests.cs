using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;
using RstGuard.Sockets;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Sockets;

/// <summary>The gate before all rules: what has nothing to do with sockets costs nothing, what has is not missed.</summary>
public sealed class SocketGateTests
{
    private const string Plain = "class Sum { int _last; int Add(int a, int b) { _last = a + b; return _last; } }";

    [Fact]
    public async Task CodeWithoutSockets_IsNotLookedInto()
    {
        (SocketModel model, _) = await AnalyzedAsync(Project(Plain));
        Assert.False(model.HasBodies);
    }

    // With an action for each body, the compiler makes the operations of all of them, whatever the action does.
    [Fact]
    public async Task CodeWithoutSockets_GetsNoActions() =>
        Assert.Empty(await RulesWithActionsAsync(Plain, "class D { string Name => \"not about them\"; }"));

    [Fact]
    public async Task OneFileOfMany_GivesActionsToTheRulesThatItMayConcern()
    {
        List<string> rules = await RulesWithActionsAsync(Plain, "class C { void M(System.Net.Sockets.Socket s) { s.Close(); } }");
        Assert.Contains("RST1001", rules);
        Assert.DoesNotContain("RST5002", rules);
    }

    // What is kept of a file is kept from one compilation to the next, as an editor makes them.
    [Fact]
    public async Task FileThatBeginsToUseSockets_IsLookedIntoFromThenOn()
    {
        TestProject project = Project(Plain, "class C { }");
        Compilation compilation = project.Compile();
        Assert.Empty(await new Analysis(compilation, project.AnalyzerOptions, Verify.AllAnalyzers()).WholeAsync());
        SyntaxTree changed = compilation.SyntaxTrees.Single(tree => tree.ToString().Contains("class C", StringComparison.Ordinal));
        const string Sockets = "class C { void M(System.Net.Sockets.Socket s) { s.LingerState = new System.Net.Sockets.LingerOption(true, 0); s.Close(); } }";
        Compilation with = compilation.ReplaceSyntaxTree(changed, changed.WithChangedText(SourceText.From(Sockets)));
        Assert.Equal("RST1001", Assert.Single(await new Analysis(with, project.AnalyzerOptions, Verify.AllAnalyzers()).WholeAsync()).Id);
        Assert.Empty(await new Analysis(with.ReplaceSyntaxTree(with.SyntaxTrees.Last(), changed), project.AnalyzerOptions, Verify.AllAnalyzers()).WholeAsync());
    }

    [Fact]
    public async Task OnlyTheFileWithSockets_IsLookedInto()
    {
        (SocketModel model, Compilation compilation) = await AnalyzedAsync(Project(Plain, "class C { void M(System.Net.Sockets.Socket s) { s.Close(); } }"));
        Assert.True(model.HasBodies);
        Assert.Equal(SocketTopics.None, TopicsOfFirstMethod(model, compilation, 0));
        Assert.Equal(SocketTopics.Tcp, TopicsOfFirstMethod(model, compilation, 1));
    }

    [Fact]
    public void AskedAgain_TheGateAllocatesNothing()
    {
        CSharpCompilation compilation = Project(Plain).Compile();
        var model = SocketModel.For(compilation);
        (ISymbol method, SyntaxTree tree) = FirstMethod(compilation, 0);
        _ = model.TopicsOf(method, tree, CancellationToken.None);
        long before = GC.GetAllocatedBytesForCurrentThread();
        SocketTopics topics = SocketTopics.None;
        for (int i = 0; i < 1000; i++)
        {
            topics |= model.TopicsOf(method, tree, CancellationToken.None);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(SocketTopics.None, topics);
    }

    [Fact]
    public void ScanningAFile_AllocatesNothingAfterTheFirst()
    {
        var scanner = new SocketTopicScanner();
        var text = SourceText.From(string.Concat(Enumerable.Repeat(Plain + "\n", 1000)));
        _ = scanner.Scan(text);
        long before = GC.GetAllocatedBytesForCurrentThread();
        SocketTopics topics = scanner.Scan(text);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(SocketTopics.None, topics);
    }

    // The name may lie across the end of what is scanned at once.
    [Fact]
    public void NameAtAnyPlace_IsFound()
    {
        var scanner = new SocketTopicScanner();
        for (int before = 4060; before < 4110; before++)
        {
            foreach (string name in new[] { "NetworkStream", "TcpClient", "socket", "LingerState", "ReceiveTimeout" })
            {
                Assert.Equal(SocketTopics.Tcp, scanner.Scan(SourceText.From(new string(' ', before) + name)));
            }
        }
    }

    [Theory]
    [InlineData("global using Link = System.Net.Sockets.TcpClient;")]
    [InlineData("global using System; global using Link = System.Net.Sockets.TcpClient;")]
    public async Task FileThatReachesSocketsThroughAGlobalAliasOnly_IsNotMissed(string aliases)
    {
        TestProject project = Project(
            "class C { async System.Threading.Tasks.Task M() { using var cts = new System.Threading.CancellationTokenSource(100); using var c = new Link(); await c.ConnectAsync(\"a\", 1, cts.Token); } }",
            aliases);
        Assert.Equal("RST4001", Assert.Single(await new Analysis(project.Compile(), project.AnalyzerOptions, Verify.AllAnalyzers()).WholeAsync()).Id);
    }

    [Theory]
    [InlineData("partial class C { System.Net.Sockets.Socket S = null!; }")]
    [InlineData("partial class C : B { } class B { protected System.Net.Sockets.Socket S = null!; }")]
    public void FileThatReachesSocketsThroughItsType_IsNotMissed(string other)
    {
        CSharpCompilation compilation = Project("partial class C { void M() { S.Close(); } }", other).Compile();
        Assert.Equal(SocketTopics.Tcp, TopicsOfFirstMethod(SocketModel.For(compilation), compilation, 0));
    }

    [Fact]
    public async Task CompilationWithoutTheNetworkLibrary_IsSilent()
    {
        TestProject project = Project("class Socket { public int SendTimeout; } class C { void M(Socket s) { s.SendTimeout = 100; } }") with { References = ReferenceSet.WithoutSockets };
        (SocketModel model, _) = await AnalyzedAsync(project);
        Assert.False(model.HasBodies);
    }

    [Fact]
    public void CancelledBody_IsNotKept()
    {
        CSharpCompilation compilation = Project("class C { void M(System.Net.Sockets.Socket s) { s.Shutdown(System.Net.Sockets.SocketShutdown.Both); s.Close(); } }").Compile();
        var model = SocketModel.For(compilation);
        (ISymbol method, SyntaxTree tree) = FirstMethod(compilation, 0);
        IOperation root = compilation.GetSemanticModel(tree).GetOperation(tree.GetRoot().DescendantNodes().OfType<MethodDeclarationSyntax>().First())!;
        Assert.ThrowsAny<OperationCanceledException>(() => model.BodyOf(root, method, new CancellationToken(canceled: true)));
        Assert.False(model.HasBodies);
        Assert.Equal([SocketOperationKind.Shutdown, SocketOperationKind.Close], model.BodyOf(root, method, CancellationToken.None).Operations.Select(o => o.Kind));
        Assert.Same(model.BodyOf(root, method, CancellationToken.None), model.BodyOf(root, method, CancellationToken.None));
    }

    [Fact]
    public void CancelledGate_IsNotKept()
    {
        CSharpCompilation compilation = Project("class C { void M() { System.Net.Sockets.Socket? s = null; s?.Close(); } }").Compile();
        var model = SocketModel.For(compilation);
        (ISymbol method, SyntaxTree tree) = FirstMethod(compilation, 0);
        try
        {
            _ = model.TopicsOf(method, tree, new CancellationToken(canceled: true));
        }
        catch (OperationCanceledException)
        {
        }

        Assert.Equal(SocketTopics.Tcp, model.TopicsOf(method, tree, CancellationToken.None));
    }

    [Fact]
    public void TwoRulesOfOneCompilation_ShareOneModel()
    {
        CSharpCompilation compilation = Project(Plain).Compile();
        Assert.Same(SocketModel.For(compilation), SocketModel.For(compilation));
        Assert.NotSame(SocketModel.For(compilation), SocketModel.For(compilation.Clone()));
    }

    private static async Task<List<string>> RulesWithActionsAsync(params string[] sources)
    {
        TestProject project = Project(sources);
        ImmutableArray<DiagnosticAnalyzer> analyzers = Verify.AllAnalyzers();
        CompilationWithAnalyzers driver = project.Compile().WithAnalyzers(analyzers, project.AnalyzerOptions);
        Assert.Empty(await driver.GetAnalyzerDiagnosticsAsync());
        List<string> rules = [];
        foreach (DiagnosticAnalyzer analyzer in analyzers)
        {
            if ((await driver.GetAnalyzerTelemetryInfoAsync(analyzer, CancellationToken.None)).OperationBlockActionsCount > 0)
            {
                rules.Add(analyzer.SupportedDiagnostics[0].Id);
            }
        }

        return rules;
    }

    private static TestProject Project(params string[] sources) => new()
    {
        Sources = [.. sources.Select((source, i) => ($"File{i}.cs", source))],
        References = ReferenceSet.Net100,
    };

    private static async Task<(SocketModel Model, Compilation Compilation)> AnalyzedAsync(TestProject project)
    {
        var seen = new SeenCompilation();
        CompilationWithAnalyzers driver = project.Compile().WithAnalyzers(Verify.AllAnalyzers().Add(seen), project.AnalyzerOptions);
        Assert.Empty(await driver.GetAnalyzerDiagnosticsAsync());
        return (SocketModel.For(seen.Compilation!), seen.Compilation!);
    }

    private static SocketTopics TopicsOfFirstMethod(SocketModel model, Compilation compilation, int file)
    {
        (ISymbol method, SyntaxTree tree) = FirstMethod(compilation, file);
        return model.TopicsOf(method, tree, CancellationToken.None);
    }

    private static (ISymbol Method, SyntaxTree Tree) FirstMethod(Compilation compilation, int file)
    {
        SyntaxTree tree = compilation.SyntaxTrees.ElementAt(file);
        MethodDeclarationSyntax method = tree.GetRoot().DescendantNodes().OfType<MethodDeclarationSyntax>().First();
        return (compilation.GetSemanticModel(tree).GetDeclaredSymbol(method)!, tree);
    }

#pragma warning disable RS1036, RS1038, RS1041, RS2008 // Not shipped: the driver analyzes a copy of the compilation, and that one has the model.
    [DiagnosticAnalyzer(LanguageNames.CSharp)]
    private sealed class SeenCompilation : DiagnosticAnalyzer
    {
        private static readonly DiagnosticDescriptor Nothing = new("TEST0002", "Sees", "Sees", "Test", DiagnosticSeverity.Hidden, isEnabledByDefault: true);

        public Compilation? Compilation { get; private set; }

        public override System.Collections.Immutable.ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [Nothing];

        public override void Initialize(AnalysisContext context)
        {
            context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
            context.EnableConcurrentExecution();
            context.RegisterCompilationAction(end => Compilation = end.Compilation);
        }
    }
}
