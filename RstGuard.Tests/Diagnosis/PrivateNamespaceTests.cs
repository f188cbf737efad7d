using System.Diagnostics;
using System.Net;
using RstGuard.Capture;
using RstGuard.Cli.Proving;
using RstGuard.Diagnosis;
using RstGuard.Lab;
using RstGuard.Scenarios;

namespace RstGuard.Tests.Diagnosis;

/// <summary>Runs <see cref="InPrivateNamespaceTests"/> where the kernel's counters speak of our packets alone.</summary>
public sealed class PrivateNamespaceTests
{
    [Fact]
    public async Task Counters_MakeVerdictsStrong_AndNoneWrong()
    {
        CapabilityProbe probe = await CaptureCapability.ProbePrivateNamespaceAsync([.. PrivateNamespace.Self(), ProbeCommand.Name]);
        Requirement.Check("netns", probe.IsAvailable, probe.Reason + probe.Remedy);

        (int exitCode, string output) = await RunInsideAsync(
            Program("RstGuard.Tests"), "-explicit", "only", "-noColor", "-class", typeof(InPrivateNamespaceTests).FullName!);

        Assert.True(exitCode == 0, output);
        Assert.Contains("Total: 6, Errors: 0, Failed: 0, Skipped: 0", output);
    }

    [Fact]
    public async Task OpenerThatFails_MakesTheNamespaceUnavailable()
    {
        CapabilityProbe namespaces = await CaptureCapability.ProbePrivateNamespaceAsync(["true"]);
        Requirement.Check("netns", namespaces.IsAvailable, namespaces.Reason + namespaces.Remedy);

        CapabilityProbe probe = await CaptureCapability.ProbePrivateNamespaceAsync(["sh", "-c", "echo no packet socket >&2; exit 1"]);
        Assert.False(probe.IsAvailable);
        Assert.Contains("no packet socket", probe.Reason);
        Assert.NotEmpty(probe.Remedy);
    }

    private static string Program(string name) => Path.Combine(AppContext.BaseDirectory, name);

    private static async Task<(int ExitCode, string Output)> RunInsideAsync(params string[] command)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromMinutes(2));
        using Process process = Process.Start(new ProcessStartInfo("unshare", ["--user", "--map-root-user", "--net", "--kill-child", "--", .. command])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            Task<string> error = process.StandardError.ReadToEndAsync(limit.Token);
            string output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, output + await error);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}

/// <summary>Explicit: they are run in a network namespace of their own, by <see cref="PrivateNamespaceTests"/>.</summary>
public sealed class InPrivateNamespaceTests
{
    private static readonly ResetCause[] Basic = [ResetCause.ClosedPort, ResetCause.CloseWithUnread, ResetCause.LingerZero, ResetCause.DisconnectUnspec, ResetCause.DataAfterClose];

    public InPrivateNamespaceTests() => LoopbackInterface.BringUp();

    [Theory(Explicit = true)]
    [InlineData(ResetCause.ClosedPort, Confidence.Strong)]
    [InlineData(ResetCause.CloseWithUnread, Confidence.Strong)]
    [InlineData(ResetCause.LingerZero, Confidence.Strong)]
    [InlineData(ResetCause.DisconnectUnspec, Confidence.Ambiguous)]
    [InlineData(ResetCause.DataAfterClose, Confidence.Strong)]
    public async Task OneCause_IsProvedByCounters(ResetCause cause, Confidence expected)
    {
        ResetRecording recording = await RecordAsync(() => RunAsync(cause, IPAddress.Loopback, LoopbackPair.UniquePort(IPAddress.Loopback)));

        ResetVerdict verdict = Assert.Single(recording.Resets, reset => !reset.FollowsEarlierReset);
        Assert.Equal(expected, verdict.Confidence);
        Assert.Contains(cause, verdict.Candidates);
        if (expected == Confidence.Strong)
        {
            Assert.Equal(cause, verdict.Cause);
        }
        else
        {
            Assert.DoesNotContain(ResetCause.LingerZero, verdict.Candidates);
        }
    }

    [Fact(Explicit = true)]
    public async Task CausesTogether_GiveNoWrongStrongVerdict()
    {
        List<(ResetCause Cause, int Port)> made = [];
        ResetRecording recording = await RecordAsync(async () =>
        {
            foreach (ResetCause cause in Basic)
            {
                foreach (IPAddress address in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback })
                {
                    int port = LoopbackPair.UniquePort(address);
                    made.Add((cause, port));
                    await RunAsync(cause, address, port);
                }
            }
        });

        foreach ((ResetCause cause, int port) in made)
        {
            ResetVerdict verdict = Assert.Single(recording.Resets, reset => reset.Sender.Port == port && !reset.FollowsEarlierReset);
            Assert.Contains(cause, verdict.Candidates);
            Assert.True(verdict.Cause is null || verdict.Cause == cause, $"{cause} was called {verdict.Cause}, {verdict.Confidence}.");
        }
    }

    private static Task RunAsync(ResetCause cause, IPAddress address, int port) =>
        ((LoopbackScenario)LoopbackScenarios.Find(cause.ToString())!).RunAsync(new LoopbackRun(address, port, ResettingEnd.Server, 100, CancellationToken.None));

    private static async Task<ResetRecording> RecordAsync(Func<Task> act)
    {
        LinuxPacketSocket source = LinuxPacketSocket.OpenLoopback();
        Assert.True(source.SeesWholeNamespace);
        await using ResetRecorder recorder = ResetRecorder.Start(source);
        await act();
        ResetRecording recording = await recorder.StopAsync();
        Assert.Empty(recording.Gaps);
        return recording;
    }
}
