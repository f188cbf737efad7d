using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST3002NonOwningStreamFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST3002") with { Usings = "using System.Net.Security; " + Verify.DefaultUsings };

    private static string Method(string body) => $"class C {{ void M(Socket listener, byte[] b) {{ {body} n.Write(b, 0, 1); }} }}";

    [Theory]
    [InlineData("var s = {|#0:listener.Accept()|}; using var n = [|new NetworkStream(s)|];", "var s = listener.Accept(); using var n = new NetworkStream(s, ownsSocket: true);")]
    [InlineData("var s = {|#0:listener.Accept()|}; using NetworkStream n = [|new(s)|];", "var s = listener.Accept(); using NetworkStream n = new(s, ownsSocket: true);")]
    [InlineData("var s = {|#0:listener.Accept()|}; using var n = [|new NetworkStream(s, false)|];", "var s = listener.Accept(); using var n = new NetworkStream(s, true);")]
    [InlineData("var s = {|#0:listener.Accept()|}; using var n = [|new NetworkStream(ownsSocket: false, socket: s)|];", "var s = listener.Accept(); using var n = new NetworkStream(ownsSocket: true, socket: s);")]
    [InlineData("using var n = [|new NetworkStream(listener.Accept(), FileAccess.Write /* all we need */)|];", "using var n = new NetworkStream(listener.Accept(), FileAccess.Write, ownsSocket: true /* all we need */);")]
    [InlineData("using var n = new BufferedStream([|new NetworkStream(listener.Accept())|]);", "using var n = new BufferedStream(new NetworkStream(listener.Accept(), ownsSocket: true));")]
    public Task Stream_OwnsItsSocket(string before, string after) => Rule.FixesAsync(Method(before), Method(after));

    [Theory]
    [InlineData("new SslStream([|new NetworkStream(s)|], true)", "new SslStream(new NetworkStream(s, ownsSocket: true), false)")]
    [InlineData("[|new SslStream(new NetworkStream(s, true), leaveInnerStreamOpen: true)|]", "new SslStream(new NetworkStream(s, true), leaveInnerStreamOpen: false)")]
    public Task TlsStream_ClosesWhatIsUnderIt(string before, string after) => Rule.FixesAsync(
        $"class C {{ SslStream M(Socket listener) {{ var s = {{|#0:listener.Accept()|}}; return {before}; }} }}",
        $"class C {{ SslStream M(Socket listener) {{ var s = listener.Accept(); return {after}; }} }}");

    [Fact]
    public Task Two_AreBothFixed() => Rule.FixesAsync(
        """
        class C
        {
            void M(Socket listener, byte[] b)
            {
                Socket first = {|#0:listener.Accept()|}; // the one that speaks
                using NetworkStream from = [|new(first)|];
                using NetworkStream to = [|new NetworkStream(listener.Accept(), false)|];
                from.CopyTo(to);
            }
        }
        """,
        """
        class C
        {
            void M(Socket listener, byte[] b)
            {
                Socket first = listener.Accept(); // the one that speaks
                using NetworkStream from = new(first, ownsSocket: true);
                using NetworkStream to = new NetworkStream(listener.Accept(), true);
                from.CopyTo(to);
            }
        }
        """);

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Rule.SurvivesCutsAsync(
        "class C { void M(Socket l, byte[] b) { var s = l.Accept(); using (NetworkStream n = new(s, false)) { n.Write(b, 0, 1); } using var t = new SslStream(new NetworkStream(l.Accept()), true); t.Write(b); } }");
}
