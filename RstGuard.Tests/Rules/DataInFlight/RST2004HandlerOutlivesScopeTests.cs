using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST2004HandlerOutlivesScopeTests
{
    private const string Handler = " static async Task H(Socket s) { await s.ReceiveAsync(new byte[9], SocketFlags.None); } static async Task H(TcpClient c) { await Task.Yield(); c.GetStream().WriteByte(1); } static async Task H(NetworkStream n) { await n.WriteAsync(new byte[9]); } static void B(Socket s) { s.Receive(new byte[9]); } static void B(object s) { ((Socket)s).Receive(new byte[9]); } }";

    private static readonly Verify Rule = Verify.Rule("RST2004");

    public static TheoryData<string> Flagged =>
    [
        "class C { async Task M(Socket l) { while (true) { using Socket [|s|] = await l.AcceptAsync(); _ = H(s); } }" + Handler,
        "class C { async Task M(Socket l) { while (true) { using (var [|s|] = await l.AcceptAsync().ConfigureAwait(false)) { H(s); } } }" + Handler,
        "class C { async Task M(TcpListener l) { using var [|c|] = await l.AcceptTcpClientAsync(); _ = H(c); Console.WriteLine(\"accepted\"); }" + Handler,
        "class C { void M(TcpListener l) { using TcpClient [|c|] = l.AcceptTcpClient(); _ = H(c.GetStream()); }" + Handler,
        "class C { void M(TcpListener l) { using var [|c|] = l.AcceptTcpClient(); var n = c.GetStream(); _ = H(n); }" + Handler,
        "class C { void M(Socket l) { using var [|s|] = l.Accept(); Task.Run(() => H(s)); }" + Handler,
        "class C { void M(Socket l) { using var [|s|] = l.Accept(); _ = Task.Run(async () => { await H(s); }); }" + Handler,
        "class C { void M(Socket l) { using var [|s|] = l.Accept(); var t = Task.Run(() => H(s)); }" + Handler,
        "class C { void M(Socket l) { using var [|s|] = l.Accept(); Task.Factory.StartNew(() => B(s), TaskCreationOptions.LongRunning); }" + Handler,
        "class C { void M(Socket l) { using var [|s|] = l.Accept(); ThreadPool.QueueUserWorkItem(_ => B(s)); }" + Handler,
        "class C { void M(Socket l) { using var [|s|] = l.Accept(); ThreadPool.QueueUserWorkItem(B, s); }" + Handler,
        "class C { void M(Socket l) { using var [|s|] = l.Accept(); new Thread(() => B(s)).Start(); }" + Handler,
        "class C { void M(Socket l) { using var [|s|] = l.Accept(); var t = new Thread(() => B(s)) { }; t.IsBackground = true; t.Start(); }" + Handler,
        "class C { void M(Socket l) { using var [|s|] = l.Accept(); new Thread(B).Start(s); }" + Handler,
        "class C { void M(Socket l) { var s = l.Accept(); _ = H(s); [|s.Close()|]; }" + Handler,
        "class C { void M(Socket l) { var s = l.Accept(); try { _ = H(s); } finally { [|s.Dispose()|]; } }" + Handler,
        "class C { void M(Socket s) { using ([|s|]) { _ = H(s); } }" + Handler,
        "class C { void M(Socket l) { using var [|s|] = l.Accept(); async Task Serve() { await s.ReceiveAsync(new byte[9], SocketFlags.None); } _ = Serve(); }" + Handler,
        "class C { void M(Socket l, bool b) { using var [|s|] = l.Accept(); if (b) { _ = H(s); return; } }" + Handler,
        "class C { void M(Socket l) { using var [|s|] = l.Accept(); V(s); } async void V(Socket s) { await s.ReceiveAsync(new byte[9], SocketFlags.None); }" + Handler,
        "class C { void M(Socket l, IHandler h) { using var [|s|] = l.Accept(); _ = h.HandleAsync(s); } } interface IHandler { Task HandleAsync(Socket s); }",
        "var l = new TcpListener(IPAddress.Loopback, 0); l.Start(); while (true) { using var [|c|] = l.AcceptTcpClient(); _ = Task.Run(() => c.GetStream().CopyTo(Stream.Null)); }",
        "class C { Action<Socket> A = l => { using var [|s|] = l.Accept(); _ = H(s); };" + Handler,
    ];

    public static TheoryData<string> LookAlikes =>
    [
        // Waited for.
        "class C { async Task M(Socket l) { using Socket s = await l.AcceptAsync(); await H(s); }" + Handler,
        "class C { async Task M(Socket l) { using Socket s = await l.AcceptAsync(); var t = H(s); await t; }" + Handler,
        "class C { async Task M(Socket l) { using Socket s = await l.AcceptAsync(); var t = H(s); var u = H(s); await Task.WhenAll(t, u); }" + Handler,
        "class C { async Task M(Socket l) { using Socket s = await l.AcceptAsync(); await Task.WhenAny(H(s), H(s)); }" + Handler,
        "class C { void M(Socket l) { using Socket s = l.Accept(); H(s).Wait(); }" + Handler,
        "class C { void M(Socket l) { using Socket s = l.Accept(); H(s).GetAwaiter().GetResult(); }" + Handler,
        "class C { void M(Socket l) { using Socket s = l.Accept(); Task.Run(() => H(s)).Wait(); }" + Handler,
        "class C { void M(Socket l) { using Socket s = l.Accept(); var t = new Thread(() => B(s)); t.Start(); t.Join(); }" + Handler,
        "class C { async Task M(Socket l) { var all = new List<Task>(); using Socket s = l.Accept(); all.Add(H(s)); await Task.WhenAll(all); }" + Handler,
        "class C { Task M(Socket l) { var s = l.Accept(); return H(s); }" + Handler,
        // The scope lasts as long as something else in it.
        "class C { async Task M(Socket l) { using Socket s = await l.AcceptAsync(); _ = H(s); await Task.Delay(-1); }" + Handler,
        "class C { void M(Socket l) { using Socket s = l.Accept(); _ = H(s); Console.ReadLine(); }" + Handler,
        "class C { void M(Socket l) { using Socket s = l.Accept(); _ = H(s); while (s.Connected) { Thread.Sleep(100); } }" + Handler,
        "class C { void M(Socket l, ManualResetEvent e) { using Socket s = l.Accept(); ThreadPool.QueueUserWorkItem(_ => { B(s); e.Set(); }); e.WaitOne(); }" + Handler,
        "class C { async Task M(Socket l) { using Socket s = l.Accept(); while (true) { _ = H(s); await Task.Delay(9); } }" + Handler,
        "class C { async Task M() { using var c = new TcpClient(\"a\", 1); _ = Task.Run(() => c.GetStream().CopyTo(Console.OpenStandardOutput())); await Console.OpenStandardInput().CopyToAsync(c.GetStream()); } }",
        // Not on the path of the handler.
        "class C { void M(Socket l, bool b) { var s = l.Accept(); if (b) { _ = H(s); } else { s.Close(); } }" + Handler,
        "class C { void M(Socket l, bool b) { var s = l.Accept(); if (b) { _ = H(s); return; } s.Close(); }" + Handler,
        "class C { void M(Socket l) { var s = l.Accept(); try { _ = H(s); } catch { s.Close(); } }" + Handler,
        "class C { void M(Socket l) { Socket s = null; try { s = l.Accept(); _ = H(s); s = null; } finally { s?.Close(); } }" + Handler,
        "class C { void M(Socket l) { while (true) { var s = l.Accept(); if (!s.Connected) { s.Close(); continue; } _ = H(s); } }" + Handler,
        // The handler owns it.
        "class C { void M(Socket l) { var s = l.Accept(); _ = H(s); }" + Handler,
        "class C { void M(Socket l) { var s = l.Accept(); Task.Run(() => { using (s) { B(s); } }); }" + Handler,
        // The callee is done when it returns.
        "class C { void M(Socket l) { using var s = l.Accept(); _ = D(s); } static async Task D(Socket s) { s.Send(new byte[9]); await Task.Delay(1); }" + Handler,
        "class C { void M(Socket l) { using var s = l.Accept(); _ = D(s); } static Task D(Socket s) { s.Send(new byte[9]); return Task.CompletedTask; }" + Handler,
        "class C { void M(Socket l) { using var s = l.Accept(); B(s); }" + Handler,
        "class C { void M(Socket l) { using var s = l.Accept(); Action a = () => B(s); a(); }" + Handler,
        "class C { void M(Socket l) { using var s = l.Accept(); new[] { 1, 2 }.ToList().ForEach(_ => B(s)); }" + Handler,
        "class C { void M(Socket l) { using var s = l.Accept(); Task.Run(() => Console.WriteLine(s.RemoteEndPoint)); }" + Handler,
        // Listeners, datagrams, other types.
        "class C { void M() { using var l = new Socket(SocketType.Stream, ProtocolType.Tcp); l.Listen(); _ = A(l); } static async Task A(Socket l) { await l.AcceptAsync(); } }",
        "class C { void M() { using var u = new UdpClient(); _ = D(u); } static async Task D(UdpClient u) { await u.ReceiveAsync(); } }",
        "class C { void M() { using var s = new Socket(SocketType.Dgram, ProtocolType.Udp); _ = D(s); } static async Task D(Socket u) { await u.ReceiveAsync(new byte[9], SocketFlags.None); } }",
        "class C { void M(Socket o) { using var f = File.OpenRead(\"a\"); _ = D(f); } static async Task D(Stream f) { await f.ReadAsync(new byte[9]); } }",
        // Intended.
        "class C { void KillSlow(Socket l) { using var s = l.Accept(); _ = H(s); }" + Handler,
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task ScopeThatEndsFirst_IsFlagged(string source) => (Rule with { Severity = DiagnosticSeverity.Warning }).FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task Message_OfASocket_SpeaksOfTheReset() => (Rule with
    {
        Messages = ["'s' is closed while 'H', which nobody waits for, still uses it: the peer gets a reset, and what it has not received yet is lost"],
    }).FlagsAsync("class C { void M(Socket l) { using var [|s|] = l.Accept(); _ = {|#0:H(s)|}; }" + Handler);

    [Fact]
    public Task Message_OfAClient_SpeaksOfTheEarlyEnd() => (Rule with
    {
        Messages = ["'c' is closed while 'Task.Run', which nobody waits for, still uses it: the peer gets the end of the data before all of it, and what it still sends is answered with a reset"],
    }).FlagsAsync("class C { void M(TcpListener l) { using var [|c|] = l.AcceptTcpClient(); {|#0:Task.Run(() => H(c))|}; }" + Handler);

    [Fact]
    public Task TestProject_GetsInfo() => (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info }).FlagsAsync(
        "class C { void M(Socket l) { using var [|s|] = l.Accept(); _ = H(s); }" + Handler);

    [Fact]
    public Task TestProject_IsSilentWhereSwitchedOff() => (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" }).IsSilentAsync(
        "class C { void M(Socket l) { using var s = l.Accept(); _ = H(s); }" + Handler);

    [Fact]
    public Task AttributeOfIntent_IsHeard() => Rule.IsSilentAsync(
        "class IntentionalResetAttribute : Attribute { } class C { [IntentionalReset] void M(Socket l) { using var s = l.Accept(); _ = H(s); }" + Handler);

    [Fact]
    public Task HalfTypedCode_BreaksNothing() => Rule.SurvivesCutsAsync(
        "class C { async Task M(Socket l) { using (var s = await l.AcceptAsync()) { var t = new Thread(() => B(s)); t.Start(); } var x = l.Accept(); try { _ = H(x); } finally { x.Dispose(); } }" + Handler);
}
