using System.Diagnostics;
using System.Net;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Scenarios;

namespace RstGuard.Tests.Diagnosis;

public sealed class KernelResetTraceTests
{
    public static TheoryData<ResetCause, string> Causes() => new()
    {
        { ResetCause.ClosedPort, "NO_SOCKET" },
        { ResetCause.CloseWithUnread, "TCP_ABORT_ON_CLOSE" },
        { ResetCause.LingerZero, "TCP_STATE" },
        { ResetCause.DisconnectUnspec, "TCP_STATE" },
        { ResetCause.DataAfterClose, "TCP_TIMEWAIT_SOCKET TCP_ABORT_ON_DATA TCP_FLAGS NO_SOCKET" },
    };

    [Theory]
    [MemberData(nameof(Causes))]
    public async Task Kernel_AgreesWithTheScenario(ResetCause cause, string reasons)
    {
        using KernelResetTrace trace = OpenOrSkip();
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetRecorder recorder = ResetRecorder.Start(LinuxPacketSocket.OpenLoopback(new CaptureFilter { Addresses = [address] }));
        await ResetScenario.RunAsync(cause, ResettingEnd.Server, address);
        ResetRecording recording = await recorder.StopAsync();

        ResetVerdict before = recording.Resets.First(reset => !reset.FollowsEarlierReset);
        ResetVerdict verdict = trace.Confirm(recording.Resets).First(reset => !reset.FollowsEarlierReset);
        Assert.NotNull(verdict.Kernel);
        Assert.True(verdict.Kernel.Agrees, string.Join(" < ", verdict.Kernel.Stack));
        Assert.Contains(verdict.Kernel.Reason, reasons.Split(' '));
        Assert.Equal(before.Cause, verdict.Cause);
        Assert.Equal(before.Cause is null ? before.Confidence : Confidence.Certain, verdict.Confidence);
        KernelResetTrace.TracedReset facts = new(verdict.Sender, verdict.Receiver, verdict.Kernel.State, verdict.Kernel.Reason, [.. verdict.Kernel.Stack]);
        Assert.True(KernelResetTrace.Fits(cause, facts));
        Assert.Equal([cause], ResetScenario.Causes.Where(other => KernelResetTrace.Fits(other, facts)).Where(other => other != ResetCause.DataAfterClose || cause == other));
    }

    [Fact]
    public async Task WrongCause_IsContradictedAndKept()
    {
        using KernelResetTrace trace = OpenOrSkip();
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetRecorder recorder = ResetRecorder.Start(LinuxPacketSocket.OpenLoopback(new CaptureFilter { Addresses = [address] }));
        await ResetScenario.RunAsync(ResetCause.LingerZero, ResettingEnd.Server, address);
        ResetRecording recording = await recorder.StopAsync();

        ResetVerdict wrong = Assert.Single(recording.Resets) with { Candidates = [ResetCause.CloseWithUnread], Confidence = Confidence.Strong };
        ResetVerdict verdict = Assert.Single(trace.Confirm([wrong]));
        Assert.False(verdict.Kernel!.Agrees);
        Assert.Equal((ResetCause.CloseWithUnread, Confidence.Strong), (verdict.Cause, verdict.Confidence));
    }

    [Fact]
    public void InstanceOfAKilledProcess_IsRemoved_AndNoOther()
    {
        using KernelResetTrace trace = OpenOrSkip();
        string instances = Path.GetDirectoryName(trace.Instance)!;
        string processNamespace = KernelResetTrace.Owner.Split('-')[0];
        using Process ended = Process.Start("true");
        ended.WaitForExit();
        string left = Path.Combine(instances, $"rstguard-{processNamespace}-{ended.Id}-1");
        string foreign = Path.Combine(instances, $"rstguard-1-{ended.Id}-1");
        Directory.CreateDirectory(left);
        File.WriteAllText(Path.Combine(left, "events/tcp/tcp_send_reset/trigger"), "stacktrace");
        Directory.CreateDirectory(foreign);
        try
        {
            using (KernelResetTrace.Open())
            {
                Assert.False(Directory.Exists(left), "The instance of an ended process is still there.");
                Assert.True(Directory.Exists(foreign), "The number counts in another process namespace.");
                Assert.True(Directory.Exists(trace.Instance), "This process lives.");
            }
        }
        finally
        {
            Directory.Delete(foreign);
        }
    }

    private static KernelResetTrace OpenOrSkip()
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

        Requirement.Check("oracle", trace is not null, reason);
        return trace!;
    }
}
