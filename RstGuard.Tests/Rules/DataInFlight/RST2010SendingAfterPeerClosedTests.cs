using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST2010SendingAfterPeerClosedTests
{
    private static readonly Verify Rule = Verify.Rule("RST2010");

    public static TheoryData<string> Flagged =>
    [
        // It sends: something of its own, whatever came.
        "class C { void M(Socket s) { var b = new byte[99]; while (true) { int n = [|s.Receive(b)|]; Console.WriteLine(Encoding.ASCII.GetString(b, 0, n)); s.Send(new byte[1]); } } }",
        "class C { void M(Socket s, byte[] ack) { var b = new byte[99]; while (s.Connected) { [|s.Receive(b)|]; s.Send(ack); } } }",
        "class C { async Task M(TcpClient c, byte[] ack, CancellationToken t) { var ns = c.GetStream(); var b = new byte[99]; while (!t.IsCancellationRequested) { var n = await [|ns.ReadAsync(b, 0, b.Length, t)|].ConfigureAwait(false); Console.WriteLine($\"got {n}\"); await ns.WriteAsync(ack, t).ConfigureAwait(false); } } }",
        "class C { void M(Socket s, byte[] ping) { var b = new byte[99]; for (int i = 0; i < 10; i++) { s.Send(ping); _ = [|s.Receive(b)|]; } } }",
        "class C { void M(Socket s, byte[] ping) { var b = new byte[99]; do { s.Send(ping); [|s.Receive(b)|]; } while (s.Connected); } }",
        // It sends what came, or nothing: it spins.
        "class C { void M(Socket s) { var b = new byte[99]; while (true) { int n = [|s.Receive(b)|]; s.Send(b, n, SocketFlags.None); } } }",
        "class C { void M(TcpClient a, TcpClient b, CancellationToken t) { while (!t.IsCancellationRequested) { byte[] buffer = new byte[1024]; int n = [|a.GetStream().Read(buffer, 0, buffer.Length)|]; b.GetStream().Write(buffer, 0, n); } } }",
        "class C { void M(TcpClient a, Stream log) { var b = new byte[99]; while (true) { int n = [|a.GetStream().Read(b)|]; log.Write(b, 0, n); } } }",
        "class C { void M(Socket s) { var b = new byte[99]; while (true) { int n = [|s.Receive(b)|]; if (n >= 0) { Console.Write(Encoding.UTF8.GetString(b, 0, n).Trim()); } } } }",
        // Where it may stand.
        "class C { Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); void M() { var b = new byte[99]; while (true) { int n = [|_s.Receive(b)|]; Console.WriteLine(n + \" bytes\"); } } }",
        "partial class C { NetworkStream _ns = null!; } partial class C { void M() { var b = new byte[99]; for (;;) { try { int n = [|_ns.Read(b, 0, 99)|]; Console.WriteLine(n + \" bytes\"); } catch (TimeoutException) { } } } }",
        "class C { void M(Socket s) { Task.Run(() => { var b = new byte[99]; while (true) { [|s.Receive(b)|]; } }); } }",
        "class C { void M(Socket s) { void Loop() { var b = new byte[99]; while (true) { [|s.Receive(b)|]; } } Loop(); } }",
        "class C { async IAsyncEnumerable<int> M(Socket s) { var b = new byte[99]; while (true) { await [|s.ReceiveAsync(b)|]; yield return 1; } } }",
        "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Connect(\"a\", 1); var b = new byte[99]; while (true) { [|s.Receive(b)|]; s.Send(b); }",
        "class C { void M(Socket s) { var b = new byte[99]; while (true) { int n; n = [|s.Receive(b.AsSpan())|]; s.Send(b.AsSpan(0, n)); } } }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        "class C { void M(Socket s) { var b = new byte[99]; while (true) { int n = s.Receive(b); if (n == 0) break; s.Send(b); } } }",
        "class C { void M(Socket s) { var b = new byte[99]; int n; while ((n = s.Receive(b)) > 0) { s.Send(b, n, SocketFlags.None); } } }",
        "class C { void M(Socket s) { var b = new byte[99]; while (s.Receive(b) != 0) { s.Send(b); } } }",
        "class C { void M(Socket s) { var b = new byte[99]; while (true) { int n = s.Receive(b); if (n < 1) return; s.Send(b); } } }",
        "class C { void M(Socket s) { var b = new byte[99]; while (true) { switch (s.Receive(b)) { case 0: return; } s.Send(b); } } }",
        "class C { void M(Socket s) { var b = new byte[99]; while (true) { if (s.Receive(b) is 0) return; s.Send(b); } } }",
        // The data tells it.
        "class C { void M(Socket s) { var b = new byte[99]; while (true) { string t = Encoding.ASCII.GetString(b, 0, s.Receive(b)); if (t == \"\") return; s.Send(b); } } }",
        "class C { void M(Socket s) { var b = new byte[99]; while (true) { string t = Encoding.ASCII.GetString(b, 0, s.Receive(b)); if (string.IsNullOrEmpty(t)) return; s.Send(b); } } }",
        "class C { void M(Socket s) { var b = new byte[99]; while (true) { s.Receive(b); if (b[0] == 3) return; s.Send(b); } } }",
        "class C { void M(Socket s) { var b = new byte[99]; while (true) { int n = s.Receive(b); Handle(b, n); s.Send(b); } } void Handle(byte[] b, int n) { } }",
        "class C { void M(Socket s) { var b = new byte[99]; var all = new StringBuilder(); while (true) { all.Append(Encoding.ASCII.GetString(b, 0, s.Receive(b))); if (all.Length > 5) return; } } }",
        "class C { void M(Socket s) { var b = new byte[99]; int total = 0; while (total < 99) { int n = s.Receive(b, total, 99 - total, SocketFlags.None); total += n; } } }",
        "class C { byte[] M(Socket s) { var b = new byte[99]; while (true) { s.Receive(b); if (DateTime.Now.Year > 3000) return b; } } }",
        // It leaves, or looks, in another way.
        "class C { void M(Socket s) { var b = new byte[99]; int n = s.Receive(b); s.Send(b, n, SocketFlags.None); } }",
        "class C { void M(Socket s) { var b = new byte[99]; while (true) { s.Receive(b); s.Send(b); break; } } }",
        "class C { void M(Socket s) { var b = new byte[99]; while (true) { s.Receive(b); s.Send(b); throw new Exception(); } } }",
        "class C { void M(Socket l) { var b = new byte[99]; while (true) { Socket s = l.Accept(); s.Receive(b); s.Send(b); s.Close(); } } }",
        "class C { void M(Socket s) { var b = new byte[99]; while (s.Available > 0) { s.Receive(b); s.Send(b); } } }",
        "class C { void M(NetworkStream s) { var b = new byte[99]; while (true) { if (s.DataAvailable) { s.Read(b); s.Write(b); } } } }",
        "class C { void M(Socket s) { var b = new byte[99]; while (true) { if (s.Poll(1, SelectMode.SelectRead)) { s.Receive(b); } } } }",
        "class C { void M(List<Socket> all) { var b = new byte[99]; foreach (var s in all) { s.Receive(b); s.Send(b); } } }",
        "class C { void M(Socket s) { var b = new byte[99]; for (int i = 0; i < 3; i++) { s.Receive(b); } } }",
        "class C { void M(Socket s) { var b = new byte[99]; while (true) { var t = s.ReceiveAsync(b); t.Wait(5); s.Send(b); } } }",
        // No TCP connection.
        "class C { void M() { var s = new Socket(SocketType.Dgram, ProtocolType.Udp); var b = new byte[99]; while (true) { s.Receive(b); s.Send(b); } } }",
        "class C { Socket _s; C() { _s = new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.IP); } void M() { var b = new byte[99]; while (true) { _s.Receive(b); } } }",
        "class C { void M(Stream s, Stream d) { var b = new byte[99]; while (true) { int n = s.Read(b, 0, 99); d.Write(b, 0, n); } } }",
        "class Link { public int Receive(byte[] b) => 0; public void Send(byte[] b) { } } class C { void M(Link s) { var b = new byte[99]; while (true) { s.Receive(b); s.Send(b); } } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task LoopThatGoesOnAtTheEnd_IsFlagged(string source) => (Rule with { Severity = DiagnosticSeverity.Warning }).FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    /// <summary>Clients that send a request at each call, and take whatever came for the reply.</summary>
    public static TheoryData<string> UntoldReplies =>
    [
        "class C { NetworkStream _ns = null!; public byte[] Ask(byte[] q) { _ns.Write(q, 0, q.Length); var r = new byte[99]; [|_ns.Read(r, 0, 99)|]; return r; } }",
        "class C { Socket _s = null!; internal bool Ask(byte[] q) { _s.Send(q); var r = new byte[99]; _ = [|_s.Receive(r)|]; return r[7] == 1; } }",
        "class C { NetworkStream _ns = null!; public event Action<byte[]>? Came; public async Task<int> Ask(byte[] q) { await _ns.WriteAsync(q); var r = new byte[99]; int n = await [|_ns.ReadAsync(r, 0, 99)|]; if (Came != null) { var copy = new byte[n]; Array.Copy(r, 0, copy, 0, n); Came(copy); } return r[1] + r[2]; } }",
    ];

    public static TheoryData<string> ToldReplies =>
    [
        // The count goes where it may be told, the reply is judged, or the connection is looked at or given up here.
        "class C { NetworkStream _ns = null!; public string Ask(byte[] q) { _ns.Write(q, 0, q.Length); var r = new byte[99]; return Encoding.ASCII.GetString(r, 0, _ns.Read(r, 0, 99)); } }",
        "class C { NetworkStream _ns = null!; public int Ask(byte[] q) { _ns.Write(q, 0, q.Length); var r = new byte[99]; int n = _ns.Read(r, 0, 99); if (n == 0) throw new EndOfStreamException(); return r[0]; } }",
        "class C { NetworkStream _ns = null!; public byte[] Ask(byte[] q) { _ns.Write(q, 0, q.Length); var r = new byte[99]; int n = _ns.Read(r, 0, 99); return r[..n]; } }",
        "class C { Socket _s = null!; public bool Ask(byte[] q) { _s.Send(q); var r = new byte[99]; _s.Receive(r); if (r[0] != 2) { return false; } return true; } }",
        "class C { Socket _s = null!; public void Ask(byte[] q) { _s.Send(q); var r = new byte[99]; _s.Receive(r); _s.Close(); } }",
        "class C { Socket _s = null!; public void Ask(byte[] q) { _s.Send(q); var r = new byte[99]; if (_s.Available > 0) { _s.Receive(r); } } }",
        // Nothing calls again, or nothing is sent.
        "class C { Socket _s; C(Socket s) { _s = s; _s.Send(new byte[1]); _s.Receive(new byte[9]); } }",
        "class C { Socket _s = null!; public byte[] Next() { var r = new byte[99]; _s.Receive(r); return r; } }",
        "class C { Socket _s = null!; void Ask(byte[] q) { _s.Send(q); _s.Receive(new byte[9]); } }",
        "class C { public void Ask(Socket s, byte[] q) { s.Send(q); s.Receive(new byte[9]); } }",
        "class C { Socket _s = new Socket(SocketType.Dgram, ProtocolType.Udp); public void Ask(byte[] q) { _s.Send(q); _s.Receive(new byte[9]); } }",
    ];

    [Theory, MemberData(nameof(UntoldReplies))]
    public Task ReplyTakenAsItCame_IsInfo(string source) => (Rule with { Severity = DiagnosticSeverity.Info }).OffersNoFixAsync(source);

    [Theory, MemberData(nameof(ToldReplies))]
    public Task ReplyWhoseEndIsTold_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task TestProject_GetsInfo() => (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info }).FlagsAsync("class C { void M(Socket s) { var b = new byte[99]; while (true) { [|s.Receive(b)|]; } } }");

    [Fact]
    public Task MessageOfALoopThatSends_SaysReset() => (Rule with
    {
        Messages = ["'s.Receive(b)' returns 0 once the peer has closed, and nothing tells that apart: the loop goes on, and what it sends then is answered with a reset"],
    }).FlagsAsync("class C { void M(Socket s, byte[] b) { while (true) { [|s.Receive(b)|]; s.Send(new byte[1]); } } }");

    [Fact]
    public Task MessageOfAnEcho_SaysThatItSpins() => (Rule with
    {
        Messages = ["'s.Receive(b)' returns 0 once the peer has closed, and nothing tells that apart: the loop goes on for ever at full speed, and nothing closes this end"],
    }).FlagsAsync("class C { void M(Socket s, byte[] b) { while (true) { int n = [|s.Receive(b)|]; s.Send(b, n, SocketFlags.None); } } }");

    [Fact]
    public Task HalfTypedCode_BreaksNothing() => Rule.SurvivesCutsAsync(
        "class C { Socket _s; async Task M(TcpClient c) { var b = new byte[99]; while (c.Connected) { int n = await c.GetStream().ReadAsync(b, 0, 99); _s.Send(b, n, SocketFlags.None); Console.WriteLine($\"{n}\"); } } }");

    // The fix.
    [Theory]
    [InlineData(
        "class C\n{\n    void M(Socket s, byte[] b)\n    {\n        while (true)\n        {\n            int n = [|s.Receive(b)|]; // all of it\n            s.Send(b);\n        }\n    }\n}",
        "class C\n{\n    void M(Socket s, byte[] b)\n    {\n        while (true)\n        {\n            int n = s.Receive(b);\n            if (n == 0)\n            {\n                break;\n            } // all of it\n            s.Send(b);\n        }\n    }\n}")]
    [InlineData(
        "class C\n{\n    async Task M(Socket s, byte[] b)\n    {\n        while (true)\n        {\n            await [|s.ReceiveAsync(b, SocketFlags.None)|].ConfigureAwait(false);\n            s.Send(b);\n        }\n    }\n}",
        "class C\n{\n    async Task M(Socket s, byte[] b)\n    {\n        while (true)\n        {\n            if (await s.ReceiveAsync(b, SocketFlags.None).ConfigureAwait(false) == 0)\n            {\n                break;\n            }\n            s.Send(b);\n        }\n    }\n}")]
    [InlineData(
        "class C { void M(Socket s, byte[] b) { int n; for (;;) { n = [|s.Receive(b)|]; s.Send(b, n, SocketFlags.None); } } }",
        "class C { void M(Socket s, byte[] b) { int n; for (;;) { n = s.Receive(b); if (n == 0) { break; } s.Send(b, n, SocketFlags.None); } } }")]
    [InlineData(
        "class C { void M(Socket s, byte[] b) { while (true) { _ = [|s.Receive(b)|]; s.Send(b); } } }",
        "class C { void M(Socket s, byte[] b) { while (true) { if (s.Receive(b) == 0) { break; } s.Send(b); } } }")]
    [InlineData(
        "class C { int M(Socket s, byte[] b) { while (s.Connected) { try { [|s.Receive(b)|]; s.Send(b); } catch (TimeoutException) { } } return 1; } }",
        "class C { int M(Socket s, byte[] b) { while (s.Connected) { try { if (s.Receive(b) == 0) { break; } s.Send(b); } catch (TimeoutException) { } } return 1; } }")]
    [InlineData(
        "class C { void M(Socket s, Socket t, byte[] b) { while (true) { [|s.Receive(b)|]; s.Send(b); } } void N(Socket s, byte[] b) { while (true) { [|s.Receive(b)|]; s.Send(b); } } }",
        "class C { void M(Socket s, Socket t, byte[] b) { while (true) { if (s.Receive(b) == 0) { break; } s.Send(b); } } void N(Socket s, byte[] b) { while (true) { if (s.Receive(b) == 0) { break; } s.Send(b); } } }")]
    public Task Fix_LeavesTheLoopAtZero(string before, string after) => Rule.FixesAsync(before, after);

    [Theory]
    [InlineData("class C { int M(Socket s, byte[] b) { while (true) { [|s.Receive(b)|]; s.Send(b); } } }")]
    [InlineData("class C { void M(Socket s, byte[] b, int k) { while (true) { switch (k) { case 1: { [|s.Receive(b)|]; break; } } s.Send(b); } } }")]
    [InlineData("class C { void M(Socket s, byte[] b) { while (true) Console.WriteLine(\"{0}\", Encoding.ASCII.GetString(b, 0, [|s.Receive(b)|])); } }")]
    public Task WhereBreakWouldBeWrong_NoFixIsOffered(string source) => Rule.OffersNoFixAsync(source);
}
