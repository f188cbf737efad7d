using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST1007AbortOnNormalPathTests
{
    private static readonly Verify Rule = Verify.Rule("RST1007") with
    {
        References = ReferenceSet.Net100AspNetCore,
        Usings = Verify.DefaultUsings.TrimEnd() + " using Microsoft.AspNetCore.Builder; using Microsoft.AspNetCore.Connections; using Microsoft.AspNetCore.Connections.Features; using Microsoft.AspNetCore.Http; using Microsoft.AspNetCore.Http.Features;\n",
    };

    public static TheoryData<string> Flagged =>
    [
        "class C { Task M(HttpContext x) { [|x.Abort()|]; return Task.CompletedTask; } }",
        "class C { async Task M(HttpContext x) { await x.Response.WriteAsync(\"all\").ConfigureAwait(false); [|x.Abort()|]; } }",
        "class C { void M(HttpContext? x) { x?[|.Abort()|]; } }",
        "class C { void M(IHttpRequestLifetimeFeature f) => [|f.Abort()|]; }",
        "class C { void M(ConnectionContext c) { [|c.Abort()|]; } }",
        "class C { void M(ConnectionContext c) { [|c.Abort(new ConnectionAbortedException())|]; } }",
        "class C { void M(BaseConnectionContext c) { [|c.Abort()|]; } }",
        "class C { void M(IConnectionLifetimeFeature f) { [|f.Abort()|]; } }",
        "class C { void M(HttpListenerContext x) { x.Response.ContentLength64 = 5; [|x.Response.Abort()|]; } }",
        "class H : ConnectionHandler { public override async Task OnConnectedAsync(ConnectionContext connection) { await connection.Transport.Output.WriteAsync(new byte[5]); [|connection.Abort()|]; } }",
        "class C { void M(WebApplication app) => app.Run(x => { [|x.Abort()|]; return Task.CompletedTask; }); }",
        "class C { async Task M(ConnectionContext c) { try { await c.Transport.Output.WriteAsync(new byte[1]); } finally { [|c.Abort()|]; } } }",
        "class C { void Close(ConnectionContext c) { try { [|c.Abort()|]; } catch { } } }",
        "class C { void M(HttpContext x) { void End() { [|x.Abort()|]; } End(); } }",
        "class C { void M(List<ConnectionContext> all) { foreach (var c in all) { [|c.Abort()|]; } } }",
        "class C { async IAsyncEnumerable<int> M(HttpContext x) { yield return 1; await Task.Yield(); [|x.Abort()|]; } }",
        "partial class C { HttpContext _x = null!; } partial class C { void M() { [|_x.Abort()|]; } }",

        // Whether something is there, or was closed before, is no reason.
        "class C { int _closed; ConnectionContext _c = null!; public void Close() { if (Interlocked.Exchange(ref _closed, 1) != 0) { return; } try { _c.Transport.Output.Complete(); } catch { } try { [|_c.Abort()|]; } catch { } } }",
        "class C : IDisposable { bool _disposed; ConnectionContext? _c; public void Dispose() { if (_disposed) return; _disposed = true; if (_c != null) { [|_c.Abort()|]; } } }",
        "class C { ConnectionContext? _c; void Close(bool disposing) { if (disposing && _c is { } c) { [|c.Abort()|]; } } }",
        "class C { void M(HttpContext? x) { if (x == null) throw new ArgumentNullException(nameof(x)); [|x.Abort()|]; } }",
        "class C { void M(object o) { if (o is HttpContext x) [|x.Abort()|]; } }",
        "class C { async Task M(ConnectionContext c) { while (true) { var r = await c.Transport.Input.ReadAsync(); c.Transport.Input.AdvanceTo(r.Buffer.End); if (r.IsCompleted) break; } [|c.Abort()|]; } }",
        "using var app = WebApplication.Create(args); app.Run(async x => { await x.Response.WriteAsync(\"all\"); [|x.Abort()|]; });",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        // After a failure.
        "class C { async Task M(HttpContext x) { try { await x.Response.WriteAsync(\"a\"); } catch (IOException) { x.Abort(); } } }",
        "class C { async Task M(HttpContext x) { try { await x.Response.WriteAsync(\"a\"); } catch when (Stop(x)) { } } bool Stop(HttpContext x) { return true; } }",
        "class C { void M(ConnectionContext c, Exception e) { c.Abort(); } }",
        "class C { void M(ConnectionContext c, ConnectionAbortedException why) { c.Abort(why); } }",
        "class C { void M(ConnectionContext c) { c.Abort(new ConnectionAbortedException(\"over the limit\")); } }",
        "class C { async Task M(ConnectionContext c) { ConnectionAbortedException? e = null; try { await Task.Yield(); } catch (ConnectionAbortedException x) { e = x; } c.Abort(e!); } }",
        "class C { void OnTimeout(ConnectionContext c) { c.Abort(); } }",
        "class C { void RejectClient(HttpContext x) { x.Abort(); } }",
        "class C { void M(HttpContext x, CancellationToken t) { t.Register(() => x.Abort()); t.UnsafeRegister(static s => ((HttpContext)s!).Abort(), x); } }",
        "class C { void M(HttpContext x) { var t = new Timer(_ => x.Abort()); } }",
        "class C { void M(HttpContext x, Task t) { t.ContinueWith(_ => x.Abort()); } }",

        // After a decision.
        "class C { void M(HttpContext x, bool allowed) { if (!allowed) { x.Abort(); } } }",
        "class C { void M(HttpContext x) { if (x.Response.HasStarted) { x.Abort(); } else { x.Response.StatusCode = 500; } } }",
        "class C { void M(HttpContext x, int kind) { switch (kind) { case 1: x.Abort(); break; } } }",
        "class C { async Task M(HttpContext x) { if (await Served(x)) { return; } x.Abort(); } Task<bool> Served(HttpContext x) => Task.FromResult(true); }",
        "class C { async Task M(HttpContext x) { for (int i = 0; i < 3; i++) { if (await Served(x)) { return; } } x.Abort(); } Task<bool> Served(HttpContext x) => Task.FromResult(true); }",
        "class C { async Task M(HttpContext x) { try { await x.Response.WriteAsync(\"a\"); return; } catch (IOException) { } x.Abort(); } }",
        "class C { void M(List<ConnectionContext> all) { foreach (var c in all) { if (c.ConnectionClosed.IsCancellationRequested) continue; c.Abort(); } } }",
        "class C { bool M(HttpContext x, bool bad) { return Do(() => { if (bad) x.Abort(); }); bool Do(Action a) { a(); return true; } } }",
        "class C { Action M(HttpContext x) { return OnError; void OnError() => x.Abort(); } }",
        "class C { async Task M(ConnectionContext c, Task done) { await Task.WhenAny(done, Task.Delay(1000)); c.Abort(); } }",
        "class C { async Task M(ConnectionContext c) { c.Transport.Output.Complete(); await Task.Delay(1000); c.Abort(); } }",

        // On purpose, or something else.
        "class C { void Abort(ConnectionContext c) { c.Abort(); } }",
        "class C { void ResetOrAbort(HttpContext x) { x.Abort(); } }",
        "class AbortMiddleware { void M(HttpContext x) { x.Abort(); } }",
        "class IntentionalResetAttribute : Attribute { public IntentionalResetAttribute(string why) { } } class C { [IntentionalReset(\"evicts\")] void M(HttpContext x) { x.Abort(); } }",
        "class C { void M(HttpListener l) { l.Abort(); } }",
        "class C { void M(System.Net.WebSockets.WebSocket w) { w.Abort(); } }",
        "#pragma warning disable SYSLIB0006, CS0618\nclass C { void M(Thread t) { t.Abort(); } }",
        "class HttpContext { public void Abort() { } } class C { void M(HttpContext x) { x.Abort(); } }",
        "class C { void M(HttpContext x) { Action a = x.Abort; } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task AbortOnANormalPath_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Theory]
    [InlineData("void M(HttpContext x) { [|x.Abort()|]; }", "'x.Abort()' aborts where nothing has failed: Kestrel ends an HTTP/1.x connection with a reset and an HTTP/2 stream with RST_STREAM, and the client loses what it has not received of the response")]
    [InlineData("void M(ConnectionContext c) { [|c.Abort()|]; }", "'c.Abort()' aborts where nothing has failed: Kestrel closes the socket with a reset, and the peer loses what is still queued for it")]
    [InlineData("void M(HttpListenerResponse r) { [|r.Abort()|]; }", "'r.Abort()' aborts where nothing has failed: the rest of the response is dropped, and the connection is closed: with a reset where part of the request is unread")]
    public Task Message_SaysWhatThePeerLoses(string member, string message) =>
        (Rule with { Severity = DiagnosticSeverity.Info, Messages = [message] }).FlagsAsync($$"""class C { {{member}} }""");

    [Fact]
    public Task WithoutAspNetCore_HttpListenerIsStillKnown() =>
        Verify.Rule("RST1007").FlagsAsync("class C { void M(HttpListenerResponse r) { [|r.Abort()|]; } }");

    [Fact]
    public Task TestProjectsOff_AreSilent() =>
        (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" }).IsSilentAsync("class C { void M(HttpContext x) { x.Abort(); } }");

    [Fact]
    public Task UsersSeverity_WinsInTestProjects() =>
        (Rule with { IsTestProject = true, EditorConfig = "dotnet_diagnostic.RST1007.severity = error", Severity = DiagnosticSeverity.Error })
            .FlagsAsync("class C { void M(HttpContext x) { [|x.Abort()|]; } }");

    [Fact]
    public Task Cuts_AreSurvived() => Rule.SurvivesCutsAsync(
        "class C { int _closed; ConnectionContext _c = null!; public void Close() { if (Interlocked.Exchange(ref _closed, 1) != 0) { return; } foreach (var i in new[] { 1 }) { if (i is 1) continue; } void Stop(Exception e) => _c.Abort(); try { _c.Abort(new ConnectionAbortedException()); } catch { } } }");
}
