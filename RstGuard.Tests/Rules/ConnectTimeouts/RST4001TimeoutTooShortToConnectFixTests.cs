using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST4001TimeoutTooShortToConnectFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST4001");

    private static string Method(string body, string members = "") =>
        $$"""class C { {{members}} void M() { using var s = new Socket(SocketType.Stream, ProtocolType.Tcp); {{body}} } }""";

    private static string Connecting(string body) =>
        $$"""class C { async Task M(Socket s) { {{body}} await s.ConnectAsync("a", 1, cts.Token); } }""";

    [Theory]
    [InlineData("s.SendTimeout = [|100|]; s.Connect(\"a\", 1);", "s.SendTimeout = 3000; s.Connect(\"a\", 1);")]
    [InlineData("s.SendTimeout = /* short */ [|1000|] /* ms */; s.Connect(\"a\", 1);", "s.SendTimeout = /* short */ 3000 /* ms */; s.Connect(\"a\", 1);")]
    [InlineData("s.SendTimeout = [|5 * 100|]; s.Connect(\"a\", 1);", "s.SendTimeout = 3000; s.Connect(\"a\", 1);")]
    [InlineData("s.ReceiveTimeout = [|100|]; s.Connect(\"a\", 1); while (s.Receive(new byte[99]) > 0) { }", "s.ReceiveTimeout = 3000; s.Connect(\"a\", 1); while (s.Receive(new byte[99]) > 0) { }")]
    public Task Milliseconds_AreReplaced(string before, string after) => Fixes(before, after);

    [Theory]
    [InlineData("[|TimeSpan.FromMilliseconds(200)|]", "TimeSpan.FromMilliseconds(3000)")]
    [InlineData("[|TimeSpan.FromSeconds(1)|]", "TimeSpan.FromSeconds(3)")]
    [InlineData("[|System.TimeSpan.FromSeconds(0.5)|]", "System.TimeSpan.FromSeconds(3)")]
    [InlineData("[|new TimeSpan(0, 0, 1)|]", "TimeSpan.FromSeconds(3)")]
    [InlineData("[|new(0, 0, 0, 0, 500)|]", "TimeSpan.FromSeconds(3)")]
    public Task TimeSpan_KeepsItsForm(string before, string after) => Rule.FixesAsync(
        $$"""class C { void M(System.Net.Http.HttpClient h) { h.Timeout = {{before}}; } }""",
        $$"""class C { void M(System.Net.Http.HttpClient h) { h.Timeout = {{after}}; } }""");

    [Theory]
    [InlineData("using var cts = new CancellationTokenSource([|500|]);", "using var cts = new CancellationTokenSource(3000);")]
    [InlineData("using var cts = new CancellationTokenSource(); cts.CancelAfter([|TimeSpan.FromSeconds(1)|]);", "using var cts = new CancellationTokenSource(); cts.CancelAfter(TimeSpan.FromSeconds(3));")]
    [InlineData("var ms = [|200|]; using var cts = new CancellationTokenSource(ms);", "var ms = 3000; using var cts = new CancellationTokenSource(ms);")]
    public Task ConnectToken_IsGivenMore(string before, string after) => Rule.FixesAsync(Connecting(before), Connecting(after));

    [Fact]
    public Task LocalOfTimeoutsOnly_IsChangedWhereItIsDeclared() => Fixes(
        "const int Ms = [|100|]; s.SendTimeout = Ms; s.ReceiveTimeout = Ms; s.Connect(\"a\", 1);",
        "const int Ms = 3000; s.SendTimeout = Ms; s.ReceiveTimeout = Ms; s.Connect(\"a\", 1);");

    [Fact]
    public Task LocalThatServesSomethingElse_IsLeftAlone() => Rule.OffersNoFixAsync(
        Method("int ms = [|100|]; s.SendTimeout = ms; s.Connect(\"a\", 1); Thread.Sleep(ms);"));

    [Theory]
    [InlineData("const int Ms = 100;", "const int Ms = 3000;")]
    [InlineData("private static readonly int Ms = 100;", "private static readonly int Ms = 3000;")]
    public Task FieldOfTimeoutsOnly_IsChangedWhereItIsDeclared(string before, string after) => Rule.FixesAsync(
        Method("s.SendTimeout = [|Ms|]; s.Connect(\"a\", 1);", before),
        Method("s.SendTimeout = Ms; s.Connect(\"a\", 1);", after));

    [Theory]
    [InlineData("public const int Ms = 100;")]
    [InlineData("const int Ms = 100; void Rest() { Thread.Sleep(Ms); }")]
    public Task FieldThatServesSomethingElse_IsReplacedWhereItIsUsed(string members) => Rule.FixesAsync(
        Method("s.SendTimeout = [|Ms|]; s.Connect(\"a\", 1);", members),
        Method("s.SendTimeout = 3000; s.Connect(\"a\", 1);", members));

    [Theory]
    [InlineData("1500", "TimeSpan.FromMilliseconds(1500)")]
    [InlineData("10000", "TimeSpan.FromSeconds(10)")]
    public Task Option_IsWhatIsWritten(string option, string written) => (Rule with { EditorConfig = "rstguard.connect_timeout_ms = " + option }).FixesAsync(
        """class C { void M(System.Net.Http.HttpClient h) { h.Timeout = [|TimeSpan.FromSeconds(1)|]; } }""",
        $$"""class C { void M(System.Net.Http.HttpClient h) { h.Timeout = {{written}}; } }""");

    [Fact]
    public Task OptionThatIsFlaggedItself_IsNotWritten() => (Rule with { EditorConfig = "rstguard.connect_timeout_ms = 900" })
        .OffersNoFixAsync(Method("s.SendTimeout = [|100|]; s.Connect(\"a\", 1);"));

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Rule.SurvivesCutsAsync(
        "class C { const int Ms = 100; async Task M(System.Net.Http.HttpClient h) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); s.SendTimeout = Ms; s.Connect(\"a\", 1); h.Timeout = TimeSpan.FromSeconds(1); var ms = 200; using var cts = new CancellationTokenSource(ms); await s.ConnectAsync(\"a\", 1, cts.Token); } }");

    private static Task Fixes(string before, string after) => Rule.FixesAsync(Method(before), Method(after));
}
