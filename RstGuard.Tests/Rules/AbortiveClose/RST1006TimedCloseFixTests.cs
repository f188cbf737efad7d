using Microsoft.CodeAnalysis.CSharp;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

/// <summary>What RST1006's fix shares with RST2001's is tested there; here is what the time changes.</summary>
public sealed class RST1006TimedCloseFixTests
{
    private static readonly Verify Plain = Verify.Rule("RST1006");

    private static readonly Verify Rule = Plain with
    {
        AddedDocuments = [(GracefulCloseFile.Name, GracefulCloseFile.Text(null, LanguageVersion.Latest, "\n").ToString())],
    };

    [Theory]
    [InlineData("void M(Socket s) { [|s.Close(200)|]; /* done */ }", "void M(Socket s) { s.CloseGracefully(TimeSpan.FromMilliseconds(200)); /* done */ }")]
    [InlineData("void M(Socket s) { [|s.Close(timeout: 5000)|]; }", "void M(Socket s) { s.CloseGracefully(TimeSpan.FromSeconds(5)); }")]
    [InlineData("void M(Socket? s) { s?[|.Close(200)|]; }", "void M(Socket? s) { s?.CloseGracefully(TimeSpan.FromMilliseconds(200)); }")]
    [InlineData("void M(TcpClient c) { [|c.Client.Close(200)|]; }", "void M(TcpClient c) { c.Client.CloseGracefully(TimeSpan.FromMilliseconds(200)); }")]
    [InlineData("void M(Socket s) => [|s.Close(200)|];", "void M(Socket s) => s.CloseGracefully(TimeSpan.FromMilliseconds(200));")]
    [InlineData("async Task M(Socket s) { await Task.Yield(); [|s.Close(200)|]; }", "async Task M(Socket s) { await Task.Yield(); await s.CloseGracefullyAsync(TimeSpan.FromMilliseconds(200)); }")]
    [InlineData("async Task M(Socket s) { await Task.Yield(); lock (s) { [|s.Close(200)|]; } }", "async Task M(Socket s) { await Task.Yield(); lock (s) { s.CloseGracefully(TimeSpan.FromMilliseconds(200)); } }")]
    [InlineData("void M(Socket s) { try { s.Send(new byte[1]); } finally { [|s.Close(200)|]; s.Dispose(); } }", "void M(Socket s) { try { s.Send(new byte[1]); } finally { s.CloseGracefully(TimeSpan.FromMilliseconds(200)); s.Dispose(); } }")]
    [InlineData("void M(Socket s) { s.Shutdown(SocketShutdown.Both); [|s.Close(200)|]; }", "void M(Socket s) { s.Shutdown(SocketShutdown.Send); s.CloseGracefully(TimeSpan.FromMilliseconds(200)); }")]
    public Task Close_BecomesGracefulWithinTheSameTime(string before, string after) =>
        Rule.FixesAsync($$"""class C { {{before}} }""", $$"""class C { {{after}} }""");

    [Fact]
    public Task HttpIsNoHindrance_TheCloseSendsItsFinAnyway() => Rule.FixesAsync(
        "class C { void M(Socket s) { s.Send(Encoding.ASCII.GetBytes(\"GET / HTTP/1.1\\r\\n\")); [|s.Close(200)|]; } }",
        "class C { void M(Socket s) { s.Send(Encoding.ASCII.GetBytes(\"GET / HTTP/1.1\\r\\n\")); s.CloseGracefully(TimeSpan.FromMilliseconds(200)); } }");

    [Fact]
    public Task WithRstGuardRuntime_NoFileIsAdded() => (Plain with { References = ReferenceSet.Net100RstGuard, Usings = Verify.DefaultUsings.TrimEnd() + " using RstGuard;\n" }).FixesAsync(
        "class C { void M(Socket s) { [|s.Close(200)|]; } }",
        "class C { void M(Socket s) { s.CloseGracefully(TimeSpan.FromMilliseconds(200)); } }");

    /// <summary>There is no await of a conditional access.</summary>
    [Fact]
    public Task ConditionalAccessInAsynchronousCode_GetsNoFix() =>
        Plain.OffersNoFixAsync("class C { async Task M(Socket? s) { await Task.Yield(); s?[|.Close(200)|]; } }");

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Plain.SurvivesCutsAsync(
        "class C { const int T = 5; async Task M(Socket s) { s.Shutdown(SocketShutdown.Both); await Task.Yield(); s.Close(T); } }");
}
