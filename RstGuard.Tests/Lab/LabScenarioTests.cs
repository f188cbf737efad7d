using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Lab;
using RstGuard.Scenarios;
using RstGuard.Tests.Diagnosis;

namespace RstGuard.Tests.Lab;

/// <summary>Each scenario that needs a network namespace, under a real capture; as root the kernel is asked too.</summary>
public sealed class LabScenarioTests
{
    public static TheoryData<string, bool> Scenarios()
    {
        TheoryData<string, bool> data = [];
        foreach (ResetScenario scenario in LabScenarios.All)
        {
            data.Add(scenario.Name, false);
            data.Add(scenario.Name, true);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task Scenario_GivesItsCause(string name, bool version6)
    {
        ResetScenario scenario = LabScenarios.All.Single(scenario => scenario.Name == name);
        ScenarioOptions options = new() { Version6 = version6 };
        IReadOnlyList<string> missing = scenario.Missing(options);
        Requirement.Check("netns", LabNetwork.Need.Probe() is null, LabNetwork.Need.Probe() ?? "");
        Assert.SkipWhen(missing.Count > 0, string.Join(' ', missing));

        using KernelResetTrace? kernel = OpenOrNull();
        ScenarioResult result = await ScenarioRunner.RunAsync(scenario, options, kernel);

        string told = ScenarioTests.Tell(result);
        Assert.True(result.Recording.IsComplete, told);
        Assert.True(result.IsRight, told);
        Assert.Equal(scenario.Expected?.Shape, result.Verdict?.Shape);
        Assert.True(scenario.Cause is not { } cause || result.Verdict!.Candidates[0] == cause || cause == ResetCause.SockDestroy, told);
        if (kernel is not null)
        {
            Assert.True(result.Agrees == (scenario.Expected is null or { Reasons.Count: 0 } ? null : true), told);
        }
    }

    private static KernelResetTrace? OpenOrNull()
    {
        try
        {
            return KernelResetTrace.Open();
        }
        catch (CaptureUnavailableException)
        {
            return null;
        }
    }
}
