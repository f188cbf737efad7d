using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST2012ReaderClosesConnectionTests
{
    private static readonly Verify Rule = Verify.Rule("RST2012");

    private static string Method(string body) => $"class C {{ byte[] _b = new byte[1]; void M(TcpClient client, TcpListener listener, bool flag) {{ {body} }} }}";

    public static TheoryData<string> Flagged =>
    [
        "var s = client.GetStream(); using (var r = [|new StreamReader(s)|]) { r.ReadLine(); } {|#0:s.Write(_b, 0, 1)|};",
        "NetworkStream s = client.GetStream(); using (StreamReader r = [|new(s)|]) { r.ReadLine(); } {|#0:s.WriteByte(1)|};",
        "Stream s = client.GetStream(); using (var r = [|new StreamReader(s)|]) { r.ReadLine(); } {|#0:s.Write(_b, 0, 1)|};",
        "using (var r = [|new StreamReader(client.GetStream())|]) { r.ReadLine(); } {|#0:client.GetStream().Write(_b, 0, 1)|};",
        "using (var w = [|new StreamWriter(client.GetStream())|]) { w.WriteLine(1); } {|#0:client.GetStream().Read(_b, 0, 1)|};",
        "using (var w = [|new StreamWriter(client.GetStream())|]) { w.WriteLine(1); } {|#0:client.Client.Receive(_b)|};",
        "var s = client.GetStream(); using (var w = [|new BinaryWriter(s, Encoding.UTF8)|]) { w.Write(1); } using (var r = {|#0:new BinaryReader(s)|}) { r.ReadInt32(); }",
        "var s = client.GetStream(); using (var w = [|new BinaryWriter(s, Encoding.UTF8, false)|]) { w.Write(1); } {|#0:s.ReadByte()|};",
        "var s = client.GetStream(); using (var z = [|new System.IO.Compression.GZipStream(s, System.IO.Compression.CompressionMode.Compress)|]) { z.Write(_b, 0, 1); } {|#0:s.ReadByte()|};",
        "var s = client.GetStream(); var w = new StreamWriter(s); using (var r = [|new StreamReader(s)|]) { r.ReadLine(); } {|#0:w.WriteLine(1)|}; w.Flush();",
        "var s = client.GetStream(); while (flag) { using var r = [|{|#0:new StreamReader(s)|}|]; r.ReadLine(); }",
        "var s = client.GetStream(); { using var r = [|new StreamReader(s)|]; r.ReadLine(); } {|#0:s.WriteByte(1)|};",
        "var s = client.GetStream(); var r = [|new StreamReader(s)|]; r.ReadLine(); r.Close(); {|#0:s.WriteByte(1)|};",
        "var s = client.GetStream(); var r = [|new StreamReader(s)|]; try { r.ReadLine(); } finally { r.Dispose(); } {|#0:s.WriteByte(1)|};",
        "var s = client.GetStream(); using (var r = [|new StreamReader(s)|]) { if (r.ReadLine() == null) { return; } } {|#0:s.WriteByte(1)|};",
        "using var c = listener.AcceptTcpClient(); string? line; using (var r = [|new StreamReader(c.GetStream())|]) { line = r.ReadLine(); } if (line != null) { {|#0:c.GetStream().WriteByte(1)|}; }",
        "var s = new NetworkStream(listener.AcceptSocket(), ownsSocket: true); using (var r = [|new StreamReader(s)|]) { r.ReadLine(); } {|#0:s.WriteByte(1)|};",
        "Action a = () => { var s = client.GetStream(); using (var r = [|new StreamReader(s)|]) { r.ReadLine(); } {|#0:s.WriteByte(1)|}; }; a();",
        "void Serve() { var s = client.GetStream(); using (var r = [|new StreamReader(s)|]) { r.ReadLine(); } {|#0:s.WriteByte(1)|}; } Serve();",
    ];

    public static TheoryData<string> FlaggedMembers =>
    [
        "class C { async Task M(NetworkStream s) { using (var r = [|new StreamReader(s)|]) { await r.ReadLineAsync().ConfigureAwait(false); } await {|#0:s.WriteAsync(new byte[1], 0, 1)|}.ConfigureAwait(false); } }",
        "class C { async Task M(TcpClient? c) { using (var r = [|new StreamReader(c!.GetStream())|]) { await r.ReadLineAsync(); } {|#0:c.Client.Send(new byte[1])|}; } }",
        "class C { NetworkStream _s = null!; void M() { using (var r = [|new StreamReader(_s)|]) { r.ReadLine(); } {|#0:_s.WriteByte(1)|}; } }",
        "class C { TcpClient _c = null!; void M() { using (var r = [|new StreamReader(_c.GetStream())|]) { r.ReadLine(); } {|#0:_c.GetStream().WriteByte(1)|}; } }",
        "partial class C { private TcpClient _c = new TcpClient(); } partial class C { void M() { using (var r = [|new StreamReader(_c.GetStream())|]) { r.ReadLine(); } {|#0:_c.Client.Send(new byte[1])|}; } }",
        "class C { async IAsyncEnumerable<string?> M(NetworkStream s) { using (var r = [|new StreamReader(s)|]) { yield return await r.ReadLineAsync(); } {|#0:s.WriteByte(1)|}; } }",
        "class C { void M(TcpClient c) { var s = c.GetStream(); using (var r = [|new StreamReader(s)|]) { r.ReadLine(); } {|#0:Reply(s)|}; } static void Reply(Stream to) => to.Write(new byte[1], 0, 1); }",
        "class C { void M(TcpClient c) { using (var r = [|new StreamReader(c.GetStream())|]) { r.ReadLine(); } {|#0:Reply(c)|}; } static void Reply(TcpClient to) { to.GetStream().WriteByte(1); } }",
        "var c = new TcpClient(\"127.0.0.1\", 1); var s = c.GetStream(); using (var w = [|new StreamWriter(s)|]) { w.WriteLine(1); } {|#0:s.ReadByte()|}; c.Close();",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        // The reader lives as long as the connection, or leaves it open.
        "using var s = client.GetStream(); using var r = new StreamReader(s); using var w = new StreamWriter(s) { AutoFlush = true }; w.WriteLine(r.ReadLine());",
        "using (var s = client.GetStream()) using (var r = new StreamReader(s)) { s.WriteByte(1); r.ReadLine(); }",
        "var s = client.GetStream(); using (var r = new StreamReader(s)) { r.ReadLine(); s.WriteByte(1); } client.Close();",
        "var s = client.GetStream(); using (var r = new StreamReader(s, Encoding.UTF8, true, 1024, true)) { r.ReadLine(); } s.WriteByte(1);",
        "var s = client.GetStream(); using (var r = new StreamReader(s, leaveOpen: true)) { r.ReadLine(); } s.WriteByte(1);",
        "var s = client.GetStream(); using (var r = new BinaryReader(s, Encoding.UTF8, flag)) { r.ReadInt32(); } s.WriteByte(1);",
        "var s = client.GetStream(); var r = new StreamReader(s); r.ReadLine(); s.WriteByte(1);",
        // What follows is no use.
        "var s = client.GetStream(); using (var r = new StreamReader(s)) { r.ReadLine(); } s.Dispose(); client.Close();",
        "using (var r = new StreamReader(client.GetStream())) { r.ReadLine(); } try { client.Client.Shutdown(SocketShutdown.Both); } catch (ObjectDisposedException) { }",
        "using (var r = new StreamReader(client.GetStream())) { r.ReadLine(); } Console.WriteLine(client.Connected); client.GetStream().Close();",
        "using (var r = new StreamReader(client.GetStream())) { r.ReadLine(); r.Dispose(); }",
        // Other paths, another connection.
        "var s = client.GetStream(); if (flag) { using (var r = new StreamReader(s)) { r.ReadLine(); } return; } s.WriteByte(1);",
        "var s = client.GetStream(); if (flag) { using (var r = new StreamReader(s)) { r.ReadLine(); } } else { s.WriteByte(1); }",
        "var s = client.GetStream(); try { if (flag) { using (var r = new StreamReader(s)) { r.ReadLine(); return; } } } finally { Console.WriteLine(1); } s.WriteByte(1);",
        "var s = client.GetStream(); try { using (var r = new StreamReader(s)) { r.ReadLine(); } } catch (IOException) { s.WriteByte(1); }",
        "while (flag) { var c = listener.AcceptTcpClient(); using (var r = new StreamReader(c.GetStream())) { r.ReadLine(); } }",
        "while (flag) { var c = listener.AcceptTcpClient(); var s = c.GetStream(); s.WriteByte(1); using var r = new StreamReader(s); r.ReadLine(); }",
        "TcpClient c = new TcpClient(); while (flag) { c.GetStream().WriteByte(1); using (var r = new StreamReader(c.GetStream())) { r.ReadLine(); } c = new TcpClient(\"a\", 1); }",
        "var clients = new List<TcpClient>(); foreach (var c in clients) { using var w = new StreamWriter(c.GetStream()); w.WriteLine(1); }",
        "var other = listener.AcceptTcpClient(); using (var r = new StreamReader(client.GetStream())) { r.ReadLine(); } other.GetStream().WriteByte(1);",
        "using (var r = new StreamReader(client.GetStream())) { r.ReadLine(); } client = listener.AcceptTcpClient(); client.GetStream().WriteByte(1);",
        // No connection, or one that stays.
        "var s = new MemoryStream(); using (var r = new StreamReader(s)) { r.ReadLine(); } s.WriteByte(1);",
        "var k = listener.AcceptSocket(); var s = new NetworkStream(k); using (var r = new StreamReader(s)) { r.ReadLine(); } k.Send(_b); k.Close();",
        "var k = listener.AcceptSocket(); using (var r = new StreamReader(new NetworkStream(k, false))) { r.ReadLine(); } k.Send(_b); k.Close();",
        "using (var r = new StringReader(\"\")) { r.ReadLine(); } client.GetStream().WriteByte(1);",
    ];

    public static TheoryData<string> MemberLookAlikes =>
    [
        "class C { string? M(Stream s) { using (var r = new StreamReader(s)) { var line = r.ReadLine(); s.WriteByte(1); return line; } } }",
        "class C { void M(Stream s) { using (var r = new StreamReader(s)) { r.ReadLine(); } s.WriteByte(1); } }",
        "class C { NetworkStream _s = null!; void Open() => _s = new TcpClient(\"a\", 1).GetStream(); void M() { while (true) { Open(); using (var r = new StreamReader(_s)) { r.ReadLine(); } } } }",
        "class C { void M(TcpClient c, List<TcpClient> all) { using (var r = new StreamReader(c.GetStream())) { r.ReadLine(); } all.Remove(c); Forget(c); } static void Forget(TcpClient c) => c.Dispose(); }",
        "class C { NetworkStream _s = null!; void Listen() { using (var r = new StreamReader(_s)) { while (r.ReadLine() is { } line) { } } } void Say() { _s.WriteByte(1); } }",
        "class C { static bool Accept(out TcpClient c) { c = new TcpClient(); return true; } void M() { while (Accept(out var c)) { using var w = new StreamWriter(c.GetStream()); w.WriteLine(1); } } }",
        "class StreamReader : IDisposable { public StreamReader(Stream s) { } public StreamReader(Stream s, bool leaveOpen) { } public void Dispose() { } } class C { void M(NetworkStream s) { using (var r = new StreamReader(s)) { } s.WriteByte(1); } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task UseAfterTheReadersEnd_IsFlagged(string body) => Rule.FlagsAsync(Method(body));

    [Theory, MemberData(nameof(FlaggedMembers))]
    public Task UseAfterTheReadersEndInAMember_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string body) => Rule.IsSilentAsync(Method(body));

    [Theory, MemberData(nameof(MemberLookAlikes))]
    public Task LookAlikeMember_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task Message_SaysWhatThePeerGets() =>
        (Rule with { Severity = DiagnosticSeverity.Info, Messages = ["Disposing of this StreamReader closes 's', and the connection is used after that: the use fails, and the peer sees the end of the connection in place of what was still to come"] })
            .FlagsAsync("class C { void M(NetworkStream s) { using (var r = [|new StreamReader(s)|]) { r.ReadLine(); } {|#0:s.WriteByte(1)|}; } }");

    [Fact]
    public Task TestProjectsOff_AreSilent() =>
        (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" }).IsSilentAsync("class C { void M(NetworkStream s) { using (var r = new StreamReader(s)) { r.ReadLine(); } s.WriteByte(1); } }");

    [Fact]
    public Task UsersSeverity_WinsInTestProjects() =>
        (Rule with { IsTestProject = true, EditorConfig = "dotnet_diagnostic.RST2012.severity = error", Severity = DiagnosticSeverity.Error })
            .FlagsAsync("class C { void M(NetworkStream s) { using (var r = [|new StreamReader(s)|]) { r.ReadLine(); } {|#0:s.WriteByte(1)|}; } }");

    [Fact]
    public Task Cuts_AreSurvived() => Rule.SurvivesCutsAsync(
        "class C { TcpClient _c = new TcpClient(); async Task M(bool flag) { while (flag) { var s = _c.GetStream(); using (var r = new StreamReader(s)) { if (r.ReadLine() is null) return; } Reply(s); (int a, s) = (1, null!); } Action a2 = () => _c.Close(); await Task.Yield(); } void Reply(Stream s) => s.WriteByte(1); }");
}
