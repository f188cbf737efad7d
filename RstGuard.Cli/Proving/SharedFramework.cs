using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using Microsoft.CodeAnalysis;

namespace RstGuard.Cli.Proving;

/// <summary>A shared framework of the installation that runs this tool: what a proof is compiled against is what it runs on.</summary>
internal sealed class SharedFramework
{
    private static readonly ConcurrentDictionary<string, Lazy<SharedFramework?>> Found = new();

    private SharedFramework(string folder)
    {
        Name = Path.GetFileName(Path.GetDirectoryName(folder))!;
        Version = Path.GetFileName(folder);
        References = [.. Directory.EnumerateFiles(folder, "*.dll").Where(IsManaged).Select(path => (MetadataReference)MetadataReference.CreateFromFile(path))];
    }

    /// <summary>.NET's own, in the version that runs this tool.</summary>
    public static SharedFramework Runtime => Found.GetOrAdd("", _ => new(() => new(RuntimeFolder))).Value!;

    /// <summary>Such as Microsoft.NETCore.App.</summary>
    public string Name { get; }

    /// <summary>Such as 10.0.1.</summary>
    public string Version { get; }

    /// <summary>Its assemblies.</summary>
    public ImmutableArray<MetadataReference> References { get; }

    private static string RuntimeFolder { get; } = Path.TrimEndingDirectorySeparator(RuntimeEnvironment.GetRuntimeDirectory());

    /// <summary>The newest installed version of a framework beside .NET's own with the same major and minor version; null: there is none.</summary>
    public static SharedFramework? Find(string name) => Found.GetOrAdd(name, _ => new(() =>
    {
        string folder = Path.GetFullPath(Path.Combine(RuntimeFolder, "..", "..", name));
        string? newest = !Directory.Exists(folder) ? null : Directory.EnumerateDirectories(folder)
            .Select(path => (Path: path, Version: System.Version.TryParse(Path.GetFileName(path), out Version? version) ? version : null))
            .Where(entry => entry.Version is { } version && version.Major == Environment.Version.Major && version.Minor == Environment.Version.Minor)
            .MaxBy(entry => entry.Version).Path;
        return newest is null ? null : new(newest);
    })).Value;

    private static bool IsManaged(string path)
    {
        using FileStream file = File.OpenRead(path);
        using PEReader reader = new(file);
        return reader.HasMetadata;
    }
}
