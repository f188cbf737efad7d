using System.Text.Json;
using RstGuard.Cli;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Cli;

/// <summary><c>rstguard rules</c> as a user runs it.</summary>
public sealed class RulesCommandTests
{
    [Fact]
    public async Task Json_IsAsDocumented_AndHasEachRuleOnce()
    {
        (int exitCode, string output, string error) = await RunAsync("rules", "--format", "json");
        Assert.Equal((0, ""), (exitCode, error));
        JsonElement rules = JsonDocument.Parse(output).RootElement;
        Assert.Empty(JsonSchema.Violations(JsonSchema.Documented("Rules"), rules));
        Assert.Equal(Catalogue.Rules.Select(rule => rule.Descriptor.Id), rules.EnumerateArray().Select(rule => rule.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task Json_SaysWhatCatalogueAndFixesSay()
    {
        JsonElement[] rules = [.. JsonDocument.Parse((await RunAsync("rules", "--format", "json")).Output).RootElement.EnumerateArray()];
        Assert.All(Catalogue.Rules.Zip(rules), pair =>
        {
            (CatalogueEntry entry, JsonElement rule) = pair;
            var fix = Verify.AllFixes().SingleOrDefault(fix => fix.FixableDiagnosticIds.Contains(entry.Descriptor.Id));
            Assert.Equal(entry.Descriptor.Category, rule.GetProperty("category").GetString());
            Assert.Equal(entry.Descriptor.DefaultSeverity.ToString(), rule.GetProperty("severity").GetString());
            Assert.Equal(entry.Descriptor.IsEnabledByDefault, rule.GetProperty("enabled").GetBoolean());
            Assert.Equal(entry.Effect, rule.GetProperty("effect").GetString());
            Assert.Equal(fix is not null, rule.GetProperty("hasFix").GetBoolean());
            Assert.Equal(fix?.GetFixAllProvider() is not null, rule.GetProperty("fixAll").GetBoolean());
            Assert.Equal(entry.Causes, rule.GetProperty("causes").EnumerateArray().Select(cause => cause.GetString()));
            Assert.Equal(entry.Origins, rule.GetProperty("origins").EnumerateArray().Select(origin => origin.GetString()));
        });
        JsonElement linger = rules.Single(rule => rule.GetProperty("id").GetString() == "RST1001");
        Assert.True(linger.GetProperty("hasFix").GetBoolean() && linger.GetProperty("fixAll").GetBoolean() && linger.GetProperty("provable").GetBoolean());
        Assert.False(rules.Single(rule => rule.GetProperty("id").GetString() == "RST2001").GetProperty("fixAll").GetBoolean());
    }

    [Fact]
    public async Task Text_HasALineForEachRule()
    {
        (int exitCode, string output, _) = await RunAsync("rules");
        Assert.Equal(0, exitCode);
        Assert.Matches("(?m)^RST1001  Warning +reset +yes, all +Linger zero discards unsent data$", output);
        Assert.All(Catalogue.Rules, rule => Assert.Single(output.Split('\n'), line => line.StartsWith(rule.Descriptor.Id, StringComparison.Ordinal)));
        Assert.DoesNotContain(output.Split('\n'), line => line.EndsWith(' '));
    }

    [Fact]
    public async Task UnknownFormat_IsWrongUse() => Assert.Equal(2, (await RunAsync("rules", "--format", "xml")).ExitCode);

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        int exitCode = await Program.RunAsync(arguments, output, error, TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), error.ToString());
    }
}
