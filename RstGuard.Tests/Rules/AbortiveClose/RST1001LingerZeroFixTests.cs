using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST1001LingerZeroFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST1001");

    private static string Method(string body) => $$"""
        class C
        {
            void M(Socket s, TcpClient tcp, bool flag)
            {
                {{body.ReplaceLineEndings("\n        ")}}
            }
        }
        """;

    private static Task Fixes(string before, string after) => Rule.FixesAsync(Method(before), Method(after));

    [Fact]
    public Task Statement_IsRemovedWithItsLine() => Fixes(
        "s.NoDelay = true;\n[|s.LingerState = new LingerOption(true, 0)|];\ns.Dispose();",
        "s.NoDelay = true;\ns.Dispose();");

    [Fact]
    public Task Comments_AreKept() => Fixes(
        "// above\n[|s.LingerState = new LingerOption(true, 0)|]; // beside\ns.Dispose();",
        "// above\n// beside\ns.Dispose();");

    [Fact]
    public Task Directives_AreKept() => Rule.FixesAsync(
        """
        class C
        {
            void M(Socket s)
            {
        #if NET
                [|s.LingerState = new LingerOption(true, 0)|];
        #endif
                s.Dispose();
            }
        }
        """,
        """
        class C
        {
            void M(Socket s)
            {
        #if NET
        #endif
                s.Dispose();
            }
        }
        """);

    [Fact]
    public Task StatementAmongOthersOnOneLine_IsRemovedAlone() => Fixes(
        "s.NoDelay = true; [|s.LingerState = new LingerOption(true, 0)|]; s.Dispose();",
        "s.NoDelay = true; s.Dispose();");

    [Fact]
    public Task TwoEmptyLinesAroundIt_BecomeOne() => Fixes(
        "s.NoDelay = true;\n\n[|s.LingerState = new LingerOption(true, 0)|];\n\ns.Dispose();".Replace("\n\n", "\n\n", StringComparison.Ordinal),
        "s.NoDelay = true;\n\ns.Dispose();");

    [Fact]
    public Task TwoOfThem_AreBothRemoved() => Fixes(
        "[|s.LingerState = new LingerOption(true, 0)|];\n[|tcp.LingerState = new LingerOption(true, 0)|];\ns.Dispose();",
        "s.Dispose();");

    [Fact]
    public Task LocalMadeForIt_IsRemovedToo() => Fixes(
        "var linger = new LingerOption(true, 0);\n[|s.LingerState = linger|];\ns.Dispose();",
        "s.Dispose();");

    [Fact]
    public Task LocalMadeForTwo_IsRemovedWithTheSecond() => Fixes(
        "var linger = new LingerOption(true, 0);\n[|s.LingerState = linger|];\n[|tcp.LingerState = linger|];\ns.Dispose();",
        "s.Dispose();");

    [Fact]
    public Task LocalUsedElsewhere_IsKept() => Fixes(
        "var linger = new LingerOption(true, 0);\n[|s.LingerState = linger|];\nConsole.WriteLine(linger.Enabled);",
        "var linger = new LingerOption(true, 0);\nConsole.WriteLine(linger.Enabled);");

    [Fact]
    public Task SetSocketOption_IsRemoved() => Fixes(
        "[|s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, new LingerOption(true, 0))|];\ns.Dispose();",
        "s.Dispose();");

    [Fact]
    public Task ConditionalReceiver_IsRemovedWhole() => Fixes(
        "tcp?.Client?[|.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, new LingerOption(true, 0))|];\ns.Dispose();",
        "s.Dispose();");

    [Fact]
    public Task IfWithoutBracesAroundIt_GoesToo() => Fixes(
        "if (flag)\n    [|s.LingerState = new LingerOption(true, 0)|];\ns.Dispose();",
        "s.Dispose();");

    [Fact]
    public Task IfWhoseConditionActs_KeepsIt() => Fixes(
        "if (s.Poll(0, SelectMode.SelectRead))\n    [|s.LingerState = new LingerOption(true, 0)|];\ns.Dispose();",
        "if (s.Poll(0, SelectMode.SelectRead))\n    { }\ns.Dispose();");

    [Fact]
    public Task ElseWithoutBracesAroundIt_GoesToo() => Fixes(
        "if (flag)\n    s.NoDelay = true;\nelse\n    [|s.LingerState = new LingerOption(true, 0)|];\ns.Dispose();",
        "if (flag)\n    s.NoDelay = true;\ns.Dispose();");

    [Fact]
    public Task OnlyInitializerMember_GoesWithItsBraces() => Fixes(
        "var c = new TcpClient(\"127.0.0.1\", 1) { [|LingerState = new LingerOption(true, 0)|] };\nc.Dispose();",
        "var c = new TcpClient(\"127.0.0.1\", 1);\nc.Dispose();");

    [Fact]
    public Task OnlyInitializerMemberWithoutParentheses_GetsThem() => Fixes(
        "var c = new TcpClient { [|LingerState = new LingerOption(true, 0)|] };\nc.Dispose();",
        "var c = new TcpClient();\nc.Dispose();");

    [Theory]
    [InlineData("[|LingerState = new LingerOption(true, 0)|], NoDelay = true", "NoDelay = true")]
    [InlineData("NoDelay = true, [|LingerState = new LingerOption(true, 0)|]", "NoDelay = true")]
    [InlineData("NoDelay = true, [|LingerState = new LingerOption(true, 0)|], SendTimeout = 5", "NoDelay = true, SendTimeout = 5")]
    public Task InitializerMember_GoesWithItsComma(string before, string after) => Fixes(
        $"var c = new TcpClient() {{ {before} }};\nc.Dispose();",
        $"var c = new TcpClient() {{ {after} }};\nc.Dispose();");

    [Fact]
    public Task LastInitializerMemberOnItsOwnLine_TakesTheCommaBefore() => Fixes(
        "var c = new TcpClient()\n{\n    NoDelay = true,\n    [|LingerState = new LingerOption(true, 0)|]\n};\nc.Dispose();",
        "var c = new TcpClient()\n{\n    NoDelay = true\n};\nc.Dispose();");

    [Theory]
    [InlineData("LingerOption", "[|new(true, 0)|]", "new(false, 0)")]
    [InlineData("LingerOption", "[|new LingerOption(true, 0)|]", "new LingerOption(false, 0)")]
    [InlineData("LingerOption?", "[|new LingerOption(seconds: 0, enable: true)|]", "new LingerOption(seconds: 0, enable: false)")]
    public Task OptionDefault_IsSwitchedOff(string type, string before, string after) => Rule.FixesAsync(
        $$"""class Options { public {{type}} Linger { get; set; } = {{before}}; }""",
        $$"""class Options { public {{type}} Linger { get; set; } = {{after}}; }""");

    [Theory]
    [InlineData("void M(Socket s) => [|s.LingerState = new LingerOption(true, 0)|];")]
    [InlineData("void M() { [|Make().LingerState = new LingerOption(true, 0)|]; } Socket Make() => new Socket(SocketType.Stream, ProtocolType.Tcp);")]
    [InlineData("LingerOption M(Socket s) { return [|s.LingerState = new LingerOption(true, 0)|]; }")]
    public Task WhereRemovalWouldChangeMore_NothingIsOffered(string member) => Rule.OffersNoFixAsync($$"""class C { {{member}} }""");

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Rule.SurvivesCutsAsync(
        "class C { LingerOption O { get; } = new(true, 0); void M(Socket s) { var l = new LingerOption(true, 0); s.LingerState = l; var c = new TcpClient { LingerState = new(true, 0) }; if (c.Connected) s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, l); } }");
}
