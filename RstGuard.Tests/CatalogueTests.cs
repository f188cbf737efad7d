using System.Collections.Immutable;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests;

/// <summary>That everything which names the rules names the same ones.</summary>
public sealed partial class CatalogueTests
{
    private static IEnumerable<string> Ids => Catalogue.Rules.Select(rule => rule.Descriptor.Id);

    public static TheoryData<string> Projects => ["RstGuard.Analyzers", "RstGuard.CodeFixes"];

    [Fact]
    public void Rules_AreSortedAndAppearOnce() => Assert.Equal(Ids.Distinct().Order(StringComparer.Ordinal), Ids);

    [Fact]
    public void EveryRule_HasOneAnalyzer() =>
        Assert.Equal(Ids, Verify.AllAnalyzers().SelectMany(a => a.SupportedDiagnostics).Select(d => d.Id).Order(StringComparer.Ordinal));

    [Fact]
    public void EveryFix_IsForRulesThatExistAndForOneOfThemOnly()
    {
        string[] fixable = [.. Verify.AllFixes().SelectMany(f => f.FixableDiagnosticIds)];
        Assert.Empty(fixable.Except(Ids));
        Assert.Equal(fixable.Distinct(), fixable);
    }

    [Fact]
    public void Category_IsWhatTheIdsFirstDigitSays() => Assert.All(Catalogue.Rules, rule =>
    {
        Assert.Matches("^RST[1-7][0-9]{3}$", rule.Descriptor.Id);
        string category = rule.Descriptor.Id[3] switch
        {
            '1' => "AbortiveClose",
            '2' => "DataInFlight",
            '3' => "Ownership",
            '4' => "ConnectTimeouts",
            '5' => "Listeners",
            '6' => "IdleConnections",
            _ => "Protocols",
        };
        Assert.Equal(category, rule.Descriptor.Category);
    });

    [Fact]
    public void Effect_IsOneOfTheList()
    {
        string[] effects = [.. typeof(Effects).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetRawConstantValue()!)];
        Assert.All(Catalogue.Rules, rule =>
        {
            Assert.Contains(rule.Effect, effects);
            Assert.True(rule.Effect != Effects.Reset || rule.Causes.Length > 0, $"{rule.Descriptor.Id} resets and has no cause.");
        });
    }

    [Fact]
    public void EveryRule_HasAPageWhereItsLinkPoints() => Assert.All(Catalogue.Rules, rule =>
    {
        const string Branch = "/blob/main/";
        string link = rule.Descriptor.HelpLinkUri;
        string page = Path.Combine(DotNet.RepositoryRoot, link[(link.IndexOf(Branch, StringComparison.Ordinal) + Branch.Length)..]);
        Assert.True(File.Exists(page), $"{page} does not exist.");
        Assert.Contains(rule.Descriptor.Id, File.ReadLines(page).First(), StringComparison.Ordinal);
    });

    [Fact]
    public void EveryPage_IsOfARule() =>
        Assert.Equal(Ids, Directory.GetFiles(Path.Combine(DotNet.RepositoryRoot, "docs", "rules"), "RST*.md").Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal));

    [Fact]
    public void ReleaseNotes_SayWhatTheDescriptorsSay()
    {
        IEnumerable<string> rows = new[] { "Shipped", "Unshipped" }
            .SelectMany(name => File.ReadLines(Path.Combine(DotNet.RepositoryRoot, "RstGuard.Analyzers", $"AnalyzerReleases.{name}.md")))
            .Where(line => line.StartsWith("RST", StringComparison.Ordinal));
        Assert.Equal(
            Catalogue.Rules.Select(rule => rule.Descriptor).Select(d =>
                $"{d.Id} | {d.Category} | {(d.IsEnabledByDefault ? d.DefaultSeverity.ToString() : "Disabled")} | {d.Title.ToString(System.Globalization.CultureInfo.InvariantCulture)}"),
            rows);
    }

    [Theory, MemberData(nameof(Projects))]
    public void Texts_AreSortedAndInBothLanguages(string project)
    {
        ImmutableArray<(string Key, string Text)> english = Texts(project, "Resources.resx");
        ImmutableArray<(string Key, string Text)> chinese = Texts(project, "Resources.zh-Hans.resx");
        Assert.Equal(english.Select(t => t.Key), chinese.Select(t => t.Key));
        Assert.Equal(english.Select(t => t.Key).Distinct(), english.Select(t => t.Key));
        Assert.Equal(english.Select(t => IdOf(t.Key)).Order(StringComparer.Ordinal), english.Select(t => IdOf(t.Key)));
        Assert.All(english.Zip(chinese), pair =>
        {
            Assert.NotEqual("", pair.First.Text.Trim());
            Assert.Matches("[\u4e00-\u9fff]", pair.Second.Text);
            Assert.Equal(Placeholders(pair.First.Text), Placeholders(pair.Second.Text));
        });
    }

    [Fact]
    public void EveryRule_HasItsTexts()
    {
        string[] keys = [.. Texts("RstGuard.Analyzers", "Resources.resx").Select(t => t.Key)];
        Assert.Empty(Ids.SelectMany(id => new[] { id + "Title", id + "Message", id + "Description" }).Except(keys));
        Assert.Equal(Verify.AllFixes().SelectMany(f => f.FixableDiagnosticIds).Order(StringComparer.Ordinal), Texts("RstGuard.CodeFixes", "Resources.resx").Select(t => t.Key));
    }

    private static ImmutableArray<(string Key, string Text)> Texts(string project, string file) =>
        [.. XDocument.Load(Path.Combine(DotNet.RepositoryRoot, project, file)).Root!.Elements("data").Select(d => (d.Attribute("name")!.Value, d.Element("value")!.Value))];

    private static string IdOf(string key) => key.Length < 7 ? key : key[..7];

    private static IEnumerable<string> Placeholders(string text) => PlaceholderPattern().Matches(text).Select(m => m.Value).Distinct().Order(StringComparer.Ordinal);

    [GeneratedRegex(@"\{[0-9]+\}")]
    private static partial Regex PlaceholderPattern();
}
