namespace RstGuard.Tests.Rules;

/// <summary>The compiler's release tracking sees that a rule is missing (RS2000), not with which category and severity it stands there.</summary>
public sealed class ReleaseTrackingTests
{
    [Fact]
    public void ReleaseNotes_EqualTheDescriptors()
    {
        string directory = Path.Combine(DotNet.RepositoryRoot, "RstGuard.Analyzers");
        var rows = new[] { "AnalyzerReleases.Shipped.md", "AnalyzerReleases.Unshipped.md" }
            .SelectMany(file => File.ReadLines(Path.Combine(directory, file)))
            .Where(line => line.StartsWith("RST", StringComparison.Ordinal))
            .Select(line => string.Join(" | ", line.Split('|', StringSplitOptions.TrimEntries)));
        Assert.Equal(
            Catalogue.Rules.Select(rule => rule.Descriptor).Select(d => $"{d.Id} | {d.Category} | {(d.IsEnabledByDefault ? d.DefaultSeverity.ToString() : "Disabled")} | {d.Title}"),
            rows);
    }
}
