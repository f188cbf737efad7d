using System.Net;
using System.Net.Sockets;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Scenarios;

namespace RstGuard.Tests.Diagnosis;

/// <summary>Each scenario under a real capture.</summary>
public sealed class ScenarioTests
{
    public static TheoryData<ResetCause, ResettingEnd, bool> Scenarios()
    {
        TheoryData<ResetCause, ResettingEnd, bool> data = [];
        foreach (ResetCause cause in ResetScenario.Causes)
        {
            foreach (bool version6 in new[] { false, true })
            {
                data.Add(cause, ResettingEnd.Server, version6);
                if (cause != ResetCause.ClosedPort)
                {
                    data.Add(cause, ResettingEnd.Client, version6);
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task Scenario_GivesItsCause(ResetCause cause, ResettingEnd resetting, bool version6)
    {
        CapabilityProbe probe = CaptureCapability.ProbePacketSocket();
        Requirement.Check("capture", probe.IsAvailable, probe.Reason + probe.Remedy);
        IPAddress address = version6 ? IPAddress.IPv6Loopback : LoopbackPair.UniqueAddress();
        Assert.SkipWhen(version6 && !Socket.OSSupportsIPv6, "This system has no IPv6.");

        await using ResetRecorder recorder = ResetRecorder.Start(LinuxPacketSocket.OpenLoopback(new CaptureFilter { Addresses = [address] }));
        await ResetScenario.RunAsync(cause, resetting, address);
        ResetRecording recording = await recorder.StopAsync();

        Assert.Empty(recording.Gaps);
        // On ::1 other tests' traffic is captured too; there the scenario's own reset is among them.
        ResetVerdict[] roots = [.. recording.Resets.Where(reset => !reset.FollowsEarlierReset)];
        ResetVerdict verdict = version6 ? roots.First(reset => reset.Candidates.Contains(cause)) : Assert.Single(roots);
        Assert.Contains(cause, verdict.Candidates);
        Confidence expected = cause is ResetCause.ClosedPort or ResetCause.DataAfterClose ? Confidence.Likely : Confidence.Ambiguous;
        Assert.Equal(expected, verdict.Confidence);
        Assert.Equal(cause switch { ResetCause.ClosedPort => ResetShape.PassiveToSyn, ResetCause.DataAfterClose => ResetShape.Passive, _ => ResetShape.Active }, verdict.Shape);
        Assert.NotEmpty(verdict.LastSegments);
        if (cause is ResetCause.LingerZero or ResetCause.DisconnectUnspec)
        {
            Assert.DoesNotContain(ResetCause.CloseWithUnread, verdict.Candidates);
        }
    }

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
