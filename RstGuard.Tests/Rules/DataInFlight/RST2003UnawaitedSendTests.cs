using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST2003UnawaitedSendTests
{
    private static readonly Verify Rule = Verify.Rule("RST2003");

    public static TheoryData<string> Flagged =>
    [
        "class C { void M(Socket s, byte[] b) { _ = [|s.SendAsync(b, SocketFlags.None)|]; s.Close(); } }",
        "class C { void M(Socket s, byte[] b) { [|s.SendAsync(b, SocketFlags.None)|]; s.Dispose(); } }",
        "class C { void M(Socket s, byte[] b) { var t = [|s.SendAsync(b, SocketFlags.None)|]; s.Dispose(); } }",
        "class C { void M(Socket s, byte[] b) { [|s.SendAsync(b.AsMemory()).AsTask()|]; s.Dispose(); } }".Replace("[|s.SendAsync(b.AsMemory()).AsTask()|]", "[|s.SendAsync(b.AsMemory())|].AsTask()", StringComparison.Ordinal),
        "class C { async Task M(byte[] b) { using var s = new Socket(SocketType.Stream, ProtocolType.Tcp); await s.ConnectAsync(\"a\", 1); [|s.SendAsync(b, SocketFlags.None)|].ConfigureAwait(false); } }",
        "class C { async Task M(byte[] b) { using (var c = new TcpClient(\"a\", 1)) { await Task.Yield(); _ = [|c.GetStream().WriteAsync(b, 0, 9)|]; Console.WriteLine(\"sent\"); } } }",
        "class C { void M(TcpClient c, byte[] b) { Stream s = c.GetStream(); [|s.WriteAsync(b, 0, 9)|]; c.Close(); } }",
        "class C { void M(NetworkStream s, byte[] b) { _ = [|s.WriteAsync(b)|]; s.Close(); } }",
        "class C { void M(Socket s, byte[] b) { [|s.BeginSend(b, 0, 9, SocketFlags.None, null, null)|]; s.Close(); } }",
        "class C { void M(Socket s, byte[] b) { try { _ = [|s.SendAsync(b, SocketFlags.None)|]; } finally { s.Close(); } } }",
        "class C { void M(Socket s, byte[] b) { _ = [|s.SendAsync(b, SocketFlags.None)|]; s.Shutdown(SocketShutdown.Both); s.Close(); } }",
        "class C { void M(Socket s, byte[] b) { foreach (byte x in b) { _ = [|s.SendAsync(new[] { x }, SocketFlags.None)|]; s?.Close(); } } }",
        // Fields.
        "class C { private Socket _s; void Stop(byte[] b) { _ = [|_s.SendAsync(b, SocketFlags.None)|]; _s.Close(); } }",
        "class C { private TcpClient _c = new TcpClient(); private NetworkStream _n; void Open() { _c.Connect(\"a\", 1); _n = _c.GetStream(); } void Stop(byte[] b) { _ = [|_n.WriteAsync(b, 0, 9)|]; _c.Close(); } }",
        "partial class C { private Socket _s; } partial class C { void Stop(byte[] b) { [|_s?.SendAsync(b, SocketFlags.None)|]; _s?.Close(); } }".Replace("[|_s?.SendAsync(b, SocketFlags.None)|]", "_s?[|.SendAsync(b, SocketFlags.None)|]", StringComparison.Ordinal),
        "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Connect(\"a\", 1); _ = [|s.SendAsync(new byte[9], SocketFlags.None)|]; s.Dispose();",
        "class C { Action<Socket> A = s => { _ = [|s.SendAsync(new byte[9], SocketFlags.None)|]; s.Close(); }; }",
        "class C { async IAsyncEnumerable<int> M(Socket s) { yield return 1; _ = [|s.SendAsync(new byte[9], SocketFlags.None)|]; s.Close(); } }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        // Waited for.
        "class C { async Task M(Socket s, byte[] b) { await s.SendAsync(b, SocketFlags.None); s.Close(); } }",
        "class C { async Task M(Socket s, byte[] b) { var t = s.SendAsync(b, SocketFlags.None); await t; s.Close(); } }",
        "class C { async Task M(Socket s, byte[] b) { var t = s.SendAsync(b, SocketFlags.None); await Task.WhenAll(t); s.Close(); } }",
        "class C { void M(Socket s, byte[] b) { s.SendAsync(b, SocketFlags.None).Wait(); s.Close(); } }",
        "class C { void M(Socket s, byte[] b) { int n = s.SendAsync(b, SocketFlags.None).Result; s.Close(); } }",
        "class C { void M(Socket s, byte[] b) { s.SendAsync(b, SocketFlags.None).GetAwaiter().GetResult(); s.Close(); } }",
        "class C { void M(Socket s, byte[] b) { var r = s.BeginSend(b, 0, 9, SocketFlags.None, null, null); s.EndSend(r); s.Close(); } }",
        "class C { void M(Socket s, byte[] b) { s.SendAsync(b, SocketFlags.None).ContinueWith(_ => s.Close()); } }",
        "class C { Task M(Socket s, byte[] b) { using (s) { return s.SendAsync(b, SocketFlags.None); } } }",
        "class C { void M(Socket s, byte[] b) { s.Send(b); s.Close(); } }",
        // Something may wait between.
        "class C { async Task M(Socket s, byte[] b) { _ = s.SendAsync(b, SocketFlags.None); await s.ReceiveAsync(b, SocketFlags.None); s.Close(); } }",
        "class C { async Task M(Socket s, byte[] b) { _ = s.SendAsync(b, SocketFlags.None); await Task.Delay(100); s.Close(); } }",
        "class C { void M(Socket s, byte[] b) { _ = s.SendAsync(b, SocketFlags.None); Thread.Sleep(100); s.Close(); } }",
        "class C { void M(Socket s, byte[] b) { _ = s.SendAsync(b, SocketFlags.None); while (s.Receive(b) > 0) { } s.Close(); } }",
        "class C { private Socket _s; void Stop(byte[] b) { _ = _s.SendAsync(b, SocketFlags.None); WaitForAnswer(); _s.Close(); } void WaitForAnswer() { } }",
        // Not this connection, or not on this path.
        "class C { void M(Socket s, Socket o, byte[] b) { _ = s.SendAsync(b, SocketFlags.None); o.Close(); } }",
        "class C { void M(Socket s, byte[] b, bool x) { if (x) { _ = s.SendAsync(b, SocketFlags.None); return; } s.Close(); } }",
        "class C { void M(Socket s, byte[] b, bool x) { if (x) { _ = s.SendAsync(b, SocketFlags.None); } else { s.Close(); } } }",
        "class C { void M(Socket s, byte[] b) { try { _ = s.SendAsync(b, SocketFlags.None); } catch { s.Close(); } } }",
        "class C { void M(Socket s, byte[] b) { _ = s.SendAsync(b, SocketFlags.None); } }",
        "class C { private Socket _s; void Send(byte[] b) { _ = _s.SendAsync(b, SocketFlags.None); } void Stop() { _s.Close(); } }",
        // The stream does not own its socket.
        "class C { void M(Socket s, byte[] b) { var n = new NetworkStream(s); _ = n.WriteAsync(b, 0, 9); n.Close(); } }",
        // Datagrams, files, other types.
        "class C { void M(byte[] b) { var s = new Socket(SocketType.Dgram, ProtocolType.Udp); _ = s.SendAsync(b, SocketFlags.None); s.Close(); } }",
        "class C { void M(UdpClient u, byte[] b) { _ = u.SendAsync(b, 9); u.Close(); } }",
        "class C { void M(Socket o, byte[] b) { var f = File.OpenWrite(\"a\"); _ = f.WriteAsync(b, 0, 9); f.Close(); } }",
        "class C { void M(Stream s, Socket o, byte[] b) { _ = s.WriteAsync(b, 0, 9); s.Close(); } }",
        "class Pipe { public Task SendAsync(byte[] b) => null; public void Close() { } } class C { void M(Pipe s, Socket o, byte[] b) { _ = s.SendAsync(b); s.Close(); } }",
        // Intended.
        "class C { void Abort(Socket s, byte[] b) { _ = s.SendAsync(b, SocketFlags.None); s.Close(); } }",
        "class IntentionalResetAttribute : Attribute { } class C { [IntentionalReset] void M(Socket s, byte[] b) { _ = s.SendAsync(b, SocketFlags.None); s.Close(); } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task DroppedSend_IsFlagged(string source) => (Rule with { Severity = DiagnosticSeverity.Warning }).FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Theory]
    [InlineData("s.SendAsync(b, SocketFlags.None)", "s.Close()", "'s.SendAsync' is not awaited and may still be pending when the connection is closed: the rest of the data is dropped, and the peer gets a reset")]
    [InlineData("s.SendAsync(b, SocketFlags.None)", "s.Shutdown(SocketShutdown.Send); s.Close()", "'s.SendAsync' is not awaited and may still be pending when the connection is closed: the rest of the data is dropped, and the peer gets a clean end after a part of it")]
    [InlineData("c.GetStream().WriteAsync(b)", "c.Close()", "'c.GetStream().WriteAsync' is not awaited and may still be pending when the connection is closed: the rest of the data is dropped, and the peer gets a clean end after a part of it")]
    public Task Message_SaysWhatThePeerGets(string send, string close, string message) => (Rule with { Messages = [message] }).FlagsAsync(
        $"class C {{ void M(Socket s, TcpClient c, byte[] b) {{ _ = [|{send}|]; {close}; }} }}");

    [Fact]
    public Task OtherHalf_IsTheClose() => Rule.FlagsAsync("class C { void M(Socket s, byte[] b) { _ = [|s.SendAsync(b, SocketFlags.None)|]; {|#0:s.Close()|}; } }");

    [Fact]
    public Task TestProject_GetsInfo() => (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info }).FlagsAsync(
        "class C { void M(Socket s, byte[] b) { _ = [|s.SendAsync(b, SocketFlags.None)|]; s.Close(); } }");

    [Fact]
    public Task TestProject_IsSilentWhereSwitchedOff() => (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" }).IsSilentAsync(
        "class C { void M(Socket s, byte[] b) { _ = s.SendAsync(b, SocketFlags.None); s.Close(); } }");

    [Fact]
    public Task HalfTypedCode_BreaksNothing() => Rule.SurvivesCutsAsync(
        "class C { private TcpClient _c = new TcpClient(); async Task M(Socket s, byte[] b) { var t = s.SendAsync(b, SocketFlags.None); try { _ = _c.GetStream().WriteAsync(b, 0, 9).ConfigureAwait(false); } finally { _c?.Close(); } s.Close(); } }");
}
