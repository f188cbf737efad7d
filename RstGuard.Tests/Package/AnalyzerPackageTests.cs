using System.Diagnostics;
using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.CompilerServices;

namespace RstGuard.Tests.Package;

public sealed class AnalyzerPackageTests
{
    // What Roslyn 4.5 brings along; a newer one in a host satisfies it, an older host can't load what asks for more.
    private static readonly Dictionary<string, Version> Allowed = new()
    {
        ["netstandard"] = new(2, 0, 0, 0),
        ["Microsoft.CodeAnalysis"] = new(4, 5, 0, 0),
        ["Microsoft.CodeAnalysis.CSharp"] = new(4, 5, 0, 0),
        ["System.Collections.Immutable"] = new(6, 0, 0, 0),
    };

    [Fact]
    public void Analyzers_ReferenceNothingNewerThanRoslyn45() => Assert.Empty(Unwanted("RstGuard.Analyzers.dll", Allowed));

    [Fact]
    public void Fixes_ReferenceNothingNewerThanRoslyn45() => Assert.Empty(Unwanted("RstGuard.CodeFixes.dll", new(Allowed)
    {
        ["Microsoft.CodeAnalysis.Workspaces"] = new(4, 5, 0, 0),
        ["Microsoft.CodeAnalysis.CSharp.Workspaces"] = new(4, 5, 0, 0),
        ["RstGuard.Analyzers"] = new(0, 1, 0, 0),
    }));

    [Fact]
    public async Task Package_HoldsAnalyzersAndNothingElse()
    {
        string directory = Directory.CreateTempSubdirectory("rstguard-pack-").FullName;
        try
        {
            var start = new ProcessStartInfo("dotnet") { WorkingDirectory = Root(), RedirectStandardOutput = true };
            foreach (string argument in new[] { "pack", "RstGuard.CodeFixes", "-o", directory, "--artifacts-path", Path.Combine(directory, "artifacts"), "-nodeReuse:false" })
            {
                start.ArgumentList.Add(argument);
            }

            using Process pack = Process.Start(start)!;
            string output = await pack.StandardOutput.ReadToEndAsync();
            await pack.WaitForExitAsync();
            Assert.True(pack.ExitCode == 0, output);
            using ZipArchive package = ZipFile.OpenRead(Assert.Single(Directory.GetFiles(directory, "*.nupkg")));
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
                package.Entries.Select(e => e.FullName).Where(n => !n.StartsWith("_rels/", StringComparison.Ordinal) && !n.StartsWith("package/", StringComparison.Ordinal) && n != "[Content_Types].xml").Order(StringComparer.Ordinal));
            using var nuspec = new StreamReader(package.GetEntry("RstGuard.Analyzers.nuspec")!.Open());
            string text = await nuspec.ReadToEndAsync();
            Assert.Contains("<developmentDependency>true</developmentDependency>", text, StringComparison.Ordinal);
            Assert.Contains("<license type=\"expression\">MIT</license>", text, StringComparison.Ordinal);
            Assert.DoesNotContain("<dependency ", text, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static IEnumerable<string> Unwanted(string file, Dictionary<string, Version> allowed)
    {
        using var pe = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, file)));
        MetadataReader metadata = pe.GetMetadataReader();
        return [.. metadata.AssemblyReferences
            .Select(handle => metadata.GetAssemblyReference(handle))
            .Where(r => !allowed.TryGetValue(metadata.GetString(r.Name), out Version? most) || r.Version > most)
            .Select(r => $"{metadata.GetString(r.Name)} {r.Version}")];
    }

    private static string Root([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", ".."));
}
