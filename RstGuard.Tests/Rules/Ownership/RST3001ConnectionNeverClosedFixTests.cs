using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST3001ConnectionNeverClosedFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST3001");

    [Theory]
    [InlineData("var c = [|new TcpClient(\"a\", 1)|]; c.GetStream().WriteByte(1);", "using var c = new TcpClient(\"a\", 1); c.GetStream().WriteByte(1);")]
    [InlineData(
        "var c = [|new TcpClient(\"a\", 1)|]; if (c.Available > 9) throw new InvalidDataException(); c.Close();",
        "using var c = new TcpClient(\"a\", 1); if (c.Available > 9) throw new InvalidDataException(); c.Close();")]
    public Task ConnectionThatStaysInTheMethod_IsScoped(string before, string after) => Rule.FixesAsync(
        $$"""class C { void M() { {{before}} } }""",
        $$"""class C { void M() { {{after}} } }""");

    [Theory]
    [InlineData("void M(TcpListener l) { [|l.AcceptTcpClient()|]; }", "void M(TcpListener l) { l.AcceptTcpClient().Dispose(); }")]
    [InlineData("async Task M(TcpListener l) { await [|l.AcceptTcpClientAsync()|].ConfigureAwait(false); }", "async Task M(TcpListener l) { (await l.AcceptTcpClientAsync().ConfigureAwait(false)).Dispose(); }")]
    public Task ConnectionThatNobodyTakes_IsClosed(string before, string after) => Rule.FixesAsync($$"""class C { {{before}} }""", $$"""class C { {{after}} }""");

    [Fact]
    public Task ConnectionThatIsGivenAway_GetsACatch() => Rule.FixesAsync(
        """
        class C
        {
            Stream M(TcpListener l)
            {
                var c = [|l.AcceptTcpClient()|];

                // The greeting.
                var n = c.GetStream();
                n.WriteByte(1);
                return n;
            }
        }
        """,
        """
        class C
        {
            Stream M(TcpListener l)
            {
                var c = l.AcceptTcpClient();

                // The greeting.
                try
                {
                    var n = c.GetStream();
                    n.WriteByte(1);
                    return n;
                }
                catch
                {
                    c.Dispose();
                    throw;
                }
            }
        }
        """);

    /// <summary>There is no one place for a close, or what stands there can't be told apart.</summary>
    [Theory]
    [InlineData("class C { void M() { TcpClient c; c = [|new TcpClient(\"a\", 1)|]; c.GetStream().WriteByte(1); } }")]
    [InlineData("class C { void M(Socket l, bool full) { var s = [|l.Accept()|]; if (full) { s.Shutdown(SocketShutdown.Both); return; } Keep(s); } static void Keep(Socket s) { } }")]
    [InlineData("class C { TcpClient? _c; void M(TcpListener l) { var c = [|l.AcceptTcpClient()|]; c.GetStream().WriteByte(1); _c = c; Start(); } void Start() { } }")]
    [InlineData("class C { void M(TcpListener l) { _ = [|l.AcceptTcpClient()|]; } }")]
    [InlineData("class C { TcpClient? _c; void M() { _c = new TcpClient(\"a\", 1); } void Stop() { try { _c!.Client.Shutdown(SocketShutdown.Both); [|_c = null|]; } catch (SocketException) { } } }")]
    [InlineData("class C { TcpClient? _c; void M() { _c = new TcpClient(\"a\", 1); } void Stop() { try { _c!.NoDelay = true; } finally { _c!.Client.Shutdown(SocketShutdown.Both); [|_c = null|]; } } }")]
    public Task WhereItMightBeWrong_NothingIsOffered(string source) => Rule.OffersNoFixAsync(source);

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Rule.SurvivesCutsAsync(
        "class C { Stream M(TcpListener l) { l.AcceptSocket(); var c = l.AcceptTcpClient(); var n = c.GetStream(); n.WriteByte(1); return n; } }");

    [Fact]
    public Task ConnectionThatAHandlerForgets_IsClosedBefore() => Rule.FixesAsync(
        """
        class C
        {
            Socket? _s = new(SocketType.Stream, ProtocolType.Tcp);
            void M(string host)
            {
                try
                {
                    _s!.Connect(host, 443);
                    var tls = new System.Net.Security.SslStream(new NetworkStream(_s));
                    tls.AuthenticateAsClient(host);
                }
                catch
                {
                    // Once more later.
                    [|_s = null|];
                    throw;
                }
            }
        }
        """,
        """
        class C
        {
            Socket? _s = new(SocketType.Stream, ProtocolType.Tcp);
            void M(string host)
            {
                try
                {
                    _s!.Connect(host, 443);
                    var tls = new System.Net.Security.SslStream(new NetworkStream(_s));
                    tls.AuthenticateAsClient(host);
                }
                catch
                {
                    // Once more later.
                    _s?.Dispose();
                    _s = null;
                    throw;
                }
            }
        }
        """);

    [Theory]
    [InlineData("_c.Client.Shutdown(SocketShutdown.Both);")]
    [InlineData("_c.Client.Disconnect(false);")]
    [InlineData("try { _c.Client.Shutdown(SocketShutdown.Both); } catch (SocketException) { }")]
    public Task ConnectionThatIsForgottenAfterAGoodbye_IsClosedBefore(string goodbye) => Rule.FixesAsync(
        $$"""
        class C
        {
            TcpClient? _c;
            void Start() => _c = new TcpClient("a", 1);
            void Stop()
            {
                if (_c != null)
                {
                    {{goodbye}}

                    // Nobody is there any more.
                    [|_c = null|];
                }
            }
        }
        """,
        $$"""
        class C
        {
            TcpClient? _c;
            void Start() => _c = new TcpClient("a", 1);
            void Stop()
            {
                if (_c != null)
                {
                    {{goodbye}}

                    // Nobody is there any more.
                    _c?.Dispose();
                    _c = null;
                }
            }
        }
        """);

    [Fact]
    public Task HalfTypedGoodbye_IsSurvived() => Rule.SurvivesCutsAsync(
        "class C { TcpClient? _c; void Start() => _c = new TcpClient(\"a\", 1); void Stop() { if (_c != null) { _c.Client.Shutdown(SocketShutdown.Both); _c = null; } } }");
}
