using System.Collections.Immutable;
using Microsoft.CodeAnalysis.CSharp;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST2001ClosedWithUnreadDataFixTests
{
    private static readonly Verify Plain = Verify.Rule("RST2001");

    /// <summary>The file that the fix adds to a project.</summary>
    internal static readonly ImmutableArray<(string Name, string Text)> Added = [(GracefulCloseFile.Name, GracefulCloseFile.Text(null, LanguageVersion.Latest, "\n").ToString())];

    private static readonly Verify Rule = Plain with { AddedDocuments = Added };

    private static string Method(string body, string signature = "void M(Socket l, TcpListener t)") => $$"""
        class C
        {
            {{signature}}
            {
                {{body.ReplaceLineEndings("\n        ")}}
            }
        }
        """;

    private static string Async(string body) => Method(body, "async Task M(Socket l, TcpListener t)");

    private static Task Fixes(string before, string after) => Rule.FixesAsync(Method(before), Method(after));

    private static Task FixesAsync(string before, string after) => Rule.FixesAsync(Async(before), Async(after));

    [Theory]
    [InlineData("Close")]
    [InlineData("Dispose")]
    public Task SocketInSynchronousCode_ClosesSynchronously(string close) => Fixes(
        $"Socket s = l.Accept();\ns.Receive(new byte[4096]);\n[|s.{close}()|]; // done",
        "Socket s = l.Accept();\ns.Receive(new byte[4096]);\ns.CloseGracefully(TimeSpan.FromSeconds(5)); // done");

    [Fact]
    public Task SocketInAsynchronousCode_ClosesAsynchronously() => FixesAsync(
        "Socket s = await l.AcceptAsync();\nawait s.ReceiveAsync(new byte[4096]);\n[|s.Close()|];",
        "Socket s = await l.AcceptAsync();\nawait s.ReceiveAsync(new byte[4096]);\nawait s.CloseGracefullyAsync(TimeSpan.FromSeconds(5));");

    [Fact]
    public Task ConfigureAwait_IsWrittenWhereTheCodeDoes() => FixesAsync(
        "Socket s = await l.AcceptAsync().ConfigureAwait(false);\nawait s.ReceiveAsync(new byte[4096]).ConfigureAwait(false);\n[|s.Close()|];",
        "Socket s = await l.AcceptAsync().ConfigureAwait(false);\nawait s.ReceiveAsync(new byte[4096]).ConfigureAwait(false);\nawait s.CloseGracefullyAsync(TimeSpan.FromSeconds(5)).ConfigureAwait(false);");

    [Fact]
    public Task TcpClient_IsClosedAsOne() => Fixes(
        "TcpClient c = t.AcceptTcpClient();\nc.GetStream().Read(new byte[4096]);\n[|c.Close()|];",
        "TcpClient c = t.AcceptTcpClient();\nc.GetStream().Read(new byte[4096]);\nc.CloseGracefully(TimeSpan.FromSeconds(5));");

    [Fact]
    public Task StreamOfTcpClient_IsClosedAsOne() => FixesAsync(
        "TcpClient c = await t.AcceptTcpClientAsync();\nNetworkStream ns = c.GetStream();\nawait ns.ReadAsync(new byte[4096]);\nawait [|ns.DisposeAsync()|];",
        "TcpClient c = await t.AcceptTcpClientAsync();\nNetworkStream ns = c.GetStream();\nawait ns.ReadAsync(new byte[4096]);\nawait ns.CloseGracefullyAsync(TimeSpan.FromSeconds(5));");

    [Fact]
    public Task ShutdownBothBefore_BecomesShutdownSend() => Fixes(
        "Socket s = l.Accept();\ns.Receive(new byte[4096]);\ns.Shutdown(SocketShutdown.Both);\n[|s.Close()|];",
        "Socket s = l.Accept();\ns.Receive(new byte[4096]);\ns.Shutdown(SocketShutdown.Send);\ns.CloseGracefully(TimeSpan.FromSeconds(5));");

    [Fact]
    public Task UsingDeclaration_IsClosedBeforeItsScopeEnds() => Fixes(
        "using TcpClient [|c|] = t.AcceptTcpClient();\nc.GetStream().Read(new byte[1024]); // the request\n// the end",
        "using TcpClient c = t.AcceptTcpClient();\nc.GetStream().Read(new byte[1024]); // the request\nc.CloseGracefully(TimeSpan.FromSeconds(5));\n// the end");

    [Fact]
    public Task UsingDeclarationOnOneLine_StaysThere() => Rule.FixesAsync(
        "class C { void M(TcpListener l) { using TcpClient [|c|] = l.AcceptTcpClient(); c.GetStream().Read(new byte[1024]); } }",
        "class C { void M(TcpListener l) { using TcpClient c = l.AcceptTcpClient(); c.GetStream().Read(new byte[1024]); c.CloseGracefully(TimeSpan.FromSeconds(5)); } }");

    [Fact]
    public Task UsingStatement_IsClosedAtTheEndOfItsBlock() => FixesAsync(
        "using (var [|c|] = await t.AcceptTcpClientAsync())\n{\n    var b = new byte[1024];\n    int n = await c.GetStream().ReadAsync(b);\n    if (n == 0) return;\n    Console.WriteLine(Encoding.UTF8.GetString(b, 0, n));\n}",
        "using (var c = await t.AcceptTcpClientAsync())\n{\n    var b = new byte[1024];\n    int n = await c.GetStream().ReadAsync(b);\n    if (n == 0) return;\n    Console.WriteLine(Encoding.UTF8.GetString(b, 0, n));\n    await c.CloseGracefullyAsync(TimeSpan.FromSeconds(5));\n}");

    [Fact]
    public Task UsingDeclarationBeforeReturn_IsClosedBeforeIt() => Rule.FixesAsync(
        Method("using var [|s|] = l.Accept();\nvar b = new byte[512];\nint n = s.Receive(b);\nreturn Encoding.ASCII.GetString(b, 0, n);", "string M(Socket l)"),
        Method("using var s = l.Accept();\nvar b = new byte[512];\nint n = s.Receive(b);\ns.CloseGracefully(TimeSpan.FromSeconds(5));\nreturn Encoding.ASCII.GetString(b, 0, n);", "string M(Socket l)"));

    [Fact]
    public Task TopLevelStatements_CloseAtTheEnd() => Rule.FixesAsync(
        "using var [|s|] = new Socket(SocketType.Stream, ProtocolType.Tcp);\ns.Connect(\"a\", 1);\ns.Receive(new byte[512]);\n",
        "using var s = new Socket(SocketType.Stream, ProtocolType.Tcp);\ns.Connect(\"a\", 1);\ns.Receive(new byte[512]);\ns.CloseGracefully(TimeSpan.FromSeconds(5));\n");

    [Fact]
    public Task ClosesOnSeveralPaths_AreAllGraceful() => Fixes(
        "Socket s = l.Accept();\nvar b = new byte[4096];\nint n = s.Receive(b);\nif (l.Blocking)\n{\n    [|s.Close()|];\n    return;\n}\n\nConsole.WriteLine(Encoding.ASCII.GetString(b, 0, n));\ns.Close();",
        "Socket s = l.Accept();\nvar b = new byte[4096];\nint n = s.Receive(b);\nif (l.Blocking)\n{\n    s.CloseGracefully(TimeSpan.FromSeconds(5));\n    return;\n}\n\nConsole.WriteLine(Encoding.ASCII.GetString(b, 0, n));\ns.CloseGracefully(TimeSpan.FromSeconds(5));");

    [Fact]
    public Task CloseOfAConnectionAtItsEnd_StaysAsItIs() => Fixes(
        "Socket s = l.Accept();\nvar b = new byte[4096];\nint n = s.Receive(b);\nif (n == 0)\n{\n    s.Close();\n    return;\n}\n\nConsole.WriteLine(Encoding.ASCII.GetString(b, 0, n));\n[|s.Close()|];",
        "Socket s = l.Accept();\nvar b = new byte[4096];\nint n = s.Receive(b);\nif (n == 0)\n{\n    s.Close();\n    return;\n}\n\nConsole.WriteLine(Encoding.ASCII.GetString(b, 0, n));\ns.CloseGracefully(TimeSpan.FromSeconds(5));");

    [Fact]
    public Task Lambda_IsRepairedInside() => Rule.FixesAsync(
        "class C { void M(Socket l) { Func<Task> a = async () => { var s = l.Accept(); s.Receive(new byte[4096]); [|s.Close()|]; }; a(); } }",
        "class C { void M(Socket l) { Func<Task> a = async () => { var s = l.Accept(); s.Receive(new byte[4096]); await s.CloseGracefullyAsync(TimeSpan.FromSeconds(5)); }; a(); } }");

    [Fact]
    public Task ConditionalClose_StaysOne() => Fixes(
        "Socket? s = l.Accept();\ns.Receive(new byte[4096]);\ns?[|.Close()|];",
        "Socket? s = l.Accept();\ns.Receive(new byte[4096]);\ns?.CloseGracefully(TimeSpan.FromSeconds(5));");

    [Fact]
    public Task Timeout_IsTheOption() => (Rule with { EditorConfig = "rstguard.graceful_timeout_ms = 1500" }).FixesAsync(
        Method("Socket s = l.Accept();\ns.Receive(new byte[4096]);\n[|s.Close()|];"),
        Method("Socket s = l.Accept();\ns.Receive(new byte[4096]);\ns.CloseGracefully(TimeSpan.FromMilliseconds(1500));"));

    [Fact]
    public Task SecondFix_AddsNoSecondFile() => Fixes(
        "Socket s = l.Accept();\ns.Receive(new byte[4096]);\n[|s.Close()|];\nTcpClient c = t.AcceptTcpClient();\nc.GetStream().Read(new byte[4096]);\n[|c.Close()|];",
        "Socket s = l.Accept();\ns.Receive(new byte[4096]);\ns.CloseGracefully(TimeSpan.FromSeconds(5));\nTcpClient c = t.AcceptTcpClient();\nc.GetStream().Read(new byte[4096]);\nc.CloseGracefully(TimeSpan.FromSeconds(5));");

    [Fact]
    public Task WithTheRuntimeReferenced_ItsExtensionIsUsedAndNoFileAdded() => (Plain with
    {
        References = ReferenceSet.Net100RstGuard,
        Usings = "using System;\nusing System.Net.Sockets;\n",
    }).FixesAsync(
        "\n" + Method("Socket s = l.Accept();\ns.Receive(new byte[4096]);\n[|s.Close()|];"),
        "using RstGuard;\n\n" + Method("Socket s = l.Accept();\ns.Receive(new byte[4096]);\ns.CloseGracefully(TimeSpan.FromSeconds(5));"));

    [Theory]
    [InlineData("Socket s = l.Accept();\ns.Receive(new byte[4096]);\ns.Send(\"HTTP/1.1 200 OK\"u8);\nConsole.WriteLine(\"HTTP/1.1\");\n[|s.Close()|];")]
    [InlineData("using TcpClient [|c|] = t.AcceptTcpClient();\nvar b = new byte[1024];\nint n = c.GetStream().Read(b);\nstring text = Encoding.ASCII.GetString(b, 0, n);\nif (text.StartsWith(\"a\")) return;\nConsole.WriteLine(text);")]
    public Task WhereItWouldBeWrong_NothingIsOffered(string body) => Plain.OffersNoFixAsync(Method(body));

    [Fact]
    public Task NameThatIsTaken_IsNotAddedAgain() => (Plain with { ExtraSources = [("Other.cs", "internal class GracefulClose { }")] })
        .OffersNoFixAsync(Method("Socket s = l.Accept();\ns.Receive(new byte[4096]);\n[|s.Close()|];"));

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Plain.SurvivesCutsAsync(
        "class C { async Task M(Socket l, TcpListener t) { var s = l.Accept(); s.Receive(new byte[99]); s.Shutdown(SocketShutdown.Both); s?.Close(); using (var c = t.AcceptTcpClient()) { await c.GetStream().ReadAsync(new byte[99]); } } }");
}
