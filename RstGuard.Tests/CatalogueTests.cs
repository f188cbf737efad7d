using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using RstGuard.CallSites;
using RstGuard.Cli.Proving;
using RstGuard.Diagnosis;
using RstGuard.Tests.Docs;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests;

/// <summary>
/// That everything which names the rules names the same ones and says the same of them. A failure names the rule and the part that
/// differs. Where the part is a generated table, run these tests once with RSTGUARD_UPDATE_DOCS=1, which writes it.
/// </summary>
public sealed partial class CatalogueTests
{
    private static readonly string[] Effect = [.. typeof(Effects).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetRawConstantValue()!)];
    private static readonly string[] AnalyzerTextNames = ["Title", "Message", "Description"];
    private static readonly ILookup<string, Proof> Proofs = Proof.All().ToLookup(proof => proof.Rule);

    private static IEnumerable<string> Ids => Catalogue.Rules.Select(rule => rule.Descriptor.Id);

    public static TheoryData<string> Rules => [.. Ids];

    public static TheoryData<string> Projects => ["RstGuard.Analyzers", "RstGuard.CodeFixes"];

    [Fact]
    public void Rules_AreSortedAndAppearOnce() => Assert.Equal(Ids.Distinct().Order(StringComparer.Ordinal), Ids);

    /// <summary>Descriptor, analyzer, texts, release note, fix, page, causes, origins and proofs of one rule.</summary>
    [Theory, MemberData(nameof(Rules))]
    public void PartsOfARule_Agree(string id)
    {
        CatalogueEntry rule = Catalogue.Find(id)!;
        string[] problems =
        [
            .. InTheDescriptor(rule), .. InTheAnalyzer(rule), .. InTheTexts(rule), .. InTheReleaseNotes(rule), .. InTheFix(rule),
            .. InThePage(rule), .. InCausesAndOrigins(rule), .. InTheProofs(rule),
        ];
        Assert.True(problems.Length == 0, string.Join('\n', problems.Select(problem => $"{id}: {problem}")));
    }

    /// <summary>The other way round: a part whose rule was renamed or taken away.</summary>
    [Fact]
    public void WhateverNamesARule_NamesOneOfTheCatalogue()
    {
        (string Part, IEnumerable<string> Ids)[] parts =
        [
            ("an analyzer", Verify.AllAnalyzers().SelectMany(analyzer => analyzer.SupportedDiagnostics).Select(descriptor => descriptor.Id)),
            ("a code fix", Verify.AllFixes().SelectMany(fix => fix.FixableDiagnosticIds)),
            ("RstGuard.Analyzers/Resources.resx", Texts("RstGuard.Analyzers", "Resources.resx").Select(text => IdOf(text.Key)).Where(IsId)),
            ("RstGuard.CodeFixes/Resources.resx", Texts("RstGuard.CodeFixes", "Resources.resx").Select(text => IdOf(text.Key)).Where(IsId)),
            ("the release notes", ReleaseNotes().Select(IdOf)),
            ("docs/rules", Directory.GetFiles(RulePage.RulesFolder, "RST*.md").Select(file => Path.GetFileNameWithoutExtension(file))),
            ("the proofs", Proofs.Select(proofs => proofs.Key)),
            ("RstGuard.Runtime's table", ResetRules.Table.Select(row => row.Rule)),
        ];
        string[] strangers = [.. parts.SelectMany(part => part.Ids.Distinct().Except(Ids).Select(id => $"{id}: named by {part.Part}, and no rule of the catalogue"))];
        Assert.True(strangers.Length == 0, string.Join('\n', strangers));
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

    private static IEnumerable<string> InTheDescriptor(CatalogueEntry rule)
    {
        string id = rule.Descriptor.Id;
        string? category = id[3] switch
        {
            '1' => "AbortiveClose",
            '2' => "DataInFlight",
            '3' => "Ownership",
            '4' => "ConnectTimeouts",
            '5' => "Listeners",
            '6' => "IdleConnections",
            '7' => "Protocols",
            _ => null,
        };
        if (!IsId(id) || rule.Descriptor.Category != category)
        {
            yield return $"the category is {rule.Descriptor.Category}, where the id's first digit says {category ?? "nothing"}";
        }

        if (!rule.Descriptor.IsEnabledByDefault && rule.Descriptor.DefaultSeverity != DiagnosticSeverity.Info)
        {
            yield return $"off by default, and its severity is {rule.Descriptor.DefaultSeverity}, not Info";
        }

        if (!Effect.Contains(rule.Effect))
        {
            yield return $"the effect '{rule.Effect}' is none of {string.Join(", ", Effect)}";
        }
    }

    private static IEnumerable<string> InTheAnalyzer(CatalogueEntry rule)
    {
        int count = Verify.AllAnalyzers().Count(analyzer => analyzer.SupportedDiagnostics.Any(descriptor => descriptor.Id == rule.Descriptor.Id));
        if (count != 1)
        {
            yield return $"{count} analyzers report it, not one";
        }
        else if (Verify.AllAnalyzers().SelectMany(analyzer => analyzer.SupportedDiagnostics).Any(descriptor => descriptor.Id == rule.Descriptor.Id && !ReferenceEquals(descriptor, rule.Descriptor)))
        {
            yield return "its analyzer reports another descriptor than the catalogue's";
        }
    }

    private static IEnumerable<string> InTheTexts(CatalogueEntry rule)
    {
        foreach ((string file, string language) in new[] { ("Resources.resx", "English"), ("Resources.zh-Hans.resx", "Chinese") })
        {
            string[] keys = [.. Texts("RstGuard.Analyzers", file).Select(text => text.Key)];
            foreach (string missing in AnalyzerTextNames.Select(name => rule.Descriptor.Id + name).Except(keys))
            {
                yield return $"the {language} text {missing} is missing";
            }
        }
    }

    private static IEnumerable<string> InTheReleaseNotes(CatalogueEntry rule)
    {
        DiagnosticDescriptor descriptor = rule.Descriptor;
        string expected = $"{descriptor.Id} | {descriptor.Category} | {(descriptor.IsEnabledByDefault ? descriptor.DefaultSeverity.ToString() : "Disabled")} | {descriptor.Title.ToString(CultureInfo.InvariantCulture)}";
        string[] rows = [.. ReleaseNotes().Where(row => IdOf(row) == descriptor.Id)];
        if (rows.Length != 1 || rows[0] != expected)
        {
            yield return $"AnalyzerReleases.*.md should have the one line '{expected}', and has {(rows.Length == 0 ? "none" : $"'{string.Join("', '", rows)}'")}";
        }
    }

    private static IEnumerable<string> InTheFix(CatalogueEntry rule)
    {
        string id = rule.Descriptor.Id;
        CodeFixProvider[] fixes = [.. Verify.AllFixes().Where(fix => fix.FixableDiagnosticIds.Contains(id))];
        if (fixes.Length > 1)
        {
            yield return $"{fixes.Length} code fixes are for it";
        }

        foreach (string others in fixes.Where(fix => fix.FixableDiagnosticIds.Length > 1).Select(fix => string.Join(", ", fix.FixableDiagnosticIds)))
        {
            yield return $"its code fix is for more than one rule: {others}";
        }

        foreach ((string file, string language) in new[] { ("Resources.resx", "English"), ("Resources.zh-Hans.resx", "Chinese") })
        {
            bool has = Texts("RstGuard.CodeFixes", file).Any(text => text.Key == id);
            if (has != fixes.Length > 0)
            {
                yield return has ? $"it has no code fix, and its {language} title stands in RstGuard.CodeFixes" : $"the {language} title of its code fix is missing";
            }
        }
    }

    private static IEnumerable<string> InThePage(CatalogueEntry rule)
    {
        const string Branch = "/blob/main/";
        string link = rule.Descriptor.HelpLinkUri;
        string page = Path.Combine(DotNet.RepositoryRoot, link[(link.IndexOf(Branch, StringComparison.Ordinal) + Branch.Length)..]);
        string heading = $"# {rule.Descriptor.Id} {rule.Descriptor.Title.ToString(CultureInfo.InvariantCulture)}";
        if (!File.Exists(page))
        {
            yield return $"its link leads to docs/rules/{Path.GetFileName(page)}, which does not exist";
        }
        else if (File.ReadLines(page).First() != heading)
        {
            yield return $"its page does not begin with '{heading}'";
        }
    }

    private static IEnumerable<string> InCausesAndOrigins(CatalogueEntry rule)
    {
        string id = rule.Descriptor.Id;
        foreach (string cause in rule.Causes)
        {
            if (!Enum.IsDefined(typeof(ResetCause), cause))
            {
                yield return $"its cause '{cause}' is no member of ResetCause";
            }
            else if (!File.Exists(Path.Combine(RulePage.DocsFolder, "causes", cause + ".md")))
            {
                yield return $"its cause {cause} has no page docs/causes/{cause}.md";
            }
        }

        foreach (string origin in rule.Origins.Where(origin => !Enum.IsDefined(typeof(CloseOrigin), origin)))
        {
            yield return $"its origin '{origin}' is no member of CloseOrigin";
        }

        if (rule.Effect == Effects.Reset && rule.Causes.IsEmpty)
        {
            yield return "it resets and has no cause";
        }

        // The runtime's table may leave out a pair that the .NET side never makes; it leaves out no cause and no origin, and adds none.
        var rows = ResetRules.Table.Where(row => row.Rule == id).ToArray();
        foreach ((string what, IEnumerable<string> here, IEnumerable<string> there) in new[]
        {
            ("cause", rule.Causes, rows.Select(row => row.Cause.ToString())),
            ("origin", rule.Causes.IsEmpty ? [] : rule.Origins, rows.Select(row => row.Origin.ToString())),
        })
        {
            foreach (string name in here.Except(there))
            {
                yield return $"its {what} {name} is missing in RstGuard.Runtime's ResetRules";
            }

            foreach (string name in there.Distinct().Except(here))
            {
                yield return $"RstGuard.Runtime's ResetRules gives it the {what} {name}, which the catalogue does not";
            }
        }
    }

    private static IEnumerable<string> InTheProofs(CatalogueEntry rule)
    {
        string id = rule.Descriptor.Id;
        if (Proofs[id].FirstOrDefault() is not { Variant: "" } first)
        {
            yield return $"it has no proof RstGuard.Cli/Proofs/{id}.cs";
            yield break;
        }

        ProofClaims effect = rule.Effect switch
        {
            Effects.DataLoss => ProofClaims.DataLoss,
            Effects.Blocks => ProofClaims.Blocks,
            Effects.NoEffect => ProofClaims.NoEffect,
            Effects.NoHandshake => ProofClaims.NoHandshake,
            _ => ProofClaims.Reset,
        };
        if (!first.Claims.HasFlag(effect) || (effect != ProofClaims.NoEffect && first.Claims.HasFlag(ProofClaims.NoEffect)))
        {
            yield return $"its effect is {rule.Effect}, and {first.FileName} claims {first.Claims}";
        }

        foreach (Proof proof in Proofs[id])
        {
            bool signOnly = proof.Claims.HasFlag(ProofClaims.NoEffect);
            foreach (string cause in proof.Causes.Where(cause => !signOnly && !rule.Causes.Contains(cause)))
            {
                yield return $"{proof.FileName} claims the cause {cause}, which the catalogue does not give it";
            }

            if (proof.Claims.HasFlag(ProofClaims.Reset) && proof.Causes.Count == 0 && rule.Causes.IsEmpty)
            {
                yield return $"{proof.FileName} claims a reset, and neither it nor the catalogue names a cause";
            }
        }
    }

    private static IEnumerable<string> ReleaseNotes() => new[] { "Shipped", "Unshipped" }
        .SelectMany(name => File.ReadLines(Path.Combine(DotNet.RepositoryRoot, "RstGuard.Analyzers", $"AnalyzerReleases.{name}.md")))
        .Where(line => line.StartsWith("RST", StringComparison.Ordinal))
        .Select(line => string.Join(" | ", line.Split('|', StringSplitOptions.TrimEntries)));

    private static ImmutableArray<(string Key, string Text)> Texts(string project, string file) =>
        [.. XDocument.Load(Path.Combine(DotNet.RepositoryRoot, project, file)).Root!.Elements("data").Select(d => (d.Attribute("name")!.Value, d.Element("value")!.Value))];

    private static string IdOf(string key) => key.Length < 7 ? key : key[..7];

    private static bool IsId(string id) => IdPattern().IsMatch(id);

    private static IEnumerable<string> Placeholders(string text) => PlaceholderPattern().Matches(text).Select(m => m.Value).Distinct().Order(StringComparer.Ordinal);

    [GeneratedRegex(@"\{[0-9]+\}")]
    private static partial Regex PlaceholderPattern();

    [GeneratedRegex("^RST[1-7][0-9]{3}$")]
    private static partial Regex IdPattern();
}
