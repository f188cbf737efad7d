using System.Net;
using System.Net.Sockets;
using RstGuard.Diagnosis;
using RstGuard.Scenarios;
using RstGuard.Tests.CallSites;
using static RstGuard.Tests.Guard.Guarded;

namespace RstGuard.Tests.Guard;

/// <summary>Whose reset fails which test.</summary>
[IntentionalReset("The guard must see these resets.")]
public sealed class GuardOwnershipTests
{
    private const int Tests = 8;

    [Fact]
    public async Task EightGuardsAtOnce_EachTellsItsOwnResetsAlone()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        var allWatch = new Rendezvous(Tests);
        var allDone = new Rendezvous(Tests);
        ResetCause[][] told = await Task.WhenAll(Enumerable.Range(0, Tests).Select(test => Task.Run(() => Test(test))));

        Assert.All(told, (causes, test) => Assert.Equal(Made(test), causes));

        // The first half resets nobody, the others once to four times.
        static ResetCause[] Made(int test) => [.. Enumerable.Repeat(ResetCause.LingerZero, Math.Max(0, test - (Tests / 2) + 1))];

        async Task<ResetCause[]> Test(int test)
        {
            await using ResetGuard guard = ResetGuard.Start(On(address));
            await allWatch.ArriveAsync();
            using var listener = new TcpListener(address, 0);
            listener.Start();
            ResetCause[] made = Made(test);
            for (int i = 0; i < 4; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(listener.LocalEndpoint);
                using Socket accepted = await listener.AcceptSocketAsync();
                if (i < made.Length)
                {
                    socket.CloseAbortively();
                }

                socket.Dispose();
            }

            await allDone.ArriveAsync();
            await guard.StopAsync();
            Assert.Empty(guard.UnownedResets);
            return [.. guard.Resets.Select(reset => reset.Candidates[0])];
        }
    }

    [Fact]
    public async Task SocketMadeBeforeEveryGuard_IsOfTheOneThatConnectsIt()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        using var listener = new TcpListener(address, 0);
        listener.Start();
        var blocking = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var asynchronous = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var bothWatch = new Rendezvous(2);
        var bothDone = new Rendezvous(2);

        Task<int> other = Task.Run(async () =>
        {
            await using ResetGuard guard = ResetGuard.Start(On(address));
            await bothWatch.ArriveAsync();
            await bothDone.ArriveAsync();
            await guard.StopAsync();
            return guard.Resets.Count;
        });
        Task<int> connecting = Task.Run(async () =>
        {
            await using ResetGuard guard = ResetGuard.Start(On(address));
            await bothWatch.ArriveAsync();
            blocking.Connect(listener.LocalEndpoint);
            await asynchronous.ConnectAsync(listener.LocalEndpoint);
            blocking.CloseAbortively();
            asynchronous.CloseAbortively();
            await bothDone.ArriveAsync();
            await guard.StopAsync();
            return guard.Resets.Count;
        });

        Assert.Equal((0, 2), (await other, await connecting));
    }

    [Fact]
    public async Task ResetOfNobodysConnection_WhileSeveralWatch_IsANoteInAllAndFailsNone()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        (Socket socket, Socket peer) = LoopbackConnection.Open(address);
        var bothWatch = new Rendezvous(2);
        var bothDone = new Rendezvous(2);
        IReadOnlyList<string>[] notes = await Task.WhenAll(Task.Run(() => Test(resets: true)), Task.Run(() => Test(resets: false)));
        peer.Dispose();

        Assert.All(notes, note => Assert.Contains("belong to no running guard", Assert.Single(note), StringComparison.Ordinal));

        async Task<IReadOnlyList<string>> Test(bool resets)
        {
            await using ResetGuard guard = ResetGuard.Start(On(address));
            await bothWatch.ArriveAsync();
            if (resets)
            {
                socket.CloseAbortively();
            }

            await bothDone.ArriveAsync();
            await guard.AssertNoResetsAsync();
            Assert.Empty(guard.Resets);
            return guard.Notes;
        }
    }

    [Fact]
    public async Task RefusedConnect_IsReportedAsReceived()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetGuard guard = ResetGuard.Start(On(address));
        using (var client = new TcpClient())
        {
            await Assert.ThrowsAsync<SocketException>(() => client.ConnectAsync(address, ClosedPort(address)));
        }

        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.Throws<SocketException>(() => socket.Connect(address, ClosedPort(address)));

        await guard.AssertNoResetsAsync();
        Assert.Equal(
            [(false, ResetCause.ClosedPort), (false, ResetCause.ClosedPort)],
            guard.Resets.Select(reset => (reset.SentByThisProcess!.Value, reset.Candidates[0])));
        Assert.Empty(guard.ForeignResets);
    }

    internal static int ClosedPort(IPAddress address)
    {
        // Bound and not listening: nobody else gets it, and a connect to it is refused until the process ends.
        var bound = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Bound.Add(bound);
        bound.Bind(new IPEndPoint(address, 0));
        return ((IPEndPoint)bound.LocalEndPoint!).Port;
    }

    private static readonly System.Collections.Concurrent.ConcurrentBag<Socket> Bound = [];
}
