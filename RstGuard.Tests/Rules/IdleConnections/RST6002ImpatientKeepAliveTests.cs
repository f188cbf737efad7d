using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST6002ImpatientKeepAliveTests
{
    private static readonly Verify Rule = Verify.Rule("RST6002");

    private static string Set(string socket, string name, string value) => $"{socket}.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAlive{name}, {value}); ";

    private static string Method(string body) => $"class C {{ const int Three = 3; void M(Socket s, Socket t, TcpClient c, int given) {{ {body} }} }}";

    public static TheoryData<string> Flagged =>
    [
        Set("s", "Time", "{|#0:1|}") + Set("s", "Interval", "1") + Set("s", "RetryCount", "[|2|]"),
        Set("s", "RetryCount", "[|2|]") + Set("s", "Interval", "Three") + Set("s", "Time", "{|#0:Three|}"),
        Set("c.Client", "Time", "{|#0:5|}") + Set("c.Client", "Interval", "1") + Set("c.Client", "RetryCount", "[|4|]"),
        Set("s", "Time", "600") + Set("s", "Time", "{|#0:1|}") + Set("s", "Interval", "1") + Set("s", "RetryCount", "[|1|]"),
        "Action a = () => { " + Set("s", "Time", "{|#0:1|}") + Set("s", "Interval", "1") + Set("s", "RetryCount", "[|2|]") + "}; a();",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        Set("s", "Time", "5") + Set("s", "Interval", "1") + Set("s", "RetryCount", "5"),
        Set("s", "Time", "60") + Set("s", "Interval", "10") + Set("s", "RetryCount", "6"),
        Set("s", "Time", "1") + Set("s", "Interval", "1"),
        Set("s", "Time", "given") + Set("s", "Interval", "1") + Set("s", "RetryCount", "2"),
        Set("s", "Time", "1") + Set("t", "Interval", "1") + Set("t", "RetryCount", "2"),
        Set("s", "Time", "1") + "Action a = () => { " + Set("s", "Interval", "1") + Set("s", "RetryCount", "2") + "}; a();",
        "s.SetSocketOption(SocketOptionLevel.IP, (SocketOptionName)3, 1); " + Set("s", "Interval", "1") + Set("s", "RetryCount", "2"),
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task ShortSum_IsFlagged(string body) => Rule.FlagsAsync(Method(body));

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string body) => Rule.IsSilentAsync(Method(body));

    [Fact]
    public Task Message_SaysTheSum() => (Rule with
    {
        Severity = DiagnosticSeverity.Info,
        Messages = ["The keep-alive gives up 3 s after the last sign of the peer and resets: an outage of that length, which TCP would outlast, ends a healthy connection"],
    }).FlagsAsync(Method(Set("s", "Time", "{|#0:1|}") + Set("s", "Interval", "1") + Set("s", "RetryCount", "[|2|]")));

    [Fact]
    public void OffByDefault() => Assert.False(Catalogue.Find("RST6002")!.Descriptor.IsEnabledByDefault);

    [Fact]
    public Task Cuts_AreSurvived() => Rule.SurvivesCutsAsync(Method(Set("s", "Time", "1") + Set("c.Client", "Interval", "1") + Set("s", "RetryCount", "2")));
}
