using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST4003TimeoutWithoutEffectFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST4003");

    private static string Method(string body, string made = "using var s = new Socket(SocketType.Stream, ProtocolType.Tcp);") => $$"""
        class C
        {
            async Task M(byte[] b, int time, bool flag)
            {
                {{made}}
                {{body.ReplaceLineEndings("\n        ")}}
                await s.SendAsync(b, SocketFlags.None);
                s.Shutdown(SocketShutdown.Send);
                while (await s.ReceiveAsync(b, SocketFlags.None) > 0) { }
            }
        }
        """;

    [Theory]
    [InlineData("[|s.ReceiveTimeout = 200|];\ns.NoDelay = true;", "s.NoDelay = true;")]
    [InlineData("// above\n[|s.ReceiveTimeout = time|]; // beside\ns.NoDelay = true;", "// above\n// beside\ns.NoDelay = true;")]
    [InlineData("if (flag) { [|s.SendTimeout = 200|]; s.NoDelay = true; }", "if (flag) { s.NoDelay = true; }")]
    [InlineData("[|s.SendTimeout = 200|];\n[|s.ReceiveTimeout = 200|];\ns.NoDelay = true;", "s.NoDelay = true;")]
    public Task Assignment_IsRemoved(string before, string after) => Rule.FixesAsync(Method(before), Method(after));

    [Theory]
    [InlineData("{ NoDelay = true, [|ReceiveTimeout = 200|] }", "{ NoDelay = true }")]
    [InlineData("{ [|ReceiveTimeout = 200|], NoDelay = true }", "{ NoDelay = true }")]
    [InlineData("{ [|ReceiveTimeout = 200|] }", "")]
    public Task MemberOfAnInitializer_IsRemoved(string before, string after) => Rule.FixesAsync(
        Method("s.Blocking = true;", $"using var s = new Socket(SocketType.Stream, ProtocolType.Tcp) {before};"),
        Method("s.Blocking = true;", $"using var s = new Socket(SocketType.Stream, ProtocolType.Tcp){(after.Length == 0 ? "" : " " + after)};"));

    [Fact]
    public Task PartsOfAType_AreFixedAtOnce() => Rule.FixesAsync(
        "partial class C { private readonly TcpClient _c = new TcpClient(); void A() { [|_c.ReceiveTimeout = 5|]; _c.NoDelay = true; } } partial class C { void B() { [|_c.ReceiveTimeout = 6|]; _c.NoDelay = false; } async Task<int> Read(byte[] b) => await _c.GetStream().ReadAsync(b, 0, 1); }",
        "partial class C { private readonly TcpClient _c = new TcpClient(); void A() { _c.NoDelay = true; } } partial class C { void B() { _c.NoDelay = false; } async Task<int> Read(byte[] b) => await _c.GetStream().ReadAsync(b, 0, 1); }");

    /// <summary>Where the value is used, or computed by something that would no longer run.</summary>
    [Theory]
    [InlineData("int kept = [|s.ReceiveTimeout = 200|];")]
    [InlineData("[|s.ReceiveTimeout = time++|];")]
    [InlineData("[|s.ReceiveTimeout = Convert.ToInt32(2.0)|];")]
    [InlineData("int local = 200;\n[|s.ReceiveTimeout = local|];")]
    public Task WhereRemovalChangesMore_NothingIsOffered(string statement) => Rule.OffersNoFixAsync(Method(statement));

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Rule.SurvivesCutsAsync(
        "class C { async Task M(byte[] b) { using var s = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendTimeout = 7 }; s.ReceiveTimeout = 5; await s.SendAsync(b, SocketFlags.None); await s.ReceiveAsync(b, SocketFlags.None); } }");
}
