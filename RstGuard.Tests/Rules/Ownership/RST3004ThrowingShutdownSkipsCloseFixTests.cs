using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST3004ThrowingShutdownSkipsCloseFixTests
{
    private static readonly Verify Rule = Verify.Rule("RST3004");

    private static string Method(string body) => $"class C {{ void M(Socket s, Socket other, TcpClient client, bool flag, Action<Exception> log) {{ {body} }} }}";

    [Theory]
    [InlineData(
        "try { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Close()|}; } catch (Exception e) { log(e); }",
        "try { s.Shutdown(SocketShutdown.Both); } catch (Exception e) { log(e); } finally { s.Close(); }")]
    [InlineData(
        "try { s?[|.Shutdown(SocketShutdown.Both)|]; s?{|#0:.Dispose()|}; } catch (SocketException) { } finally { log(null!); }",
        "try { s?.Shutdown(SocketShutdown.Both); } catch (SocketException) { } finally { s?.Dispose(); log(null!); }")]
    [InlineData(
        "try { [|client.Client.Shutdown(SocketShutdown.Send)|]; {|#0:client.Close()|}; } catch { }",
        "try { client.Client.Shutdown(SocketShutdown.Send); } catch { } finally { client.Close(); }")]
    public Task LastClose_MovesToFinally(string before, string after) => Rule.FixesAsync(Method(before), Method(after));

    /// <summary>Where more follows, where the close's local is not known in a finally, and in handlers, whose exception would be hidden.</summary>
    [Theory]
    [InlineData(
        "try { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Close()|}; other.Close(); } catch (Exception) { }",
        "try { try { s.Shutdown(SocketShutdown.Both); } catch (SocketException) { } catch (ObjectDisposedException) { } s.Close(); other.Close(); } catch (Exception) { }")]
    [InlineData(
        "try { var t = client.Client; [|t.Shutdown(SocketShutdown.Both)|]; {|#0:t.Close()|}; } catch (Exception) { }",
        "try { var t = client.Client; try { t.Shutdown(SocketShutdown.Both); } catch (SocketException) { } catch (ObjectDisposedException) { } t.Close(); } catch (Exception) { }")]
    [InlineData(
        "try { if (flag) [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Close()|}; } catch (Exception) { }",
        "try { if (flag) try { s.Shutdown(SocketShutdown.Both); } catch (SocketException) { } catch (ObjectDisposedException) { } s.Close(); } catch (Exception) { }")]
    [InlineData(
        "try { s.Send(new byte[1]); } catch (Exception) { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Dispose()|}; throw; }",
        "try { s.Send(new byte[1]); } catch (Exception) { try { s.Shutdown(SocketShutdown.Both); } catch (SocketException) { } catch (ObjectDisposedException) { } s.Dispose(); throw; }")]
    [InlineData(
        "try { s.Send(new byte[1]); } finally { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Dispose()|}; }",
        "try { s.Send(new byte[1]); } finally { try { s.Shutdown(SocketShutdown.Both); } catch (SocketException) { } catch (ObjectDisposedException) { } s.Dispose(); }")]
    [InlineData(
        "try { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Close()|}; /* done */ } catch (Exception) { }",
        "try { try { s.Shutdown(SocketShutdown.Both); } catch (SocketException) { } catch (ObjectDisposedException) { } s.Close(); /* done */ } catch (Exception) { }")]
    public Task Elsewhere_TheShutdownIsGuarded(string before, string after) => Rule.FixesAsync(Method(before), Method(after));

    [Fact]
    public Task Lines_KeepTheirIndentation() => Rule.FixesAsync(
        """
        class C
        {
            Socket _local = null!, _remote = null!;

            void Close()
            {
                if (_local != null)
                {
                    try
                    {
                        // Both directions.
                        [|_local.Shutdown(SocketShutdown.Both)|];
                        {|#0:_local.Close()|};
                    }
                    catch (Exception e)
                    {
                        Console.WriteLine(e);
                    }
                }

                try
                {
                    _remote.Send(new byte[1]);
                }
                catch (SocketException)
                {
                    [|_remote.Shutdown(SocketShutdown.Both)|]; // the peer is told
                    {|#1:_remote.Dispose()|};
                }
            }
        }
        """,
        """
        class C
        {
            Socket _local = null!, _remote = null!;

            void Close()
            {
                if (_local != null)
                {
                    try
                    {
                        // Both directions.
                        _local.Shutdown(SocketShutdown.Both);
                    }
                    catch (Exception e)
                    {
                        Console.WriteLine(e);
                    }
                    finally
                    {
                        _local.Close();
                    }
                }

                try
                {
                    _remote.Send(new byte[1]);
                }
                catch (SocketException)
                {
                    try { _remote.Shutdown(SocketShutdown.Both); }
                    catch (SocketException) { }
                    catch (ObjectDisposedException) { } // the peer is told
                    _remote.Dispose();
                }
            }
        }
        """);

    [Fact]
    public Task TwoInOneTry_AreBothFixed() => Rule.FixesAsync(
        Method("try { [|s.Shutdown(SocketShutdown.Both)|]; {|#0:s.Close()|}; [|other.Shutdown(SocketShutdown.Both)|]; {|#1:other.Close()|}; } catch (Exception) { }"),
        Method("try { try { s.Shutdown(SocketShutdown.Both); } catch (SocketException) { } catch (ObjectDisposedException) { } s.Close(); other.Shutdown(SocketShutdown.Both); } catch (Exception) { } finally { other.Close(); }"));

    [Fact]
    public Task WithoutUsings_NamesAreWrittenInFull() => (Rule with { Usings = "" }).FixesAsync(
        "class C { void M(System.Net.Sockets.Socket s) { try { s.Send(new byte[1]); } catch { [|s.Shutdown(System.Net.Sockets.SocketShutdown.Both)|]; {|#0:s.Dispose()|}; } } }",
        "class C { void M(System.Net.Sockets.Socket s) { try { s.Send(new byte[1]); } catch { try { s.Shutdown(System.Net.Sockets.SocketShutdown.Both); } catch (System.Net.Sockets.SocketException) { } catch (System.ObjectDisposedException) { } s.Dispose(); } } }");

    [Fact]
    public Task HalfTypedCode_IsSurvived() => Rule.SurvivesCutsAsync(
        "class C { Socket? _s; void M(Socket s, TcpClient c) { try { s.Shutdown(SocketShutdown.Both); s.Close(); } catch (Exception e) { Console.WriteLine(e); } try { c.Connect(\"a\", 1); } catch { c.Client?.Shutdown(SocketShutdown.Both); c.Close(); throw; } finally { _s?.Shutdown(SocketShutdown.Send); _s?.Dispose(); } } }");
}
