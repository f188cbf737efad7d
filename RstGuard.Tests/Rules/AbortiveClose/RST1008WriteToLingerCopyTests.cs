using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST1008WriteToLingerCopyTests
{
    private static readonly Verify Rule = Verify.Rule("RST1008");

    public static TheoryData<string> Flagged =>
    [
        "class C { void M(Socket s) { [|s.LingerState!.Enabled = true|]; } }",
        "class C { void M(Socket s) { [|s.LingerState!.LingerTime = 10|]; } }",
        "class C { void M(Socket s) { [|s.LingerState!.Enabled = true|]; [|s.LingerState!.LingerTime = 0|]; } }",
        "class C { void M(TcpClient c) { [|c.LingerState!.Enabled = false|]; } }",
        "class C { void M(TcpClient c) { [|c.Client.LingerState!.Enabled = false|]; } }",
        "class C { void M(TcpListener l) { [|l.Server.LingerState!.Enabled = false|]; } }",
        "class C { void M(Socket s, int seconds) { [|s.LingerState!.LingerTime = seconds|]; } }",
        "class C { void M(Socket s) { [|s.LingerState!.LingerTime += 5|]; } }",
        "class C { void M(Socket s) { [|s.LingerState!.LingerTime++|]; } }",
        "class C { void M(Socket s) { [|s.LingerState!.Enabled |= true|]; } }",
        "class C { void M(Socket s) { [|(s.LingerState!).Enabled = true|]; } }",
        "class C { void M(Socket s) { [|((LingerOption)s.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger)!).Enabled = false|]; } }",
        "class C { void M(Socket s) { var linger = s.LingerState!; [|linger.Enabled = true|]; [|linger.LingerTime = 5|]; } }",
        "class C { void M(Socket s) { LingerOption linger = (LingerOption)s.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger)!; [|linger.Enabled = true|]; } }",
        "class C { TcpClient M() => new TcpClient { NoDelay = true, [|LingerState = { Enabled = true, LingerTime = 5 }|] }; }",
        "class C { Socket M() => new Socket(SocketType.Stream, ProtocolType.Tcp) { [|LingerState = { Enabled = false }|] }; }",
        "class C { void M(Socket s) { Action a = () => [|s.LingerState!.Enabled = false|]; a(); } }",
        "class C { async Task M(Socket s) { await s.SendAsync(new byte[1], SocketFlags.None).ConfigureAwait(false); [|s.LingerState!.Enabled = false|]; } }",
        "class C { async IAsyncEnumerable<int> M(Socket s) { await Task.Yield(); [|s.LingerState!.Enabled = false|]; yield return 1; } }",
        "partial class C { Socket _s = null!; } partial class C { void M() { [|_s.LingerState!.Enabled = false|]; } }",
        "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); [|s.LingerState!.Enabled = false|]; s.Dispose();",
        "#nullable disable\nclass C { void M(Socket s) { [|s.LingerState.Enabled = false|]; } }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        "class C { void M(Socket s) { s.LingerState = new LingerOption(false, 0); } }",
        "class C { bool M(Socket s) { return s.LingerState!.Enabled && s.LingerState.LingerTime == 0; } }",
        "class C { void M(Socket s) { var linger = s.LingerState!; linger.Enabled = false; s.LingerState = linger; } }",
        "class C { void M(Socket s) { var linger = s.LingerState!; linger.Enabled = false; s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, linger); } }",
        "class C { void M(Socket s) { var linger = s.LingerState!; linger.Enabled = false; Apply(s, linger); } void Apply(Socket s, LingerOption o) { s.LingerState = o; } }",
        "class C { void M(Socket s) { var linger = s.LingerState!; linger.LingerTime = 5; Console.WriteLine(linger.LingerTime); } }",
        "class C { void M(Socket s, bool own) { var linger = s.LingerState!; if (own) linger = new LingerOption(true, 5); linger.Enabled = false; } }",
        "class C { LingerOption M() { var linger = new LingerOption(true, 5); linger.LingerTime = 6; return linger; } }",
        "class C { void M(LingerOption linger) { linger.Enabled = false; } }",
        "class C { LingerOption _linger = new LingerOption(true, 5); void M() { _linger.LingerTime = 7; } }",
        "class O { public LingerOption LingerState { get; } = new LingerOption(false, 0); } class C { void M(O options) { options.LingerState.Enabled = true; } O N() => new O { LingerState = { Enabled = true } }; }",
        "namespace Other { class LingerOption { public bool Enabled; } class Socket { public LingerOption LingerState = new LingerOption(); } class C { void M(Other.Socket s) { s.LingerState.Enabled = true; } } }",
    ];

    public static TheoryData<string> Intended =>
    [
        "class C { void Abort(Socket s) { s.LingerState!.Enabled = true; } }",
        "class ChaosProxy { void M(Socket s) { s.LingerState!.Enabled = true; } }",
        "class IntentionalResetAttribute : Attribute { public IntentionalResetAttribute(string why) { } } class C { [IntentionalReset(\"evicts\")] void M(Socket s) { s.LingerState!.Enabled = true; } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task WriteToTheCopy_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Theory, MemberData(nameof(Intended))]
    public Task IntendedReset_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task LocalCopy_PointsToWhereItWasRead() =>
        Rule.FlagsAsync("class C { void M(Socket s) { var linger = {|#0:s.LingerState|}!; [|linger.Enabled = true|]; } }");

    [Fact]
    public Task Message_SaysThatTheSocketKeepsItsOption() =>
        (Rule with { Messages = ["'s.LingerState!.Enabled' is written on a copy: each read of LingerState makes a new LingerOption, so the socket keeps the one it has and closes as before"] })
            .FlagsAsync("class C { void M(Socket s) { [|s.LingerState!.Enabled = true|]; } }");

    [Fact]
    public Task TestProject_GetsInfo() =>
        (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info }).FlagsAsync("class C { void M(Socket s) { [|s.LingerState!.Enabled = true|]; } }");

    [Fact]
    public Task InheritedField_IsSeenFromAFileThatNamesNoSocket() =>
        (Rule with { ExtraSources = [("Base.cs", "using System.Net.Sockets; class B { protected TcpClient Inner = null!; }")] })
            .FlagsAsync("class C : B { void M() { [|Inner.LingerState!.Enabled = false|]; } }");

    [Fact]
    public Task Cuts_AreSurvived() => Rule.SurvivesCutsAsync(
        "class C { TcpClient M(Socket s) { var l = s.LingerState!; l.Enabled = true; s.LingerState!.LingerTime++; s.LingerState.LingerTime = 5; return new TcpClient { LingerState = { Enabled = true } }; } }");
}
