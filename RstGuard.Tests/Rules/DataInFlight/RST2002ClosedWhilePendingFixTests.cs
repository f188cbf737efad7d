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
