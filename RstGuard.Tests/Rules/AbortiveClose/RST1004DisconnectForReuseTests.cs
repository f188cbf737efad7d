using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST1004DisconnectForReuseTests
{
    private static readonly Verify Rule = Verify.Rule("RST1004");

    public static TheoryData<string> Flagged =>
    [
        // An address makes no datagram socket of one that a NetworkStream is put over.
        "class C { void M(Socket s, EndPoint e) { var n = new NetworkStream(s, false); [|s.Disconnect(true)|]; s.Connect(e); s.SendTo(new byte[9], e); } }",
        "class C { void M(Socket s) { [|s.Disconnect(true)|]; } }",
        "class C { void M(Socket s) { [|s.Disconnect(reuseSocket: true)|]; } }",
        "class C { const bool Again = true; void M(Socket s) { [|s.Disconnect(Again)|]; } }",
        "class C { void M(Socket? s) { s?[|.Disconnect(true)|]; } }",
        "class C { void M(TcpClient c) { [|c.Client.Disconnect(true)|]; } }",
        "class C { void M(Socket s, bool again = true) { [|s.Disconnect(again)|]; } }",
        "class C { async Task M(Socket s) { await [|s.DisconnectAsync(true)|]; } }",
        "class C { async Task M(Socket s, CancellationToken t) { await [|s.DisconnectAsync(cancellationToken: t, reuseSocket: true)|].ConfigureAwait(false); } }",
        "class C { ValueTask M(Socket s) => [|s.DisconnectAsync(true)|]; }",
        "class C { void M(Socket s) { [|s.BeginDisconnect(true, r => s.EndDisconnect(r), null)|]; } }",
        "class C { void M(Socket s) { var args = new SocketAsyncEventArgs(); [|args.DisconnectReuseSocket = true|]; s.DisconnectAsync(args); } }",
        "class C { bool M(Socket s) => s.DisconnectAsync(new SocketAsyncEventArgs { [|DisconnectReuseSocket = true|] }); }",
        "class C { void M(Socket s) { s.Shutdown(SocketShutdown.Both); [|s.Disconnect(true)|]; } }",
        "class C { void M(Socket s) { Action a = () => [|s.Disconnect(true)|]; a(); } }",
        "class C { async IAsyncEnumerable<int> M(Socket s) { await Task.Yield(); yield return 1; [|s.Disconnect(true)|]; } }",
        "partial class C { Socket _s = null!; } partial class C { void M() { [|_s.Disconnect(true)|]; } }",
        "class Own : Socket { Own() : base(SocketType.Stream, ProtocolType.Tcp) { } void Stop() { [|Disconnect(true)|]; } }",
        "class C { void M(Socket s) { if (!OperatingSystem.IsWindows()) { [|s.Disconnect(true)|]; } } }",
        "class C { void M(Socket s) { if (OperatingSystem.IsWindows()) { s.Disconnect(true); } else { [|s.Disconnect(true)|]; } } }",
        "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Connect(\"host\", 1); [|s.Disconnect(true)|];",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        "class C { async Task M(Socket s) { s.Disconnect(false); await s.DisconnectAsync(false); s.BeginDisconnect(false, null, null); } }",
        "class C { void M(Socket s, bool reuse) { s.Disconnect(reuse); } }",
        "class C { void M(Socket s, bool reuse = false) { s.Disconnect(reuse); } }",
        "class C { void M(Socket s, bool reuse = true) { reuse &= OperatingSystem.IsWindows(); s.Disconnect(reuse); } }",
        "class C { public virtual void M(Socket s, bool reuse = true) { s.Disconnect(reuse); } }",
        "class C { bool _reuse = true; void M(Socket s) { s.Disconnect(_reuse); } }",
        "class C { void M(Socket s, SocketAsyncEventArgs args) { args.DisconnectReuseSocket = false; s.DisconnectAsync(args); } }",
        "class C { void M(Socket s, SocketAsyncEventArgs args, bool reuse) { args.DisconnectReuseSocket = reuse; s.DisconnectAsync(args); } }",
        "class Client { public void Disconnect(bool wait) { } public Task DisconnectAsync(bool quit) => Task.CompletedTask; } class C { async Task M(Client c) { c.Disconnect(true); await c.DisconnectAsync(true); } }",
        "class C { void M(Socket s) { if (OperatingSystem.IsWindows()) { s.Disconnect(true); } } }",
        "class C { void M(Socket s) { if (!OperatingSystem.IsWindows()) { return; } s.Disconnect(true); } }",
        "class C { [System.Runtime.Versioning.SupportedOSPlatform(\"windows\")] void M(Socket s) { s.Disconnect(true); } }",
        "class C { void M() { var s = new Socket(SocketType.Dgram, ProtocolType.Udp); s.Disconnect(true); } }",
        "class C { void M(Socket s, EndPoint e) { s.Disconnect(true); s.Connect(e); s.SendTo(new byte[9], e); } }",
        "class C { Socket _s; C() { _s = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); } void M() { _s.Disconnect(true); } }",
        "namespace Other { class Socket { public void Disconnect(bool reuseSocket) { } } class C { void M(Other.Socket s) { s.Disconnect(true); } } }",
    ];

    public static TheoryData<string> Intended =>
    [
        "class C { void Abort(Socket s) { s.Disconnect(true); } }",
        "class C { void ResetConnection(Socket s) { s.Disconnect(true); } }",
        "class ChaosProxy { void M(Socket s) { s.Disconnect(true); } }",
        "class IntentionalResetAttribute : Attribute { public IntentionalResetAttribute(string why) { } } class C { [IntentionalReset(\"evicts\")] void M(Socket s) { s.Disconnect(true); } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task DisconnectForReuse_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Theory, MemberData(nameof(Intended))]
    public Task IntendedReset_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task Message_SaysWhatHappensOnLinux() =>
        (Rule with { Messages = ["'s.Disconnect(true)' replaces the socket's handle and, on Linux, aborts the old connection: the peer gets a reset, and data that is unsent or unacknowledged is lost"] })
            .FlagsAsync("class C { void M(Socket s) { [|s.Disconnect(true)|]; } }");

    [Fact]
    public Task TestProject_GetsInfo() =>
        (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info }).FlagsAsync("class C { void M(Socket s) { [|s.Disconnect(true)|]; } }");

    [Fact]
    public Task Cuts_AreSurvived() => Rule.SurvivesCutsAsync(
        "class C { async Task M(Socket s, bool again = true) { s?.Disconnect(true); await s!.DisconnectAsync(true).ConfigureAwait(false); s.Disconnect(again); var a = new SocketAsyncEventArgs { DisconnectReuseSocket = true }; s.DisconnectAsync(a); } }");
}
