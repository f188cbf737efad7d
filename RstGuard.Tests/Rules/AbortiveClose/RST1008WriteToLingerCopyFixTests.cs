using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST1008WriteToLingerCopyFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST1008");

    private static string Method(string body) => $$"""
        class C
        {
            void M(Socket s, TcpClient tcp, int seconds, bool flag)
            {
                {{body.ReplaceLineEndings("\n        ")}}
            }
        }
        """;

    private static Task Fixes(string before, string after) => Rule.FixesAsync(Method(before), Method(after));

    [Fact]
    public Task SwitchingOff_IsAssigned() => Fixes("[|s.LingerState!.Enabled = false|];", "s.LingerState = new LingerOption(false, 0);");

    [Theory]
    [InlineData("[|s.LingerState!.Enabled = true|];\n[|s.LingerState.LingerTime = seconds|];\ns.NoDelay = true;", "s.LingerState = new LingerOption(true, seconds);\ns.NoDelay = true;")]
    [InlineData("[|s.LingerState!.LingerTime = seconds|];\n[|s.LingerState!.Enabled = flag|];\ns.NoDelay = true;", "s.LingerState = new LingerOption(flag, seconds);\ns.NoDelay = true;")]
    [InlineData("[|tcp.Client.LingerState!.Enabled = false|];\n[|tcp.Client.LingerState.LingerTime = 0|];\ns.NoDelay = true;", "tcp.Client.LingerState = new LingerOption(false, 0);\ns.NoDelay = true;")]
    public Task BothHalves_BecomeOneAssignment(string before, string after) => Fixes(before, after);

    [Theory]
    [InlineData("[|s.LingerState!.Enabled = true|];\ns.NoDelay = true;")]
    [InlineData("[|s.LingerState!.LingerTime = 5|];\ns.NoDelay = true;")]
    [InlineData("[|s.LingerState!.Enabled = true|];\n[|s.LingerState.LingerTime = 0|];\ns.NoDelay = true;")]
    [InlineData("[|s.LingerState!.Enabled = true|];\n[|s.LingerState.LingerTime = 10|];\ns.NoDelay = true;")]
    [InlineData("[|s.LingerState!.Enabled = true|];\n[|tcp.LingerState!.LingerTime = 10|];\ns.NoDelay = true;")]
    public Task WhatWouldResetOrBlockHadItAnEffect_IsRemoved(string before) => Fixes(before, "s.NoDelay = true;");

    [Fact]
    public Task HalvesOfTwoSockets_AreNotJoined() => Fixes(
        "[|s.LingerState!.Enabled = false|];\n[|tcp.LingerState!.LingerTime = seconds|];\ns.NoDelay = true;",
        "s.LingerState = new LingerOption(false, 0);\ns.NoDelay = true;");

    [Fact]
    public Task EmbeddedStatement_IsAssigned() => Fixes("if (flag) [|s.LingerState!.Enabled = false|];", "if (flag) s.LingerState = new LingerOption(false, 0);");

    [Fact]
    public Task Comments_AreKept() => Fixes(
        "// above\n[|s.LingerState!.Enabled = false|]; // beside\n[|s.LingerState!.LingerTime = seconds|]; // below",
        "// above\ns.LingerState = new LingerOption(false, seconds); // beside\n// below");

    [Fact]
    public Task NestedInitializer_BecomesAnOption() => Fixes(
        "var c = new TcpClient { [|LingerState = { LingerTime = seconds, Enabled = flag }|] };\nc.Dispose();",
        "var c = new TcpClient { LingerState = new LingerOption(flag, seconds) };\nc.Dispose();");

    [Fact]
    public Task NameThatIsNotImported_IsWrittenInFull() => (Rule with { Usings = "" }).FixesAsync(
        "class C { void M(System.Net.Sockets.Socket s) { [|s.LingerState!.Enabled = false|]; } }",
        "class C { void M(System.Net.Sockets.Socket s) { s.LingerState = new System.Net.Sockets.LingerOption(false, 0); } }");

    [Theory]
    [InlineData("var linger = s.LingerState!; [|linger.Enabled = false|];")]
    [InlineData("[|s.LingerState!.LingerTime++|];")]
    [InlineData("var c = new TcpClient { [|LingerState = { Enabled = true, LingerTime = 0 }|] }; c.Dispose();")]
    [InlineData("flag = [|s.LingerState!.Enabled = true|];")]
    [InlineData("[|s.LingerState!.LingerTime = s.Send(new byte[1])|];")]
    public Task WhereItWouldBeWrong_NothingIsOffered(string statement) => Rule.OffersNoFixAsync(Method(statement));

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Rule.SurvivesCutsAsync(
        "class C { TcpClient M(Socket s, int t) { s.LingerState!.Enabled = true; s.LingerState.LingerTime = t; if (t > 0) s.LingerState.Enabled = false; return new TcpClient { LingerState = { Enabled = false } }; } }");
}
