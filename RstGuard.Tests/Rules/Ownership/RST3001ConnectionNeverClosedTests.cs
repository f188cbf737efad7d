using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST3001ConnectionNeverClosedTests
{
    private const string Connected = "var c = [|new TcpClient()|]; c.Connect(\"a\", 1); ";
    private const string Plain = "var c = new TcpClient(); c.Connect(\"a\", 1); ";

    private static readonly Verify Rule = Verify.Rule("RST3001");

    public static TheoryData<string> NeverClosed =>
    [
        Method("void", Connected),
        Method("void", "var c = [|new TcpClient()|]; Func<bool> up = () => c.Connected; c.Connect(\"a\", 1); while (up()) { c.GetStream().WriteByte(1); }"),
        Method("void", "var s = [|new Socket(SocketType.Stream, ProtocolType.Tcp)|]; s.Connect(\"a\", 1); s.Send(new byte[1]);"),
        Method("void", "var s = [|new Socket(SocketType.Stream, ProtocolType.Tcp)|]; s.Connect(\"a\", 1); using (var n = new NetworkStream(s)) { n.WriteByte(1); }"),
        Method("void", "var c = [|new TcpClient(\"a\", 1)|]; c.GetStream().WriteByte(1);"),
        Method("void", "TcpClient c; c = [|new TcpClient(\"a\", 1)|]; c.GetStream().WriteByte(1);"),
        Method("void", "var s = [|new Socket(SocketType.Stream, ProtocolType.Tcp)|]; s.Connect(\"a\", 1); s.Send(new byte[1]); s = [|new Socket(SocketType.Stream, ProtocolType.Tcp)|]; s.Connect(\"b\", 1); s.Send(new byte[1]);"),
        Async("void", "Socket s = [|new(SocketType.Stream, ProtocolType.Tcp)|]; await s.ConnectAsync(\"a\", 1).ConfigureAwait(false); await s.SendAsync(new byte[1], SocketFlags.None);"),
        "class C { void M(TcpListener l) { var c = [|l.AcceptTcpClient()|]; c.GetStream().WriteByte(1); } }",
        "class C { async Task M(Socket l) { while (true) { var c = [|await l.AcceptAsync()|]; await c.SendAsync(new byte[1], SocketFlags.None); } } }".Replace("[|await l.AcceptAsync()|]", "await [|l.AcceptAsync()|]"),
        "class C { void M(TcpListener l) { void End(IAsyncResult r) { var c = [|l.EndAcceptTcpClient(r)|]; c.NoDelay = true; } l.BeginAcceptTcpClient(End, null); } }",
        "class C { async IAsyncEnumerable<int> M() { var c = [|new TcpClient()|]; await c.ConnectAsync(\"a\", 1); yield return c.GetStream().ReadByte(); } }",
        "partial class C { partial void M(); } partial class C { partial void M() { " + Connected + " } }",
    ];

    public static TheoryData<string> Dropped =>
    [
        "class C { void M(TcpListener l) { [|l.AcceptTcpClient()|]; } }",
        "class C { void M(Socket l) { _ = [|l.Accept()|]; } }",
        "class C { async Task M(Socket l) { await [|l.AcceptAsync()|].ConfigureAwait(false); } }",
        "class C { void M(TcpListener? l) { l?[|.AcceptTcpClient()|]; } }",
    ];

    public static TheoryData<string> LeftOnFailure =>
    [
        "class C { async Task<Stream> M() { var c = [|new TcpClient()|]; await c.ConnectAsync(\"a\", 1); var t = new System.Net.Security.SslStream(c.GetStream()); await t.AuthenticateAsClientAsync(\"a\"); return t; } }",
        "class C { async Task<Stream> M(TcpListener l, System.Security.Cryptography.X509Certificates.X509Certificate k) { var c = await [|l.AcceptTcpClientAsync()|]; var t = new System.Net.Security.SslStream(c.GetStream()); await t.AuthenticateAsServerAsync(k).ConfigureAwait(false); return t; } }",
        Method("Stream", Connected + "var n = c.GetStream(); n.WriteByte(1); return n;"),
        Method("TcpClient", Connected + "if (c.GetStream().ReadByte() != 2) { throw new InvalidDataException(); } return c;"),
        "class C { TcpClient? _c; void M() { " + Connected + "c.GetStream().WriteByte(1); _c = c; } }",
        Method("TcpClient", Connected + "try { c.GetStream().WriteByte(1); } catch (IOException e) { Console.WriteLine(e); throw; } return c;"),
        Method("void", Connected + "if (c.GetStream().ReadByte() != 2) throw new InvalidDataException(); c.Close();"),
        "class C { void M(TcpListener l) { while (true) { var c = [|l.AcceptTcpClient()|]; c.GetStream().WriteByte(1); Task.Run(() => Serve(c)); Keep(c); } } static void Serve(TcpClient c) => c.Close(); static void Keep(TcpClient c) { } }",
    ];

    public static TheoryData<string> LeftOnReturn =>
    [
        "class C { void M(TcpListener l, Func<TcpClient, bool> wanted) { void End(IAsyncResult r) { var c = [|l.EndAcceptTcpClient(r)|]; if (l.Pending()) { c.Client.Disconnect(false); return; } Keep(c); } l.BeginAcceptTcpClient(End, null); } static void Keep(TcpClient c) { } }",
        "class C { void M(Socket l, bool full) { var s = [|l.Accept()|]; if (full) { s.Shutdown(SocketShutdown.Both); return; } Keep(s); } static void Keep(Socket s) { } }",
    ];

    public static TheoryData<string> HandOverFails =>
    [
        "interface IHost { Task RegisterAsync(Socket s); } class C { async Task<bool> M(IHost h) { var s = [|new Socket(SocketType.Stream, ProtocolType.Tcp)|]; try { await s.ConnectAsync(\"a\", 1); await h.RegisterAsync(s); return true; } catch (Exception e) { Console.WriteLine(e); return false; } } }",
        "interface IFactory { Task<IDisposable> CreateConnection(Socket s); } class C { IFactory _f = null!; async Task Accept(Socket l) { while (true) { var s = await l.AcceptAsync(); OnNew(s); } } private async void OnNew(Socket s) { IDisposable d; try { d = await [|_f.CreateConnection(s)|]; } catch (Exception e) { Console.WriteLine(e + s.RemoteEndPoint!.ToString()); return; } d.ToString(); } }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        // Closed, by all the ways there are.
        Method("void", Plain + "c.Close();"),
        Method("void", "using var c = new TcpClient(); c.Connect(\"a\", 1); c.GetStream().WriteByte(1);"),
        Method("void", "using (var c = new TcpClient(\"a\", 1)) { c.GetStream().WriteByte(1); }"),
        Method("void", Plain + "using (c) { c.GetStream().WriteByte(1); }"),
        Method("void", Plain + "using var n = c.GetStream(); n.WriteByte(1);"),
        Method("void", Plain + "using var n = new StreamReader(c.GetStream()); n.ReadLine();"),
        Method("void", Plain + "try { c.GetStream().WriteByte(1); } finally { c.Dispose(); }"),
        Method("void", "TcpClient? c = null; try { c = new TcpClient(); c.Connect(\"a\", 1); if (c.Available > 9) throw new InvalidDataException(); } finally { c?.Dispose(); }"),
        Method("Stream", Plain + "try { var n = c.GetStream(); n.WriteByte(1); return n; } catch { c.Dispose(); throw; }"),
        Method("Stream", Plain + "bool ok = false; try { var n = c.GetStream(); n.WriteByte(1); ok = true; return n; } finally { if (!ok) c.Dispose(); }"),
        Method("TcpClient?", Plain + "try { c.GetStream().WriteByte(1); return c; } catch (IOException) { } c.Close(); return null;"),
        "class C { async Task M() { await using var n = new NetworkStream(await Open(), true); n.WriteByte(1); } static async Task<Socket> Open() { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); await s.ConnectAsync(\"a\", 1); return s; } }",
        Method("void", Plain + "((IDisposable)c).Dispose();"),
        Method("void", Plain + "Task.Run(() => c.Close());"),
        Method("void", Plain + "Task.Run(() => c.Client.Close());"),
        Method("void", Plain + "Func<Socket> s = () => c.Client; s().Close();"),
        Method("void", Plain + "c.Safe();", "") + " static class E { internal static void Safe(this TcpClient c) => c.Close(); }",

        // Somebody else has it.
        Method("TcpClient", Plain + "return c;"),
        Method("Socket", Plain + "return c.Client;"),
        Method("Stream", Plain + "return c.GetStream();"),
        Method("Stream", "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Connect(\"a\", 1); return new NetworkStream(s, ownsSocket: true);"),
        "class C { TcpClient? _c; void M() { " + Plain + "_c = c; c.GetStream().WriteByte(1); } }",
        "class C { readonly List<TcpClient> _all = new List<TcpClient>(); void M(TcpListener l) { var c = l.AcceptTcpClient(); _all.Add(c); c.GetStream().WriteByte(1); } }",
        "class C { TcpClient M() { " + Plain + "Configure(c); c.GetStream().WriteByte(1); return c; } static void Configure(TcpClient c) { } }",
        "class C { void M(TcpClient c) { c.Connect(\"a\", 1); c.GetStream().WriteByte(1); } }",
        "class C { TcpClient _c = null!; void M() { var c = _c; c.Connect(\"a\", 1); c.GetStream().WriteByte(1); } }",
        "class C { async Task M(Socket l) { while (true) { var s = await l.AcceptAsync(); try { await Serve(s); } catch (Exception e) { Console.WriteLine(e); } } } static async Task Serve(Socket s) { using (s) { await s.SendAsync(new byte[1], SocketFlags.None); } } }",
        "interface IHandler { Task HandleAsync(Socket s); } class C { async Task M(Socket l, IHandler h) { while (true) { var s = await l.AcceptAsync(); try { await h.HandleAsync(s); } catch (Exception e) { Console.WriteLine(e); } } } }",
        "class C { async Task<bool> M() { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); try { await s.ConnectAsync(\"a\", 1); await RegisterAsync(s); return true; } catch (Exception) { return false; } } static async Task RegisterAsync(Socket s) { try { await s.SendAsync(new byte[1], SocketFlags.None); } catch { s.Dispose(); throw; } } }",

        // Never connected: nothing is established.
        Method("void", "var c = new TcpClient(); c.NoDelay = true;"),
        Method("void", "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Bind(new IPEndPoint(IPAddress.Any, 0)); if (s.LocalEndPoint is null) throw new InvalidDataException();"),
        Method("TcpClient", Plain + "if (!c.Connected) throw new IOException(); return c;"),
        // What a handler of the connect has caught: there is no connection then.
        Method("Stream", "Socket? s = null; SocketException? failed = null; foreach (var a in Dns.GetHostAddresses(\"a\")) { s = new Socket(a.AddressFamily, SocketType.Stream, ProtocolType.Tcp); try { s.Connect(a, 1); failed = null; break; } catch (SocketException e) { failed = e; s = null; } } if (failed != null) { throw failed; } return new NetworkStream(s!, true);"),
        Method("Socket", "Exception? failed = null; var s = new Socket(SocketType.Stream, ProtocolType.Tcp); try { s.Connect(\"a\", 1); } catch (Exception e) { failed = e; } if (failed is not null) throw new IOException(\"a\", failed); return s;"),
        Method("Socket", "bool up = false; var s = new Socket(SocketType.Stream, ProtocolType.Tcp); try { s.Connect(\"a\", 1); up = true; } catch (SocketException) { } if (!up) { throw new IOException(); } return s;"),
        Async("object", "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); try { await s.ConnectAsync(\"a\", 1); } catch (Exception e) { return e; } return s;"),
        "class C { void M(TcpListener l) { var c = new TcpClient(); try { c = l.AcceptTcpClient(); } finally { c.Close(); } } }",
        "class C { async Task M(TcpListener l) { var t = l.AcceptTcpClientAsync(); using var c = await t; c.GetStream().WriteByte(1); } }",
        "class C { void M(TcpListener l) { l.BeginAcceptTcpClient(_ => { }, null); } }",

        // Whoever is named after closing closes: an exception before that is every close's story.
        "static class E { public static void CloseGracefully(this TcpClient c) => c.Close(); } class C { void M(TcpListener l) { var c = l.AcceptTcpClient(); c.GetStream().WriteByte(1); c.CloseGracefully(); } }",

        // The process ends, and the kernel says goodbye.
        "class C { static void Main() { " + Plain + "c.GetStream().WriteByte(1); } }",

        // No TCP connection.
        Method("EndPoint?", "var s = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp); s.Connect(\"a\", 1); return s.LocalEndPoint;"),
        Method("void", "var s = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); s.Connect(new UnixDomainSocketEndPoint(\"a\")); s.Send(new byte[1]);"),
        "class TcpClient { public void Connect() { } } class C { void M() { var c = new TcpClient(); c.Connect(); } }",
    ];

    [Theory, MemberData(nameof(NeverClosed))]
    public Task ConnectionThatNobodyCloses_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(Dropped))]
    public Task AcceptedAndDropped_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LeftOnFailure))]
    public Task ExceptionBeforeCloseOrHandOver_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LeftOnReturn))]
    public Task ReturnWithoutClose_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(HandOverFails))]
    public Task HandlerThatForgetsTheConnection_IsFlagged(string source) => Rule.FlagsAsync(source);

    /// <summary>In a scan without the project's references, the interface is no more than a name.</summary>
    [Theory]
    [InlineData("using var k = new CancellationTokenSource(9); d = await [|_f.CreateConnection(s, k.Token)|];", "return;")]
    [InlineData("d = await [|_f.CreateConnection(s)|].ConfigureAwait(false);", "return;")]
    public Task MakerWhoseInterfaceIsNotThere_IsTakenByItsName(string taken, string handler) => (Rule with { AllowCompileErrors = true }).FlagsAsync(Unbound("IFactory", taken, handler));

    [Fact]
    public Task LocalThatGoesToAMakerWhoseInterfaceIsNotThere_IsFlagged() => (Rule with { AllowCompileErrors = true }).FlagsAsync(
        "class C { async Task<bool> M(IHost h) { var s = [|new Socket(SocketType.Stream, ProtocolType.Tcp)|]; try { await s.ConnectAsync(\"a\", 1); await (h as IRegister).RegisterConnection(s); return true; } catch (Exception e) { Console.WriteLine(e); return false; } } }");

    [Theory]
    [InlineData("Factory", "d = await _f.CreateConnection(s);", "return;")]
    [InlineData("IPAddresses", "d = await _f.CreateConnection(s);", "return;")]
    [InlineData("IHandler", "d = await _f.HandleAsync(s);", "return;")]
    [InlineData("IFactory", "d = await _f.CreateConnection(s);", "s.Dispose(); return;")]
    [InlineData("IFactory", "d = await _f.CreateConnection(s);", "CloseQuietly(s); return;")]
    [InlineData("IFactory", "d = await _f.CreateConnection(s);", "throw;")]
    [InlineData("IFactory", "d = _f.CreateConnection(s);", "return;")]
    [InlineData("IFactory", "Keep(s); d = await _f.CreateConnection(s);", "return;")]
    [InlineData("IFactory", "d = await _f.CreateConnection(1, _all.With(s));", "return;")]
    public Task WhatDoesNotBindAndMayClose_IsSilent(string type, string taken, string handler) => (Rule with { AllowCompileErrors = true }).IsSilentAsync(Unbound(type, taken, handler));

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task Message_SaysWhatThePeerSees() =>
        (Rule with { Severity = DiagnosticSeverity.Warning, Messages = ["'c' is connected and never closed: the peer is left waiting, until the finalizer resets the connection at a random time"] })
            .FlagsAsync(Method("void", Connected));

    [Fact]
    public Task TestProject_IsToldAsInfo() => (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info }).FlagsAsync(Method("void", Connected));

    [Fact]
    public Task TestProjectsOff_AreSilent() => (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" }).IsSilentAsync(Method("void", Plain));

    [Fact]
    public Task Cuts_AreSurvived() => Rule.SurvivesCutsAsync(
        "class C { async Task<Stream?> M(TcpListener l) { var c = await l.AcceptTcpClientAsync(); try { if (c.Available > 1) { c.Client.Shutdown(SocketShutdown.Both); return null; } c.GetStream().WriteByte(1); } catch (Exception) { throw; } l.AcceptSocket(); return c.GetStream(); } }");

    private static string Unbound(string type, string taken, string handler) =>
        $$"""class C { {{type}} _f; void Accept(Socket l) { while (true) { OnNew(l.Accept()); } } static void Keep(Socket s) { } private async void OnNew(Socket s) { IThing d = null; try { {{taken}} } catch (Exception e) { Console.WriteLine(e + s.RemoteEndPoint!.ToString()); {{handler}} } d.ToString(); } }""";

    private static string Method(string type, string body, string members = "") => $$"""class C { {{members}} {{type}} M() { {{body}} } }""";

    private static string Async(string type, string body) => $$"""class C { async {{(type == "void" ? "Task" : $"Task<{type}>")}} M() { {{body}} } }""";

    private static string Client(string attempt, string handler, string rest = "") =>
        $"class C : IDisposable {{ Socket? _s = new(SocketType.Stream, ProtocolType.Tcp); Stream? _stream; async Task M(string host, CancellationToken token) {{ {attempt} {handler} await Task.Yield(); }} public void Dispose() {{ _s?.Dispose(); _stream?.Dispose(); }} {rest} }}";

    private const string Secured = "try { await _s!.ConnectAsync(host, 443, token); var tls = new System.Net.Security.SslStream(new NetworkStream(_s)); await tls.AuthenticateAsClientAsync(host).ConfigureAwait(false); _stream = tls; }";

    /// <summary>The field was the last that had the connection, and Dispose finds null.</summary>
    [Theory]
    [InlineData(Secured, "catch (Exception) { [|_s = null|]; throw; }")]
    [InlineData(Secured, "catch (Exception e) { if (e is SocketException) { _s!.Close(); } [|_s = null|]; throw; }")]
    [InlineData("var s = _s!; try { using var r = token.Register(() => s.Close()); s.Connect(host, 443); var n = new NetworkStream(s); var tls = new System.Net.Security.SslStream(n, false); tls.AuthenticateAsClient(host); _stream = tls; }", "catch (Exception e) { if (e is SocketException) s.Close(); [|_s = null|]; throw; }")]
    // Closed where the time is over, and that throws.
    [InlineData("var s = _s!; try { var r = s.BeginConnect(host, 443, null, null); if (!r.AsyncWaitHandle.WaitOne(3000)) { s.Close(); throw new TimeoutException(); } await Task.Factory.FromAsync(r, s.EndConnect); if (host == null) { s.Connect(host!, 443); } var tls = new System.Net.Security.SslStream(new NetworkStream(s)); await tls.AuthenticateAsClientAsync(host!); _stream = tls; }", "catch (Exception) { [|_s = null|]; throw; }")]
    // A question asked in a lambda takes nothing.
    [InlineData("var s = _s!; try { await s.ConnectAsync((await Dns.GetHostAddressesAsync(host)).Where(ip => ip.AddressFamily == s.AddressFamily).ToArray(), 443); var tls = new System.Net.Security.SslStream(new NetworkStream(s)); await tls.AuthenticateAsClientAsync(host); _stream = tls; }", "catch (Exception e) { if (e is SocketException) s.Close(); [|_s = null|]; throw; }")]
    [InlineData("Func<bool> up = () => _s != null && _s.Connected; " + Secured, "catch (Exception) when (!up()) { [|_s = null|]; throw; }")]
    public Task FieldThatAHandlerForgets_IsFlagged(string attempt, string handler) => Rule.FlagsAsync(Client(attempt, handler));

    [Theory]
    [InlineData(Secured, "catch (Exception) { _s?.Dispose(); _s = null; throw; }")]
    [InlineData(Secured, "catch (Exception) { if (_s != null) { _s.Close(); } _s = null; throw; }")]
    [InlineData(Secured, "catch (Exception) { Clean(); _s = null; throw; }", "void Clean() { _s?.Dispose(); }")]
    [InlineData(Secured, "catch (Exception) { Dispose(); _s = null; throw; }")]
    [InlineData(Secured, "catch (Exception) { var old = _s; _s = null; old?.Dispose(); throw; }")]
    [InlineData(Secured, "catch (Exception) { Interlocked.Exchange(ref _s, null)?.Dispose(); _s = null; throw; }")]
    // Closed after the handler, or by a finally.
    [InlineData("var s = _s!; bool ok = false; try { s.Connect(host, 443); var tls = new System.Net.Security.SslStream(new NetworkStream(s)); tls.AuthenticateAsClient(host); ok = true; }", "catch (Exception) { _s = null; } finally { if (!ok) { s.Dispose(); } }")]
    [InlineData("var s = _s!; try { s.Connect(host, 443); var tls = new System.Net.Security.SslStream(new NetworkStream(s)); tls.AuthenticateAsClient(host); }", "catch (Exception) { _s = null; } s.Dispose();")]
    // A scope, and a stream that owns it and is kept.
    [InlineData("try { _s!.Connect(host, 443); using var tls = new System.Net.Security.SslStream(new NetworkStream(_s, true)); tls.AuthenticateAsClient(host); }", "catch (Exception) { _s = null; throw; }")]
    [InlineData("try { _s!.Connect(host, 443); _stream = new System.Net.Security.SslStream(new NetworkStream(_s, true)); ((System.Net.Security.SslStream)_stream).AuthenticateAsClient(host); }", "catch (Exception) { _s = null; throw; }")]
    // Somebody else has it.
    [InlineData("try { _s!.Connect(host, 443); Keep(_s); var tls = new System.Net.Security.SslStream(new NetworkStream(_s)); tls.AuthenticateAsClient(host); }", "catch (Exception) { _s = null; throw; }", "static readonly List<Socket> All = new(); static void Keep(Socket s) => All.Add(s);")]
    [InlineData("var s = _s!; Func<Socket> get = () => s; try { s.Connect(host, 443); Keep(get); var tls = new System.Net.Security.SslStream(new NetworkStream(s)); tls.AuthenticateAsClient(host); }", "catch (Exception) { _s = null; Keep(get); throw; }", "static void Keep(Func<Socket> s) => s().Close();")]
    [InlineData("var c = new TcpClient(); try { _s = c.Client; Action end = () => _s.Close(); _s.Connect(host, 443); using var r = new Timer(_ => end()); var tls = new System.Net.Security.SslStream(new NetworkStream(_s)); tls.AuthenticateAsClient(host); }", "catch (Exception) { _s = null; throw; }")]
    // Nothing that fails after the connect, and another connection's handshake.
    [InlineData("try { _s!.Connect(host, 443); }", "catch (Exception) { _s = null; throw; }")]
    [InlineData("using var other = new TcpClient(host, 1); try { _s!.Connect(host, 443); using var tls = new System.Net.Security.SslStream(other.GetStream()); tls.AuthenticateAsClient(host); }", "catch (Exception) { _s = null; throw; }")]
    public Task FieldThatIsClosedWhenItIsForgotten_IsSilent(string attempt, string handler, string rest = "") => Rule.IsSilentAsync(Client(attempt, handler, rest));

    [Fact]
    public Task FieldOfABaseThatAlsoSendsDatagrams_IsFlagged() => Rule.FlagsAsync(
        "abstract class B { protected Socket? _s; public void Tell(byte[] b, EndPoint to) => _s!.SendTo(b, to); } class C : B { void M(string host) { var s = _s!; try { s.Connect(host, 443); var tls = new System.Net.Security.SslStream(new NetworkStream(s)); tls.AuthenticateAsClient(host); } catch (Exception e) { if (e is SocketException) s.Close(); [|_s = null|]; throw; } } }");

    [Fact]
    public Task FieldOfALocalSocket_IsSilent() => Rule.IsSilentAsync(
        "class C { Socket? _s = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); void M(EndPoint to) { try { _s!.Connect(to); var tls = new System.Net.Security.SslStream(new NetworkStream(_s)); tls.AuthenticateAsClient(\"a\"); } catch { _s = null; throw; } } }");

    private static string Owner(string members, string end, string fields = "TcpClient? _c;") =>
        $"class C {{ {fields} {members} void Stop() {{ {end} }} }}";

    private const string Connects = "void Start() { _c = new TcpClient(); _c.Connect(\"a\", 1); }";

    /// <summary>Who says goodbye is the one who closes.</summary>
    [Theory]
    [InlineData(Connects, "if (_c != null) { _c.Client.Shutdown(SocketShutdown.Both); [|_c = null|]; }")]
    [InlineData(Connects, "if (_c != null) { if (_c.Connected) { _c.Client.Disconnect(true); } [|_c = null|]; }")]
    [InlineData(Connects, "_c!.Client.Shutdown(SocketShutdown.Send); [|_c = null|];")]
    [InlineData(Connects, "_c?.Client.Disconnect(false); [|_c = null|];")]
    [InlineData(Connects, "try { _c!.Client.Shutdown(SocketShutdown.Both); } catch (SocketException) { } [|this._c = null|];")]
    [InlineData(Connects, "var c = _c!; c.Client.Shutdown(SocketShutdown.Both); [|_c = null|];")]
    [InlineData(Connects, "if (_c!.Available > 0) { _c.Close(); } else { _c.Client.Shutdown(SocketShutdown.Both); } [|_c = null|];")]
    [InlineData(Connects + " public void Dispose() => _c?.Close();", "_c!.Client.Disconnect(false); [|_c = null|];")]
    [InlineData("void Start(TcpListener l) { _c = l.AcceptTcpClient(); } int Read(byte[] b) { var c = _c!; return c.GetStream().Read(b); }", "_c!.Client.Shutdown(SocketShutdown.Both); [|_c = null|];")]
    // Another connection's close, and a file's.
    [InlineData(Connects + " TcpClient _other = new(); FileStream? _log;", "_log?.Close(); _c!.Client.Disconnect(false); [|_c = null|];")]
    // A look at it, and an object that keeps the stream and can't be closed.
    [InlineData("readonly Action<TcpClient>? _made, _end; Parser? _p; void Start() { _c = new TcpClient(); _c.Connect(\"a\", 1); if (_made != null) { _made(_c); } _p = new Parser(_c.GetStream()); _p.Login(); } class Parser { readonly Stream _s; internal Parser(Stream s) => _s = s; internal void Login() => _s.WriteByte(1); }", "_p!.Login(); if (_c != null) { if (_c.Connected) { if (_end == null) { _c.Client.Disconnect(true); } else { _end(_c); } } [|_c = null|]; }")]
    public Task FieldThatIsForgottenAfterAGoodbye_IsFlagged(string members, string end) => Rule.FlagsAsync(Owner(members, end));

    [Theory]
    [InlineData(Connects, "_c!.Client.Shutdown(SocketShutdown.Both); _c.Close(); _c = null;")]
    [InlineData(Connects, "_c!.Client.Shutdown(SocketShutdown.Both); _c.Client.Dispose(); _c = null;")]
    [InlineData(Connects, "_c!.Client.Shutdown(SocketShutdown.Both); _c.GetStream().Close(); _c = null;")]
    [InlineData(Connects, "var c = _c!; c.Client.Shutdown(SocketShutdown.Both); _c = null; c.Close();")]
    [InlineData(Connects, "try { _c!.Client.Shutdown(SocketShutdown.Both); } finally { _c!.Close(); _c = null; }")]
    [InlineData(Connects + " void Clean() => _c?.Close();", "_c!.Client.Shutdown(SocketShutdown.Both); Clean(); _c = null;")]
    [InlineData(Connects, "_c!.Client.Shutdown(SocketShutdown.Both); using (_c) { } _c = null;")]
    [InlineData(Connects, "_c!.Client.Shutdown(SocketShutdown.Both); ((IDisposable)_c).Dispose(); _c = null;")]
    // Only reading has ended, or nothing at all, or on another path.
    [InlineData(Connects, "_c!.Client.Shutdown(SocketShutdown.Receive); _c = null;")]
    [InlineData(Connects, "_c = null;")]
    [InlineData(Connects, "if (_c!.Available > 0) { _c.Client.Shutdown(SocketShutdown.Both); return; } _c = null;")]
    // The other name of it, in another member, closes.
    [InlineData("void Run() { var c = new TcpClient(\"a\", 1); _c = c; while (c.GetStream().ReadByte() >= 0) { } c.Close(); }", "_c!.Client.Shutdown(SocketShutdown.Send); _c = null;")]
    [InlineData(Connects + " void Run() { var c = _c!; while (c.GetStream().ReadByte() >= 0) { } c.Close(); }", "_c!.Client.Shutdown(SocketShutdown.Send); _c = null;")]
    [InlineData(Connects + " void Run() { using var c = _c!; while (c.GetStream().ReadByte() >= 0) { } }", "_c!.Client.Shutdown(SocketShutdown.Send); _c = null;")]
    [InlineData(Connects + " void Run() { using var s = _c!.GetStream(); while (s.ReadByte() >= 0) { } }", "_c!.Client.Shutdown(SocketShutdown.Send); _c = null;")]
    // The stream is kept, returned, or given to what can be closed.
    [InlineData("Stream? _s; void Start() { _c = new TcpClient(\"a\", 1); _s = _c.GetStream(); } void Dispose() => _s?.Dispose();", "_c!.Client.Shutdown(SocketShutdown.Both); _c = null;")]
    [InlineData("Stream Start() { _c = new TcpClient(\"a\", 1); return _c.GetStream(); }", "_c!.Client.Shutdown(SocketShutdown.Both); _c = null;")]
    [InlineData("StreamReader? _r; void Start() { _c = new TcpClient(\"a\", 1); _r = new StreamReader(_c.GetStream()); }", "_c!.Client.Shutdown(SocketShutdown.Both); _c = null;")]
    [InlineData("Parser? _p; void Start() { _c = new TcpClient(\"a\", 1); _p = new Parser(_c.GetStream()); } class Parser : IDisposable { readonly Stream _s; internal Parser(Stream s) => _s = s; public void Dispose() => _s.Close(); }", "_c!.Client.Shutdown(SocketShutdown.Both); _c = null;")]
    [InlineData("Parser? _p; void Start() { _c = new TcpClient(\"a\", 1); _p = new Parser(_c.GetStream()); } void Quit() => _p?.Close(); class Parser { readonly Stream _s; internal Parser(Stream s) => _s = s; internal void Close() => _s.Close(); }", "_c!.Client.Shutdown(SocketShutdown.Both); _c = null;")]
    [InlineData("Parser? _p; void Start(List<object> all) { _c = new TcpClient(\"a\", 1); _p = new Parser(_c.GetStream()); all.Add(_p); } class Parser { internal Stream S; internal Parser(Stream s) => S = s; }", "_c!.Client.Shutdown(SocketShutdown.Both); _c = null;")]
    [InlineData("void Start() { _c = new TcpClient(\"a\", 1); new Parser(_c.GetStream()).Run(); } class Parser { readonly Stream _s; internal Parser(Stream s) => _s = s; internal void Run() => _s.Close(); }", "_c!.Client.Shutdown(SocketShutdown.Both); _c = null;")]
    // Somebody else had it first, gets it, or hears of it.
    [InlineData("internal C(TcpClient c) => _c = c;", "_c!.Client.Shutdown(SocketShutdown.Both); _c = null;")]
    [InlineData(Connects + " readonly List<TcpClient> _idle = new();", "_c!.Client.Disconnect(true); _idle.Add(_c); _c = null;")]
    [InlineData("readonly List<TcpClient> _all = new(); void Start() { _c = new TcpClient(\"a\", 1); _all.Add(_c); }", "_c!.Client.Disconnect(true); _c = null;")]
    [InlineData("event Action<TcpClient>? Made; void Start() { _c = new TcpClient(\"a\", 1); Made?.Invoke(_c); }", "_c!.Client.Disconnect(true); _c = null;")]
    [InlineData("void Start() { _c = new TcpClient(\"a\", 1); _c.Client.BeginReceive(new byte[1], 0, 1, SocketFlags.None, Got, _c); } static void Got(IAsyncResult r) => ((TcpClient)r.AsyncState!).Close();", "_c!.Client.Shutdown(SocketShutdown.Send); _c = null;")]
    [InlineData("void Start() { _c = new TcpClient(\"a\", 1); var e = new SocketAsyncEventArgs(); e.Completed += (s, _) => ((Socket)s!).Close(); _c.Client.ReceiveAsync(e); }", "_c!.Client.Shutdown(SocketShutdown.Send); _c = null;")]
    [InlineData("void Start() { _c = new TcpClient(\"a\", 1); Task.Run(() => { using (_c) { _c.GetStream().ReadByte(); } }); }", "_c!.Client.Shutdown(SocketShutdown.Send); _c = null;")]
    // Its caller has closed it already.
    [InlineData(Connects + " void Dispose() { _c?.Close(); Stop(); }", "try { _c!.Client.Shutdown(SocketShutdown.Both); } catch (ObjectDisposedException) { } _c = null;")]
    public Task FieldThatSomebodyMayClose_IsSilent(string members, string end) => Rule.IsSilentAsync(Owner(members, end));

    [Theory]
    [InlineData("Socket? _c = new(SocketType.Dgram, ProtocolType.Udp); void Start() => _c!.Connect(\"a\", 1);", "_c!.Shutdown(SocketShutdown.Both); _c = null;")]
    [InlineData("Socket? _c = new(SocketType.Stream, ProtocolType.Tcp); void Start() { _c!.Bind(new IPEndPoint(IPAddress.Any, 1)); _c.Listen(9); }", "_c!.Shutdown(SocketShutdown.Both); _c = null;")]
    [InlineData("internal TcpClient? _c; " + Connects, "_c!.Client.Shutdown(SocketShutdown.Both); _c = null;")]
    [InlineData("public TcpClient? _c { get; private set; } " + Connects, "_c!.Client.Shutdown(SocketShutdown.Both); _c = null;")]
    public Task OtherFieldThatIsShutDown_IsSilent(string members, string end) => Rule.IsSilentAsync(Owner(members, end, ""));

    [Fact]
    public Task GoodbyeInATest_IsToldAsInfo() => (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info }).FlagsAsync(
        Owner(Connects, "_c!.Client.Disconnect(false); [|_c = null|];"));

    [Fact]
    public Task CutsAfterAGoodbye_AreSurvived() => Rule.SurvivesCutsAsync(
        Owner("Parser? _p; void Start() { _c = new TcpClient(); _c.Connect(\"a\", 1); _p = new Parser(_c.GetStream()); } class Parser { internal Parser(Stream s) { } }", "var c = _c; if (c is { Connected: true }) { c.Client.Disconnect(true); } _c = null;"));
}
