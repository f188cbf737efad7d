using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST2001ClosedWithUnreadDataTests
{
    private static readonly Verify Rule = Verify.Rule("RST2001");

    public static TheoryData<string> Certain =>
    [
        "class C { void M(Socket l) { Socket s = l.Accept(); var b = new byte[4096]; s.Receive(b); s.Send(b); [|s.Close()|]; } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); var b = new byte[4096]; int n = s.Receive(b); Console.WriteLine(Encoding.ASCII.GetString(b, 0, n)); s.Shutdown(SocketShutdown.Both); [|s.Dispose()|]; } }",
        "class C { async Task M(TcpListener l) { var c = await l.AcceptTcpClientAsync().ConfigureAwait(false); var ns = c.GetStream(); var b = new byte[4096]; int n = await ns.ReadAsync(b, 0, b.Length).ConfigureAwait(false); await ns.WriteAsync(Encoding.ASCII.GetBytes($\"got {n}\")); [|c.Close()|]; } }",
        "class C { void M(TcpListener l) { using TcpClient [|c|] = l.AcceptTcpClient(); c.GetStream().Read(new byte[1024]); } }",
        "class C { void M(TcpListener l) { using (var [|c|] = l.AcceptTcpClient()) { var b = new byte[1024]; int n = c.GetStream().Read(b, 0, 1024); if (n == 0) return; Console.WriteLine(Encoding.UTF8.GetString(b, 0, n)); } } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); s.Receive(new byte[4096], SocketFlags.Peek); [|s.Close()|]; } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); if (s.Available > 0) { [|s.Close()|]; } } }",
        "class C { void M(TcpListener l) { var c = l.AcceptTcpClient(); var ns = c.GetStream(); if (ns.DataAvailable) { [|c.Close()|]; } } }",
        "using var [|s|] = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Connect(\"a\", 1); var b = new byte[512]; int n = s.Receive(b); Console.WriteLine(Encoding.ASCII.GetString(b, 0, n));",
        "class C { void M(Socket l) { Action a = () => { var s = l.Accept(); s.Receive(new byte[4096]); [|s.Close()|]; }; a(); } }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        "class C { void M(Socket l) { Socket s = l.Accept(); var b = new byte[4096]; while (s.Receive(b) > 0) { } s.Close(); } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); var b = new byte[4096]; s.Receive(b); while (s.Receive(b) > 0) { } s.Close(); } }",
        "class C { void M(TcpListener l) { using var c = l.AcceptTcpClient(); c.GetStream().ReadExactly(new byte[1024]); } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); var b = new byte[4]; s.Receive(b); s.Close(); } }",
        "class C { void M(Socket l, int n) { Socket s = l.Accept(); var b = new byte[n]; s.Receive(b, n, SocketFlags.None); s.Close(); } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); var b = new byte[4096]; int n = s.Receive(b); if (n < 10) throw new Exception(); s.Close(); } }",
        "class C { void M(TcpListener l) { var c = l.AcceptTcpClient(); var ns = c.GetStream(); ns.Read(new byte[99]); H(ns); c.Close(); } void H(Stream s) { } }",
        "class C { void M(Socket s) { s.Receive(new byte[4096]); } }",
        "class C { Socket M(Socket l) { Socket s = l.Accept(); s.Receive(new byte[4096]); return s; } }",
        "class C { void M(bool b, Socket l) { Socket s = l.Accept(); if (b) { s.Receive(new byte[4096]); } s.Close(); } }",
        "class C { void M() { var s = new Socket(SocketType.Dgram, ProtocolType.Udp); s.Receive(new byte[4096]); s.Close(); } }",
        "class C { void M() { using var c = new TcpClient(\"a\", 80); var ns = c.GetStream(); ns.Write(Encoding.ASCII.GetBytes(\"GET / HTTP/1.1\\r\\n\\r\\n\")); ns.Read(new byte[4096]); } }",
        "class C { void M(TcpListener l) { var c = l.AcceptTcpClient(); var tls = new System.Net.Security.SslStream(c.GetStream()); tls.Read(new byte[4096]); c.Close(); } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); if (s.Available > 0) { s.Receive(new byte[9999]); } s.Close(); } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); if (s.Available == 0) { s.Close(); } } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); s.Receive(new byte[4096]); Task.Run(() => s.Receive(new byte[4096])).Wait(); s.Close(); } }",
        "class MemoryPipe { public int Receive(byte[] b) => 0; public void Close() { } } class C { void M(MemoryPipe s) { s.Receive(new byte[4096]); s.Close(); } }",
    ];

    [Theory, MemberData(nameof(Certain))]
    public Task CertainShape_IsFlagged(string source) => (Rule with { Severity = DiagnosticSeverity.Warning }).FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task EchoAndClose_GetsInfo() => (Rule with { Severity = DiagnosticSeverity.Info }).FlagsAsync(
        "class C { void M(Socket l) { Socket s = l.Accept(); var b = new byte[4096]; int n = s.Receive(b); s.Send(b, n, SocketFlags.None); [|s.Close()|]; } }");

    [Fact]
    public Task Message_SaysWhatThePeerGets() => (Rule with
    {
        Messages = ["'s' is closed while received data may be unread: a single receive took only what had arrived by then; with data unread, closing sends the peer a reset, and what this side has sent but the peer has not received is lost"],
    }).FlagsAsync("class C { void M(Socket l) { Socket s = l.Accept(); s.Receive(new byte[4096]); [|s.Close()|]; } }");
}
