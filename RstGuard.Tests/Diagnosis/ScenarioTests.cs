using System.Net;
using System.Net.Sockets;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Scenarios;

namespace RstGuard.Tests.Diagnosis;

/// <summary>Each scenario under a real capture.</summary>
public sealed class ScenarioTests
{
    public static TheoryData<string, ResettingEnd, bool> Scenarios()
    {
        TheoryData<string, ResettingEnd, bool> data = [];
        foreach (ResetScenario scenario in LoopbackScenarios.All)
        {
            foreach (ResettingEnd end in scenario.Ends)
            {
                data.Add(scenario.Name, end, false);
                data.Add(scenario.Name, end, true);
            }
        }

        return data;
    }

    /// <summary>As root the kernel is asked too.</summary>
    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task Scenario_GivesItsCause(string name, ResettingEnd resetting, bool version6)
    {
        ResetScenario scenario = LoopbackScenarios.Find(name)!;
        CapabilityProbe probe = CaptureCapability.ProbePacketSocket();
        Requirement.Check("capture", probe.IsAvailable, probe.Reason + probe.Remedy);
        ScenarioOptions options = new() { Version6 = version6, Resetting = resetting };
        Assert.SkipWhen(scenario.Missing(options).Count > 0, string.Join(' ', scenario.Missing(options)));

        using KernelResetTrace? kernel = KernelOrNull();
        ScenarioResult result = await ScenarioRunner.RunAsync(scenario, options, kernel);

        string told = Tell(result);
        Assert.True(result.Recording.IsComplete, told);
        Assert.True(result.IsRight, told);
        Assert.Equal(scenario.Expected?.Shape, result.Verdict?.Shape);
        if (kernel is not null)
        {
            Assert.True(result.Agrees != false, told);
            Assert.True(result.Agrees is null == (scenario.Expected is null or { Reasons.Count: 0 }), told);
        }

        if (result.Verdict is { } verdict)
        {
            Assert.Equal(resetting == ResettingEnd.Server, result.Recording.Connections.Any(connection => connection.Server.Equals(verdict.Sender)));
            Assert.NotEmpty(verdict.LastSegments);
            Assert.All(verdict.Evidence, evidence => Assert.All(evidence.Frames, frame => Assert.InRange(frame, 1, result.Recording.Statistics.Received)));
        }
    }

    internal static string Tell(ScenarioResult result) =>
        $"{result.Scenario}: {result.Verdict?.Confidence} {result.Verdict?.Shape} {string.Join(" ", result.Verdict?.Candidates ?? [])}; kernel {result.Kernel?.Reason} {result.Kernel?.State} {string.Join(" < ", result.Kernel?.Stack ?? [])}; "
        + string.Join(" ", result.Recording.Gaps)
        + string.Concat((result.Verdict?.LastSegments ?? []).Select(segment => $"{Environment.NewLine}  {segment.Time:ss.ffffff} {segment.Source} > {segment.Destination} {segment.Flags} {segment.SequenceNumber} {segment.AcknowledgmentNumber} win {segment.Window} len {segment.PayloadLength}"));

    private static KernelResetTrace? KernelOrNull()
    {
        KernelResetTrace? trace = null;
        string reason = "";
        try
        {
            trace = KernelResetTrace.Open();
        }
        catch (CaptureUnavailableException exception)
        {
            reason = exception.Message;
        }

        if ((Environment.GetEnvironmentVariable(Requirement.Variable) ?? "").Contains("oracle", StringComparison.Ordinal))
        {
            Requirement.Check("oracle", trace is not null, reason);
        }

        return trace;
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
