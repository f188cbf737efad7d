using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST1005DisposingTheHandleFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST1005");

    private static string Method(string body) => $$"""
        class C
        {
            void M(Socket s, TcpClient tcp, NetworkStream n, bool flag)
            {
                {{body.ReplaceLineEndings("\n        ")}}
            }
        }
        """;

    private static Task Fixes(string before, string after) => Rule.FixesAsync(Method(before), Method(after));

    [Theory]
    [InlineData("[|s.SafeHandle.Dispose()|]; // bye", "s.Close(); // bye")]
    [InlineData("[|s.SafeHandle.Close()|];", "s.Close();")]
    [InlineData("s?[|.SafeHandle.Dispose()|];", "s?.Close();")]
    [InlineData("[|tcp.Client.SafeHandle.Dispose()|];", "tcp.Close();")]
    [InlineData("tcp?[|.Client.SafeHandle.Dispose()|];", "tcp?.Close();")]
    [InlineData("tcp?.Client?[|.SafeHandle.Dispose()|];", "tcp?.Close();")]
    [InlineData("[|n.Socket.SafeHandle.Dispose()|];", "n.Socket.Close();")]
    [InlineData("if (flag) [|s.SafeHandle.Dispose()|];", "if (flag) s.Close();")]
    [InlineData("Action a = () => [|s.SafeHandle.Dispose()|];\na();", "Action a = () => s.Close();\na();")]
    public Task Handle_BecomesTheSocket(string before, string after) => Fixes(before, after);

    [Theory]
    [InlineData("[|s.SafeHandle.Dispose()|];\ns.Dispose();", "s.Dispose();")]
    [InlineData("[|tcp.Client.SafeHandle.Dispose()|];\ntcp.Close();", "tcp.Close();")]
    public Task SocketThatIsDisposedNext_IsLeftToThat(string before, string after) => Fixes(before, after);

    [Fact]
    public Task Two_AreBothFixed() => Fixes("[|s.SafeHandle.Dispose()|];\n[|tcp.Client.SafeHandle.Close()|];", "s.Close();\ntcp.Close();");

    [Fact]
    public Task OwnMember_IsClosedWithoutAReceiver() => Rule.FixesAsync(
        "class Own : Socket { Own() : base(SocketType.Stream, ProtocolType.Tcp) { } void Stop() => [|SafeHandle.Dispose()|]; }",
        "class Own : Socket { Own() : base(SocketType.Stream, ProtocolType.Tcp) { } void Stop() => Close(); }");

    [Theory]
    [InlineData("using ([|s.SafeHandle|]) { }")]
    [InlineData("using var [|handle = s.SafeHandle|];")]
    [InlineData("var handle = s.SafeHandle; [|handle.Dispose()|];")]
    [InlineData("[|((IDisposable)s.SafeHandle).Dispose()|];")]
    public Task WhereMoreWouldHaveToChange_NothingIsOffered(string statement) => Rule.OffersNoFixAsync(Method(statement));

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Rule.SurvivesCutsAsync(
        "class C { void M(Socket s, TcpClient c) { s.SafeHandle.Dispose(); s.Dispose(); c?.Client?.SafeHandle.Close(); Action a = () => s.SafeHandle.Close(); } }");
}
