using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST2011ShutdownReceiveTests
{
    private const string Shutdown = "s.Shutdown(SocketShutdown.Receive);";
    private const string Marked = "[|s.Shutdown(SocketShutdown.Receive)|];";

    private static readonly Verify Rule = Verify.Rule("RST2011");

    public static TheoryData<string> Flagged =>
    [
        $"class C {{ void M(Socket s) {{ {Marked} }} }}",
        "class C { void M(Socket s) { [|s.Shutdown(how: SocketShutdown.Receive)|]; } }",
        "class C { const SocketShutdown In = SocketShutdown.Receive; void M(Socket s) { [|s.Shutdown(In)|]; } }",
        "class C { void M(Socket s) { [|s.Shutdown(0)|]; } }",
        "class C { void M(TcpClient c) { [|c.Client.Shutdown(SocketShutdown.Receive)|]; } }",
        "class C { void M(Socket? s) { s?[|.Shutdown(SocketShutdown.Receive)|]; } }",
        "class C { Socket _s = null!; void M() { [|_s.Shutdown(SocketShutdown.Receive)|]; } }",
        "partial class C { Socket _s = null!; } partial class C { void M() => [|_s.Shutdown(SocketShutdown.Receive)|]; }",
        $"class C {{ void M(Socket s) {{ try {{ {Marked} }} catch (SocketException) {{ }} s.Close(); }} }}",
        $"class C {{ async Task M(Socket s) {{ await s.SendAsync(new byte[1], SocketFlags.None).ConfigureAwait(false); {Marked} }} }}",
        $"class C {{ void M(Socket s) {{ Action a = () => {{ {Marked} }}; a(); }} }}",
        $"class C {{ void M(Socket s) {{ void End() {{ {Marked} }} End(); }} }}",
        $"class C {{ async IAsyncEnumerable<int> M(Socket s) {{ yield return 1; await Task.Yield(); {Marked} }} }}",
        $"var s = new Socket(SocketType.Stream, ProtocolType.Tcp); {Marked}",
        $"class C {{ void M(Socket s) {{ if (OperatingSystem.IsWindows()) {{ {Marked} }} }} }}",
        $"class C {{ void M(Socket s) {{ if (OperatingSystem.IsLinux()) {{ }} else {{ {Marked} }} }} }}",
        $"class C {{ void M(Socket s) {{ if (!OperatingSystem.IsWindowsVersionAtLeast(10)) {{ {Marked} }} }} }}",
        $"using System.Runtime.Versioning; [SupportedOSPlatform(\"windows\")] class C {{ void M(Socket s) {{ {Marked} }} }}",
        $"using System.Runtime.Versioning; [SupportedOSPlatform(\"windows\"), SupportedOSPlatform(\"linux\")] class C {{ void M(Socket s) {{ {Marked} }} }}",
        $"using System.Runtime.Versioning; [UnsupportedOSPlatform(\"browser\")] class C {{ void M(Socket s) {{ {Marked} }} }}",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        "class C { void M(Socket s) { s.Shutdown(SocketShutdown.Send); } }",
        "class C { void M(Socket s) { s.Shutdown(SocketShutdown.Both); s.Close(); } }",
        "class C { void M(Socket s, SocketShutdown how) { s.Shutdown(how); } }",
        "class C { void M() { var s = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified); " + Shutdown + " } }",
        "class C { void M() { using var s = new Socket(SocketType.Dgram, ProtocolType.Udp); " + Shutdown + " } }",
        "class C { void M(TcpListener l) { l.Server.Shutdown(SocketShutdown.Receive); } }",
        $"class C {{ void M(Socket s) {{ try {{ s.Send(new byte[1]); }} catch (SocketException) {{ {Shutdown} }} }} }}",
        $"class C {{ void M(Socket s) {{ var b = new byte[9]; while (s.Receive(b) > 0) {{ }} {Shutdown} }} }}",
        "class Socket { public void Shutdown(SocketShutdown how) { } } class C { void M(Socket s) { " + Shutdown + " } }",

        // Where it can't run on Windows.
        $"class C {{ void M(Socket s) {{ if (!OperatingSystem.IsWindows()) {{ {Shutdown} }} }} }}",
        $"class C {{ void M(Socket s) {{ if (OperatingSystem.IsWindows()) {{ s.Close(); }} else {{ {Shutdown} }} }} }}",
        $"class C {{ void M(Socket s) {{ if (OperatingSystem.IsWindows()) {{ return; }} {Shutdown} }} }}",
        $"class C {{ void M(Socket s, bool b) {{ if (b && OperatingSystem.IsLinux()) {{ {Shutdown} }} }} }}",
        $"class C {{ void M(Socket s) {{ if (OperatingSystem.IsMacOSVersionAtLeast(12)) {{ {Shutdown} }} }} }}",
        $"using System.Runtime.InteropServices; class C {{ void M(Socket s) {{ if (RuntimeInformation.IsOSPlatform(OSPlatform.Linux)) {{ {Shutdown} }} if (!RuntimeInformation.IsOSPlatform(OSPlatform.Windows)) {{ {Shutdown} }} }} }}",
        $"using System.Runtime.Versioning; [SupportedOSPlatform(\"linux\"), SupportedOSPlatform(\"macos\")] class C {{ void M(Socket s) {{ {Shutdown} }} }}",
        $"using System.Runtime.Versioning; class C {{ [UnsupportedOSPlatform(\"windows\")] void M(Socket s) {{ {Shutdown} }} }}",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task ShutdownReceive_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task Message_SaysWhereItResets() =>
        (Rule with { Severity = DiagnosticSeverity.Info, Messages = ["'s.Shutdown(SocketShutdown.Receive)': on Windows, data that waits to be received or still arrives now resets the connection, and the peer loses what is on its way to it; on Linux the close does so while that data is unread"] })
            .FlagsAsync($"class C {{ void M(Socket s) {{ {Marked} }} }}");

    [Fact]
    public Task TestProjectsOff_AreSilent() =>
        (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" }).IsSilentAsync($"class C {{ void M(Socket s) {{ {Shutdown} }} }}");

    [Fact]
    public Task UsersSeverity_WinsInTestProjects() =>
        (Rule with { IsTestProject = true, EditorConfig = "dotnet_diagnostic.RST2011.severity = error", Severity = DiagnosticSeverity.Error })
            .FlagsAsync($"class C {{ void M(Socket s) {{ {Marked} }} }}");

    [Fact]
    public Task Cuts_AreSurvived() => Rule.SurvivesCutsAsync(
        "class C { async Task M(Socket s) { if (!OperatingSystem.IsWindows()) return; await Task.Yield(); s?.Shutdown(SocketShutdown.Receive); try { s!.Shutdown(how: 0); } catch (SocketException) { } } }");
}
