using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST1009LingerTimeTests
{
    private static readonly Verify Rule = Verify.Rule("RST1009");

    public static TheoryData<string> Flagged =>
    [
        "class C { void M(Socket s) { [|s.LingerState = new LingerOption(true, 10)|]; } }",
        "class C { void M(TcpClient c) { [|c.LingerState = new LingerOption(true, 1)|]; } }",
        "class C { void M(TcpClient c) { [|c.Client.LingerState = new LingerOption(seconds: 5, enable: true)|]; } }",
        "class C { void M(Socket s) { [|s.LingerState = new(true, 010)|]; } }",
        "class C { Socket M() => new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, [|LingerState = new LingerOption(true, 5)|] }; }",
        "class C { void M(Socket s) { var linger = new LingerOption(true, 0); linger.LingerTime = 3; [|s.LingerState = linger|]; } }",
        "class C { void M(Socket s) { [|s.LingerState = new LingerOption(false, 0) { Enabled = true, LingerTime = 2 }|]; } }",
        "class C { const int Time = 65535; const bool On = true; void M(Socket s) { [|s.LingerState = new LingerOption(On, Time)|]; } }",
        "class C { static readonly LingerOption Soft = new LingerOption(true, 5); void M(Socket s) { [|s.LingerState = Soft|]; } }",
        "class C { private static LingerOption Soft => new LingerOption(true, 5); void M(Socket s) { [|s.LingerState = Soft|]; } }",
        "class C { public LingerOption LingerState { get; set; } = [|new(true, 5)|]; }",
        "class C { public LingerOption Linger = [|new LingerOption(true, 5)|]; }",
        "class C { void M(Socket s) { [|s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, new LingerOption(true, 5))|]; } }",
        "class C { void M(Socket s) { [|s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, new byte[] { 1, 0, 0, 0, 5, 0, 0, 0 })|]; } }",
        "class C { void M(Socket s) { [|s.SetRawSocketOption(1, 13, new byte[] { 1, 0, 0, 0, 0, 1, 0, 0 })|]; } }",
        "class C { void M(Socket s) { [|s.SetRawSocketOption(0xFFFF, 0x80, new byte[] { 1, 0, 30, 0 })|]; } }",
        "class C { void M(TcpListener l) { [|l.Server.LingerState = new LingerOption(true, 5)|]; } }",
        "class C { void M(TcpClient? c) { if (c?.Client is { } s) { [|s.LingerState = new LingerOption(true, 5)|]; } } }",
        "class C { void M(Socket s) { s?.Send(new byte[1]); Action a = () => [|s.LingerState = new LingerOption(true, 5)|]; a(); } }",
        "class C { void M(Socket s) { void Set() { [|s.LingerState = new LingerOption(true, 5)|]; } Set(); } }",
        "class C { void M(Socket s, bool b) { [|s.LingerState = b ? new LingerOption(true, 2) : new LingerOption(true, 9)|]; } }",
        "class C { async IAsyncEnumerable<int> M(Socket s) { await Task.Yield(); [|s.LingerState = new LingerOption(true, 5)|]; yield return 1; } }",
        "class C { async Task M(Socket s) { [|s.LingerState = new LingerOption(true, 5)|]; await s.SendAsync(new byte[1], SocketFlags.None).ConfigureAwait(false); s.Dispose(); } }",
        "partial class C { Socket _s = null!; } partial class C { void M() { [|_s.LingerState = new LingerOption(true, 5)|]; } }",
        "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); [|s.LingerState = new LingerOption(true, 5)|]; s.Dispose();",
        "class C { void M(Socket s) { if (OperatingSystem.IsWindows()) { [|s.LingerState = new LingerOption(true, 5)|]; } } }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        "class C { void M(Socket s) { s.LingerState = new LingerOption(true, 0); } }",
        "class C { void M(Socket s) { s.LingerState = new LingerOption(true, 00); } }",
        "class C { void M(Socket s) { s.LingerState = new LingerOption(false, 5); } }",
        "class C { void M(Socket s, int seconds) { s.LingerState = new LingerOption(true, seconds); } }",
        "class C { void M(Socket s, bool on) { s.LingerState = new LingerOption(on, 5); } }",
        "class C { void M(Socket s, LingerOption o) { s.LingerState = o; } }",
        "class C { void M(Socket s) { var o = new LingerOption(true, 5); o.Enabled = false; s.LingerState = o; } }",
        "class C { void M(Socket s, bool b) { var o = new LingerOption(true, 5); if (b) { o.Enabled = false; } s.LingerState = o; } }",
        "class C { void M(Socket s, bool b) { s.LingerState = b ? new LingerOption(true, 5) : new LingerOption(false, 0); } }",
        "class C { void M(Socket s, bool b) { s.LingerState = b ? new LingerOption(true, 5) : new LingerOption(true, 0); } }",
        "class C { void M(Socket s) { s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, new byte[] { 0, 0, 0, 0, 5, 0, 0, 0 }); } }",
        "class C { void M(Socket s) { s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.DontLinger, true); } }",
        "class C { void M(Socket s, byte t) { s.SetRawSocketOption(1, 13, new byte[] { 1, 0, 0, 0, t, 0, 0, 0 }); } }",
        "class C { void M(Socket s) { s.SetRawSocketOption(6, 13, new byte[] { 1, 0, 0, 0, 5, 0, 0, 0 }); } }",
        "class C { void M() { var s = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); s.LingerState = new LingerOption(true, 5); } }",
        "class C { void M() { using var s = new Socket(SocketType.Dgram, ProtocolType.Udp); s.LingerState = new LingerOption(true, 5); } }",
        "class C { static readonly LingerOption Soft = new LingerOption(true, 5); }",
        "class C { void Log(object o) { } void M() => Log(new LingerOption(true, 5)); }",
        "namespace Other { class LingerOption { public LingerOption(bool a, int b) { } } class S { public LingerOption? LingerState; } class C { void M(S s) { s.LingerState = new LingerOption(true, 5); } } }",
        "class C { void Abort(Socket s) { s.LingerState = new LingerOption(true, 1); s.Close(); } }",
        "class IntentionalResetAttribute : Attribute { public IntentionalResetAttribute(string why) { } } class C { [IntentionalReset(\"evicts\")] void M(Socket s) { s.LingerState = new LingerOption(true, 5); } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task LingerTime_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Theory]
    [InlineData("void M(Socket s) { [|s.LingerState = new LingerOption(true, 5)|]; }", "'s.LingerState' is set to linger for 5 s: closing blocks its thread, in asynchronous code too, until the peer has acknowledged everything or that time is over, and does not tell which")]
    [InlineData("void M(TcpListener l) { [|l.Server.LingerState = new LingerOption(true, 7)|]; }", "'l.Server.LingerState' is set to linger for 7 s: on Linux each accepted socket inherits it, and closing that blocks its thread, in asynchronous code too, until the peer has acknowledged everything or that time is over, and does not tell which")]
    [InlineData("public LingerOption Linger = [|new LingerOption(true, 8)|];", "'Linger' is set to linger for 8 s: closing a socket that takes this default blocks its thread, in asynchronous code too, until the peer has acknowledged everything or that time is over, and does not tell which")]
    [InlineData("void M(Socket s) { [|s.SetRawSocketOption(1, 13, new byte[] { 1, 0, 0, 0, 0, 1, 0, 0 })|]; }", "'s' is set to linger for 256 s: closing blocks its thread, in asynchronous code too, until the peer has acknowledged everything or that time is over, and does not tell which")]
    public Task Message_SaysWhatWaitsAndForHowLong(string member, string message) => (Rule with { Messages = [message] }).FlagsAsync($$"""class C { {{member}} }""");

    [Fact]
    public Task Severity_IsInfo() => (Rule with { Severity = DiagnosticSeverity.Info }).FlagsAsync("class C { void M(Socket s) { [|s.LingerState = new LingerOption(true, 5)|]; } }");

    [Fact]
    public Task ConstantDeclaredElsewhere_IsTheOtherHalf() => Rule.FlagsAsync(
        "class C { static readonly LingerOption Soft = {|#0:new LingerOption(true, 5)|}; void M(Socket s) { [|s.LingerState = Soft|]; } }");

    [Fact]
    public Task TestProject_KeepsInfo() =>
        (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info }).FlagsAsync("class C { void M(Socket s) { [|s.LingerState = new LingerOption(true, 5)|]; } }");

    [Fact]
    public Task TestProjectsOff_AreSilent() =>
        (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" }).IsSilentAsync("class C { void M(Socket s) { s.LingerState = new LingerOption(true, 5); } }");

    [Fact]
    public Task UsersSeverity_WinsInTestProjects() =>
        (Rule with { IsTestProject = true, EditorConfig = "dotnet_diagnostic.RST1009.severity = error", Severity = DiagnosticSeverity.Error }).FlagsAsync("class C { void M(Socket s) { [|s.LingerState = new LingerOption(true, 5)|]; } }");

    [Fact]
    public Task Cuts_AreSurvived() => Rule.SurvivesCutsAsync(
        "class C { static readonly LingerOption Soft = new LingerOption(true, 5); public LingerOption L { get; set; } = new(true, 5); async Task M(Socket s) { var b = new byte[] { 1, 0, 0, 0, 5, 0, 0, 0 }; s.LingerState = Soft; s.SetRawSocketOption(1, 13, b); await Task.Yield(); } }");

    [Fact]
    public async Task LingerTimeInACollectionExpression_IsFlagged()
    {
        Assert.SkipUnless(LanguageVersionFacts.TryParse("12", out _), "this Roslyn host has no C# 12, so no collection expressions");
        await Rule.FlagsAsync("class C { void M(Socket s) { [|s.SetRawSocketOption(1, 13, [1, 0, 0, 0, 5, 0, 0, 0])|]; } }");
    }
}
