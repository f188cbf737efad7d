using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST2002ClosedWhilePendingTests
{
    private static readonly Verify Rule = Verify.Rule("RST2002");

    private const string Loop = "async Task LoopAsync() { var b = new byte[99]; while (await _s.ReceiveAsync(b, SocketFlags.None) > 0) { } }";
    private const string Blocking = "void Loop() { var b = new byte[99]; while (true) { if (_s.Receive(b) == 0) break; } }";

    /// <summary>The evidence, in the type itself.</summary>
    public static TheoryData<string> Pending =>
    [
        // Asynchronous by form.
        "class C { Socket _s; public C(Socket s) { _s = s; _s.BeginReceive(new byte[9], 0, 9, SocketFlags.None, OnReceive, null); } void OnReceive(IAsyncResult r) { _s.EndReceive(r); } public void Stop() { [|_s.Close()|]; } }",
        "class C { Socket _s; SocketAsyncEventArgs _e; public void Start(Socket s) { _s = s; _e = new SocketAsyncEventArgs(); _e.Completed += Done; if (!_s.ReceiveAsync(_e)) Done(this, _e); } void Done(object o, SocketAsyncEventArgs e) { } public void Dispose() { _s?[|.Dispose()|]; } }",
        "class C { Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); Task<int> _read; public void Start() { _s.Connect(\"a\", 1); _read = _s.ReceiveAsync(new byte[9], SocketFlags.None); } public void Stop() { [|_s.Close()|]; } }",
        "class C { Socket _s = new Socket(SocketType.Stream, ProtocolType.Tcp); public void Start() { _s.Connect(\"a\", 1); _ = _s.ReceiveAsync(new byte[9], SocketFlags.None); } public void Stop() { [|_s.Close()|]; } }",
        "class C { void M(Socket l) { var s = l.Accept(); var t = s.ReceiveAsync(new byte[9], SocketFlags.None); Thread.Sleep(50); [|s.Dispose()|]; } }",
        "class C { void M(Socket l) { var s = l.Accept(); s.BeginReceive(new byte[9], 0, 9, SocketFlags.None, r => { }, null); Console.ReadLine(); [|s.Close()|]; } }",
        "using var [|s|] = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Connect(\"a\", 1); _ = s.ReceiveAsync(new byte[9], SocketFlags.None); Console.ReadLine();",
        "class C { Socket _s; public C(Socket s) { _s = s; } public void Read(byte[] b) { Func<AsyncCallback, object, IAsyncResult> begin = (c, o) => _s.BeginReceive(b, 0, b.Length, SocketFlags.None, c, o); Task<int> t = Task.Factory.FromAsync<int>(begin, _s.EndReceive, null); t.ContinueWith(x => Read(b)); } public void Dispose() { [|_s.Dispose()|]; } }",
        "class Client { public Socket Socket { get; } public Client(Socket s) { Socket = s; } } class Server { List<Client> _all = new List<Client>(); void Serve(Socket l) { while (true) { var c = new Client(l.Accept()); _all.Add(c); c.Socket.BeginReceive(new byte[9], 0, 9, SocketFlags.None, OnReceive, c); } } void OnReceive(IAsyncResult r) { var c = (Client)r.AsyncState; if (c.Socket.EndReceive(r) == 0) c.Socket.Close(); } public void Stop() { foreach (var c in _all) [|c.Socket.Close()|]; } }",
        // A loop that is started.
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Dispose() { [|_s.Dispose()|]; } }",
        "class C { Socket _s; Task _t; public C(Socket s) { _s = s; _t = LoopAsync(); } " + Loop + " public void Dispose() { [|_s.Dispose()|]; } }",
        "class C { Socket _s; public void Start(Socket s) { _s = s; Task.Run(LoopAsync); } " + Loop + " public void Dispose() { [|_s.Dispose()|]; } }",
        "class C { Socket _s; public void Start(Socket s) { _s = s; Task.Run(() => LoopAsync()); } " + Loop + " public void Dispose() { [|_s.Dispose()|]; } }",
        "class C { Socket _s; public void Start(Socket s) { _s = s; Task.Run(async () => { await LoopAsync().ConfigureAwait(false); }); } " + Loop + " public void Dispose() { [|_s.Dispose()|]; } }",
        "class C { Socket _s; public void Start(Socket s) { _s = s; Task.Factory.StartNew(Loop, TaskCreationOptions.LongRunning); } " + Blocking + " public void Dispose() { [|_s.Dispose()|]; } }",
        "class C { Socket _s; Thread _t; public void Start(Socket s) { _s = s; _t = new Thread(Loop) { IsBackground = true }; _t.Start(); } " + Blocking + " public void Close() { [|_s.Close()|]; } }",
        "class C { Socket _s; public void Start(Socket s) { _s = s; new Thread(new ThreadStart(Loop)).Start(); } " + Blocking + " public void Close() { [|_s.Close()|]; } }",
        "class C { Socket _s; public void Start(Socket s) { _s = s; ThreadPool.QueueUserWorkItem(_ => Loop()); } " + Blocking + " public void Close() { [|_s.Close()|]; } }",
        "class C { Socket _s; public async void Start(Socket s) { _s = s; var b = new byte[9]; while (true) { if (await _s.ReceiveAsync(b, SocketFlags.None).ConfigureAwait(false) == 0) return; } } public void Run(Socket s) { Start(s); } public void Close() { [|_s.Close()|]; } }",
        "class C { Socket _s; public void Start(Socket s) { _s = s; _ = Pump(); async Task Pump() { var b = new byte[9]; while (await _s.ReceiveAsync(b, SocketFlags.None) != 0) { } } } public void Close() { [|_s.Close()|]; } }",
        // Through what is put over it.
        "class C { Socket _s; NetworkStream _n; public C(Socket s) { _s = s; _n = new NetworkStream(_s); _ = LoopAsync(); } async Task LoopAsync() { var b = new byte[9]; while (await _n.ReadAsync(b, 0, 9) > 0) { } } public void Stop() { _n.Dispose(); [|_s.Close()|]; } }",
        "class C { Socket _s; StreamReader _r; public C(Socket s) { _s = s; _r = new StreamReader(new NetworkStream(_s)); _ = LoopAsync(); } async Task LoopAsync() { while (await _r.ReadLineAsync() is string l) { Console.WriteLine(l); } } public void Stop() { [|_s.Close()|]; } }",
        "class C { TcpClient _c = new TcpClient(); public void Start() { _c.Connect(\"a\", 1); _ = LoopAsync(); } async Task LoopAsync() { var b = new byte[9]; while (await _c.GetStream().ReadAsync(b, 0, 9) > 0) { } } public void Stop() { [|_c.Client.Close()|]; } }",
        "class C { private Socket S { get; set; } public void Start(Socket s) { S = s; _ = LoopAsync(); } async Task LoopAsync() { var b = new byte[9]; while (await S.ReceiveAsync(b, SocketFlags.None) > 0) { } } public void Stop() { [|S.Close()|]; } }",
        // The shape of the type.
        "partial class C { Socket _s; public void Dispose() { [|_s.Dispose()|]; } } partial class C { public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " }",
        "abstract class B { protected Socket _s; protected void Start(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " } class C : B { public C(Socket s) { Start(s); } public void Stop() { [|_s.Close()|]; } }",
        "abstract class B { private Socket _s; protected B(Socket s) { _s = s; } protected Socket Connection => _s; public void Stop() { [|_s.Close()|]; } } class C : B { public C(Socket s) : base(s) { _ = Pump(); } async Task Pump() { var b = new byte[9]; while (await Connection.ReceiveAsync(b, SocketFlags.None) > 0) { } } }",
        "class C { Socket _s; public C(Socket s) { _s = s; new Pump(this).Start(); } class Pump { C _c; public Pump(C c) { _c = c; } public void Start() { Task.Run(() => { while (_c._s.Receive(new byte[9]) > 0) { } }); } } public void Stop() { [|_s.Close()|]; } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Dispose() { Dispose(true); } protected virtual void Dispose(bool disposing) { if (disposing) { [|_s.Dispose()|]; } } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop() { Cleanup(); } private void Cleanup() { [|_s.Dispose()|]; _s = null; } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop() { var s = _s; [|s.Close()|]; } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop() { Interlocked.Exchange(ref _s, null)?[|.Close()|]; } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop() { [|SafeClose(_s)|]; } static void SafeClose(Socket s) { try { s.Close(); } catch (Exception) { } } }",
        "static class X { public static void CloseQuietly(this Socket s) { if (s == null) return; try { s.Dispose(); } catch { } } } class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop() { [|_s.CloseQuietly()|]; } }",
        // It reads, and then starts to.
        "class C { Socket _s; public void Open(Socket s) { _s = s; _s.Receive(new byte[9]); _ = LoopAsync(); Thread.Sleep(99); [|_s.Close()|]; } " + Loop + " }",
        "class C { Socket _s; public void Open() { Make(); _ = LoopAsync(); Thread.Sleep(99); [|_s.Close()|]; } void Make() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp); _s.Connect(\"a\", 1); } " + Loop + " }",
        // The first of two closes is the one.
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop() { [|_s.Close()|]; _s.Dispose(); } }",
        // Shutdown elsewhere does not help here; nor does one of receiving.
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop() { _s.Shutdown(SocketShutdown.Both); _s.Close(); } public bool TryClose() { [|_s.Close()|]; return true; } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop() { _s.Shutdown(SocketShutdown.Receive); [|_s.Close()|]; } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop(bool soft) { if (soft) { _s.Shutdown(SocketShutdown.Both); _s.Close(); return; } [|_s.Close()|]; } }",
        // A greeting is no request.
        "class C { Socket _s; public C(Socket s) { _s = s; Task.Run(LoopAsync); } async Task LoopAsync() { var b = new byte[9]; _s.Send(b); while (await _s.ReceiveAsync(b, SocketFlags.None) > 0) { } } public void Dispose() { [|_s.Dispose()|]; } }",
        // A server: it answers what it reads.
        "class C { Socket _s; public C(Socket s) { _s = s; Task.Run(LoopAsync); } async Task LoopAsync() { var b = new byte[9]; while (await _s.ReceiveAsync(b, SocketFlags.None) > 0) { _s.Send(b); } } public void Dispose() { [|_s.Dispose()|]; } }",
    ];

    /// <summary>The evidence, in what the type gives its connection to.</summary>
    public static TheoryData<string> PendingInWrappers =>
    [
        "class H { readonly Socket _s; public H(Socket s) { _s = s; } public void Start() { var e = new SocketAsyncEventArgs(); e.Completed += Done; if (!_s.ReceiveAsync(e)) Done(null, e); } void Done(object o, SocketAsyncEventArgs e) { } public void Dispose() { _s.Shutdown(SocketShutdown.Both); _s.Close(); } } class C { Socket _s; H _h; public void Connect() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp); _s.Connect(\"a\", 1); _h = new H(_s); _h.Start(); } public void Dispose() { _s?[|.Dispose()|]; _h?.Dispose(); } }",
        "abstract class B { readonly Socket _s; protected B(Socket s) { _s = s; } public void Start() { Task.Run(() => { while (_s.Receive(new byte[9]) > 0) { } }); } } class H : B { public H(object o, Socket socket) : base(socket) { } } class C { Socket _s; H _h; public void Connect() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp); _s.Connect(\"a\", 1); _h = new H(this, _s); _h.Start(); } public void Dispose() { [|_s.Dispose()|]; } }",
        "class S { readonly Socket _s; public S(Socket s) { _s = s; } public void Send(byte[] b) { _s.Send(b); } public bool TryClose() { [|_s.Close()|]; return true; } } class H { readonly Socket _s; readonly S _sender; public H(Socket s) { _s = s; _sender = new S(s); _s.BeginReceive(new byte[9], 0, 9, SocketFlags.None, Done, null); } void Done(IAsyncResult r) { } public void Dispose() { _s.Shutdown(SocketShutdown.Both); _s.Close(); } }",
        // Someone awaits the wrapper's receive in a loop that is started, and someone else ends the wrapper.
        "interface IConn : IAsyncDisposable { ValueTask<int> ReceiveAsync(Memory<byte> b); } sealed class Conn : IConn { readonly Socket _s; public Conn(Socket s) { _s = s; } public ValueTask<int> ReceiveAsync(Memory<byte> b) => _s.ReceiveAsync(b, SocketFlags.None); public ValueTask DisposeAsync() { [|_s.Dispose()|]; return default; } } class Client { IConn _c; Task _loop; public void Start(Socket s) { _c = new Conn(s); _loop = Task.Run(ReadLoop); } async Task ReadLoop() { var b = new byte[9]; while (true) { if (await _c.ReceiveAsync(b).ConfigureAwait(false) == 0) break; } } public async Task CloseAsync() { await _c.DisposeAsync(); } }",
    ];

    private const string Connection =
        "interface IConn : IAsyncDisposable { ValueTask<int> ReceiveAsync(Memory<byte> b); } sealed class Conn : IConn { readonly Socket _s; public Conn(Socket s) { _s = s; } public ValueTask<int> ReceiveAsync(Memory<byte> b) => _s.ReceiveAsync(b, SocketFlags.None); public ValueTask DisposeAsync() { [|_s.Dispose()|]; return default; } } "
        + "class Lines { readonly IConn _c; public Lines(IConn c) { _c = c; } public async Task<string> NextAsync() { var b = new byte[9]; while (true) { int n = await _c.ReceiveAsync(b).ConfigureAwait(false); if (n == 0) return null; if (b[n - 1] == 10) return \"line\"; } } } "
        + "class Reader { readonly Lines _l; readonly Task _loop; public Reader(IConn c) { _l = new Lines(c); _loop = Task.Run(LoopAsync); } async Task LoopAsync() { while (true) { if (await _l.NextAsync() == null) break; } } public async Task DisposeAsync() { await _loop; } } ";

    [Fact]
    public Task LoopOfAnotherType_IsPendingForTheOneWhoEndsTheConnection() =>
        Rule.FlagsAsync(Connection + "class Client { IConn _c; Reader _r; public void Start(Socket s) { _c = new Conn(s); _r = new Reader(_c); } public async Task CloseAsync() { await _c.DisposeAsync(); await _r.DisposeAsync(); } }");

    [Fact]
    public Task ConnectionThatIsEndedAsADisposable_IsFlagged() =>
        Rule.FlagsAsync(Connection + "class Client { IConn _c; Reader _r; public void Start(Socket s) { _c = new Conn(s); _r = new Reader(_c); } public async Task CloseAsync() { await End(_c); await End(null); } static async Task End(IAsyncDisposable d) { try { await d.DisposeAsync(); } catch (Exception e) { Console.WriteLine(e); } } }");

    [Fact]
    public Task ConnectionOfAFactory_ThatTheLoopEndsItself_IsSilent() =>
        Rule.IsSilentAsync("class W : IDisposable { Socket _s; public W(Socket s) { _s = s; } public async Task RunAsync() { var b = new byte[9]; while (await _s.ReceiveAsync(b, SocketFlags.None) > 0) { } } public void Dispose() { _s.Dispose(); } } class F { public static W Make(Socket s) => new W(s); } class Server { async Task Handle(Socket s) { using (var w = F.Make(s)) { await w.RunAsync(); } } void Loop(Socket l) { while (true) { _ = Handle(l.Accept()); } } }");

    [Fact]
    public Task LoopOfAnotherType_ThatIsWaitedForThroughItsOwner_IsNotPending() =>
        Rule.IsSilentAsync((Connection + "class Client { IConn _c; Reader _r; public void Start(Socket s) { _c = new Conn(s); _r = new Reader(_c); } public async Task CloseAsync() { await _r.DisposeAsync(); await _c.DisposeAsync(); } }").Replace("[|", "").Replace("|]", ""));

    /// <summary>Right, or not known to be wrong.</summary>
    public static TheoryData<string> LookAlikes =>
    [
        // Nothing is pending, or nobody knows.
        "class C { Socket _s; public C(Socket s) { _s = s; } public int Read(byte[] b) => _s.Receive(b); public Task<int> ReadAsync(byte[] b) => _s.ReceiveAsync(b, SocketFlags.None); public void Dispose() { _s.Dispose(); } }",
        "class C { Socket _s; public C(Socket s) { _s = s; } public byte[] Ask(byte[] q) { _s.Send(q); return ReadReply(); } byte[] ReadReply() { var b = new byte[9]; int n = 0; while (n < 9) { n += _s.Receive(b, n, 9 - n, SocketFlags.None); } return b; } public void Dispose() { _s.Dispose(); } }",
        "class C { Socket _s; Timer _t; public C(Socket s) { _s = s; _t = new Timer(_ => Ask(new byte[1])); } byte[] Ask(byte[] q) { _s.Send(q); return ReadReply(); } byte[] ReadReply() { var b = new byte[9]; while (true) { if (_s.Receive(b) > 3) return b; } } public void Dispose() { _s.Dispose(); } }",
        "class C { Socket _s; public C(Socket s) { _s = s; Task.Run(Poll); } async Task Poll() { var b = new byte[9]; while (true) { _s.Send(b); await _s.ReceiveAsync(b, SocketFlags.None); } } public void Dispose() { _s.Dispose(); } }",
        "class C { Socket _s; public C(Socket s) { _s = s; } public async Task RunAsync() { var b = new byte[9]; while (await _s.ReceiveAsync(b, SocketFlags.None) > 0) { } _s.Close(); } public void Start() { _ = RunAsync(); } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } async Task LoopAsync() { var b = new byte[9]; try { while (await _s.ReceiveAsync(b, SocketFlags.None) > 0) { } } finally { Cleanup(); } } private void Cleanup() { _s.Close(); } }",
        "class C { void M(Socket l) { var s = l.Accept(); var t = s.ReceiveAsync(new byte[9], SocketFlags.None); t.Wait(); s.Dispose(); } }",
        "class C { async Task M(Socket l) { var s = l.Accept(); var t = s.ReceiveAsync(new byte[9], SocketFlags.None); s.Send(new byte[1]); await t; s.Dispose(); } }",
        "class C { void M(Socket l) { var s = l.Accept(); var r = s.BeginReceive(new byte[9], 0, 9, SocketFlags.None, null, null); r.AsyncWaitHandle.WaitOne(); s.EndReceive(r); s.Dispose(); } }",
        "class C { async Task M(Socket l) { var s = l.Accept(); int n = await Task.Factory.FromAsync(s.BeginReceive(new byte[9], 0, 9, SocketFlags.None, null, null), s.EndReceive); s.Dispose(); } }",
        "class C { Socket _s; public C(Socket s) { _s = s; } public Task<int> ReadAsync(byte[] b) => Task<int>.Factory.FromAsync((c, o) => _s.BeginReceive(b, 0, b.Length, SocketFlags.None, c, o), _s.EndReceive, null); public void Dispose() { _s.Dispose(); } }",
        // Shut down first.
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop() { _s.Shutdown(SocketShutdown.Both); _s.Close(); } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop() { try { if (_s.Connected) _s.Shutdown(SocketShutdown.Send); } catch (SocketException) { } finally { _s.Close(); } } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop(SocketShutdown how) { _s?.Shutdown(how); _s?.Dispose(); } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop() { ShutDown(); _s.Close(); } void ShutDown() { try { _s.Shutdown(SocketShutdown.Both); } catch { } } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop() { _s.Shutdown(SocketShutdown.Both); Cleanup(); } void Cleanup() { _s.Close(); } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop() { FullClose(_s); } static void FullClose(Socket s) { try { s.Shutdown(SocketShutdown.Both); } catch { } s.Close(); } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop() { _s.Disconnect(false); _s.Close(); } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public async Task Stop() { await _s.DisconnectAsync(false); _s.Close(); } }",
        // What is disposed first owns the socket.
        "class C { Socket _s; NetworkStream _n; public C(Socket s) { _s = s; _n = new NetworkStream(_s, ownsSocket: true); _ = LoopAsync(); } async Task LoopAsync() { var b = new byte[9]; while (await _n.ReadAsync(b, 0, 9) > 0) { } } public void Stop() { _n.Dispose(); _s.Close(); } }",
        "class C { Socket _s; System.Net.Security.SslStream _n; public C(Socket s) { _s = s; _n = new System.Net.Security.SslStream(new NetworkStream(_s, true)); _ = LoopAsync(); } async Task LoopAsync() { var b = new byte[9]; while (await _n.ReadAsync(b, 0, 9) > 0) { } } public void Stop() { _n.Dispose(); _s.Close(); } }",
        "class C { TcpClient _c = new TcpClient(); public void Start() { _c.Connect(\"a\", 1); _ = LoopAsync(); } async Task LoopAsync() { var b = new byte[9]; while (await _c.GetStream().ReadAsync(b, 0, 9) > 0) { } } public void Stop() { _c.Close(); _c.Client?.Close(); } }",
        "class C { TcpClient _c = new TcpClient(); public void Start() { _c.Connect(\"a\", 1); _ = LoopAsync(); } async Task LoopAsync() { var b = new byte[9]; while (await _c.GetStream().ReadAsync(b, 0, 9) > 0) { } } public void Stop() { _c.Close(); } }",
        "class C { TcpClient _c = new TcpClient(); public void Start() { _c.Connect(\"a\", 1); _ = LoopAsync(); } async Task LoopAsync() { var b = new byte[9]; while (await _c.GetStream().ReadAsync(b, 0, 9) > 0) { } } public void Stop() { _c.GetStream().Close(); _c.Client.Dispose(); } }",
        // Waited for, or cancelled.
        "class C { Socket _s; Task _t; public C(Socket s) { _s = s; _t = LoopAsync(); } " + Loop + " public async Task StopAsync() { await _t; _s.Dispose(); } }",
        "class C { Socket _s; Task _t; public C(Socket s) { _s = s; _t = LoopAsync(); } " + Loop + " public void Stop() { _t.Wait(1000); _s.Dispose(); } }",
        "class C { Socket _s; Task _t; public C(Socket s) { _s = s; _t = LoopAsync(); } " + Loop + " public async Task StopAsync() { await Task.WhenAny(_t, Task.Delay(99)).ConfigureAwait(false); _s.Dispose(); } }",
        "class C { Socket _s; Thread _t; public C(Socket s) { _s = s; _t = new Thread(Loop); _t.Start(); } " + Blocking + " public void Stop() { _t?.Join(); _s.Dispose(); } }",
        "class C { Socket _s; CancellationTokenSource _x = new CancellationTokenSource(); public C(Socket s) { _s = s; _ = LoopAsync(); } async Task LoopAsync() { var b = new byte[9]; while (await _s.ReceiveAsync(b.AsMemory(), SocketFlags.None, _x.Token) > 0) { } } public void Stop() { _x.Cancel(); _s.Dispose(); } }",
        // The loop's own end, its completion, its failure.
        "class C { Socket _s; public C(Socket s) { _s = s; Arm(); } void Arm() { _s.BeginReceive(new byte[9], 0, 9, SocketFlags.None, OnReceive, null); } void OnReceive(IAsyncResult r) { if (_s.EndReceive(r) == 0) { CloseSocket(); return; } Arm(); } private void CloseSocket() { _s.Close(); } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } async Task LoopAsync() { var b = new byte[9]; try { while (await _s.ReceiveAsync(b, SocketFlags.None) > 0) { } } catch (SocketException) { _s.Close(); } } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Send(byte[] b) { try { _s.Send(b); } catch (SocketException) { _s.Close(); throw; } } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Send(byte[] b) { try { Write(b); } catch (SocketException) { Cleanup(); throw; } } void Write(byte[] b) { _s.Send(b); } void Cleanup() { _s.Close(); } }",
        "class C { Socket _s; public void Open() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp); bool ok = false; try { _s.Connect(\"a\", 1); ok = true; } finally { if (!ok) _s.Dispose(); } _ = LoopAsync(); } " + Loop + " }",
        "class C { Socket _s; public void Open() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp); try { _s.Connect(\"a\", 1); } catch { _s.Dispose(); throw; } _ = LoopAsync(); } " + Loop + " }",
        "class C { Socket _s; public void Open(bool b) { _s = new Socket(SocketType.Stream, ProtocolType.Tcp); if (b) { _s.Dispose(); return; } _s.Connect(\"a\", 1); _ = LoopAsync(); } " + Loop + " }",
        "class C { Socket _s; public async Task Open(int ms) { Task t = Task.Run(async () => await Make()); if (!t.Wait(ms)) { _s?.Dispose(); throw new TimeoutException(); } Arm(); } Task Make() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp); return _s.ConnectAsync(\"a\", 1); } void Arm() { _s.BeginReceive(new byte[9], 0, 9, SocketFlags.None, Done, null); } void Done(IAsyncResult r) { Arm(); } }",
        "class C { Socket _s; public void Open(int ms) { Make(); if (ms > 0) { _s.Dispose(); return; } Arm(); } void Make() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp); _s.Connect(\"a\", 1); } void Arm() { _s.BeginReceive(new byte[9], 0, 9, SocketFlags.None, Done, null); } void Done(IAsyncResult r) { Arm(); } }",
        // The one who closes is the one who reads; the other way of the type is not taken.
        "class C { Socket _s; public C(Socket s) { _s = s; } public void Negotiate() { var b = new byte[8]; Fill(b); if (b[1] != 90) { _s.Close(); throw new Exception(); } } void Fill(byte[] b) { int n = 0; while (n < b.Length) n += _s.Receive(b, n, b.Length - n, SocketFlags.None); } public void BeginNegotiate() { _s.BeginReceive(new byte[8], 0, 8, SocketFlags.None, Done, null); } void Done(IAsyncResult r) { if (_s.EndReceive(r) > 3) BeginNegotiate(); } }",
        "abstract class B { protected Socket S { get; set; } protected B(Socket s) { S = s; } protected void Fill(byte[] b) { int n = 0; while (n < b.Length) n += S.Receive(b, n, b.Length - n, SocketFlags.None); } } class C : B { public C(Socket s) : base(s) { } public void Negotiate() { var b = new byte[8]; Fill(b); switch (b[1]) { case 1: Fill(b); break; default: S.Close(); throw new Exception(); } } public void BeginNegotiate() { S.BeginReceive(new byte[8], 0, 8, SocketFlags.None, Done, null); } void Done(IAsyncResult r) { if (S.EndReceive(r) > 3) BeginNegotiate(); } }",
        // Meant.
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Abort() { _s.Close(); } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void ForceClose() { Cleanup(); } void Cleanup() { _s.Close(); } }",
        "class IntentionalResetAttribute : Attribute { public IntentionalResetAttribute(string why) { } } class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " [IntentionalReset(\"thrown out\")] public void Stop() { _s.Close(); } }",
        "class Aborted { } class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop(object how) { if (how is Aborted) { _s.Close(); } } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop() { if (_s.Connected) { _s.Shutdown(SocketShutdown.Both); _s.Close(); } else Cleanup(); } void Cleanup() { _s.Close(); } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop() { if (!_s.Connected) { _s.Close(); } } }",
        // Not TCP, not a connection, another rule's.
        "class F { public virtual Socket Make(AddressFamily a) { return new Socket(a, SocketType.Dgram, ProtocolType.Udp); } } class C { Socket _s; F _f; public void Start() { _s = (_f ?? new F()).Make(AddressFamily.InterNetwork); Task.Run(() => { while (true) { _s.Receive(new byte[9]); } }); } public void Stop() { _s.Close(); } }",
        "class C { Socket _s = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp); public void Start() { Task.Run(() => { while (true) { _s.Receive(new byte[9]); } }); } public void Stop() { _s.Close(); } }",
        "class C { Socket _s; public void Start() { _s = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); Task.Run(() => { while (true) { _s.Receive(new byte[9]); } }); } public void Stop() { _s.Close(); } }",
        "class C { Socket _l; public C() { _l = new Socket(SocketType.Stream, ProtocolType.Tcp); _l.Listen(5); _ = LoopAsync(); } async Task LoopAsync() { while (true) { var c = await _l.AcceptAsync(); c.Receive(new byte[9]); c.Shutdown(SocketShutdown.Both); c.Close(); } } public void Stop() { _l.Close(); } }",
        "class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop() { _s.Close(5); } }",
        "class Socket : IDisposable { public Task<int> ReceiveAsync(byte[] b, SocketFlags f) => null; public void Dispose() { } } class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop() { _s.Dispose(); } }",
        // The other end of a using; the one who awaits the loop ends the object.
        "class W { Socket _s; public W(Socket s) { _s = s; } public async Task RunAsync() { var b = new byte[9]; while (await _s.ReceiveAsync(b, SocketFlags.None) > 0) { } } public void Dispose() { _s.Dispose(); } } class Server { async Task Handle(Socket s) { var w = new W(s); await w.RunAsync(); w.Dispose(); } void Loop(Socket l) { while (true) { _ = Handle(l.Accept()); } } }",
        "sealed class W : IDisposable { Socket _s; public W(Socket s) { _s = s; } public async Task RunAsync() { var b = new byte[9]; while (await _s.ReceiveAsync(b, SocketFlags.None) > 0) { } } public void Dispose() { _s.Dispose(); } } class Server { async Task Handle(Socket s) { using var w = new W(s); await w.RunAsync(); } void Loop(Socket l) { while (true) { _ = Handle(l.Accept()); } } }",
        // The writer's loop shuts down when its pipe is completed.
        "class C { Socket _s; System.Threading.Channels.Channel<byte[]> _q = System.Threading.Channels.Channel.CreateUnbounded<byte[]>(); public C(Socket s) { _s = s; _ = LoopAsync(); _ = SendLoop(); } " + Loop + " async Task SendLoop() { try { while (await _q.Reader.WaitToReadAsync()) { while (_q.Reader.TryRead(out var b)) _s.Send(b); } } finally { _s.Shutdown(SocketShutdown.Both); } } public void Dispose() { _q.Writer.TryComplete(); _s.Dispose(); } }",
        // One base, two heirs.
        "abstract class B { protected Socket S; protected B(Socket s) { S = s; } } class Reader : B { public Reader(Socket s) : base(s) { Task.Run(() => { while (S.Receive(new byte[9]) > 0) { } S.Close(); }); } } class Writer : B { public Writer(Socket s) : base(s) { } public void Send(byte[] b) { S.Send(b); } public void Stop() { S.Close(); } }",
        // A part is disposed of by who made it.
        "class S { readonly Socket _s; public S(Socket s) { _s = s; } public void Dispose() { _s.Dispose(); } } class H { readonly Socket _s; readonly S _sender; public H(Socket s) { _s = s; _sender = new S(s); _s.BeginReceive(new byte[9], 0, 9, SocketFlags.None, Done, null); } void Done(IAsyncResult r) { } public void Dispose() { _s.Shutdown(SocketShutdown.Both); _s.Close(); _sender.Dispose(); } }",
        // Two branches give their socket to different objects.
        "interface T { void Close(); } class P : T { readonly Socket _s; public P(Socket s) { _s = s; } public void Close() { _s.Dispose(); } } class N : T { readonly NetworkStream _n; public N(NetworkStream n) { _n = n; _ = LoopAsync(); } async Task LoopAsync() { while (await _n.ReadAsync(new byte[9]) > 0) { } } public void Close() { _n.Dispose(); } } class C { T _t; public void Open(bool b) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Connect(\"a\", 1); if (b) { var n = new NetworkStream(s, true); _t = new N(n); } else { _t = new P(s); } } public void Stop() { _t.Close(); } }",
        // A recursion without an end.
        "class C { Socket _s; public C(Socket s) { _s = s; } void A() { B(); } void B() { A(); _s.Receive(new byte[9]); } void X() { Y(); } void Y() { X(); _s.Close(); } }",
    ];

    [Theory]
    [MemberData(nameof(Pending))]
    public Task CloseWithAnOperationPending_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory]
    [MemberData(nameof(PendingInWrappers))]
    public Task OperationOfAWrapper_IsPendingForItsOwner(string source) => Rule.FlagsAsync(source);

    [Theory]
    [MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task Message_NamesWhatIsClosedAndWhatIsPending() =>
        (Rule with { Severity = DiagnosticSeverity.Warning, Messages = ["'_s' is closed while '_s.ReceiveAsync' may still be receiving; the peer gets a reset and unsent data is discarded"] })
            .FlagsAsync("class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop() { [|_s.Close()|]; } }");

    [Fact]
    public Task SendThatNobodyWaitsFor_IsFlagged() =>
        (Rule with { Severity = DiagnosticSeverity.Warning, Messages = ["'_s' is closed while '_s.SendAsync' may still be sending; the peer gets a reset and unsent data is discarded"] })
            .FlagsAsync("class C { Socket _s; public C(Socket s) { _s = s; } public void Send(byte[] b) { _ = _s.SendAsync(b, SocketFlags.None); } public void Stop() { [|_s.Close()|]; } }");

    [Fact]
    public Task SendWithACallback_GetsInfo() =>
        (Rule with { Severity = DiagnosticSeverity.Info })
            .FlagsAsync("class C { Socket _s; public C(Socket s) { _s = s; } public void Send(byte[] b) { _s.BeginSend(b, 0, b.Length, SocketFlags.None, r => _s.EndSend(r), null); } public void Stop() { [|_s.Close()|]; } }");

    [Fact]
    public Task TestProject_GetsInfo() =>
        (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info })
            .FlagsAsync("class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " public void Stop() { [|_s.Close()|]; } }");

    [Fact]
    public Task OtherFile_CountsAsTheSame() =>
        (Rule with { ExtraSources = [("Part.cs", Verify.DefaultUsings + "partial class C { Socket _s; public C(Socket s) { _s = s; _ = LoopAsync(); } " + Loop + " }")] })
            .FlagsAsync("partial class C { public void Stop() { [|_s.Close()|]; } }");

    [Fact]
    public Task CutSource_DoesNotThrow() =>
        Rule.SurvivesCutsAsync("abstract class B { readonly Socket _s; protected B(Socket s) { _s = s; } public void Start() { Task.Run(() => { while (_s.Receive(new byte[9]) > 0) { } }); } } class H : B { public H(object o, Socket socket) : base(socket) { } } class C { Socket _s; H _h; public void Connect() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp); _s.Connect(\"a\", 1); _h = new H(this, _s); _h.Start(); } public void Dispose() { _s.Dispose(); } }");
}
