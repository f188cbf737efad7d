using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST5002StoppedListenerTests
{
    private static readonly Verify Rule = Verify.Rule("RST5002");

    private static string Method(string body) => $"class C {{ async Task M(TcpListener l, Socket s, bool flag) {{ {body} await Task.Yield(); }} static void Serve(IDisposable client) {{ client.Dispose(); }} }}";

    public static TheoryData<string> Flagged =>
    [
        "while (flag) { Serve(l.AcceptTcpClient()); } [|l.Stop()|];",
        "while (flag) { Serve(l.AcceptSocket()); } [|l.Dispose()|];",
        "try { while (true) { Serve(await l.AcceptTcpClientAsync().ConfigureAwait(false)); } } finally { [|l.Stop()|]; }",
        "for (int i = 0; i < 3; i++) { Serve(s.Accept()); } [|s.Close()|];",
        "while (flag) { Serve(await s.AcceptAsync()); } [|s.Dispose()|];",
        "while (flag) { Serve(l.AcceptTcpClient()); } l?[|.Stop()|];",
        // Nobody waits at the second.
        "while (flag) { Serve(l.AcceptTcpClient()); } [|l.Stop()|]; l.Dispose();",
        "while (flag) { Serve(l.AcceptTcpClient()); } l?[|.Stop()|]; if (flag) { l?.Dispose(); }",
        "while (flag) { Serve(l.AcceptTcpClient()); } if (flag) { [|l.Stop()|]; } [|l.Dispose()|];",
        "var e = new SocketAsyncEventArgs(); e.Completed += (_, done) => s.AcceptAsync(done); s.AcceptAsync(e); [|s.Close()|];",
    ];

    public static TheoryData<string> FlaggedTypes =>
    [
        "class C { TcpListener l = new(IPAddress.Loopback, 0); void Run() { while (true) { l.AcceptTcpClient().Dispose(); } } void End() { [|l.Stop()|]; } }",
        "partial class C { Socket? _s; void End() => _s?[|.Close()|]; } partial class C { void Run() { while (true) { _s!.Accept().Dispose(); } } }",
        "class C { TcpListener l = new(IPAddress.Loopback, 0); void Run() { l.BeginAcceptTcpClient(On, null); } void On(IAsyncResult r) { l.EndAcceptTcpClient(r).Dispose(); l.BeginAcceptTcpClient(On, null); } void End() => [|l.Stop()|]; }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        // A probe for a free port.
        "l.Start(); int port = ((IPEndPoint)l.LocalEndpoint).Port; l.Stop();",
        // One client.
        "l.Start(); Serve(l.AcceptTcpClient()); l.Stop();",
        "Serve(s.Accept()); s.Close();",
        "s.AcceptAsync(new SocketAsyncEventArgs()); s.Close();",
        // Drained.
        "do { Serve(l.AcceptTcpClient()); } while (flag || l.Pending()); l.Stop();",
        "while (flag) { Serve(l.AcceptTcpClient()); } while (l.Pending()) { Serve(l.AcceptTcpClient()); } l.Stop();",
        "while (s.Poll(0, SelectMode.SelectRead)) { Serve(s.Accept()); } s.Close();",
        "while (flag) { try { Serve(l.AcceptTcpClient()); } catch (SocketException) { l.Stop(); throw; } }",
        // Another listener's.
        "var other = new TcpListener(IPAddress.Loopback, 0); while (flag) { Serve(other.AcceptTcpClient()); } l.Stop();",
        "while (flag) { Socket client = s.Accept(); client.Close(); }",
        "var u = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); while (flag) { Serve(u.Accept()); } u.Close();",
    ];

    public static TheoryData<string> LookAlikeTypes =>
    [
        "class C { TcpListener l = new(IPAddress.Loopback, 0); void Run() { while (l.Pending()) { l.AcceptTcpClient().Dispose(); } } void End() { l.Stop(); } }",
        "class C { Socket? s; void Open() { s!.BeginAccept(On, null); } void On(IAsyncResult r) { s!.EndAccept(r).Dispose(); s.Close(); } }",
        "class TcpListener { public void Stop() { } public object AcceptTcpClient() => this; } class C { void M(TcpListener l) { while (true) { l.AcceptTcpClient(); if (l is null) { break; } } l.Stop(); } }",
        "class C { TcpListener l = new(IPAddress.Loopback, 0); void End() => l.Stop(); } class D { void Run(TcpListener l) { while (true) { l.AcceptTcpClient().Dispose(); } } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task StopWithClientsWaiting_IsFlagged(string body) => Rule.FlagsAsync(Method(body));

    [Theory, MemberData(nameof(FlaggedTypes))]
    public Task StopInAnotherMember_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string body) => Rule.IsSilentAsync(Method(body));

    [Theory, MemberData(nameof(LookAlikeTypes))]
    public Task LookAlikeType_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task Message_SaysWhoIsReset() => (Rule with
    {
        Severity = DiagnosticSeverity.Info,
        Messages = ["'Stop' resets each client that has connected and is not accepted yet: it may have sent its request, which is lost"],
    }).FlagsAsync(Method("while (flag) { Serve(l.AcceptTcpClient()); } [|l.Stop()|];"));

    [Fact]
    public void OffByDefault() => Assert.False(Catalogue.Find("RST5002")!.Descriptor.IsEnabledByDefault);

    [Fact]
    public Task TestProjectsOff_AreSilent() => (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" })
        .IsSilentAsync(Method("while (flag) { Serve(l.AcceptTcpClient()); } l.Stop();"));

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Rule.SurvivesCutsAsync(Method("while (flag) { Serve(l.AcceptTcpClient()); } l.Stop(); s.AcceptAsync(new SocketAsyncEventArgs()); s?.Close();"));
}
