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
        // The paths.
        "class C { void M(Socket l) { Socket s = l.Accept(); if (s.Available == 0) { return; } [|s.Close()|]; } }",
        "class C { void M(TcpListener l) { using TcpClient [|c|] = l.AcceptTcpClient(); var ns = c.GetStream(); if (!ns.DataAvailable) throw new Exception(); } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); while (s.Available <= 0) { Thread.Sleep(1); } [|s.Close()|]; } }",
        "class C { void M(Socket l) { while (true) { Socket s = l.Accept(); s.Receive(new byte[4096]); [|s.Close()|]; } } }",
        "class C { void M(Socket l, bool b) { Socket s = l.Accept(); if (b) { s.Send(new byte[1]); } else { s.Send(new byte[2]); } s.Receive(new byte[4096]); [|s.Close()|]; } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); int n = s.Receive(new byte[4096]); if (n == 0) { s.Close(); return; } Console.WriteLine($\"{n}\"); [|s.Close()|]; } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); try { s.Receive(new byte[4096]); } catch (SocketException e) { Console.WriteLine(e); } finally { [|s.Close()|]; } } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); try { s.Receive(new byte[4096]); } catch (SocketException) { return; } [|s.Close()|]; } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); goto read; read: s.Receive(new byte[4096]); goto end; end: [|s.Close()|]; } }",
        "class C { void M(object state) { var c = (TcpClient)state; c.GetStream().Read(new byte[1024]); [|c.Close()|]; } }",
        "class C { void M(TcpClient c) { c.GetStream().Read(new byte[1024]); [|c.Close()|]; } }",
        "class C { async Task M(TcpListener l) { var c = await l.AcceptTcpClientAsync(); await using NetworkStream [|s|] = c.GetStream(); await s.ReadAsync(new byte[1024]); } }",
        "class C { void M(Socket l) { void Serve() { var s = l.Accept(); s.Receive(new byte[4096]); [|s.Close()|]; } Serve(); } }",
        "class C { async Task M() { var c = new TcpClient(); await c.ConnectAsync(\"a\", 1); var ns = c.GetStream(); var b = new byte[1024]; var n = await ns.ReadAsync(b); Console.WriteLine(Encoding.UTF8.GetString(b, 0, n)); await ns.WriteAsync(b); n = await ns.ReadAsync(b); Console.WriteLine(Encoding.UTF8.GetString(b, 0, n)); [|c.Close()|]; } }",
        // Fields.
        "class C { readonly TcpClient _c = new TcpClient(); void M() { _c.Connect(\"a\", 1); _c.GetStream().Read(new byte[999]); [|_c.Close()|]; } }",
        "class C { Socket _s; C(Socket s) { _s = s; } void M() { _s.Receive(new byte[999]); [|_s.Close()|]; } }",
        "class C : IDisposable { TcpClient _c = new TcpClient(); public string Ask(string q) { var ns = _c.GetStream(); ns.Write(Encoding.ASCII.GetBytes(q)); var b = new byte[999]; int n = ns.Read(b, 0, 999); return Encoding.ASCII.GetString(b, 0, n); } public void Dispose() { [|_c.Dispose()|]; } }",
        "class C : IDisposable { TcpClient _c; NetworkStream _ns; public C() { _c = new TcpClient(\"a\", 1); _ns = _c.GetStream(); _ns.Read(new byte[999]); } public void Dispose() { [|_ns.Close()|]; } }",
        "class C : IDisposable { TcpClient _c; Stream _ns; public C() { var c = new TcpClient(\"a\", 1); _c = c; _ns = c.GetStream(); Greet(); } void Greet() { _ns.Read(new byte[999]); } public void Dispose() { _c?[|.Close()|]; } }",
        "class C { private Socket S { get; set; } = new Socket(SocketType.Stream, ProtocolType.Tcp); async Task M() { await S.ConnectAsync(\"a\", 1); await S.ReceiveAsync(new byte[999]); [|S.Dispose()|]; } }",
        "partial class C { private Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); } partial class C { C() { _s.Connect(\"a\", 1); _s.Receive(new byte[999]); } } partial class C { public void Stop() { [|_s.Close()|]; } }",
        "class B { protected Socket S = new Socket(SocketType.Stream, ProtocolType.Tcp); protected B() { S.Connect(\"a\", 1); S.Receive(new byte[999]); } } sealed class C : B { public void Stop() { [|S.Close()|]; } }",
        "class B { private Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); protected B() { _s.Connect(\"a\", 1); _s.Receive(new byte[999]); } protected void Stop() { [|_s.Close()|]; } } class C : B { }",
        "class O { class C { private Socket _s; public void M() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp); _s.Connect(\"a\", 1); _s.Receive(new byte[999]); [|_s.Close()|]; } } }",
        "class C { private Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); void M() { if (_s.Available > 0) { [|_s.Close()|]; } } }",
        "class C { private Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); void M() { _s.Receive(new byte[99], SocketFlags.Peek); [|_s.Close()|]; } }",
        "class C { static TcpClient c; static void Main() { c = new TcpClient(\"a\", 1); c.GetStream().Read(new byte[99], 0, 99); [|c.Close()|]; } }",
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
        // The paths.
        "class C { void M(Socket l) { Socket s = l.Accept(); int n = s.Receive(new byte[4096]); if (n == 0) { s.Close(); return; } } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); again: int n = s.Receive(new byte[4096]); if (n > 0) goto again; s.Close(); } }",
        "class C { void M(Socket l, bool b) { Socket s = l.Accept(); again: s.Receive(new byte[4096]); if (b) goto again; s.Close(); } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); if (s.Receive(new byte[1], SocketFlags.Peek) == 0) { s.Close(); } } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); bool dead = s.Receive(new byte[1], SocketFlags.Peek) == 0; if (dead) { s.Close(); } } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); bool more = s.Receive(new byte[4096]) > 0; if (!more) { s.Close(); } } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); try { s.Receive(new byte[4096]); } catch { s.Close(); } } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); while (s.Available > 0) { s.Receive(new byte[4096]); } s.Close(); } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); if (s.Available > 0) return; s.Close(); } }",
        "class C { Socket _s; void M() { var s = _s; s.Receive(new byte[4096]); s.Close(); } Socket Get() => _s; }",
        "class C { void M(List<Socket> all) { foreach (var s in all) { s.Receive(new byte[4096]); s.Close(); } } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); s.Receive(new byte[4096]); s.Receive(new byte[4096]); s.Close(); } }",
        "class C { void M(Socket l, bool b) { Socket s = l.Accept(); s.Receive(new byte[4096]); s.Send(new byte[1]); if (b) { s.Receive(new byte[4096]); } s.Close(); } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); for (int i = 0; i < 3; i++) { s.Receive(new byte[4096]); s.Send(new byte[1]); s.Receive(new byte[4096]); } s.Close(); } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); s.Receive(new byte[4096]); s.Close(0); } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); s.Receive(new byte[4096]); s.Close(5); } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); s.Receive(new byte[4096]); s.SafeHandle.Dispose(); } }",
        // Likely, and yet not.
        "class C { void M(Socket l) { Socket s = l.Accept(); try { s.Send(new byte[1]); H(s); } catch (SocketException) { s.Close(); } } void H(Socket s) { } }",
        "class C { void M(TcpClient c) { try { var tls = new System.Net.Security.SslStream(c.GetStream()); tls.AuthenticateAsClient(\"a\"); } catch (IOException) { c.Close(); } } }",
        "class C { void M(Socket l, Socket o) { try { new System.Net.Security.SslStream(new NetworkStream(l)).AuthenticateAsServer(new System.Net.Security.SslServerAuthenticationOptions()); } catch (IOException) { o.Close(); } } }",
        "class C { void M(Socket l, int n) { Socket s = l.Accept(); H(s); if (n > 9) { s.Close(); } } void H(Socket s) { } }",
        "class C { void M(Socket l) { Socket s = l.Accept(); if (!s.Connected) { s.Close(); return; } H(s); } void H(Socket s) { } }",
        "class C { void M(Socket l, int n) { using Socket s = l.Accept(); if (n > 9) { return; } s.Send(new byte[1]); } }",
        "class C { void M(SocketAsyncEventArgs e) { if (e.SocketError != SocketError.Success) { e.AcceptSocket.Close(); return; } H(e.AcceptSocket); } void H(Socket s) { } }",
        "class C { void M(IAsyncResult r) { var s = (Socket)r.AsyncState; int n = s.EndReceive(r); if (n == 0) { s.Close(); return; } s.BeginReceive(new byte[9], 0, 9, SocketFlags.None, M, s); } }",
        "class C { void M(IAsyncResult r) { var s = (Socket)r.AsyncState; int n = s.EndReceive(r); if (n == 0) { s.Close(); return; } H(s); } void H(Socket s) { } }",
        "class C { Socket _s; void M() { if (!Drain()) { Close(); } } void Close() { _s.Dispose(); } bool Drain() { var b = new byte[99]; while (true) { var r = _s.BeginReceive(b, 0, 99, SocketFlags.None, null, null); if (!r.AsyncWaitHandle.WaitOne(5000)) { return false; } if (_s.EndReceive(r) == 0) return true; } } }",
        "class C { Socket _s; void M() { Drain(); } void Close() { _s.Dispose(); } bool Drain() { var b = new byte[99]; while (true) { var r = _s.BeginReceive(b, 0, 99, SocketFlags.None, null, null); if (!r.AsyncWaitHandle.WaitOne(50)) { return false; } if (_s.EndReceive(r) == 0) return true; } } }",
        "class C { Socket _s; bool _keep; void M() { if (!_keep) { Drain(); Close(); return; } Drain(); } void Close() { _s.Close(); } void Drain() { var b = new byte[99]; while (_s.Receive(b) > 0) { } } }",
        // Compared as a whole.
        "class C { void M(TcpClient c) { var b = new byte[999]; int n = c.GetStream().Read(b, 0, 999); string t = Encoding.ASCII.GetString(b, 0, n); Check.Equal(\"hello\", t); c.Close(); } } class Check { public static void Equal<T>(T expected, T actual) { } }",
        "class C { void M(TcpClient c) { var b = new byte[999]; int n = c.GetStream().Read(b, 0, 999); if (Encoding.ASCII.GetString(b, 0, n).Trim() == \"PONG\") { Console.WriteLine(); } c.Close(); } }",
        "class C { void M(TcpClient c, byte[] expected) { var b = new byte[999]; int n = c.GetStream().Read(b, 0, 999); Console.WriteLine(b[..n].SequenceEqual(expected)); c.Close(); } }",
        // Fields.
        "class C { private Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); public int Read(byte[] b) => _s.Receive(b); public void Close() => _s.Close(); }",
        "class C { private Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); public void Read() { _s.Receive(new byte[999]); } public void Close() => _s.Close(); }",
        "class C { private Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); void Read() { _s.Receive(new byte[999]); } public void Run() { while (true) { Read(); } } public void Close() => _s.Close(); }",
        "class C { private Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); public C() { new Thread(Read).Start(); } void Read() { _s.Receive(new byte[999]); } public void Close() => _s.Close(); }",
        "class C { private Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); public C() { Read(3); } void Read(int n) { _s.Receive(new byte[999]); if (n > 0) { Read(n - 1); } } public void Close() => _s.Close(); }",
        "class C { private Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); void M() { _s.Receive(new byte[999]); N(); _s.Close(); } void N() { _s.Receive(new byte[999]); } }",
        "class C { private Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); void M() { if (_s.Available > 0) { N(); _s.Close(); } } void N() { _s.Receive(new byte[999]); } }",
        "class C { internal Socket S = new Socket(SocketType.Stream, ProtocolType.Tcp); void M() { S.Receive(new byte[999]); S.Close(); } }",
        "class C { private Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); public Socket S => _s; void M() { _s.Receive(new byte[999]); _s.Close(); } }",
        "class C { public Socket S { get; private set; } = new Socket(SocketType.Stream, ProtocolType.Tcp); void M() { S.Receive(new byte[999]); S.Close(); } }",
        "class B { protected Socket S = new Socket(SocketType.Stream, ProtocolType.Tcp); protected void Stop() { S.Receive(new byte[999]); S.Close(); } } class C : B { void M() { S.Receive(new byte[999]); } }",
        "class C { TcpClient _c = new TcpClient(); StreamReader _r; void M() { _r = new StreamReader(_c.GetStream()); _c.GetStream().Read(new byte[999]); _c.Close(); } }",
        "class C { TcpClient _c = new TcpClient(); Stream _ns; void M() { _ns = _c.GetStream(); _ns = new System.Net.Security.SslStream(_ns); _ns.Read(new byte[999]); _c.Close(); } }",
        "class C { TcpClient _c = new TcpClient(); void M() { H(_c); _c.GetStream().Read(new byte[999]); _c.Close(); } static void H(TcpClient c) { } }",
        "class C { TcpClient _c = new TcpClient(\"a\", 80); public string Get() { var ns = _c.GetStream(); ns.Write(Encoding.ASCII.GetBytes(\"GET / HTTP/1.1\\r\\n\\r\\n\")); var b = new byte[999]; return Encoding.ASCII.GetString(b, 0, ns.Read(b, 0, 999)); } public void Close() { _c.Close(); } }",
        "class C { Socket _s = new Socket(SocketType.Dgram, ProtocolType.Udp); void M() { _s.Receive(new byte[999]); _s.Close(); } }",
        "class C { Socket _s = Pool.Get(); void M() { _s.Receive(new byte[999]); _s.Close(); } } class Pool { public static Socket Get() => null; }",
        "class C { Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); void M() { Task.Run(() => _s.Receive(new byte[999])); } void Stop() { _s.Close(); } }",
        "class C { Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); class N { void M(C c) { c._s.Receive(new byte[999]); c._s.Receive(new byte[999]); } } void Stop() { _s.Receive(new byte[999]); _s.Close(); } }",
    ];

    [Theory, MemberData(nameof(Certain))]
    public Task CertainShape_IsFlagged(string source) => (Rule with { Severity = DiagnosticSeverity.Warning }).FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task PartsInTwoFiles_AreOneType() => (Rule with
    {
        ExtraSources = [("Other.cs", "using System.Net.Sockets; partial class C { private Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); public C() { _s.Connect(\"a\", 1); _s.Receive(new byte[999]); } }")],
    }).FlagsAsync("partial class C { public void Stop() { [|_s.Close()|]; } }");

    [Fact]
    public Task ASecondReceiveInAnotherFile_IsSilent() => (Rule with
    {
        ExtraSources = [("Other.cs", "using System.Net.Sockets; partial class C { private Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); public void Drain() { while (_s.Receive(new byte[999]) > 0) { } } }")],
    }).IsSilentAsync("partial class C { public void Stop() { _s.Receive(new byte[999]); _s.Close(); } }");

    [Theory]
    [InlineData("class C { async Task M(TcpListener l) { using var c = await l.AcceptTcpClientAsync(); var ns = c.GetStream(); var b = new byte[4096]; int n = await ns.ReadAsync(b, 0, b.Length); if (n == 0) return; Console.WriteLine(Encoding.ASCII.GetString(b, 0, n)); } }")]
    [InlineData("class C { readonly TcpClient _c = new TcpClient(); Stream _s; void M() { _s = _c.GetStream(); try { if (_s.Read(new byte[999], 0, 999) > 0) { } } finally { _c?.Close(); } } public void Dispose() => _c.Dispose(); }")]
    public Task HalfTypedCode_BreaksNothing(string source) => Rule.SurvivesCutsAsync(source);

    [Theory]
    [InlineData("class C { void Abort(Socket l) { Socket s = l.Accept(); s.Receive(new byte[4096]); [|s.Close()|]; } }")]
    [InlineData("class ChaosServer { void M(Socket l) { Socket s = l.Accept(); s.Receive(new byte[4096]); [|s.Close()|]; } }")]
    public Task NamesOfIntendedResets_SayNothingOfUnreadData(string source) => Rule.FlagsAsync(source);

    [Theory]
    // The handshake failed.
    [InlineData("class C { void M(TcpClient c) { try { var tls = new System.Net.Security.SslStream(c.GetStream()); tls.AuthenticateAsServer(new System.Net.Security.SslServerAuthenticationOptions()); } catch (IOException) { [|c.Close()|]; } } }")]
    [InlineData("class C { async Task M(Socket s) { try { var tls = new System.Net.Security.SslStream(new NetworkStream(s, true)); await tls.AuthenticateAsServerAsync(new System.Net.Security.SslServerAuthenticationOptions()).ConfigureAwait(false); } catch { [|s.Dispose()|]; throw; } } }")]
    [InlineData("class C { static void M(Socket s) { D d = null; try { d = new D(s); } catch (Exception) { [|s.Close()|]; return; } } } class D { Stream _s; internal D(Socket s) { var ns = new NetworkStream(s, false); var tls = new System.Net.Security.SslStream(ns, false); tls.AuthenticateAsServer(new System.Net.Security.SslServerAuthenticationOptions()); _s = tls; } }")]
    // Turned away.
    [InlineData("class C { int _n; void M(Socket l) { Socket s = l.Accept(); if (_n > 9) { [|s.Close()|]; return; } H(s); } void H(Socket s) { } }")]
    [InlineData("class C { int _n; async Task M(TcpListener l) { while (true) { var c = await l.AcceptTcpClientAsync(); if (_n > 9) { c.Client.Send(new byte[1]); [|c.Dispose()|]; continue; } _ = H(c); } } Task H(TcpClient c) => Task.CompletedTask; }")]
    [InlineData("class C { int _n; void M(SocketAsyncEventArgs e) { if (_n < 9) { H(e.AcceptSocket); } else { [|e.AcceptSocket.Dispose()|]; } } void H(Socket s) { } }")]
    // The one receive of a callback.
    [InlineData("class C { void M(IAsyncResult r) { object[] state = (object[])r.AsyncState; Socket s = (Socket)state[0]; int n = s.EndReceive(r); if (n > 0 && H(s)) { return; } [|s.Close()|]; } bool H(Socket s) => false; }")]
    [InlineData("class T { public Socket S; } class C { void M(IAsyncResult r) { var t = (T)r.AsyncState; Socket s = t.S; s.EndReceive(r); [|s.Close()|]; } }")]
    // One path drains.
    [InlineData("class C { Socket _s; bool _keep; void M() { if (!_keep) { [|Close()|]; return; } Drain(); } void Close() { _s.Close(); } void Drain() { var b = new byte[99]; while (_s.Receive(b) > 0) { } } }")]
    [InlineData("class C { Socket _s; D _d; void M(bool force) { if (force) { [|Close()|]; return; } if (!_d.Drain()) { Close(); return; } } void Close() { End(); } void End() { try { _s.Shutdown(SocketShutdown.Both); } catch { } _s.Close(); } } class D { Stream I => null; internal bool Drain() { var input = I; var b = new byte[99]; while (true) { var r = input.BeginRead(b, 0, 99, null, null); if (![|r.AsyncWaitHandle.WaitOne(100)|]) return false; if (input.EndRead(r) <= 0) return true; } } }")]
    // The drain gives up.
    [InlineData("class C { Socket _s; D _d; void M() { if (!_d.Drain()) { Close(); return; } } void Close() { _s.Close(); } } class D { Stream I => null; internal bool Drain() { var input = I; var b = new byte[99]; while (true) { try { var r = input.BeginRead(b, 0, 99, null, null); if (!r.IsCompleted) { var timeout = 100; if (![|r.AsyncWaitHandle.WaitOne(timeout)|]) return false; } if (input.EndRead(r) <= 0) return true; } catch { return false; } } } }")]
    [InlineData("class C { Socket _s; void M() { if (!Drain()) { Close(); } } void Close() { _s.Dispose(); } bool Drain() { var b = new byte[99]; while (true) { var r = _s.BeginReceive(b, 0, 99, SocketFlags.None, null, null); if (![|r.AsyncWaitHandle.WaitOne(TimeSpan.FromMilliseconds(50))|]) { return false; } if (_s.EndReceive(r) == 0) return true; } } }")]
    public Task LikelyShape_GetsInfo(string source) => (Rule with { Severity = DiagnosticSeverity.Info }).FlagsAsync(source);

    // What a scan without packages sees.
    [Theory]
    [InlineData("buf.ToStr(null, 0, n)", true)]
    [InlineData("Codec.ToHexString(buf, 0, n)", true)]
    [InlineData("Codec.Parse(buf, 0, n)", false)]
    public Task CountThatGoesToACallThatDoesNotBind_DecidesByTheCallsName(string call, bool flagged)
    {
        string source = $"class C {{ void M(Socket l) {{ Socket s = l.Accept(); var buf = new byte[4096]; int n = s.Receive(buf); Log.Write(\"<= {{0}}\", {call}); [|s.Close()|]; }} }}";
        return flagged ? (Rule with { AllowCompileErrors = true }).FlagsAsync(source) : (Rule with { AllowCompileErrors = true }).IsSilentAsync(source.Replace("[|", "").Replace("|]", ""));
    }

    [Fact]
    public Task SendWhoseArgumentDoesNotBind_IsASend() => (Rule with { AllowCompileErrors = true }).FlagsAsync(
        "class C { async Task M() { var client = new TcpClient(); await client.ConnectAsync(\"a\", 1); var ns = client.GetStream(); var buf = new byte[1024]; var count = await ns.ReadAsync(buf); Log.WriteLine(\"<={0}\", buf.ToStr(null, 0, count)); "
        + "var str = \"Hello\"; await ns.WriteAsync(str.GetBytes()); count = await ns.ReadAsync(buf); Log.WriteLine(\"<={0}\", buf.ToStr(null, 0, count)); [|client.Close()|]; } }");

    [Fact]
    public Task EchoAndClose_GetsInfo() => (Rule with { Severity = DiagnosticSeverity.Info }).FlagsAsync(
        "class C { void M(Socket l) { Socket s = l.Accept(); var b = new byte[4096]; int n = s.Receive(b); s.Send(b, n, SocketFlags.None); [|s.Close()|]; } }");

    [Fact]
    public Task Message_SaysWhatThePeerGets() => (Rule with
    {
        Messages = ["'s' is closed while received data may be unread: a single receive took only what had arrived by then; with data unread, closing sends the peer a reset, and what this side has sent but the peer has not received is lost"],
    }).FlagsAsync("class C { void M(Socket l) { Socket s = l.Accept(); s.Receive(new byte[4096]); [|s.Close()|]; } }");
}
