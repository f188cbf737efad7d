using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace RstGuard.Cli.Scanning;

/// <summary>
/// What a project says that matters to compiling its sources without building it: implicit usings, nullable context, whether it is a
/// test project. Read from the .csproj and the Directory.*.props and .targets files above it, as XML: no MSBuild runs, because
/// evaluating a project can run code of whoever wrote it.
/// </summary>
internal sealed partial class ProjectFile
{
    /// <summary>A project file is a few kilobytes; what is larger than this is not one.</summary>
    private const long MaxBytes = 4 * 1024 * 1024;

    private const int MaxImports = 32;

    private static readonly string[] TestPackages =
    [
        "Machine.Specifications", "Microsoft.NET.Test.Sdk", "Microsoft.VisualStudio.QualityTools.UnitTestFramework",
        "Microsoft.VisualStudio.TestPlatform.TestFramework", "MSTest", "MSTest.TestFramework", "NUnit", "nunit.framework", "TUnit", "xunit", "xunit.core",
        "xunit.v3", "xunit.v3.core", "xunit.v3.mtp-v1", "xunit.v3.mtp-v2", "xunit.v3.mtp-off",
    ];

    private readonly Dictionary<string, string> _properties = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private readonly List<string> _sdks = [];
    private bool _referencesTestFramework;

    private ProjectFile(string path) => FilePath = path;

    /// <summary>The .csproj.</summary>
    public string FilePath { get; }

    /// <summary>The <c>global using</c> directives that the SDK would generate, each as its text after <c>global using</c> and before the semicolon.</summary>
    public SortedSet<string> ImplicitUsings { get; } = new(StringComparer.Ordinal);

    /// <summary>True or false where the project says so or references a test framework; null when only its sources can tell.</summary>
    public bool? IsTestProject { get; private set; }

    /// <summary>Whether the nullable context is on.</summary>
    public bool IsNullable { get; private set; }

    /// <summary>Rule ids that the project switches off with <c>NoWarn</c>.</summary>
    public IReadOnlyList<string> DisabledRules { get; private set; } = [];

    /// <summary>Files that could not be read or are not XML, each with the reason.</summary>
    public List<string> Problems { get; } = [];

    public static ProjectFile Read(string path)
    {
        ProjectFile project = new(path);
        string directory = Path.GetDirectoryName(path)!;
        project._properties["MSBuildProjectName"] = Path.GetFileNameWithoutExtension(path);
        project._properties["MSBuildProjectFile"] = Path.GetFileName(path);
        project._properties["MSBuildProjectDirectory"] = directory;
        project._properties["MSBuildProjectExtension"] = ".csproj";
        project._properties["Configuration"] = "Release";

        // The order in which MSBuild reads them: later values stand.
        List<(XElement Root, bool IsOwn)> files = [];
        foreach (string name in (string[])["Directory.Build.props", "Directory.Packages.props"])
        {
            project.Collect(FileAbove(name, directory), files, isOwn: false);
        }

        project.Collect(path, files, isOwn: true);
        project.Collect(FileAbove("Directory.Build.targets", directory), files, isOwn: false);
        foreach ((XElement root, bool isOwn) in files)
        {
            project.ReadProperties(root, isOwn);
        }

        project.AddImplicitUsings();

        // Items come after all properties, wherever they stand, as in MSBuild.
        foreach ((XElement root, bool isOwn) in files)
        {
            project.ReadItems(root, isOwn);
        }

        project.IsNullable = project.Property("Nullable") is { } nullable && (nullable.Equals("enable", StringComparison.OrdinalIgnoreCase) || nullable == "true");
        project.DisabledRules = project.Property("NoWarn").Split([';', ',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(id => id.StartsWith("RST", StringComparison.Ordinal)).ToArray();
        project.IsTestProject = project.Property("IsTestProject").ToLowerInvariant() switch
        {
            "true" => true,
            "false" => false,
            _ => project._referencesTestFramework || project._sdks.Any(s => s.StartsWith("MSTest.Sdk", StringComparison.OrdinalIgnoreCase)) ? true : null,
        };
        return project;
    }

    private static string? FileAbove(string name, string? directory)
    {
        for (; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            string path = Path.Combine(directory, name);
            if (File.Exists(path))
            {
                return path;
            }
        }

        return null;
    }

    /// <summary>Appends the file and what it imports by a path that can be told without running MSBuild.</summary>
    private void Collect(string? path, List<(XElement, bool)> files, bool isOwn)
    {
        if (path is null || _read.Count >= MaxImports || !_read.Add(Path.GetFullPath(path)))
        {
            return;
        }

        XElement? root = Load(path);
        if (root is null)
        {
            return;
        }

        string directory = Path.GetDirectoryName(path)!;
        _sdks.AddRange(((string?)root.Attribute("Sdk") ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        _sdks.AddRange(Children(root, "Sdk").Select(e => (string?)e.Attribute("Name") ?? ""));
        foreach (XElement import in root.Descendants().Where(e => e.Name.LocalName == "Import"))
        {
            if ((string?)import.Attribute("Sdk") is { } sdk)
            {
                _sdks.Add(sdk);
                continue;
            }

            string project = ((string?)import.Attribute("Project") ?? "").Replace('\\', '/');
            if (PathOfFileAbove().Match(project) is { Success: true } above)
            {
                Collect(FileAbove(above.Groups["name"].Value, Path.GetDirectoryName(directory)), files, isOwn: false);
            }
            else
            {
                project = project.Replace("$(MSBuildThisFileDirectory)", directory + "/", StringComparison.OrdinalIgnoreCase);
                if (project.Length > 0 && !project.Contains('$') && !project.Contains('*') && Path.GetFullPath(project, directory) is var imported && File.Exists(imported))
                {
                    Collect(imported, files, isOwn);
                }
            }
        }

        files.Add((root, isOwn));
    }

    private XElement? Load(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxBytes)
            {
                Problems.Add($"{path}: not read, a project file of more than {MaxBytes >> 20} MiB");
                return null;
            }

            using XmlReader reader = XmlReader.Create(path, new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null, MaxCharactersInDocument = MaxBytes });
            return XDocument.Load(reader).Root;
        }
        catch (Exception e) when (e is XmlException or IOException or UnauthorizedAccessException)
        {
            Problems.Add($"{path}: not read, {e.Message}");
            return null;
        }
    }

    private static IEnumerable<XElement> Children(XElement parent, string name) => parent.Elements().Where(e => e.Name.LocalName == name);

    private void ReadProperties(XElement root, bool isOwn)
    {
        foreach (XElement property in Groups(root, "PropertyGroup", isOwn).SelectMany(g => g.Elements()))
        {
            if (Holds(property, isOwn))
            {
                _properties[property.Name.LocalName] = Expand(property.Value).Trim();
            }
        }
    }

    private void ReadItems(XElement root, bool isOwn)
    {
        foreach (XElement item in Groups(root, "ItemGroup", isOwn).SelectMany(g => g.Elements()))
        {
            if (!Holds(item, isOwn))
            {
                continue;
            }

            string[] included = Names(item, "Include");
            switch (item.Name.LocalName)
            {
                case "PackageReference" or "GlobalPackageReference":
                    _referencesTestFramework |= included.Any(IsTestFramework);
                    break;
                case "Reference":
                    // "nunit.framework, Version=3.0.0.0, Culture=neutral": the name ends at the comma.
                    _referencesTestFramework |= included.Any(i => IsTestFramework(i.Split(',')[0].Trim()));
                    break;
                case "Using":
                    foreach (string name in included)
                    {
                        if (IsUsableName().IsMatch(name))
                        {
                            ImplicitUsings.Add(Directive(name, item));
                        }
                    }

                    foreach (string name in Names(item, "Remove"))
                    {
                        ImplicitUsings.RemoveWhere(u => u == name || u == Directive(name, item));
                    }

                    break;
            }
        }
    }

    private static string Directive(string name, XElement item) =>
        Metadata(item, "Alias") is { Length: > 0 } alias && IsUsableName().IsMatch(alias) ? $"{alias} = global::{name}"
        : Metadata(item, "Static").Equals("true", StringComparison.OrdinalIgnoreCase) ? $"static global::{name}"
        : $"global::{name}";

    private static string Metadata(XElement item, string name) =>
        ((string?)item.Attribute(name) ?? Children(item, name).FirstOrDefault()?.Value ?? "").Trim();

    private string[] Names(XElement item, string attribute) =>
        Expand((string?)item.Attribute(attribute) ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static bool IsTestFramework(string name) => TestPackages.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>The SDK's own lists: Microsoft.NET.Sdk.CSharp.props, Sdk.Server.props of the Web SDK, Microsoft.NET.Sdk.Worker.props.</summary>
    private void AddImplicitUsings()
    {
        string[] sdks = _sdks.Select(s => s.Split('/')[0]).ToArray();
        bool isSdkStyle = sdks.Length > 0;
        if (!isSdkStyle || Property("ImplicitUsings").ToLowerInvariant() is not ("enable" or "true"))
        {
            return;
        }

        Add("System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Threading", "System.Threading.Tasks");
        if (sdks.Contains("Microsoft.NET.Sdk.Web", StringComparer.OrdinalIgnoreCase))
        {
            Add("System.Net.Http.Json", "Microsoft.AspNetCore.Builder", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Http", "Microsoft.AspNetCore.Routing");
            Add("Microsoft.Extensions.Configuration", "Microsoft.Extensions.DependencyInjection", "Microsoft.Extensions.Hosting", "Microsoft.Extensions.Logging");
        }
        else if (sdks.Contains("Microsoft.NET.Sdk.Worker", StringComparer.OrdinalIgnoreCase))
        {
            Add("Microsoft.Extensions.Configuration", "Microsoft.Extensions.DependencyInjection", "Microsoft.Extensions.Hosting", "Microsoft.Extensions.Logging");
        }

        void Add(params string[] names)
        {
            foreach (string name in names)
            {
                ImplicitUsings.Add($"global::{name}");
            }
        }
    }

    private IEnumerable<XElement> Groups(XElement root, string name, bool isOwn) =>
        root.Descendants().Where(e => e.Name.LocalName == name && e.AncestorsAndSelf().All(a => a.Name.LocalName != "Target" && Holds(a, isOwn)));

    private string Property(string name) => _properties.GetValueOrDefault(name, "");

    private string Expand(string text) => PropertyReference().Replace(text, m => Property(m.Groups["name"].Value));

    /// <summary>
    /// Whether an element's condition holds. Comparisons of properties are decided as MSBuild does, an unknown property being empty.
    /// What needs MSBuild itself (property functions, items, the target framework, of which there may be several) can't be decided: the
    /// project's own file is then believed, one that many projects share is not.
    /// </summary>
    private bool Holds(XElement element, bool isOwn) =>
        (string?)element.Attribute("Condition") is not { Length: > 0 } condition || (Condition(condition) ?? isOwn);

    private bool? Condition(string condition)
    {
        bool? any = false;
        foreach (string alternative in OrWord().Split(condition))
        {
            bool? all = true;
            foreach (string term in AndWord().Split(alternative))
            {
                all = Term(term) switch
                {
                    false => false,
                    null when all is true => null,
                    _ => all,
                };
            }

            any = all switch
            {
                true => true,
                null when any is false => null,
                _ => any,
            };
        }

        return any;
    }

    private bool? Term(string term)
    {
        if (NameTest().Match(term) is { Success: true } test && !UndecidableProperty().IsMatch(term))
        {
            string value = Property(test.Groups["name"].Value), argument = test.Groups["argument"].Value;
            return test.Groups["function"].Value.ToLowerInvariant() switch
            {
                "startswith" => value.StartsWith(argument, StringComparison.Ordinal),
                "endswith" => value.EndsWith(argument, StringComparison.Ordinal),
                _ => value.Contains(argument, StringComparison.Ordinal),
            } == (test.Groups["negation"].Value.Length == 0);
        }

        Match match = Comparison().Match(term);
        if (!match.Success || UndecidableProperty().IsMatch(term))
        {
            return null;
        }

        string left = match.Groups["left"].Value, right = match.Groups["right"].Value;
        if (PropertyFunction().IsMatch(left) || PropertyFunction().IsMatch(right))
        {
            return null;
        }

        bool equal = Expand(left).Trim().Equals(Expand(right).Trim(), StringComparison.OrdinalIgnoreCase);
        return match.Groups["operator"].Value == "==" ? equal : !equal;
    }

    [GeneratedRegex(@"^\s*\(*\s*'?(?<left>[^'=!]*)'?\s*(?<operator>==|!=)\s*'?(?<right>[^'=!]*?)'?\s*\)*\s*$", RegexOptions.NonBacktracking)]
    private static partial Regex Comparison();

    /// <summary>The one property function that shared files use to tell projects apart: <c>$(MSBuildProjectName.EndsWith('.Tests'))</c>.</summary>
    [GeneratedRegex(@"^\s*(?<negation>!?)\s*'?\$\((?<name>\w+)\.(?<function>StartsWith|EndsWith|Contains)\(\s*['""`](?<argument>[^'""`]*)['""`]\s*\)\)'?\s*(==\s*'?true'?\s*)?$", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex NameTest();

    [GeneratedRegex(@"\$\((?<name>[A-Za-z_][A-Za-z0-9_]*)\)", RegexOptions.NonBacktracking)]
    private static partial Regex PropertyReference();

    [GeneratedRegex(@"\$\([^)]*[.:\[]|@\(|%\(", RegexOptions.NonBacktracking)]
    private static partial Regex PropertyFunction();

    [GeneratedRegex(@"\$\((TargetFramework\w*|TargetPlatform\w*|OS|RuntimeIdentifier)\b", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex UndecidableProperty();

    [GeneratedRegex(@"\sor\s", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex OrWord();

    [GeneratedRegex(@"\sand\s", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex AndWord();

    [GeneratedRegex(@"GetPathOfFileAbove\(\s*'?(?<name>[\w.]+)'?", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex PathOfFileAbove();

    [GeneratedRegex(@"^[\p{L}_][\p{L}\p{N}_.<>, ]*$", RegexOptions.NonBacktracking)]
    private static partial Regex IsUsableName();
}
