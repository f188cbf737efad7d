using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST6001SlowKeepAliveTests
{
    private static readonly Verify Rule = Verify.Rule("RST6001") with { Usings = Verify.DefaultUsings.Replace("\n", " using System.Net.Http; using System.Net.WebSockets;\n", StringComparison.Ordinal) };

    private const string On = "s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true)";

    private static string Method(string body) => $"class C {{ const int Minutes = 60; static readonly TimeSpan Hour = TimeSpan.FromMinutes(60); void M(Socket s, TcpClient c, ClientWebSocket w, SocketsHttpHandler h, bool flag, int given) {{ {body} }} }}";

    public static TheoryData<string> Flagged =>
    [
        $"[|{On}|];",
        "[|s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, 1)|];",
        "[|s.SetSocketOption(optionName: SocketOptionName.KeepAlive, optionLevel: SocketOptionLevel.Socket, optionValue: true)|];",
        "[|c.Client.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true)|];",
        "c.Client?[|.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true)|];",
        // The time is the other branch's.
        $"if (flag) {{ s.IOControl(IOControlCode.KeepAliveValues, new byte[12], null); }} else {{ [|{On}|]; }}",
        $"[|{On}|]; s.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 10);",
        $"{On}; s.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, [|600|]);",
        "s.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, [|Minutes * 10|]);",
        "s.SetSocketOption(SocketOptionLevel.Tcp, (SocketOptionName)3, [|121|]);",
        "w.Options.KeepAliveInterval = [|TimeSpan.FromMinutes(5)|];",
        "w.Options.KeepAliveInterval = [|Hour|];",
        "var o = new WebSocketCreationOptions { KeepAliveInterval = [|TimeSpan.FromSeconds(300)|] };",
        "h.KeepAlivePingDelay = [|TimeSpan.FromSeconds(600)|];",
        $"Action a = () => [|{On}|]; a();",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        $"{On}; s.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 60);",
        $"{On}; s.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, given);",
        $"s.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 120); {On};",
        $"{On}; s.IOControl(IOControlCode.KeepAliveValues, new byte[12], null);",
        $"{On}; if (flag) {{ s.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 60); }}",
        "s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, false);",
        "s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, 0);",
        "s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, flag);",
        "s.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 600);",
        "s.SetSocketOption(SocketOptionLevel.IP, (SocketOptionName)3, 600);",
        "var u = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp); u.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);",
        "w.Options.KeepAliveInterval = TimeSpan.FromSeconds(30);",
        "w.Options.KeepAliveInterval = TimeSpan.Zero;",
        "w.Options.KeepAliveInterval = Timeout.InfiniteTimeSpan;",
        "w.Options.KeepAliveInterval = TimeSpan.FromSeconds(given);",
        "h.KeepAlivePingDelay = TimeSpan.FromSeconds(60); h.KeepAlivePingTimeout = TimeSpan.FromMinutes(10);",
    ];

    public static TheoryData<string> MemberLookAlikes =>
    [
        $"class C {{ void M(Socket s) {{ {On}; Time(s); }} void Time(Socket s) => s.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 30); }}",
        "class Timer2 { public TimeSpan KeepAliveInterval { get; set; } } class ClientWebSocketOptions { public TimeSpan KeepAliveInterval { get; set; } } class C { void M(Timer2 t, ClientWebSocketOptions o) { t.KeepAliveInterval = TimeSpan.FromHours(1); o.KeepAliveInterval = TimeSpan.FromMinutes(50); } }",
        "class Socket { public void SetSocketOption(SocketOptionLevel l, SocketOptionName n, bool v) { } } class C { void M(Socket s) { s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true); } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task SlowKeepAlive_IsFlagged(string body) => Rule.FlagsAsync(Method(body));

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string body) => Rule.IsSilentAsync(Method(body));

    [Theory, MemberData(nameof(MemberLookAlikes))]
    public Task LookAlikeMember_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task OptionsOfAspNetCore_AreFlagged() => (Rule with { References = ReferenceSet.Net100AspNetCore, Usings = "using System; using Microsoft.AspNetCore.Builder;\n" })
        .FlagsAsync("class C { void M(WebApplication app) { app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = [|TimeSpan.FromMinutes(4)|] }); } }");

    [Theory]
    [InlineData("300", "w.Options.KeepAliveInterval = TimeSpan.FromMinutes(5);")]
    [InlineData("60", "w.Options.KeepAliveInterval = [|TimeSpan.FromSeconds(61)|];")]
    public Task Limit_IsTheOption(string seconds, string body)
    {
        Verify limited = Rule with { EditorConfig = $"rstguard.max_idle_seconds = {seconds}" };
        return body.Contains("[|", StringComparison.Ordinal) ? limited.FlagsAsync(Method(body)) : limited.IsSilentAsync(Method(body));
    }

    [Theory]
    [InlineData($"[|{On}|];", "The first keep-alive comes after 7200 s, the system's default, when load balancers (240 to 350 s), mobile networks (about 300 s) or NAT have forgotten the idle connection: what is sent after that is answered with a reset, or swallowed")]
    [InlineData("w.Options.KeepAliveInterval = [|TimeSpan.FromMinutes(5)|];", "The first keep-alive comes after 300 s, when load balancers (240 to 350 s), mobile networks (about 300 s) or NAT may have forgotten the idle connection: what is sent after that is answered with a reset, or swallowed")]
    public Task Message_SaysWhen(string body, string message) => (Rule with { Severity = DiagnosticSeverity.Info, Messages = [message] }).FlagsAsync(Method(body));

    [Fact]
    public Task TestProjectsOff_AreSilent() => (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" }).IsSilentAsync(Method(On + ";"));

    [Fact]
    public Task Cuts_AreSurvived() => Rule.SurvivesCutsAsync(Method($"if (flag) {{ s.IOControl(IOControlCode.KeepAliveValues, new byte[12], null); }} else {{ {On}; }} w.Options.KeepAliveInterval = Hour; s.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 600);"));
}
