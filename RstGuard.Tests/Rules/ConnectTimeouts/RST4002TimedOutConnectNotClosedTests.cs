using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST4002TimedOutConnectNotClosedTests
{
    private const string Begin = "var ar = c.BeginConnect(\"a\", 1, null, null);";
    private const string Await = "var t = c.ConnectAsync(\"a\", 1);";

    private static readonly Verify Rule = Verify.Rule("RST4002");

    public static TheoryData<string> Flagged =>
    [
        // A member that each attempt makes anew.
        Member($"_c = new TcpClient(); var ar = _c.BeginConnect(\"a\", 1, null, null); var ok = [|ar.AsyncWaitHandle.WaitOne(ms)|]; if (!ok) {{ throw new Exception(); }} _c.EndConnect(ar);"),
        Member("if (ms == 0) { Changed(this); return; } _c = new TcpClient(); var ar = _c.BeginConnect(\"a\", 1, null, null); if (![|ar.AsyncWaitHandle.WaitOne(ms, true)|]) throw new Exception(); _c.EndConnect(ar);", "static void Changed(object sender) { }"),
        "partial class C { TcpClient _c = null!; } partial class C { async Task M() { _c = new TcpClient(); var t = _c.ConnectAsync(\"a\", 1); if (await [|Task.WhenAny(t, Task.Delay(500))|] != t) throw new TimeoutException(); } }",

        // A local that the caller gets when all went well.
        Method("TcpClient", $"var c = new TcpClient(); {Begin} if (![|ar.AsyncWaitHandle.WaitOne(500)|]) {{ throw new TimeoutException(); }} c.EndConnect(ar); return c;"),
        Method("TcpClient?", $"var c = new TcpClient(); {Begin} if ([|ar.AsyncWaitHandle.WaitOne(500, false)|]) {{ c.EndConnect(ar); return c; }} return null;"),
        Method("TcpClient", $"var c = new TcpClient(); {Await} if (![|t.Wait(500)|]) throw new TimeoutException(); return c;"),
        Method("TcpClient", "var c = new TcpClient(); if (![|c.ConnectAsync(\"a\", 1).Wait(millisecondsTimeout: 500)|]) throw new TimeoutException(); return c;"),
        Method("TcpClient", $"var c = new TcpClient(); {Await} try {{ if (![|t.Wait(TimeSpan.FromSeconds(1))|]) throw new TimeoutException(); return c; }} catch (SocketException) {{ Console.WriteLine(); throw; }}"),
        Async("TcpClient", $"var c = new TcpClient(); {Await} if (await [|Task.WhenAny(t, Task.Delay(500))|].ConfigureAwait(false) != t) throw new TimeoutException(); await t; return c;"),
        Async("TcpClient", $"var c = new TcpClient(); {Await} await [|Task.WhenAny(t, Task.Delay(500))|]; if (!t.IsCompleted) throw new TimeoutException(); return c;"),
        Async("Socket", "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); await [|s.ConnectAsync(\"a\", 1).WaitAsync(TimeSpan.FromSeconds(1))|]; return s;"),
        Async("Stream", "var c = new TcpClient(); await [|c.ConnectAsync(\"a\", 1).WaitAsync(TimeSpan.FromSeconds(1))|].ConfigureAwait(false); return c.GetStream();"),

        // A local that nobody closes at all.
        Method("bool", "var c = new TcpClient(); return [|c.ConnectAsync(\"a\", 1).Wait(500)|];"),
        Async("bool", $"var c = new TcpClient(); {Await} return await [|Task.WhenAny(t, Task.Delay(500))|] == t;"),
        "class C { void M() { Action a = () => { var c = new TcpClient(); if (![|c.ConnectAsync(\"a\", 1).Wait(500)|]) throw new TimeoutException(); c.Close(); }; a(); } }",
        "var c = new TcpClient(); if (![|c.ConnectAsync(\"a\", 1).Wait(500)|]) return; c.Close();",
        "class C { async IAsyncEnumerable<Socket> M() { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); await [|s.ConnectAsync(\"a\", 1).WaitAsync(TimeSpan.FromSeconds(1))|]; yield return s; } }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        // The branch, a scope, a handler or a continuation closes it.
        Method("TcpClient", $"var c = new TcpClient(); {Begin} if (!ar.AsyncWaitHandle.WaitOne(500)) {{ c.Close(); throw new TimeoutException(); }} c.EndConnect(ar); return c;"),
        Method("bool", $"using var c = new TcpClient(); {Begin} if (!ar.AsyncWaitHandle.WaitOne(500)) return false; c.EndConnect(ar); return true;"),
        Method("bool", $"using (var c = new TcpClient()) {{ {Await} return t.Wait(500); }}"),
        Method("TcpClient", $"var c = new TcpClient(); try {{ {Await} if (!t.Wait(500)) throw new TimeoutException(); return c; }} catch {{ c.Dispose(); throw; }}"),
        Method("bool", $"var c = new TcpClient(); try {{ {Await} if (!t.Wait(500)) return false; return true; }} finally {{ c.Close(); }}"),
        Method("TcpClient", $"var c = new TcpClient(); {Await} if (!t.Wait(500)) {{ t.ContinueWith(_ => c.Dispose()); throw new TimeoutException(); }} return c;"),
        Method("TcpClient", $"var c = new TcpClient(); {Await} if (!t.Wait(500)) {{ GiveUp(c); throw new TimeoutException(); }} return c;", "static void GiveUp(TcpClient c) => c.Dispose();"),
        Async("TcpClient", $"var c = new TcpClient(); {Await} if (await Task.WhenAny(t, Task.Delay(500)) == t) {{ await t; return c; }} c.Close(); throw new TimeoutException();"),
        Async("Socket", "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); try { await s.ConnectAsync(\"a\", 1).WaitAsync(TimeSpan.FromSeconds(1)); return s; } catch { s.Dispose(); throw; }"),
        Async("Socket?", "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); try { await s.ConnectAsync(\"a\", 1).WaitAsync(TimeSpan.FromSeconds(1)); return s; } catch (TimeoutException) { } s.Dispose(); return null;"),
        Method("Socket?", "var s = new Socket(SocketType.Stream, ProtocolType.Tcp); var ar = s.BeginConnect(\"a\", 1, null, null); ar.AsyncWaitHandle.WaitOne(500, true); if (!s.Connected) { s.Close(); return null; } return s;"),

        // Nothing is given up: no limit, a token, a callback, or the end is awaited.
        Method("TcpClient", "var c = new TcpClient(); c.ConnectAsync(\"a\", 1).Wait(); return c;"),
        Method("TcpClient", "var c = new TcpClient(); c.ConnectAsync(\"a\", 1).Wait(-1); return c;"),
        "class C { TcpClient M(CancellationToken k) { var c = new TcpClient(); c.ConnectAsync(\"a\", 1).Wait(k); return c; } }",
        "class C { async Task<TcpClient> M(CancellationToken k) { var c = new TcpClient(); await c.ConnectAsync(\"a\", 1).WaitAsync(k); return c; } }",
        "class C { async Task<Socket> M(CancellationToken k) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); await s.ConnectAsync(\"a\", 1, k).AsTask().WaitAsync(TimeSpan.FromSeconds(1)); return s; } }",
        Method("TcpClient", "var c = new TcpClient(); var ar = c.BeginConnect(\"a\", 1, End, c); if (!ar.AsyncWaitHandle.WaitOne(500)) throw new TimeoutException(); return c;", "static void End(IAsyncResult r) => ((TcpClient)r.AsyncState!).Close();"),
        Method("TcpClient", $"var c = new TcpClient(); {Begin} ar.AsyncWaitHandle.WaitOne(500); c.EndConnect(ar); return c;"),

        // Somebody else has it.
        "class C { bool M(TcpClient c) => c.ConnectAsync(\"a\", 1).Wait(500); }",
        "class C { static void M(Socket s) { var t = s.ConnectAsync(\"a\", 1); if (!t.Wait(500)) throw new TimeoutException(); } }",
        Method("TcpClient", $"var c = new TcpClient(); _all.Add(c); {Await} if (!t.Wait(500)) throw new TimeoutException(); return c;", "readonly List<TcpClient> _all = new List<TcpClient>();"),
        "class C : IDisposable { TcpClient _c = null!; void M() { _c = new TcpClient(); if (!_c.ConnectAsync(\"a\", 1).Wait(500)) throw new TimeoutException(); } public void Dispose() => _c.Dispose(); }",
        "class C { readonly TcpClient _c = new TcpClient(); void M() { if (!_c.ConnectAsync(\"a\", 1).Wait(500)) throw new TimeoutException(); } }",
        Member("Close(); _c = new TcpClient(); if (!_c.ConnectAsync(\"a\", 1).Wait(500)) throw new TimeoutException();", "void Close() => _c?.Close();"),
        Member("_c = new TcpClient(); if (!_c.ConnectAsync(\"a\", 1).Wait(500)) { GiveUp(); throw new TimeoutException(); }", "void GiveUp() => _c.Close();"),

        // No TCP connection.
        "class C { void M() { var s = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); if (!s.ConnectAsync(new UnixDomainSocketEndPoint(\"a\")).Wait(500)) throw new TimeoutException(); s.Close(); } }",
        "class TcpClient { public Task ConnectAsync() => Task.CompletedTask; } class C { bool M() { var c = new TcpClient(); return c.ConnectAsync().Wait(500); } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task ConnectThatNobodyCloses_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task Message_SaysWhatBecomesOfALateConnection() =>
        (Rule with { Severity = DiagnosticSeverity.Warning, Messages = ["'c.ConnectAsync' goes on when the time is over: nobody closes the connection then; a server that answers late serves a client that is gone, until the finalizer resets the connection at a random time"] })
            .FlagsAsync(Method("TcpClient", "var c = new TcpClient(); if (![|c.ConnectAsync(\"a\", 1).Wait(500)|]) throw new TimeoutException(); return c;"));

    [Fact]
    public Task UnaskedResultOfWhatIsClosedLater_IsInfo() =>
        (Rule with { Severity = DiagnosticSeverity.Info, Messages = ["'c.ConnectAsync' goes on when the time is over: nothing asks whether it has connected, and the code goes on with a socket that may not be; a server that answers late is turned away by the close"] })
            .FlagsAsync(Method("void", "var c = new TcpClient(); [|c.ConnectAsync(\"a\", 1).Wait(500)|]; c.GetStream().WriteByte(1); c.Close();"));

    [Fact]
    public Task TestProjectsOff_AreSilent() => (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" })
        .IsSilentAsync(Method("bool", "var c = new TcpClient(); return c.ConnectAsync(\"a\", 1).Wait(500);"));

    [Fact]
    public Task UsersSeverity_WinsInTestProjects() =>
        (Rule with { IsTestProject = true, EditorConfig = "dotnet_diagnostic.RST4002.severity = error", Severity = DiagnosticSeverity.Error })
            .FlagsAsync(Method("bool", "var c = new TcpClient(); return [|c.ConnectAsync(\"a\", 1).Wait(500)|];"));

    [Fact]
    public Task Cuts_AreSurvived() => Rule.SurvivesCutsAsync(
        "class C { TcpClient _c = null!; async Task M() { _c = new TcpClient(); var ar = _c.BeginConnect(\"a\", 1, null, null); if (!ar.AsyncWaitHandle.WaitOne(9)) { throw new Exception(); } var s = new Socket(SocketType.Stream, ProtocolType.Tcp); try { await s.ConnectAsync(\"a\", 1).WaitAsync(TimeSpan.Zero); } catch (SocketException) { } } }");

    private static string Method(string type, string body, string members = "") => $$"""class C { {{members}} {{type}} M() { {{body}} } }""";

    private static string Async(string type, string body) => $$"""class C { async Task<{{type}}> M() { {{body}} } }""";

    private static string Member(string body, string members = "") => $$"""class C { TcpClient _c = null!; {{members}} void M(int ms) { {{body}} } }""";
}
