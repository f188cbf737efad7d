using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using RstGuard.CallSites;
using RstGuard.Diagnosis;

namespace RstGuard.Tests.CallSites;

public sealed class CloseSiteResolverTests
{
    public static TheoryData<string, bool> AllShapes()
    {
        var data = new TheoryData<string, bool>();
        foreach (string shape in ClosingShapes.All.Keys)
        {
            data.Add(shape, false);
            data.Add(shape, true);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(AllShapes))]
    public async Task ClosingLine_IsTold(string shape, bool release)
    {
        ClosingShapes.NeedsItsFramework(shape);
        ClosingShapes.Outcome outcome = await ClosingShapes.RunAsync(shape, release);
        Assert.True(outcome.Kind is not ClosingShapes.OutcomeKind.Wrong, outcome.Told);
        Assert.Contains(outcome.Closing.Site.Method, ClosingShapes.All[shape].Method.Split('|'));
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
            ClosingShapes.Work
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
    [InlineData(false)]
    [InlineData(true)]
    public async Task AbortThatTheProgramAsksAFrameworkFor_IsTheFrameworks(bool release)
    {
        const string Shape = "Kestrel, aborted by the handler";
        ClosingShapes.NeedsItsFramework(Shape);
        ClosingSource closing = (await ClosingShapes.RunAsync(Shape, release)).Closing;

        Assert.Equal((CloseOrigin.FrameworkAbort, CloseSiteKind.Exact), (closing.Close.Origin, closing.Site.Kind));
        Assert.Equal(["RST1007"], ResetRules.For(CloseOrigin.FrameworkAbort, ResetCause.LingerZero));
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
