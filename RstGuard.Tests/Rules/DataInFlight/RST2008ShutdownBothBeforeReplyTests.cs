using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST2008ShutdownBothBeforeReplyTests
{
    private const string ToTheEnd = "while (s.Receive(b) > 0) { }";

    private static readonly Verify Rule = Verify.Rule("RST2008");

    public static TheoryData<string> Flagged =>
    [
        "class C { void M(Socket s, byte[] b) { s.Send(b); [|s.Shutdown(SocketShutdown.Both)|]; " + ToTheEnd + " s.Close(); } }",
        "class C { async Task M(Socket s, byte[] b) { await s.SendAsync(b); [|s.Shutdown(how: SocketShutdown.Both)|]; while (await s.ReceiveAsync(b).ConfigureAwait(false) > 0) { } } }",
        "class C { void M(TcpClient c, byte[] b) { var ns = c.GetStream(); ns.Write(b); [|c.Client.Shutdown(SocketShutdown.Both)|]; ns.ReadExactly(b); } }",
        "class C { void M(TcpClient c) { var r = new StreamReader(c.GetStream()); [|c.Client.Shutdown(SocketShutdown.Both)|]; Console.WriteLine(r.ReadToEnd()); } }",
        "class C { void M(Socket s, byte[] b) { const SocketShutdown Done = SocketShutdown.Both; [|s.Shutdown(Done)|]; " + ToTheEnd + " } }",
        "class C { void M(Socket s, byte[] b) { s.Shutdown(SocketShutdown.Send); [|s.Shutdown(SocketShutdown.Both)|]; " + ToTheEnd + " } }",
        "class C { void M(Socket s, byte[] b) { try { s.Send(b); [|s.Shutdown(SocketShutdown.Both)|]; s.Receive(b); } finally { s.Close(); } } }",
        "class C { Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); void M(byte[] b) { _s.Send(b); [|_s.Shutdown(SocketShutdown.Both)|]; while (_s.Receive(b) > 0) { } } void Stop() => _s.Dispose(); }",
        "partial class C { TcpClient _c = new TcpClient(\"a\", 1); } partial class C { void M(byte[] b) { [|_c.Client.Shutdown(SocketShutdown.Both)|]; while (_c.GetStream().Read(b, 0, 1) > 0) { } } }",
        "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Connect(\"a\", 1); var b = new byte[9]; s.Send(b); [|s.Shutdown(SocketShutdown.Both)|]; " + ToTheEnd,
        "class C { async IAsyncEnumerable<int> M(Socket s, byte[] b) { [|s.Shutdown(SocketShutdown.Both)|]; int n; while ((n = await s.ReceiveAsync(b)) > 0) { yield return n; } } }",
        "class C { void M(Socket s, byte[] b) { void Ask() { s.Send(b); } Ask(); Action a = () => { [|s.Shutdown(SocketShutdown.Both)|]; " + ToTheEnd + " }; a(); } }",
        "class C { void M(Socket s, byte[] b, bool fast) { s.Send(b); if (fast) { s.Shutdown(SocketShutdown.Both); } else { [|s.Shutdown(SocketShutdown.Both)|]; } " + ToTheEnd + " } }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        "class C { void M(Socket s, byte[] b) { s.Send(b); s.Shutdown(SocketShutdown.Both); s.Close(); } }",
        "class C { void M(Socket s, byte[] b) { s.Send(b); s.Shutdown(SocketShutdown.Send); " + ToTheEnd + " s.Close(); } }",
        "class C { void M(Socket s, byte[] b) { " + ToTheEnd + " s.Shutdown(SocketShutdown.Both); s.Close(); } }",
        "class C { void M(Socket s, byte[] b) { s?.Shutdown(SocketShutdown.Both); while (s?.Receive(b) > 0) { } } }",
        "class C { void M(Socket s, byte[] b, bool done) { if (done) { s.Shutdown(SocketShutdown.Both); } " + ToTheEnd + " } }",
        "class C { void M(Socket s, byte[] b, bool done) { if (done) { s.Shutdown(SocketShutdown.Both); return; } " + ToTheEnd + " } }",
        "class C { void M(Socket s, byte[] b) { s.Shutdown(SocketShutdown.Both); s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Connect(\"a\", 1); " + ToTheEnd + " } }",
        "class C { void M(Socket s, Socket t, byte[] b) { t.Shutdown(SocketShutdown.Both); " + ToTheEnd + " } }",
        "class C { void M(Socket l, byte[] b) { while (true) { Socket s = l.Accept(); " + ToTheEnd + " s.Shutdown(SocketShutdown.Both); s.Close(); } } }",
        "class C { void M(Socket s, byte[] b, SocketShutdown how) { s.Shutdown(how); " + ToTheEnd + " } }",
        "class C { void M(Socket s, byte[] b) { try { " + ToTheEnd + " } finally { s.Shutdown(SocketShutdown.Both); } } }",
        "class C { Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); void Read(byte[] b) { _s.Receive(b); } void Stop() { _s.Shutdown(SocketShutdown.Both); _s.Close(); } }",
        "class C { Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); void M(byte[] b) { _s.Shutdown(SocketShutdown.Both); Again(); _s.Receive(b); } void Again() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp); } }",
        "class C { void M(byte[] b) { var s = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); s.Shutdown(SocketShutdown.Both); s.Receive(b); } }",
        "class Link { public void Shutdown(SocketShutdown how) { } public int Receive(byte[] b) => 0; } class C { void M(Link s, byte[] b) { s.Shutdown(SocketShutdown.Both); " + ToTheEnd + " } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task ReceiveAfterShutdownOfBoth_IsFlagged(string source) => (Rule with { Severity = DiagnosticSeverity.Warning }).FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task TestProject_GetsInfo() =>
        (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info }).FlagsAsync("class C { void M(Socket s, byte[] b) { [|s.Shutdown(SocketShutdown.Both)|]; " + ToTheEnd + " } }");

    [Fact]
    public Task Message_SaysWhatBecomesOfTheReply() => (Rule with
    {
        Messages = ["After 's.Shutdown(SocketShutdown.Both)', 's.Receive(b)' gets no reply: what the peer still sends is answered with a reset and lost"],
    }).FlagsAsync("class C { void M(Socket s, byte[] b) { [|s.Shutdown(SocketShutdown.Both)|]; s.Receive(b); } }");

    [Fact]
    public Task HalfTypedCode_BreaksNothing() => Rule.SurvivesCutsAsync(
        "class C { TcpClient _c = new TcpClient(); async Task M(Socket s, byte[] b) { s?.Shutdown(SocketShutdown.Both); while (await s.ReceiveAsync(b) > 0) { } _c.Client.Shutdown(SocketShutdown.Both); _c.GetStream().Read(b, 0, 1); } }");

    [Theory]
    [InlineData(
        "class C { void M(Socket s, byte[] b) { s.Send(b); [|s.Shutdown(SocketShutdown.Both)|]; " + ToTheEnd + " } }",
        "class C { void M(Socket s, byte[] b) { s.Send(b); s.Shutdown(SocketShutdown.Send); " + ToTheEnd + " } }")]
    [InlineData(
        "class C { void M(Socket s, byte[] b) { [|s.Shutdown( /* done */ how: System.Net.Sockets.SocketShutdown.Both)|]; " + ToTheEnd + " } void N(Socket s, byte[] b) { [|s.Shutdown(SocketShutdown.Both)|]; " + ToTheEnd + " } }",
        "class C { void M(Socket s, byte[] b) { s.Shutdown( /* done */ how: System.Net.Sockets.SocketShutdown.Send); " + ToTheEnd + " } void N(Socket s, byte[] b) { s.Shutdown(SocketShutdown.Send); " + ToTheEnd + " } }")]
    public Task Fix_ShutsDownSendingAlone(string before, string after) => Rule.FixesAsync(before, after);

    [Theory]
    [InlineData("class C { void M(Socket s, byte[] b) { s.Send(Encoding.ASCII.GetBytes(\"GET / HTTP/1.1\\r\\n\\r\\n\")); [|s.Shutdown(SocketShutdown.Both)|]; " + ToTheEnd + " } }")]
    [InlineData("class C { const SocketShutdown Done = SocketShutdown.Both; void M(Socket s, byte[] b) { [|s.Shutdown(Done)|]; " + ToTheEnd + " } }")]
    public Task WhereItWouldBeWrong_NoFixIsOffered(string source) => Rule.OffersNoFixAsync(source);
}
