using RstGuard.Scenarios;

namespace RstGuard.Tests;

/// <summary>
/// What a test needs of the machine. Where it is missing the test is skipped with the reason, unless the environment variable
/// RSTGUARD_REQUIRE names it: then the test fails, so that CI can't pass by skipping.
/// </summary>
internal static class Requirement
{
    public const string Variable = "RSTGUARD_REQUIRE";
    private static readonly string[] Known = ["aspnetcore", "capture", "netns", "oracle", "tshark"];

    /// <summary>Skips or fails the running test when <paramref name="available"/> is false.</summary>
    public static void Check(string requirement, bool available, string reason)
    {
        if (!Required(Environment.GetEnvironmentVariable(Variable)).Contains(requirement))
        {
            Assert.SkipUnless(available, $"{requirement} is missing: {reason}");
        }

        Assert.True(available, $"{Variable} requires {requirement}, which is missing: {reason}");
    }

    /// <summary>The same for each of <paramref name="needs"/> that this machine lacks.</summary>
    public static void Check(string requirement, params ScenarioNeed[] needs)
    {
        foreach (ScenarioNeed need in needs)
        {
            string? missing = need.Probe();
            Check(requirement, missing is null, missing ?? "");
        }
    }

    internal static IReadOnlySet<string> Required(string? value)
    {
        string[] words = (value ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string[] unknown = words.Except(Known).ToArray();
        if (unknown.Length > 0)
        {
            throw new ArgumentException($"{Variable} has the unknown word '{unknown[0]}'; known are {string.Join(", ", Known)}.");
        }

        return words.ToHashSet();
    }
}
