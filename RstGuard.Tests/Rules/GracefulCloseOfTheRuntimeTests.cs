using RstGuard.Rules;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

/// <summary>
/// Where RstGuard.Runtime is referenced each fix that closes gracefully calls it, and adds no file: asynchronously in asynchronous code, and
/// never by blocking on something asynchronous in the rest.
/// </summary>
public sealed class GracefulCloseOfTheRuntimeTests
{
    public static TheoryData<string, string, string> Fixes => new()
    {
        {
            "RST1006",
            "async Task M(Socket s) { await Task.Yield(); [|s.Close(200)|]; }",
            "async Task M(Socket s) { await Task.Yield(); await s.CloseGracefullyAsync(TimeSpan.FromMilliseconds(200)); }"
        },
        {
            "RST1006",
            "void M(TcpClient c) { [|c.Client.Close(200)|]; }",
            "void M(TcpClient c) { c.Client.CloseGracefully(TimeSpan.FromMilliseconds(200)); }"
        },
        {
            "RST2001",
            "async Task M(TcpListener l) { using TcpClient [|c|] = await l.AcceptTcpClientAsync(); await c.GetStream().ReadAsync(new byte[99]); }",
            "async Task M(TcpListener l) { using TcpClient c = await l.AcceptTcpClientAsync(); await c.GetStream().ReadAsync(new byte[99]); await c.CloseGracefullyAsync(TimeSpan.FromSeconds(5)); }"
        },
        {
            "RST2001",
            "async Task M(Socket l) { Socket s = await l.AcceptAsync(); lock (this) { s.Receive(new byte[99]); [|s.Close()|]; } }",
            "async Task M(Socket l) { Socket s = await l.AcceptAsync(); lock (this) { s.Receive(new byte[99]); s.CloseGracefully(TimeSpan.FromSeconds(5)); } }"
        },
        {
            "RST2009",
            "async Task M(byte[] request) { using Socket [|s|] = new(SocketType.Stream, ProtocolType.Tcp); await s.ConnectAsync(\"a\", 1); await s.SendAsync(request); }",
            "async Task M(byte[] request) { using Socket s = new(SocketType.Stream, ProtocolType.Tcp); await s.ConnectAsync(\"a\", 1); await s.SendAsync(request); await s.CloseGracefullyAsync(TimeSpan.FromSeconds(5)); }"
        },
        {
            "RST2009",
            "void M(byte[] request) { using TcpClient [|c|] = new(\"a\", 1); c.GetStream().Write(request); }",
            "void M(byte[] request) { using TcpClient c = new(\"a\", 1); c.GetStream().Write(request); c.CloseGracefully(TimeSpan.FromSeconds(5)); }"
        },
        {
            "RST2011",
            "async Task M(Socket s) { await Task.Yield(); [|s.Shutdown(SocketShutdown.Receive)|]; s.Dispose(); }",
            "async Task M(Socket s) { await Task.Yield(); s.Shutdown(SocketShutdown.Send); await s.CloseGracefullyAsync(TimeSpan.FromSeconds(5)); }"
        },
        {
            "RST7001",
            "async Task M(Uri u) { var w = new ClientWebSocket(); await w.ConnectAsync(u, default); [|w.Abort()|]; }",
            "async Task M(Uri u) { var w = new ClientWebSocket(); await w.ConnectAsync(u, default); await w.CloseGracefullyAsync(TimeSpan.FromSeconds(5)); }"
        },
        {
            "RST7002",
            "async Task M(Stream x) { await using SslStream [|s|] = {|#0:new(x)|}; await s.AuthenticateAsClientAsync(\"a\"); await s.ReadExactlyAsync(new byte[1]); }",
            "async Task M(Stream x) { await using SslStream s = new(x); await s.AuthenticateAsClientAsync(\"a\"); await s.ReadExactlyAsync(new byte[1]); await s.CloseGracefullyAsync(TimeSpan.FromSeconds(5)); }"
        },
        {
            "RST7003",
            "async Task M(TcpClient c) { await using SslStream [|s|] = new(c.GetStream()); await {|#0:s.AuthenticateAsClientAsync(\"a\")|}; await s.WriteAsync(new byte[1]); }",
            "async Task M(TcpClient c) { await using SslStream s = new(c.GetStream()); await s.AuthenticateAsClientAsync(\"a\"); await s.WriteAsync(new byte[1]); await s.CloseGracefullyAsync(TimeSpan.FromSeconds(5)); }"
        },
    };

    [Theory, MemberData(nameof(Fixes))]
    public Task Fix_CallsTheRuntime(string rule, string before, string after) => (Verify.Rule(rule) with
    {
        References = ReferenceSet.Net100RstGuard,
        Usings = "using System; using System.IO; using System.Net.Security; using System.Net.Sockets; using System.Net.WebSockets; using System.Threading.Tasks;\n",
    }).FixesAsync($"using System.Text;\nclass C {{ {before} }}", $"using System.Text;\nusing RstGuard;\nclass C {{ {after} }}");

    [Fact]
    public void EachFixThatClosesGracefully_IsAmongThem() => Assert.Equal(
        typeof(GracefulCloseFix).Assembly.GetTypes().Where(type => type.BaseType == typeof(GracefulCloseFix)).Select(type => type.Name[..7]).Order(),
        Fixes.Select(row => row.Data.Item1).Distinct().Order());
}
