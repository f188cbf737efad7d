using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST1005DisposingTheHandleTests
{
    private static readonly Verify Rule = Verify.Rule("RST1005");

    public static TheoryData<string> Flagged =>
    [
        "class C { void M(Socket s) { [|s.SafeHandle.Dispose()|]; } }",
        "class C { void M(Socket s) { [|s.SafeHandle.Close()|]; } }",
        "class C { void M(Socket? s) { s?[|.SafeHandle.Dispose()|]; } }",
        "class C { void M(TcpClient c) { [|c.Client.SafeHandle.Dispose()|]; } }",
        "class C { void M(TcpClient? c) { c?.Client?[|.SafeHandle.Close()|]; } }",
        "class C { void M(NetworkStream n) { [|n.Socket.SafeHandle.Dispose()|]; } }",
        "class C { void M(Socket s) { [|((IDisposable)s.SafeHandle).Dispose()|]; } }",
        "class C { void M(Socket s) { var handle = s.SafeHandle; [|handle.Dispose()|]; } }",
        "class C { void M(Socket s) { using ([|s.SafeHandle|]) { s.Send(new byte[1]); } } }",
        "class C { void M(Socket s) { using var [|handle = s.SafeHandle|]; s.Send(new byte[1]); } }",
        "class C { void M(Socket s) { using (SafeSocketHandle [|handle = s.SafeHandle|]) { s.Send(new byte[1]); } } }",
        "class C { void M(Socket s) { Action a = () => [|s.SafeHandle.Dispose()|]; a(); } }",
        "class C { void M(Socket s) { try { s.Send(new byte[1]); } catch (SocketException) { [|s.SafeHandle.Dispose()|]; } } }",
        "class C { async Task M(Socket s) { await s.SendAsync(new byte[1], SocketFlags.None).ConfigureAwait(false); [|s.SafeHandle.Dispose()|]; } }",
        "class C { async IAsyncEnumerable<int> M(Socket s) { await Task.Yield(); yield return 1; [|s.SafeHandle.Dispose()|]; } }",
        "partial class C { Socket _s = null!; } partial class C { void M() { [|_s.SafeHandle.Dispose()|]; } }",
        "class Own : Socket { Own() : base(SocketType.Stream, ProtocolType.Tcp) { } void Stop() { [|SafeHandle.Dispose()|]; } }",
        "class C { void M(IntPtr p) { var s = new Socket(new SafeSocketHandle(p, ownsHandle: true)); [|s.SafeHandle.Dispose()|]; } }",
        "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); [|s.SafeHandle.Dispose()|];",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        "class C { void M(Socket s) { s.Dispose(); Console.WriteLine(s.SafeHandle.IsInvalid); } }",
        "class C { void M(Socket s) { bool added = false; s.SafeHandle.DangerousAddRef(ref added); s.SafeHandle.DangerousRelease(); } }",
        "class C { void M(FileStream f) { f.SafeFileHandle.Dispose(); } }",
        "class C { void M(SafeSocketHandle handle) { handle.Dispose(); } }",
        "class C { void M(IntPtr p) { using var handle = new SafeSocketHandle(p, true); } }",
        "class C { void M(IntPtr p) { var s = new Socket(new SafeSocketHandle(p, ownsHandle: false)); s.SafeHandle.Dispose(); } }",
        "class C { void M(IntPtr p, bool owns) { var handle = new SafeSocketHandle(p, owns); var s = new Socket(handle); s.SafeHandle.Dispose(); } }",
        "class C { void M(TcpListener l) { l.Server.SafeHandle.Dispose(); } }",
        "class C { void M() { var l = new Socket(SocketType.Stream, ProtocolType.Tcp); l.Listen(5); l.SafeHandle.Dispose(); } }",
        "class C { void M() { var s = new Socket(SocketType.Dgram, ProtocolType.Udp); s.SafeHandle.Dispose(); } }",
        "class C { void M(UdpClient u) { u.Client.SafeHandle.Dispose(); } }",
        "class C { Socket _s; C() { _s = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); } void M() { _s.SafeHandle.Dispose(); } }",
        "class C { void M(Socket s, Socket t, bool b) { var handle = s.SafeHandle; if (b) { handle = t.SafeHandle; } handle.Dispose(); } }",
        "namespace Other { class Handle { public void Dispose() { } } class Socket { public Handle SafeHandle = new Handle(); } class C { void M(Other.Socket s) { s.SafeHandle.Dispose(); } } }",
    ];

    public static TheoryData<string> Intended =>
    [
        "class C { void Abort(Socket s) { s.SafeHandle.Dispose(); } }",
        "class C { void ForceClose(Socket s) { s.SafeHandle.Dispose(); } }",
        "class KillSwitch { void M(Socket s) { s.SafeHandle.Dispose(); } }",
        "class IntentionalResetAttribute : Attribute { public IntentionalResetAttribute(string why) { } } class C { [IntentionalReset(\"evicts\")] void M(Socket s) { s.SafeHandle.Dispose(); } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task DisposingTheHandle_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Theory, MemberData(nameof(Intended))]
    public Task IntendedReset_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task Local_PointsToWhereTheHandleWasRead() =>
        Rule.FlagsAsync("class C { void M(Socket s) { var handle = {|#0:s.SafeHandle|}; [|handle.Dispose()|]; } }");

    [Fact]
    public Task Message_SaysWhatThePeerGets() =>
        (Rule with { Messages = ["'s.SafeHandle.Dispose()' closes the handle under the socket, as the finalizer of a forgotten socket does: the peer gets a reset instead of a FIN, and data that is unsent or unacknowledged is lost"] })
            .FlagsAsync("class C { void M(Socket s) { [|s.SafeHandle.Dispose()|]; } }");

    [Fact]
    public Task TestProject_GetsInfo() =>
        (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info }).FlagsAsync("class C { void M(Socket s) { [|s.SafeHandle.Dispose()|]; } }");

    [Fact]
    public Task Cuts_AreSurvived() => Rule.SurvivesCutsAsync(
        "class C { void M(Socket s, TcpClient c, IntPtr p) { var h = s.SafeHandle; h.Dispose(); using (s.SafeHandle) { } c?.Client?.SafeHandle.Close(); var t = new Socket(new SafeSocketHandle(p, false)); t.SafeHandle.Dispose(); } }");
}
