using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST3003UndisposedResponseTests
{
    private static readonly Verify Rule = Verify.Rule("RST3003") with { Usings = "using System.Net.Http; " + Verify.DefaultUsings };

    private static string Method(string body) => $"class C {{ HttpResponseMessage? _r; async Task M(HttpClient http, HttpRequestMessage q, bool flag, byte[] b) {{ {body} await Task.Yield(); }} static void Take(object o) {{ }} }}";

    private const string Get = "http.GetAsync(\"/\", HttpCompletionOption.ResponseHeadersRead)";

    public static TheoryData<string> Flagged =>
    [
        $"var r = await [|{Get}|]; Console.WriteLine(r.StatusCode);",
        $"var r = await [|{Get}|].ConfigureAwait(false); if (r.IsSuccessStatusCode) {{ Console.WriteLine(r.Content.Headers.ContentLength); }}",
        $"HttpResponseMessage r = await [|{Get}|]; {{|#0:r.EnsureSuccessStatusCode()|}}; b = await r.Content.ReadAsByteArrayAsync();",
        $"var r = await [|{Get}|]; if (!r.IsSuccessStatusCode) {{ {{|#0:return;|}} }} using var s = await r.Content.ReadAsStreamAsync(); s.ReadByte();",
        "var r = await [|http.SendAsync(q, completionOption: (HttpCompletionOption)1)|]; r.EnsureSuccessStatusCode();",
        "var r = [|http.Send(q, HttpCompletionOption.ResponseHeadersRead)|]; r.EnsureSuccessStatusCode();",
        $"var r = [|{Get}|].Result; r.EnsureSuccessStatusCode();",
        $"await [|{Get}|];",
        $"(await [|{Get}|]).EnsureSuccessStatusCode();",
        "var s = await [|http.GetStreamAsync(\"/\")|]; s.ReadByte();",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        $"using var r = await {Get}; r.EnsureSuccessStatusCode();",
        $"using (var r = await {Get}) {{ r.EnsureSuccessStatusCode(); }}",
        $"using (await {Get}) {{ }}",
        $"var r = await {Get}; using (r) {{ r.EnsureSuccessStatusCode(); }}",
        $"var r = await {Get}; try {{ r.EnsureSuccessStatusCode(); }} finally {{ r.Dispose(); }}",
        $"var r = await {Get}; r?.Dispose();",
        // Read to the end, and no way out before.
        $"var r = await {Get}; b = await r.Content.ReadAsByteArrayAsync();",
        $"var r = await {Get}; await r.Content.CopyToAsync(Stream.Null); r.EnsureSuccessStatusCode();",
        // Somebody else's.
        $"_r = await {Get};",
        $"var r = await {Get}; Take(r);",
        $"var r = await {Get}; _r = r;",
        $"var r = await {Get}; var all = new List<HttpResponseMessage> {{ r }};",
        $"var r = await {Get}; Action end = () => r.Dispose(); end();",
        $"var t = {Get}; Take(t);",
        $"var r = await {Get}; Take(r.Content);",
        "var s = await http.GetStreamAsync(\"/\"); Take(s);",
        "var s = await http.GetStreamAsync(\"/\"); await s.CopyToAsync(Stream.Null);",
        "using var s = await http.GetStreamAsync(\"/\"); s.ReadByte();",
        // Buffered.
        "var r = await http.GetAsync(\"/\"); r.EnsureSuccessStatusCode();",
        "var r = await http.GetAsync(\"/\", HttpCompletionOption.ResponseContentRead); r.EnsureSuccessStatusCode();",
        "var r = await http.GetAsync(\"/\", flag ? HttpCompletionOption.ResponseHeadersRead : HttpCompletionOption.ResponseContentRead); r.EnsureSuccessStatusCode();",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task ResponseThatIsLeft_IsFlagged(string body) => Rule.FlagsAsync(Method(body));

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string body) => Rule.IsSilentAsync(Method(body));

    [Theory]
    [InlineData("class C { async Task<HttpResponseMessage> M(HttpClient http) { var r = await http.GetAsync(\"/\", HttpCompletionOption.ResponseHeadersRead); return r; } }")]
    [InlineData("class C { Task<HttpResponseMessage> M(HttpClient http) => http.GetAsync(\"/\", HttpCompletionOption.ResponseHeadersRead); }")]
    [InlineData("class C { async Task<Stream> M(HttpClient http) { var r = await http.GetAsync(\"/\", HttpCompletionOption.ResponseHeadersRead); return await r.Content.ReadAsStreamAsync(); } }")]
    [InlineData("class HttpClient { public Task<IDisposable> GetStreamAsync(string s) => null!; } class C { async Task M(HttpClient http) { var r = await http.GetStreamAsync(\"/\"); } }")]
    public Task LookAlikeMember_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task Message_SaysWhatIsLost() =>
        (Rule with { Severity = DiagnosticSeverity.Warning, Messages = ["'GetAsync' returns before the body has come, and some path leaves the response neither read nor disposed: its connection is lost to the pool until a finalizer resets it, while the server still sends"] })
            .FlagsAsync(Method($"var r = await [|{Get}|]; r.EnsureSuccessStatusCode();"));

    [Fact]
    public Task TestProject_GetsInfo() => (Rule with { IsTestProject = true, Severity = DiagnosticSeverity.Info }).FlagsAsync(Method($"var r = await [|{Get}|]; r.EnsureSuccessStatusCode();"));

    [Fact]
    public Task TestProjectsOff_AreSilent() =>
        (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" }).IsSilentAsync(Method($"var r = await {Get}; r.EnsureSuccessStatusCode();"));
}
