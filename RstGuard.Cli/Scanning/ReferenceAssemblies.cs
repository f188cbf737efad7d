using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Microsoft.CodeAnalysis;

namespace RstGuard.Cli.Scanning;

/// <summary>
/// The reference assemblies that loose sources are compiled against: .NET's and, where there, ASP.NET Core's, of the newest version
/// that the SDK's <c>packs</c> folder or the NuGet package folder holds.
/// </summary>
internal sealed class ReferenceAssemblies
{
    private const string NetCorePack = "Microsoft.NETCore.App.Ref";
    private const string AspNetCorePack = "Microsoft.AspNetCore.App.Ref";

    private ReferenceAssemblies(Version version, string directory, string? aspNetCoreDirectory)
    {
        Version = version;
        Directory = directory;
        AspNetCoreDirectory = aspNetCoreDirectory;
        IEnumerable<string> files = System.IO.Directory.EnumerateFiles(directory, "*.dll");
        if (aspNetCoreDirectory is not null)
        {
            files = files.Concat(System.IO.Directory.EnumerateFiles(aspNetCoreDirectory, "*.dll"));
        }

        // Both packs carry a few of the same assemblies; the first one stands.
        References = files
            .DistinctBy(Path.GetFileName, StringComparer.OrdinalIgnoreCase)
            .Order(StringComparer.Ordinal)
            .Select(MetadataReference (file) => MetadataReference.CreateFromFile(file))
            .ToImmutableArray();
    }

    /// <summary>The version of the .NET pack; its major and minor number are the target framework.</summary>
    public Version Version { get; }

    /// <summary>Where .NET's assemblies were found.</summary>
    public string Directory { get; }

    /// <summary>Where ASP.NET Core's assemblies were found; null when this machine has none of that version.</summary>
    public string? AspNetCoreDirectory { get; }

    /// <summary>One reference for each assembly, ordered by path. Shared by all compilations, which then share the symbols read from them.</summary>
    public ImmutableArray<MetadataReference> References { get; }

    /// <summary>Finds the newest pack on this machine, or tells in <paramref name="problem"/> where it looked and what to do.</summary>
    public static bool TryFind([NotNullWhen(true)] out ReferenceAssemblies? assemblies, [NotNullWhen(false)] out string? problem) =>
        TryFind(DotnetRoots().Select(root => Path.Combine(root, "packs")).Append(NuGetFolder()), out assemblies, out problem);

    /// <summary>The same over given folders, each holding packs as <c>Name/Version/ref/netX.Y/*.dll</c>.</summary>
    internal static bool TryFind(IEnumerable<string> packFolders, [NotNullWhen(true)] out ReferenceAssemblies? assemblies, [NotNullWhen(false)] out string? problem)
    {
        string[] folders = packFolders.Distinct(StringComparer.Ordinal).ToArray();
        assemblies = null;
        problem = null;
        Pack? netCore = folders.SelectMany(f => Packs(f, NetCorePack)).MaxBy(p => p.Version);
        if (netCore is null)
        {
            problem = $"No reference assemblies of .NET were found, so nothing can be compiled. Looked for {NetCorePack} in {string.Join(", ", folders)}. "
                + "Install the .NET SDK, or point DOTNET_ROOT at one, or restore any project so that the NuGet package folder gets the pack.";
            return false;
        }

        // An ASP.NET Core pack of another .NET would bring its own idea of the shared assemblies.
        Pack? aspNetCore = folders.SelectMany(f => Packs(f, AspNetCorePack))
            .Where(p => p.Version.Major == netCore.Version.Major && p.Version.Minor == netCore.Version.Minor)
            .MaxBy(p => p.Version);
        assemblies = new ReferenceAssemblies(netCore.Version, netCore.Directory, aspNetCore?.Directory);
        return true;
    }

    private sealed record Pack(Version Version, string Directory);

    private static IEnumerable<Pack> Packs(string folder, string name)
    {
        // The NuGet folder holds lower-case names, the SDK's packs folder the original ones.
        foreach (string packFolder in new[] { Path.Combine(folder, name), Path.Combine(folder, name.ToLowerInvariant()) }.Distinct(StringComparer.Ordinal))
        {
            if (!System.IO.Directory.Exists(packFolder))
            {
                continue;
            }

            foreach (string versionFolder in System.IO.Directory.EnumerateDirectories(packFolder))
            {
                // A preview ("11.0.0-preview.1") is passed over: released packs are what projects are built with.
                if (!Version.TryParse(Path.GetFileName(versionFolder), out Version? version))
                {
                    continue;
                }

                string assemblies = Path.Combine(versionFolder, "ref", $"net{version.Major}.{version.Minor}");
                if (System.IO.Directory.Exists(assemblies) && System.IO.Directory.EnumerateFiles(assemblies, "*.dll").Any())
                {
                    yield return new Pack(version, assemblies);
                }
            }
        }
    }

    /// <summary>Where a .NET installation may lie, the most certain first: the one that runs this, the ones the environment names, the usual places.</summary>
    internal static IEnumerable<string> DotnetRoots()
    {
        // <root>/shared/Microsoft.NETCore.App/<version>/System.Private.CoreLib.dll; empty in a single-file program.
        string coreLibrary = typeof(object).Assembly.Location;
        if (coreLibrary.Length > 0 && Path.GetFullPath(Path.Combine(coreLibrary, "..", "..", "..", "..")) is { } running)
        {
            yield return running;
        }

        if (Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root)
        {
            yield return root;
        }

        if (Path.GetDirectoryName(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH")) is { Length: > 0 } host)
        {
            yield return host;
        }

        string executable = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        foreach (string directory in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            FileInfo file = new(Path.Combine(directory, executable));
            if (file.Exists && Path.GetDirectoryName(file.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? file.FullName) is { } found)
            {
                yield return found;
            }
        }

        if (OperatingSystem.IsWindows())
        {
            yield return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles), "dotnet");
        }
        else
        {
            yield return "/usr/share/dotnet";
            yield return "/usr/lib/dotnet";
            yield return "/usr/local/share/dotnet";
        }

        yield return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".dotnet");
    }

    private static string NuGetFolder() =>
        Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } folder
            ? folder
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
}
