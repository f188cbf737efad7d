using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace RstGuard.Tests.Repository;

public sealed partial class RepositoryTests
{
    [Fact]
    public void TextFiles_NameNoPathOfOneMachineAndNoRegistry()
    {
        // Written in pieces, so that this file isn't its own finding.
        string[] strange = ["/wor" + "k/", "/roo" + "t/.", "/hom" + "e/", "C:\\" + "Users\\", "api." + "nuget.org", "registry." + "npmjs", "deb." + "debian"];
        string[] found = RepositoryTree.Files.Where(RepositoryTree.IsText)
            .SelectMany(file => strange.Where(word => RepositoryTree.Read(file).Contains(word, StringComparison.Ordinal)).Select(word => $"{file}: {word}"))
            .ToArray();
        Assert.Empty(found);
    }

    [Fact]
    public void Layout_HasWhatTheDesignGives()
    {
        string[] expected =
        [
            ".ci/run", ".editorconfig", ".github/workflows/ci.yml", "Directory.Packages.props", "LICENSE", "README.md", "RstGuard.sln",
            "RstGuard.Analyzers/Catalogue.cs", "RstGuard.Analyzers/Resources.resx", "RstGuard.Analyzers/Resources.zh-Hans.resx",
            "RstGuard.Analyzers/AnalyzerReleases.Shipped.md", "RstGuard.Analyzers/AnalyzerReleases.Unshipped.md",
        ];
        Assert.Empty(expected.Except(RepositoryTree.Files));
        Assert.All(
            ["Capture", "Tcp", "Diagnosis", "CallSites", "Scenarios", "Guard", "Reports"],
            folder => Assert.Contains(RepositoryTree.Files, file => file.StartsWith($"RstGuard.Runtime/{folder}/", StringComparison.Ordinal)));
    }

    [Fact]
    public void Versions_StandInOnePlace()
    {
        string[] found = RepositoryTree.Files
            .Where(file => file.EndsWith(".csproj", StringComparison.Ordinal) || (file.EndsWith(".props", StringComparison.Ordinal) && file != "Directory.Packages.props"))
            .SelectMany(file => XDocument.Parse(RepositoryTree.Read(file)).Descendants()
                .Where(element => element.Name.LocalName is "PackageReference" && (element.Attribute("Version") ?? element.Attribute("VersionOverride")) is not null)
                .Select(element => $"{file}: {element.Attribute("Include")?.Value}"))
            .ToArray();
        Assert.Empty(found);
    }

    [Fact]
    public void Package_RstGuardRuntime_DependsOnNothing() =>
        Assert.DoesNotContain("PackageReference", RepositoryTree.Read("RstGuard.Runtime/RstGuard.Runtime.csproj"), StringComparison.Ordinal);

    [Fact]
    public void RelativeLinksOfDocuments_LeadToFiles()
    {
        List<string> broken = [];
        foreach (string document in RepositoryTree.Files.Where(file => file.EndsWith(".md", StringComparison.Ordinal)))
        {
            string folder = Path.GetDirectoryName(Path.Combine(RepositoryTree.Root, document))!;
            foreach (Match link in Link().Matches(FencedCode().Replace(RepositoryTree.Read(document), "")))
            {
                string target = link.Groups[1].Value.Split('#')[0];
                if (target.Length > 0 && !target.Contains("://", StringComparison.Ordinal) && !Path.Exists(Path.Combine(folder, target)))
                {
                    broken.Add($"{document}: {target}");
                }
            }
        }

        Assert.Empty(broken);
    }

    [Fact]
    public void SuppressedWarnings_AreTheOnesThatWereDecided()
    {
        // Our own rules are silenced by [IntentionalReset] alone.
        string[] found = RepositoryTree.Files
            .Where(file => file.EndsWith(".cs", StringComparison.Ordinal) && !file.StartsWith("RstGuard.Tests/", StringComparison.Ordinal))
            .Where(file => SuppressedOwnRule().IsMatch(RepositoryTree.Read(file)))
            .ToArray();
        Assert.Empty(found);
        string[] projects = RepositoryTree.Files
            .Where(file => Path.GetExtension(file) is ".csproj" or ".props" or ".targets" && !file.StartsWith("RstGuard.CodeFixes/", StringComparison.Ordinal))
            .Where(file => NoWarnOwnRule().IsMatch(RepositoryTree.Read(file)))
            .ToArray();
        Assert.Empty(projects);
    }

    [Fact]
    public void SourceFiles_LeaveNothingUnfinished()
    {
        Regex unfinished = new("NotImplemented" + "Exception|TO" + "DO|FIX" + "ME|\\[Fact\\(Skip");
        string[] found = RepositoryTree.Files
            .Where(file => file.EndsWith(".cs", StringComparison.Ordinal) && unfinished.IsMatch(RepositoryTree.Read(file)))
            .ToArray();
        Assert.Empty(found);
    }

    [GeneratedRegex(@"\[[^\]\r\n]*\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex FencedCode();

    [GeneratedRegex(@"#pragma warning disable[^\r\n]*\bRST\d{4}|SuppressMessage\([^)]*\bRST\d{4}")]
    private static partial Regex SuppressedOwnRule();

    [GeneratedRegex(@"<NoWarn>[^<]*\bRST\d{4}")]
    private static partial Regex NoWarnOwnRule();
}
