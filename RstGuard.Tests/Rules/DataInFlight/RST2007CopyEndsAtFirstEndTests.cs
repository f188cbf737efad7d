using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST2007CopyEndsAtFirstEndTests
{
    private static readonly Verify Rule = Verify.Rule("RST2007");

    public static TheoryData<string> Flagged =>
    [
        "class C { async Task M(NetworkStream a, NetworkStream b) { await [|Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a))|]; } }",
        "class C { async Task M(NetworkStream a, NetworkStream b, CancellationToken t) { await [|Task.WhenAny(a.CopyToAsync(b, t), b.CopyToAsync(a, t))|].ConfigureAwait(false); } }",
        "class C { async Task M(TcpClient c, TcpClient d) { await [|Task.WhenAny(c.GetStream().CopyToAsync(d.GetStream()), d.GetStream().CopyToAsync(c.GetStream()))|]; c.Close(); d.Close(); } }",
        "class C { async Task M(TcpClient c, TcpClient d) { using var a = c.GetStream(); using Stream b = d.GetStream(); var there = a.CopyToAsync(b); var back = b.CopyToAsync(a); await [|Task.WhenAny(there, back)|]; } }",
        "class C { async Task M(NetworkStream a, NetworkStream b) { await [|Task.WhenAny(new[] { a.CopyToAsync(b), b.CopyToAsync(a) })|]; } }",
        "class C { async Task M(NetworkStream a, NetworkStream b) { await [|Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a), Task.Delay(60000))|]; } }",
        "class C { async Task M(NetworkStream a, NetworkStream b) { await await [|Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a))|]; } }",
        "class C { Task M(NetworkStream a, NetworkStream b) => [|Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a))|]; }",
        "class C { void M(NetworkStream a, NetworkStream b) { [|Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a))|].Wait(); a.Dispose(); b.Dispose(); } }",
        "class C { async Task M(Socket a, Socket b) { await [|Task.WhenAny(Pump(a, b), Pump(b, a))|]; a.Close(); b.Close(); } static async Task Pump(Socket from, Socket to) { var x = new byte[9]; int n; while ((n = await from.ReceiveAsync(x, SocketFlags.None)) > 0) { await to.SendAsync(x.AsMemory(0, n)); } } }",
        "class C { async Task M(Socket a, Socket b, CancellationToken t) { Task up = Pump(a, b, t), down = Pump(b, a, t); await [|Task.WhenAny(up, down)|]; } static Task Pump(Socket from, Socket to, CancellationToken t) => Task.CompletedTask; }",
        "class C { private readonly Socket _a, _b; async Task M() { await [|Task.WhenAny(Pump(_a, _b), Pump(_b, _a))|]; } static Task Pump(Socket from, Socket to) => Task.CompletedTask; }",
        "class C { async Task M(TcpClient c, TcpClient d) { var tls = new System.Net.Security.SslStream(d.GetStream()); var a = c.GetStream(); await tls.AuthenticateAsClientAsync(\"a\"); await [|Task.WhenAny(a.CopyToAsync(tls), tls.CopyToAsync(a))|]; } }",
        "NetworkStream a = new TcpClient(\"a\", 1).GetStream(), b = new TcpClient(\"b\", 1).GetStream(); await [|Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a))|];",
        "class C { Func<NetworkStream, NetworkStream, Task> F = async (a, b) => await [|Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a))|]; }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        // Both ends.
        "class C { async Task M(NetworkStream a, NetworkStream b) { await Task.WhenAll(a.CopyToAsync(b), b.CopyToAsync(a)); } }",
        "class C { async Task M(NetworkStream a, NetworkStream b) { var there = a.CopyToAsync(b); var back = b.CopyToAsync(a); await Task.WhenAny(there, back); await Task.WhenAll(there, back); } }",
        "class C { async Task M(NetworkStream a, NetworkStream b) { var there = a.CopyToAsync(b); var back = b.CopyToAsync(a); if (await Task.WhenAny(there, back) == there) { await back; } } }",
        "class C { async Task M(NetworkStream a, NetworkStream b, TimeSpan grace) { await Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a)); await Task.Delay(grace); } }",
        // One direction, or a choice between others.
        "class C { async Task M(NetworkStream a, NetworkStream b) { await Task.WhenAny(a.CopyToAsync(b), Task.Delay(1000)); } }",
        "class C { async Task M(NetworkStream a, NetworkStream b, NetworkStream c) { await Task.WhenAny(a.CopyToAsync(b), a.CopyToAsync(c)); } }",
        "class C { async Task M(NetworkStream a, NetworkStream b, NetworkStream c, NetworkStream d) { await Task.WhenAny(a.CopyToAsync(b), c.CopyToAsync(d)); } }",
        "class C { async Task M(NetworkStream a, NetworkStream b) { await Task.WhenAny(Read(a), Read(b)); } static Task Read(NetworkStream s) => Task.CompletedTask; }",
        "class C { async Task M(NetworkStream a, NetworkStream b) { await Task.WhenAny(Up(a, b), Down(b, a)); } static Task Up(NetworkStream s, NetworkStream t) => Task.CompletedTask; static Task Down(NetworkStream s, NetworkStream t) => Task.CompletedTask; }",
        // Not two TCP connections.
        "class C { async Task M(NetworkStream a, Stream b) { await Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a)); } }",
        "class C { async Task M(NetworkStream a, System.IO.Pipes.NamedPipeServerStream b) { await Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a)); } }",
        "class C { async Task M(Stream a, Stream b, Socket o) { await Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a)); } }",
        "class C { async Task M() { var a = new Socket(SocketType.Dgram, ProtocolType.Udp); var b = new Socket(SocketType.Dgram, ProtocolType.Udp); await Task.WhenAny(Pump(a, b), Pump(b, a)); } static Task Pump(Socket from, Socket to) => Task.CompletedTask; }",
        "class Link { public Task CopyToAsync(Link to) => null; } class C { async Task M(Link a, Link b, Socket o) { await Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a)); } }",
        "static class Task2 { public static Task WhenAny(params Task[] t) => null; } class C { async Task M(NetworkStream a, NetworkStream b) { await Task2.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a)); } }",
        // Intended.
        "class C { async Task KillAtFirstEnd(NetworkStream a, NetworkStream b) { await Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a)); } }",
        "class IntentionalResetAttribute : Attribute { } class C { [IntentionalReset] async Task M(NetworkStream a, NetworkStream b) { await Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a)); } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task FirstEnd_IsFlagged(string source) => (Rule with { Severity = DiagnosticSeverity.Warning }).FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task Message_NamesBothCopies() => (Rule with
    {
        Messages = ["'a.CopyToAsync' and 'b.CopyToAsync' are both given up when the first of them ends: what the other direction still carries is lost, and its sender gets a reset"],
    }).FlagsAsync("class C { async Task M(NetworkStream a, NetworkStream b) { await [|Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a))|]; } }");

    [Fact]
    public Task TestProject_GetsInfo() => (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info }).FlagsAsync(
        "class C { async Task M(NetworkStream a, NetworkStream b) { await [|Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a))|]; } }");

    [Fact]
    public Task TestProject_IsSilentWhereSwitchedOff() => (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" }).IsSilentAsync(
        "class C { async Task M(NetworkStream a, NetworkStream b) { await Task.WhenAny(a.CopyToAsync(b), b.CopyToAsync(a)); } }");

    [Fact]
    public Task HalfTypedCode_BreaksNothing() => Rule.SurvivesCutsAsync(
        "class C { async Task M(TcpClient c, Socket s, Socket t) { var a = c.GetStream(); var b = new NetworkStream(s); var up = a.CopyToAsync(b); var down = b.CopyToAsync(a); await Task.WhenAny(new[] { up, down }); Task.WhenAny(Pump(s, t), Pump(t, s)).Wait(); } static Task Pump(Socket from, Socket to) => null; }");
}
