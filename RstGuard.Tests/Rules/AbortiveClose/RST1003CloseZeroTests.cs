using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST1003CloseZeroTests
{
    private static readonly Verify Rule = Verify.Rule("RST1003");

    public static TheoryData<string> Flagged =>
    [
        "class C { void M(Socket s) { [|s.Close(0)|]; } }",
        "class C { void M(Socket s) { [|s.Close(00)|]; } }",
        "class C { void M(Socket s) { [|s.Close(timeout: 0)|]; } }",
        "class C { void M(Socket s) { [|s.Close((byte)0)|]; } }",
        "class C { const int Now = 0; void M(Socket s) { [|s.Close(Now)|]; } }",
        "class C { static readonly int Now = 0; void M(Socket s) { [|s.Close(Now)|]; } }",
        "class C { static readonly TimeSpan Grace = TimeSpan.Zero; void M(NetworkStream s) { [|s.Close(Grace)|]; } }",
        "class C { void M(Socket s) { int now = 0; [|s.Close(now)|]; } }",
        "class C { void M(Socket s) { [|s.Close(default)|]; } }",
        "class C { void M(Socket? s) { s?[|.Close(0)|]; } }",
        "class C { void M(TcpClient? c) { c?.Client?[|.Close(0)|]; } }",
        "class C { void M(TcpClient c) { [|c.Client.Close(0)|]; } }",
        "class C { void M(TcpClient c) { [|c.GetStream().Close(0)|]; } }",
        "class C { void M(NetworkStream s) { [|s.Close(0)|]; } }",
        "class C { void M(NetworkStream s) { [|s.Close(TimeSpan.Zero)|]; } }",
        "class C { void M(NetworkStream s) { [|s.Close(timeout: TimeSpan.FromSeconds(0))|]; } }",
        "class C { void M(NetworkStream s) { [|s.Close(new TimeSpan(0, 0, 0))|]; } }",
        "class C { void M(NetworkStream s) { [|s.Close(new TimeSpan(0))|]; } }",
        "class C { void M(NetworkStream s) { [|s.Close(new TimeSpan())|]; } }",
        "class C { void M(NetworkStream s) { [|s.Close(default(TimeSpan))|]; } }",
        "class C { void M(Socket s) { var stream = new NetworkStream(s, true); [|stream.Close(0)|]; } }",
        "class C { void M(Socket s) { var stream = new NetworkStream(s, ownsSocket: true); [|stream.Close(0)|]; } }",
        "class C { void M(Socket s) { s.Shutdown(SocketShutdown.Both); [|s.Close(0)|]; } }",
        "class C { void M(Socket s) { try { s.Shutdown(SocketShutdown.Both); } finally { [|s.Close(0)|]; } } }",
        "class C { void M(Socket s, Socket t) { try { t.Send(new byte[1]); } catch (SocketException) { [|s.Close(0)|]; } } }",
        "class C { void M(Socket s) { try { s.Send(new byte[1]); } catch (SocketException) { } [|s.Close(0)|]; } }",
        "class C { void M(Socket s, int timeout = 0) { [|s.Close(timeout)|]; } }",
        "class C { void M(NetworkStream s, TimeSpan timeout = default) { [|s.Close(timeout)|]; } }",
        "class C { void M(Socket s) { Action stop = () => [|s.Close(0)|]; stop(); } }",
        "class C { void M(Socket s) { void Stop() => [|s.Close(0)|]; Stop(); } }",
        "class C { void M(List<Socket> all) { foreach (var s in all) [|s.Close(0)|]; } }",
        "class C { async Task M(Socket s) { await s.SendAsync(new byte[1], SocketFlags.None).ConfigureAwait(false); [|s.Close(0)|]; } }",
        "class C { async Task M(IPEndPoint e) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); await s.ConnectAsync(e); [|s.Close(0)|]; } }",
        "class C { void M(IPEndPoint e) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Bind(e); s.Connect(e); [|s.Close(0)|]; } }",
        "class C { void M(IPEndPoint e) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.EndConnect(s.BeginConnect(e, null, null)); [|s.Close(0)|]; } }",
        "class C { readonly List<Socket> _all = new List<Socket>(); void Add(Socket l) { _all.Add(l.Accept()); } void Stop() { foreach (var s in _all) { [|s.Close(0)|]; } } }",
        "class C { void M(Socket s, bool graceful) { if (graceful) { [|s.Close(0)|]; } } }",
        "class C { async IAsyncEnumerable<int> M(Socket s) { await Task.Yield(); yield return 1; [|s.Close(0)|]; } }",
        "partial class C { Socket _s = null!; } partial class C { void M() { [|_s.Close(0)|]; } }",
        "class C { Socket _s; C() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp); } void Stop() => [|_s.Close(0)|]; }",
        "class Link { public NetworkStream Stream { get; set; } = null!; } class C { readonly List<Link> _links = new List<Link>(); public void Disconnect() { foreach (Link link in _links) [|link.Stream.Close(00)|]; } }",
        "class Own : Socket { Own() : base(SocketType.Stream, ProtocolType.Tcp) { } void Stop() { [|Close(0)|]; } }",
        "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); [|s.Close(0)|];",
        "struct C { public Socket S; public int P { get { [|S.Close(0)|]; return 1; } } }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        "class C { void M(Socket s, NetworkStream t) { s.Close(); t.Close(); s.Close(5); s.Close(-1); t.Close(TimeSpan.FromSeconds(1)); t.Close(Timeout.InfiniteTimeSpan); } }",
        "class C { void M(Socket s, int timeout) { s.Close(timeout); } }",
        "class C { void M(Socket s, int timeout = -1) { s.Close(timeout); } }",
        "class C { void M(Socket s, int timeout = 0) { if (timeout == 0) s.Close(); else s.Close(timeout); } }",
        "class C { void M(Socket s, int timeout = 0) { timeout += 5; s.Close(timeout); } }",
        "class C { int _timeout; void M(Socket s) { s.Close(_timeout); } }",
        "class C { readonly int _timeout = 0; C(int timeout) { _timeout = timeout; } void M(Socket s) { s.Close(_timeout); } }",
        "class C { void M(Socket s) { int t = 0; t++; s.Close(t); } }",
        "class C { void M(Socket s, string text) { int t = 0; int.TryParse(text, out t); s.Close(t); } }",
        "class C { void M(Socket s, bool wait) { int t = 0; if (wait) t = 5; s.Close(t); } }",
        "class C { void M(Socket s) { int a = 0, b = 1; (a, b) = (b, a); s.Close(a); } }",
        "class Door { public void Close(int floor) { } } class C { void M(Door d) { d.Close(0); } }",
        "class C { void M() { var l = new Socket(SocketType.Stream, ProtocolType.Tcp); l.Bind(new IPEndPoint(IPAddress.Loopback, 0)); l.Listen(5); l.Close(0); } }",
        "class C { readonly Socket _listener = new Socket(SocketType.Stream, ProtocolType.Tcp); void Start() { _listener.Listen(5); } void Stop() { _listener.Close(0); } }",
        "partial class C { Socket _listener = null!; void Start() { var l = new Socket(SocketType.Stream, ProtocolType.Tcp); l.Listen(5); _listener = l; } } partial class C { void Stop() { _listener.Close(0); } partial class D { } }",
        "class C { void M(TcpListener l) { l.Server.Close(0); } }",
        "class C { Socket? _l; void Start() { var l = new Socket(SocketType.Stream, ProtocolType.Tcp); l.Listen(5); Interlocked.Exchange(ref _l, l); } void Stop() { var l = Interlocked.Exchange(ref _l, null); l?.Close(0); } }",
        "class C { Socket _l = null!; void Start(IPEndPoint e) { _l = Make(e); } Socket Make(IPEndPoint e) { var l = new Socket(SocketType.Stream, ProtocolType.Tcp); l.Bind(e); l.Listen(1); return l; } void Stop() { _l.Close(0); } }",
        "class C { readonly List<Socket> _all = new List<Socket>(); void Add(IPEndPoint e) { var l = new Socket(SocketType.Stream, ProtocolType.Tcp); l.Bind(e); l.Listen(1); _all.Add(l); } void Stop() { foreach (var l in _all) { l.Close(0); } } }",
        "class C { Socket _l = null!; async Task Run() { var c = await _l.AcceptAsync(); c.Dispose(); } void Stop() { _l.Close(0); } }",
        "class C { int FreePort() { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Bind(new IPEndPoint(IPAddress.Loopback, 0)); int port = ((IPEndPoint)s.LocalEndPoint!).Port; s.Close(0); return port; } }",
        "class C { Socket? M(IPEndPoint e) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); var r = s.BeginConnect(e, null, null); if (!r.AsyncWaitHandle.WaitOne(3000)) { s.Close(0); return null; } s.EndConnect(r); return s; } }",
        "class C { Socket? M(IPEndPoint e) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); Task t = s.ConnectAsync(e); if (!t.Wait(3000)) { s.Close(0); return null; } return s; } }",
        "class C { Socket Make() => new Socket(SocketType.Dgram, ProtocolType.Udp); void M() { var s = Make(); s.Close(0); } }",
        "class C { readonly Socket _u; C() { _u = Make(); } static Socket Make() { var s = new Socket(SocketType.Dgram, ProtocolType.Udp); return s; } void M() { var u = _u; u.Close(0); } }",
        "class C { void M(Socket s, bool abortive) { if (abortive) { s.Close(0); } else { s.Close(); } } }",
        "class C { bool _forceStop; void M(Socket s) { if (_forceStop && s.Connected) s.Close(0); } }",
        "class C { void M(Socket s, bool graceful) { if (graceful) { s.Close(); } else { s.Close(0); } } }",
        "class C { void M(Socket s, bool graceful) { if (!graceful) { s.Close(0); } } }",
        "class C { void M() { var s = new Socket(SocketType.Dgram, ProtocolType.Udp); s.Close(0); } }",
        "class C { Socket _udp; C() { _udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp); } void Stop() { _udp.Close(0); } }",
        "class C { UdpClient _udp = new UdpClient(); void Stop() { _udp.Client.Close(0); } }",
        "class C { void M() { var s = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); s.Close(0); } }",
        "class C { void M() { var s = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); var n = new NetworkStream(s, true); n.Close(0); } }",
        "class C { void M(Socket s) { var stream = new NetworkStream(s); stream.Close(0); s.Dispose(); } }",
        "class C { void M(Socket s) { var stream = new NetworkStream(s, ownsSocket: false); stream.Close(0); s.Dispose(); } }",
        "class C { void M(Socket s) { try { s.Connect(\"host\", 1); } catch (SocketException) { s.Close(0); throw; } } }",
        "class C { void M(Socket s) { try { s.Send(new byte[1]); } catch { if (s.Connected) { s.Close(0); } } } }",
        "namespace Other { class Socket { public void Close(int timeout) { } } class C { void M(Other.Socket s) { s.Close(0); } } }",
    ];

    public static TheoryData<string> Intended =>
    [
        "class C { void Abort(Socket s) { s.Close(0); } }",
        "class C { void OnAbort(Socket s) { s.Close(0); } }",
        "class C { void ForceClose(Socket s) { s.Close(0); } }",
        "class C { void Terminate(Socket s) { s.Close(0); } }",
        "class C { void ResetConnection(Socket s) { s.Close(0); } }",
        "class C { void M(Socket s) { void Kill() => s.Close(0); Kill(); } }",
        "class ChaosProxy { void Drop(Socket s) { s.Close(0); } }",
        "class IntentionalResetAttribute : Attribute { public IntentionalResetAttribute(string why) { } } class C { [IntentionalReset(\"sheds load\")] void M(Socket s) { s.Close(0); } }",
        "[assembly: IntentionalReset(\"tests\")] class IntentionalResetAttribute : Attribute { public IntentionalResetAttribute(string why) { } } class C { void M(Socket s) { s.Close(0); } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task CloseZero_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Theory, MemberData(nameof(Intended))]
    public Task IntendedReset_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task FieldOfABaseTypeElsewhere_IsSeen() =>
        (Rule with { ExtraSources = [("Base.cs", "using System.Net.Sockets; class B { protected TcpClient Inner = null!; }")] })
            .FlagsAsync("class C : B { void M() { [|Inner.Client.Close(0)|]; } }");

    [Fact]
    public Task DatagramFieldOfAnotherPart_IsSilent() =>
        (Rule with { ExtraSources = [("Part.cs", "using System.Net.Sockets; partial class C { private Socket _s; C() { _s = new Socket(SocketType.Dgram, ProtocolType.Udp); } }")] })
            .IsSilentAsync("partial class C { void M() { _s.Close(0); } }");

    [Fact]
    public Task ZeroFromElsewhere_IsTheAdditionalLocation() => Rule.FlagsAsync("class C { void M(Socket s, int timeout = 0) { [|s.Close(timeout)|]; } }");

    [Fact]
    public Task MessageOfASocket_SaysResetInsteadOfFin() =>
        (Rule with { Messages = ["'s.Close(0)' aborts the connection: the peer gets a reset instead of a FIN, and data that is unsent or unacknowledged is lost"] })
            .FlagsAsync("class C { void M(Socket s) { [|s.Close(0)|]; } }");

    [Fact]
    public Task MessageOfAStream_SaysResetAfterFin() =>
        (Rule with { Messages = ["'s.Close(TimeSpan.Zero)' aborts the connection: on Linux the peer gets a reset after the FIN, or instead of it, and data that is unsent or unacknowledged is lost"] })
            .FlagsAsync("class C { void M(NetworkStream s) { [|s.Close(TimeSpan.Zero)|]; } }");

    [Fact]
    public Task WindowsOnlyCode_IsFlaggedToo() =>
        Rule.FlagsAsync("class C { void M(Socket s) { if (OperatingSystem.IsWindows()) { [|s.Close(0)|]; } } }");

    [Fact]
    public Task TestProject_GetsInfo() =>
        (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info }).FlagsAsync("class C { void M(Socket s) { [|s.Close(0)|]; } }");

    [Fact]
    public Task TestProjectsOff_AreSilent() =>
        (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" }).IsSilentAsync("class C { void M(Socket s) { s.Close(0); } }");

    [Fact]
    public Task Cuts_AreSurvived() => Rule.SurvivesCutsAsync(
        "class C { const int Now = 0; Socket _s; C() { _s = new Socket(SocketType.Stream, ProtocolType.Tcp); } void M(NetworkStream n, int timeout = 0) { try { _s.Shutdown(SocketShutdown.Both); } catch { _s?.Close(Now); } n.Close(TimeSpan.Zero); _s.Close(timeout); } }");
}
