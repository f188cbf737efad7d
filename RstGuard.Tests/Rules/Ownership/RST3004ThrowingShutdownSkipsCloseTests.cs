using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST3004ThrowingShutdownSkipsCloseTests
{
    private static readonly Verify Rule = Verify.Rule("RST3004");

    private static string Method(string body) => $"class C {{ void M(Socket s, TcpClient client, Socket other, bool flag, Action<Exception> log) {{ {body} }} }}";

    public static TheoryData<string> Flagged =>
    [
        // The close stands in the same try.
        "try { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Close()|}; } catch (Exception e) { log(e); }",
        "try { [|s.Shutdown(SocketShutdown.Send)|]; {|#0:s.Dispose()|}; } catch (SocketException) { }",
        "try { [|s.Shutdown(how: (SocketShutdown)2)|]; {|#0:s.Close(5)|}; } catch { }",
        "try { s?[|.Shutdown(SocketShutdown.Both)|]; s?{|#0:.Dispose()|}; } catch (Exception) { }",
        "try { if (s != null) { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Close()|}; s = null!; } } catch (Exception) { }",
        "try { [|client.Client.Shutdown(SocketShutdown.Both)|]; {|#0:client.Close()|}; } catch (SocketException e) when (flag) { log(e); }",
        "var n = new NetworkStream(s, true); try { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:n.Close()|}; } catch (SocketException) { }",
        "try { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:((IDisposable)s).Dispose()|}; } catch (System.Runtime.InteropServices.ExternalException) { }",
        "try { try { [|s.Shutdown(SocketShutdown.Both)|]; } finally { log(null!); } {|#0:s.Close()|}; } catch (SocketException) { }",
        "try { try { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Close()|}; } catch (IOException) { } } catch (SocketException) { }",
        "try { if (flag) { s.Close(); return; } [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Close()|}; } catch (Exception) { }",
        // Of two, the first one's failure leaves both open.
        "try { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Close()|}; other.Close(); } catch (Exception) { }",
        "try { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:other.Close()|}; } catch (Exception) { } s.Close();",
        "try { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Close()|}; [|other.Shutdown(SocketShutdown.Both)|]; {|#1:other.Close()|}; } catch (Exception) { }",
        // In a handler or a finally, with nothing around it.
        "try { s.Send(new byte[1]); } catch (Exception) { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Dispose()|}; throw; }",
        "try { s.Send(new byte[1]); } finally { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Close()|}; }",
        "try { s.Send(new byte[1]); } finally { if (flag) { [|s.Shutdown(SocketShutdown.Both)|]; } {|#0:s.Close()|}; }",
        "Action a = () => { try { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Close()|}; } catch (Exception) { } }; a();",
        "void End() { try { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Close()|}; } catch (Exception) { } } End();",
    ];

    public static TheoryData<string> FlaggedMembers =>
    [
        "class C { Socket? _s; public void Close() { if (_s != null) { try { [|_s.Shutdown(SocketShutdown.Both)|]; {|#0:_s.Close()|}; } catch (Exception) { } } } }",
        "partial class C { readonly Socket _s; C(Socket s) => _s = s; } partial class C { public void Close() { try { [|_s.Shutdown(SocketShutdown.Both)|]; {|#0:_s.Close()|}; } catch (Exception) { } } }",
        "class C { Socket S { get; } = null!; public void Close() { try { [|this.S.Shutdown(SocketShutdown.Both)|]; {|#0:this.S.Dispose()|}; } catch (Exception) { } } }",
        // The other close is skipped in the same way.
        "class C { Socket _s = null!; public void Close() { try { [|_s.Shutdown(SocketShutdown.Both)|]; {|#0:_s.Close()|}; } catch (Exception) { } } void End() { try { _s.Send(new byte[1]); } catch { [|_s.Shutdown(SocketShutdown.Both)|]; {|#1:_s.Dispose()|}; } } }",
        "class C { static Socket M(EndPoint e) { var s = new Socket(SocketType.Stream, ProtocolType.Tcp); try { s.Connect(e); return s; } catch (Exception) { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Dispose()|}; throw; } } }",
        "class C { async Task M(Socket s, byte[] b) { try { await s.SendAsync(b, SocketFlags.None).ConfigureAwait(false); } catch (Exception) { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Dispose()|}; throw; } } }",
        "class C { async IAsyncEnumerable<int> M(Socket s) { try { yield return 1; await Task.Yield(); } finally { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Dispose()|}; } } }",
    ];

    public static TheoryData<string> LookAlikes =>
    [
        // What Shutdown throws is caught by itself, or the close comes in any case.
        "try { s.Shutdown(SocketShutdown.Both); } catch (SocketException) { } s.Close();",
        "try { s.Shutdown(SocketShutdown.Both); } finally { s.Close(); }",
        "try { s.Shutdown(SocketShutdown.Both); } catch (Exception e) { log(e); } finally { s.Close(); }",
        "try { s.Shutdown(SocketShutdown.Both); s.Close(); } catch (Exception) { s.Dispose(); }",
        "try { s.Shutdown(SocketShutdown.Both); s.Close(); } catch (Exception e) { log(e); } s.Dispose();",
        "try { s.Shutdown(SocketShutdown.Both); s.Close(); } catch (Exception) { } finally { s.Dispose(); }",
        "try { try { s.Shutdown(SocketShutdown.Both); s.Close(); } catch (SocketException) { throw; } } finally { s.Dispose(); }",
        "using (s) { try { s.Shutdown(SocketShutdown.Both); s.Close(); } catch (Exception) { } }",
        "using var t = new TcpClient(); try { t.Client.Shutdown(SocketShutdown.Both); t.Close(); } catch (Exception) { }",
        "try { using var t = new TcpClient(); t.Client.Shutdown(SocketShutdown.Both); t.Close(); } catch (Exception) { }",
        "try { using (Socket t = client.Client) { s.Shutdown(SocketShutdown.Send); t.Shutdown(SocketShutdown.Send); t.Dispose(); } } catch (Exception) { }",
        "try { s.Send(new byte[1]); } catch (Exception) { try { s.Shutdown(SocketShutdown.Both); } catch (Exception) { } s.Dispose(); throw; }",
        "try { s.Send(new byte[1]); } finally { try { s.Shutdown(SocketShutdown.Both); } finally { s.Close(); } }",
        "try { s.Close(); } catch (Exception) { } finally { s.Shutdown(SocketShutdown.Both); }",
        // The caller gets the exception, and the connection with it.
        "s.Shutdown(SocketShutdown.Both); s.Close();",
        "if (flag) { s.Shutdown(SocketShutdown.Both); } s.Close();",
        "try { s.Shutdown(SocketShutdown.Both); s.Close(); } catch (IOException) { }",
        "try { s.Shutdown(SocketShutdown.Both); s.Close(); } catch (ObjectDisposedException) { }",
        "Action a = () => { s.Shutdown(SocketShutdown.Both); s.Close(); }; try { a(); } catch (Exception) { }",
        // It asks first.
        "try { if (s.Connected) { s.Shutdown(SocketShutdown.Both); s.Close(); } } catch (Exception) { }",
        "if (!client.Connected) { return; } try { client.Client.Shutdown(SocketShutdown.Both); client.Close(); } catch (Exception) { }",
        // Another branch, another order, no close.
        "try { if (flag) { s.Shutdown(SocketShutdown.Both); } else { s.Close(); } } catch (Exception) { }",
        "try { s.Close(); s.Shutdown(SocketShutdown.Both); } catch (Exception) { }",
        "try { s.Shutdown(SocketShutdown.Both); } catch (Exception) { }",
        "try { s.Shutdown(SocketShutdown.Both); client.Dispose(); } catch (Exception) { client.Dispose(); } s.Close();",
        // Somebody else may close it.
        "try { s.Shutdown(SocketShutdown.Both); s.Close(); } catch (Exception) { } Console.WriteLine(s);",
        // No connection.
        "var u = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp); try { u.Shutdown(SocketShutdown.Both); u.Close(); } catch (Exception) { }",
        "var l = new Socket(SocketType.Stream, ProtocolType.Tcp); l.Listen(100); try { l.Shutdown(SocketShutdown.Both); l.Close(); } catch (Exception) { }",
    ];

    public static TheoryData<string> MemberLookAlikes =>
    [
        "class C : IDisposable { Socket _s = null!; public void Stop() { try { _s.Shutdown(SocketShutdown.Both); _s.Close(); } catch (Exception) { } } public void Dispose() => _s.Dispose(); }",
        "class C { Socket _s; C(Socket s) { _s = s; try { s.Shutdown(SocketShutdown.Both); s.Close(); } catch (Exception) { } } }",
        "class Line { public void Shutdown(SocketShutdown how) { } public void Close() { } } class C { void M(Line s) { try { s.Shutdown(SocketShutdown.Both); s.Close(); } catch (Exception) { } } }",
        "class Socket { public void Shutdown(SocketShutdown how) { } public void Close() { } } class C { void M(Socket s) { try { s.Shutdown(SocketShutdown.Both); s.Close(); } catch (Exception) { } } }",
    ];

    [Theory, MemberData(nameof(Flagged))]
    public Task SkippedClose_IsFlagged(string body) => Rule.FlagsAsync(Method(body));

    [Theory, MemberData(nameof(FlaggedMembers))]
    public Task SkippedCloseInAMember_IsFlagged(string source) => Rule.FlagsAsync(source);

    [Theory, MemberData(nameof(LookAlikes))]
    public Task LookAlike_IsSilent(string body) => Rule.IsSilentAsync(Method(body));

    [Theory, MemberData(nameof(MemberLookAlikes))]
    public Task LookAlikeMember_IsSilent(string source) => Rule.IsSilentAsync(source);

    [Fact]
    public Task TopLevelStatements_AreFlagged() => Rule.FlagsAsync("var s = new Socket(SocketType.Stream, ProtocolType.Tcp); try { s.Connect(\"a\", 1); } finally { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Close()|}; }");

    [Fact]
    public Task Message_SaysWhatIsSkippedAndWhoLoses() =>
        (Rule with { Severity = DiagnosticSeverity.Warning, Messages = ["'s.Shutdown(SocketShutdown.Both)' throws where the socket is not connected, and 's.Close()' is skipped then: the connection stays open until a finalizer resets it, and its peer loses what was not sent yet"] })
            .FlagsAsync(Method("try { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Close()|}; } catch (Exception) { }"));

    [Theory]
    [InlineData("", DiagnosticSeverity.Info)]
    [InlineData("rstguard.test_projects = on", DiagnosticSeverity.Warning)]
    [InlineData("dotnet_diagnostic.RST3004.severity = error", DiagnosticSeverity.Error)]
    public Task TestProject_GetsInfoUnlessToldOtherwise(string config, DiagnosticSeverity severity) =>
        (Rule with { IsTestProject = true, EditorConfig = config, Severity = severity }).FlagsAsync(Method("try { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Close()|}; } catch (Exception) { }"));

    [Fact]
    public Task TestProjectsOff_AreSilent() =>
        (Rule with { IsTestProject = true, EditorConfig = "rstguard.test_projects = off" }).IsSilentAsync(Method("try { s.Shutdown(SocketShutdown.Both); s.Close(); } catch (Exception) { }"));
}
