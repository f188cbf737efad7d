using Microsoft.CodeAnalysis.CSharp;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

/// <summary>What RST2011's fix shares with RST2001's is tested there; here is what the shutdown changes.</summary>
public sealed class RST2011ShutdownReceiveFixTests
{
    private static readonly Verify Plain = Verify.Rule("RST2011");

    private static readonly Verify Rule = Plain with
    {
        AddedDocuments = [(GracefulCloseFile.Name, GracefulCloseFile.Text(null, LanguageVersion.Latest, "\n").ToString())],
    };

    [Theory]
    [InlineData(
        "void M(Socket s) { [|s.Shutdown(SocketShutdown.Receive)|]; s.Close(); }",
        "void M(Socket s) { s.Shutdown(SocketShutdown.Send); s.CloseGracefully(TimeSpan.FromSeconds(5)); }")]
    [InlineData(
        "async Task M(Socket s) { await Task.Yield(); [|s.Shutdown(SocketShutdown.Receive)|]; s.Dispose(); }",
        "async Task M(Socket s) { await Task.Yield(); s.Shutdown(SocketShutdown.Send); await s.CloseGracefullyAsync(TimeSpan.FromSeconds(5)); }")]
    public Task ShutdownAndClose_BecomeGraceful(string before, string after) =>
        Rule.FixesAsync($$"""class C { {{before}} }""", $$"""class C { {{after}} }""");

    [Fact]
    public Task Option_SetsTheLimit() => (Rule with { EditorConfig = "rstguard.graceful_timeout_ms = 250" }).FixesAsync(
        "class C { void M(Socket s) { [|s.Shutdown(SocketShutdown.Receive)|]; s.Close(); } }",
        "class C { void M(Socket s) { s.Shutdown(SocketShutdown.Send); s.CloseGracefully(TimeSpan.FromMilliseconds(250)); } }");

    /// <summary>It may be there to wake a receive, the peer may go on to talk, or nothing can be written in its place.</summary>
    [Theory]
    [InlineData("void M(Socket s) { [|s.Shutdown(SocketShutdown.Receive)|]; s.Send(new byte[1]); s.Close(); }")]
    [InlineData("void M(Socket s) { try { [|s.Shutdown(SocketShutdown.Receive)|]; } finally { s.Close(); } }")]
    [InlineData("void M(Socket s, Socket t) { [|s.Shutdown(SocketShutdown.Receive)|]; t.Close(); }")]
    [InlineData("void M(Socket s) => [|s.Shutdown(SocketShutdown.Receive)|];")]
    [InlineData("void M(Socket? s) { s?[|.Shutdown(SocketShutdown.Receive)|]; s?.Close(); }")]
    [InlineData("void M(Socket s) { [|s.Shutdown(0)|]; s.Close(); }")]
    [InlineData("void M(Socket s) { s.Send(Encoding.ASCII.GetBytes(\"GET / HTTP/1.1\\r\\n\")); [|s.Shutdown(SocketShutdown.Receive)|]; s.Close(); }")]
    public Task WhereItMightBeWrong_NothingIsOffered(string member) => Plain.OffersNoFixAsync($$"""class C { {{member}} }""");

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Plain.SurvivesCutsAsync(
        "class C { async Task M(Socket s) { await Task.Yield(); s.Shutdown(SocketShutdown.Receive); s.Close(); } }");
}
