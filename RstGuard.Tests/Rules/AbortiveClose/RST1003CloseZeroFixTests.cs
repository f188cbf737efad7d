using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST1003CloseZeroFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST1003");

    private static string Method(string body) => $$"""
        class C
        {
            void M(Socket s, TcpClient tcp, NetworkStream n, bool flag, List<Socket> all)
            {
                {{body.ReplaceLineEndings("\n        ")}}
            }
        }
        """;

    private static Task Fixes(string before, string after) => Rule.FixesAsync(Method(before), Method(after));

    [Fact]
    public Task Socket_IsShutDownAndClosed() => Fixes(
        "s.Send(new byte[1]);\n[|s.Close(0)|]; // bye\ns = null!;",
        """
        s.Send(new byte[1]);
        try { s.Shutdown(SocketShutdown.Send); }
        catch (SocketException) { }
        catch (ObjectDisposedException) { }
        s.Close(); // bye
        s = null!;
        """);

    [Fact]
    public Task ConditionalReceiver_StaysConditional() => Fixes(
        "tcp?.Client?[|.Close(0)|];",
        """
        try { tcp?.Client?.Shutdown(SocketShutdown.Send); }
        catch (SocketException) { }
        catch (ObjectDisposedException) { }
        tcp?.Client?.Close();
        """);

    [Theory]
    [InlineData("s.Shutdown(SocketShutdown.Both);")]
    [InlineData("s.Shutdown(SocketShutdown.Send);")]
    [InlineData("try { s.Shutdown(SocketShutdown.Both); } catch (SocketException) { }")]
    public Task SocketThatWasShutDown_IsClosed(string shutdown) => Fixes(shutdown + "\n[|s.Close(0)|];", shutdown + "\ns.Close();");

    [Fact]
    public Task ShutdownInTheTryOfItsFinally_IsEnough() => Fixes(
        "try { s.Shutdown(SocketShutdown.Both); } finally { [|s.Close(0)|]; }",
        "try { s.Shutdown(SocketShutdown.Both); } finally { s.Close(); }");

    [Theory]
    [InlineData("if (flag) s.Shutdown(SocketShutdown.Both);")]
    [InlineData("#pragma warning disable RST2011\ns.Shutdown(SocketShutdown.Receive);")]
    [InlineData("tcp.Client.Shutdown(SocketShutdown.Both);")]
    public Task ShutdownThatMayNotHaveBeen_IsNotEnough(string shutdown) => Fixes(
        shutdown + "\n[|s.Close(0)|];",
        shutdown + """

        try { s.Shutdown(SocketShutdown.Send); }
        catch (SocketException) { }
        catch (ObjectDisposedException) { }
        s.Close();
        """);

    [Theory]
    [InlineData("[|n.Close(0)|];", "n.Close();")]
    [InlineData("[|n.Close(TimeSpan.Zero)|];", "n.Close();")]
    [InlineData("[|tcp.GetStream().Close(timeout: 00)|];", "tcp.GetStream().Close();")]
    public Task Stream_IsClosed(string before, string after) => Fixes(before, after);

    [Fact]
    public Task EmbeddedStatement_BecomesABlock() => Fixes(
        "foreach (var one in all) [|one.Close(0)|];",
        "foreach (var one in all) { try { one.Shutdown(SocketShutdown.Send); } catch (SocketException) { } catch (ObjectDisposedException) { } one.Close(); }");

    [Fact]
    public Task StatementAmongOthersOnOneLine_StaysOnIt() => Fixes(
        "flag = true; [|s.Close(0)|]; flag = false;",
        "flag = true; try { s.Shutdown(SocketShutdown.Send); } catch (SocketException) { } catch (ObjectDisposedException) { } s.Close(); flag = false;");

    [Fact]
    public Task Lambda_GetsABlock() => Fixes(
        "Action stop = () => [|s.Close(0)|];\nstop();",
        "Action stop = () => { try { s.Shutdown(SocketShutdown.Send); } catch (SocketException) { } catch (ObjectDisposedException) { } s.Close(); };\nstop();");

    [Fact]
    public Task ArrowMember_GetsABlock() => Rule.FixesAsync(
        """
        class C
        {
            private readonly Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp);

            public void Stop() => [|_s.Close(0)|];
        }
        """,
        """
        class C
        {
            private readonly Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp);

            public void Stop()
            {
                try { _s.Shutdown(SocketShutdown.Send); }
                catch (SocketException) { }
                catch (ObjectDisposedException) { }
                _s.Close();
            }
        }
        """);

    [Fact]
    public Task ArrowLocalFunction_GetsABlock() => Fixes(
        "void Stop() => [|s.Close(0)|];\nStop();",
        """
        void Stop()
        {
            try { s.Shutdown(SocketShutdown.Send); }
            catch (SocketException) { }
            catch (ObjectDisposedException) { }
            s.Close();
        }
        Stop();
        """);

    [Fact]
    public Task Two_AreBothFixed() => Fixes(
        "[|n.Close(0)|];\n[|s.Close(0)|];",
        """
        n.Close();
        try { s.Shutdown(SocketShutdown.Send); }
        catch (SocketException) { }
        catch (ObjectDisposedException) { }
        s.Close();
        """);

    [Fact]
    public Task NamesThatAreNotImported_AreWrittenInFull() => (Rule with { Usings = "" }).FixesAsync(
        "class C { void M(System.Net.Sockets.Socket s) { [|s.Close(0)|]; } }",
        "class C { void M(System.Net.Sockets.Socket s) { try { s.Shutdown(System.Net.Sockets.SocketShutdown.Send); } catch (System.Net.Sockets.SocketException) { } catch (System.ObjectDisposedException) { } s.Close(); } }");

    [Fact]
    public Task TopLevelStatement_IsFixed() => Rule.FixesAsync(
        "var s = new Socket(SocketType.Stream, ProtocolType.Tcp);\n[|s.Close(0)|];",
        """
        var s = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try { s.Shutdown(SocketShutdown.Send); }
        catch (SocketException) { }
        catch (ObjectDisposedException) { }
        s.Close();
        """);

    [Fact]
    public Task OwnMember_IsCalledWithoutAReceiver() => Rule.FixesAsync(
        "class Own : Socket { Own() : base(SocketType.Stream, ProtocolType.Tcp) { } void Stop() { Shutdown(SocketShutdown.Both); [|Close(0)|]; } }",
        "class Own : Socket { Own() : base(SocketType.Stream, ProtocolType.Tcp) { } void Stop() { Shutdown(SocketShutdown.Both); Close(); } }");

    [Theory]
    [InlineData("void M(Socket s, int timeout = 0) { [|s.Close(timeout)|]; }")]
    [InlineData("void M(NetworkStream s, TimeSpan timeout = default) { [|s.Close(timeout)|]; }")]
    [InlineData("void M() { [|Next().Close(0)|]; } Socket Next() => new Socket(SocketType.Stream, ProtocolType.Tcp);")]
    public Task WhereItWouldBeWrong_NothingIsOffered(string member) => Rule.OffersNoFixAsync($$"""class C { {{member}} }""");

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Rule.SurvivesCutsAsync(
        "class C { Socket _s = null!; public void Stop() => _s?.Close(0); void M(Socket s, NetworkStream n) { s.Close(0); n.Close(TimeSpan.Zero); Action a = () => s.Close(0); if (s.Connected) s.Close(0); } }");
}
