using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST7004NoResponseDrainTests
{
    private static readonly Verify Rule = Verify.Rule("RST7004") with { Usings = Verify.DefaultUsings.Replace("\n", " using System.Net.Http;\n", StringComparison.Ordinal) };

    private static string Method(string body) => $"class C {{ static readonly TimeSpan Never = TimeSpan.Zero; void M(SocketsHttpHandler h, int given) {{ {body} }} }}";

    [Theory]
    [InlineData("[|h.MaxResponseDrainSize = 0|];")]
    [InlineData("[|h.ResponseDrainTimeout = TimeSpan.Zero|];")]
    [InlineData("[|h.ResponseDrainTimeout = default|];")]
    [InlineData("[|h.ResponseDrainTimeout = Never|];")]
    [InlineData("var n = new SocketsHttpHandler { [|MaxResponseDrainSize = 0|] };")]
    [InlineData("Action a = () => [|h.MaxResponseDrainSize = 0|]; a();")]
    public Task DrainOfNothing_IsFlagged(string body) => Rule.FlagsAsync(Method(body));

    [Theory]
    [InlineData("h.MaxResponseDrainSize = 4096;")]
    [InlineData("h.MaxResponseDrainSize = given;")]
    [InlineData("h.ResponseDrainTimeout = TimeSpan.FromSeconds(1);")]
    [InlineData("h.ResponseDrainTimeout = Timeout.InfiniteTimeSpan;")]
    [InlineData("h.MaxResponseHeadersLength = 1; h.MaxAutomaticRedirections = 1;")]
    public Task LookAlike_IsSilent(string body) => Rule.IsSilentAsync(Method(body));

    [Fact]
    public Task Message_SaysWhatTheServerGets() => (Rule with
    {
        Severity = DiagnosticSeverity.Info,
        Messages = ["'MaxResponseDrainSize' = 0: a response that is disposed of before its end closes its connection with unread data, which resets it, in place of reading the rest and using it again"],
    }).FlagsAsync(Method("[|h.MaxResponseDrainSize = 0|];"));

    [Fact]
    public void OffByDefault() => Assert.False(Catalogue.Find("RST7004")!.Descriptor.IsEnabledByDefault);

    [Theory]
    [InlineData("[|h.MaxResponseDrainSize = 0|];\n        h.ToString();", "h.ToString();")]
    [InlineData("var n = new SocketsHttpHandler { [|MaxResponseDrainSize = 0|], UseProxy = false };", "var n = new SocketsHttpHandler { UseProxy = false };")]
    [InlineData("var n = new SocketsHttpHandler { UseProxy = false, [|ResponseDrainTimeout = TimeSpan.Zero|] };", "var n = new SocketsHttpHandler { UseProxy = false };")]
    [InlineData("var n = new SocketsHttpHandler { [|MaxResponseDrainSize = 0|] };", "var n = new SocketsHttpHandler();")]
    public Task Setting_IsRemoved(string before, string after) => Rule.FixesAsync(Block(before), Block(after));

    [Fact]
    public Task ValueOfAnExpressionThatIsUsed_IsLeft() => Rule.OffersNoFixAsync(Block("int n = [|h.MaxResponseDrainSize = 0|];"));

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Rule.SurvivesCutsAsync(Method("h.ResponseDrainTimeout = TimeSpan.Zero; var n = new SocketsHttpHandler { MaxResponseDrainSize = 0, UseProxy = false };"));

    private static string Block(string body) => $$"""
        class C
        {
            void M(SocketsHttpHandler h)
            {
                {{body}}
            }
        }
        """;
}
