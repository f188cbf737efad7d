using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST6001SlowKeepAliveFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST6001") with { Usings = Verify.DefaultUsings.Replace("\n", " using System.Net.WebSockets;\n", StringComparison.Ordinal) };

    private static string Method(string body) => $$"""
        class C
        {
            void M(Socket s, ClientWebSocket w, bool flag)
            {
                {{body.ReplaceLineEndings("\n        ")}}
            }
        }
        """;

    [Theory]
    [InlineData("s.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, [|600|]);", "s.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 120);")]
    [InlineData("w.Options.KeepAliveInterval = [|TimeSpan.FromMinutes(10)|]; // slow", "w.Options.KeepAliveInterval = TimeSpan.FromSeconds(120); // slow")]
    public Task Constant_BecomesTheOption(string before, string after) => Rule.FixesAsync(Method(before), Method(after));

    [Fact]
    public Task SwitchingOn_IsFollowedByATime() => (Rule with { EditorConfig = "rstguard.max_idle_seconds = 45" }).FixesAsync(
        Method("[|s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true)|]; // on\ns.NoDelay = true;"),
        Method("s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true); // on\ns.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 45);\ns.NoDelay = true;"));

    [Fact]
    public Task SwitchingOnOnOneLine_IsFollowedThere() => Rule.FixesAsync(
        Method("if (flag) { [|s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true)|]; }"),
        Method("if (flag) { s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true); s.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 120); }"));

    [Fact]
    public Task TwoSockets_AreBothFixed() => Rule.FixesAsync(
        "class C { void M(Socket s) { [|s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true)|]; } } class D { void M(Socket t) { [|t.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true)|]; } }",
        "class C { void M(Socket s) { s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true); s.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 120); } } class D { void M(Socket t) { t.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true); t.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 120); } }");

    /// <summary>Where no statement can follow, or the socket would be asked for twice.</summary>
    [Theory]
    [InlineData("if (flag) [|s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true)|];")]
    [InlineData("Action a = () => [|s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true)|];\na();")]
    [InlineData("[|Next().SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true)|];\nSocket Next() => s;")]
    public Task WhereNothingCanFollow_NothingIsOffered(string body) => Rule.OffersNoFixAsync(Method(body));

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Rule.SurvivesCutsAsync(
        "class C { void M(Socket s, ClientWebSocket w) { s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true); w.Options.KeepAliveInterval = TimeSpan.FromMinutes(10); } }");
}
