using System.Net;
using System.Net.Sockets;
using RstGuard.CallSites;
using RstGuard.Diagnosis;
using RstGuard.Scenarios;
using RstGuard.Tests.CallSites;
using static RstGuard.Tests.Guard.Guarded;

namespace RstGuard.Tests.Guard;

/// <summary>Resets that are meant.</summary>
[IntentionalReset("The guard must see these resets.")]
public sealed class GuardExpectationTests
{
    [Fact]
    public async Task ExpectedReset_Passes()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetGuard guard = ResetGuard.Start(On(address));
        guard.Expect(ResetCause.ClosedPort);
        guard.Expect(ResetCause.LingerZero);
        using (var client = new TcpClient())
        {
            await Assert.ThrowsAsync<SocketException>(() => client.ConnectAsync(address, GuardOwnershipTests.ClosedPort(address)));
        }

        ResetConnection(address);
        await guard.AssertNoResetsAsync();
        Assert.Equal(2, guard.Resets.Count);
        Assert.Throws<InvalidOperationException>(() => guard.Expect(ResetCause.Mptcp));
    }

    [Fact]
    public async Task ExpectedResetThatDoesNotCome_Fails()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetGuard guard = ResetGuard.Start(On(address));
        guard.Expect(ResetCause.ClosedPort);

        ExpectedResetMissingException exception = await Assert.ThrowsAsync<ExpectedResetMissingException>(() => guard.AssertNoResetsAsync());
        Assert.Equal(ResetCause.ClosedPort, Assert.Single(exception.Missing).Cause);
        Assert.Contains("ClosedPort", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ExpectedResetThatCanNotBeSeen_IsInconclusive()
    {
        await using ResetGuard guard = ResetGuard.Start(WithoutCapture);
        guard.Expect(ResetCause.ClosedPort);
        await Assert.ThrowsAsync<ResetGuardInconclusiveException>(() => guard.AssertNoResetsAsync());
    }

    [Theory]
    [InlineData("cause", true)]
    [InlineData("other cause", false)]
    [InlineData("endpoint", true)]
    [InlineData("port alone", true)]
    [InlineData("other endpoint", false)]
    [InlineData("file", true)]
    [InlineData("line", true)]
    [InlineData("other line", false)]
    [InlineData("part of a file's name", false)]
    [InlineData("method", true)]
    [InlineData("other method", false)]
    [InlineData("cause at another line", false)]
    public async Task AllowedReset_Passes_AnotherFails(string pattern, bool passes)
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        using var listener = new TcpListener(address, 0);
        listener.Start();
        var end = (IPEndPoint)listener.LocalEndpoint;
        int line = Line() + 21;
        ResetPattern allowed = pattern switch
        {
            "cause" => new ResetPattern { Cause = ResetCause.LingerZero },
            "other cause" => new ResetPattern { Cause = ResetCause.CloseWithUnread },
            "endpoint" => new ResetPattern { Endpoint = new IPEndPoint(end.Address.MapToIPv6(), end.Port) },
            "port alone" => new ResetPattern { Endpoint = new IPEndPoint(IPAddress.Any, end.Port) },
            "other endpoint" => new ResetPattern { Endpoint = new IPEndPoint(end.Address, 1) },
            "file" => new ResetPattern { CallSite = "Guard/GuardExpectationTests.cs" },
            "line" => new ResetPattern { CallSite = $"GuardExpectationTests.cs:{line}" },
            "other line" => new ResetPattern { CallSite = $"GuardExpectationTests.cs:{line + 1}" },
            "part of a file's name" => new ResetPattern { CallSite = "ExpectationTests.cs" },
            "method" => new ResetPattern { CallSite = nameof(AllowedReset_Passes_AnotherFails) },
            "other method" => new ResetPattern { CallSite = nameof(ExpectedReset_Passes) },
            _ => new ResetPattern { Cause = ResetCause.LingerZero, CallSite = "Elsewhere.cs" },
        };
        await using ResetGuard guard = ResetGuard.Start(On(address) with { Allowed = [allowed] });
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(end);
        using Socket peer = listener.AcceptSocket();
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
        if (passes)
        {
            await guard.AssertNoResetsAsync();
        }
        else
        {
            await Assert.ThrowsAsync<ResetDetectedException>(() => guard.AssertNoResetsAsync());
        }

        GuardedReset reset = Assert.Single(guard.Resets);
        Assert.Equal(line, reset.Site?.Line?.Line);
    }

    [Fact]
    public async Task CreationStack_TellsWhereALeakedSocketWasMade()
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        using var listener = new TcpListener(address, 0);
        listener.Start();
        await using ResetGuard guard = ResetGuard.Start(On(address) with { CreationStacks = true });
        int line = Leak((IPEndPoint)listener.LocalEndpoint);
        using Socket peer = listener.AcceptSocket();
        byte[] one = new byte[1];
        Task<int> read = Task.Run(() => peer.Receive(one));
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return read.IsCompleted;
            },
            TimeSpan.FromSeconds(60)));
        await Assert.ThrowsAsync<SocketException>(() => read);

        ResetDetectedException exception = await Assert.ThrowsAsync<ResetDetectedException>(() => guard.AssertNoResetsAsync());
        GuardedReset reset = Assert.Single(exception.Resets);
        Assert.Equal((CloseOrigin.Finalizer, line), (reset.Origin, reset.CreationSite?.Line?.Line));
        Assert.Contains($"{nameof(GuardExpectationTests)}.cs:{line}", exception.Message, StringComparison.Ordinal);
    }

    // Not inlined, or the caller's frame would keep the socket alive.
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static int Leak(IPEndPoint server)
    {
#pragma warning disable RST3001 // The leak is the point.
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
#pragma warning restore RST3001
        socket.Connect(server);
        return Line() - 3;
    }

    private static void ResetConnection(IPAddress address)
    {
        (Socket socket, Socket peer) = LoopbackConnection.Open(address);
        socket.CloseAbortively();
        peer.Dispose();
    }
}
