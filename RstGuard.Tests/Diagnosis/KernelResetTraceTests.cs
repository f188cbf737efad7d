using System.Diagnostics;
using System.Net;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Scenarios;

namespace RstGuard.Tests.Diagnosis;

public sealed class KernelResetTraceTests
{
    [Fact]
    public async Task Kernel_RaisesARightVerdictToCertain_AndLeavesItsCause()
    {
        using KernelResetTrace trace = OpenOrSkip();
        ScenarioResult result = await ScenarioRunner.RunAsync(LoopbackScenarios.Find("DataAfterClose")!, kernel: trace);
        ResetVerdict verdict = trace.Confirm(result.Recording.Resets).First(reset => !reset.FollowsEarlierReset);
        Assert.Equal((ResetCause.DataAfterClose, Confidence.Likely), (result.Verdict!.Cause, result.Verdict.Confidence));
        Assert.Equal((ResetCause.DataAfterClose, Confidence.Certain), (verdict.Cause, verdict.Confidence));
    }

    [Fact]
    public async Task Kernel_LeavesAnAmbiguousVerdictAmbiguous()
    {
        using KernelResetTrace trace = OpenOrSkip();
        ScenarioResult result = await ScenarioRunner.RunAsync(LoopbackScenarios.Find("LingerZero")!, kernel: trace);
        ResetVerdict verdict = Assert.Single(trace.Confirm(result.Recording.Resets));
        Assert.True(verdict.Kernel!.Agrees);
        Assert.Equal(Confidence.Ambiguous, verdict.Confidence);
        Assert.Equal([ResetCause.LingerZero], LoopbackScenarios.All.Select(scenario => scenario.Cause).OfType<ResetCause>().Distinct().Where(verdict.Kernel.Fits));
    }

    [Fact]
    public async Task WrongCause_IsContradictedAndKept()
    {
        using KernelResetTrace trace = OpenOrSkip();
        ScenarioResult result = await ScenarioRunner.RunAsync(LoopbackScenarios.Find("LingerZero")!);

        ResetVerdict wrong = Assert.Single(result.Recording.Resets) with { Candidates = [ResetCause.CloseWithUnread], Confidence = Confidence.Strong };
        ResetVerdict verdict = Assert.Single(trace.Confirm([wrong]));
        Assert.False(verdict.Kernel!.Agrees);
        Assert.Equal((ResetCause.CloseWithUnread, Confidence.Strong), (verdict.Cause, verdict.Confidence));
    }

    [Fact]
    public void RowWithoutItsStack_ContradictsNothingThatItsReasonAllows()
    {
        Assert.True(KernelResetTrace.Fits(ResetCause.FinWait2Timeout, "TCP_STATE", "TCP_FIN_WAIT2", []));
        Assert.False(KernelResetTrace.Fits(ResetCause.FinWait2Timeout, "TCP_STATE", "TCP_FIN_WAIT2", ["tcp_disconnect"]));
        Assert.False(KernelResetTrace.Fits(ResetCause.CloseWithUnread, "TCP_STATE", "TCP_FIN_WAIT2", []));
    }

    [Fact]
    public void ResetOfALivingListener_CountsAsItsConnections()
    {
        // The active reset was lost on its way; the peer's probe was answered by the listener, whose row has no remote end.
        const string Trace = """
               .NET TP Worker-20930   [000] ..... 46854.514479: tcp_send_reset: skbaddr=0000000000000000 skaddr=00000000b7d33fbb src=127.235.181.69:26953 dest=127.235.181.69:39983 state=TCP_CLOSE reason=TCP_ABORT_ON_CLOSE
                  ksoftirqd/0-14      [000] ..s.. 46854.620103: tcp_send_reset: skbaddr=0000000052e293df skaddr=000000005081c0e5 src=127.235.181.69:26953 dest=0.0.0.0:0 state=TCP_LISTEN reason=TCP_FLAGS
                  ksoftirqd/0-14      [000] ..s.. 46854.620203: tcp_send_reset: skbaddr=0000000052e293df skaddr=000000005081c0e5 src=127.235.181.70:26953 dest=0.0.0.0:0 state=TCP_LISTEN reason=TCP_FLAGS
            """;
        Assert.Equal(2, KernelResetTrace.CountFrom(IPEndPoint.Parse("127.235.181.69:26953"), IPEndPoint.Parse("127.235.181.69:39983"), Trace));
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
