using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST1002LingerZeroOnListenerFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST1002");

    [Fact]
    public Task Statement_IsRemovedWithItsLine() => Rule.FixesAsync(
        """
        class C
        {
            void M(TcpListener l)
            {
                // before
                [|l.Server.LingerState = new LingerOption(true, 0)|];
                l.Start();
            }
        }
        """,
        """
        class C
        {
            void M(TcpListener l)
            {
                // before
                l.Start();
            }
        }
        """);

    [Fact]
    public Task InitializerMember_IsRemovedWithItsComma() => Rule.FixesAsync(
        "class C { void M() { var l = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, [|LingerState = new LingerOption(true, 0)|] }; l.Listen(5); } }",
        "class C { void M() { var l = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }; l.Listen(5); } }");

    [Fact]
    public Task Two_AreBothRemoved() => Rule.FixesAsync(
        "class C { void M(TcpListener l, TcpListener m)\n{\n    [|l.Server.LingerState = new LingerOption(true, 0)|];\n    [|m.Server.LingerState = new LingerOption(true, 0)|];\n} }",
        "class C { void M(TcpListener l, TcpListener m)\n{\n} }");

    [Fact]
    public Task OptionDefault_IsSwitchedOff() => Rule.FixesAsync(
        "class O { public LingerOption Linger { get; set; } = [|new(true, 0)|]; } class C { void M(TcpListener l, O o) { l.Server.LingerState = o.Linger; } }",
        "class O { public LingerOption Linger { get; set; } = new(false, 0); } class C { void M(TcpListener l, O o) { l.Server.LingerState = o.Linger; } }");

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Rule.SurvivesCutsAsync(
        "class O { public LingerOption Linger { get; set; } = new(true, 0); } class C { void M(TcpListener l, O o) { l.Server.LingerState = o.Linger; if (l.Pending()) l.Server.LingerState = new LingerOption(true, 0); } }");
}
