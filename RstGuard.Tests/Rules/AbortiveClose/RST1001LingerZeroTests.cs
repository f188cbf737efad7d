using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST1001LingerZeroTests
{
    private static readonly Verify Rule = Verify.Rule("RST1001");

    public static TheoryData<string> Flagged =>
    [
        "class C { void M(Socket s) { [|s.LingerState = new LingerOption(true, 0)|]; } }",
        "class C { void M(TcpClient c) { [|c.LingerState = new LingerOption(true, 0)|]; } }",
        "class C { void M(TcpClient c) { [|c.Client.LingerState = new LingerOption(seconds: 0, enable: true)|]; } }",
        "class C { void M(Socket s) { [|s.LingerState = new(true, 00)|]; } }",
        "class C { Socket M() => new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, [|LingerState = new LingerOption(true, 0)|] }; }",
        "class C { void M(Socket s) { var linger = new LingerOption(true, 0); [|s.LingerState = linger|]; } }",
        "class C { void M(Socket s) { var linger = new LingerOption(false, 0); linger.Enabled = true; [|s.LingerState = linger|]; } }",
        "class C { void M(Socket s) { [|s.LingerState = new LingerOption(false, 5) { Enabled = true, LingerTime = 0 }|]; } }",
        "class C { const int None = 0; const bool On = true; void M(Socket s) { [|s.LingerState = new LingerOption(On, None)|]; } }",
        "class C { static readonly LingerOption Hard = new LingerOption(true, 0); void M(Socket s) { [|s.LingerState = Hard|]; } }",
        "class C { private LingerOption _linger = new LingerOption(true, 0); void M(Socket s) { [|s.LingerState = _linger|]; } }",
        "class C { private static LingerOption Hard => new LingerOption(true, 0); void M(Socket s) { [|s.LingerState = Hard|]; } }",
        "class C { public LingerOption LingerState { get; set; } = [|new(true, 0)|]; }",
        "class C { public LingerOption Linger = [|new LingerOption(true, 0)|]; }",
        "class C { void M(Socket s) { [|s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, new LingerOption(true, 0))|]; } }",
        "class C { void M(Socket s) { [|s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, new byte[] { 1, 0, 0, 0, 0, 0, 0, 0 })|]; } }",
        "class C { void M(Socket s) { byte[] b = { 1, 0, 0, 0, 0, 0, 0, 0 }; [|s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, b)|]; } }",
        "class C { void M(Socket s) { [|s.SetRawSocketOption(1, 13, new byte[] { 1, 0, 0, 0, 0, 0, 0, 0 })|]; } }",
        "class C { void M(Socket s) { [|s.SetRawSocketOption(0xFFFF, 0x80, new byte[] { 1, 0, 0, 0 })|]; } }",
        "class C { void M(Socket s) { [|s.SetRawSocketOption(1, 13, stackalloc byte[] { 1, 0, 0, 0, 0, 0, 0, 0 })|]; } }",
        "class C { void M(Socket s) { s?.Send(new byte[1]); Action a = () => [|s.LingerState = new LingerOption(true, 0)|]; a(); } }",
        "class C { void M(Socket s) { void Set() { [|s.LingerState = new LingerOption(true, 0)|]; } Set(); } }",
        "class C { void M(Socket s, LingerOption? o) { [|s.LingerState = o ?? new LingerOption(true, 0)|]; } }",
        "class C { async IAsyncEnumerable<int> M(Socket s) { await Task.Yield(); [|s.LingerState = new LingerOption(true, 0)|]; yield return 1; } }",
        "partial class C { Socket _s = null!; } partial class C { void M() { [|_s.LingerState = new LingerOption(true, 0)|]; } }",
        "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); [|s.LingerState = new LingerOption(true, 0)|]; s.Dispose();",
        "class Conn { Socket _s = null!; public LingerOption? LingerState { set => _s.LingerState = value!; } } class C { void M(Conn c) { [|c.LingerState = new LingerOption(true, 0)|]; } }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        "class C { void M(Socket s) { s.LingerState = new LingerOption(false, 0); } }",
        "class C { void M(Socket s) { s.LingerState = new LingerOption(true, 5); } }",
        "class C { void M(Socket s, int seconds) { s.LingerState = new LingerOption(true, seconds); } }",
        "class C { void M(Socket s, bool on) { s.LingerState = new LingerOption(on, 0); } }",
        "class C { void M(Socket s, LingerOption o) { s.LingerState = o; } }",
        "class O { public LingerOption Linger { get; set; } = new LingerOption(false, 0); } class C { void M(Socket s, O o) { s.LingerState = o.Linger; } }",
        "class C { void M(Socket s) { var o = new LingerOption(true, 0); o.LingerTime = 5; s.LingerState = o; } }",
        "class C { void M(Socket s, bool b) { var o = new LingerOption(true, 0); if (b) { o.Enabled = false; } s.LingerState = o; } }",
        "class C { void M(Socket s, bool b) { s.LingerState = b ? new LingerOption(true, 0) : new LingerOption(false, 0); } }",
        "class C { void M(Socket s) { s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, new byte[] { 0, 0, 0, 0, 0, 0, 0, 0 }); } }",
        "class C { void M(Socket s) { s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, new byte[] { 1, 0, 0, 0, 5, 0, 0, 0 }); } }",
        "class C { void M(Socket s) { var b = new byte[] { 1, 0, 0, 0, 0, 0, 0, 0 }; b[4] = 5; s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, b); } }",
        "class C { void M(Socket s) { s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.DontLinger, true); } }",
        "class C { void M(Socket s) { s.SetRawSocketOption(6, 13, new byte[] { 1, 0, 0, 0, 0, 0, 0, 0 }); } }",
        "class C { void M() { var s = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); s.LingerState = new LingerOption(true, 0); } }",
        "class C { void M() { using var s = new Socket(SocketType.Dgram, ProtocolType.Udp); s.LingerState = new LingerOption(true, 0); } }",
        "class C { Socket _s = new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Icmp); void M() { _s.LingerState = new LingerOption(true, 0); } }",
        "class C { Socket M() => new Socket(SocketType.Dgram, ProtocolType.Udp) { LingerState = new LingerOption(true, 0) }; }",
        "class C { Socket _s; C() { _s = new Socket(SocketType.Dgram, ProtocolType.Udp); } void M() { _s.LingerState = new LingerOption(true, 0); } }",
        "class C { int FreePort() { using var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.LingerState = new LingerOption(true, 0); s.Bind(new IPEndPoint(IPAddress.Loopback, 0)); return ((IPEndPoint)s.LocalEndPoint!).Port; } }",
        "class C { void M(Socket s, bool abort) { if (abort) { s.LingerState = new LingerOption(true, 0); } s.Close(); } }",
        "class C { static Socket Make() => new Socket(SocketType.Dgram, ProtocolType.Udp); void M() { var s = Make(); s.LingerState = new LingerOption(true, 0); } }",
        "class C { void M(UdpClient u) { u.Client.LingerState = new LingerOption(true, 0); } }",
        "class C { static readonly LingerOption Hard = new LingerOption(true, 0); }",
        "class C { void M(TcpListener l) { l.Server.LingerState = new LingerOption(true, 0); } }",
        "class C { void M() { var l = new Socket(SocketType.Stream, ProtocolType.Tcp); l.LingerState = new LingerOption(true, 0); l.Bind(new IPEndPoint(IPAddress.Any, 1)); l.Listen(5); } }",
        "class O { public LingerOption Linger { get; set; } = new LingerOption(true, 0); } class C { void M(TcpListener l, O o) { l.Server.LingerState = o.Linger; } }",
        "namespace Other { class LingerOption { public LingerOption(bool a, int b) { } } class S { public LingerOption? LingerState; } class C { void M(S s) { s.LingerState = new LingerOption(true, 0); } } }",
    ];

    public static TheoryData<string> Intended =>
    [
        "class C { void Abort(Socket s) { s.LingerState = new LingerOption(true, 0); } }",
        "class C { void SendRST(Socket s) { s.LingerState = new LingerOption(true, 0); } }",
        "class C { void KillNow(Socket s) { s.LingerState = new LingerOption(true, 0); } }",
        "class C { void ForceCloseAll(Socket s) { s.LingerState = new LingerOption(true, 0); } }",
        "class C { void Terminate_2(Socket s) { s.LingerState = new LingerOption(true, 0); } }",
        "class C { void ResetConnection(Socket s) { s.LingerState = new LingerOption(true, 0); s.Close(); } }",
        "class C { void M(Socket s) { void Abort() { s.LingerState = new LingerOption(true, 0); } Abort(); } }",
        "class ChaosProxy { void M(Socket s) { s.LingerState = new LingerOption(true, 0); } }",
        "class RstProxy { class Inner { void M(Socket s) { s.LingerState = new LingerOption(true, 0); } } }",
        "class IntentionalResetAttribute : Attribute { public IntentionalResetAttribute(string why) { } } class C { [IntentionalReset(\"evicts\")] void M(Socket s) { s.LingerState = new LingerOption(true, 0); } }",
        "class IntentionalResetAttribute : Attribute { public IntentionalResetAttribute(string why) { } } [IntentionalReset(\"evicts\")] class C { int P { set { new TcpClient().LingerState = new LingerOption(true, 0); } } }",
        "[assembly: IntentionalReset(\"tests\")] class IntentionalResetAttribute : Attribute { public IntentionalResetAttribute(string why) { } } class C { void M(Socket s) { s.LingerState = new LingerOption(true, 0); } }",
        "class IntentionalResetAttribute : Attribute { public IntentionalResetAttribute(string why) { } } class C { [IntentionalReset(\"evicts\")] public LingerOption Linger { get; set; } = new LingerOption(true, 0); }",
    ];

    [Fact]
    public Task Default_PointsToWhereItIsSetOnASocket() =>
        Rule.FlagsAsync("class O { public LingerOption? Linger { get; set; } = [|new LingerOption(true, 0)|]; } class C { void M(TcpClient c, O o) { if (o.Linger != null) { {|#0:c.LingerState = o.Linger|}; } } }");

    [Fact]
    public Task DefaultForListenersAndConnections_IsAConnections() =>
        Rule.FlagsAsync("class O { public LingerOption Linger { get; set; } = [|new LingerOption(true, 0)|]; } class C { void M(TcpListener l, Socket s, O o) { {|#0:l.Server.LingerState = o.Linger|}; s.LingerState = o.Linger; } }");

    [Theory, MemberData(nameof(Flagged))]
    public Task LingerZero_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Theory, MemberData(nameof(Intended))]
    public Task IntendedReset_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task WordInsideAnotherWord_IsNoIntent() =>
        Rule.FlagsAsync("class Skills { void FirstBurst(Socket s) { [|s.LingerState = new LingerOption(true, 0)|]; } }");

    [Fact]
    public Task InheritedField_IsSeenFromAFileThatNamesNoSocket() =>
        (Rule with { ExtraSources = [("Base.cs", "using System.Net.Sockets; static class Options { internal static LingerOption Hard => new LingerOption(true, 0); } class B { protected TcpClient Inner = null!; }")] })
            .FlagsAsync("class C : B { void M() { [|Inner.LingerState = Options.Hard|]; } }");

    [Fact]
    public Task Message_SaysWhatThePeerGets() =>
        (Rule with { Messages = ["'s.LingerState' is set to linger zero: closing sends the peer a reset instead of a FIN, and data that is unsent or unacknowledged is lost"] })
            .FlagsAsync("class C { void M(Socket s) { [|s.LingerState = new LingerOption(true, 0)|]; } }");

    [Fact]
    public Task TestProject_GetsInfo() =>
        (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info }).FlagsAsync("class C { void M(Socket s) { [|s.LingerState = new LingerOption(true, 0)|]; } }");

    [Fact]
    public Task TestProjectsOn_KeepTheWarning() =>
        (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = on", Severity = DiagnosticSeverity.Warning }).FlagsAsync("class C { void M(Socket s) { [|s.LingerState = new LingerOption(true, 0)|]; } }");

    [Fact]
    public Task TestProjectsOff_AreSilent() =>
        (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" }).IsSilentAsync("class C { void M(Socket s) { s.LingerState = new LingerOption(true, 0); } }");

    [Fact]
    public Task UsersSeverity_WinsInTestProjects() =>
        (Rule with { IsTestProject = true, EditorConfig = "dotnet_diagnostic.RST1001.severity = error", Severity = DiagnosticSeverity.Error }).FlagsAsync("class C { void M(Socket s) { [|s.LingerState = new LingerOption(true, 0)|]; } }");

    [Fact]
    public Task Cuts_AreSurvived() => Rule.SurvivesCutsAsync(
        "class C { static readonly LingerOption Hard = new LingerOption(true, 0); public LingerOption L { get; set; } = new(true, 0); async Task M(Socket s) { var b = new byte[] { 1, 0, 0, 0, 0, 0, 0, 0 }; s.LingerState = Hard; s.SetRawSocketOption(1, 13, b); await Task.Yield(); } }");

    [Fact]
    public async Task LingerZeroInACollectionExpression_IsFlagged()
    {
        Assert.SkipUnless(LanguageVersionFacts.TryParse("12", out _), "this Roslyn host has no C# 12, so no collection expressions");
        await Rule.FlagsAsync("class C { void M(Socket s) { [|s.SetRawSocketOption(1, 13, [1, 0, 0, 0, 0, 0, 0, 0])|]; } }");
    }
}
