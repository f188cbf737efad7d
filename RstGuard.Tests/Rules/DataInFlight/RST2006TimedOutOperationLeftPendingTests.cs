using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST2006TimedOutOperationLeftPendingTests
{
    private static readonly Verify Rule = Verify.Rule("RST2006");

    public static TheoryData<string> Flagged =>
    [
        // WaitAsync.
        "class C { async Task<int> M(Socket s, byte[] b) => await [|s.ReceiveAsync(b, SocketFlags.None).WaitAsync(TimeSpan.FromSeconds(1))|]; }",
        "class C { async Task M(Socket s, Memory<byte> b) { await [|s.SendAsync(b).AsTask().WaitAsync(TimeSpan.FromSeconds(1))|].ConfigureAwait(false); } }",
        "class C { async Task M(Socket s, byte[] b, CancellationToken t) { await [|s.ReceiveAsync(b, SocketFlags.None).WaitAsync(t)|]; } }",
        "class C { async Task M(NetworkStream s, byte[] b) { await [|s.ReadAsync(b, 0, 9, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(1))|]; } }",
        "class C { async Task M(TcpClient c, byte[] b) { Stream s = c.GetStream(); await [|s.ReadAsync(b, 0, 9).WaitAsync(TimeSpan.FromSeconds(1))|]; } }",
        "class C { private readonly TcpClient _c = new TcpClient(); private Stream _s; void Open() { _c.Connect(\"a\", 1); _s = _c.GetStream(); } async Task<int> Read(byte[] b) => await [|_s.ReadAsync(b, 0, 9).WaitAsync(TimeSpan.FromSeconds(1))|]; }",
        "class C { async Task M(Socket s, byte[] b) { Task<int> read = s.ReceiveAsync(b, SocketFlags.None); await [|read.WaitAsync(TimeSpan.FromSeconds(1))|]; } }",
        "class C { async Task M(TcpListener l) { while (true) { try { var c = await [|l.AcceptTcpClientAsync().WaitAsync(TimeSpan.FromSeconds(1))|]; c.Dispose(); } catch (TimeoutException) { } } } }",
        "class C { async Task M(Socket l) { using var s = await [|l.AcceptAsync().WaitAsync(TimeSpan.FromSeconds(1))|]; } }",
        "using var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Connect(\"a\", 1); await [|s.ReceiveAsync(new byte[9], SocketFlags.None).WaitAsync(TimeSpan.FromSeconds(1))|];",
        // The stream is read on after the time.
        "class C { async Task M(TcpClient c, byte[] b) { using var s = c.GetStream(); while (true) { try { await [|s.ReadAsync(b, 0, 9).WaitAsync(TimeSpan.FromSeconds(1))|]; } catch (TimeoutException) { } } } }",
        "class C { async Task<int> M(byte[] b) { using var c = new TcpClient(\"a\", 1); var s = c.GetStream(); var read = s.ReadAsync(b, 0, 9); if (await [|Task.WhenAny(read, Task.Delay(1000))|] == read) { return await read; } return await s.ReadAsync(b, 0, 9); } }",
        // WhenAny.
        "class C { async Task M(Socket s, byte[] b) { var read = s.ReceiveAsync(b, SocketFlags.None); if (await [|Task.WhenAny(read, Task.Delay(1000))|] != read) throw new TimeoutException(); Console.WriteLine(await read); } }",
        "class C { async Task<int> M(Socket s, byte[] b) { Task<int> read = s.ReceiveAsync(b, SocketFlags.None); if (await [|Task.WhenAny(read, Task.Delay(1000)).ConfigureAwait(false)|] == read) { return await read; } return -1; } }".Replace("[|Task.WhenAny(read, Task.Delay(1000)).ConfigureAwait(false)|]", "[|Task.WhenAny(read, Task.Delay(1000))|].ConfigureAwait(false)", StringComparison.Ordinal),
        "class C { async Task M(Socket s, byte[] b) { await [|Task.WhenAny(s.ReceiveAsync(b, SocketFlags.None), Task.Delay(1000))|]; s.Dispose(); } }",
        "class C { async Task M(Socket s, byte[] b) { var read = s.ReceiveAsync(b, SocketFlags.None); var late = Task.Delay(1000); var done = await [|Task.WhenAny(read, late)|]; if (done == late) { s.Close(); return; } Console.WriteLine(read.Result); } }",
        "class C { async Task M(Socket s, byte[] b) { var read = s.ReceiveAsync(b, SocketFlags.None); await [|Task.WhenAny(read, Task.Delay(1000))|]; if (!read.IsCompleted) { s.Close(); return; } Console.WriteLine(read.Result); } }",
        "class C { async Task M(Socket s, byte[] b) { while (true) { var read = s.ReceiveAsync(b, SocketFlags.None); if (await [|Task.WhenAny(Task.Delay(1000), read)|] != read) { continue; } Console.WriteLine(await read); } } }",
        "class C { async Task M(TcpListener l, CancellationToken t) { var a = l.AcceptTcpClientAsync(); if (await [|Task.WhenAny(a, Task.Delay(-1, t))|] == a) { using var c = await a; } } }",
        // Wait.
        "class C { bool M(Socket s, byte[] b) => [|s.ReceiveAsync(b, SocketFlags.None).Wait(1000)|]; }",
        "class C { int M(NetworkStream s, byte[] b) { Task<int> t = s.ReadAsync(b, 0, 9); if ([|t.Wait(TimeSpan.FromSeconds(1))|]) return t.Result; return 0; } }",
        "class C { void M(NetworkStream s, byte[] b) { Task t = s.WriteAsync(b, 0, 9); if (![|t.Wait(1000)|]) throw new TimeoutException(); } }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        // The operation is cancelled by itself.
        "class C { async Task M(Socket s, byte[] b, CancellationToken t) { await s.ReceiveAsync(b, SocketFlags.None, t).AsTask().WaitAsync(TimeSpan.FromSeconds(1)); } }",
        "class C { async Task M(NetworkStream s, byte[] b, CancellationToken t) { var read = s.ReadAsync(b, 0, 9, t); if (await Task.WhenAny(read, Task.Delay(1000)) != read) throw new TimeoutException(); } }",
        // Without a limit.
        "class C { void M(Socket s, byte[] b) { s.ReceiveAsync(b, SocketFlags.None).Wait(); } }",
        "class C { async Task M(Socket s, Socket o, byte[] b) { await Task.WhenAny(s.ReceiveAsync(b, SocketFlags.None), o.ReceiveAsync(b, SocketFlags.None)); } }",
        "class C { async Task M(Socket s, byte[] b, Task stop) { var read = s.ReceiveAsync(b, SocketFlags.None); await Task.WhenAny(read, stop); } }",
        "class C { async Task M(Socket s, byte[] b, Task stop) { await Task.WhenAny(s.ReceiveAsync(b, SocketFlags.None), stop, Task.Delay(1000)); } }",
        // It is waited for again.
        "class C { async Task M(Socket s, byte[] b) { var read = s.ReceiveAsync(b, SocketFlags.None); while (await Task.WhenAny(read, Task.Delay(1000)) != read) { Console.WriteLine(\"still waiting\"); } await read; } }",
        "class C { async Task M(Socket s, byte[] b) { var read = s.ReceiveAsync(b, SocketFlags.None); while (true) { if (await Task.WhenAny(read, Task.Delay(1000)) == read) { await read; read = s.ReceiveAsync(b, SocketFlags.None); } else { Console.WriteLine(); } } } }",
        "class C { async Task M(Socket s, byte[] b) { var read = s.ReceiveAsync(b, SocketFlags.None); if (await Task.WhenAny(read, Task.Delay(1000)) != read) { Console.WriteLine(\"slow\"); } await read; } }",
        "class C { async Task M(Socket s, byte[] b) { var read = s.ReceiveAsync(b, SocketFlags.None); await Task.WhenAny(read, Task.Delay(1000)); await read; } }",
        "class C { Task<int> _read; async Task M(Socket s, byte[] b) { _read = s.ReceiveAsync(b, SocketFlags.None); await Task.WhenAny(_read, Task.Delay(1000)); } }",
        "class C { async Task<Task<int>> M(Socket s, byte[] b) { var read = s.ReceiveAsync(b, SocketFlags.None); await Task.WhenAny(read, Task.Delay(1000)); return read; } }",
        "class C { async Task M(Socket s, byte[] b) { var read = s.ReceiveAsync(b, SocketFlags.None); if (!read.Wait(1000)) { Console.WriteLine(\"slow\"); read.Wait(); } } }",
        // Shut down, or closed by what sends a FIN, and not used again.
        "class C { async Task M(Socket s, byte[] b) { var read = s.ReceiveAsync(b, SocketFlags.None); if (await Task.WhenAny(read, Task.Delay(1000)) != read) { s.Shutdown(SocketShutdown.Both); s.Close(); return; } await read; } }",
        "class C { async Task M(TcpClient c, byte[] b) { var read = c.GetStream().ReadAsync(b, 0, 9); if (await Task.WhenAny(read, Task.Delay(1000)) != read) { c.Close(); throw new TimeoutException(); } await read; } }",
        "class C { async Task M(byte[] b) { using var c = new TcpClient(\"a\", 1); await c.GetStream().ReadAsync(b, 0, 9).WaitAsync(TimeSpan.FromSeconds(1)); } }",
        "class C { async Task M(byte[] b) { using var c = new TcpClient(\"a\", 1); while (true) { await c.GetStream().ReadAsync(b, 0, 9).WaitAsync(TimeSpan.FromSeconds(1)); } } }",
        "class C { async Task M(byte[] b) { using (var c = new TcpClient(\"a\", 1)) using (var s = c.GetStream()) { if (!s.ReadAsync(b, 0, 9).Wait(1000)) { return; } } } }",
        "class C { async Task M(byte[] b) { using (var c = new TcpClient(\"a\", 1)) { try { await c.GetStream().ReadAsync(b, 0, 9).WaitAsync(TimeSpan.FromSeconds(1)); } catch (TimeoutException) { Console.WriteLine(); } } } }",
        "class C { async Task M() { var l = new TcpListener(IPAddress.Loopback, 0); l.Start(); try { var c = await l.AcceptTcpClientAsync().WaitAsync(TimeSpan.FromSeconds(1)); c.Dispose(); } finally { l.Stop(); } } }",
        "class C { async Task M() { using var l = new TcpListener(IPAddress.Loopback, 0); l.Start(); using var c = await l.AcceptTcpClientAsync().WaitAsync(TimeSpan.FromSeconds(1)); } }",
        "class C { async Task<string> M(TcpClient c) { using var r = new StreamReader(c.GetStream()); var line = r.ReadLineAsync(); if (await Task.WhenAny(line, Task.Delay(1000)) == line) return await line; c.Close(); return null; } }",
        "class C { async Task<int> M(byte[] b) { using var c = new TcpClient(\"a\", 1); var read = c.GetStream().ReadAsync(b, 0, 9); if (await Task.WhenAny(read, Task.Delay(1000)) == read) { return await read; } return -1; } }",
        // Connecting, datagrams, and other types.
        "class C { async Task M(Socket s) { await s.ConnectAsync(\"a\", 1).WaitAsync(TimeSpan.FromSeconds(1)); } }",
        "class C { async Task M(TcpClient c) { if (!c.ConnectAsync(\"a\", 1).Wait(1000)) { c.Close(); } } }",
        "class C { async Task M(UdpClient u) { await u.ReceiveAsync().WaitAsync(TimeSpan.FromSeconds(1)); } }",
        "class C { async Task M(byte[] b) { var s = new Socket(SocketType.Dgram, ProtocolType.Udp); await s.ReceiveAsync(b, SocketFlags.None).WaitAsync(TimeSpan.FromSeconds(1)); } }",
        "class C { async Task M(Stream s, byte[] b) { await s.ReadAsync(b, 0, 9).WaitAsync(TimeSpan.FromSeconds(1)); } }",
        "class C { async Task M(FileStream s, byte[] b, Socket o) { await s.ReadAsync(b, 0, 9).WaitAsync(TimeSpan.FromSeconds(1)); } }",
        "class Pipe { public Task<int> ReceiveAsync() => null; } class C { async Task M(Pipe p, Socket o) { await p.ReceiveAsync().WaitAsync(TimeSpan.FromSeconds(1)); } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task LimitOnWaiting_IsFlagged(string source) => (Rule with { Severity = DiagnosticSeverity.Warning }).FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Theory]
    [InlineData("s.ReceiveAsync(b, SocketFlags.None)", "'s.ReceiveAsync' stays pending when the wait for it is given up, because it has no token: closing the socket meanwhile sends the peer a reset, and if it is not closed, the receive takes the next data, which nobody gets")]
    [InlineData("n.ReadAsync(b, 0, 9)", "'n.ReadAsync' stays pending when the wait for it is given up, because it has no token: it takes the next data that arrives, which nobody gets")]
    [InlineData("n.WriteAsync(b, 0, 9)", "'n.WriteAsync' stays pending when the wait for it is given up, because it has no token: the rest is still sent, before whatever is sent next")]
    [InlineData("l.AcceptSocketAsync()", "'l.AcceptSocketAsync' stays pending when the wait for it is given up, because it has no token: it takes the next client, which nobody serves")]
    public Task Message_SaysWhatTheOperationWillDo(string operation, string message) => (Rule with { Messages = [message] }).FlagsAsync(
        $"class C {{ async Task M(Socket s, NetworkStream n, TcpListener l, byte[] b) {{ await [|{operation}.WaitAsync(TimeSpan.FromSeconds(1))|]; }} }}");

    [Fact]
    public Task OtherHalf_IsTheOperation() => Rule.FlagsAsync(
        "class C { async Task M(Socket s, byte[] b) { var read = {|#0:s.ReceiveAsync(b, SocketFlags.None)|}; await [|Task.WhenAny(read, Task.Delay(1000))|]; } }");

    [Theory]
    [InlineData("class C { async Task KillAfter(Socket s, byte[] b) { await s.ReceiveAsync(b, SocketFlags.None).WaitAsync(TimeSpan.FromSeconds(1)); } }")]
    [InlineData("class IntentionalResetAttribute : Attribute { } class C { [IntentionalReset] async Task M(Socket s, byte[] b) { await s.ReceiveAsync(b, SocketFlags.None).WaitAsync(TimeSpan.FromSeconds(1)); } }")]
    public Task IntendedReset_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task TestProject_GetsInfo() => (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info }).FlagsAsync(
        "class C { async Task M(Socket s, byte[] b) { await [|s.ReceiveAsync(b, SocketFlags.None).WaitAsync(TimeSpan.FromSeconds(1))|]; } }");

    [Fact]
    public Task TestProject_IsSilentWhereSwitchedOff() => (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" }).IsSilentAsync(
        "class C { async Task M(Socket s, byte[] b) { await s.ReceiveAsync(b, SocketFlags.None).WaitAsync(TimeSpan.FromSeconds(1)); } }");

    [Fact]
    public Task HalfTypedCode_BreaksNothing() => Rule.SurvivesCutsAsync(
        "class C { async Task M(Socket s, TcpListener l, byte[] b) { var read = s.ReceiveAsync(b, SocketFlags.None); var done = await Task.WhenAny(read, Task.Delay(1000)); if (done != read) { s.Close(); return; } using var c = await l.AcceptSocketAsync().WaitAsync(TimeSpan.FromSeconds(1)); if (!s.SendAsync(b, SocketFlags.None).Wait(9)) { } } }");
}
