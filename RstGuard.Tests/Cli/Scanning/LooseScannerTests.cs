using System.Text;
using Microsoft.CodeAnalysis;
using RstGuard.Cli.Scanning;

namespace RstGuard.Tests.Cli.Scanning;

public sealed class LooseScannerTests
{
    private const string Usings = "using System.Net.Sockets;\n";

    private const string SdkProject = """<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net8.0</TargetFramework></PropertyGroup></Project>""";

    private static string TypeWithFinding(string name, string modifiers = "public") =>
        $$"""
        {{modifiers}} class {{name}}
        {
            private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp);
            public void Close() => _socket.LingerState = null;
        }

        """;

    private static string[] Places(ScanResult result) => result.Findings.Select(f => $"{f.Path}:{f.Line}").ToArray();

    [Fact]
    public async Task SpanIsGivenFromOneAndEndsBehindTheLastCharacter()
    {
        using LooseFolder folder = new();
        folder.Write("a/b/C.cs", Usings + "class C { void M(Socket s) { s.LingerState = null; } }\n");
        Finding finding = Assert.Single((await folder.ScanAsync()).Findings);
        Assert.Equal(new Finding(LingerProbe.Id, DiagnosticSeverity.Warning, "test=no", "a/b/C.cs", 2, 30, 2, 50), finding);
    }

    [Fact]
    public async Task EmptyFolder_HasNoFindingsAndNoFiles()
    {
        using LooseFolder folder = new();
        ScanResult result = await folder.ScanAsync();
        Assert.Empty(result.Findings);
        Assert.Equal((0, 0), (result.Files, result.Projects));
    }

    [Fact]
    public async Task CodeThatDoesNotBind_DoesNotHideItsNeighbours()
    {
        using LooseFolder folder = new();
        folder.Write("C.cs", "using Missing.Package;\n" + Usings + "[Nowhere] class C : UnknownBase<int> { UnknownType x = new(); void M(Socket s) { Unknown.Call(s); x.Go(y: 1);\n s.LingerState = null; } void N( {");
        Assert.Equal(["C.cs:4"], Places(await folder.ScanAsync()));
    }

    [Fact]
    public async Task TypeDeclaredTwice_IsAnalysedPerDeclaration()
    {
        using LooseFolder folder = new();
        folder.Write("P.csproj", SdkProject);
        folder.Write("a/C.cs", Usings + TypeWithFinding("C")).Write("b/C.cs", Usings + TypeWithFinding("C")).Write("c/C.cs", Usings + TypeWithFinding("C"));
        Assert.Equal(["a/C.cs:5", "b/C.cs:5", "c/C.cs:5"], Places(await folder.ScanAsync()));
    }

    [Fact]
    public async Task CopiesOfAFolder_AreEachAnalysedWithTheirOwn()
    {
        using LooseFolder folder = new();
        const string user = "class {0} : Holder {{ void M() {{\n S.LingerState = null; }} }}\n";
        folder.Write("v1/Holder.cs", "class Holder { protected int S; }");
        folder.Write("v1/One.cs", Usings + string.Format(null, user, "One"));
        folder.Write("v2/Holder.cs", Usings + "class Holder { protected Socket S; }");
        folder.Write("v2/Two.cs", Usings + string.Format(null, user, "Two"));
        Assert.Equal(["v2/Two.cs:3"], Places(await folder.ScanAsync()));
    }

    [Fact]
    public async Task PartialTypeAcrossFiles_IsOneType()
    {
        using LooseFolder folder = new();
        folder.Write("C.cs", Usings + "partial class C { private Socket _socket; }");
        folder.Write("C.Close.cs", "partial class C { void Close() {\n _socket.LingerState = null; } }");
        Assert.Equal(["C.Close.cs:2"], Places(await folder.ScanAsync()));
    }

    [Fact]
    public async Task PartsPerTargetFramework_AreEachAnalysedWithTheSharedPart()
    {
        using LooseFolder folder = new();
        folder.Write("P.csproj", SdkProject);
        folder.Write("C.cs", "partial class C { void Both() {\n Raw.LingerState = null; } }");
        folder.Write("C.net.cs", Usings + "partial class C { private Socket Raw; void Close() {\n Raw.LingerState = null; } }");
        folder.Write("C.netfx.cs", Usings + "partial class C { private Socket Raw; void Close() {\n Raw.LingerState = null; } }");
        Assert.Equal(["C.cs:2", "C.net.cs:3", "C.netfx.cs:3"], Places(await folder.ScanAsync()));
    }

    [Fact]
    public async Task TypeDeclaredTwiceInOneFile_IsAnalysedPerDeclaration()
    {
        using LooseFolder folder = new();
        folder.Write("C.cs", Usings + TypeWithFinding("C") + TypeWithFinding("D") + TypeWithFinding("C"));
        Assert.Equal(["C.cs:5", "C.cs:10", "C.cs:15"], Places(await folder.ScanAsync()));
    }

    [Fact]
    public async Task TwoProgramsWithTopLevelStatements_AreBothAnalysed()
    {
        using LooseFolder folder = new();
        folder.Write("one.cs", Usings + "Socket s = new(SocketType.Stream, ProtocolType.Tcp);\ns.LingerState = null;\n");
        folder.Write("two.cs", Usings + "Socket s = new(SocketType.Stream, ProtocolType.Tcp);\ns.LingerState = null;\n");
        Assert.Equal(["one.cs:3", "two.cs:3"], Places(await folder.ScanAsync()));
    }

    [Theory]
    [InlineData("NET", true)]
    [InlineData("NET10_0", true)]
    [InlineData("NET8_0_OR_GREATER", true)]
    [InlineData("NETCOREAPP3_1_OR_GREATER", true)]
    [InlineData("TRACE", true)]
    [InlineData("!DEBUG && !NETFRAMEWORK && !NET8_0 && !NETSTANDARD2_0", true)]
    [InlineData("NETFRAMEWORK", false)]
    public async Task SymbolsAreThoseOfTheSdkTarget(string condition, bool holds)
    {
        using LooseFolder folder = new();
        folder.Write("C.cs", $"#if {condition}\n{Usings}{TypeWithFinding("C")}#endif\n");
        Assert.Equal(holds ? 1 : 0, (await folder.ScanAsync()).Findings.Count);
    }

    [Fact]
    public async Task DefinedSymbol_OpensItsBranch()
    {
        using LooseFolder folder = new();
        folder.Write("C.cs", $"#if NETFRAMEWORK && MINE\n{Usings}{TypeWithFinding("C")}#endif\n");
        Assert.Empty((await folder.ScanAsync("MINE")).Findings);
        Assert.Single((await folder.ScanAsync("MINE", "NETFRAMEWORK")).Findings);
    }

    [Theory]
    [InlineData("<Using Include=\"System.Net.Sockets\" />", "", 1)]
    [InlineData("", "<ItemGroup><Using Include=\"System.Net.Sockets\" /></ItemGroup>", 1)]
    [InlineData("<Using Include=\"System.Net.Sockets\" /><Using Remove=\"System.Net.Sockets\" />", "", 0)]
    [InlineData("", "", 0)]
    public async Task UsingItems_AreTakenFromTheProjectAndAboveIt(string item, string shared, int findings)
    {
        using LooseFolder folder = new();
        folder.Write("Directory.Build.props", $"<Project>{shared}</Project>");
        folder.Write("src/P.csproj", $"""<Project Sdk="Microsoft.NET.Sdk"><ItemGroup>{item}</ItemGroup></Project>""");
        folder.Write("src/C.cs", TypeWithFinding("C"));
        Assert.Equal(findings, (await folder.ScanAsync()).Findings.Count);
    }

    [Theory]
    [InlineData("Microsoft.NET.Sdk", "enable", "Task", 1)]
    [InlineData("Microsoft.NET.Sdk", "disable", "Task", 0)]
    [InlineData("Microsoft.NET.Sdk", "", "Task", 0)]
    [InlineData("Microsoft.NET.Sdk", "enable", "HttpContext", 0)]
    [InlineData("Microsoft.NET.Sdk.Web", "enable", "HttpContext", 1)]
    public async Task ImplicitUsings_AreThoseOfTheSdk(string sdk, string value, string type, int findings)
    {
        using LooseFolder folder = new();
        folder.Write("P.csproj", $"""<Project Sdk="{sdk}"><PropertyGroup><ImplicitUsings>{value}</ImplicitUsings></PropertyGroup></Project>""");

        // The socket is the type argument's neighbour: the member binds only where the type does.
        folder.Write("C.cs", $"using System.Net.Sockets;\nclass Of<T> where T : {type} {{ public Socket S; }}\nclass C {{ void M(object o) {{ if (o is {type}) {{ var s = Pick(default({type})); s.LingerState = null; }} }} static Socket Pick({type} t) => null; static int Pick(int t) => 0; }}\n");
        ScanResult result = await folder.ScanAsync([new BoundTypeProbe(type)]);
        Assert.Equal(findings, result.Findings.Count);
    }

    [Theory]
    [InlineData("<PropertyGroup><IsTestProject>true</IsTestProject></PropertyGroup>", "", "test=true")]
    [InlineData("<ItemGroup><PackageReference Include=\"xunit.v3\" /></ItemGroup>", "", "test=true")]
    [InlineData("<ItemGroup><PackageReference Include=\"Microsoft.NET.Test.Sdk\" Version=\"1.0\" /></ItemGroup>", "", "test=true")]
    [InlineData("<ItemGroup><Reference Include=\"nunit.framework, Version=3.0.0.0\" /></ItemGroup>", "", "test=true")]
    [InlineData("<PropertyGroup><IsTestProject>false</IsTestProject></PropertyGroup><ItemGroup><PackageReference Include=\"xunit\" /></ItemGroup>", "", "test=no")]
    [InlineData("", "<PropertyGroup Condition=\"$(MSBuildProjectName.EndsWith('Tests'))\"><IsTestProject>true</IsTestProject></PropertyGroup>", "test=true")]
    [InlineData("", "<PropertyGroup Condition=\"$(MSBuildProjectName.EndsWith('Other'))\"><IsTestProject>true</IsTestProject></PropertyGroup>", "test=no")]
    [InlineData("", "<ItemGroup Condition=\"'$(IsTestProject)' == 'true'\"><PackageReference Include=\"xunit\" /></ItemGroup>", "test=no")]
    [InlineData("<PropertyGroup><IsTestProject>true</IsTestProject></PropertyGroup>", "<ItemGroup Condition=\"'$(IsTestProject)' == 'true'\"><PackageReference Include=\"xunit\" /></ItemGroup>", "test=true")]
    [InlineData("", "<ItemGroup><GlobalPackageReference Include=\"NUnit\" /></ItemGroup>", "test=true")]
    [InlineData("", "", "test=no")]
    public async Task TestProject_IsKnownByItsProjectFiles(string project, string shared, string message)
    {
        using LooseFolder folder = new();
        folder.Write("Directory.Build.props", $"<Project>{shared}</Project>");
        folder.Write("src/My.Tests.csproj", $"""<Project Sdk="Microsoft.NET.Sdk">{project}</Project>""");
        folder.Write("src/C.cs", Usings + TypeWithFinding("C"));
        Assert.Equal(message, Assert.Single((await folder.ScanAsync()).Findings).Message);
    }

    [Fact]
    public async Task TestProject_IsKnownByItsUsings()
    {
        using LooseFolder folder = new();
        folder.Write("src/P.csproj", SdkProject).Write("src/C.cs", Usings + TypeWithFinding("C"));
        folder.Write("test/T.csproj", SdkProject).Write("test/T.cs", "namespace N { using NUnit.Framework; }").Write("test/deep/D.cs", Usings + TypeWithFinding("D"));
        ScanResult result = await folder.ScanAsync();
        Assert.Equal([("src/C.cs", "test=no"), ("test/deep/D.cs", "test=true")], result.Findings.Select(f => (f.Path, f.Message)));
    }

    [Fact]
    public async Task WithoutAProject_OnlyTheFoldersOfTestsAreTests()
    {
        using LooseFolder folder = new();
        folder.Write("src/C.cs", Usings + TypeWithFinding("C")).Write("tests/T.cs", "using Xunit;\n" + Usings + TypeWithFinding("T"));
        ScanResult result = await folder.ScanAsync();
        Assert.Equal([("src/C.cs", "test=no"), ("tests/T.cs", "test=true")], result.Findings.Select(f => (f.Path, f.Message)));
    }

    [Fact]
    public async Task EditorConfig_SetsSeverities()
    {
        using LooseFolder folder = new();
        folder.Write(".editorconfig", $"root = true\n[*.cs]\ndotnet_diagnostic.{LingerProbe.Id}.severity = error\n[quiet/**.cs]\ndotnet_diagnostic.{LingerProbe.Id}.severity = none\n");
        folder.Write("C.cs", Usings + TypeWithFinding("C")).Write("quiet/D.cs", Usings + TypeWithFinding("D"));
        Finding finding = Assert.Single((await folder.ScanAsync()).Findings);
        Assert.Equal(("C.cs", DiagnosticSeverity.Error), (finding.Path, finding.Severity));
    }

    [Fact]
    public async Task GlobalConfig_SetsSeverities()
    {
        using LooseFolder folder = new();
        folder.Write(".globalconfig", $"is_global = true\ndotnet_diagnostic.{LingerProbe.Id}.severity = suggestion\n").Write("C.cs", Usings + TypeWithFinding("C"));
        Assert.Equal(DiagnosticSeverity.Info, Assert.Single((await folder.ScanAsync()).Findings).Severity);
    }

    [Theory]
    [InlineData("bin/C.cs")]
    [InlineData("sub/obj/Debug/C.cs")]
    [InlineData(".git/C.cs")]
    [InlineData("C.g.cs")]
    [InlineData("C.Designer.cs")]
    public async Task BuildOutputAndGeneratedFiles_AreSkipped(string path)
    {
        using LooseFolder folder = new();
        folder.Write(path, Usings + TypeWithFinding("C"));
        Assert.Empty((await folder.ScanAsync()).Findings);
    }

    [Fact]
    public async Task AutoGeneratedHeader_IsSkippedButBinds()
    {
        using LooseFolder folder = new();
        folder.Write("G.cs", "// <auto-generated/>\n" + Usings + "class G { public static Socket S; void M() { S.LingerState = null; } }");
        folder.Write("C.cs", "class C { void M() { G.S.LingerState = null; } }");
        Assert.Equal(["C.cs:1"], Places(await folder.ScanAsync()));
    }

    [Fact]
    public async Task LinkLoop_IsSurvivedAndSaid()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Creating links needs a privilege on Windows.");
        using LooseFolder folder = new();
        folder.Write("a/C.cs", Usings + TypeWithFinding("C"));
        Directory.CreateSymbolicLink(folder.FullName("a/up"), folder.Path);
        File.CreateSymbolicLink(folder.FullName("x.cs"), folder.FullName("y.cs"));
        File.CreateSymbolicLink(folder.FullName("y.cs"), folder.FullName("x.cs"));
        File.CreateSymbolicLink(folder.FullName("Again.cs"), folder.FullName("a/C.cs"));
        ScanResult result = await folder.ScanAsync();
        Assert.Equal(["a/C.cs:5"], Places(result));
        Assert.Equal(["up", "x.cs", "y.cs"], result.Notes.Select(n => Path.GetFileName(n.Split(": ")[0])));
    }

    [Fact]
    public async Task BrokenProjectFile_IsSaid()
    {
        using LooseFolder folder = new();
        folder.Write("P.csproj", "<Project Sdk='Microsoft.NET.Sdk'><PropertyGroup>").Write("C.cs", Usings + TypeWithFinding("C"));
        ScanResult result = await folder.ScanAsync();
        Assert.Single(result.Findings);
        Assert.StartsWith(folder.FullName("P.csproj"), Assert.Single(result.Notes));
    }

    [Fact]
    public async Task MethodOfTenThousandStatements_IsAnalysed()
    {
        using LooseFolder folder = new();
        StringBuilder body = new();
        for (int i = 0; i < 10_000; i++)
        {
            body.Append("if (x > ").Append(i).Append(") { x += 1; } else { s.NoDelay = x > 2; }\n");
        }

        folder.Write("C.cs", Usings + "class C { void M(Socket s, int x) {\n" + body + "s.LingerState = null; } }");
        Assert.Equal(["C.cs:10003"], Places(await folder.ScanAsync([new LingerProbe(), .. LooseScanner.ShippedAnalyzers])));
    }

    [Fact]
    public async Task ThrowingAnalyzer_IsReportedAndTheOthersGoOn()
    {
        using LooseFolder folder = new();
        folder.Write("src/P.csproj", SdkProject).Write("src/C.cs", Usings + TypeWithFinding("C"));
        ScanResult result = await folder.ScanAsync([new LingerProbe(), new ThrowingProbe()]);
        Assert.Equal([Finding.AnalyzerFailure, LingerProbe.Id], result.Findings.Select(f => f.Id).Order());
        Finding failure = result.Findings.Single(f => f.Id == Finding.AnalyzerFailure);
        Assert.Equal(("src/P.csproj", DiagnosticSeverity.Error, 1), (failure.Path, failure.Severity, result.AnalyzerFailures));
        Assert.Contains("the probe was asked to fail", failure.Message);
    }

    [Fact]
    public void MissingReferenceAssemblies_AreToldWithTheRemedy()
    {
        using LooseFolder folder = new();
        Assert.False(ReferenceAssemblies.TryFind([folder.FullName("packs")], out _, out string? problem));
        Assert.Contains(folder.FullName("packs"), problem);
        Assert.Contains("DOTNET_ROOT", problem);
    }
}
