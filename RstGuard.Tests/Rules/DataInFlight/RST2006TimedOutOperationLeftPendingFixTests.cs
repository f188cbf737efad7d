using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST2006TimedOutOperationLeftPendingFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST2006");

    private static string Method(string body) => $$"""
        class C
        {
            async Task M(Socket s, NetworkStream n, TcpListener l, byte[] b, TimeSpan limit, CancellationToken t)
            {
                {{body.ReplaceLineEndings("\n        ")}}
            }
        }
        """;

    private static Task Fixes(string before, string after) => Rule.FixesAsync(Method(before), Method(after));

    [Fact]
    public Task WaitAsync_BecomesATokenThatIsCancelledAfterTheTime() => Fixes(
        "int count = await [|s.ReceiveAsync(b, SocketFlags.None).WaitAsync(limit)|]; // the answer",
        "using CancellationTokenSource timeout = new CancellationTokenSource(limit);\nint count = await s.ReceiveAsync(b, SocketFlags.None, timeout.Token); // the answer");

    [Fact]
    public Task WaitAsyncWithAToken_IsLinked() => Fixes(
        "await [|n.ReadAsync(b, 0, 9).WaitAsync(TimeSpan.FromSeconds(3), t)|].ConfigureAwait(false);",
        "using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(t);\ntimeout.CancelAfter(TimeSpan.FromSeconds(3));\nawait n.ReadAsync(b, 0, 9, timeout.Token).ConfigureAwait(false);");

    [Fact]
    public Task WaitAsyncWithATokenAlone_GivesIt() => Fixes(
        "using TcpClient c = await [|l.AcceptTcpClientAsync().WaitAsync(t)|];",
        "using TcpClient c = await l.AcceptTcpClientAsync(t);");

    [Fact]
    public Task AsTask_GoesWithTheWait() => Fixes(
        "await [|s.SendAsync(b.AsMemory(), SocketFlags.None).AsTask().WaitAsync(limit)|];",
        "using CancellationTokenSource timeout = new CancellationTokenSource(limit);\nawait s.SendAsync(b.AsMemory(), SocketFlags.None, timeout.Token);");

    [Fact]
    public Task StoredTask_StaysATask() => Fixes(
        "Task<int> read = [|s.ReceiveAsync(b, SocketFlags.None).WaitAsync(limit)|];\nConsole.WriteLine(await read);",
        "using CancellationTokenSource timeout = new CancellationTokenSource(limit);\nTask<int> read = s.ReceiveAsync(b, SocketFlags.None, timeout.Token).AsTask();\nConsole.WriteLine(await read);");

    [Fact]
    public Task NameThatIsTaken_IsNotUsed() => Fixes(
        "int timeout = 3;\nawait [|s.ReceiveAsync(b, SocketFlags.None).WaitAsync(TimeSpan.FromSeconds(timeout))|];",
        "int timeout = 3;\nusing CancellationTokenSource timeout2 = new CancellationTokenSource(TimeSpan.FromSeconds(timeout));\nawait s.ReceiveAsync(b, SocketFlags.None, timeout2.Token);");

    [Fact]
    public Task CatchOfTimeoutException_CatchesTheCancellation() => Fixes(
        "try\n{\n    await [|n.ReadAsync(b, 0, 9).WaitAsync(limit)|];\n}\ncatch (TimeoutException)\n{\n    Console.WriteLine();\n}",
        "try\n{\n    using CancellationTokenSource timeout = new CancellationTokenSource(limit);\n    await n.ReadAsync(b, 0, 9, timeout.Token);\n}\ncatch (OperationCanceledException)\n{\n    Console.WriteLine();\n}");

    [Fact]
    public Task WhenAnyThatLeaves_AsksTheTask() => Fixes(
        "Task<int> read = s.ReceiveAsync(b, SocketFlags.None);\nif (await [|Task.WhenAny(read, Task.Delay(limit))|] != read)\n{\n    throw new TimeoutException();\n}\n\nConsole.WriteLine(await read);",
        "using CancellationTokenSource timeout = new CancellationTokenSource(limit);\nTask<int> read = s.ReceiveAsync(b, SocketFlags.None, timeout.Token).AsTask();\nif ((await Task.WhenAny(read)).IsCanceled)\n{\n    throw new TimeoutException();\n}\n\nConsole.WriteLine(await read);");

    [Fact]
    public Task WhenAnyThatGoesOn_AsksTheTask() => Fixes(
        "var read = n.ReadAsync(b, 0, 9);\nif (await [|Task.WhenAny(Task.Delay(1000, t), read)|].ConfigureAwait(false) == read)\n{\n    Console.WriteLine(await read);\n}",
        "using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(t);\ntimeout.CancelAfter(1000);\nvar read = n.ReadAsync(b, 0, 9, timeout.Token);\nif (!(await Task.WhenAny(read).ConfigureAwait(false)).IsCanceled)\n{\n    Console.WriteLine(await read);\n}");

    [Fact]
    public Task WhenAnyOfTheCall_WaitsForItAlone() => Fixes(
        "await [|Task.WhenAny(s.ReceiveAsync(b, SocketFlags.None), Task.Delay(limit))|];",
        "using CancellationTokenSource timeout = new CancellationTokenSource(limit);\nawait Task.WhenAny(s.ReceiveAsync(b, SocketFlags.None, timeout.Token).AsTask());");

    [Theory]
    [InlineData("if (![|n.ReadAsync(b, 0, 9).Wait(1000)|]) { throw new TimeoutException(); }")]
    [InlineData("while (await [|s.ReceiveAsync(b, SocketFlags.None).WaitAsync(limit)|] > 0) { }")]
    [InlineData("await [|s.ReceiveAsync(new List<ArraySegment<byte>>(), SocketFlags.None).WaitAsync(limit)|];")]
    [InlineData("await [|s.ReceiveAsync(b, SocketFlags.None).WaitAsync(limit, TimeProvider.System)|];")]
    [InlineData("await [|s.ReceiveAsync(b, SocketFlags.None).WaitAsync(Next())|]; TimeSpan Next() => limit;")]
    [InlineData("try { await [|n.ReadAsync(b, 0, 9).WaitAsync(limit)|]; } catch (Exception e) when (e is TimeoutException) { }")]
    [InlineData("try { await [|n.ReadAsync(b, 0, 9).WaitAsync(limit, t)|]; } catch (TimeoutException) { }")]
    public Task NothingIsOffered(string body) => Rule.OffersNoFixAsync(Method(body));

    [Fact]
    public Task ExpressionBody_GetsNoFix() => Rule.OffersNoFixAsync(
        "class C { async Task<int> M(Socket s, byte[] b) => await [|s.ReceiveAsync(b, SocketFlags.None).WaitAsync(TimeSpan.FromSeconds(1))|]; }");

    [Fact]
    public Task HalfTypedCode_BreaksNothing() => Rule.SurvivesCutsAsync(Method(
        "var read = n.ReadAsync(b, 0, 9); if (await Task.WhenAny(read, Task.Delay(1000, t)) != read) { return; } await s.ReceiveAsync(b, SocketFlags.None).WaitAsync(limit);"));
}
