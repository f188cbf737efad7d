using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST4001TimeoutTooShortToConnectTests
{
    private static readonly Verify Rule = Verify.Rule("RST4001");

    public static TheoryData<string> Flagged =>
    [
        "class C { void M() { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.SendTimeout = [|100|]; s.Connect(\"a\", 1); } }",
        "class C { void M() { using var s = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendTimeout = [|100|] }; s.Connect(\"a\", 1); } }",
        "class C { const int Ms = 1000; void M() { using var c = new TcpClient { SendTimeout = [|Ms|] }; c.Connect(\"a\", 1); } }",
        "class C { void M() { using var c = new TcpClient(); c.Client.SendTimeout = [|50|]; c.Connect(\"a\", 1); } }",
        "class C { void M() { using var c = new TcpClient(); c.ReceiveTimeout = [|100|]; c.Connect(\"a\", 1); var ns = c.GetStream(); ns.Write(new byte[5]); ns.Read(new byte[4096]); } }",
        "class C { void M() { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); try { s.Connect(\"a\", 1); s.ReceiveTimeout = [|100|]; s.Receive(new byte[4096]); } finally { s.Close(); } } }",
        // Locals and read-only fields that have one value.
        "class C { void M() { int ms = [|100|]; var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.SendTimeout = ms; s.Connect(\"a\", 1); } }",
        "class C { void M() { const int Ms = [|100|]; var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.SendTimeout = Ms; s.Connect(\"a\", 1); } }",
        "class C { static readonly int Ms = 100; void M() { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.SendTimeout = [|Ms|]; s.Connect(\"a\", 1); } }",
        "class C { static readonly TimeSpan Limit = TimeSpan.FromSeconds(0.5); void M() { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.SendTimeout = [|(int)Limit.TotalMilliseconds|]; s.Connect(\"a\", 1); } }",
        // Parameters and fields in one body.
        "class C { void M(Socket s) { s.SendTimeout = [|100|]; s.Connect(\"a\", 1); } }",
        "class C { TcpClient _c = new TcpClient(); void M() { _c.Client.SendTimeout = [|100|]; _c.Connect(\"a\", 1); } }",
        "class C { Socket? _s; void M() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 100, SendTimeout = [|500|], SendBufferSize = 0 }; _s.Connect(\"a\", 1); } }",
        // A field whose connect stands in a member that runs afterwards.
        "class C { Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendTimeout = [|100|] }; public void Open() { _s.Connect(\"a\", 1); } }",
        "class C { readonly TcpClient _c; public C() { _c = new TcpClient { SendTimeout = [|100|] }; } public void Open() => _c.Connect(\"a\", 1); }",
        "class C { readonly TcpClient _c = new TcpClient(); public C() { _c.SendTimeout = [|100|]; } public void Open() => _c.Connect(\"a\", 1); }",
        "class C { Socket? _s; void Make() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendTimeout = [|100|] }; } void Open(Socket s) { _s!.Connect(\"a\", 1); s.Send(new byte[1]); } public void Arrange() { Make(); Console.WriteLine(); Open(_s!); } public void Cleanup() { _s = null; } }",
        "class C { Socket? _s; public void Make() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendTimeout = [|100|] }; Open(); } void Open() { _s!.Connect(\"a\", 1); } }",
        "class C { Socket? _s; void Make() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendTimeout = [|100|] }; } public void Open() { Make(); _s!.Connect(\"a\", 1); } }",
        "partial class C { Socket? _s; void Make() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendTimeout = [|100|] }; } } partial class C { public void Open() { Make(); _s!.Connect(\"a\", 1); } }",
        // Through the property of a wrapper.
        "class Conn { TcpClient _c = new TcpClient(); public int SendTimeout { set { _c.SendTimeout = value; } } public void Open() { _c.Connect(\"a\", 1); } } class C { void M(Conn c) { c.SendTimeout = [|2|]; c.Open(); } }",
        "class Conn { Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); public int WriteTimeout { get => _s.SendTimeout; set => _s.SendTimeout = value; } public void Open() => _s.Connect(\"a\", 1); } class C { Conn _c = new Conn(); void M() { _c.WriteTimeout = [|2|]; _c.Open(); } }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        // Values that something else decides, or may change.
        "class C { void M(bool b) { int ms = 100; if (b) { ms = 5000; } var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.SendTimeout = ms; s.Connect(\"a\", 1); } }",
        "class C { void Set(ref int ms) { ms = 5000; } void M() { int ms = 100; Set(ref ms); var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.SendTimeout = ms; s.Connect(\"a\", 1); } }",
        "class C { static int Ms = 100; void M() { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.SendTimeout = Ms; s.Connect(\"a\", 1); } }",
        "class C { readonly int _ms = 100; public C(int ms) { _ms = ms; } void M() { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.SendTimeout = _ms; s.Connect(\"a\", 1); } }",
        // Fields: another order, another socket, another timeout, or asynchronous use.
        "class C { Socket? _s; public void Tune() { _s!.SendTimeout = 100; } public void Open() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp); _s.Connect(\"a\", 1); } }",
        "class C { readonly Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); public void Tune() { _s.SendTimeout = 100; } public void Open() { _s.Connect(\"a\", 1); } }",
        "class C { readonly Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); void Tune() { _s.SendTimeout = 100; } void Open() { _s.Connect(\"a\", 1); } public void Run() { Open(); Tune(); } }",
        "class C { readonly Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); void Tune() { _s.SendTimeout = 100; } void Open() { _s.Connect(\"a\", 1); } public void Run(bool b) { if (b) { Tune(); } else { Open(); } } }",
        "class C { Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendTimeout = 100 }; public void Open() { _s.SendTimeout = 5000; _s.Connect(\"a\", 1); } }",
        "class C { Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendTimeout = 100 }; public void Open() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp); _s.Connect(\"a\", 1); } }",
        "class C { Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendTimeout = 100 }; public Task Open() => _s.ConnectAsync(\"a\", 1); public void Again() { _s.Connect(\"a\", 1); } }",
        "class C { Socket? _s; void M() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendTimeout = 500 }; _s = new Socket(SocketType.Stream, ProtocolType.Tcp); _s.Connect(\"a\", 1); } }",
        "class C { Socket? _s; void M(Socket accepted) { _s = accepted; _s.SendTimeout = 100; } }",
        "class C { Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendTimeout = 100 }; public void Open() { if (OperatingSystem.IsWindows()) { _s.Connect(\"a\", 1); } } }",
        "class C { Socket _s = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { SendTimeout = 100 }; public void Open(EndPoint e) { _s.Connect(e); } }",
        // Wrappers: what they pass on, and when.
        "class Conn { TcpClient _c = new TcpClient(); public int ReceiveTimeout { set { _c.ReceiveTimeout = value; } } public void Open() { _c.Connect(\"a\", 1); } } class C { void M(Conn c) { c.ReceiveTimeout = 2; c.Open(); } }",
        "class Conn { public int SendTimeout { get; set; } public void Open() { } } class C { void M(Conn c, Socket s) { c.SendTimeout = 2; c.Open(); s.Connect(\"a\", 1); } }",
        "class Conn { TcpClient _c = new TcpClient(); public int SendTimeout { set { _c.SendTimeout = value; } } public async Task Open() { await _c.ConnectAsync(\"a\", 1); } } class C { async Task M(Conn c) { c.SendTimeout = 2; await c.Open(); } }",
        "class Conn { TcpClient _c = new TcpClient(); public int SendTimeout { set { _c.SendTimeout = value; } } public void Open() { _c.Connect(\"a\", 1); } } class C { void M(Conn c, int ms) { c.SendTimeout = ms; c.Open(); c.SendTimeout = 5000; c.SendTimeout = 0; c.Open(); } }",
        "class C { void M() { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.SendTimeout = 3000; s.Connect(\"a\", 1); } }",
        "class C { void M() { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.SendTimeout = 0; s.Connect(\"a\", 1); } }",
        "class C { void M() { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.SendTimeout = -1; s.Connect(\"a\", 1); } }",
        "class C { void M(int ms) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.SendTimeout = ms; s.Connect(\"a\", 1); } }",
        "class C { void M() { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Connect(\"a\", 1); s.SendTimeout = 100; } }",
        "class C { void M() { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.SendTimeout = 100; s.SendTimeout = 5000; s.Connect(\"a\", 1); } }",
        "class C { async Task M() { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.SendTimeout = 100; await s.ConnectAsync(\"a\", 1).ConfigureAwait(false); } }",
        "class C { void M(bool b) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.ReceiveTimeout = 100; s.Connect(\"a\", 1); } }",
        "class C { void M() { if (OperatingSystem.IsWindows()) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.SendTimeout = 100; s.Connect(\"a\", 1); } } }",
        "class C { void M() { if (!OperatingSystem.IsWindows()) { return; } var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.SendTimeout = 100; s.Connect(\"a\", 1); } }",
        "class C { [System.Runtime.Versioning.SupportedOSPlatform(\"windows\")] void M() { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.SendTimeout = 100; s.Connect(\"a\", 1); } }",
        "class C { async Task M() { using var c = new TcpClient(); c.ReceiveTimeout = 100; await c.ConnectAsync(\"a\", 1); await c.GetStream().ReadAsync(new byte[4096]); } }",
        "class Timeouts { public int SendTimeout; } class C { void M(Timeouts t, Socket s) { t.SendTimeout = 100; s.Connect(\"a\", 1); } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task ShortTimeout_IsFlagged(string source) => (Rule with { Severity = DiagnosticSeverity.Warning }).FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Theory]
    [InlineData("class C { System.Net.Http.HttpClient M() => new System.Net.Http.HttpClient { Timeout = [|TimeSpan.FromMilliseconds(200)|] }; }")]
    [InlineData("class C { void M(System.Net.Http.SocketsHttpHandler h) { h.ConnectTimeout = [|new TimeSpan(0, 0, 1)|]; } }")]
    public Task ShortHttpTimeout_GetsInfo(string source) => (Rule with { Severity = DiagnosticSeverity.Info }).FlagsAsync(source);

    [Fact]
    public Task HttpTimeoutOfSeconds_IsSilent() =>
        Rule.IsSilentAsync("class C { void M(System.Net.Http.HttpClient h, TimeSpan t) { h.Timeout = TimeSpan.FromSeconds(15); h.Timeout = t; h.Timeout = Timeout.InfiniteTimeSpan; } }");

    [Fact]
    public Task Option_MovesTheLimit() =>
        (Rule with { EditorConfig = "rstguard.min_connect_timeout_ms = 50" }).IsSilentAsync("class C { void M() { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.SendTimeout = 100; s.Connect(\"a\", 1); } }");

    [Fact]
    public Task Message_SaysWhichTimeoutBoundsWhat() =>
        (Rule with { Messages = ["'ReceiveTimeout' of 100 ms: it does not bound Connect but the first reply: when that is late the connection is closed, and the reply is answered with a reset and lost"] })
            .FlagsAsync("class C { void M() { using var c = new TcpClient { ReceiveTimeout = [|100|] }; c.Connect(\"a\", 1); c.GetStream().Read(new byte[4096]); } }");

    [Theory]
    [InlineData("using var cts = new CancellationTokenSource([|500|]); await s.ConnectAsync(\"a\", 1, cts.Token);")]
    [InlineData("using var cts = new CancellationTokenSource([|TimeSpan.FromMilliseconds(500)|]); await s.ConnectAsync(\"a\", 1, cts.Token).ConfigureAwait(false);")]
    [InlineData("using var cts = new CancellationTokenSource(); cts.CancelAfter([|1000|]); var token = cts.Token; await s.ConnectAsync(\"a\", 1, token);")]
    [InlineData("using var cts = new CancellationTokenSource(5000); cts.CancelAfter([|TimeSpan.FromSeconds(1)|]); await s.ConnectAsync(\"a\", 1, cts.Token);")]
    [InlineData("using var cts = CancellationTokenSource.CreateLinkedTokenSource(outer); cts.CancelAfter([|200|]); await s.ConnectAsync(\"a\", 1, cts.Token);")]
    [InlineData("using var time = new CancellationTokenSource([|200|]); using var cts = CancellationTokenSource.CreateLinkedTokenSource(outer, time.Token); await s.ConnectAsync(\"a\", 1, cts.Token);")]
    [InlineData("await s.ConnectAsync(\"a\", 1, new CancellationTokenSource([|Ms|]).Token);")]
    [InlineData("var ms = [|200|]; using (var cts = new CancellationTokenSource(ms)) { try { await s.ConnectAsync(\"a\", 1, cts.Token); } catch (OperationCanceledException) { } }")]
    [InlineData("using var cts = new CancellationTokenSource([|200|]); using var c = new TcpClient(); await c.ConnectAsync(\"a\", 1, cts.Token); await c.ConnectAsync(\"b\", 1, cts.Token);")]
    public Task ShortConnectToken_GetsInfo(string body) => (Rule with { Severity = DiagnosticSeverity.Info }).FlagsAsync(Connecting(body));

    [Theory]
    [InlineData("using var cts = new CancellationTokenSource(5000); await s.ConnectAsync(\"a\", 1, cts.Token);")]
    [InlineData("using var cts = new CancellationTokenSource(); await s.ConnectAsync(\"a\", 1, cts.Token);")]
    [InlineData("using var cts = new CancellationTokenSource(200); cts.CancelAfter(5000); await s.ConnectAsync(\"a\", 1, cts.Token);")]
    [InlineData("using var cts = new CancellationTokenSource(200); if (Ms > 5) { cts.CancelAfter(5000); } await s.ConnectAsync(\"a\", 1, cts.Token);")]
    [InlineData("using var cts = new CancellationTokenSource(); await s.ConnectAsync(\"a\", 1, cts.Token); cts.CancelAfter(200); await s.ReceiveAsync(new byte[1], SocketFlags.None, cts.Token);")]
    [InlineData("using var cts = new CancellationTokenSource(200); await s.ConnectAsync(\"a\", 1, outer); await s.ReceiveAsync(new byte[1], SocketFlags.None, cts.Token);")]
    [InlineData("var cts = new CancellationTokenSource(200); cts = new CancellationTokenSource(5000); await s.ConnectAsync(\"a\", 1, cts.Token);")]
    [InlineData("using var cts = new CancellationTokenSource(TimeSpan.Zero); await s.ConnectAsync(\"a\", 1, cts.Token);")]
    [InlineData("using var cts = new CancellationTokenSource(Timeout.Infinite); await s.ConnectAsync(\"a\", 1, cts.Token);")]
    [InlineData("using var ws = new System.Net.WebSockets.ClientWebSocket(); using var cts = new CancellationTokenSource(200); await ws.ConnectAsync(new Uri(\"ws://a\"), cts.Token);")]
    public Task OtherToken_IsSilent(string body) => Rule.IsSilentAsync(Connecting(body));

    [Theory]
    [InlineData("_conn.SendTimeout = [|2|]; Read();")]
    [InlineData("try { _conn.SendTimeout = [|2|]; Read(); } finally { _conn.SendTimeout = 0; }")]
    public Task ShortSendTimeoutOfAWrapperBeforeAnExchange_GetsInfo(string body) => (Rule with { Severity = DiagnosticSeverity.Info }).FlagsAsync(
        $$"""
        class Conn { TcpClient? _c; public int SendTimeout { set { if (_c != null) _c.SendTimeout = value; } } }
        class C { Conn _conn = new Conn(); void M() { {{body}} } void Read() { } }
        """);

    [Fact]
    public Task WrapperBehindAnInterface_IsSeenThrough() => (Rule with { Severity = DiagnosticSeverity.Info }).FlagsAsync(
        """
        interface IConn { int SendTimeout { set; } }
        class Conn : IConn { TcpClient? _c; public int SendTimeout { set { if (_c != null) _c.SendTimeout = value; } } }
        class C { IConn _conn = new Conn(); void M() { _conn.SendTimeout = [|2|]; Read(); } void Read() { } }
        class D { void M(IConn conn) { conn.SendTimeout = 2; Read(); } void Read() { } }
        """);

    [Fact]
    public Task TestProject_GetsInfo() => (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info })
        .FlagsAsync("class C { Socket? _s; void Make() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendTimeout = [|100|] }; } void Open() { _s!.Connect(\"a\", 1); } public void Arrange() { Make(); Open(); } }");

    [Fact]
    public Task AdditionalLocation_IsTheConnectInTheOtherPart() => (Rule with { ExtraSources = [("Other.cs", "partial class C { public void Open() { {|#0:_s.Connect(\"a\", 1)|}; } }")] })
        .FlagsAsync("partial class C { Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendTimeout = [|100|] }; }");

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Rule.SurvivesCutsAsync(
        "class Conn { TcpClient _c = new TcpClient { SendTimeout = 100 }; public int SendTimeout { set { _c.SendTimeout = value; } } public void Open() { _c.Connect(\"a\", 1); } } "
        + "class C { const int Ms = 100; static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(100); async Task M(Conn c, Socket s, CancellationToken outer) { c.SendTimeout = 2; c.Open(); int ms = 100; s.SendTimeout = ms; s.Connect(\"a\", 1); "
        + "using var time = new CancellationTokenSource(Limit); using var cts = CancellationTokenSource.CreateLinkedTokenSource(outer, time.Token); cts.CancelAfter(Ms); await s.ConnectAsync(\"a\", 1, cts.Token); } }",
        cuts: 120);

    private static string Connecting(string body) => $$"""class C { const int Ms = 300; async Task M(Socket s, CancellationToken outer) { {{body}} } }""";
}
