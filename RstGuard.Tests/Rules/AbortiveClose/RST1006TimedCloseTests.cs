using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST1006TimedCloseTests
{
    private static readonly Verify Rule = Verify.Rule("RST1006");

    public static TheoryData<string> Flagged =>
    [
        "class C { void M(Socket s) { [|s.Close(200)|]; } }",
        "class C { void M(Socket s) { [|s.Close(0001)|]; } }",
        "class C { void M(Socket s) { [|s.Close(timeout: 5000)|]; } }",
        "class C { const int Patience = 1000; void M(Socket s) { [|s.Close(Patience)|]; } }",
        "class C { void M(Socket? s) { s?[|.Close(200)|]; } }",
        "class C { void M(TcpClient c) { [|c.Client.Close(200)|]; } }",
        "class C { void M(TcpClient? c) { c?.Client?[|.Close(200)|]; } }",
        "class C { Socket _s = null!; void Stop() { _s.Shutdown(SocketShutdown.Both); [|_s.Close(200)|]; } }",
        "partial class C { Socket _s = null!; } partial class C { void Stop() => [|_s.Close(200)|]; }",
        "class C { void M(Socket s) { Action a = () => [|s.Close(200)|]; a(); } }",
        "class C { void M(Socket s) { void End() { [|s.Close(200)|]; } End(); } }",
        "class C { async Task M(Socket s) { await s.SendAsync(new byte[1], SocketFlags.None).ConfigureAwait(false); [|s.Close(200)|]; } }",
        "class C { async IAsyncEnumerable<int> M(Socket s) { yield return 1; await Task.Yield(); [|s.Close(200)|]; } }",
        "class C { void M(Socket s) { try { s.Send(new byte[1]); } finally { [|s.Close(200)|]; } } }",
        "class C { void M(Socket l) { var s = l.Accept(); s.Send(new byte[1]); [|s.Close(200)|]; l.Close(); } }",
        "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); [|s.Close(200)|];",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        "class C { void M(Socket s) { s.Close(); } }",
        "class C { void M(Socket s) { s.Close(0); } }",
        "class C { void M(Socket s) { s.Close(-1); s.Close(Timeout.Infinite); } }",
        "class C { void M(Socket s, int timeout) { s.Close(timeout); } }",
        "class C { int _t = 100; void M(Socket s) { s.Close(_t); } }",
        "class C { void M(NetworkStream s) { s.Close(200); } }",
        "class C { void M() { var s = new Socket(SocketType.Dgram, ProtocolType.Udp); s.Close(200); } }",
        "class C { void M() { var s = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); s.Close(200); } }",
        "class C { Socket _l = new Socket(SocketType.Stream, ProtocolType.Tcp); void Start() { _l.Listen(5); } void Stop() { _l.Close(200); } }",
        "class C { void M() { var l = new Socket(SocketType.Stream, ProtocolType.Tcp); l.Bind(new IPEndPoint(IPAddress.Loopback, 0)); l.Listen(1); l.Close(200); } }",
        "class C { void M(TcpListener l) { l.Server.Close(200); } }",
        "class C { void M(Socket s) { try { s.Send(new byte[1]); } catch (SocketException) { s.Close(200); } } }",
        "class C { void M(Socket s) { var b = new byte[9]; while (s.Receive(b) > 0) { } s.Close(200); } }",
        "class C { void AbortAfter(Socket s) { s.Close(200); } }",
        "class IntentionalResetAttribute : Attribute { public IntentionalResetAttribute(string why) { } } class C { [IntentionalReset(\"evicts\")] void M(Socket s) { s.Close(200); } }",
        "class Socket { public void Close(int timeout) { } } class C { void M(Socket s) { s.Close(200); } }",
        "class C { void M(System.Net.WebSockets.ClientWebSocket w, Thread t) { w.Dispose(); t.Join(200); } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task CloseWithATime_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task Message_SaysWhatResets() =>
        (Rule with { Severity = DiagnosticSeverity.Info, Messages = ["'s.Close(200)' waits up to 200 ms for the peer to close, and resets the connection when it has not by then or when it sends anything; what the peer has not received yet is lost"] })
            .FlagsAsync("class C { void M(Socket s) { [|s.Close(200)|]; } }");

    [Fact]
    public Task TestProjectsOff_AreSilent() =>
        (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" }).IsSilentAsync("class C { void M(Socket s) { s.Close(200); } }");

    [Fact]
    public Task UsersSeverity_WinsInTestProjects() =>
        (Rule with { IsTestProject = true, EditorConfig = "dotnet_diagnostic.RST1006.severity = error", Severity = DiagnosticSeverity.Error })
            .FlagsAsync("class C { void M(Socket s) { [|s.Close(200)|]; } }");

    [Fact]
    public Task Cuts_AreSurvived() => Rule.SurvivesCutsAsync(
        "class C { const int T = 5; TcpClient _c = new TcpClient(); async Task M(Socket s) { try { await Task.Yield(); s.Close(T); } catch (SocketException) { s?.Close(200); } finally { _c.Client.Close(timeout: 3); } } }");
}
