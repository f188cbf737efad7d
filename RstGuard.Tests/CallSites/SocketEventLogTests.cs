using System.Net;
using System.Net.Sockets;
using RstGuard.CallSites;
using RstGuard.Scenarios;

namespace RstGuard.Tests.CallSites;

[IntentionalReset("What is told of these closes is what is tried.")]
public sealed class SocketEventLogTests
{
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);

    [Theory]
    [InlineData("over", false)]
    [InlineData("over, all stacks asked for", true)]
    [InlineData("over, Close(0)", true)]
    [InlineData("the peer has not ended", true)]
    [InlineData("this end has not ended", false)]
    [InlineData("this end has not ended, all stacks asked for", true)]
    [InlineData("this end has not ended, lingers", true)]
    [InlineData("this end has not ended, with unread data", true)]
    [InlineData("over, with unread data", true)]
    public void StackOfAClose_IsKeptUnlessThePeerWasDone(string state, bool kept)
    {
        using SocketEventLog.Lease lease = SocketEventLog.AcquireAlone();
        if (state.EndsWith("asked for", StringComparison.Ordinal))
        {
            lease.KeepAllStacks();
        }

        (Socket socket, Socket peer, IPEndPoint local, IPEndPoint remote) = Connect();
        using (peer)
        {
            if (state.EndsWith("unread data", StringComparison.Ordinal))
            {
                peer.Send([1]);
            }

            if (!state.StartsWith("this end has not ended", StringComparison.Ordinal))
            {
                socket.Shutdown(SocketShutdown.Send);
                Assert.Equal(0, peer.Receive(new byte[1]));
            }

            if (state != "the peer has not ended")
            {
                peer.Shutdown(SocketShutdown.Send);
                Assert.True(socket.Poll(TimeSpan.FromMinutes(1), SelectMode.SelectRead));
            }

            if (state.EndsWith("lingers", StringComparison.Ordinal))
            {
                socket.LingerState = new LingerOption(true, 5);
            }

            socket.Close(state.EndsWith("Close(0)", StringComparison.Ordinal) ? 0 : -1);
        }

        SocketClose? close = lease.Log.Find(local, remote, DateTimeOffset.UtcNow)?.Close;
        Assert.NotNull(close);
        Assert.Equal(kept, close.Frames.Length > 0);
        Assert.Equal(state == "over, Close(0)" ? CloseOrigin.CloseZero : CloseOrigin.Plain, close.Origin);
    }

    [Fact]
    public async Task StackOfAClose_IsKeptWhereTheRuntimeMakesItAbortive_ThoughThePeerWasDone()
    {
        Requirement.Check("linux", OperatingSystem.IsLinux(), "Other systems' readers don't tell that the peer is done.");
        using SocketEventLog.Lease lease = SocketEventLog.AcquireAlone();
        (Socket socket, Socket peer, IPEndPoint local, IPEndPoint remote) = Connect();
        using (peer)
        {
            peer.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, socket.Receive(new byte[1]));
            byte[] much = new byte[16 * 1024 * 1024];
            ValueTask<int> pending = socket.SendAsync(much, CancellationToken.None);
            Assert.False(pending.IsCompleted);
            Assert.True(new LinuxSocketReader().TryRead((int)socket.Handle, out SocketState state));
            Assert.True(state.PeerIsDone);
            socket.Dispose();
            await Assert.ThrowsAsync<SocketException>(async () => await pending);
        }

        SocketClose? close = lease.Log.Find(local, remote, DateTimeOffset.UtcNow)?.Close;
        Assert.NotNull(close);
        Assert.Equal(CloseOrigin.PendingAsync, close.Origin);
        Assert.Contains(close.Frames, frame => frame.Method.DeclaringType?.FullName?.Contains(nameof(SocketEventLogTests), StringComparison.Ordinal) == true);
    }

    [Theory]
    [InlineData(1, 0, false)] // ESTABLISHED
    [InlineData(5, 0, false)] // FIN-WAIT-2
    [InlineData(6, 0, true)] // TIME-WAIT
    [InlineData(7, 0, true)] // CLOSE
    [InlineData(8, 0, true)] // CLOSE-WAIT
    [InlineData(8, 1, false)]
    [InlineData(9, 0, true)] // LAST-ACK
    [InlineData(10, 0, false)] // LISTEN
    [InlineData(11, 0, true)] // CLOSING
    public void PeerIsDone_WhereItsFinHasComeAndAllIsRead(int tcpState, int unread, bool isDone)
    {
        IPEndPoint end = new(IPAddress.Loopback, 1);
        Assert.Equal(isDone, new SocketState(end, end, false, unread, null, tcpState).PeerIsDone);
    }

    [Fact]
    public void ClosesInOnePlace_ShareTheirStack()
    {
        using SocketEventLog.Lease lease = SocketEventLog.Acquire();
        var ends = new List<(IPEndPoint Local, IPEndPoint Remote)>();
        for (int i = 0; i < 2; i++)
        {
            (Socket socket, Socket peer, IPEndPoint local, IPEndPoint remote) = Connect();
            socket.Dispose();
            peer.Dispose();
            ends.Add((local, remote));
        }

        CapturedFrame[][] frames = [.. ends.Select(end => lease.Log.Find(end.Local, end.Remote, DateTimeOffset.UtcNow)!.Close!.Frames)];
        Assert.NotEmpty(frames[0]);
        Assert.Same(frames[0], frames[1]);
    }

    [Fact]
    public void AllIsClosed_WhenBothEndsAre()
    {
        using SocketEventLog.Lease lease = SocketEventLog.Acquire();
        object owner = new();
        SocketEventLog.FlowOwner.Value = owner;
        DateTimeOffset since = DateTimeOffset.UtcNow;
        (Socket socket, Socket peer, _, _) = Connect();
        bool AllClosed() => lease.Log.AllClosed(owner, orNobody: false, since, outsiders: Long);

        Assert.False(AllClosed());
        socket.Dispose();
        Assert.False(AllClosed());
        peer.Dispose();
        Assert.True(AllClosed());
    }

    [Fact]
    public void CloseTowardsAPeerThatIsNotOfThisProcess_LeavesSomethingOpenForAWhile()
    {
        using SocketEventLog.Lease lease = SocketEventLog.Acquire();
        object owner = new();
        SocketEventLog.FlowOwner.Value = owner;
        DateTimeOffset since = DateTimeOffset.UtcNow;

        // The kernel takes the connection; nobody accepts it, as far as this process knows.
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(LoopbackPair.UniqueAddress(), 0));
        listener.Listen(1);
        using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            socket.Connect(listener.LocalEndPoint!);
        }

        Assert.False(lease.Log.AllClosed(owner, orNobody: false, since, outsiders: Long));
        Assert.True(lease.Log.AllClosed(owner, orNobody: false, since, outsiders: -Long));
    }

    [Theory]
    [InlineData("listening")]
    [InlineData("connected")]
    [InlineData("unread data and linger")]
    [InlineData("the peer has ended")]
    [InlineData("over")]
    public void ReadingWhatChanges_TellsWhatReadingAllDoes(string state)
    {
        Requirement.Check("linux", OperatingSystem.IsLinux(), "Linux alone has a reader of its own.");
        var reader = new LinuxSocketReader();
        if (state == "listening")
        {
            using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(LoopbackPair.UniqueAddress(), 0));
            listener.Listen(1);
            Same(reader, listener, (IPEndPoint)listener.LocalEndPoint!, null, isOver: false);
            return;
        }

        (Socket socket, Socket peer, IPEndPoint local, IPEndPoint remote) = Connect();
        using (socket)
        using (peer)
        {
            if (state.StartsWith("unread", StringComparison.Ordinal))
            {
                peer.Send([1, 2, 3]);
                Assert.True(socket.Poll(TimeSpan.FromMinutes(1), SelectMode.SelectRead));
                socket.LingerState = new LingerOption(true, 7);
            }

            if (state is "the peer has ended" or "over")
            {
                peer.Shutdown(SocketShutdown.Send);
                Assert.Equal(0, socket.Receive(new byte[1]));
            }

            if (state == "over")
            {
                socket.Shutdown(SocketShutdown.Send);
                Assert.Equal(0, peer.Receive(new byte[1]));

                // Its acknowledgment may be on its way yet.
                Assert.True(SpinWait.SpinUntil(() => reader.TryRead((int)socket.Handle, local, remote, out SocketState so) && so.IsOver, TimeSpan.FromMinutes(1)));
            }

            Same(reader, socket, local, remote, state == "over");
            socket.LingerState = new LingerOption(false, 0);
        }
    }

    [Theory]
    [InlineData(6, 0, true)] // TIME-WAIT
    [InlineData(7, 0, true)] // CLOSE
    [InlineData(7, 1, false)]
    [InlineData(8, 0, false)] // CLOSE-WAIT
    [InlineData(9, 0, false)] // LAST-ACK: linger zero resets while data is unsent
    [InlineData(11, 0, false)] // CLOSING: likewise
    public void ConnectionIsOver_WhereNoCloseCanReset(int tcpState, int unread, bool isOver)
    {
        IPEndPoint end = new(IPAddress.Loopback, 1);
        Assert.Equal(isOver, new SocketState(end, end, false, unread, null, tcpState).IsOver);
    }

    private static void Same(LinuxSocketReader reader, Socket socket, IPEndPoint local, IPEndPoint? remote, bool isOver)
    {
        int descriptor = (int)socket.Handle;
        Assert.True(reader.TryRead(descriptor, out SocketState all));
        Assert.True(reader.TryRead(descriptor, local, remote, out SocketState changed));

        // The kernel does not tell the peer of a connection that is over; it was known.
        Assert.Equal(all with { Remote = isOver ? remote : all.Remote }, changed);
        Assert.Equal(isOver, changed.IsOver);
        Assert.True(reader.TryLook(descriptor, out bool connected, out bool listening));
        Assert.Equal((all.Remote is not null, all.Listening), (connected, listening));
    }

    private static (Socket Socket, Socket Peer, IPEndPoint Local, IPEndPoint Remote) Connect()
    {
        (Socket socket, Socket peer) = LoopbackConnection.Open(LoopbackPair.UniqueAddress());
        return (socket, peer, (IPEndPoint)socket.LocalEndPoint!, (IPEndPoint)socket.RemoteEndPoint!);
    }
}
