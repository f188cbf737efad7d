using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST3002NonOwningStreamTests
{
    private static readonly Verify Rule = Verify.Rule("RST3002") with { Usings = "using System.Net.Security; using System.Net.Http; " + Verify.DefaultUsings };

    private static string Method(string body) => $"class C {{ Stream _f = null!; async Task M(Socket listener, TcpListener tcp, Socket given, EndPoint to, bool flag, byte[] b) {{ {body} await Task.Yield(); }} }}";

    public static TheoryData<string> Flagged =>
    [
        "var s = {|#0:listener.Accept()|}; using var n = [|new NetworkStream(s)|]; n.Write(b, 0, 1);",
        "var s = {|#0:await listener.AcceptAsync()|}; using var n = [|new NetworkStream(s, false)|]; n.Write(b, 0, 1);",
        "var s = {|#0:await tcp.AcceptSocketAsync().ConfigureAwait(false)|}; s.ReceiveTimeout = 5000; using var n = [|new NetworkStream(ownsSocket: false, socket: s)|]; n.Write(b, 0, 1);",
        "var s = {|#0:listener.Accept()|}; using var n = [|new NetworkStream(s, FileAccess.Read)|]; n.Read(b, 0, 1);",
        "using var n = [|new NetworkStream(listener.Accept())|]; n.Write(b, 0, 1);",
        "using var t = new SslStream([|new NetworkStream(await tcp.AcceptSocketAsync())|]); t.Write(b);",
        "var s = {|#0:listener.Accept()|}; using var t = new SslStream([|new NetworkStream(s)|], false); t.Write(b);",
        "var s = {|#0:listener.Accept()|}; using var t = [|new SslStream(new NetworkStream(s, true), leaveInnerStreamOpen: true)|]; t.Write(b);",
        "var s = {|#0:listener.Accept()|}; _f = [|new NetworkStream(s)|];",
        // Closed on the path of failure alone.
        "var s = {|#0:new Socket(SocketType.Stream, ProtocolType.Tcp)|}; try { await s.ConnectAsync(to); _f = [|new NetworkStream(s)|]; } catch { s.Dispose(); throw; }",
        "var s = {|#0:listener.Accept()|}; if (s == null) { return; } s?.Shutdown(SocketShutdown.Receive); using var n = [|new NetworkStream(s!)|]; n.Write(b, 0, 1);",
        "Action a = () => { var s = {|#0:listener.Accept()|}; using var n = [|new NetworkStream(s)|]; n.Write(b, 0, 1); }; a();",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        "var s = listener.Accept(); using var n = new NetworkStream(s, true); n.Write(b, 0, 1);",
        "var s = listener.Accept(); using var n = new NetworkStream(s, ownsSocket: flag); n.Write(b, 0, 1);",
        // Somebody else closes it, or may.
        "using var s = listener.Accept(); using var n = new NetworkStream(s); n.Write(b, 0, 1);",
        "using (var s = listener.Accept()) using (var n = new NetworkStream(s)) { n.Write(b, 0, 1); }",
        "var s = listener.Accept(); using (var n = new NetworkStream(s)) { n.Write(b, 0, 1); } s.Close();",
        "var s = listener.Accept(); try { using var n = new NetworkStream(s); n.Write(b, 0, 1); } finally { s.Dispose(); }",
        "var s = listener.Accept(); using var n = new NetworkStream(s); n.Write(b, 0, 1); ((IDisposable)s).Dispose();",
        "var s = listener.Accept(); using var n = new NetworkStream(s); n.Write(b, 0, 1); s?.Close();",
        "var s = listener.Accept(); using var n = new NetworkStream(s); n.Write(b, 0, 1); s.SafeHandle.Dispose();",
        "var s = listener.Accept(); using var n = new NetworkStream(s); Console.WriteLine(s);",
        "var s = listener.Accept(); var all = new List<Socket> { s }; using var n = new NetworkStream(s); n.Write(b, 0, 1);",
        "var s = listener.Accept(); using var n = new NetworkStream(s); Action end = () => s.Close(); end();",
        "var s = listener.Accept(); var n = new NetworkStream(s); n.Write(b, 0, 1); n.Socket.Close();",
        "var s = listener.Accept(); var c = new TcpClient { Client = s }; using var n = new NetworkStream(s); n.Write(b, 0, 1); c.Close();",
        "var s = listener.Accept(); var pair = (s, 1); using var n = new NetworkStream(s); n.Write(b, 0, 1);",
        "using var n = new NetworkStream(given); n.Write(b, 0, 1);",
        "var s = given; using var n = new NetworkStream(s); n.Write(b, 0, 1);",
        "var s = flag ? given : listener.Accept(); using var n = new NetworkStream(s); n.Write(b, 0, 1);",
        "var c = tcp.AcceptTcpClient(); using var n = new NetworkStream(c.Client); n.Write(b, 0, 1); c.Close();",
        "var c = new TcpClient(\"a\", 1); using var t = new SslStream(c.GetStream(), true); t.Write(b); c.Close();",
        // No TCP.
        "var s = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); s.Connect(to); using var n = new NetworkStream(s); n.Write(b, 0, 1);",
    ];

    public static TheoryData<string> MemberLookAlikes =>
    [
        "class C { Socket _s = null!; NetworkStream Open(Socket l) { _s = l.Accept(); return new NetworkStream(_s); } }",
        "class C { (Socket, Stream) Open(Socket l) { var s = l.Accept(); return (s, new NetworkStream(s)); } }",
        "class NetworkStream : IDisposable { public NetworkStream(Socket s) { } public void Dispose() { } } class C { void M(Socket l) { var s = l.Accept(); using var n = new NetworkStream(s); } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task SocketThatOnlyTheStreamHas_IsFlagged(string body) => Rule.FlagsAsync(Method(body));

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string body) => Rule.IsSilentAsync(Method(body));

    [Theory, MemberData(nameof(MemberLookAlikes))]
    public Task LookAlikeMember_IsSilent(string source) => Rule.IsSilentAsync(source);

    /// <summary>RST3001 says at the socket that nobody closes it.</summary>
    [Theory]
    [InlineData("Socket s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Connect(to); s.NoDelay = true; using (NetworkStream n = new(s)) { n.Write(b, 0, 1); }")]
    [InlineData("var s = new Socket(SocketType.Stream, ProtocolType.Tcp); await s.ConnectAsync(to); using var n = new NetworkStream(s); using var r = new StreamReader(n); r.ReadLine();")]
    public Task SocketThatIsConnectedHere_IsLeftToRST3001(string body) => Rule.IsSilentAsync(Method(body));

    [Theory]
    [InlineData("Socket s = [|new Socket(SocketType.Stream, ProtocolType.Tcp)|]; s.Connect(to); s.NoDelay = true; using (NetworkStream n = new(s)) { n.Write(b, 0, 1); }")]
    [InlineData("var s = [|new Socket(SocketType.Stream, ProtocolType.Tcp)|]; await s.ConnectAsync(to); using var n = new NetworkStream(s); using var r = new StreamReader(n); r.ReadLine();")]
    public Task SocketThatIsConnectedHere_IsRST3001s(string body) => (Verify.Rule("RST3001") with { Usings = Rule.Usings }).FlagsAsync(Method(body));

    [Fact]
    public Task ConnectCallback_IsFlagged() => Rule.FlagsAsync(
        """
        class C
        {
            SocketsHttpHandler Handler() => new SocketsHttpHandler
            {
                ConnectCallback = async (context, token) =>
                {
                    Socket socket = {|#0:new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }|};
                    try
                    {
                        await socket.ConnectAsync(context.DnsEndPoint, token);
                        return [|new NetworkStream(socket)|];
                    }
                    catch
                    {
                        socket.Dispose();
                        throw;
                    }
                },
            };
        }
        """);

    [Fact]
    public Task TopLevelStatements_AreFlagged() => Rule.FlagsAsync("var l = new TcpListener(IPAddress.Loopback, 1); var s = {|#0:l.AcceptSocket()|}; using var n = [|new NetworkStream(s)|]; n.WriteByte(1);");

    [Fact]
    public Task Message_SaysWhatStaysOpen() =>
        (Rule with { Severity = DiagnosticSeverity.Warning, Messages = ["Disposing of this NetworkStream leaves 's' open, and nothing else closes it: the connection stays open until a finalizer resets it, and its peer loses what was not sent yet"] })
            .FlagsAsync(Method("var s = {|#0:listener.Accept()|}; using var n = [|new NetworkStream(s)|]; n.Write(b, 0, 1);"));

    [Fact]
    public Task TestProject_GetsInfo() =>
        (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info }).FlagsAsync(Method("using var n = [|new NetworkStream(listener.Accept())|]; n.Write(b, 0, 1);"));

    [Fact]
    public Task TestProjectsOff_AreSilent() =>
        (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" }).IsSilentAsync(Method("using var n = new NetworkStream(listener.Accept()); n.Write(b, 0, 1);"));
}
