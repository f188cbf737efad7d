using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST1002LingerZeroOnListenerTests
{
    private static readonly Verify Rule = Verify.Rule("RST1002");

    public static TheoryData<string> Flagged =>
    [
        "class C { void M(TcpListener l) { [|l.Server.LingerState = new LingerOption(true, 0)|]; } }",
        "class C { void M(TcpListener l) { [|l.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, new LingerOption(true, 00))|]; } }",
        "class C { void M(TcpListener? l) { l?.Server?[|.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, new LingerOption(seconds: 0, enable: true))|]; } }",
        "class C { void M(IPEndPoint e) { var l = new Socket(SocketType.Stream, ProtocolType.Tcp); [|l.LingerState = new(true, 0)|]; l.Bind(e); l.Listen(5); } }",
        "class C { void M(IPEndPoint e) { var l = new Socket(SocketType.Stream, ProtocolType.Tcp) { [|LingerState = new LingerOption(true, 0)|] }; l.Bind(e); l.Listen(); } }",
        "class C { void M(Socket l) { [|l.SetRawSocketOption(1, 13, new byte[] { 1, 0, 0, 0, 0, 0, 0, 0 })|]; l.Listen(5); } }",
        "class C { const int None = 0; static readonly LingerOption Hard = new LingerOption(true, None); void M(TcpListener l) { [|l.Server.LingerState = Hard|]; } }",
        "class C { readonly Socket _l = new Socket(SocketType.Stream, ProtocolType.Tcp); C() { [|_l.LingerState = new LingerOption(true, 0)|]; } void Start() { _l.Listen(5); } }",
        "class C { readonly Socket _l = new Socket(SocketType.Stream, ProtocolType.Tcp) { [|LingerState = new LingerOption(true, 0)|] }; void Start() => _l.Listen(5); }",
        "class C { Socket _l = null!; void Open() { _l = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, [|LingerState = new LingerOption(true, 0)|] }; } void Start() => _l.Listen(5); }",
        "class C { Socket _l = null!; void Open() { var l = new Socket(SocketType.Stream, ProtocolType.Tcp); [|l.LingerState = new LingerOption(true, 0)|]; _l = l; } void Start() => _l.Listen(5); }",
        "partial class C { Socket _l = null!; void Start() => _l.Listen(5); } partial class C { void Open() { [|_l.LingerState = new LingerOption(true, 0)|]; } }",
        "class C { Socket CreateListener(IPEndPoint e) { var l = new Socket(SocketType.Stream, ProtocolType.Tcp); [|l.LingerState = new LingerOption(true, 0)|]; l.Bind(e); return l; } }",
        "class T { public Func<EndPoint, Socket>? CreateBoundListenSocket { get; set; } } class C { void M(T t) { t.CreateBoundListenSocket = e => { var l = new Socket(SocketType.Stream, ProtocolType.Tcp); [|l.LingerState = new LingerOption(true, 0)|]; l.Bind(e); return l; }; } }",
        "class O { public LingerOption Linger { get; set; } = [|new(true, 0)|]; } class C { void M(TcpListener l, O o) { {|#0:l.Server.LingerState = o.Linger|}; } }",
        "class W { readonly Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); public LingerOption LingerState { set => _s.LingerState = value; } public void Listen(int n) => _s.Listen(n); } class O { public LingerOption Linger { get; set; } = [|new(true, 0)|]; } class C { readonly W _w = new W(); void Start(O o) { if (o.Linger != null) { {|#0:_w.LingerState = o.Linger|}; } _w.Listen(5); } }",
        "var l = new TcpListener(IPAddress.Any, 1); [|l.Server.LingerState = new LingerOption(true, 0)|]; l.Start();",
        "class C { async Task M(TcpListener l) { await Task.Delay(1).ConfigureAwait(false); [|l.Server.LingerState = new LingerOption(true, 0)|]; l.Start(); } }",
        "class C { async IAsyncEnumerable<int> M(TcpListener l) { await Task.Yield(); [|l.Server.LingerState = new LingerOption(true, 0)|]; yield return 1; } }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        "class C { void M(TcpListener l) { l.Server.LingerState = new LingerOption(false, 0); } }",
        "class C { void M(TcpListener l) { l.Server.LingerState = new LingerOption(true, 5); } }",
        "class C { void M(TcpListener l, LingerOption o) { l.Server.LingerState = o; } }",
        "class C { void M(TcpListener l, int seconds) { l.Server.LingerState = new LingerOption(true, seconds); } }",
        "class C { void M(TcpListener l) { var s = l.AcceptSocket(); s.LingerState = new LingerOption(true, 0); } }",
        "class C { Socket _c = null!, _l = null!; void Start() { _l.Listen(5); _c.LingerState = new LingerOption(true, 0); } }",
        "class C { void M() { var l = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); l.LingerState = new LingerOption(true, 0); l.Listen(5); } }",
        "class C { Socket Create(IPEndPoint local) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.LingerState = new LingerOption(true, 0); s.Bind(local); return s; } }",
        "class O { public LingerOption Linger { get; set; } = new LingerOption(true, 0); }",
        "class C { void M(TcpListener l) { if (OperatingSystem.IsWindows()) { l.Server.LingerState = new LingerOption(true, 0); } } }",
        "class C { [System.Runtime.Versioning.SupportedOSPlatform(\"windows\")] void M(TcpListener l) { l.Server.LingerState = new LingerOption(true, 0); } }",
        "namespace Other { class TcpListener { public Socket Server = null!; } class C { void M(Other.TcpListener l) { l.Server.LingerState = new LingerOption(true, 0); } } }",
    ];

    public static TheoryData<string> Intended =>
    [
        "class C { void AbortAll(TcpListener l) { l.Server.LingerState = new LingerOption(true, 0); } }",
        "class ChaosServer { void M(TcpListener l) { l.Server.LingerState = new LingerOption(true, 0); } }",
        "class IntentionalResetAttribute : Attribute { public IntentionalResetAttribute(string why) { } } class C { [IntentionalReset(\"sheds load\")] void M(TcpListener l) { l.Server.LingerState = new LingerOption(true, 0); } }",
        "class IntentionalResetAttribute : Attribute { public IntentionalResetAttribute(string why) { } } class O { [IntentionalReset(\"sheds load\")] public LingerOption Linger { get; set; } = new(true, 0); } class C { void M(TcpListener l, O o) { l.Server.LingerState = o.Linger; } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task LingerZeroOnAListener_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Theory, MemberData(nameof(Intended))]
    public Task IntendedReset_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task DefaultIsFoundInAnotherFileThanTheListener() =>
        (Rule with { ExtraSources = [("Options.cs", "using System.Net.Sockets; class O { public LingerOption Linger { get; set; } = [|new(true, 0)|]; }")] })
            .FlagsAsync("class C { void M(TcpListener l, O o) { {|#0:l.Server.LingerState = o.Linger|}; } }");

    [Fact]
    public Task Message_SaysThatAcceptedSocketsInherit() =>
        (Rule with { Messages = ["'l.Server.LingerState' sets linger zero on a listening socket: on Linux each accepted socket inherits it and sends its peer a reset instead of a FIN when it is closed, and data that is unsent or unacknowledged is lost"] })
            .FlagsAsync("class C { void M(TcpListener l) { [|l.Server.LingerState = new LingerOption(true, 0)|]; } }");

    [Fact]
    public Task MessageOfADefault_SaysThatListenersTakeIt() =>
        (Rule with { Messages = ["'Linger' sets linger zero on an option that listening sockets take: on Linux each accepted socket inherits it and sends its peer a reset instead of a FIN when it is closed, and data that is unsent or unacknowledged is lost"] })
            .FlagsAsync("class O { public LingerOption Linger { get; set; } = [|new(true, 0)|]; } class C { void M(TcpListener l, O o) { l.Server.LingerState = o.Linger; } }");

    [Fact]
    public Task TestProject_GetsInfo() =>
        (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info }).FlagsAsync("class C { void M(TcpListener l) { [|l.Server.LingerState = new LingerOption(true, 0)|]; } }");

    [Fact]
    public Task TestProjectsOff_AreSilent() =>
        (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" }).IsSilentAsync("class C { void M(TcpListener l) { l.Server.LingerState = new LingerOption(true, 0); } }");

    [Fact]
    public Task Cuts_AreSurvived() => Rule.SurvivesCutsAsync(
        "class O { public LingerOption Linger { get; set; } = new(true, 0); } class C { Socket _l = new Socket(SocketType.Stream, ProtocolType.Tcp) { LingerState = new(true, 0) }; void M(TcpListener l, O o) { l.Server.LingerState = o.Linger; _l.Listen(5); } Socket Listener() { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.LingerState = new(true, 0); s.Bind(null!); return s; } }");
}
