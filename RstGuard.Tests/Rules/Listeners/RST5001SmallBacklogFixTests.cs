using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST5001SmallBacklogFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST5001");

    private static string Method(string body) => $$"""
        class C
        {
            void M(TcpListener l, Socket s)
            {
                {{body}}
                while (true) { using Socket a = l.AcceptSocket(), b = s.Accept(); }
            }
        }
        """;

    [Theory]
    [InlineData("[|l.Start(5)|]; // small", "l.Start(); // small")]
    [InlineData("[|s.Listen(backlog: 0)|];", "s.Listen();")]
    [InlineData("s?[|.Listen(5)|];", "s?.Listen();")]
    [InlineData("[|s.Listen(/* few */ 5)|];", "s.Listen(/* few */ );")]
    [InlineData("const int Backlog = 5; [|s.Listen(Backlog)|];", "const int Backlog = 512; s.Listen(Backlog);")]
    [InlineData("int backlog = 5; [|s.Listen(backlog)|];", "int backlog = 512; s.Listen(backlog);")]
    [InlineData("const int Most = 5; Console.WriteLine(Most); [|s.Listen(Most)|];", "const int Most = 5; Console.WriteLine(Most); s.Listen();")]
    public Task Backlog_IsLeftToTheSystemOrRaised(string before, string after) => Rule.FixesAsync(Method(before), Method(after));

    [Fact]
    public Task AllOfAFile_AreFixed() => Rule.FixesAsync(Method("[|l.Start(5)|];\n        [|s.Listen(1)|];"), Method("l.Start();\n        s.Listen();"));

    [Fact]
    public Task PrivateConstant_IsRaised() => Rule.FixesAsync(
        "class C { private const int Backlog = 5; void M(Socket s) { [|s.Listen(Backlog)|]; while (true) { s.Accept().Dispose(); } } }",
        "class C { private const int Backlog = 512; void M(Socket s) { s.Listen(Backlog); while (true) { s.Accept().Dispose(); } } }");

    [Fact]
    public Task DefaultOfAParameter_IsRaised() => Rule.FixesAsync(
        "class C { public void M(Socket s, int backlog = 5) { [|s.Listen(backlog)|]; while (true) { s.Accept().Dispose(); } } }",
        "class C { public void M(Socket s, int backlog = 512) { s.Listen(backlog); while (true) { s.Accept().Dispose(); } } }");

    /// <summary>Before .NET 5 a socket has no <c>Listen()</c>.</summary>
    [Fact]
    public Task OlderDotNet_GetsWhatTheNewerOneCalls() => (Rule with
    {
        References = ReferenceSet.WithoutSockets,
        ExtraSources =
        [
            ("OldSockets.cs", "namespace System.Net.Sockets { public class Socket : IDisposable { public Socket Accept() => this; public void Listen(int backlog) { } public void Dispose() { } } public class LingerOption { } public enum SocketOptionName { MaxConnections = int.MaxValue } }"),
        ],
    }).FixesAsync(
        "class C { void M(Socket s) { [|s.Listen(5)|]; while (true) { s.Accept().Dispose(); } } }",
        "class C { void M(Socket s) { s.Listen((int)SocketOptionName.MaxConnections); while (true) { s.Accept().Dispose(); } } }");

    [Fact]
    public Task LargerLeast_IsWritten() => (Rule with { EditorConfig = "rstguard.min_backlog = 1000" }).FixesAsync(
        Method("const int Backlog = 600; [|s.Listen(Backlog)|];"),
        Method("const int Backlog = 1000; s.Listen(Backlog);"));

    [Fact]
    public Task NumberWithAnotherUse_IsNotTouched() => Rule.OffersNoFixAsync("class C { const int Half = 2, Backlog = Half * 2; void M(Socket s) { [|s.Listen(Backlog)|]; while (true) { s.Accept().Dispose(); } } }");

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Rule.SurvivesCutsAsync(
        "class C { const int B = 5; void M(Socket s, TcpListener l) { s.Listen(B); l.Start(1); while (true) { s.Accept().Dispose(); l.AcceptSocket().Dispose(); } } }");
}
