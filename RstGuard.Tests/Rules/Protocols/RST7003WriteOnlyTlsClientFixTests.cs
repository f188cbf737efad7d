using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST7003WriteOnlyTlsClientFixTests
{
    private static readonly Verify Plain = Verify.Rule("RST7003") with { Usings = Verify.DefaultUsings.Replace("\n", " using System.Net.Security;\n", StringComparison.Ordinal) };
    private static readonly Verify Rule = Plain with { AddedDocuments = RST2001ClosedWithUnreadDataFixTests.Added };

    private static string Method(string body, string signature = "async Task M(TcpClient c)") => $$"""
        class C
        {
            {{signature}}
            {
                {{body.ReplaceLineEndings("\n        ")}}
            }
        }
        """;

    [Fact]
    public Task EndOfScope_IsPrecededByTheGoodbye() => Rule.FixesAsync(
        Method("await using SslStream [|s|] = new(c.GetStream());\nawait {|#0:s.AuthenticateAsClientAsync(\"a\")|};\nawait s.WriteAsync(new byte[1]); // all"),
        Method("await using SslStream s = new(c.GetStream());\nawait s.AuthenticateAsClientAsync(\"a\");\nawait s.WriteAsync(new byte[1]); // all\nawait s.CloseGracefullyAsync(TimeSpan.FromSeconds(5));"));

    [Fact]
    public Task Block_EndsWithTheGoodbye() => Rule.FixesAsync(
        Method("using (var [|s|] = new SslStream(c.GetStream()))\n{\n    await {|#0:s.AuthenticateAsClientAsync(\"a\")|}.ConfigureAwait(false);\n    await s.WriteAsync(new byte[1]).ConfigureAwait(false);\n}"),
        Method("using (var s = new SslStream(c.GetStream()))\n{\n    await s.AuthenticateAsClientAsync(\"a\").ConfigureAwait(false);\n    await s.WriteAsync(new byte[1]).ConfigureAwait(false);\n    await s.CloseGracefullyAsync(TimeSpan.FromSeconds(5)).ConfigureAwait(false);\n}"));

    [Theory]
    [InlineData("[|s.Close()|]")]
    [InlineData("[|s.Dispose()|]")]
    [InlineData("await [|s.DisposeAsync()|]")]
    public Task Close_BecomesGraceful(string close) => Rule.FixesAsync(
        Method($"var s = new SslStream(c.GetStream());\nawait {{|#0:s.AuthenticateAsClientAsync(\"a\")|}};\nawait s.WriteAsync(new byte[1]);\n{close};"),
        Method("var s = new SslStream(c.GetStream());\nawait s.AuthenticateAsClientAsync(\"a\");\nawait s.WriteAsync(new byte[1]);\nawait s.CloseGracefullyAsync(TimeSpan.FromSeconds(5));"));

    [Fact]
    public Task Timeout_IsTheOption() => (Rule with { EditorConfig = "rstguard.graceful_timeout_ms = 1500" }).FixesAsync(
        Method("var s = new SslStream(c.GetStream());\nawait {|#0:s.AuthenticateAsClientAsync(\"a\")|};\nawait s.WriteAsync(new byte[1]);\n[|s.Close()|];"),
        Method("var s = new SslStream(c.GetStream());\nawait s.AuthenticateAsClientAsync(\"a\");\nawait s.WriteAsync(new byte[1]);\nawait s.CloseGracefullyAsync(TimeSpan.FromMilliseconds(1500));"));

    [Fact]
    public Task WithTheRuntime_NoFileIsAdded() => (Plain with { References = ReferenceSet.Net100RstGuard }).FixesAsync(
        "using RstGuard;\n" + Method("var s = new SslStream(c.GetStream());\nawait {|#0:s.AuthenticateAsClientAsync(\"a\")|};\nawait s.WriteAsync(new byte[1]);\n[|s.Close()|];"),
        "using RstGuard;\n" + Method("var s = new SslStream(c.GetStream());\nawait s.AuthenticateAsClientAsync(\"a\");\nawait s.WriteAsync(new byte[1]);\nawait s.CloseGracefullyAsync(TimeSpan.FromSeconds(5));"));

    /// <summary>TLS says goodbye asynchronously alone.</summary>
    [Fact]
    public Task InSynchronousCode_NothingIsOffered() => Plain.OffersNoFixAsync(
        Method("using var [|s|] = new SslStream(c.GetStream());\n{|#0:s.AuthenticateAsClient(\"a\")|};\ns.Write(new byte[1]);", "void M(TcpClient c)"));

    /// <summary>What closes is not the TLS stream, or writes through something that still holds text back.</summary>
    [Theory]
    [InlineData("using var d = new TcpClient(\"a\", 1);\nvar s = new SslStream(d.GetStream());", "d")]
    [InlineData("var s = new SslStream(c.GetStream());\nusing var w = new StreamWriter(s);\nw.WriteLine(1);", "w")]
    public Task WhereSomethingElseCloses_NothingIsOffered(string start, string marked) => Plain.OffersNoFixAsync(
        Method(start.Replace($"var {marked} =", $"var [|{marked}|] =", StringComparison.Ordinal) + "\nawait {|#0:s.AuthenticateAsClientAsync(\"a\")|};\nawait s.WriteAsync(new byte[1]);"));

    /// <summary>After a half-close of TCP nothing can be said in TLS.</summary>
    [Fact]
    public Task AfterAShutdown_NothingIsOffered() => Plain.OffersNoFixAsync(
        Method("var k = new Socket(SocketType.Stream, ProtocolType.Tcp);\nk.Connect(\"a\", 1);\nvar s = new SslStream(new NetworkStream(k, true));\nawait {|#0:s.AuthenticateAsClientAsync(\"a\")|};\nawait s.WriteAsync(new byte[1]);\nOther().Shutdown(SocketShutdown.Send);\n[|s.Close()|];\nstatic Socket Other() => null!;"));

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Plain.SurvivesCutsAsync(
        "class C { async Task M(TcpClient c) { await using SslStream s = new(c.GetStream()); await s.AuthenticateAsClientAsync(\"a\"); await s.WriteAsync(new byte[1]); } }");
}
