using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace RstGuard.Tests.Package;

public sealed class AnalyzerPackageTests(PackedPackage package)
{
    // What Roslyn 4.5 brings along; a newer one in a host satisfies it, an older host can't load what asks for more.
    private static readonly Dictionary<string, Version> Allowed = new()
    {
        ["netstandard"] = new(2, 0, 0, 0),
        ["Microsoft.CodeAnalysis"] = new(4, 5, 0, 0),
        ["Microsoft.CodeAnalysis.CSharp"] = new(4, 5, 0, 0),
        ["System.Collections.Immutable"] = new(6, 0, 0, 0),
        ["System.Memory"] = new(4, 0, 1, 2),
    };

    [Fact]
    public async Task Analyzers_ReferenceNothingNewerThanRoslyn45() => Assert.Empty(await UnwantedAsync("RstGuard.Analyzers.dll", Allowed));

    [Fact]
    public async Task Fixes_ReferenceNothingNewerThanRoslyn45() => Assert.Empty(await UnwantedAsync("RstGuard.CodeFixes.dll", new(Allowed)
    {
        ["Microsoft.CodeAnalysis.Workspaces"] = new(4, 5, 0, 0),
        ["Microsoft.CodeAnalysis.CSharp.Workspaces"] = new(4, 5, 0, 0),
        ["RstGuard.Analyzers"] = new(0, 1, 0, 0),
    }));

    [Fact]
    public async Task Package_HoldsAnalyzersAndNothingElse()
    {
        using ZipArchive archive = ZipFile.OpenRead(await package.FileAsync());
        Assert.Equal(
            [
                "README.md",
                "RstGuard.Analyzers.nuspec",
                "analyzers/dotnet/cs/RstGuard.Analyzers.dll",
                "analyzers/dotnet/cs/RstGuard.CodeFixes.dll",
                "analyzers/dotnet/cs/zh-Hans/RstGuard.Analyzers.resources.dll",
                "analyzers/dotnet/cs/zh-Hans/RstGuard.CodeFixes.resources.dll",
                "buildTransitive/RstGuard.Analyzers.props",
                "buildTransitive/RstGuard.Analyzers.targets",
                "config/rstguard.default.globalconfig",
                "config/rstguard.off.globalconfig",
                "config/rstguard.strict.globalconfig",
            ],
            archive.Entries.Select(e => e.FullName).Where(n => !n.StartsWith("_rels/", StringComparison.Ordinal) && !n.StartsWith("package/", StringComparison.Ordinal) && n != "[Content_Types].xml").Order(StringComparer.Ordinal));
        using var nuspec = new StreamReader(archive.GetEntry("RstGuard.Analyzers.nuspec")!.Open());
        string text = await nuspec.ReadToEndAsync();
        Assert.Contains("<developmentDependency>true</developmentDependency>", text, StringComparison.Ordinal);
        Assert.Contains("<license type=\"expression\">MIT</license>", text, StringComparison.Ordinal);
        Assert.DoesNotContain("<dependency ", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task InstalledInANewProject_ItWarnsAsThePresetSaysAndFormatRepairs()
    {
        await package.FileAsync();
        string directory = Path.Combine(package.Folder, "Consumer");
        await Dotnet(package.Folder, "new", "console", "-o", directory, "--no-restore");
        // A cache of packages of its own: the user's may hold an older build of the same version.
        await File.WriteAllTextAsync(Path.Combine(directory, "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{Path.Combine(directory, "packages")}" /></config>
              <packageSources><clear /><add key="feed" value="{package.Folder}" /></packageSources>
            </configuration>
            """);
        string project = Path.Combine(directory, "Consumer.csproj");
        string text = await File.ReadAllTextAsync(project);
        Assert.Contains("</Project>", text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(project, text.Replace("</Project>", """<ItemGroup><PackageReference Include="RstGuard.Analyzers" Version="*" /></ItemGroup></Project>""", StringComparison.Ordinal));
        const string Repaired = """
            using System.Net.Sockets;

            using var http = new HttpClient { Timeout = TimeSpan.FromMilliseconds(200) };
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            socket.Connect("localhost", 9);
            socket.Dispose();

            """;
        string program = Path.Combine(directory, "Program.cs");
        await File.WriteAllTextAsync(program, Repaired.Replace("socket.Dispose", "socket.LingerState = new LingerOption(true, 0);\nsocket.Dispose", StringComparison.Ordinal));
        await Dotnet(directory, "restore");

        string normal = await Dotnet(directory, Build("default"));
        Assert.Contains("Program.cs(6,1): warning RST1001: ", normal, StringComparison.Ordinal);
        Assert.DoesNotContain("RST4001", normal, StringComparison.Ordinal);
        string strict = await Dotnet(directory, Build("strict"));
        Assert.Contains("warning RST1001: ", strict, StringComparison.Ordinal);
        Assert.Contains("warning RST4001: ", strict, StringComparison.Ordinal);
        Assert.DoesNotContain("RST1001", await Dotnet(directory, Build("off")), StringComparison.Ordinal);
        Assert.Contains("default, strict or off", await PackedPackage.DotnetAsync(directory, 1, Build("loud")), StringComparison.Ordinal);

        await Dotnet(directory, "format", "analyzers", "--no-restore", "--diagnostics", "RST1001");
        Assert.Equal(Repaired, (await File.ReadAllTextAsync(program)).ReplaceLineEndings("\n"));
    }

    [Theory]
    [InlineData("strict", "warning")]
    [InlineData("off", "none")]
    public void Preset_NamesEveryRule(string preset, string severity) => Assert.Equal(
        Catalogue.Rules.Select(rule => $"dotnet_diagnostic.{rule.Descriptor.Id}.severity = {severity}"),
        File.ReadLines(Path.Combine(DotNet.RepositoryRoot, "RstGuard.CodeFixes", "config", $"rstguard.{preset}.globalconfig")).Where(line => line.StartsWith("dotnet_diagnostic.", StringComparison.Ordinal)));

    private static Task<string> Dotnet(string directory, params string[] arguments) => PackedPackage.DotnetAsync(directory, 0, arguments);

    private static string[] Build(string preset) => ["build", "--no-restore", "--no-incremental", "-nodeReuse:false", "-tl:off", "-p:RstGuardPreset=" + preset];

    private async Task<IEnumerable<string>> UnwantedAsync(string file, Dictionary<string, Version> allowed)
    {
        using ZipArchive archive = ZipFile.OpenRead(await package.FileAsync());
        using var content = new MemoryStream();
        await archive.GetEntry("analyzers/dotnet/cs/" + file)!.Open().CopyToAsync(content);
        content.Position = 0;
        using var pe = new PEReader(content);
        MetadataReader metadata = pe.GetMetadataReader();
        return [.. metadata.AssemblyReferences
            .Select(handle => metadata.GetAssemblyReference(handle))
            .Where(r => !allowed.TryGetValue(metadata.GetString(r.Name), out Version? most) || r.Version > most)
            .Select(r => $"{metadata.GetString(r.Name)} {r.Version}")];
    }
}
