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
    // Options.
    [InlineData("s.LingerState = l;", "SetLinger")]
    [InlineData("c.LingerState = l;", "SetLinger")]
    [InlineData("c.Client.LingerState = l;", "SetLinger")]
    [InlineData("s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, l);", "SetLinger")]
    [InlineData("s.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);", "")]
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

    private static string Shown(SocketOperation operation) => operation.Kind + (operation.IsAsynchronous ? " async" : "");

    private static IEnumerable<SocketOperation> Operations(string statement)
    {
        string source = Verify.DefaultUsings + $$"""
            class Mine { public void Connect(EndPoint e) { } public int SendTimeout; }
            class C { async Task M(Socket s, TcpClient c, NetworkStream n, object o, byte[] b, EndPoint e, LingerOption l, SocketFlags flags, SocketAsyncEventArgs args, CancellationToken token) { {{statement}} } }
            """;
        CSharpCompilation compilation = new TestProject { Sources = [("Test.cs", source)], References = ReferenceSet.Net100 }.Compile();
        Assert.Empty(Verify.Errors(compilation));
        SyntaxTree tree = compilation.SyntaxTrees[0];
        MethodDeclarationSyntax method = tree.GetRoot().DescendantNodes().OfType<MethodDeclarationSyntax>().Last();
        SemanticModel semantics = compilation.GetSemanticModel(tree);
        return SocketModel.For(compilation).BodyOf(semantics.GetOperation(method)!, semantics.GetDeclaredSymbol(method)!, CancellationToken.None).Operations;
    }
}
