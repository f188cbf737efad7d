using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using RstGuard.CallSites;

namespace RstGuard.Tests.CallSites;

public sealed class CloseSiteResolverTests
{
    private const string Nothing = "static void Work() { Console.Out.Flush(); }\n";

    private static readonly Dictionary<string, (string Source, CloseSiteKind Kind, string Method)> Shapes = new()
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
                close();
                return Task.CompletedTask;
            }
            """, CloseSiteKind.Exact, "Program.Run (in a lambda)"),
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
    };

    public static TheoryData<string, bool> AllShapes()
    {
        var data = new TheoryData<string, bool>();
        foreach (string shape in Shapes.Keys)
        {
            data.Add(shape, false);
            data.Add(shape, true);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(AllShapes))]
    public async Task ClosingLine_IsToldExactly(string shape, bool release)
    {
        (string source, CloseSiteKind kind, string method) = Shapes[shape];
        ClosingSource closing = await ClosingSource.RunAsync(Nothing + source, release);

        if (kind == CloseSiteKind.Candidates && closing.Site.Kind == CloseSiteKind.Exact)
        {
            // The JIT may copy a finally into the method's body, where offsets are good: then it has to be the line that ran.
            Assert.Equal(new SourceLine(closing.Path, closing.OrHere[0]), closing.Site.Line);
            return;
        }

        Assert.Equal((kind, method), (closing.Site.Kind, closing.Site.Method));
        if (kind == CloseSiteKind.Candidates)
        {
            Assert.Equal(closing.OrHere, closing.Site.Candidates.Select(line => line.Line));
            return;
        }

        Assert.Equal(new SourceLine(closing.Path, closing.Here), closing.Site.Line);
        if (kind == CloseSiteKind.EndOfUsing && !release && closing.End > 0)
        {
            Assert.Equal(closing.End, closing.Site.ScopeEndLine);
        }
    }

    private static readonly Dictionary<string, (string Source, CloseOrigin Origin)> Origins = new()
    {
        ["Plain"] = ("socket.Close(); // here", CloseOrigin.Plain),
        ["Close(0)"] = ("socket.Close(0); // here", CloseOrigin.CloseZero),
        ["Close(timeout) that a silent peer lets pass"] = ("socket.Close(50); // here", CloseOrigin.TimedClose),
        ["linger zero set elsewhere"] = ("""
            socket.LingerState = new LingerOption(true, 0);
            Work();
            socket.Dispose(); // here
            """, CloseOrigin.UserLingerZero),
        ["pending asynchronous receive"] = ("""
            _ = socket.ReceiveAsync(new byte[1]).ContinueWith(task => task.Exception);
            socket.Dispose(); // here
            """, CloseOrigin.PendingAsync),
        ["handle disposed"] = ("socket.SafeHandle.Dispose(); // here", CloseOrigin.HandleDisposed),
        ["Disconnect(true)"] = ("socket.Disconnect(true); // here", CloseOrigin.DisconnectReuse),
        ["pending asynchronous read of a stream, which shuts down first"] = ("""
            var stream = new NetworkStream(socket, ownsSocket: true);
            _ = stream.ReadAsync(new byte[1], 0, 1).ContinueWith(task => task.Exception);
            stream.Dispose(); // here
            """, CloseOrigin.Plain),
        ["pending asynchronous receive of a TcpClient's socket, which shuts down first"] = ("""
            var client = new TcpClient { Client = socket };
            _ = client.Client.ReceiveAsync(new byte[1]).ContinueWith(task => task.Exception);
            client.Close(); // here
            """, CloseOrigin.Plain),
        ["pending blocking receive"] = ("""
            var blocked = new Thread(() => { s_task = new FileInfo("/proc/thread-self").LinkTarget; try { socket.Receive(new byte[1]); } catch (SocketException) { } });
            blocked.Start();
            WaitUntilBlocked();
            socket.Dispose(); // here
            blocked.Join();
            """, CloseOrigin.PendingBlocking),
    };

    public static TheoryData<string, bool> AllOrigins()
    {
        var data = new TheoryData<string, bool>();
        foreach (string name in Origins.Keys)
        {
            data.Add(name, false);
            data.Add(name, true);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(AllOrigins))]
    public async Task OriginAndLine_AreTold(string name, bool release)
    {
        (string body, CloseOrigin origin) = Origins[name];
        ClosingSource closing = await ClosingSource.RunAsync(
            Nothing
            + """
            // A thread inside recv() counts as running for .NET. The kernel tells that it sleeps, and that it is on no lock.
            static volatile string s_task;
            static void WaitUntilBlocked()
            {
                for (int asleep = 0, looks = 0; asleep < 5; looks++)
                {
                    if (looks > 3000) throw new TimeoutException("The receive did not block.");
                    Thread.Sleep(10);
                    if (s_task == null) continue;
                    string stat = File.ReadAllText("/proc/" + s_task + "/stat");
                    bool sleeps = stat[stat.LastIndexOf(')') + 2] == 'S' && !File.ReadAllText("/proc/" + s_task + "/wchan").Contains("futex");
                    asleep = sleeps ? asleep + 1 : 0;
                }
            }
            public static Task Run(Socket socket, Socket peer)
            {

            """ + body + "\nreturn Task.CompletedTask;\n}\n",
            release);

        Assert.Equal(origin, closing.Close.Origin);
        Assert.Equal(new SourceLine(closing.Path, closing.Here), closing.Site.Line);
    }

    [Theory]
    [InlineData("socket.Close(); // here")]
    [InlineData("new TcpClient { Client = socket }.Close(); // here")]
    [InlineData("new NetworkStream(socket, ownsSocket: true).Dispose(); // here")]
    public async Task UnreadBytes_AreCounted(string close)
    {
        ClosingSource closing = await ClosingSource.RunAsync(
            $$"""
            public static Task Run(Socket socket, Socket peer)
            {
                peer.Send(new byte[37]);
                while (socket.Available < 37) { Thread.Sleep(1); }
                {{close}}
                return Task.CompletedTask;
            }
            """,
            optimize: false);

        Assert.Equal((CloseOrigin.Plain, 37, 37), (closing.Close.Origin, closing.Close.UnreadBytes, closing.Close.AtClose?.UnreadBytes));
        Assert.Equal(new SourceLine(closing.Path, closing.Here), closing.Site.Line);
    }

    [Fact]
    public void SocketThatNobodyCloses_IsTheFinalizers()
    {
        using SocketEventLog.Lease lease = SocketEventLog.Acquire();
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        (IPEndPoint local, IPEndPoint remote) = Leak((IPEndPoint)listener.LocalEndPoint!);
        using Socket peer = listener.Accept();

        SocketClose? close = null;
        long deadline = Environment.TickCount64 + 30_000;
        while (close is null && Environment.TickCount64 < deadline)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            close = lease.Log.Find(local, remote, DateTimeOffset.UtcNow)?.Close;
        }

        Assert.NotNull(close);
        Assert.Equal((CloseOrigin.Finalizer, CloseSiteKind.Finalizer), (close.Origin, CloseSiteResolver.Resolve(close).Kind));
    }

    // Not inlined, or the caller's frame would keep the socket alive.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (IPEndPoint Local, IPEndPoint Remote) Leak(IPEndPoint server)
    {
#pragma warning disable RST3001 // The leak is the point.
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
#pragma warning restore RST3001
        socket.Connect(server);
        return ((IPEndPoint)socket.LocalEndPoint!, server);
    }
}
