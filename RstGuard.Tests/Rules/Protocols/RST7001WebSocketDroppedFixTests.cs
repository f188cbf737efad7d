using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST7001WebSocketDroppedFixTests
{
    private static readonly Verify Plain = Verify.Rule("RST7001") with { Usings = Verify.DefaultUsings.Replace("\n", " using System.Net.WebSockets;\n", StringComparison.Ordinal) };
    private static readonly Verify Rule = Plain with { AddedDocuments = RST2001ClosedWithUnreadDataFixTests.Added };

    private static string Method(string body, string signature = "async Task M(Uri u)") => $$"""
        class C
        {
            {{signature}}
            {
                {{body.ReplaceLineEndings("\n        ")}}
            }
        }
        """;

    [Fact]
    public Task EndOfScope_IsPrecededByTheHandshake() => Rule.FixesAsync(
        Method("using ClientWebSocket [|w|] = {|#0:new()|};\nawait w.ConnectAsync(u, default);\nawait w.SendAsync(new byte[1], WebSocketMessageType.Text, true, default); // last"),
        Method("using ClientWebSocket w = new();\nawait w.ConnectAsync(u, default);\nawait w.SendAsync(new byte[1], WebSocketMessageType.Text, true, default); // last\nawait w.CloseGracefullyAsync(TimeSpan.FromSeconds(5));"));

    [Fact]
    public Task Dispose_BecomesGraceful() => (Rule with { EditorConfig = "rstguard.graceful_timeout_ms = 2500" }).FixesAsync(
        Method("var w = {|#0:new ClientWebSocket()|};\nawait w.ConnectAsync(u, default).ConfigureAwait(false);\n[|w.Dispose()|];"),
        Method("var w = new ClientWebSocket();\nawait w.ConnectAsync(u, default).ConfigureAwait(false);\nawait w.CloseGracefullyAsync(TimeSpan.FromMilliseconds(2500)).ConfigureAwait(false);"));

    [Fact]
    public Task Abort_BecomesGraceful() => Rule.FixesAsync(
        Method("var w = new ClientWebSocket();\nawait w.ConnectAsync(u, default);\n[|w.Abort()|];"),
        Method("var w = new ClientWebSocket();\nawait w.ConnectAsync(u, default);\nawait w.CloseGracefullyAsync(TimeSpan.FromSeconds(5));"));

    /// <summary>A field's WebSocket may have a receiver elsewhere; so may one that is handed to another function.</summary>
    [Theory]
    [InlineData("using var [|w|] = {|#0:new ClientWebSocket()|};\nawait w.ConnectAsync(u, default);\n_ = Use(w);\nstatic async Task Use(WebSocket x) => await x.ReceiveAsync(new byte[1], default);", "async Task M(Uri u)")]
    [InlineData("[|_w!.Abort()|];\nawait Task.Yield();", "WebSocket? _w;\n    async Task M(Uri u)")]
    [InlineData("[|_w!.Abort()|];", "WebSocket? _w;\n    void M(Uri u)")]
    public Task WhereOthersMayReceive_NothingIsOffered(string body, string signature) => Plain.OffersNoFixAsync(Method(body, signature));

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Plain.SurvivesCutsAsync(
        "class C { async Task M(Uri u) { using var w = new ClientWebSocket(); await w.ConnectAsync(u, default); await w.SendAsync(new byte[1], WebSocketMessageType.Text, true, default); } }");
}
