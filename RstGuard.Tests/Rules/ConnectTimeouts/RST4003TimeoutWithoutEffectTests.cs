using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST4003TimeoutWithoutEffectTests
{
    private static readonly Verify Rule = Verify.Rule("RST4003") with
    {
        Usings = Verify.DefaultUsings.Replace("\n", " using System.IO; using System.Net; using System.Net.Security;\n", StringComparison.Ordinal),
    };

    private const string Made = "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); ";
    private const string Client = "var c = new TcpClient(); ";

    private static string Method(string body) => "class C { async Task M(IPEndPoint e, byte[] b, CancellationToken t) { " + body + " } }";

    private static string Field(string members) => "class C { private readonly TcpClient _c = new TcpClient(); " + members + " }";

    public static TheoryData<string> Flagged =>
    [
        Method(Made + "[|s.ReceiveTimeout = 200|]; await s.ConnectAsync(e); int n = await s.ReceiveAsync(b, SocketFlags.None); s.Dispose();"),
        Method(Made + "s.Connect(e); [|s.ReceiveTimeout = 200|]; int n = await s.ReceiveAsync(b, SocketFlags.None).ConfigureAwait(false); s.Dispose();"),
        Method(Made + "[|s.SendTimeout = 200|]; await s.ConnectAsync(e); await s.SendAsync(b, SocketFlags.None); s.Dispose();"),
        Method(Made + "[|s.SendTimeout = 200|]; await s.ConnectAsync(e); await s.SendAsync(b, SocketFlags.None); s.Receive(b); s.Dispose();"),
        Method(Made + "[|s.SendTimeout = [|s.ReceiveTimeout = 200|]|]; await s.ConnectAsync(e); await s.SendAsync(b, SocketFlags.None); await s.ReceiveAsync(b, SocketFlags.None); s.Dispose();"),
        Method("using " + Client + "[|c.ReceiveTimeout = 5000|]; await c.ConnectAsync(e.Address, e.Port); var stream = c.GetStream(); int n = await stream.ReadAsync(b, 0, b.Length);"),
        Method("using " + Client + "[|c.Client.ReceiveTimeout = 5000|]; await c.ConnectAsync(e.Address, e.Port); int n = await c.GetStream().ReadAsync(b, 0, b.Length);"),
        Method("using " + Client + "await c.ConnectAsync(e.Address, e.Port); NetworkStream stream = c.GetStream(); [|stream.ReadTimeout = 5000|]; [|stream.WriteTimeout = 5000|]; await stream.WriteAsync(b, 0, 1); stream.Flush(); int n = await stream.ReadAsync(b, 0, b.Length);"),
        Method("using " + Client + "await c.ConnectAsync(e.Address, e.Port); Stream stream = c.GetStream(); [|stream.ReadTimeout = 5000|]; int n = await stream.ReadAsync(b, 0, b.Length);"),
        Method("using " + Client + "await c.ConnectAsync(e.Address, e.Port); using var tls = new SslStream(c.GetStream()); [|tls.ReadTimeout = 5000|]; await tls.AuthenticateAsClientAsync(\"h\"); int n = await tls.ReadAsync(b, 0, b.Length);"),
        Method("using " + Client + "[|c.ReceiveTimeout = 5000|]; await c.ConnectAsync(e.Address, e.Port); using var reader = new StreamReader(c.GetStream()); var line = await reader.ReadLineAsync();"),
        Method("using var c = new TcpClient { NoDelay = true, [|ReceiveTimeout = 5000|] }; await c.ConnectAsync(e.Address, e.Port); int n = await c.GetStream().ReadAsync(b, 0, b.Length);"),
        Method(Made + "[|s.ReceiveTimeout = 200|]; await s.ConnectAsync(e); IAsyncResult r = s.BeginReceive(b, 0, 1, SocketFlags.None, null, null); int n = s.EndReceive(r); s.Dispose();"),
        Method(Made + "[|s.ReceiveTimeout = 200|]; await s.ConnectAsync(e); var args = new SocketAsyncEventArgs(); args.SetBuffer(b, 0, 1); bool pending = s.ReceiveAsync(args); s.Dispose();"),
        "class C { async Task M(TcpListener l, byte[] b) { using TcpClient c = await l.AcceptTcpClientAsync(); [|c.ReceiveTimeout = 5000|]; int n = await c.GetStream().ReadAsync(b, 0, b.Length); } }",
        Field("void Open() { [|_c.ReceiveTimeout = 100|]; } async Task<int> Read(byte[] b) => await _c.GetStream().ReadAsync(b, 0, b.Length);"),
        Field("async Task<int> Read(byte[] b) { NetworkStream s = _c.GetStream(); [|s.ReadTimeout = 100|]; return await s.ReadAsync(b, 0, b.Length); }"),
        "partial class C { private readonly TcpClient _c = new TcpClient(); void Open() { [|_c.ReceiveTimeout = 100|]; } } partial class C { async Task<int> Read(byte[] b) => await _c.GetStream().ReadAsync(b, 0, b.Length); }",
        "class C { private TcpClient? _c; void Open() { _c = new TcpClient { [|ReceiveTimeout = 100|] }; } async Task<int> Read(byte[] b) => await _c!.GetStream().ReadAsync(b, 0, b.Length); }",
        "class C { private TcpClient? _c; private NetworkStream? _s; async Task Open() { _c = new TcpClient(); await _c.ConnectAsync(\"h\", 1); _s = _c.GetStream(); [|_s.ReadTimeout = 100|]; } async Task<int> Read(byte[] b) => await _s!.ReadAsync(b, 0, b.Length); }",
        "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); [|s.ReceiveTimeout = 200|]; await s.ConnectAsync(\"h\", 1); int n = await s.ReceiveAsync(new byte[1], SocketFlags.None); s.Dispose();",
        "class C { async IAsyncEnumerable<int> M(byte[] b) { using var s = new Socket(SocketType.Stream, ProtocolType.Tcp); [|s.ReceiveTimeout = 200|]; await s.ConnectAsync(\"h\", 1); yield return await s.ReceiveAsync(b, SocketFlags.None); } }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        // Some call is bounded.
        Method(Made + "s.ReceiveTimeout = 200; await s.ConnectAsync(e); await s.ReceiveAsync(b, SocketFlags.None); s.Receive(b); s.Dispose();"),
        Method(Made + "s.SendTimeout = 200; s.Connect(e); await s.SendAsync(b, SocketFlags.None); s.Dispose();"),
        Method(Made + "s.SendTimeout = 200; await s.ConnectAsync(e); await s.SendAsync(b, SocketFlags.None); s.Send(b); s.Dispose();"),
        Method("using " + Client + "c.ReceiveTimeout = 5000; await c.ConnectAsync(e.Address, e.Port); var stream = c.GetStream(); int n = await stream.ReadAsync(b, 0, b.Length); n = stream.ReadByte();"),
        Method("using " + Client + "c.ReceiveTimeout = 5000; await c.ConnectAsync(e.Address, e.Port); using var tls = new SslStream(c.GetStream()); tls.AuthenticateAsClient(\"h\"); int n = await tls.ReadAsync(b, 0, b.Length);"),
        Method("using " + Client + "c.ReceiveTimeout = 5000; await c.ConnectAsync(e.Address, e.Port); using var reader = new StreamReader(c.GetStream()); await reader.ReadLineAsync(); reader.ReadLine();"),
        Method("using " + Client + "c.ReceiveTimeout = 5000; await c.ConnectAsync(e.Address, e.Port); using var reader = new StreamReader(c.GetStream()); while (!reader.EndOfStream) { await reader.ReadLineAsync(); }"),
        Method("using " + Client + "c.ReceiveTimeout = 5000; await c.ConnectAsync(e.Address, e.Port); using var reader = new StreamReader(c.GetStream()); while (reader.Peek() >= 0) { await reader.ReadLineAsync(); }"),
        Method("using " + Client + "c.SendTimeout = 5000; await c.ConnectAsync(e.Address, e.Port); using var writer = new StreamWriter(c.GetStream()); await writer.WriteLineAsync(\"a\");"),
        Field("void Open() { _c.ReceiveTimeout = 100; } async Task<int> Read(byte[] b) => await _c.GetStream().ReadAsync(b, 0, b.Length); int Now(byte[] b) => _c.GetStream().Read(b, 0, b.Length);"),
        "partial class C { private readonly TcpClient _c = new TcpClient(); void Open() { _c.ReceiveTimeout = 100; } } partial class C { async Task<int> Read(byte[] b) => await _c.GetStream().ReadAsync(b, 0, b.Length); } partial class C { int Now() => _c.GetStream().ReadByte(); }",
        "class B { protected TcpClient Inner = new TcpClient(); protected int Now() => Inner.GetStream().ReadByte(); } sealed class C : B { void Open() { Inner.ReceiveTimeout = 100; } async Task<int> Read(byte[] b) => await Inner.GetStream().ReadAsync(b, 0, b.Length); }",
        Field("void Open() { _c.ReceiveTimeout = 100; } async Task<int> Read(byte[] b) => await _c.GetStream().ReadAsync(b, 0, b.Length); class Inside { int Now(C c) => c._c.GetStream().ReadByte(); }"),

        // Nothing is received, or only elsewhere.
        Method(Made + "s.ReceiveTimeout = 200; await s.ConnectAsync(e); await s.SendAsync(b, SocketFlags.None); s.Dispose();"),
        "class C { Socket M() { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.ReceiveTimeout = 200; return s; } }",
        "class C { async Task<Socket> M(byte[] b) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.ReceiveTimeout = 200; await s.ReceiveAsync(b, SocketFlags.None); return s; } }",
        Method(Made + "s.ReceiveTimeout = 200; await s.ReceiveAsync(b, SocketFlags.None); Use(s); void Use(Socket x) => x.Receive(b);"),
        Method(Made + "s.ReceiveTimeout = 200; await s.ReceiveAsync(b, SocketFlags.None); await Task.Run(() => s.Receive(b));"),
        "class C { async Task M(Socket s, byte[] b) { s.ReceiveTimeout = 200; await s.ReceiveAsync(b, SocketFlags.None); } }",
        "class C { private readonly Socket _s; C(Socket s) { _s = s; _s.ReceiveTimeout = 200; } async Task<int> Read(byte[] b) => await _s.ReceiveAsync(b, SocketFlags.None); }",
        Field("public TcpClient Client => _c; void Open() { _c.ReceiveTimeout = 100; } async Task<int> Read(byte[] b) => await _c.GetStream().ReadAsync(b, 0, b.Length);"),
        "class C { protected TcpClient Inner = new TcpClient(); void Open() { Inner.ReceiveTimeout = 100; } async Task<int> Read(byte[] b) => await Inner.GetStream().ReadAsync(b, 0, b.Length); }",

        // The code waits for that long by itself.
        Method(Made + "s.ReceiveTimeout = 200; await s.ConnectAsync(e); using var o = new CancellationTokenSource(s.ReceiveTimeout); await s.ReceiveAsync(b, SocketFlags.None, o.Token); s.Dispose();"),
        Field("void Open() { _c.ReceiveTimeout = 100; } async Task<int> Read(byte[] b) { using var o = new CancellationTokenSource(_c.ReceiveTimeout); return await _c.GetStream().ReadAsync(b, 0, b.Length, o.Token); }"),

        // No timeout, or not TCP's.
        Method(Made + "s.ReceiveTimeout = 0; await s.ConnectAsync(e); await s.ReceiveAsync(b, SocketFlags.None); s.Dispose();"),
        Method(Made + "s.ReceiveTimeout = Timeout.Infinite; await s.ConnectAsync(e); await s.ReceiveAsync(b, SocketFlags.None); s.Dispose();"),
        Method("var s = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp); s.ReceiveTimeout = 200; await s.ReceiveAsync(b, SocketFlags.None); s.Dispose();"),
        "class O { public int ReceiveTimeout { get; set; } public Task ReceiveAsync() => Task.CompletedTask; } class C { Socket? _s; async Task M() { var o = new O(); o.ReceiveTimeout = 5; await o.ReceiveAsync(); } }",
        Method("using var f = new FileStream(\"f\", FileMode.Open); Socket? none = null; f.ReadTimeout = 5; await f.ReadAsync(b, 0, 1);"),
        Method("using var l = new Socket(SocketType.Stream, ProtocolType.Tcp); l.Listen(1); l.ReceiveTimeout = 100; using var s = await l.AcceptAsync(); s.Receive(b);"),
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task TimeoutOfAsynchronousCalls_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task Message_SaysThatItBoundsSynchronousCalls() =>
        (Rule with { Messages = ["'ReceiveTimeout' has no effect: it bounds synchronous calls, and here everything is received asynchronously, however long that takes; bound the call with a CancellationToken"] })
            .FlagsAsync(Method(Made + "[|s.ReceiveTimeout = 200|]; await s.ConnectAsync(e); await {|#0:s.ReceiveAsync(b, SocketFlags.None)|}; s.Dispose();"));

    [Fact]
    public Task Cuts_AreSurvived() => Rule.SurvivesCutsAsync(
        "class C { TcpClient _c = new TcpClient { ReceiveTimeout = 5 }; async Task M(byte[] b) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp) { SendTimeout = 7 }; s.ReceiveTimeout = 5; await s.ReceiveAsync(b, SocketFlags.None); _c.GetStream().ReadTimeout = 9; await _c.GetStream().ReadAsync(b, 0, 1); } }");
}
