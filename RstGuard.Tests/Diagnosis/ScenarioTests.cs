using RstGuard.Diagnosis;
using RstGuard.Scenarios;

namespace RstGuard.Tests.Diagnosis;

/// <summary>Each scenario under a real capture; as root the kernel is asked too.</summary>
[Collection(RecordedScenarios.Collection)]
public sealed class ScenarioTests
{
    public static TheoryData<string, ResettingEnd, bool> Scenarios()
    {
        TheoryData<string, ResettingEnd, bool> data = [];
        foreach ((ResetScenario scenario, ResettingEnd end, bool version6) in RecordedScenarios.All())
        {
            data.Add(scenario.Name, end, version6);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task Scenario_GivesItsCause(string name, ResettingEnd resetting, bool version6)
    {
        ResetScenario scenario = RecordedScenarios.Find(name);
        (ScenarioResult result, _) = await RecordedScenarios.GetAsync(scenario, resetting, version6);

        string told = Tell(result);
        Assert.True(result.Recording.IsComplete, told);
        Assert.True(result.IsRight, told);
        Assert.Equal(scenario.Expected?.Shape, result.Verdict?.Shape);
        if (result.WasKernelAsked)
        {
            Assert.True(result.Agrees == (scenario.Expected is null or { Reasons.Count: 0 } ? null : true), told);
        }

        if (result.Verdict is { } verdict)
        {
            Assert.Equal(resetting == ResettingEnd.Server, result.Recording.Connections.Any(connection => connection.Server.Equals(verdict.Sender)));
            Assert.NotEmpty(verdict.LastSegments);
            Assert.All(verdict.Evidence, evidence => Assert.All(evidence.Frames, frame => Assert.InRange(frame, 1, result.Recording.Statistics.Received)));
        }

        if (scenario is not LoopbackScenario && scenario.Cause is { } cause and not ResetCause.SockDestroy)
        {
            Assert.True(result.Verdict!.Candidates[0] == cause, told);
        }
    }

    private static string Tell(ScenarioResult result) =>
        $"{result.Scenario}: {result.Verdict?.Confidence} {result.Verdict?.Shape} {string.Join(" ", result.Verdict?.Candidates ?? [])}; kernel {result.Kernel?.Reason} {result.Kernel?.State} {string.Join(" < ", result.Kernel?.Stack ?? [])}; "
        + string.Join(" ", result.Recording.Gaps)
        + string.Concat((result.Verdict?.LastSegments ?? []).Select(segment => $"{Environment.NewLine}  {segment.Time:ss.ffffff} {segment.Source} > {segment.Destination} {segment.Flags} {segment.SequenceNumber} {segment.AcknowledgmentNumber} win {segment.Window} len {segment.PayloadLength}"));
}
