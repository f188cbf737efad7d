using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Sockets;

/// <summary>Sources that are scanned without their packages: what does not bind is no evidence.</summary>
public sealed class ReceivedCountTests
{
    private static readonly Verify Rule = Verify.Rule("RST2001") with { AllowCompileErrors = true };

    [Fact]
    public Task TextGivenToAnAssertionThatDoesNotBind_MayBeComparedWhole() => Rule.IsSilentAsync(Source("Assert.Contains(\"b\", text); Assert.Equal($\"a{text.Length}\", text);"));

    [Fact]
    public Task TextGivenToALoggerThatDoesNotBind_IsDecodedOnly() => Rule.FlagsAsync(Source("Log.Info(text);", "[|s.Close()|]"));

    private static string Source(string use, string close = "s.Close()") =>
        $$"""class C { void M(Socket l) { Socket s = l.Accept(); var b = new byte[1024]; int n = s.Receive(b); var text = Encoding.ASCII.GetString(b, 0, n); {{use}} {{close}}; } }""";
}
