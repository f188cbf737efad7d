using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using RstGuard.CallSites;
using RstGuard.Cli.Proving;

namespace RstGuard.Tests.CallSites;

/// <summary>
/// The ways in which code closes a socket, each compiled and run once for Debug and once for Release, and how well the closing line was told. The line
/// that closes carries <c>// here</c>; of several that the resolver may name, each carries <c>// or here</c>.
/// </summary>
internal static class ClosingShapes
{
    /// <summary>A statement that does something else.</summary>
    public const string Work = "static void Work() { Console.Out.Flush(); }\n";

    private static readonly ConcurrentDictionary<(string Shape, bool Release), Lazy<Task<Outcome>>> Runs = new();

    /// <summary>How well a line was told.</summary>
    public enum OutcomeKind
    {
        /// <summary>Another line, or a line where no code of the program closed.</summary>
        Wrong,

        /// <summary>Several, the true one among them, and said so.</summary>
        Candidates,

        /// <summary>The program closed as the last call of an optimised method, of which the JIT left no frame; that it may be so is said.</summary>
        NoFrame,

        /// <summary>The very line; for a using the one that declares it.</summary>
        Exact,

        /// <summary>No code of the program is on the stack, and said so.</summary>
        Framework,
    }

    /// <summary>The shapes: the members of a program, what is to be told, and of which method.</summary>
    public static IReadOnlyDictionary<string, (string Source, CloseSiteKind Kind, string Method)> All { get; } = new Dictionary<string, (string Source, CloseSiteKind Kind, string Method)>
    {
        ["plain close"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                Work();
                socket.Close(); // here
                Work();
                return Task.CompletedTask;
            }
            """, CloseSiteKind.Exact, "Program.Run"),
        ["close among others"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                other.Close();
                Work();
                socket.Close(); // here
                var third = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                third.Dispose();
                return Task.CompletedTask;
            }
            """, CloseSiteKind.Exact, "Program.Run"),
        ["using block"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                Work();
                using (socket) // here
                {
                    Work();
                } // end
                Work();
                return Task.CompletedTask;
            }
            """, CloseSiteKind.EndOfUsing, "Program.Run"),
        ["using declaration"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                Work();
                using Socket mine = socket; // here
                Work();
                return Task.CompletedTask;
            } // end
            """, CloseSiteKind.EndOfUsing, "Program.Run"),
        ["early return from a using"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                Work();
                using var mine = socket; // here
                if (socket.Connected)
                {
                    return Task.CompletedTask;
                }
                Work();
                return Task.CompletedTask;
            } // end
            """, CloseSiteKind.EndOfUsing, "Program.Run"),
        ["using among enumerators"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                foreach (var item in Numbers()) { Work(); }
                using (socket) // here
                {
                    foreach (var item in Numbers()) { Work(); }
                } // end
                return Task.CompletedTask;
            }
            static IEnumerable<int> Numbers() { yield return 1; }
            """, CloseSiteKind.EndOfUsing, "Program.Run"),
        ["finally"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                Work();
                try
                {
                    Work();
                }
                finally
                {
                    Work();
                    socket.Dispose(); // here
                }
                return Task.CompletedTask;
            }
            """, CloseSiteKind.Exact, "Program.Run"),
        ["finally after an exception"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                try
                {
                    Throwing(socket);
                }
                catch (InvalidOperationException)
                {
                }
                return Task.CompletedTask;
            }
            [MethodImpl(MethodImplOptions.NoInlining)]
            static void Throwing(Socket socket)
            {
                Work();
                try
                {
                    throw new InvalidOperationException();
                }
                finally
                {
                    Work();
                    socket.Close(); // here
                }
            }
            """, CloseSiteKind.Exact, "Program.Throwing"),
        ["catch"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                try
                {
                    throw new InvalidOperationException();
                }
                catch (InvalidOperationException)
                {
                    Work();
                    socket.Close(); // here
                }
                return Task.CompletedTask;
            }
            """, CloseSiteKind.Exact, "Program.Run"),
        ["two closes in handlers"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                try
                {
                    Work();
                }
                finally
                {
                    if (Environment.TickCount64 > 0)
                    {
                        socket.Close(); // or here
                    }
                    else
                    {
                        socket.Dispose(); // or here
                    }
                }
                return Task.CompletedTask;
            }
            """, CloseSiteKind.Candidates, "Program.Run"),
        ["lambda"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                Action close = () =>
                {
                    Work();
                    socket.Close(); // here
                };
                close(); // or here
                return Task.CompletedTask;
            }
            """, CloseSiteKind.Exact, "Program.Run (in a lambda)|Program.Run"),
        ["local function"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                Stop();
                return Task.CompletedTask;
                [MethodImpl(MethodImplOptions.NoInlining)]
                void Stop()
                {
                    Work();
                    socket.Close(); // here
                }
            }
            """, CloseSiteKind.Exact, "Program.Stop (in Run)"),
        ["async close"] = ("""
            public static async Task Run(Socket socket, Socket peer)
            {
                await Task.Yield();
                Work();
                socket.Close(); // here
                await Task.Yield();
            }
            """, CloseSiteKind.Exact, "Program.Run"),
        ["async using declaration"] = ("""
            public static async Task Run(Socket socket, Socket peer)
            {
                await Task.Yield();
                using var mine = socket; // here
                await Task.Yield();
                Work();
            } // end
            """, CloseSiteKind.EndOfUsing, "Program.Run"),
        ["async using block"] = ("""
            public static async Task Run(Socket socket, Socket peer)
            {
                await Task.Yield();
                using (socket) // here
                {
                    await Task.Yield();
                    Work();
                } // end
                Work();
            }
            """, CloseSiteKind.EndOfUsing, "Program.Run"),
        ["async finally"] = ("""
            public static async Task Run(Socket socket, Socket peer)
            {
                try
                {
                    await Task.Yield();
                }
                finally
                {
                    Work();
                    socket.Dispose(); // here
                }
            }
            """, CloseSiteKind.Exact, "Program.Run"),
        ["async finally that awaits"] = ("""
            public static async Task Run(Socket socket, Socket peer)
            {
                try
                {
                    await Task.Yield();
                }
                finally
                {
                    await Task.Yield();
                    socket.Dispose(); // here
                }
            }
            """, CloseSiteKind.Exact, "Program.Run"),
        ["async lambda"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                Func<Task> close = async () =>
                {
                    await Task.Yield();
                    socket.Close(); // here
                };
                return close();
            }
            """, CloseSiteKind.Exact, "Program.Run (in a lambda)"),
        ["await using"] = ("""
            public static async Task Run(Socket socket, Socket peer)
            {
                await Task.Yield();
                await using var stream = new NetworkStream(socket, ownsSocket: true); // here
                await Task.Yield();
                Work();
            }
            """, CloseSiteKind.EndOfUsing, "Program.Run"),
        ["TcpClient"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                var client = new TcpClient { Client = socket };
                Work();
                client.Close(); // here
                return Task.CompletedTask;
            }
            """, CloseSiteKind.Exact, "Program.Run"),
        ["using TcpClient with its stream"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                using (var client = new TcpClient { Client = socket }) // here
                {
                    using NetworkStream stream = new NetworkStream(peer, ownsSocket: false);
                    Work();
                } // end
                return Task.CompletedTask;
            }
            """, CloseSiteKind.EndOfUsing, "Program.Run"),
        ["NetworkStream"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                var stream = new NetworkStream(socket, ownsSocket: true);
                Work();
                stream.Dispose(); // here
                return Task.CompletedTask;
            }
            """, CloseSiteKind.Exact, "Program.Run"),
        ["a reader over the stream"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                var reader = new StreamReader(new NetworkStream(socket, ownsSocket: true));
                Work();
                reader.Dispose(); // here
                return Task.CompletedTask;
            }
            """, CloseSiteKind.Exact, "Program.Run"),
        ["early return from a try"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                try
                {
                    if (socket.Connected)
                    {
                        return Task.CompletedTask;
                    }
                    Work();
                }
                finally
                {
                    socket.Close(); // here
                }
                return Task.CompletedTask;
            }
            """, CloseSiteKind.Exact, "Program.Run"),
        ["using declaration beside another resource"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                using var other = new MemoryStream();
                using Socket mine = socket; // here
                Work();
                return Task.CompletedTask;
            } // end
            """, CloseSiteKind.EndOfUsing, "Program.Run"),
        ["two sockets in usings"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                using Socket mine = socket; // or here
                using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp); // or here
                Work();
                return Task.CompletedTask;
            }
            """, CloseSiteKind.Candidates, "Program.Run"),
        ["lambda of an expression"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                Action close = () => socket.Close(); // here
                close(); // or here
                return Task.CompletedTask;
            }
            """, CloseSiteKind.Exact, "Program.Run (in a lambda)|Program.Run"),
        ["lambda on another thread"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                return Task.Run(() =>
                {
                    Work();
                    socket.Dispose(); // here
                });
            }
            """, CloseSiteKind.Exact, "Program.Run (in a lambda)|Thread.StartCallback"),
        ["async local function"] = ("""
            public static async Task Run(Socket socket, Socket peer)
            {
                await Stop();
                async Task Stop()
                {
                    await Task.Yield();
                    socket.Close(); // here
                }
            }
            """, CloseSiteKind.Exact, "Program.Stop (in Run)"),
        ["iterator"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                foreach (int item in Items(socket)) { Work(); }
                return Task.CompletedTask;
            }
            static IEnumerable<int> Items(Socket socket)
            {
                yield return 1;
                socket.Close(); // here
                yield return 2;
            }
            """, CloseSiteKind.Exact, "Program.Items"),
        ["using in an iterator"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                foreach (int item in Items(socket)) { Work(); }
                return Task.CompletedTask;
            }
            static IEnumerable<int> Items(Socket socket)
            {
                using (socket) // here
                {
                    yield return 1;
                } // end
            }
            """, CloseSiteKind.EndOfUsing, "Program.Items"),
        ["using in an iterator that is left early"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                foreach (int item in Items(socket)) { break; }
                return Task.CompletedTask;
            }
            static IEnumerable<int> Items(Socket socket)
            {
                using var mine = socket; // here
                yield return 1;
                Work();
            }
            """, CloseSiteKind.EndOfUsing, "Program.Items"),
        ["finally in an iterator"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                foreach (int item in Items(socket)) { Work(); }
                return Task.CompletedTask;
            }
            static IEnumerable<int> Items(Socket socket)
            {
                try
                {
                    yield return 1;
                }
                finally
                {
                    Work();
                    socket.Close(); // here
                }
            }
            """, CloseSiteKind.Exact, "Program.Items"),
        ["async iterator"] = ("""
            public static async Task Run(Socket socket, Socket peer)
            {
                await foreach (int item in Items(socket)) { Work(); }
            }
            static async IAsyncEnumerable<int> Items(Socket socket)
            {
                await Task.Yield();
                using Socket mine = socket; // here
                yield return 1;
            }
            """, CloseSiteKind.EndOfUsing, "Program.Items"),
        ["await using block"] = ("""
            public static async Task Run(Socket socket, Socket peer)
            {
                await Task.Yield();
                await using (var stream = new NetworkStream(socket, ownsSocket: true)) // here
                {
                    await Task.Yield();
                }
                Work();
            }
            """, CloseSiteKind.EndOfUsing, "Program.Run"),
        ["generic wrapper"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                Stop(socket);
                return Task.CompletedTask;
            }
            [MethodImpl(MethodImplOptions.NoInlining)]
            static void Stop<T>(T resource) where T : IDisposable
            {
                Work();
                resource.Dispose(); // here
            }
            """, CloseSiteKind.Exact, "Program.Stop"),
        ["wrapper"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                Work();
                Stop(socket);
                return Task.CompletedTask;
            }
            [MethodImpl(MethodImplOptions.NoInlining)]
            static void Stop(Socket socket) => socket.Close(); // here
            """, CloseSiteKind.Exact, "Program.Stop"),
        ["inlined wrapper"] = ("""
            [MethodImpl(MethodImplOptions.AggressiveOptimization)]
            public static Task Run(Socket socket, Socket peer)
            {
                Work();
                Stop(socket); // or here
                return Task.CompletedTask;
            }
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            static void Stop(Socket socket) => socket.Close(); // here
            """, CloseSiteKind.Exact, "Program.Run|Program.Stop"),
        ["using TcpClient and its stream"] = ("""
            public static Task Run(Socket socket, Socket peer)
            {
                using var client = new TcpClient { Client = socket };
                using NetworkStream stream = client.GetStream(); // here
                Work();
                return Task.CompletedTask;
            } // end
            """, CloseSiteKind.EndOfUsing, "Program.Run"),
        ["HttpClient disposed"] = ("""
            public static async Task Run(Socket socket, Socket peer)
            {
                var client = new HttpClient(Over(socket));
                Task answered = Answer(peer, "Content-Length: 2\r\n\r\nok");
                await client.GetStringAsync("http://127.0.0.1/");
                await answered;
                client.Dispose(); // here
            }
            """, CloseSiteKind.Exact, "Program.Run"),
        ["HttpClient's response disposed unread"] = ("""
            public static async Task Run(Socket socket, Socket peer)
            {
                using var client = new HttpClient(Over(socket));
                Task answered = Answer(peer, "Content-Length: 100000000\r\n\r\nbegin");
                HttpResponseMessage response = await client.GetAsync("http://127.0.0.1/", HttpCompletionOption.ResponseHeadersRead);
                await answered;
                response.Dispose(); // here
            }
            """, CloseSiteKind.Exact, "Program.Run"),
        ["HttpClient's response without a length, read to its end"] = ("""
            public static async Task Run(Socket socket, Socket peer)
            {
                using var client = new HttpClient(Over(socket));
                Task answered = Answer(peer, "Connection: close\r\n\r\nall").ContinueWith(_ => peer.Shutdown(SocketShutdown.Send));
                await client.GetStringAsync("http://127.0.0.1/");
                await answered;
            }
            """, CloseSiteKind.Framework, "ConnectionCloseReadStream.CopyToAsync|ConnectionCloseReadStream.CompleteCopyToAsync"),
        ["HttpClient's scavenger"] = ("""
            public static async Task Run(Socket socket, Socket peer)
            {
                SocketsHttpHandler handler = Over(socket);
                handler.PooledConnectionIdleTimeout = TimeSpan.FromMilliseconds(1);
                using var client = new HttpClient(handler);
                Task answered = Answer(peer, "Content-Length: 2\r\n\r\nok");
                await client.GetStringAsync("http://127.0.0.1/");
                await answered;
                await peer.ReceiveAsync(new byte[1]);
            }
            """, CloseSiteKind.Framework, "Thread.StartCallback|HttpConnection.Dispose"),
        ["Kestrel, aborted by the handler"] = ("""
            public static async Task<(IPEndPoint, IPEndPoint)> Run(Socket socket, Socket peer)
            {
                await using WebApplication app = Serve(context =>
                {
                    Work();
                    context.Abort(); // here
                    return Task.CompletedTask;
                });
                await app.StartAsync();
                return await AskAsync(app, "");
            }
            """, CloseSiteKind.Exact, "Program.Run (in a lambda)"),
        ["Kestrel, Connection: close"] = ("""
            public static async Task<(IPEndPoint, IPEndPoint)> Run(Socket socket, Socket peer)
            {
                await using WebApplication app = Serve(context => context.Response.WriteAsync("ok"));
                await app.StartAsync();
                return await AskAsync(app, "Connection: close\r\n");
            }
            """, CloseSiteKind.Framework, "SocketConnection.Shutdown"),
        ["Kestrel, stopped"] = ("""
            public static async Task<(IPEndPoint, IPEndPoint)> Run(Socket socket, Socket peer)
            {
                await using WebApplication app = Serve(context => context.Response.WriteAsync("ok"));
                await app.StartAsync();
                using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                (IPEndPoint, IPEndPoint) ends = await ConnectAsync(app, client, "");
                await client.ReceiveAsync(new byte[1000]);
                await app.StopAsync();
                return ends;
            }
            """, CloseSiteKind.Framework, "SocketConnection.Shutdown"),
    };

    /// <summary>Skips a test of a framework that is not installed.</summary>
    public static void NeedsItsFramework(string shape)
    {
        if (IsOfAspNetCore(shape))
        {
            Requirement.Check("aspnetcore", SharedFramework.Find(Proof.AspNetCore) is not null, "the ASP.NET Core runtime is not installed");
        }
    }

    public static bool IsOfAspNetCore(string shape) => shape.StartsWith("Kestrel", StringComparison.Ordinal);

    /// <summary>Runs a shape, or gives what its one run gave.</summary>
    public static Task<Outcome> RunAsync(string shape, bool release) => Runs.GetOrAdd((shape, release), key => new(() => RunOnceAsync(key.Shape, key.Release))).Value;

    /// <summary>The table of all of them as Markdown.</summary>
    public static async Task<string> DescribeAsync()
    {
        var text = new StringBuilder("| Shape | Debug | Release | Told in Release |\n|---|---|---|---|\n");
        int lines = 0, exact = 0, wrong = 0;
        foreach (string shape in All.Keys.Order(StringComparer.Ordinal))
        {
            Outcome[] outcomes = [await RunAsync(shape, release: false), await RunAsync(shape, release: true)];
            text.Append(CultureInfo.InvariantCulture, $"| {shape} | {Word(outcomes[0].Kind)} | {Word(outcomes[1].Kind)} | {Told(outcomes[1].Closing)} |\n");
            lines += outcomes.Count(outcome => outcome.Kind != OutcomeKind.Framework);
            exact += outcomes.Count(outcome => outcome.Kind == OutcomeKind.Exact);
            wrong += outcomes.Count(outcome => outcome.Kind == OutcomeKind.Wrong);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{exact} of {lines} exact ({100.0 * exact / lines:0.0} %), {wrong} wrong; where no code of the program closed, that is told in {2 * All.Count - lines} of {2 * All.Count(shape => shape.Value.Kind == CloseSiteKind.Framework)}.\n\n{text}");

        static string Word(OutcomeKind kind) => kind == OutcomeKind.Framework ? "by the framework" : kind == OutcomeKind.NoFrame ? "no frame left" : kind.ToString().ToLowerInvariant();

        static string Told(ClosingSource closing) => "`" + closing.Site.ToString().Replace(closing.Path, "Closing.cs", StringComparison.Ordinal) + "`";
    }

    private static async Task<Outcome> RunOnceAsync(string shape, bool release)
    {
        (string source, CloseSiteKind kind, _) = All[shape];
        ClosingSource closing = await ClosingSource.RunAsync(
            Work + source + (shape.StartsWith("HttpClient", StringComparison.Ordinal) ? Http : IsOfAspNetCore(shape) ? Kestrel : ""),
            release,
            IsOfAspNetCore(shape) ? SharedFramework.Find(Proof.AspNetCore) : null);
        CloseSite site = closing.Site;
        int line = site.Line is { } told && told.File == closing.Path ? told.Line : -1;
        bool right = (site.Kind, kind) switch
        {
            (CloseSiteKind.Framework, CloseSiteKind.Framework) => true,
            (CloseSiteKind.Candidates, CloseSiteKind.Candidates) => closing.OrHere.Order().SequenceEqual(site.Candidates.Select(candidate => candidate.Line).Order()),

            (CloseSiteKind.Framework, CloseSiteKind.Exact) => release && site.Method == "Thread.StartCallback",

            // The JIT may copy a finally into the method's body, where offsets are good: then it has to be the line that ran.
            (CloseSiteKind.Exact or CloseSiteKind.EndOfUsing, CloseSiteKind.Candidates) => line == closing.OrHere[0],

            // Debug code may be inlined as well as Release code; what is inlined has no frame of its own.
            (CloseSiteKind.Exact, CloseSiteKind.Exact) => line == closing.Here || closing.OrHere.Contains(line),
            (CloseSiteKind.EndOfUsing, CloseSiteKind.EndOfUsing) => line == closing.Here && (release || closing.End == 0 || site.ScopeEndLine is null || site.ScopeEndLine == closing.End),
            _ => false,
        };
        OutcomeKind outcome = !right ? OutcomeKind.Wrong
            : site.Kind == CloseSiteKind.Framework ? kind == CloseSiteKind.Framework ? OutcomeKind.Framework : OutcomeKind.NoFrame
            : site.Kind == CloseSiteKind.Candidates ? OutcomeKind.Candidates
            : OutcomeKind.Exact;
        return new Outcome(outcome, closing, $"{shape}, {(release ? "Release" : "Debug")}: line {closing.Here} ({kind}) was to be told, and was: {site}");
    }

    /// <summary>How one run went.</summary>
    /// <param name="Kind">How well the line was told.</param>
    /// <param name="Closing">The run.</param>
    /// <param name="Told">In words, for a failing test.</param>
    public sealed record Outcome(OutcomeKind Kind, ClosingSource Closing, string Told);

    private const string Http = """

        static SocketsHttpHandler Over(Socket socket) =>
            new SocketsHttpHandler { ConnectCallback = (context, token) => new ValueTask<Stream>(new NetworkStream(socket, ownsSocket: true)) };

        static async Task Answer(Socket peer, string rest)
        {
            await peer.ReceiveAsync(new byte[1000]);
            await peer.SendAsync(System.Text.Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\n" + rest));
        }
        """;

    private const string Kestrel = """

        static WebApplication Serve(RequestDelegate answer)
        {
            WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
            WebApplication app = builder.Build();
            app.Run(answer);
            return app;
        }

        // Kestrel's own end first.
        static async Task<(IPEndPoint, IPEndPoint)> ConnectAsync(WebApplication app, Socket client, string header)
        {
            await client.ConnectAsync(IPAddress.Loopback, new Uri(app.Urls.First()).Port);
            await client.SendAsync(System.Text.Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: localhost\r\n" + header + "\r\n"));
            return ((IPEndPoint)client.RemoteEndPoint, (IPEndPoint)client.LocalEndPoint);
        }

        static async Task<(IPEndPoint, IPEndPoint)> AskAsync(WebApplication app, string header)
        {
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            (IPEndPoint, IPEndPoint) ends = await ConnectAsync(app, client, header);
            try
            {
                while (await client.ReceiveAsync(new byte[1000]) > 0) { }
            }
            catch (SocketException)
            {
            }
            return ends;
        }
        """;
}
