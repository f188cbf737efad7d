using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST5001SmallBacklogTests
{
    private static readonly Verify Rule = Verify.Rule("RST5001");

    private static string Method(string body) => $"class C {{ async Task M(TcpListener l, Socket s, bool flag, int n) {{ {body} await Task.Yield(); }} static void Serve(IDisposable client) {{ client.Dispose(); }} }}";

    public static TheoryData<string> Flagged =>
    [
        "[|l.Start(1)|]; while (flag) { Serve(l.AcceptTcpClient()); }",
        "[|s.Listen(5)|]; while (true) { Serve(await s.AcceptAsync().ConfigureAwait(false)); }",
        "[|s.Listen(backlog: 0)|]; for (int i = 0; i < 3; i++) { Serve(s.Accept()); }",
        "const int Backlog = 4; [|s.Listen(Backlog)|]; while (flag) { Serve(s.Accept()); }",
        "int backlog = 4; [|s.Listen(backlog)|]; while (flag) { Serve(s.Accept()); }",
        "s?[|.Listen(15)|]; while (flag) { Serve(s!.Accept()); }",
        "[|s.Listen(5)|]; var e = new SocketAsyncEventArgs(); e.Completed += (_, done) => s.AcceptAsync(done); s.AcceptAsync(e);",
        "var own = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp); [|own.Listen(5)|]; var alias = own; while (flag) { Serve(alias.Accept()); }",
        // A caller's, and nobody accepts here.
        "[|s.Listen(3)|];",
        // Given away.
        "var own = new TcpListener(IPAddress.Any, n); [|own.Start(3)|]; GC.KeepAlive(own);",
    ];

    public static TheoryData<string> FlaggedTypes =>
    [
        "class C { readonly TcpListener _l = new(IPAddress.Any, 80); const int Backlog = 2; void Open() { [|_l.Start(Backlog)|]; } void Run() { while (true) { _l.AcceptTcpClient().Dispose(); } } }",
        "partial class C { Socket? _s; void Open() => _s?[|.Listen(5)|]; } partial class C { void Run() { while (true) { _s!.Accept().Dispose(); } } }",
        "class C { Socket _s = null!; static readonly int Backlog = 5; void Open() { [|_s.Listen(Backlog)|]; Begin(); } void Begin() => _s.BeginAccept(On, null); void On(IAsyncResult r) { _s.EndAccept(r).Dispose(); Begin(); } }",
        "class C { Socket _s = null!; void Open() { [|_s.Listen(5)|]; Start(null); } void Start(SocketAsyncEventArgs? e) { if (e == null) { e = new(); e.Completed += Done; } if (!_s.AcceptAsync(e)) { Done(null, e); } } void Done(object? sender, SocketAsyncEventArgs e) { e.AcceptSocket!.Dispose(); Start(e); } }",
        "class C { Socket _s = null!; void Open() { [|_s.Listen(5)|]; while (true) { Next(); } } void Next() { _s.Accept().Dispose(); } }",
        "class C { TcpListener _l = new(IPAddress.Any, 80); void Open() { [|_l.Start(5)|]; _ = NextAsync(); } async Task NextAsync() { using TcpClient c = await _l.AcceptTcpClientAsync(); _ = NextAsync(); } }",
        "class C { void Open(int port) { var l = new TcpListener(IPAddress.Any, port); [|l.Start(5)|]; Task.Run(() => Run(l)); } static void Run(TcpListener listener) { while (true) { listener.AcceptTcpClient().Dispose(); } } }",
        "class C { void Open(int port) { var l = new TcpListener(IPAddress.Any, port); [|l.Start(5)|]; new D(l).Run(); } } class D { readonly TcpListener _l; public D(TcpListener l) { _l = l; } public void Run() { while (true) { _l.AcceptTcpClient().Dispose(); } } }",
        "class C { Socket Open(EndPoint e) { var s = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp); s.Bind(e); [|s.Listen(5)|]; return s; } }",
        "class C { public void Open(Socket s, int backlog = 5) { [|s.Listen(backlog)|]; while (true) { s.Accept().Dispose(); } } }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        "l.Start(); s.Listen(); while (flag) { Serve(l.AcceptTcpClient()); Serve(s.Accept()); }",
        "l.Start(16); while (flag) { Serve(l.AcceptTcpClient()); }",
        "s.Listen(int.MaxValue); while (flag) { Serve(s.Accept()); }",
        // The system's own limit.
        "s.Listen(-1); while (flag) { Serve(s.Accept()); }",
        "s.Listen((int)SocketOptionName.MaxConnections); while (flag) { Serve(s.Accept()); }",
        // A caller decides.
        "s.Listen(n); while (flag) { Serve(s.Accept()); }",
        "int backlog = 5; if (flag) { backlog = n; } s.Listen(backlog); while (flag) { Serve(s.Accept()); }",
        // One client.
        "l.Start(1); Serve(l.AcceptTcpClient());",
        "s.Listen(1); var t = Task.Run(() => s.Accept()); Serve(await t);",
        "s.Listen(1); s.AcceptAsync(new SocketAsyncEventArgs());",
        "s.Listen(1); s.BeginAccept(r => s.EndAccept(r).Dispose(), null);",
        // A probe for a free port.
        "var own = new TcpListener(IPAddress.Loopback, 0); own.Start(1); int port = ((IPEndPoint)own.LocalEndpoint).Port; own.Stop();",
        // By their names.
        "var oneClientOnly = s; oneClientOnly.Listen(1); while (flag) { Serve(oneClientOnly.Accept()); }",
        "var u = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); u.Listen(5); while (flag) { Serve(u.Accept()); }",
    ];

    public static TheoryData<string> LookAlikeTypes =>
    [
        "class SingleClientListener { void Run(TcpListener l) { l.Start(1); while (true) { l.AcceptTcpClient().Dispose(); } } }",
        "class C { void AcceptOnce(TcpListener l) { l.Start(1); while (true) { l.AcceptTcpClient().Dispose(); } } }",
        // Accepted in another member, once.
        "class C { Socket? _s; void Listen() { _s!.Listen(1); } public void Accept() { var old = _s; _s = _s!.Accept(); old!.Close(); } }",
        "class C { Socket? _s; void Listen() { _s!.Listen(1); } SocketAsyncEventArgs Begin() { var e = new SocketAsyncEventArgs(); _s!.AcceptAsync(e); return e; } void End(SocketAsyncEventArgs e) { _s!.Close(); _s = e.AcceptSocket; } }",
        // What another type's Listen takes is not a backlog.
        "class Hub { public void Listen(int port) { } } class C { void M(Hub h) { h.Listen(5); } }",
        "class TcpListener { public void Start(int backlog) { } public object AcceptTcpClient() => this; } class C { void M(TcpListener l) { l.Start(1); while (true) { l.AcceptTcpClient(); } } }",
        "class C { public int Backlog { get; set; } = 5; void M(Socket s) { s.Listen(Backlog); while (true) { s.Accept().Dispose(); } } }",
        "class C { int _backlog = 5; C(int backlog) { _backlog = backlog; } void M(Socket s) { s.Listen(_backlog); while (true) { s.Accept().Dispose(); } } }",
        "class C { protected virtual void M(Socket s, int backlog = 5) { s.Listen(backlog); while (true) { s.Accept().Dispose(); } } }",
        "class C { private Socket? _idle; void M() { _idle!.Listen(5); } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task SmallBacklog_IsFlagged(string body) => Rule.FlagsAsync(Method(body));

    [Theory, MemberData(nameof(FlaggedTypes))]
    public Task ListenerAcceptedElsewhere_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string body) => Rule.IsSilentAsync(Method(body));

    [Theory, MemberData(nameof(LookAlikeTypes))]
    public Task LookAlikeType_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task TopLevelStatements_AreLookedAt() => Rule.FlagsAsync("var l = new TcpListener(IPAddress.Any, 80); [|l.Start(5)|]; while (true) { using var c = await l.AcceptTcpClientAsync(); }");

    [Theory]
    [InlineData(6, true)]
    [InlineData(5, false)]
    public Task Option_IsTheLeast(int least, bool flagged)
    {
        Verify limited = Rule with { EditorConfig = $"rstguard.min_backlog = {least}" };
        return flagged ? limited.FlagsAsync(Method("[|l.Start(5)|]; while (flag) { Serve(l.AcceptTcpClient()); }")) : limited.IsSilentAsync(Method("l.Start(5); while (flag) { Serve(l.AcceptTcpClient()); }"));
    }

    [Fact]
    public Task TestProject_IsSilent() => (Rule with { GlobalConfig = "build_property.IsTestProject = true" }).IsSilentAsync(Method("l.Start(5); while (flag) { Serve(l.AcceptTcpClient()); }"));

    [Fact]
    public Task TestProjectThatAsksForIt_IsFlagged() => (Rule with { GlobalConfig = "build_property.IsTestProject = true", EditorConfig = "rstguard.test_projects = on" })
        .FlagsAsync(Method("[|l.Start(5)|]; while (flag) { Serve(l.AcceptTcpClient()); }"));

    [Fact]
    public Task Message_SaysWhatTheNextClientGets() => (Rule with
    {
        Severity = DiagnosticSeverity.Info,
        Messages = ["'l.Start(5)' lets about 5 clients wait to be accepted; in a burst, or while the server is busy, the next one's handshake is dropped by Linux and tried again a second later, or answered with a reset (tcp_abort_on_overflow, Windows)"],
    }).FlagsAsync(Method("[|l.Start(5)|]; while (flag) { Serve(l.AcceptTcpClient()); }"));
}
