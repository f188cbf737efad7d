using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST7002TlsWithoutCloseNotifyTests
{
    private static readonly Verify Rule = Verify.Rule("RST7002") with
    {
        Usings = Verify.DefaultUsings.Replace("\n", " using System.Net.Security; using System.Security.Authentication; using System.Security.Cryptography.X509Certificates;\n", StringComparison.Ordinal),
    };

    private const string Client = "using var c = new TcpClient(host, 1); ";
    private const string Open = "class C { TcpClient _c = new TcpClient(\"a\", 1); ";

    private static string Method(string body) => $"class C {{ byte[] _b = new byte[1]; SslStream? _f; async Task M(string host, X509Certificate2 mine, Stream inner, bool flag) {{ {body} await Task.Yield(); }} }}";

    public static TheoryData<string> Flagged =>
    [
        Client + "using var [|s|] = {|#0:new SslStream(c.GetStream())|}; s.AuthenticateAsClient(host); s.Write(_b); s.ReadExactly(_b);",
        Client + "await using SslStream [|s|] = {|#0:new(c.GetStream())|}; await s.AuthenticateAsClientAsync(host).ConfigureAwait(false); await s.WriteAsync(_b).ConfigureAwait(false); await s.ReadAsync(_b).ConfigureAwait(false);",
        Client + "var s = {|#0:new SslStream(c.GetStream())|}; s.AuthenticateAsClient(host); s.Write(_b); s.ReadByte(); [|s.Close()|];",
        Client + "SslStream s = flag ? {|#0:new SslStream(c.GetStream())|} : new SslStream(c.GetStream(), true); s.AuthenticateAsClient(host); s.ReadByte(); [|s.Dispose()|];",
        Client + "var s = {|#0:new SslStream(c.GetStream())|}; try { s.AuthenticateAsClient(host); s.ReadByte(); } catch { s.Dispose(); throw; } [|s.Dispose()|];",
        Client + "var s = {|#0:new SslStream(c.GetStream())|}; try { s.AuthenticateAsClient(host); s.ReadByte(); } finally { [|s.Dispose()|]; }",
        Client + "var s = {|#0:new SslStream(c.GetStream(), true)|}; s.AuthenticateAsServer(mine); s.Write(_b); [|s.Dispose()|];",
        // What is under it ends it too.
        "using var [|c|] = new TcpClient(host, 1); var s = {|#0:new SslStream(c.GetStream())|}; s.AuthenticateAsClient(host); s.Write(_b); s.ReadByte();",
        Client + "var s = {|#0:new SslStream(c.GetStream())|}; s.AuthenticateAsClient(host); s.ReadByte(); using var [|w|] = new StreamWriter(s); w.WriteLine(1);",
        // A branch that ends a stream in use.
        "var s = {|#0:new SslStream(inner)|}; s.AuthenticateAsClient(host); if (s.ReadByte() < 1) { [|s.Close()|]; return; } s.Write(_b);",
        "var s = {|#0:new SslStream(inner)|}; s.AuthenticateAsClient(host); Use(s); if (flag) { [|s.Close()|]; return; } static void Use(Stream x) { x.ReadByte(); }",
        // Any stream, whatever is under it.
        "using var [|s|] = {|#0:new SslStream(inner)|}; s.AuthenticateAsClient(host); s.Write(_b);",
        "var s = {|#0:new SslStream(inner)|}; s.AuthenticateAsClient(host); Use(s); [|s.Dispose()|]; static void Use(Stream x) { x.ReadByte(); }",
        "Action a = () => { using var [|s|] = {|#0:new SslStream(inner)|}; s.AuthenticateAsClient(host); s.ReadByte(); }; a();",
    ];

    public static TheoryData<string> FlaggedMembers =>
    [
        Open + "SslStream? _s; void Start() { _s = {|#0:new SslStream(_c.GetStream())|}; _s.AuthenticateAsClient(\"a\"); } int Get() => _s!.ReadByte(); public void Dispose() { _s?[|.Dispose()|]; _c.Dispose(); } }",
        Open + "Stream? _s; void Start() { var s = {|#0:new SslStream(_c.GetStream())|}; s.AuthenticateAsClient(\"a\"); _s = s; } int Get() => _s!.ReadByte(); public void Dispose() { [|_s!.Dispose()|]; } }",
        Open + "Stream? _s; async Task Start() { _s = await Wrap(_c.GetStream()).ConfigureAwait(false); } async Task<SslStream> Wrap(Stream x) { var s = {|#0:new SslStream(x)|}; try { await s.AuthenticateAsClientAsync(\"a\"); } catch { s.Dispose(); throw; } return s; } int Get() => _s!.ReadByte(); public void Dispose() { try { _s?[|.Close()|]; _s?.Dispose(); } catch (ObjectDisposedException) { } } }",
        "partial " + Open + "SslStream? _s; void Start() { _s = {|#0:new SslStream(_c.GetStream())|}; _s.AuthenticateAsClient(\"a\"); } } partial class C { int Get() => _s!.ReadByte(); public void Stop() { var s = _s; [|s!.Close()|]; } }",
        "class Tls : SslStream { public Tls(Stream s) : base(s) { } protected override void Dispose(bool disposing) { Console.WriteLine(1); [|base.Dispose(disposing)|]; } }",
        "var c = new TcpClient(\"a\", 1); using var [|s|] = {|#0:new SslStream(c.GetStream())|}; s.AuthenticateAsClient(\"a\"); s.ReadByte();",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        // The handshake failed, or its time was over: nobody is there to say goodbye to.
        "var s = new SslStream(inner); var t = s.AuthenticateAsServerAsync(mine); if (await Task.WhenAny(t, Task.Delay(9)) != t) { s.Close(); return; } if (t.IsFaulted) { s.Close(); return; } new StreamReader(s).Read();",
        "var n = inner; var s = new SslStream(n); await Task.WhenAny(s.AuthenticateAsClientAsync(host), Task.Delay(9)); if (!s.IsAuthenticated) { s.Dispose(); throw new IOException(); } new StreamReader(s).Read();",
        "var n = inner; var s = new SslStream(n); var t = host.Length > 1 ? s.AuthenticateAsClientAsync(host) : s.AuthenticateAsClientAsync(\"a\"); await Task.WhenAny(t, Task.Delay(9)); if (!s.IsAuthenticated) { s.Close(); return; } new StreamReader(s).Read();",
        // It says goodbye.
        "using var s = new SslStream(inner); s.AuthenticateAsClient(host); s.Write(_b); await s.ShutdownAsync();",
        // The peer's end came first.
        Client + "using var s = new SslStream(c.GetStream()); s.AuthenticateAsServer(mine); while (s.Read(_b) > 0) { }",
        Client + "using var s = new SslStream(c.GetStream()); s.AuthenticateAsServer(mine); await s.CopyToAsync(inner);",
        Client + "using var s = new SslStream(c.GetStream()); s.AuthenticateAsClient(host); using var r = new StreamReader(s); r.ReadToEnd();",
        // RST7003 says it.
        Client + "using var s = new SslStream(c.GetStream()); s.AuthenticateAsClient(host); s.Write(_b);",
        // No handshake, or one that failed.
        "using var s = new SslStream(inner); Console.WriteLine(s.IsAuthenticated);",
        "var s = new SslStream(inner); try { s.AuthenticateAsClient(host); } catch { s.Dispose(); throw; }",
        // Given away, or kept.
        "SslStream? s = new SslStream(inner); try { s.AuthenticateAsClient(host); _f = s; s = null; } finally { s?.Dispose(); }",
        "using var s = new SslStream(inner); s.AuthenticateAsClient(host); s.ReadByte(); End(s); static void End(SslStream x) { }",
        "var s = new SslStream(inner); s.AuthenticateAsClient(host); s.ReadByte();",
        // Not TLS, or another's.
        "using var s = new NegotiateStream(inner); s.AuthenticateAsClient(); s.ReadByte();",
        "using var s = new BufferedStream(inner); s.ReadByte();",
        "_f!.AuthenticateAsClient(host); _f.Dispose();",
    ];

    public static TheoryData<string> MemberLookAlikes =>
    [
        Open + "SslStream? _s; void Start() { _s = new SslStream(_c.GetStream()); _s.AuthenticateAsClient(\"a\"); } int Get() => _s!.ReadByte(); async Task Stop() { await _s!.ShutdownAsync(); } public void Dispose() { _s?.Dispose(); } }",
        Open + "SslStream? _s; void Start() { _s = new SslStream(_c.GetStream()); _s.AuthenticateAsClient(\"a\"); } int Get() => _s!.ReadByte(); public void Dispose() {\n#if OTHER\n_s.ShutdownAsync().Wait();\n#endif\n_s?.Dispose(); } }",
        "class C { readonly SslStream _s; public C(SslStream s) => _s = s; void Start() => _s.AuthenticateAsClient(\"a\"); public void Dispose() => _s.Dispose(); }",
        "class Tls : SslStream { public Tls(Stream s) : base(s) { } public override void Close() { ShutdownAsync().Wait(); base.Close(); } }",
        "class Tls : SslStream { public Tls(Stream s) : base(s) { } protected override void Dispose(bool d) { base.Dispose(d); } } class C { async Task End(Tls t) { await t.ShutdownAsync(); t.Dispose(); } }",
        "class Tls : SslStream { public Tls(Stream s) : base(s) { } public override void Close() { ShutdownAsync().Wait(); base.Close(); } } class C { Tls? _s; void Start(Stream x) { _s = new Tls(x); _s.AuthenticateAsClient(\"a\"); } public void Dispose() => _s!.Close(); }",
        "class SslStream : IDisposable { public SslStream(Stream s) { } public void AuthenticateAsClient(string h) { } public void Dispose() { } } class C { void M(Stream x) { using var s = new SslStream(x); s.AuthenticateAsClient(\"a\"); } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task StreamOfALocal_IsFlagged(string body) => Rule.FlagsAsync(Method(body));

    [Theory, MemberData(nameof(FlaggedMembers))]
    public Task StreamOfAType_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string body) => Rule.IsSilentAsync(Method(body));

    [Theory, MemberData(nameof(MemberLookAlikes))]
    public Task LookAlikeMember_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task Message_SaysWhatThePeerCannotTell() => (Rule with
    {
        Severity = DiagnosticSeverity.Info,
        Messages = ["'s' is closed without a TLS close_notify: the peer can't tell this end from a connection that was cut, and may take what it has for truncated"],
    }).FlagsAsync(Method("using var [|s|] = {|#0:new SslStream(inner)|}; s.AuthenticateAsClient(host); s.ReadByte();"));

    [Fact]
    public Task TestProjectsOff_AreSilent() => (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" })
        .IsSilentAsync(Method("using var s = new SslStream(inner); s.AuthenticateAsClient(host); s.ReadByte();"));

    [Fact]
    public Task Cuts_AreSurvived() => Rule.SurvivesCutsAsync(
        Open + "Stream? _s; async Task Start() { _s = await Wrap(_c.GetStream()); } async Task<SslStream> Wrap(Stream x) { var s = new SslStream(x); try { await s.AuthenticateAsClientAsync(\"a\"); } catch { s.Dispose(); throw; } return s; } public void Dispose() { var s = _s; s?.Close(); } }");
}
