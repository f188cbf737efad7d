using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST7002TlsWithoutCloseNotifyFixTests
{
    private static readonly Verify Plain = Verify.Rule("RST7002") with { Usings = Verify.DefaultUsings.Replace("\n", " using System.Net.Security;\n", StringComparison.Ordinal) };
    private static readonly Verify Rule = Plain with { AddedDocuments = RST2001ClosedWithUnreadDataFixTests.Added };

    private static string Method(string body, string signature = "async Task M(Stream x)") => $$"""
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
        Method("await using SslStream [|s|] = {|#0:new(x)|};\nawait s.AuthenticateAsClientAsync(\"a\");\nawait s.ReadExactlyAsync(new byte[1]);"),
        Method("await using SslStream s = new(x);\nawait s.AuthenticateAsClientAsync(\"a\");\nawait s.ReadExactlyAsync(new byte[1]);\nawait s.CloseGracefullyAsync(TimeSpan.FromSeconds(5));"));

    [Fact]
    public Task Close_BecomesGraceful() => Rule.FixesAsync(
        Method("var s = {|#0:new SslStream(x)|};\nawait s.AuthenticateAsClientAsync(\"a\").ConfigureAwait(false);\ns.ReadByte();\n[|s.Close()|]; // done"),
        Method("var s = new SslStream(x);\nawait s.AuthenticateAsClientAsync(\"a\").ConfigureAwait(false);\ns.ReadByte();\nawait s.CloseGracefullyAsync(TimeSpan.FromSeconds(5)).ConfigureAwait(false); // done"));

    [Theory]
    [InlineData("void M(Stream x)", "s.ReadByte();")]
    [InlineData("async Task M(Stream x)", "_ = Task.Run(() => s.ReadByte());\nawait Task.Yield();")]
    public Task SynchronousCodeOrAnotherReader_GetsNoFix(string signature, string use) => Plain.OffersNoFixAsync(
        Method($"var s = {{|#0:new SslStream(x)|}};\ns.AuthenticateAsClient(\"a\");\n{use}\n[|s.Close()|];", signature));

    [Fact]
    public Task Field_GetsNoFix() => Plain.OffersNoFixAsync(
        "class C { SslStream? _s; async Task Start(Stream x) { _s = {|#0:new SslStream(x)|}; await _s.AuthenticateAsClientAsync(\"a\"); } async Task<int> Get() => await _s!.ReadAsync(new byte[1]); async Task Stop() { await Task.Yield(); await [|_s!.DisposeAsync()|]; } }");

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Plain.SurvivesCutsAsync(
        "class C { async Task M(Stream x) { await using SslStream s = new(x); await s.AuthenticateAsClientAsync(\"a\"); await s.ReadExactlyAsync(new byte[1]); } }");
}
