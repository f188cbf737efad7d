using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

/// <summary>What RST1009's fix shares with RST1001's is tested there; here is what a linger time changes.</summary>
public sealed class RST1009LingerTimeFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST1009");

    private static string Method(string body) => $$"""
        class C
        {
            void M(Socket s, TcpClient tcp)
            {
                {{body.ReplaceLineEndings("\n        ")}}
            }
        }
        """;

    private static Task Fixes(string before, string after) => Rule.FixesAsync(Method(before), Method(after));

    [Fact]
    public Task Statement_IsRemovedWithItsLine() => Fixes(
        "s.NoDelay = true;\n[|s.LingerState = new LingerOption(true, 10)|]; // give it time\ns.Dispose();",
        "s.NoDelay = true;\n// give it time\ns.Dispose();");

    [Fact]
    public Task TwoOfThem_AreBothRemoved() => Fixes(
        "[|s.LingerState = new LingerOption(true, 10)|];\n[|tcp.LingerState = new LingerOption(true, 10)|];\ns.Dispose();",
        "s.Dispose();");

    [Fact]
    public Task LocalMadeForIt_IsRemovedToo() => Fixes(
        "var linger = new LingerOption(true, 10);\n[|s.LingerState = linger|];\ns.Dispose();",
        "s.Dispose();");

    [Fact]
    public Task SetSocketOption_IsRemoved() => Fixes(
        "[|s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, new LingerOption(true, 10))|];\ns.Dispose();",
        "s.Dispose();");

    [Fact]
    public Task InitializerMember_GoesWithItsComma() => Fixes(
        "var c = new TcpClient() { NoDelay = true, [|LingerState = new LingerOption(true, 10)|] };\nc.Dispose();",
        "var c = new TcpClient() { NoDelay = true };\nc.Dispose();");

    [Theory]
    [InlineData("LingerOption", "[|new(true, 5)|]", "new(false, 5)")]
    [InlineData("LingerOption?", "[|new LingerOption(seconds: 5, enable: true)|]", "new LingerOption(seconds: 5, enable: false)")]
    public Task OptionDefault_IsSwitchedOff(string type, string before, string after) => Rule.FixesAsync(
        $$"""class Options { public {{type}} Linger { get; set; } = {{before}}; }""",
        $$"""class Options { public {{type}} Linger { get; set; } = {{after}}; }""");

    [Theory]
    [InlineData("LingerOption M(Socket s) { return [|s.LingerState = new LingerOption(true, 5)|]; }")]
    [InlineData("void M() { [|Make().LingerState = new LingerOption(true, 5)|]; } Socket Make() => new Socket(SocketType.Stream, ProtocolType.Tcp);")]
    public Task WhereRemovalWouldChangeMore_NothingIsOffered(string member) => Rule.OffersNoFixAsync($$"""class C { {{member}} }""");

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Rule.SurvivesCutsAsync(
        "class C { void M(Socket s) { var linger = new LingerOption(true, 5); s.LingerState = linger; s.Dispose(); } }");
}
