using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Rules;

public sealed class RST2004HandlerOutlivesScopeFixTests
{
    private const string Handler = """

            private static async Task ServeAsync(Socket client)
            {
                byte[] buffer = new byte[1024];

                while (await client.ReceiveAsync(buffer, SocketFlags.None) > 0)
                {
                }
            }
        }
        """;

    private const string OwningHandler = """

            private static async Task ServeAsync(Socket client)
            {
                using (client)
                {
                    byte[] buffer = new byte[1024];

                    while (await client.ReceiveAsync(buffer, SocketFlags.None) > 0)
                    {
                    }
                }
            }
        }
        """;

    private static readonly Verify Rule = Verify.Rule("RST2004");

    private static string Server(string body, string handler) => $$"""
        class Server
        {
            public static async Task RunAsync(Socket listener)
            {
                {{body.ReplaceLineEndings("\n        ")}}
            }

        """.ReplaceLineEndings("\n") + handler.ReplaceLineEndings("\n").TrimStart('\n').Insert(0, "\n");

    private static Task Fixes(string before, string after, string handlerAfter = OwningHandler) => Rule.FixesAsync(Server(before, Handler), Server(after, handlerAfter));

    [Fact]
    public Task UsingDeclaration_MovesIntoTheHandler() => Fixes(
        "while (true)\n{\n    using Socket [|client|] = await listener.AcceptAsync(); // the next one\n    _ = ServeAsync(client);\n}",
        "while (true)\n{\n    Socket client = await listener.AcceptAsync(); // the next one\n    _ = ServeAsync(client);\n}");

    [Fact]
    public Task UsingStatement_MovesIntoTheHandler() => Fixes(
        "while (true)\n{\n    using (var [|client|] = await listener.AcceptAsync())\n    {\n        // beside the others\n        _ = ServeAsync(client);\n    }\n}",
        "while (true)\n{\n    var client = await listener.AcceptAsync();\n    // beside the others\n    _ = ServeAsync(client);\n}");

    [Fact]
    public Task Close_MovesIntoTheHandler() => Fixes(
        "Socket client = await listener.AcceptAsync();\n_ = ServeAsync(client);\n[|client.Close()|];",
        "Socket client = await listener.AcceptAsync();\n_ = ServeAsync(client);");

    [Fact]
    public Task LambdaOfATask_OwnsIt() => Fixes(
        "using Socket [|client|] = await listener.AcceptAsync();\n_ = Task.Run(() => ServeAsync(client));",
        "Socket client = await listener.AcceptAsync();\n_ = Task.Run(async () => { using (client) { await ServeAsync(client); } });",
        Handler);

    [Fact]
    public Task AsynchronousLambda_OwnsIt() => Fixes(
        "using Socket [|client|] = await listener.AcceptAsync();\n_ = Task.Run(async () =>\n{\n    await ServeAsync(client);\n});",
        "Socket client = await listener.AcceptAsync();\n_ = Task.Run(async () =>\n{\n    using (client)\n    {\n        await ServeAsync(client);\n    }\n});",
        Handler);

    [Fact]
    public Task QueuedLambda_OwnsIt() => Fixes(
        "using Socket [|client|] = await listener.AcceptAsync();\nThreadPool.QueueUserWorkItem(_ => client.Receive(new byte[9]));",
        "Socket client = await listener.AcceptAsync();\nThreadPool.QueueUserWorkItem(_ => { using (client) { client.Receive(new byte[9]); } });",
        Handler);

    [Fact]
    public Task HandlerThatClosesAlready_StaysAsItIs() => Rule.FixesAsync(
        Server("using Socket [|client|] = await listener.AcceptAsync();\n_ = ServeAsync(client);", OwningHandler),
        Server("Socket client = await listener.AcceptAsync();\n_ = ServeAsync(client);", OwningHandler));

    [Theory]
    // The handler serves others too, or can't be changed here.
    [InlineData("class C { void M(Socket l) { using var [|s|] = l.Accept(); _ = H(s); } void N(Socket s) { _ = H(s); } static async Task H(Socket s) { await s.ReceiveAsync(new byte[9], SocketFlags.None); } }")]
    [InlineData("class C { void M(Socket l) { using var [|s|] = l.Accept(); _ = H(s); } public static async Task H(Socket s) { await s.ReceiveAsync(new byte[9], SocketFlags.None); } }")]
    [InlineData("class C { void M(Socket l, I h) { using var [|s|] = l.Accept(); _ = h.HandleAsync(s); } } interface I { Task HandleAsync(Socket s); }")]
    [InlineData("class C { void M(Socket l) { using var [|s|] = l.Accept(); _ = H(s); } static Task H(Socket s) => s.ReceiveAsync(new byte[9], SocketFlags.None); }")]
    // It gets a part of the connection.
    [InlineData("class C { void M(TcpListener l) { using var [|c|] = l.AcceptTcpClient(); _ = H(c.GetStream()); } static async Task H(NetworkStream s) { await s.ReadAsync(new byte[9], 0, 9); } }")]
    // The connection goes elsewhere as well.
    [InlineData("class C { void M(Socket l) { using var [|s|] = l.Accept(); B(s); _ = H(s); } static void B(Socket s) { } static async Task H(Socket s) { await s.ReceiveAsync(new byte[9], SocketFlags.None); } }")]
    // Two close it.
    [InlineData("class C { void M(Socket l) { using var [|s|] = l.Accept(); _ = H(s); [|s.Close()|]; } static async Task H(Socket s) { await s.ReceiveAsync(new byte[9], SocketFlags.None); } }")]
    // Nothing would be left of the finally.
    [InlineData("class C { void M(Socket l) { var s = l.Accept(); try { _ = H(s); } finally { [|s.Dispose()|]; } } static async Task H(Socket s) { await s.ReceiveAsync(new byte[9], SocketFlags.None); } }")]
    public Task NothingIsOffered(string source) => Rule.OffersNoFixAsync(source);

    [Fact]
    public Task HalfTypedCode_BreaksNothing() => Rule.SurvivesCutsAsync(Server("using (Socket client = await listener.AcceptAsync()) { _ = ServeAsync(client); } using var s = listener.Accept(); Task.Run(() => { s.Receive(new byte[9]); });", Handler));
}
