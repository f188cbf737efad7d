using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using RstGuard.Sockets;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Sockets;

/// <summary>What the one place that knows the network API by its members makes of a statement.</summary>
public sealed class SocketOperationTests
{
    [Theory]
    // Every way to write one call: plain, awaited, configured, converted, conditional, by an extension.
    [InlineData("s.Connect(e);", "Connect")]
    [InlineData("(s).Connect(e);", "Connect")]
    [InlineData("s?.Connect(e);", "Connect")]
    [InlineData("s!.Connect(e);", "Connect")]
    [InlineData("((Socket)o).Connect(e);", "Connect")]
    [InlineData("(o as Socket)!.Connect(e);", "Connect")]
    [InlineData("await s.ConnectAsync(e);", "Connect async")]
    [InlineData("await s.ConnectAsync(e).ConfigureAwait(false);", "Connect async")]
    [InlineData("await s.ConnectAsync(e, token).AsTask().ConfigureAwait(false);", "Connect async")]
    [InlineData("s.ConnectAsync(e).Wait();", "Connect async")]
    [InlineData("SocketTaskExtensions.ConnectAsync(s, e);", "Connect async")]
    [InlineData("s.BeginConnect(e, null, null);", "Connect async")]
    [InlineData("s.ConnectAsync(args);", "Connect async")]
    [InlineData("c.Connect(\"a\", 1);", "Connect")]
    [InlineData("await c.ConnectAsync(\"a\", 1);", "Connect async")]
    [InlineData("c.Client.Connect(e);", "Connect")]
    // Receives, and how much they take.
    [InlineData("s.Receive(b);", "Receive")]
    [InlineData("_ = (long)s.Receive(b);", "Receive")]
    [InlineData("_ = s?.Receive(b) ?? 0;", "Receive")]
    [InlineData("s.Receive(b, SocketFlags.Peek);", "Peek")]
    [InlineData("s.Receive(b, 0, 1, SocketFlags.Peek | SocketFlags.OutOfBand);", "Peek")]
    [InlineData("s.Receive(socketFlags: SocketFlags.Peek, buffer: b);", "Peek")]
    [InlineData("s.Receive(b, 0, 1, flags);", "Receive")]
    [InlineData("await s.ReceiveAsync(b, SocketFlags.None).ConfigureAwait(false);", "Receive async")]
    [InlineData("n.Read(b);", "Receive")]
    [InlineData("await n.ReadAsync(b);", "Receive async")]
    [InlineData("((Stream)n).Read(b, 0, 1);", "Receive")]
    [InlineData("n.ReadExactly(b);", "ReceiveAll")]
    [InlineData("await n.CopyToAsync(Stream.Null);", "ReceiveAll async")]
    // Sends, shutdown, close.
    [InlineData("s.Send(b);", "Send")]
    [InlineData("await s.SendAsync(b, SocketFlags.None);", "Send async")]
    [InlineData("s.SendFile(\"f\");", "Send")]
    [InlineData("n.Write(b);", "Send")]
    [InlineData("await n.WriteAsync(b).ConfigureAwait(false);", "Send async")]
    [InlineData("s.Shutdown(SocketShutdown.Both);", "Shutdown")]
    [InlineData("s.Close();", "Close")]
    [InlineData("s?.Dispose();", "Close")]
    [InlineData("c.Close();", "Close")]
    [InlineData("n.Dispose();", "Close")]
    [InlineData("await n.DisposeAsync();", "Close async")]
    [InlineData("using (s) { }", "Close")]
    [InlineData("using var x = s;", "Close")]
    [InlineData("using (var x = s) { }", "Close")]
    [InlineData("((IDisposable)s).Dispose();", "Close")]
    [InlineData("s.SafeHandle.Dispose();", "Close")]
    [InlineData("await c.GetStream().DisposeAsync();", "Close async")]
    [InlineData("s.Disconnect(false);", "Disconnect")]
    [InlineData("s.DisconnectAsync(args);", "Disconnect async")]
    [InlineData("s.DuplicateAndClose(1);", "HandOver")]
    // Listening.
    [InlineData("s.Bind(e);", "Bind")]
    [InlineData("s.Listen();", "Listen")]
    [InlineData("s.Accept();", "Accept")]
    [InlineData("s.AcceptAsync(args);", "Accept async")]
    [InlineData("new TcpListener(IPAddress.Loopback, 0).Start();", "Listen")]
    [InlineData("new TcpListener(IPAddress.Loopback, 0).AcceptTcpClient();", "Accept")]
    [InlineData("new TcpListener(IPAddress.Loopback, 0).Stop();", "StopListening")]
    // The asynchronous patterns.
    [InlineData("s.EndReceive(s.BeginReceive(b, 0, 1, SocketFlags.None, null, null));", "Receive async, Receive async")]
    [InlineData("n.EndWrite(n.BeginWrite(b, 0, 1, null, null));", "Send async, Send async")]
    [InlineData("s.ReceiveAsync(args);", "Receive async")]
    [InlineData("s.SendPacketsAsync(args);", "Send async")]
    // Waiting, flushing, datagrams.
    [InlineData("s.Poll(1, SelectMode.SelectRead);", "Poll")]
    [InlineData("Socket.Select(new[] { s }, null, null, 1);", "Poll")]
    [InlineData("n.Flush();", "Flush")]
    [InlineData("s.SendTo(b, e);", "Datagram")]
    // What is put over a connection.
    [InlineData("var x = new NetworkStream(s);", "Wrap")]
    [InlineData("var x = new System.Net.Security.SslStream(n);", "Wrap")]
    [InlineData("new System.Net.Security.SslStream(n).AuthenticateAsClient(\"a\");", "Handshake, Wrap")]
    [InlineData("await new System.Net.Security.SslStream(n).ShutdownAsync();", "Farewell async, Wrap")]
    [InlineData("new BufferedStream(n).Write(b);", "Send, Wrap")]
    [InlineData("new StreamReader(n).ReadLine();", "Receive, Wrap")]
    [InlineData("new StreamReader(\"file\");", "")]
    [InlineData("await new StreamWriter(n).WriteLineAsync(\"a\");", "Send async, Wrap")]
    [InlineData("new BinaryReader(n).ReadInt32();", "ReceiveAll, Wrap")]
    [InlineData("new BinaryWriter(n).Write(1);", "Send, Wrap")]
    [InlineData("var x = System.IO.Pipelines.PipeReader.Create(n);", "Wrap")]
    [InlineData("await System.IO.Pipelines.PipeWriter.Create(n).FlushAsync();", "Send async, Wrap")]
    [InlineData("using (var x = new StreamReader(n)) { }", "Close, Wrap")]
    [InlineData("new System.Net.WebSockets.ClientWebSocket().Abort();", "Abort")]
    [InlineData("new HttpListener().Abort();", "Abort")]
    // Options.
    [InlineData("s.LingerState = l;", "SetLinger")]
    [InlineData("c.LingerState = l;", "SetLinger")]
    [InlineData("c.Client.LingerState = l;", "SetLinger")]
    [InlineData("s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, l);", "SetLinger")]
    [InlineData("s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);", "Inquire")]
    [InlineData("s.SendTimeout = 1;", "SetSendTimeout")]
    [InlineData("c.ReceiveTimeout = 1;", "SetReceiveTimeout")]
    [InlineData("_ = new TcpClient { SendTimeout = 1 };", "SetSendTimeout")]
    // Nothing of ours.
    [InlineData("s.NoDelay = true;", "")]
    [InlineData("_ = s.Available;", "")]
    [InlineData("o.ToString();", "")]
    [InlineData("new Mine().Connect(e);", "")]
    [InlineData("new Mine().SendTimeout = 1;", "")]
    [InlineData("System.Threading.Tasks.Task.Delay(1).Dispose();", "")]
    public void Statement_IsClassified(string statement, string expected) => Assert.Equal(expected, string.Join(", ", Operations(statement).Select(Shown)));

    [Theory]
    [InlineData("s?.Close();", "s")]
    [InlineData("c?.Client?.Close();", ".Client")]
    [InlineData("((Socket)o).Close();", "o")]
    [InlineData("SocketTaskExtensions.ConnectAsync(s, e);", "s")]
    public void Connection_IsTheObjectBeforeTheCall(string statement, string expected) =>
        Assert.Equal(expected, Assert.Single(Operations(statement)).Connection!.Syntax.ToString());

    [Theory]
    [InlineData("s.Close();", "Plain")]
    [InlineData("s.Close(00);", "Zero")]
    [InlineData("s.Close(timeout: 0);", "Zero")]
    [InlineData("const int Now = 0; s.Close(Now);", "Zero")]
    [InlineData("s.Close(5);", "Timed 5")]
    [InlineData("s.Close(-1);", "Unknown")]
    [InlineData("s.Close(b.Length);", "Unknown")]
    [InlineData("n.Close(TimeSpan.Zero);", "Zero")]
    [InlineData("n.Close(default(TimeSpan));", "Zero")]
    [InlineData("n.Close(TimeSpan.FromSeconds(2));", "Timed 2000")]
    [InlineData("s.SafeHandle.Close();", "Handle")]
    [InlineData("using (s.SafeHandle) { }", "Handle")]
    [InlineData("using var h = s.SafeHandle;", "Handle")]
    public void Close_SaysWhatItDoesAboutUnsentData(string statement, string expected)
    {
        SocketOperation close = Assert.Single(Operations(statement));
        Assert.Equal(expected, FormattableString.Invariant($"{close.CloseForm} {close.CloseTimeout}").Trim().Replace("Zero 0", "Zero"));
    }

    [Theory]
    [InlineData("s.Shutdown(SocketShutdown.Send);", true, false)]
    [InlineData("s.Shutdown(SocketShutdown.Receive);", false, true)]
    [InlineData("s.Shutdown(how: SocketShutdown.Both);", true, true)]
    [InlineData("s.Shutdown((SocketShutdown)b.Length);", null, null)]
    [InlineData("s.Close();", null, null)]
    public void Shutdown_SaysWhichDirectionItEnds(string statement, bool? sending, bool? receiving)
    {
        SocketOperation shutdown = Assert.Single(Operations(statement));
        Assert.Equal((sending, receiving), (shutdown.EndsSending, shutdown.EndsReceiving));
    }

    [Theory]
    [InlineData("s.Disconnect(true);", true)]
    [InlineData("s.Disconnect(reuseSocket: false);", false)]
    [InlineData("s.Disconnect(b.Length > 0);", null)]
    public void Disconnect_SaysWhetherTheSocketIsUsedAgain(string statement, bool? expected) => Assert.Equal(expected, Assert.Single(Operations(statement)).ReusesSocket);

    [Theory]
    [InlineData("await s.SendAsync(b);", "Awaited")]
    [InlineData("await s.SendAsync(b).ConfigureAwait(false);", "Awaited")]
    [InlineData("await (s?.SendAsync(b) ?? Task.FromResult(0));", "Awaited")]
    [InlineData("s.SendAsync(b).Wait();", "Waited")]
    [InlineData("_ = s.SendAsync(b).Result;", "Waited")]
    [InlineData("s.SendAsync(b).GetAwaiter().GetResult();", "Waited")]
    [InlineData("s.SendAsync(b).Wait(5);", "Passed")]
    [InlineData("s.SendAsync(b);", "Discarded")]
    [InlineData("s?.SendAsync(b);", "Discarded")]
    [InlineData("_ = s.SendAsync(b);", "Discarded")]
    [InlineData("var t = s.SendAsync(b);", "Stored t")]
    [InlineData("Task t; t = s.SendAsync(b);", "Stored t")]
    [InlineData("Pending = s.SendAsync(b);", "Stored Pending")]
    [InlineData("await Task.WhenAny(s.SendAsync(b), Task.Delay(1));", "Passed")]
    [InlineData("s.SendAsync(b).ContinueWith(_ => { });", "Passed")]
    [InlineData("Func<Task> f = () => s.SendAsync(b);", "Returned")]
    [InlineData("Action f = () => s.SendAsync(b);", "Discarded")]
    public void TaskOfAnOperation_IsFollowedToItsUse(string statement, string expected)
    {
        ResultUse use = Assert.Single(Operations(statement)).Result;
        Assert.Equal(expected, $"{use.Kind} {use.StoredIn?.Name}".Trim());
    }

    [Theory]
    [InlineData("await s.SendAsync(b, token);", "token")]
    [InlineData("await n.WriteAsync(b, 0, 1, cancellationToken: token).ConfigureAwait(false);", "token")]
    [InlineData("await s.SendAsync(b, SocketFlags.None);", null)]
    [InlineData("await s.SendAsync(b, CancellationToken.None);", null)]
    [InlineData("await s.SendAsync(b, SocketFlags.None, default);", null)]
    public void Token_IsTheOneThatCanCancel(string statement, string? expected) => Assert.Equal(expected, Assert.Single(Operations(statement)).Token?.Syntax.ToString());

    // What a name stands for: the local that holds the connection in the end.
    [Theory]
    [InlineData("var x = c.GetStream(); x.Flush();", "c")]
    [InlineData("var x = c.Client; x.Poll(1, SelectMode.SelectRead);", "c")]
    [InlineData("Stream x = c.GetStream(); x = new System.Net.Security.SslStream(x); x.Flush();", "c")]
    [InlineData("var x = new NetworkStream(s, ownsSocket: true); x.Flush();", "s")]
    [InlineData("var x = new StreamReader(new System.Net.Security.SslStream(c.GetStream(), false)); x.ReadLine();", "c")]
    [InlineData("new BinaryReader(n).ReadInt32();", "n")]
    [InlineData("var x = System.IO.Pipelines.PipeReader.Create(n); await x.ReadAsync();", "n")]
    [InlineData("var h = s.SafeHandle; h.Dispose();", "s")]
    [InlineData("var x = new StreamWriter(n); x.BaseStream.Flush();", "n")]
    [InlineData("Stream x = File.OpenRead(\"f\"); x.Flush();", "")]
    public void Wrappers_AreNamesOfOneConnection(string statements, string expected)
    {
        SocketBody body = Body(statements);
        Assert.Equal(expected, string.Join(' ', body.Connections.Select(use => use.Holder.Name)));
        Assert.All(body.Connections, use => Assert.False(use.Escapes));
    }

    [Theory]
    [InlineData("var x = new NetworkStream(s, true); x.Dispose();", true)]
    [InlineData("var x = new NetworkStream(s); x.Dispose();", false)]
    [InlineData("using var x = new NetworkStream(s, ownsSocket: false);", false)]
    [InlineData("using (var x = new StreamReader(n)) { }", true)]
    [InlineData("using (var x = new StreamReader(n, leaveOpen: true)) { }", false)]
    [InlineData("var x = new StreamWriter(new BufferedStream(n), Encoding.UTF8, 1024, true); x.Close();", false)]
    [InlineData("var x = new StreamWriter(new NetworkStream(s)); x.Close();", false)]
    [InlineData("var x = new System.Net.Security.SslStream(c.GetStream(), leaveInnerStreamOpen: true); x.Dispose();", false)]
    [InlineData("s.Close();", true)]
    public void CloseOfAWrapper_EndsTheConnectionThatItOwns(string statements, bool ends)
    {
        ConnectionUse use = Assert.Single(Body(statements).Connections);
        Assert.Equal(ends, use.Operations.Any(operation => operation.Kind == SocketOperationKind.Close));
        Assert.Equal(!ends, use.WrapperCloses.Length == 1);
    }

    [Theory]
    [InlineData("s.Send(b); H(s);", "Argument")]
    [InlineData("s.Send(b); Action a = () => s.Close(); ", "Captured")]
    [InlineData("s.Send(b); Kept = s;", "Stored")]
    [InlineData("s.Send(b); Task.Run(() => H(s));", "Captured")]
    [InlineData("var x = c.GetStream(); x.Write(b); H(new StreamReader(x));", "Argument")]
    [InlineData("var x = new Socket(SocketType.Stream, ProtocolType.Tcp); x.Send(b); x = new Socket(SocketType.Stream, ProtocolType.Tcp);", "Replaced")]
    public void PlacesWhereAConnectionLeavesSight_AreListed(string statements, string expected) =>
        Assert.Equal(expected, string.Join(' ', Body(statements).Connections.SelectMany(use => use.HandOvers).Select(handOver => handOver.Kind)));

    private static string Shown(SocketOperation operation) => operation.Kind + (operation.IsAsynchronous ? " async" : "");

    private static IEnumerable<SocketOperation> Operations(string statement) => Body(statement).Operations;

    private static SocketBody Body(string statement)
    {
        string source = Verify.DefaultUsings + $$"""
            class Mine { public void Connect(EndPoint e) { } public int SendTimeout; }
            class C { Task? Pending; object? Kept; void H(object o) { } async Task M(Socket s, TcpClient c, NetworkStream n, object o, byte[] b, EndPoint e, LingerOption l, SocketFlags flags, SocketAsyncEventArgs args, CancellationToken token) { {{statement}} } }
            """;
        CSharpCompilation compilation = new TestProject { Sources = [("Test.cs", source)], References = ReferenceSet.Net100 }.Compile();
        Assert.Empty(Verify.Errors(compilation));
        SyntaxTree tree = compilation.SyntaxTrees[0];
        MethodDeclarationSyntax method = tree.GetRoot().DescendantNodes().OfType<MethodDeclarationSyntax>().Last();
        SemanticModel semantics = compilation.GetSemanticModel(tree);
        return SocketModel.For(compilation).BodyOf(semantics.GetOperation(method)!, semantics.GetDeclaredSymbol(method)!, CancellationToken.None);
    }
}
