using System.Text.Json;
using RstGuard.Capture;
using RstGuard.Cli;
using RstGuard.Cli.Scenarios;
using RstGuard.Diagnosis;

namespace RstGuard.Tests.Cli.Scenarios;

/// <summary><c>rstguard scenarios</c> as a user runs it.</summary>
public sealed class ScenariosCommandTests
{
    [Fact]
    public async Task List_IsAsDocumented_AndHasEachScenarioOnce()
    {
        (int exitCode, string output, string error) = await RunAsync("scenarios", "list", "--format", "json");
        Assert.Equal((0, ""), (exitCode, error));
        JsonElement rows = JsonDocument.Parse(output).RootElement;
        Assert.Empty(JsonSchema.Violations(JsonSchema.Documented("Scenarios"), rows));
        string[] names = [.. rows.EnumerateArray().Select(row => row.GetProperty("name").GetString()!)];
        Assert.Equal(ScenariosCommand.All.Select(scenario => scenario.Name), names);
        Assert.Equal(names.Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.Ordinal), names);
        Assert.All(rows.EnumerateArray(), row => Assert.True(row.GetProperty("cause").ValueKind == JsonValueKind.Null || Enum.TryParse<ResetCause>(row.GetProperty("cause").GetString(), out _)));
    }

    [Fact]
    public async Task Run_IsAsDocumented_AndKeepsTheOrderGiven()
    {
        CapabilityProbe probe = CaptureCapability.ProbePacketSocket();
        Requirement.Check("capture", probe.IsAvailable, probe.Reason + probe.Remedy);
        (int exitCode, string output, string error) = await RunAsync("scenarios", "run", "LingerZero", "closedport", "--format", "json");
        Assert.True(exitCode == 0, error);
        JsonElement rows = JsonDocument.Parse(output).RootElement;
        Assert.Empty(JsonSchema.Violations(JsonSchema.Documented("Scenario runs"), rows));
        Assert.Equal(["LingerZero", "ClosedPort"], rows.EnumerateArray().Select(row => row.GetProperty("name").GetString()));
        JsonElement closed = rows[1];
        Assert.Equal(["ClosedPort", "FilteredReject"], closed.GetProperty("verdict").GetProperty("candidates").EnumerateArray().Select(candidate => candidate.GetString()));
        if (Environment.IsPrivilegedProcess && error.Length == 0)
        {
            Assert.Equal("NO_SOCKET", closed.GetProperty("kernel").GetProperty("reason").GetString());
            Assert.All(rows.EnumerateArray(), row => Assert.True(row.GetProperty("agrees").GetBoolean()));
        }
    }

    [Fact]
    public async Task Text_HasALineForEachScenario()
    {
        (int exitCode, string output, _) = await RunAsync("scenarios", "list");
        Assert.Equal(0, exitCode);
        Assert.All(ScenariosCommand.All, scenario => Assert.Single(output.Split('\n'), line => line.StartsWith(scenario.Name + " ", StringComparison.Ordinal)));
        Assert.DoesNotContain(output.Split('\n'), line => line.EndsWith(' '));
    }

    [Fact]
    public async Task UnknownScenario_IsWrongUse()
    {
        (int exitCode, _, string error) = await RunAsync("scenarios", "run", "Nothing");
        Assert.Equal(2, exitCode);
        Assert.Contains("There is no scenario 'Nothing'", error);
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        int exitCode = await Program.RunAsync(arguments, output, error, TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), error.ToString());
    }
}
