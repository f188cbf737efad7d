using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST2009ReplyNeverReadTests
{
    private static readonly Verify Rule = Verify.Rule("RST2009") with { AddedDocuments = RST2001ClosedWithUnreadDataFixTests.Added };
    private static readonly Verify Plain = Rule with { AddedDocuments = [] };

    public static TheoryData<string> Flagged =>
    [
        "class C { void M(byte[] request) { using var [|c|] = new TcpClient(\"a\", 1); c.GetStream().Write(request); } }",
        "class C { void M(byte[] request) { using (var [|c|] = new TcpClient()) { c.Connect(\"a\", 1); var ns = c.GetStream(); ns.Write(request, 0, 1); ns.Flush(); } } }",
        "class C { async Task M(byte[] request) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); await s.ConnectAsync(\"a\", 1).ConfigureAwait(false); await s.SendAsync(request).ConfigureAwait(false); [|s.Dispose()|]; } }",
        "class C { void M(byte[] request) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); try { s.Connect(\"a\", 1); s.Send(request); s.Shutdown(SocketShutdown.Both); } finally { [|s.Close()|]; } } }",
        "class C { void M() { using var [|c|] = new TcpClient(\"a\", 1); using var w = new StreamWriter(c.GetStream(), leaveOpen: true); w.WriteLine(\"hello\"); w.Flush(); } }",
        "class C { void M(byte[] request) { var c = new TcpClient(\"a\", 1); c.GetStream().Write(request); c?[|.Close()|]; } }",
        "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Connect(\"a\", 1); s.Send(Encoding.ASCII.GetBytes(\"QUIT\\r\\n\")); [|s.Close()|];",
        "class C { void M(byte[] request) { Action a = () => { using var [|c|] = new TcpClient(\"a\", 1); c.GetStream().Write(request); }; a(); } }",
        "class C { async IAsyncEnumerable<int> M(byte[] request) { using var [|c|] = new TcpClient(\"a\", 1); await c.GetStream().WriteAsync(request); yield return 1; } }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        "class C { void M(byte[] message) { using var c = new TcpClient(\"a\", 1); c.GetStream().Write(message); } }",
        "class C { void M(byte[] request) { using var c = new TcpClient(\"a\", 1); var ns = c.GetStream(); ns.Write(request); while (ns.Read(request) > 0) { } } }",
        "class C { void M(byte[] request) { using var c = new TcpClient(\"a\", 1); c.GetStream().Write(request); Read(c); } void Read(TcpClient c) { } }",
        "class C { TcpClient M(byte[] request) { var c = new TcpClient(\"a\", 1); c.GetStream().Write(request); return c; } }",
        "class C { void M(byte[] request) { using var c = new TcpClient(\"a\", 1); } }",
        "class C { void M(byte[] request, bool quiet) { using var c = new TcpClient(\"a\", 1); if (!quiet) { c.GetStream().Write(request); } } }",
        "class C { void M(Socket l, byte[] request) { using var s = l.Accept(); s.Send(request); } }",
        "class C { void M(Socket s, byte[] request) { s.Connect(\"a\", 1); s.Send(request); s.Close(); } }",
        "class C { void M(byte[] request) { using var c = new TcpClient(\"a\", 1); using var r = new StreamReader(c.GetStream()); c.GetStream().Write(request); r.ReadLine(); } }",
        "class C { void M(byte[] request) { using var c = new TcpClient(\"a\", 1); using var tls = new System.Net.Security.SslStream(c.GetStream()); tls.AuthenticateAsClient(\"a\"); tls.Write(request); } }",
        "class C { void M(byte[] request) { var s = new Socket(SocketType.Dgram, ProtocolType.Udp); s.Connect(\"a\", 1); s.Send(request); s.Close(); } }",
        "class C { void M(byte[] request) { var s = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); s.Connect(new UnixDomainSocketEndPoint(\"/a\")); s.Send(request); s.Close(); } }",
        "class C { void M(byte[] request) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Connect(\"a\", 1); s.Send(request); s.Close(0); } }",
        "class C { void M(byte[] request) { using var c = new TcpClient(\"a\", 1); c.GetStream().Write(request); Task.Run(() => c.GetStream().Read(request)).Wait(); } }",
        "class Link : IDisposable { public void Connect() { } public void Send(byte[] request) { } public void Dispose() { } } class C { void M(byte[] request) { using var s = new Link(); s.Connect(); s.Send(request); } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task WriteAndClose_GetsInfo(string source) => (Plain with { Severity = DiagnosticSeverity.Info }).FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Plain.IsSilentAsync(source);

    [Fact]
    public Task OneWayProtocols_AreSilent() => (Plain with { EditorConfig = "rstguard.one_way_protocols = true" })
        .IsSilentAsync("class C { void M(byte[] request) { using var c = new TcpClient(\"a\", 1); c.GetStream().Write(request); } }");

    [Fact]
    public Task Message_SaysWhatAReplyDoes() => (Plain with
    {
        Messages = ["'c' is closed and nothing was read from it: a reply that has come by then makes the close a reset, which also drops what was not sent yet; a later one is answered with a reset"],
    }).FlagsAsync("class C { void M(byte[] request) { using var [|c|] = new TcpClient(\"a\", 1); c.GetStream().Write(request); } }");

    [Fact]
    public Task HalfTypedCode_BreaksNothing() => Plain.SurvivesCutsAsync(
        "class C { async Task M(byte[] request) { using (var c = new TcpClient()) { await c.ConnectAsync(\"a\", 1); await c.GetStream().WriteAsync(request); } var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Connect(\"a\", 1); s.Send(request); s.Close(); } }");

    [Theory]
    [InlineData(
        "class C { async Task M(byte[] request) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); await s.ConnectAsync(\"a\", 1); await s.SendAsync(request); [|s.Dispose()|]; } }",
        "class C { async Task M(byte[] request) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); await s.ConnectAsync(\"a\", 1); await s.SendAsync(request); await s.CloseGracefullyAsync(TimeSpan.FromSeconds(5)); } }")]
    [InlineData(
        "class C { void M(byte[] request) { using var [|c|] = new TcpClient(\"a\", 1); c.GetStream().Write(request); } }",
        "class C { void M(byte[] request) { using var c = new TcpClient(\"a\", 1); c.GetStream().Write(request); c.CloseGracefully(TimeSpan.FromSeconds(5)); } }")]
    public Task Fix_ClosesGracefully(string before, string after) => Rule.FixesAsync(before, after);

    [Fact]
    public Task CodeThatSpeaksHttp_GetsNoFix() => Plain.OffersNoFixAsync(
        "class C { void M() { using var [|c|] = new TcpClient(\"a\", 1); c.GetStream().Write(Encoding.ASCII.GetBytes(\"GET / HTTP/1.1\\r\\n\\r\\n\")); } }");
}
