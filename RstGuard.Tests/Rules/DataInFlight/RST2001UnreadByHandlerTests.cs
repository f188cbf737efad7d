using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

/// <summary>RST2001 where the server closes after a handler: Kestrel's connections, and the requests of <c>HttpListener</c>.</summary>
public sealed class RST2001UnreadByHandlerTests
{
    private static readonly Verify Rule = Verify.Rule("RST2001") with
    {
        References = ReferenceSet.Net100AspNetCore,
        Usings = Verify.DefaultUsings.TrimEnd() + " using System.Buffers; using System.IO.Pipelines; using Microsoft.AspNetCore.Connections;\n",
        Severity = DiagnosticSeverity.Info,
    };

    public static TheoryData<string> ReadOnce =>
    [
        "await [|c.Transport.Input.ReadAsync()|]; await c.Transport.Output.WriteAsync(_a);",
        "var r = await [|c.Transport.Input.ReadAsync(c.ConnectionClosed)|]; c.Transport.Input.AdvanceTo(r.Buffer.End); await c.Transport.Output.WriteAsync(_a).ConfigureAwait(false);",
        "var t = c.Transport; PipeReader input = t.Input; var output = t.Output; ReadResult r = await [|input.ReadAsync()|].ConfigureAwait(false); if (r.Buffer.IsEmpty || r.Buffer.Length == 0) { return; } foreach (var part in r.Buffer) { output.Write(part.Span); } input.AdvanceTo(r.Buffer.End); await output.FlushAsync(); await input.CompleteAsync();",
        "try { var r = await [|c.Transport.Input.ReadAsync()|]; Console.WriteLine(c.ConnectionId + c.RemoteEndPoint + Encoding.ASCII.GetString(r.Buffer)); } catch (IOException) { }",
    ];

    public static TheoryData<string> OtherHandlers =>
    [
        "await c.Transport.Output.WriteAsync(_a);",
        "await Task.Yield();",
        "while (true) { var r = await c.Transport.Input.ReadAsync(); c.Transport.Input.AdvanceTo(r.Buffer.End); if (r.Buffer.IsEmpty) { break; } }",
        "again: var r = await c.Transport.Input.ReadAsync(); c.Transport.Input.AdvanceTo(r.Buffer.End); if (!r.Buffer.IsEmpty) { goto again; }",
        "await c.Transport.Input.ReadAsync(); c.Transport.Input.AdvanceTo(default); await c.Transport.Input.ReadAsync();",
        "var r = await c.Transport.Input.ReadAsync(); if (!r.IsCompleted) { await c.Transport.Output.WriteAsync(_a); }",
        "var r = await c.Transport.Input.ReadAsync(); if (r.Buffer.Length < 4) { return; } await c.Transport.Output.WriteAsync(_a);",
        "await c.Transport.Input.ReadAtLeastAsync(4);",
        "await c.Transport.Input.CopyToAsync(c.Transport.Output);",
        "await c.Transport.Input.ReadAsync(); if (c.Transport.Input.TryRead(out var r)) { }",
        "await c.Transport.Input.ReadAsync(); await Other(c);",
        "await c.Transport.Input.ReadAsync(); await Other(c.Transport);",
        "var input = c.Transport.Input; await input.ReadAsync(); await Other(input);",
        "await c.Transport.Input.ReadAsync(); await c.Transport.Input.AsStream().CopyToAsync(Stream.Null);",
        "await c.Transport.Input.ReadAsync(); await Task.Delay(-1, c.ConnectionClosed);",
        "await c.Transport.Input.ReadAsync(); while (!c.ConnectionClosed.IsCancellationRequested) { await c.Transport.Output.WriteAsync(_a); }",
        "await c.Transport.Input.ReadAsync(); for (int i = 0; i < 9; i++) { await c.Transport.Output.WriteAsync(_a); }",
        "await c.Transport.Input.ReadAsync(); c.Abort();",
        "Func<Task> read = async () => await c.Transport.Input.ReadAsync(); for (int i = 0; i < 9; i++) { await read(); }",
        "Func<Task> read = async () => await c.Transport.Input.ReadAsync(); await read(); await read();",
        "await c.Transport.Input.ReadAsync(); var d = c; await Other(d);",
    ];

    public static TheoryData<string> BodyUnread =>
    [
        "if (x.Request.HttpMethod == \"POST\") { x.Response.StatusCode = 405; x.Response.KeepAlive = false; [|x.Response.Close()|]; }",
        "var request = x.Request; var response = x.Response; response.KeepAlive = false; if (request.HasEntityBody) { response.StatusCode = 400; } [|response.Close(new byte[9], true)|];",
        "x.Response.KeepAlive = false; x.Response.StatusCode = x.Request.ContentLength64 > 1000 ? 413 : 200; H(x.Response); [|x.Response.Close()|];",
        "if (\"PUT\" != x.Request.HttpMethod) { return; } try { x.Response.KeepAlive = false; } finally { [|x.Response.Close()|]; }",
    ];

    public static TheoryData<string> OtherResponses =>
    [
        "if (x.Request.HttpMethod == \"POST\") { x.Response.StatusCode = 405; x.Response.Close(); }",
        "if (x.Request.HttpMethod == \"POST\") { x.Response.KeepAlive = true; x.Response.Close(); }",
        "if (x.Request.HttpMethod == \"POST\") { x.Response.KeepAlive = b; x.Response.Close(); }",
        "if (x.Request.HttpMethod == \"GET\") { x.Response.KeepAlive = false; x.Response.Close(); }",
        "x.Response.KeepAlive = false; x.Response.Close();",
        "x.Response.KeepAlive = false; if (x.Response.ContentLength64 == 0) { x.Response.Close(); }",
        "if (x.Request.HasEntityBody) { x.Request.InputStream.CopyTo(Stream.Null); } x.Response.KeepAlive = false; x.Response.Close();",
        "var r = x.Request; if (r.HttpMethod == \"POST\") { using var s = new StreamReader(r.InputStream); s.ReadToEnd(); } x.Response.KeepAlive = false; x.Response.Close();",
        "if (x.Request.HttpMethod == \"POST\") { H(x); } x.Response.KeepAlive = false; x.Response.Close();",
        "if (x.Request.HttpMethod == \"POST\") { H(x.Request); } x.Response.KeepAlive = false; x.Response.Close();",
        "var r = x.Request; if (r.HttpMethod == \"POST\") { H(r); } x.Response.KeepAlive = false; x.Response.Close();",
        "var y = x; if (x.Request.HttpMethod == \"POST\") { H(y); } x.Response.KeepAlive = false; x.Response.Close();",
        "if (x.Request.HttpMethod == \"GET\" && !x.Request.HasEntityBody) { x.Response.KeepAlive = false; } x.Response.Close();",
        "if (x.Request.HttpMethod == \"POST\") { x.Response.KeepAlive = false; x.Response.Abort(); }",
    ];

    private static string Handler(string body) =>
        "class H : ConnectionHandler { byte[] _a = new byte[9]; public override async Task OnConnectedAsync(ConnectionContext c) { BODY } Task Other(object o) => Task.CompletedTask; }".Replace("BODY", body);

    private static string Listener(string body) => "class C { void M(HttpListenerContext x, bool b) { BODY } void H(object o) { } }".Replace("BODY", body);

    [Theory, MemberData(nameof(ReadOnce))]
    public Task HandlerThatReadsOnce_GetsInfo(string body) => Rule.FlagsAsync(Handler(body));

    [Theory, MemberData(nameof(OtherHandlers))]
    public Task OtherHandler_IsSilent(string body) => Rule.IsSilentAsync(Handler(body));

    [Theory, MemberData(nameof(BodyUnread))]
    public Task ResponseWithoutKeepAliveWhoseRequestHasAnUnreadBody_GetsInfo(string body) => Rule.FlagsAsync(Listener(body));

    [Theory, MemberData(nameof(OtherResponses))]
    public Task OtherResponse_IsSilent(string body) => Rule.IsSilentAsync(Listener(body));

    [Theory]
    // Not the method that Kestrel calls, and not Kestrel's class.
    [InlineData("abstract class H : ConnectionHandler { public async Task Once(ConnectionContext c) { await c.Transport.Input.ReadAsync(); } }")]
    [InlineData("abstract class B { public abstract Task OnConnectedAsync(ConnectionContext c); } class H : B { public override async Task OnConnectedAsync(ConnectionContext c) { await c.Transport.Input.ReadAsync(); } }")]
    // Other members may read the body.
    [InlineData("class C { HttpListenerContext _x; void M() { if (_x.Request.HttpMethod == \"POST\") { N(); } _x.Response.KeepAlive = false; _x.Response.Close(); } void N() { _x.Request.InputStream.CopyTo(Stream.Null); } }")]
    [InlineData("class C { HttpListenerContext X { get; set; } void M() { if (X.Request.HttpMethod == \"POST\") { N(); } X.Response.KeepAlive = false; X.Response.Close(); } void N() { X.Request.InputStream.CopyTo(Stream.Null); } }")]
    public Task OtherCode_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task MessageOfAHandler_SaysWhoCloses() => (Rule with
    {
        Messages = ["'c' is closed while received data may be unread: the handler reads once and returns, and the server then closes the connection; with data unread, closing sends the peer a reset, and what this side has sent but the peer has not received is lost"],
    }).FlagsAsync(Handler("await [|c.Transport.Input.ReadAsync()|];"));

    [Fact]
    public Task MessageOfAResponse_NamesTheSwitch() => (Rule with
    {
        Messages = ["'x.Response' is closed while received data may be unread: the body of the request was not read, and with KeepAlive off Close does not read it either; with data unread, closing sends the peer a reset, and what this side has sent but the peer has not received is lost"],
    }).FlagsAsync(Listener("if (x.Request.HasEntityBody) { x.Response.KeepAlive = false; [|x.Response.Close()|]; }"));

    [Fact]
    public Task WithoutAspNetCore_HttpListenerIsStillKnown() =>
        Verify.Rule("RST2001").FlagsAsync(Listener("if (x.Request.HasEntityBody) { x.Response.KeepAlive = false; [|x.Response.Close()|]; }"));

    [Fact]
    public Task NoFixIsOffered_TheServerOwnsTheSocket() => Rule.OffersNoFixAsync(Handler("await [|c.Transport.Input.ReadAsync()|]; await c.Transport.Output.WriteAsync(_a);"));

    [Theory]
    [InlineData("var input = c.Transport.Input; ReadResult r = await input.ReadAsync(); if (r.Buffer.Length == 0) { return; } input.AdvanceTo(r.Buffer.End); await c.Transport.Output.WriteAsync(_a);")]
    public Task HalfTypedHandler_BreaksNothing(string body) => Rule.SurvivesCutsAsync(Handler(body));

    [Fact]
    public Task HalfTypedListener_BreaksNothing() =>
        Rule.SurvivesCutsAsync(Listener("var r = x.Request; if (r.HttpMethod == \"POST\") { x.Response.KeepAlive = false; x.Response.Close(); }"));
}
