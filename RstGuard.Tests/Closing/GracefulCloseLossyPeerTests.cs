using System.Net.Sockets;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Lab;
using RstGuard.Scenarios;

namespace RstGuard.Tests.Closing;

/// <summary>
/// A path that loses every third packet in both directions. Over a path without loss a close that resets may look harmless, because the
/// peer has everything by then: here it has not.
/// </summary>
public sealed class GracefulCloseLossyPeerTests
{
    private const int Sent = 300_000;
    private const string EveryThird = "tcp dport != 0 numgen inc mod 3 0 drop";

    // A reset that is lost is not sent again, and its receiver would wait for ever.
    private const string EveryThirdWithData = "tcp dport != 0 meta length > 200 numgen inc mod 3 0 drop";

    [Theory]
    [InlineData(ConnectionKind.Socket, false)]
    [InlineData(ConnectionKind.Socket, true)]
    [InlineData(ConnectionKind.TcpClient, true)]
    [InlineData(ConnectionKind.NetworkStream, true)]
    public async Task GracefulClose_DeliversEverythingWithoutAReset(ConnectionKind kind, bool isAsync)
    {
        (int received, ResetRecording recording) = await CloseOverLossAsync(EveryThird, pair => pair.CloseAsync(kind, isAsync, ConnectedPair.Ample));
        Assert.Equal(Sent, received);
        Assert.True(recording.IsComplete);
        Assert.Empty(recording.Resets);
    }

    /// <summary>That the path is such a path.</summary>
    [Fact]
    public async Task PlainClose_LosesData()
    {
        (int received, ResetRecording recording) = await CloseOverLossAsync(EveryThirdWithData, pair =>
        {
            pair.Closing.Dispose();
            return Task.CompletedTask;
        });
        Assert.InRange(received, 0, Sent - 1);
        Assert.Equal(ResetCause.CloseWithUnread, recording.Resets[0].Candidates[0]);
    }

    private static async Task<(int Received, ResetRecording Recording)> CloseOverLossAsync(string loss, Func<ConnectedPair, Task> close)
    {
        Requirement.Check("netns", LabNetwork.Need, LabNetwork.Nft);
        await using LabNetwork network = await LabNetwork.CreateAsync(new ScenarioOptions());
        await using ResetRecorder recorder = await network.InvokeAsync(() => ResetRecorder.Start(LinuxPacketSocket.OpenLoopback()));
        using ConnectedPair pair = await network.InvokeAsync(() =>
        {
            using Socket listener = network.Listen();
            (Socket client, Socket server) = network.Connect(listener);
            network.Filter(loss);
            return new ConnectedPair(server, client);
        });
        pair.Closing.SendBufferSize = 2 * Sent;
        Assert.Equal(Sent, pair.Closing.Send(new byte[Sent]));
        pair.Peer.Send(new byte[1000]);
        LabNetwork.WaitUntil(() => pair.Closing.Available > 0, "The peer's data did not come.");
        Task closing = close(pair);
        int received = 0;
        try
        {
            using CancellationTokenSource limit = new(ConnectedPair.Ample);
            byte[] buffer = new byte[65_536];
            while (await pair.Peer.ReceiveAsync(buffer, limit.Token) is > 0 and int count)
            {
                received += count;
            }
        }
        catch (SocketException)
        {
            // Reset: what had come is what counts.
        }

        pair.Peer.Dispose();
        await closing;
        return (received, await recorder.StopAsync());
    }
}
