using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST7001WebSocketDroppedTests
{
    private static readonly Verify Rule = Verify.Rule("RST7001") with { Usings = Verify.DefaultUsings.Replace("\n", " using System.Net.WebSockets;\n", StringComparison.Ordinal) };

    private const string Client = "using var [|w|] = {|#0:new ClientWebSocket()|}; await w.ConnectAsync(u, default); ";

    private static string Method(string body) => $"class C {{ byte[] _b = new byte[1]; WebSocket? _f; int _closed; async Task M(Uri u, HttpListenerContext http, bool flag) {{ {body} await Task.Yield(); }} }}";

    public static TheoryData<string> Flagged =>
    [
        Client + "await w.SendAsync(_b, WebSocketMessageType.Text, true, default);",
        Client + "await w.ReceiveAsync(_b, default).ConfigureAwait(false);",
        "using ClientWebSocket [|w|] = {|#0:new()|}; await w.ConnectAsync(u, default); await Use(w); static Task Use(WebSocket x) => Task.CompletedTask;",
        "var w = {|#0:new ClientWebSocket()|}; await w.ConnectAsync(u, default); [|w.Dispose()|];",
        "var w = {|#0:new ClientWebSocket()|}; try { await w.ConnectAsync(u, default); } finally { [|w.Dispose()|]; }",
        "using (var [|w|] = {|#0:new ClientWebSocket()|}) { await w.ConnectAsync(u, default); }",
        "[|_f!.Abort()|];",
        "_f?[|.Abort()|];",
        "var s = Interlocked.Exchange(ref _f, null); if (s != null) { try { [|s.Abort()|]; } catch { } s.Dispose(); }",
        "if (Interlocked.Exchange(ref _closed, 1) != 0) { return; } [|_f!.Abort()|];",
        "try { await _f!.SendAsync(_b, WebSocketMessageType.Text, true, default); } finally { [|_f!.Abort()|]; }",
        // Cancelling a receive aborts all.
        "while (flag) { using var t = new CancellationTokenSource({|#0:1000|}); try { await [|_f!.ReceiveAsync(_b, t.Token)|]; } catch (OperationCanceledException) { Console.WriteLine(1); } }",
        "using var t = new CancellationTokenSource(); while (flag) { t.CancelAfter({|#0:TimeSpan.FromSeconds(1)|}); try { await [|_f!.ReceiveAsync(_b, t.Token)|]; } catch (TaskCanceledException) { continue; } }",
    ];

    public static TheoryData<string> FlaggedMembers =>
    [
        "class C { async IAsyncEnumerable<int> M(Uri u) { using var [|w|] = {|#0:new ClientWebSocket()|}; await w.ConnectAsync(u, default); yield return 1; } }",
        "using var [|w|] = {|#0:new ClientWebSocket()|}; await w.ConnectAsync(new Uri(\"ws://a\"), default);",
        "class C { WebSocket? _w; public void Close() { var s = _w; if (s is not null) { [|s.Abort()|]; s.Dispose(); } } }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        // It says goodbye, here or in a member of the type.
        "using var w = new ClientWebSocket(); await w.ConnectAsync(u, default); await w.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default);",
        "using var w = new ClientWebSocket(); await w.ConnectAsync(u, default); await Use(w); static Task Use(WebSocket x) => x.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, default);",
        "_f!.Abort(); await _f.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default);",
        // Never opened, given away, somebody else's.
        "using var w = new ClientWebSocket();",
        "using var w = new ClientWebSocket(); await w.ConnectAsync(u, default); _f = w;",
        "using var w = new ClientWebSocket(); await w.ConnectAsync(u, default); GC.KeepAlive(w);",
        "using var w = _f!; await w.SendAsync(_b, WebSocketMessageType.Text, true, default);",
        "var w = new ClientWebSocket(); try { await w.ConnectAsync(u, default); } catch { w.Dispose(); throw; }",
        // An abort with a reason.
        "try { await _f!.SendAsync(_b, WebSocketMessageType.Text, true, default); } catch { _f!.Abort(); throw; }",
        "if (flag) { _f!.Abort(); }",
        "var t = new CancellationTokenSource(); t.Token.Register(() => _f!.Abort());",
        // A receive whose end of time ends the loop, or whose time nobody fixes.
        "while (flag) { using var t = new CancellationTokenSource(1000); try { await _f!.ReceiveAsync(_b, t.Token); } catch (OperationCanceledException) { break; } }",
        "while (flag) { using var t = new CancellationTokenSource(1000); await _f!.ReceiveAsync(_b, t.Token); }",
        "while (flag) { using var t = new CancellationTokenSource(); try { await _f!.ReceiveAsync(_b, t.Token); } catch (OperationCanceledException) { } }",
        "using var t = new CancellationTokenSource(1000); try { await _f!.ReceiveAsync(_b, t.Token); } catch (OperationCanceledException) { }",
        "while (flag) { using var t = new CancellationTokenSource(1000); try { await new MemoryStream().ReadAsync(_b, t.Token); } catch (OperationCanceledException) { } }",
    ];

    public static TheoryData<string> MemberLookAlikes =>
    [
        "class C { WebSocket _w = null!; void AbortNow() { _w.Abort(); } void OnError(Exception e) { _w.Abort(); } void Timeout() => _w.Abort(); }",
        "class IntentionalResetAttribute : Attribute { public IntentionalResetAttribute(string why) { } } class C { [IntentionalReset(\"shed\")] void Drop2(WebSocket w) => w.Abort(); }",
        "class WebSocket : IDisposable { public void Abort() { } public void Dispose() { } } class C { void M(WebSocket w) => w.Abort(); }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task DroppedWebSocket_IsFlagged(string body) => Rule.FlagsAsync(Method(body));

    [Theory, MemberData(nameof(FlaggedMembers))]
    public Task DroppedWebSocketOfAMember_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string body) => Rule.IsSilentAsync(Method(body));

    [Theory, MemberData(nameof(MemberLookAlikes))]
    public Task LookAlikeMember_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Theory]
    [InlineData(Client, "'w' ends without a WebSocket close handshake: Dispose drops the connection, and the peer sees a failure (1006) in place of the end")]
    [InlineData("[|_f!.Abort()|];", "'_f' ends without a WebSocket close handshake: Abort drops the connection where nothing has failed, and the peer sees a failure (1006) in place of the end; a server's Abort resets, and what it sent last may be lost")]
    public Task Message_SaysWhatThePeerSees(string body, string message) =>
        (Rule with { Severity = DiagnosticSeverity.Info, Messages = [message] }).FlagsAsync(Method(body));

    [Fact]
    public Task TestProjectsOff_AreSilent() => (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" }).IsSilentAsync(Method("_f!.Abort();"));

    [Fact]
    public Task Cuts_AreSurvived() => Rule.SurvivesCutsAsync(Method(
        "using var w = new ClientWebSocket(); await w.ConnectAsync(u, default); while (flag) { using var t = new CancellationTokenSource(1000); try { await w.ReceiveAsync(_b, t.Token); } catch (OperationCanceledException) { } } _f?.Abort();"));
}
