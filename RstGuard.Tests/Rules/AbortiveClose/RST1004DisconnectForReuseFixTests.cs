using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST1004DisconnectForReuseFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST1004");

    private static string Method(string body) => $$"""
        class C
        {
            async Task M(IPEndPoint one, IPEndPoint two, byte[] data)
            {
                await Task.Yield();
                {{body.ReplaceLineEndings("\n        ")}}
            }
        }
        """;

    private static Task Fixes(string before, string after) => Rule.FixesAsync(Method(before), Method(after));

    [Theory]
    [InlineData("[|s.Disconnect(true)|];")]
    [InlineData("await [|s.DisconnectAsync(true)|];")]
    [InlineData("await [|s.DisconnectAsync(true)|].ConfigureAwait(false);")]
    public Task SocketThatConnectsAgain_IsReplaced(string disconnect) => Fixes(
        $"Socket s = new Socket(one.AddressFamily, SocketType.Stream, ProtocolType.Tcp);\ns.Connect(one);\ns.Send(data);\n{disconnect} // next\ns.Connect(two);\ns.Send(data);\ns.Dispose();",
        """
        Socket s = new Socket(one.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        s.Connect(one);
        s.Send(data);
        try { s.Shutdown(SocketShutdown.Send); }
        catch (SocketException) { }
        catch (ObjectDisposedException) { }
        s.Dispose();
        s = new Socket(one.AddressFamily, SocketType.Stream, ProtocolType.Tcp); // next
        s.Connect(two);
        s.Send(data);
        s.Dispose();
        """);

    [Fact]
    public Task InALoop_TheSocketConnectsAgain() => Fixes(
        """
        Socket s = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        foreach (var end in new[] { one, two })
        {
            s.Connect(end);
            s.Send(data);
            [|s.Disconnect(true)|];
        }
        s.Dispose();
        """,
        """
        Socket s = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        foreach (var end in new[] { one, two })
        {
            s.Connect(end);
            s.Send(data);
            try { s.Shutdown(SocketShutdown.Send); }
            catch (SocketException) { }
            catch (ObjectDisposedException) { }
            s.Dispose();
            s = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        }
        s.Dispose();
        """);

    [Theory]
    [InlineData("using var s = new Socket(SocketType.Stream, ProtocolType.Tcp);\ns.Connect(one);\n[|s.Disconnect(true)|];", "using var s = new Socket(SocketType.Stream, ProtocolType.Tcp);\ns.Connect(one);\ns.Disconnect(false);")]
    [InlineData("var s = new Socket(SocketType.Stream, ProtocolType.Tcp);\ns.Connect(one);\n[|s.Disconnect(reuseSocket: true)|];\ns.Close();", "var s = new Socket(SocketType.Stream, ProtocolType.Tcp);\ns.Connect(one);\ns.Disconnect(reuseSocket: false);\ns.Close();")]
    [InlineData("using var s = new Socket(SocketType.Stream, ProtocolType.Tcp);\nawait s.ConnectAsync(one);\nawait [|s.DisconnectAsync(true)|];", "using var s = new Socket(SocketType.Stream, ProtocolType.Tcp);\nawait s.ConnectAsync(one);\nawait s.DisconnectAsync(false);")]
    public Task SocketThatIsOnlyClosedAfterwards_IsDisconnectedForGood(string before, string after) => Fixes(before, after);

    [Theory]
    [InlineData("using var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Connect(one); [|s.Disconnect(true)|]; s.Connect(two);")]
    [InlineData("var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.NoDelay = true; s.Connect(one); [|s.Disconnect(true)|]; s.Connect(two); s.Dispose();")]
    [InlineData("var s = new Socket(SocketType.Stream, ProtocolType.Tcp); var t = s; s.Connect(one); [|s.Disconnect(true)|]; s.Connect(two); t.Dispose();")]
    [InlineData("var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Connect(one); [|s.Disconnect(true)|]; s.Connect(two); Task.Run(() => s.Send(data)).Wait(); s.Dispose();")]
    [InlineData("var c = new TcpClient(); c.Connect(one); [|c.Client.Disconnect(true)|]; c.Connect(two); c.Dispose();")]
    [InlineData("var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Connect(one); _ = [|s.DisconnectAsync(true)|]; s.Connect(two); s.Dispose();")]
    public Task SocketThatMayBeInOtherHands_IsLeft(string body) => Rule.OffersNoFixAsync(Method(body));

    [Theory]
    [InlineData("Socket _s = null!; void M() { [|_s.Disconnect(true)|]; }")]
    [InlineData("void M(Socket s) { [|s.Disconnect(true)|]; }")]
    [InlineData("async Task M(IPEndPoint e) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Connect(e); await [|s.DisconnectAsync(true)|]; s.Connect(e); s.Dispose(); }")]
    [InlineData("void M(Socket s) { var a = new SocketAsyncEventArgs { [|DisconnectReuseSocket = true|] }; s.DisconnectAsync(a); }")]
    public Task WhereMoreWouldHaveToChange_NothingIsOffered(string member) => Rule.OffersNoFixAsync($$"""class C { {{member}} }""");

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Rule.SurvivesCutsAsync(
        "class C { async Task M(IPEndPoint e) { Socket s = new(e.AddressFamily, SocketType.Stream, ProtocolType.Tcp); while (true) { s.Connect(e); s.Disconnect(true); await s.DisconnectAsync(true).ConfigureAwait(false); s.Dispose(); } } }");
}
