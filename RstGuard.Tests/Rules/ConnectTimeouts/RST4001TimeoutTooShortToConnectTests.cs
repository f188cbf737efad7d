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
    ];

    public static TheoryData<string> LookAlikes =>
    [
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
}
