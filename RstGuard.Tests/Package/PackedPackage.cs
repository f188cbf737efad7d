using RstGuard.Tests.Package;

[assembly: AssemblyFixture(typeof(PackedPackage))]

namespace RstGuard.Tests.Package;

/// <summary>The package as <c>dotnet pack</c> makes it now, in a folder that is also a feed; packed once, when first asked for.</summary>
public sealed class PackedPackage : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private readonly Lazy<Task<string>> _file;

    public PackedPackage()
    {
        Folder = Directory.CreateTempSubdirectory("rstguard-pack-").FullName;
        _file = new(async () =>
        {
            await DotnetAsync(DotNet.RepositoryRoot, 0, "pack", "RstGuard.CodeFixes", "-o", Folder, "--artifacts-path", Path.Combine(Folder, "artifacts"), "-nodeReuse:false");
            return Assert.Single(Directory.GetFiles(Folder, "*.nupkg"));
        });
    }

    /// <summary>Where the package lies; removed at the end.</summary>
    public string Folder { get; }

    /// <summary>The package file.</summary>
    public Task<string> FileAsync() => _file.Value;

    /// <summary>Runs a <c>dotnet</c> command that is to end with <paramref name="exitCode"/>, and gives what it printed.</summary>
    public static async Task<string> DotnetAsync(string workingDirectory, int exitCode, params string[] arguments)
    {
        (int actual, string output) = await DotNet.RunInAsync(workingDirectory, Limit, arguments);
        Assert.True(actual == exitCode, $"dotnet {string.Join(' ', arguments)} ended with {actual}:\n{output}");
        return output;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
