using System.Net;
using System.Net.Sockets;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Scenarios;

namespace RstGuard.Tests.Diagnosis;

/// <summary>Verdicts on connections that no scenario makes, under a real capture.</summary>
public sealed class WireVerdictTests
{
    [Fact]
    public async Task GracefulClose_GivesNoReset()
    {
        CapabilityProbe probe = CaptureCapability.ProbePacketSocket();
        Requirement.Check("capture", probe.IsAvailable, probe.Reason + probe.Remedy);
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetRecorder recorder = ResetRecorder.Start(LinuxPacketSocket.OpenLoopback(new CaptureFilter { Addresses = [address] }));
        using (LoopbackPair pair = await LoopbackPair.ConnectAsync(address))
        {
            await pair.Client.SendAsync(new byte[1234]);
            pair.Client.Shutdown(SocketShutdown.Send);
            byte[] buffer = new byte[4096];
            int read = 0;
            for (int taken; (taken = await pair.Server.ReceiveAsync(buffer)) > 0;)
            {
                read += taken;
            }

            Assert.Equal(1234, read);
        }

        ResetRecording recording = await recorder.StopAsync();
        Assert.True(recording.IsComplete, string.Join(" ", recording.Gaps));
        Assert.Empty(recording.Resets);
        ConnectionSummary connection = Assert.Single(recording.Connections);
        Assert.Equal((1234L, 0L, true, true, true), (connection.BytesFromClient, connection.BytesFromServer, connection.ClientFin, connection.ServerFin, connection.IsWhole));
    }

    [Fact]
    public async Task ReflectedTypeOfService_ProvesTheClosedPort()
    {
        IPAddress address = UniqueAddressOrSkip();
        await using ResetRecorder recorder = ResetRecorder.Start(LinuxPacketSocket.OpenLoopback(new CaptureFilter { Addresses = [address] }));
        using (Socket reserved = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        using (Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            reserved.Bind(new IPEndPoint(address, 0));
            client.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.TypeOfService, 0x10);
            await Assert.ThrowsAnyAsync<SocketException>(() => client.ConnectAsync(reserved.LocalEndPoint!));
        }

        ResetVerdict verdict = Assert.Single((await recorder.StopAsync()).Resets);
        Assert.Equal((ResetCause.ClosedPort, Confidence.Strong), (verdict.Cause, verdict.Confidence));
    }

    [Fact]
    [IntentionalReset("The classifier must judge it.")]
    public async Task FilledWindow_ThatTheResetReopens_IsCloseWithUnread()
    {
        ResetVerdict verdict = await ResetAfterFillAsync(int.MaxValue, pair => pair.Server.Close());
        Assert.Equal((ResetCause.CloseWithUnread, Confidence.Likely), (verdict.Cause, verdict.Confidence));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(500)]
    [InlineData(1000)]
    [InlineData(2000)]
    [InlineData(3000)]
    [InlineData(5000)]
    [InlineData(int.MaxValue)]
    [IntentionalReset("The classifier must judge it.")]
    public async Task FilledWindow_ReadBeforeLingerZero_IsNotCloseWithUnread(int bytes)
    {
        ResetVerdict verdict = await ResetAfterFillAsync(bytes, pair =>
        {
            byte[] buffer = new byte[1 << 20];
            pair.Server.Blocking = false;
            // What the client could not send before comes when the window opens again.
            while (pair.Server.Poll(200_000, SelectMode.SelectRead))
            {
                pair.Server.Receive(buffer);
            }

            pair.Server.LingerState = new LingerOption(true, 0);
            pair.Server.Close();
        });
        Assert.Contains(ResetCause.LingerZero, verdict.Candidates);
        Assert.NotEqual(ResetCause.CloseWithUnread, verdict.Cause);
    }

    [Fact]
    [IntentionalReset("The classifier must judge it.")]
    public async Task CaptureBegunAfterTheHandshake_KeepsTheTrueCauseAmongTheCandidates()
    {
        IPAddress address = UniqueAddressOrSkip();
        using LoopbackPair pair = await LoopbackPair.ConnectAsync(address);
        await using ResetRecorder recorder = ResetRecorder.Start(LinuxPacketSocket.OpenLoopback(new CaptureFilter { Addresses = [address] }));
        pair.Server.LingerState = new LingerOption(true, 0);
        pair.Server.Close();
        await LoopbackPair.WaitForEndAsync(pair.Client);

        ResetRecording recording = await recorder.StopAsync();
        ResetVerdict verdict = Assert.Single(recording.Resets);
        Assert.Equal(Confidence.Ambiguous, verdict.Confidence);
        Assert.Contains(ResetCause.LingerZero, verdict.Candidates);
        Assert.False(Assert.Single(recording.Connections).IsWhole);
    }

    private static IPAddress UniqueAddressOrSkip()
    {
        CapabilityProbe probe = CaptureCapability.ProbePacketSocket();
        Requirement.Check("capture", probe.IsAvailable, probe.Reason + probe.Remedy);
        return LoopbackPair.UniqueAddress();
    }

    [IntentionalReset("The classifier must judge it.")]
    private static async Task<ResetVerdict> ResetAfterFillAsync(int bytes, Action<LoopbackPair> close)
    {
        IPAddress address = UniqueAddressOrSkip();
        await using ResetRecorder recorder = ResetRecorder.Start(LinuxPacketSocket.OpenLoopback(new CaptureFilter { Addresses = [address] }));
        using (LoopbackPair pair = await LoopbackPair.ConnectAsync(address, receiveBufferSize: 4096))
        {
            if (bytes == int.MaxValue)
            {
                LoopbackPair.FillWindow(pair.Client);
            }
            else
            {
                pair.Client.Send(new byte[bytes]);
                await LoopbackPair.WaitForBytesAsync(pair.Server, Math.Min(bytes, 1000));
            }

            close(pair);
            await KernelSockets.WaitUntilGoneAsync(pair.ClientEndPoint, pair.ServerEndPoint);
        }

        return (await recorder.StopAsync()).Resets.First(reset => !reset.FollowsEarlierReset);
    }

    [Fact]
    public async Task OverrunBuffer_MakesTheRecordingIncomplete()
    {
        CapabilityProbe probe = CaptureCapability.ProbePacketSocket();
        Requirement.Check("capture", probe.IsAvailable, probe.Reason + probe.Remedy);
        IPAddress address = LoopbackPair.UniqueAddress();
        using LoopbackPair pair = await LoopbackPair.ConnectAsync(address);
        LinuxPacketSocket source = LinuxPacketSocket.OpenLoopback(new CaptureFilter { Addresses = [address] }, new LinuxPacketSocketOptions { BufferSize = 4096 });
        LoopbackPair.FillWindow(pair.Client);
        await using ResetRecorder recorder = ResetRecorder.Start(source);
        ResetRecording recording = await recorder.StopAsync();

        Assert.True(recording.Statistics.Dropped > 0);
        Assert.False(recording.IsComplete);
    }
}
