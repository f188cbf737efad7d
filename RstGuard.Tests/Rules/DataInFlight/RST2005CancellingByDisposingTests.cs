using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST2005CancellingByDisposingTests
{
    private static readonly Verify Rule = Verify.Rule("RST2005");

    public static TheoryData<string> Flagged =>
    [
        "class C { async Task M(Socket s, byte[] b, CancellationToken t) { using var r = [|t.Register(() => s.Dispose())|]; await s.ReceiveAsync(b, SocketFlags.None); } }",
        "class C { async Task M(Socket s, byte[] b, CancellationToken t) { using ([|t.Register(() => { s.Close(); })|]) { await s.ReceiveAsync(b, SocketFlags.None).ConfigureAwait(false); } } }",
        "class C { async Task M(Socket s, byte[] b, CancellationTokenSource c) { [|c.Token.UnsafeRegister(_ => s?.Dispose(), null)|]; await s.SendAsync(b, SocketFlags.None); } }",
        "class C { async Task M(Socket s, byte[] b, CancellationToken t) { using ([|t.Register(static o => ((Socket)o).Dispose(), s)|]) { await s.ReceiveAsync(b, SocketFlags.None); } } }",
        "class C { async Task M(Socket s, byte[] b, CancellationToken t) { using ([|t.Register(o => { var x = (Socket)o; x.Close(); }, s)|]) { await s.ReceiveAsync(b, SocketFlags.None); } } }",
        "class C { async Task M(Socket s, byte[] b, CancellationToken t) { await using ([|t.Register(s.Dispose)|]) { await s.ReceiveAsync(b, SocketFlags.None, default); } } }",
        "class C { async Task M(Socket s, byte[] b, CancellationToken t) { var r = [|t.Register(s.Close)|]; try { while (await s.ReceiveAsync(b, SocketFlags.None) > 0) { } } finally { r.Dispose(); } } }",
        "class C { int M(Socket s, byte[] b, CancellationToken t) { using var r = [|t.Register(() => s.Close())|]; return s.Receive(b); } }",
        "class C { async Task M(TcpClient c, byte[] b, CancellationToken t) { using var r = [|t.Register(() => c.Client.Dispose())|]; await c.GetStream().ReadAsync(b, 0, 9); } }",
        "class C { async Task M(Socket l, byte[] b, CancellationToken t) { Socket s = await l.AcceptAsync(t); using var r = [|t.Register(() => s.Dispose())|]; await s.ReceiveAsync(b, SocketFlags.None, CancellationToken.None); s.Close(); } }",
        "class C { async IAsyncEnumerable<int> M(Socket s, byte[] b, CancellationToken t) { using var r = [|t.Register(() => s.Dispose())|]; while (true) { yield return await s.ReceiveAsync(b, SocketFlags.None); } } }",
        "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); var c = new CancellationTokenSource(); await s.ConnectAsync(\"a\", 1); [|c.Token.Register(() => s.Dispose())|]; await s.ReceiveAsync(new byte[9], SocketFlags.None);",
        // Timers.
        "class C { async Task M(Socket s, byte[] b) { using var t = [|new Timer(_ => s.Dispose(), null, 1000, Timeout.Infinite)|]; await s.ReceiveAsync(b, SocketFlags.None); } }",
        "class C { async Task M(Socket s, byte[] b) { using Timer t = [|new(o => ((Socket)o).Close(), s, 1000, -1)|]; await s.ReceiveAsync(b, SocketFlags.None); } }",
        "class C { async Task M(Socket s, byte[] b) { var t = new System.Timers.Timer(1000); [|t.Elapsed += (_, _) => s.Close()|]; t.Start(); await s.ReceiveAsync(b, SocketFlags.None); } }",
        "class C { async Task M(Socket s, byte[] b) { _ = [|Task.Delay(1000).ContinueWith(_ => s.Dispose())|]; await s.ReceiveAsync(b, SocketFlags.None); } }",
        // Fields.
        "class C { private Socket _s; async Task M(byte[] b, CancellationToken t) { using var r = [|t.Register(() => _s.Dispose())|]; await _s.ReceiveAsync(b, SocketFlags.None); } }",
        "class C { private readonly Socket _s; C(Socket s, CancellationToken t) { _s = s; [|t.Register(() => _s.Close())|]; } async Task<int> Read(byte[] b) => await _s.ReceiveAsync(b, SocketFlags.None); }",
        "partial class C { private readonly Socket _s; } partial class C { C(Socket s, CancellationToken t) { _s = s; [|t.Register(() => _s.Dispose())|]; } } partial class C { int Read(byte[] b) => _s.Receive(b); }",
        "class C { private TcpClient _c = new TcpClient(); private Stream _n; async Task M(byte[] b, CancellationToken t) { _n = _c.GetStream(); using (t.Register(() => { })) { } using ([|t.Register(() => _c.Client.Close())|]) { await _c.GetStream().ReadAsync(b); } } }",
    ];

    /// <summary>The close, or what is pending, stands in a method that is called.</summary>
    public static TheoryData<string> FlaggedThroughCalls =>
    [
        "class C { private Socket _s; async Task M(byte[] b, CancellationToken t) { using var r = [|t.Register(Stop)|]; await _s.ReceiveAsync(b, SocketFlags.None); } void Stop() { _s.Dispose(); } }",
        "class C { private Socket _s; async Task M(byte[] b, CancellationToken t) { using var r = [|t.Register(() => Stop())|]; await _s.ReceiveAsync(b, SocketFlags.None); } private void Stop() { Console.WriteLine(); _s?.Close(); _s = null; } }",
        "abstract class B { protected abstract void Talk(Socket s); protected async Task M(Socket s, CancellationToken t) { await using ([|t.Register(o => ((Socket)o).Dispose(), s, useSynchronizationContext: false)|].ConfigureAwait(continueOnCapturedContext: false)) { Talk(s); } } } class C : B { protected override void Talk(Socket s) { Io.Send(s); } } static class Io { public static void Send(Socket s) { s.Send(new byte[9]); } }",
        "class C { async Task M(Socket s, byte[] b, CancellationToken t) { using ([|t.Register(() => s.Dispose())|]) { await Read(s, b); } } static async Task Read(Socket s, byte[] b) { await s.ReceiveAsync(b, SocketFlags.None); } }",
    ];

    [Theory, MemberData(nameof(FlaggedThroughCalls))]
    public Task CallbackOrOperationBehindACall_IsFlagged(string source) => Rule.FlagsAsync(source);

    public static TheoryData<string> LookAlikes =>
    [
        // The called method shuts down, passes the token on, means it, or does more than to close.
        "class C { private Socket _s; async Task M(byte[] b, CancellationToken t) { using var r = t.Register(Stop); await _s.ReceiveAsync(b, SocketFlags.None); } void Stop() { _s.Shutdown(SocketShutdown.Both); _s.Dispose(); } }",
        "class C { private Socket _s; async Task M(byte[] b, CancellationToken t) { using var r = t.Register(Abort); await _s.ReceiveAsync(b, SocketFlags.None); } void Abort() { _s.Dispose(); } }",
        "class C { private Socket _s; async Task M(byte[] b, CancellationToken t) { using var r = t.Register(Stop); await _s.ReceiveAsync(b, SocketFlags.None, t); } void Stop() { _s.Dispose(); } }",
        "class C { private Socket _s, _o; async Task M(byte[] b, CancellationToken t) { using var r = t.Register(Stop); await _s.ReceiveAsync(b, SocketFlags.None); } void Stop() { _o.Dispose(); } }",
        "class C { async Task M(Socket s, byte[] b, CancellationToken t) { using (t.Register(() => s.Dispose())) { await Read(s, b, t); } } static async Task Read(Socket s, byte[] b, CancellationToken t) { await s.ReceiveAsync(b, SocketFlags.None, t); } }",
        // Nothing is connected yet, or nothing is pending.
        "class C { async Task M(Socket s, CancellationToken t) { using (t.Register(() => s.Dispose())) { await s.ConnectAsync(\"a\", 1); } await s.ReceiveAsync(new byte[9], SocketFlags.None, t); } }",
        "class C { async Task M(Socket s, byte[] b, CancellationToken t) { using (t.Register(() => s.Dispose())) { await s.ConnectAsync(\"a\", 1); } await s.ReceiveAsync(b, SocketFlags.None); } }",
        "class C { async Task M(Socket s, byte[] b, CancellationToken t) { var r = t.Register(() => s.Dispose()); await s.ConnectAsync(\"a\", 1); r.Dispose(); await s.ReceiveAsync(b, SocketFlags.None); } }",
        "class C { async Task M(Socket s, byte[] b, CancellationToken t) { if (b == null) { using var r = t.Register(() => s.Dispose()); await s.ConnectAsync(\"a\", 1); } await s.ReceiveAsync(b, SocketFlags.None); } }",
        "class C { async Task M(Socket s, byte[] b, CancellationToken t) { await s.ReceiveAsync(b, SocketFlags.None); using var r = t.Register(() => s.Dispose()); await Task.Delay(1); } }",
        "class C { void M(Socket s, CancellationToken t) { t.Register(() => s.Dispose()); } }",
        // The operation gets the token itself.
        "class C { async Task M(Socket s, byte[] b, CancellationToken t) { using var r = t.Register(() => s.Dispose()); await s.ReceiveAsync(b, SocketFlags.None, t); } }",
        // A FIN: shut down first, or by the type that is closed.
        "class C { async Task M(Socket s, byte[] b, CancellationToken t) { using var r = t.Register(() => { s.Shutdown(SocketShutdown.Both); s.Dispose(); }); await s.ReceiveAsync(b, SocketFlags.None); } }",
        "class C { async Task M(TcpClient c, byte[] b, CancellationToken t) { using var r = t.Register(() => c.Dispose()); await c.GetStream().ReadAsync(b, 0, 9); } }",
        "class C { async Task M(NetworkStream n, byte[] b, CancellationToken t) { using var r = t.Register(() => n.Dispose()); await n.ReadAsync(b, 0, 9); } }",
        // Listeners, datagrams, local sockets.
        "class C { async Task M(Socket l, CancellationToken t) { l.Listen(); using var r = t.Register(() => l.Dispose()); while (true) { using var s = await l.AcceptAsync(); } } }",
        "class C { async Task M(TcpListener l, CancellationToken t) { using var r = t.Register(() => l.Stop()); await l.AcceptTcpClientAsync(); } }",
        "class C { async Task M(byte[] b, CancellationToken t) { var s = new Socket(SocketType.Dgram, ProtocolType.Udp); using var r = t.Register(() => s.Dispose()); await s.ReceiveAsync(b, SocketFlags.None); } }",
        "class C { private readonly Socket _s = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); async Task M(byte[] b, CancellationToken t) { using var r = t.Register(() => _s.Dispose()); await _s.ReceiveAsync(b, SocketFlags.None); } }",
        // Others.
        "class C { async Task M(Socket s, Socket other, byte[] b, CancellationToken t) { using var r = t.Register(() => other.Dispose()); await s.ReceiveAsync(b, SocketFlags.None); } }",
        "class C { async Task M(Socket s, byte[] b, IDisposable d, CancellationToken t) { using var r = t.Register(() => d.Dispose()); await s.ReceiveAsync(b, SocketFlags.None); } }",
        "class Token { public void Register(Action a) { } } class C { async Task M(Socket s, byte[] b, Token t) { t.Register(() => s.Dispose()); await s.ReceiveAsync(b, SocketFlags.None); } }",
        "class C { async Task M(Socket s, byte[] b) { Action stop = () => s.Dispose(); await s.ReceiveAsync(b, SocketFlags.None); } }",
        "class Pipe { public void Dispose() { } public Task<int> ReceiveAsync(byte[] b) => null; } class C { async Task M(Pipe s, byte[] b, CancellationToken t) { using var r = t.Register(() => s.Dispose()); await s.ReceiveAsync(b); } }",
        "class C { async Task M(Func<Socket> s, byte[] b, CancellationToken t) { using var r = t.Register(() => s().Dispose()); await s().ReceiveAsync(b, SocketFlags.None); } }",
        "class C { async Task M(Socket s, byte[] b, object o, CancellationToken t) { using var r = t.Register(x => ((Socket)x).Dispose(), o); await s.ReceiveAsync(b, SocketFlags.None); } }",
        // Intended.
        "class C { async Task AbortOnCancel(Socket s, byte[] b, CancellationToken t) { using var r = t.Register(() => s.Dispose()); await s.ReceiveAsync(b, SocketFlags.None); } }",
        "class IntentionalResetAttribute : Attribute { public IntentionalResetAttribute(string why) { } } class C { [IntentionalReset(\"the answer is worthless\")] async Task M(Socket s, byte[] b, CancellationToken t) { using var r = t.Register(() => s.Dispose()); await s.ReceiveAsync(b, SocketFlags.None); } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task Disposing_IsFlagged(string source) => (Rule with { Severity = DiagnosticSeverity.Warning }).FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task Message_NamesTheSocketAndThePendingOperation() => (Rule with
    {
        Messages = ["'s' is disposed of by a cancellation callback, where 's.ReceiveAsync' may be pending: the peer gets a reset instead of a FIN, and what it has not received yet is lost"],
    }).FlagsAsync("class C { async Task M(Socket s, byte[] b, CancellationToken t) { using var r = [|t.Register(() => s.Dispose())|]; await {|#0:s.ReceiveAsync(b, SocketFlags.None)|}; } }");

    [Fact]
    public Task TestProject_GetsInfo() => (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info }).FlagsAsync(
        "class C { async Task M(Socket s, byte[] b, CancellationToken t) { using var r = [|t.Register(() => s.Dispose())|]; await s.ReceiveAsync(b, SocketFlags.None); } }");

    [Fact]
    public Task TestProject_IsSilentWhereSwitchedOff() => (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" }).IsSilentAsync(
        "class C { async Task M(Socket s, byte[] b, CancellationToken t) { using var r = t.Register(() => s.Dispose()); await s.ReceiveAsync(b, SocketFlags.None); } }");

    [Fact]
    public Task HalfTypedCode_BreaksNothing() => Rule.SurvivesCutsAsync(
        "class C { private Socket _s; async Task M(Socket s, byte[] b, CancellationToken t) { using (t.Register(static o => { var x = (Socket)o; x?.Close(); }, s)) { await s.ReceiveAsync(b, SocketFlags.None); } using var r = t.Register(_s.Dispose); await _s.ReceiveAsync(b, SocketFlags.None); } }");
}
