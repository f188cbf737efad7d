using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST3003UndisposedResponseFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST3003") with { Usings = "using System.Net.Http; " + Verify.DefaultUsings };

    private static string Method(string body) => $"class C {{ async Task M(HttpClient http) {{ {body} await Task.Yield(); }} }}";

    private const string Get = "http.GetAsync(\"/\", HttpCompletionOption.ResponseHeadersRead)";

    [Theory]
    [InlineData($"var r = await [|{Get}|]; r.EnsureSuccessStatusCode();", $"using var r = await {Get}; r.EnsureSuccessStatusCode();")]
    [InlineData($"HttpResponseMessage r = (await [|{Get}|].ConfigureAwait(false)); r.EnsureSuccessStatusCode();", $"using HttpResponseMessage r = (await {Get}.ConfigureAwait(false)); r.EnsureSuccessStatusCode();")]
    [InlineData("/* all of it */ var s = await [|http.GetStreamAsync(\"/\")|]; s.ReadByte();", "/* all of it */ using var s = await http.GetStreamAsync(\"/\"); s.ReadByte();")]
    public Task Response_IsDisposed(string before, string after) => Rule.FixesAsync(Method(before), Method(after));

    [Theory]
    [InlineData($"await [|{Get}|];")]
    [InlineData($"(await [|{Get}|]).EnsureSuccessStatusCode();")]
    public Task WithoutALocal_NothingIsOffered(string body) => Rule.OffersNoFixAsync(Method(body));

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Rule.SurvivesCutsAsync(Method($"var r = await {Get}; r.EnsureSuccessStatusCode(); var s = await http.GetStreamAsync(\"/\"); s.ReadByte();"));
}
