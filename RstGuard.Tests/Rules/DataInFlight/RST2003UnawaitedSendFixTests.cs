using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST2003UnawaitedSendFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST2003");

    private static string Method(string body, string signature = "async Task M(Socket s, TcpClient c, byte[] b)") => $$"""
        class C
        {
            {{signature}}
            {
                await Task.Yield();
                {{body.ReplaceLineEndings("\n        ")}}
            }
        }
        """;

    private static Task Fixes(string before, string after) => Rule.FixesAsync(Method(before), Method(after));

    [Fact]
    public Task Discard_BecomesAwait() => Fixes(
        "_ = [|s.SendAsync(b, SocketFlags.None)|]; // the last\ns.Close();",
        "await s.SendAsync(b, SocketFlags.None); // the last\ns.Close();");

    [Fact]
    public Task Statement_GetsAwait() => Fixes(
        "[|c.GetStream().WriteAsync(b)|];\nc.Close();",
        "await c.GetStream().WriteAsync(b);\nc.Close();");

    [Fact]
    public Task UnusedLocal_GoesWithItsTask() => Fixes(
        "Task<int> sending = [|s.SendAsync(b, SocketFlags.None)|];\ns.Dispose();",
        "await s.SendAsync(b, SocketFlags.None);\ns.Dispose();");

    [Fact]
    public Task ConfigureAwait_IsWrittenWhereTheCodeDoes() => Fixes(
        "await Task.Delay(1).ConfigureAwait(false);\n_ = [|s.SendAsync(b, SocketFlags.None)|];\ns.Close();",
        "await Task.Delay(1).ConfigureAwait(false);\nawait s.SendAsync(b, SocketFlags.None).ConfigureAwait(false);\ns.Close();");

    [Fact]
    public Task ConfigureAwait_StaysOne() => Fixes(
        "[|s.SendAsync(b, SocketFlags.None)|].ConfigureAwait(false);\ns.Close();",
        "await s.SendAsync(b, SocketFlags.None).ConfigureAwait(false);\ns.Close();");

    [Fact]
    public Task EachOfSeveral_IsAwaited() => Fixes(
        "_ = [|s.SendAsync(b, SocketFlags.None)|];\ns.Close();\n[|c.GetStream().WriteAsync(b)|];\nc.Close();",
        "await s.SendAsync(b, SocketFlags.None);\ns.Close();\nawait c.GetStream().WriteAsync(b);\nc.Close();");

    [Fact]
    public Task TopLevelStatements_MayAwait() => Rule.FixesAsync(
        "var s = new Socket(SocketType.Stream, ProtocolType.Tcp);\ns.Connect(\"a\", 1);\n_ = [|s.SendAsync(new byte[9], SocketFlags.None)|];\ns.Close();\n",
        "var s = new Socket(SocketType.Stream, ProtocolType.Tcp);\ns.Connect(\"a\", 1);\nawait s.SendAsync(new byte[9], SocketFlags.None);\ns.Close();\n");

    [Theory]
    [InlineData("class C { void M(Socket s, byte[] b) { _ = [|s.SendAsync(b, SocketFlags.None)|]; s.Close(); } }")]
    [InlineData("class C { async Task M(Socket s, byte[] b) { await Task.Yield(); Action a = () => { _ = [|s.SendAsync(b, SocketFlags.None)|]; s.Close(); }; a(); } }")]
    [InlineData("class C { async Task M(Socket s, byte[] b) { await Task.Yield(); lock (s) { _ = [|s.SendAsync(b, SocketFlags.None)|]; s.Close(); } } }")]
    [InlineData("class C { async Task M(Socket s, byte[] b) { await Task.Yield(); s.BeginSend(b, 0, 9, SocketFlags.None, null, null); s.Close(); } }", "s.BeginSend(b, 0, 9, SocketFlags.None, null, null)")]
    [InlineData("class C { async Task M(Socket s, byte[] b) { await Task.Yield(); s?[|.SendAsync(b, SocketFlags.None)|]; s?.Close(); } }")]
    public Task NothingIsOffered(string source, string? marked = null) => Rule.OffersNoFixAsync(marked is null ? source : source.Replace(marked, $"[|{marked}|]", StringComparison.Ordinal));

    [Fact]
    public Task HalfTypedCode_BreaksNothing() => Rule.SurvivesCutsAsync(Method("Task<int> sending = s.SendAsync(b, SocketFlags.None); s.Dispose(); _ = c.GetStream().WriteAsync(b).ConfigureAwait(false); c.Close();"));
}
