using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST7003WriteOnlyTlsClientTests
{
    private static readonly Verify Rule = Verify.Rule("RST7003") with
    {
        Usings = Verify.DefaultUsings.Replace("\n", " using System.Net.Security; using System.Security.Authentication; using System.Security.Cryptography.X509Certificates;\n", StringComparison.Ordinal),
    };

    private static string Method(string body) => $"class C {{ byte[] _b = new byte[1]; async Task M(string host, X509Certificate2 mine, SslProtocols some, SslClientAuthenticationOptions given, Stream file) {{ {body} await Task.Yield(); }} }}";

    private const string Client = "using var c = new TcpClient(host, 1); ";

    public static TheoryData<string> Flagged =>
    [
        Client + "using var [|s|] = new SslStream(c.GetStream()); {|#0:s.AuthenticateAsClient(host)|}; s.Write(_b);",
        Client + "await using SslStream [|s|] = new(c.GetStream(), false, (a, b, d, e) => true); await {|#0:s.AuthenticateAsClientAsync(host)|}.ConfigureAwait(false); await s.WriteAsync(_b).ConfigureAwait(false);",
        Client + "var s = new SslStream(c.GetStream()); await {|#0:s.AuthenticateAsClientAsync(host)|}; await s.WriteAsync(_b); [|s.Close()|];",
        Client + "var s = new SslStream(c.GetStream()); await {|#0:s.AuthenticateAsClientAsync(host)|}; await s.WriteAsync(_b); await [|s.DisposeAsync()|];",
        Client + "var s = new SslStream(c.GetStream()); try { await {|#0:s.AuthenticateAsClientAsync(host)|}; await s.WriteAsync(_b); } catch { s.Dispose(); throw; } [|s.Dispose()|];",
        // close_notify alone reads nothing.
        Client + "var s = new SslStream(c.GetStream()); await {|#0:s.AuthenticateAsClientAsync(host)|}; await s.WriteAsync(_b); await s.ShutdownAsync(); [|s.Dispose()|];",
        Client + "using (var [|s|] = new SslStream(c.GetStream())) { {|#0:s.AuthenticateAsClient(host)|}; s.Write(_b); }",
        Client + "var s = new SslStream(c.GetStream()); {|#0:s.AuthenticateAsClient(host)|}; using var [|w|] = new StreamWriter(s); w.WriteLine(1);",
        Client + "var s = new SslStream(c.GetStream()); {|#0:s.AuthenticateAsClient(host)|}; await file.CopyToAsync(s); [|s.Close()|];",
        "using var [|c|] = new TcpClient(host, 1); var s = new SslStream(c.GetStream()); {|#0:s.AuthenticateAsClient(host)|}; s.Write(_b);",
        "var k = new Socket(SocketType.Stream, ProtocolType.Tcp); k.Connect(host, 1); using var [|s|] = new SslStream(new NetworkStream(k, true)); {|#0:s.AuthenticateAsClient(host)|}; s.Write(_b);",
        Client + "using var [|s|] = new SslStream(c.GetStream()); {|#0:s.AuthenticateAsClient(host, null, SslProtocols.Tls12 | SslProtocols.Tls13, false)|}; s.Write(_b);",
        Client + "using var [|s|] = new SslStream(c.GetStream()); {|#0:s.AuthenticateAsClient(host, null, enabledSslProtocols: SslProtocols.None, checkCertificateRevocation: false)|}; s.Write(_b);",
        Client + "using var [|s|] = new SslStream(c.GetStream()); {|#0:s.AuthenticateAsClient(new SslClientAuthenticationOptions { TargetHost = host })|}; s.Write(_b);",
        Client + "var o = new SslClientAuthenticationOptions { TargetHost = host, EnabledSslProtocols = SslProtocols.Tls13 }; using var [|s|] = new SslStream(c.GetStream()); {|#0:s.AuthenticateAsClient(o)|}; s.Write(_b);",
        "Action a = () => { " + Client + "using var [|s|] = new SslStream(c.GetStream()); {|#0:s.AuthenticateAsClient(host)|}; s.Write(_b); }; a();",
    ];

    public static TheoryData<string> FlaggedMembers =>
    [
        "class C : IDisposable { private readonly TcpClient _c = new TcpClient(\"a\", 1); private SslStream? _s; void Open() { _s = new SslStream(_c.GetStream()); {|#0:_s.AuthenticateAsClient(\"a\")|}; } public void Log(byte[] b) => _s!.Write(b); public void Dispose() { _s?[|.Dispose()|]; _c.Dispose(); } }",
        "partial class C { private TcpClient _c = new TcpClient(\"a\", 1); private SslStream? _s; void Open() { _s = new SslStream(_c.GetStream()); {|#0:_s.AuthenticateAsClient(\"a\")|}; } } partial class C { public void Log(byte[] b) { _s!.Write(b); _s.Flush(); } public void Close() { [|_s!.Close()|]; } }",
        "using var c = new TcpClient(\"a\", 1); using var [|s|] = new SslStream(c.GetStream()); {|#0:s.AuthenticateAsClient(\"a\")|}; s.Write(new byte[1]);",
        "class C { async IAsyncEnumerable<int> M(string host) { using var c = new TcpClient(host, 1); using var [|s|] = new SslStream(c.GetStream()); await {|#0:s.AuthenticateAsClientAsync(host)|}; yield return 1; await s.WriteAsync(new byte[1]); } }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        // It reads.
        Client + "using var s = new SslStream(c.GetStream()); s.AuthenticateAsClient(host); s.Write(_b); s.Read(_b);",
        Client + "using var s = new SslStream(c.GetStream()); s.AuthenticateAsClient(host); s.Write(_b); using var r = new StreamReader(s); r.ReadLine();",
        Client + "using var s = new SslStream(c.GetStream()); s.AuthenticateAsClient(host); s.Write(_b); await s.CopyToAsync(file);",
        Client + "c.GetStream().ReadByte(); using var s = new SslStream(c.GetStream()); s.AuthenticateAsClient(host); s.Write(_b);",
        // Others may read.
        Client + "using var s = new SslStream(c.GetStream()); s.AuthenticateAsClient(host); s.Write(_b); Use(s); static void Use(Stream x) { x.ReadByte(); }",
        Client + "var s = new SslStream(c.GetStream()); s.AuthenticateAsClient(host); s.Write(_b); _ = Task.Run(() => s.ReadByte()); s.Close();",
        // TLS 1.2 has no tickets that come late.
        Client + "using var s = new SslStream(c.GetStream()); s.AuthenticateAsClient(host, null, SslProtocols.Tls12, false); s.Write(_b);",
        Client + "using var s = new SslStream(c.GetStream()); s.AuthenticateAsClient(new SslClientAuthenticationOptions { EnabledSslProtocols = SslProtocols.Tls12 }); s.Write(_b);",
        Client + "var o = new SslClientAuthenticationOptions(); o.EnabledSslProtocols = SslProtocols.Tls12; using var s = new SslStream(c.GetStream()); s.AuthenticateAsClient(o); s.Write(_b);",
        // A server, a handshake alone, no TLS, another stream.
        Client + "using var s = new SslStream(c.GetStream()); s.AuthenticateAsServer(mine); s.Write(_b);",
        Client + "using var s = new SslStream(c.GetStream()); s.AuthenticateAsClient(host); Console.WriteLine(s.RemoteCertificate);",
        Client + "using var s = new NegotiateStream(c.GetStream()); s.AuthenticateAsClient(); s.Write(_b);",
        Client + "c.GetStream().Write(_b);",
        "using var s = new SslStream(file); s.AuthenticateAsClient(host); s.Write(_b);",
        // Closed on failure alone.
        "var c = new TcpClient(host, 1); var s = new SslStream(c.GetStream()); try { s.AuthenticateAsClient(host); s.Write(_b); } catch { s.Dispose(); throw; }",
    ];

    public static TheoryData<string> MemberLookAlikes =>
    [
        "class C : IDisposable { private readonly TcpClient _c = new TcpClient(\"a\", 1); private SslStream? _s; void Open() { _s = new SslStream(_c.GetStream()); _s.AuthenticateAsClient(\"a\"); } public void Log(byte[] b) => _s!.Write(b); public int Get() => _s!.ReadByte(); public void Dispose() { _s?.Dispose(); } }",
        "class C : IDisposable { private readonly TcpClient _c = new TcpClient(\"a\", 1); private SslStream? _s; void Open() { _s = new SslStream(_c.GetStream()); _s.AuthenticateAsClient(\"a\"); } public Stream Stream => _s!; public void Log(byte[] b) => _s!.Write(b); public void Dispose() { _s?.Dispose(); } }",
        "class SslStream : IDisposable { public SslStream(Stream s) { } public void AuthenticateAsClient(string h) { } public void Write(byte[] b) { } public void Dispose() { } } class C { void M(TcpClient c) { using var s = new SslStream(c.GetStream()); s.AuthenticateAsClient(\"a\"); s.Write(new byte[1]); } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task ClientThatOnlyWrites_IsFlagged(string body) => Rule.FlagsAsync(Method(body));

    [Theory, MemberData(nameof(FlaggedMembers))]
    public Task TypeThatOnlyWrites_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string body) => Rule.IsSilentAsync(Method(body));

    [Theory, MemberData(nameof(MemberLookAlikes))]
    public Task LookAlikeMember_IsSilent(string source) => Rule.IsSilentAsync(source);

    /// <summary>What a caller or a configuration decides may be TLS 1.2.</summary>
    [Theory]
    [InlineData("host, null, some, false")]
    [InlineData("given")]
    [InlineData("new SslClientAuthenticationOptions { EnabledSslProtocols = some }")]
    public Task VersionsThatAreNotShown_AreInfo(string arguments) => (Rule with { Severity = DiagnosticSeverity.Info })
        .FlagsAsync(Method(Client + $"using var [|s|] = new SslStream(c.GetStream()); {{|#0:s.AuthenticateAsClient({arguments})|}}; s.Write(_b);"));

    [Fact]
    public Task Message_SaysWhatIsLost() => (Rule with
    {
        Severity = DiagnosticSeverity.Warning,
        Messages = ["'s' is closed by a TLS client that never reads: the server's TLS 1.3 session tickets are still in the receive queue, so the close resets the connection and what was written last may be lost"],
    }).FlagsAsync(Method(Client + "using var [|s|] = new SslStream(c.GetStream()); {|#0:s.AuthenticateAsClient(host)|}; s.Write(_b);"));

    [Fact]
    public Task TestProject_IsInfo() => (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info })
        .FlagsAsync(Method(Client + "using var [|s|] = new SslStream(c.GetStream()); {|#0:s.AuthenticateAsClient(host)|}; s.Write(_b);"));

    [Fact]
    public Task Cuts_AreSurvived() => Rule.SurvivesCutsAsync(
        "class C : IDisposable { private readonly TcpClient _c = new TcpClient(\"a\", 1); private SslStream? _s; void Open() { _s = new SslStream(_c.GetStream()); _s.AuthenticateAsClient(new SslClientAuthenticationOptions { EnabledSslProtocols = SslProtocols.None }); } public void Log(byte[] b) => _s!.Write(b); public void Dispose() { _s?.Dispose(); _c.Dispose(); } }");
}
