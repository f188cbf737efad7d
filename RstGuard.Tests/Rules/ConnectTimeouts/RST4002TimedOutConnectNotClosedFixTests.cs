using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST4002TimedOutConnectNotClosedFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST4002");

    [Theory]
    [InlineData(
        "if (![|c.ConnectAsync(\"a\", 1).Wait(500)|]) { throw new TimeoutException(); } return c;",
        "if (!c.ConnectAsync(\"a\", 1).Wait(500)) { c.Dispose(); throw new TimeoutException(); } return c;")]
    [InlineData(
        "if (![|c.ConnectAsync(\"a\", 1).Wait(500)|]) /* late */ throw new TimeoutException(); return c;",
        "if (!c.ConnectAsync(\"a\", 1).Wait(500)) /* late */ { c.Dispose(); throw new TimeoutException(); } return c;")]
    [InlineData(
        "if ([|c.ConnectAsync(\"a\", 1).Wait(500)|]) return c; else throw new TimeoutException();",
        "if (c.ConnectAsync(\"a\", 1).Wait(500)) return c; else { c.Dispose(); throw new TimeoutException(); }")]
    public Task BranchForTheTimeout_ClosesFirst(string before, string after) => Rule.FixesAsync(
        $$"""class C { TcpClient M() { var c = new TcpClient(); {{before}} } }""",
        $$"""class C { TcpClient M() { var c = new TcpClient(); {{after}} } }""");

    [Fact]
    public Task BranchOnItsOwnLines_KeepsItsForm() => Rule.FixesAsync(
        """
        class C
        {
            private TcpClient _c = null!;

            async Task M()
            {
                _c = new TcpClient();
                Task connect = _c.ConnectAsync("a", 1);
                if (await [|Task.WhenAny(connect, Task.Delay(500))|] != connect)
                {
                    // Too late.
                    throw new TimeoutException();
                }
            }
        }
        """,
        """
        class C
        {
            private TcpClient _c = null!;

            async Task M()
            {
                _c = new TcpClient();
                Task connect = _c.ConnectAsync("a", 1);
                if (await Task.WhenAny(connect, Task.Delay(500)) != connect)
                {
                    // Too late.
                    _c.Dispose();
                    throw new TimeoutException();
                }
            }
        }
        """);

    [Fact]
    public Task WaitThatThrows_GetsACatch() => Rule.FixesAsync(
        """
        class C
        {
            async Task<Socket> M()
            {
                var s = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await [|s.ConnectAsync("a", 1).WaitAsync(TimeSpan.FromSeconds(1))|];
                return s;
            }
        }
        """,
        """
        class C
        {
            async Task<Socket> M()
            {
                var s = new Socket(SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    await s.ConnectAsync("a", 1).WaitAsync(TimeSpan.FromSeconds(1));
                }
                catch
                {
                    s.Dispose();
                    throw;
                }
                return s;
            }
        }
        """);

    [Fact]
    public Task ConnectionThatStaysInTheMethod_IsScoped() => Rule.FixesAsync(
        "class C { bool M() { var c = new TcpClient(); return [|c.ConnectAsync(\"a\", 1).Wait(500)|]; } }",
        "class C { bool M() { using var c = new TcpClient(); return c.ConnectAsync(\"a\", 1).Wait(500); } }");

    [Fact]
    public Task FixAll_MendsEach() => Rule.FixesAsync(
        "class C { TcpClient M() { var c = new TcpClient(); if (![|c.ConnectAsync(\"a\", 1).Wait(500)|]) { throw new TimeoutException(); } return c; } bool N() { var c = new TcpClient(); return [|c.ConnectAsync(\"a\", 1).Wait(500)|]; } }",
        "class C { TcpClient M() { var c = new TcpClient(); if (!c.ConnectAsync(\"a\", 1).Wait(500)) { c.Dispose(); throw new TimeoutException(); } return c; } bool N() { using var c = new TcpClient(); return c.ConnectAsync(\"a\", 1).Wait(500); } }");

    /// <summary>Nothing can be written, or what happens on the timeout is not told from the rest.</summary>
    [Theory]
    [InlineData("class C { TcpClient? M() { var c = new TcpClient(); if ([|c.ConnectAsync(\"a\", 1).Wait(500)|]) { return c; } return null; } }")]
    [InlineData("class C { void M() { var c = new TcpClient(); [|c.ConnectAsync(\"a\", 1).Wait(500)|]; c.GetStream().WriteByte(1); c.Close(); } }")]
    [InlineData("class C { bool M() { TcpClient c; c = new TcpClient(); return [|c.ConnectAsync(\"a\", 1).Wait(500)|]; } }")]
    [InlineData("class C { TcpClient M() { var c = new TcpClient(); if (![|c.Client.ConnectAsync(\"a\", 1).Wait(500)|]) { throw new TimeoutException(); } return c; } }")]
    public Task WhereItMightBeWrong_NothingIsOffered(string source) => Rule.OffersNoFixAsync(source);

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Rule.SurvivesCutsAsync(
        "class C { async Task<TcpClient> M() { var c = new TcpClient(); if (!c.ConnectAsync(\"a\", 1).Wait(5)) { throw new TimeoutException(); } var d = new TcpClient(); await d.ConnectAsync(\"a\", 1).WaitAsync(TimeSpan.Zero); return c ?? d; } }");
}
