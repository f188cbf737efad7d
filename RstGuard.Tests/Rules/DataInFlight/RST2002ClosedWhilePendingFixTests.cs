using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST2002ClosedWhilePendingFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST2002");

    private static string Type(string stop) => $$"""
        class C
        {
            private Socket _s;

            public C(Socket s)
            {
                _s = s;
                _ = LoopAsync();
            }

            private async Task LoopAsync()
            {
                var buffer = new byte[99];
                while (await _s.ReceiveAsync(buffer, SocketFlags.None) > 0) { }
            }

            {{stop.ReplaceLineEndings("\n    ")}}
        }
        """;

    [Fact]
    public Task Close_IsPrecededByAGuardedShutdown() => Rule.FixesAsync(
        Type("public void Stop()\n{\n    [|_s.Close()|]; // the end\n    _s = null;\n}"),
        Type("public void Stop()\n{\n    try { _s.Shutdown(SocketShutdown.Both); }\n    catch (SocketException) { }\n    catch (ObjectDisposedException) { }\n    _s.Close(); // the end\n    _s = null;\n}"));

    [Fact]
    public Task ConditionalAccess_StaysConditional() => Rule.FixesAsync(
        Type("public void Stop()\n{\n    _s?[|.Dispose()|];\n}"),
        Type("public void Stop()\n{\n    try { _s?.Shutdown(SocketShutdown.Both); }\n    catch (SocketException) { }\n    catch (ObjectDisposedException) { }\n    _s?.Dispose();\n}"));

    [Fact]
    public Task ExpressionBody_BecomesABlock() => Rule.FixesAsync(
        Type("public void Stop() => [|_s.Dispose()|];"),
        Type("public void Stop()\n{\n    try { _s.Shutdown(SocketShutdown.Both); }\n    catch (SocketException) { }\n    catch (ObjectDisposedException) { }\n    _s.Dispose();\n}"));

    [Fact]
    public Task StatementOfAnIf_GetsBraces() => Rule.FixesAsync(
        Type("public void Stop()\n{\n    if (_s != null)\n        [|_s.Close()|];\n}"),
        Type("public void Stop()\n{\n    if (_s != null)\n        { try { _s.Shutdown(SocketShutdown.Both); } catch (SocketException) { } catch (ObjectDisposedException) { } _s.Close(); }\n}"));

    [Fact]
    public Task SeveralCloses_AreRepairedAtOnce() => Rule.FixesAsync(
        Type("public void Stop()\n{\n    [|_s.Close()|];\n}\n\npublic void Dispose()\n{\n    [|_s.Dispose()|];\n}"),
        Type("public void Stop()\n{\n    try { _s.Shutdown(SocketShutdown.Both); }\n    catch (SocketException) { }\n    catch (ObjectDisposedException) { }\n    _s.Close();\n}\n\npublic void Dispose()\n{\n    try { _s.Shutdown(SocketShutdown.Both); }\n    catch (SocketException) { }\n    catch (ObjectDisposedException) { }\n    _s.Dispose();\n}"));

    private static string WithTask(string task, string stop) => Type(stop).Replace("_ = LoopAsync();", "_loop = LoopAsync();").Replace("private Socket _s;", "private Socket _s;\n    " + task);

    private static readonly Verify AwaitLoop = Rule with { FixKey = "RST2002AwaitLoop" };

    [Fact]
    public Task LoopWhoseTaskIsReachable_IsWaitedFor() => AwaitLoop.FixesAsync(
        WithTask("private Task? _loop;", "public async Task StopAsync()\n{\n    await Task.Yield();\n    [|_s.Close()|];\n}"),
        WithTask("private Task? _loop;", "public async Task StopAsync()\n{\n    await Task.Yield();\n    try { _s.Shutdown(SocketShutdown.Send); }\n    catch (SocketException) { }\n    catch (ObjectDisposedException) { }\n    await Task.WhenAny(_loop ?? Task.CompletedTask, Task.Delay(TimeSpan.FromSeconds(5)));\n    _s.Close();\n}"));

    [Fact]
    public Task LoopThatIsRunByTaskRun_IsWaitedFor_AsTheCodeAwaits() => AwaitLoop.FixesAsync(
        WithTask("private Task _loop;", "public async ValueTask DisposeAsync()\n{\n    await Task.Delay(1).ConfigureAwait(false);\n    [|_s?.Dispose()|];\n}").Replace("_loop = LoopAsync();", "_loop = Task.Run(async () => await LoopAsync().ConfigureAwait(false));").Replace("[|_s?.Dispose()|]", "_s?[|.Dispose()|]"),
        WithTask("private Task _loop;", "public async ValueTask DisposeAsync()\n{\n    await Task.Delay(1).ConfigureAwait(false);\n    try { _s?.Shutdown(SocketShutdown.Send); }\n    catch (SocketException) { }\n    catch (ObjectDisposedException) { }\n    await Task.WhenAny(_loop, Task.Delay(TimeSpan.FromSeconds(5))).ConfigureAwait(false);\n    _s?.Dispose();\n}").Replace("_loop = LoopAsync();", "_loop = Task.Run(async () => await LoopAsync().ConfigureAwait(false));"));

    [Theory]
    [InlineData("private Task _loop;", "public void Stop()\n{\n    [|_s.Close()|];\n}")]
    [InlineData("private object _loop;", "public async Task StopAsync()\n{\n    await Task.Yield();\n    [|_s.Close()|];\n}")]
    [InlineData("private Task _loop;", "public async Task StopAsync()\n{\n    await Task.Yield();\n    lock (this) { [|_s.Close()|]; }\n}")]
    public Task LoopThatCanNotBeAwaited_HasTheFirstFixOnly(string task, string stop) => AwaitLoop.OffersNoFixAsync(WithTask(task, stop));

    [Fact]
    public Task PendingSend_HasNoFix() => Rule.OffersNoFixAsync(
        "class C { Socket _s; public C(Socket s) { _s = s; } public void Send(byte[] b) { _ = _s.SendAsync(b, SocketFlags.None); } public void Stop() { [|_s.Close()|]; } }");

    [Fact]
    public Task CloseOfWhatIsTakenOut_HasNoFix() => Rule.OffersNoFixAsync(Type("public void Stop() { Interlocked.Exchange(ref _s, null)?[|.Close()|]; }"));

    [Fact]
    public Task CallOfAHelper_HasNoFix() => Rule.OffersNoFixAsync(Type("public void Stop() { [|SafeClose(_s)|]; }\nstatic void SafeClose(Socket s) { s.Close(); }"));

    [Fact]
    public Task EndOfAUsing_HasNoFix() => Rule.OffersNoFixAsync(
        "using var [|s|] = new Socket(SocketType.Stream, ProtocolType.Tcp); s.Connect(\"a\", 1); _ = s.ReceiveAsync(new byte[9], SocketFlags.None); Console.ReadLine();");
}
