using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST2005CancellingByDisposingFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST2005");

    private static string Method(string body) => $$"""
        class C
        {
            async Task M(Socket s, byte[] b, CancellationToken t)
            {
                {{body.ReplaceLineEndings("\n        ")}}
            }
        }
        """.Replace("        \n", "\n", StringComparison.Ordinal);

    private static Task Fixes(string before, string after) => Rule.FixesAsync(Method(before), Method(after));

    [Fact]
    public Task UsingDeclaration_GoesAndTheTokenIsGiven() => Fixes(
        "using var r = [|t.Register(() => s.Dispose())|];\nawait s.ReceiveAsync(b, SocketFlags.None); // the answer",
        "await s.ReceiveAsync(b, SocketFlags.None, t); // the answer");

    [Fact]
    public Task Statement_GoesAndTheTokenIsGiven() => Fixes(
        "[|t.Register(s.Close)|];\nint n = await s.ReceiveAsync(b).ConfigureAwait(false);",
        "int n = await s.ReceiveAsync(b, t).ConfigureAwait(false);");

    [Fact]
    public Task UsingBlock_IsUnwrapped() => Fixes(
        "using ([|t.Register(static o => ((Socket)o).Dispose(), s)|])\n{\n    // the answer\n    int n = await s.ReceiveAsync(b, SocketFlags.None);\n\n    Console.WriteLine(n);\n}",
        "// the answer\nint n = await s.ReceiveAsync(b, SocketFlags.None, t);\n\nConsole.WriteLine(n);");

    [Fact]
    public Task UsingOfOneStatement_IsUnwrapped() => Fixes(
        "using ([|t.Register(() => s.Close())|]) await s.ReceiveAsync(b, SocketFlags.None);",
        "await s.ReceiveAsync(b, SocketFlags.None, t);");

    [Fact]
    public Task UsingBlockOnOneLine_IsUnwrapped() => Fixes(
        "using ([|t.Register(() => s.Close())|]) { await s.ReceiveAsync(b, SocketFlags.None); }",
        "await s.ReceiveAsync(b, SocketFlags.None, t);");

    [Fact]
    public Task EveryOperation_GetsTheToken() => Fixes(
        "using var r = [|t.Register(() => s.Dispose())|];\nawait s.SendAsync(b, SocketFlags.None, default);\nTask<int> read = s.ReceiveAsync(b, SocketFlags.None);\nawait read;",
        "await s.SendAsync(b, SocketFlags.None, t);\nTask<int> read = s.ReceiveAsync(b, SocketFlags.None, t).AsTask();\nawait read;");

    [Fact]
    public Task NamedArguments_StayNamed() => Fixes(
        "using var r = [|t.Register(() => s.Dispose())|];\nawait s.ReceiveAsync(socketFlags: SocketFlags.None, buffer: new Memory<byte>(b));",
        "await s.ReceiveAsync(socketFlags: SocketFlags.None, buffer: new Memory<byte>(b), cancellationToken: t);");

    [Theory]
    // Nothing else would close it.
    [InlineData("var x = new Socket(SocketType.Stream, ProtocolType.Tcp);\nawait x.ConnectAsync(\"a\", 1);\nusing var r = [|t.Register(() => x.Dispose())|];\nawait x.ReceiveAsync(b, SocketFlags.None);")]
    // A blocking call takes no token.
    [InlineData("using var r = [|t.Register(() => s.Dispose())|];\ns.Receive(b);\nawait s.ReceiveAsync(b, SocketFlags.None);")]
    // No overload takes one.
    [InlineData("using var r = [|t.Register(() => s.Dispose())|];\nawait s.ReceiveAsync(new List<ArraySegment<byte>>(), SocketFlags.None);")]
    // The callback does more, or is no token's.
    [InlineData("using var r = [|t.Register(() => { Console.WriteLine(); s.Dispose(); })|];\nawait s.ReceiveAsync(b, SocketFlags.None);")]
    [InlineData("using var r = [|new Timer(_ => s.Dispose(), null, 1000, -1)|];\nawait s.ReceiveAsync(b, SocketFlags.None);")]
    // Other code uses the socket meanwhile.
    [InlineData("using var r = [|t.Register(() => s.Dispose())|];\nawait s.ReceiveAsync(b, SocketFlags.None);\nConsole.WriteLine(s);")]
    [InlineData("using var r = [|t.Register(() => s.Dispose())|];\nawait Task.Run(() => s.ReceiveAsync(b, SocketFlags.None));")]
    // The registration is used.
    [InlineData("using var r = [|t.Register(() => s.Dispose())|];\nawait s.ReceiveAsync(b, SocketFlags.None);\nConsole.WriteLine(r);")]
    public Task NothingIsOffered(string body) => Rule.OffersNoFixAsync(Method(body));

    [Fact]
    public Task FieldUsedByOthersToo_IsLeftAlone() => Rule.OffersNoFixAsync(
        "class C { private readonly Socket _s; C(Socket s, CancellationToken t) { _s = s; [|t.Register(() => _s.Close())|]; } async Task<int> Read(byte[] b) => await _s.ReceiveAsync(b, SocketFlags.None); void Stop() { _s.Close(); } }");

    [Fact]
    public Task HalfTypedCode_BreaksNothing() => Rule.SurvivesCutsAsync(
        "class C { async Task M(Socket s, byte[] b, CancellationToken t) { using (t.Register(() => s.Close())) { await s.ReceiveAsync(b, SocketFlags.None); } using var r = t.Register(s.Dispose); int n = await s.ReceiveAsync(b); } }");
}
