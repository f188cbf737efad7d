using System.Diagnostics;
using System.Runtime.CompilerServices;
using RstGuard.Tests.Package;

[assembly: AssemblyFixture(typeof(PackedPackage))]

namespace RstGuard.Tests.Package;

/// <summary>The package as <c>dotnet pack</c> makes it now, in a folder that is also a feed; packed once, when first asked for.</summary>
public sealed class PackedPackage : IDisposable
{
    private readonly Lazy<Task<string>> _file;

    public PackedPackage()
    {
        Folder = Directory.CreateTempSubdirectory("rstguard-pack-").FullName;
        _file = new(async () =>
        {
            await DotnetAsync(RepositoryRoot, 0, "pack", "RstGuard.CodeFixes", "-o", Folder, "--artifacts-path", Path.Combine(Folder, "artifacts"), "-nodeReuse:false");
            return Assert.Single(Directory.GetFiles(Folder, "*.nupkg"));
        });
    }

    /// <summary>Where the package lies; removed at the end.</summary>
    public string Folder { get; }

    public static string RepositoryRoot => Root();

    /// <summary>The package file.</summary>
    public Task<string> FileAsync() => _file.Value;

    /// <summary>Runs a <c>dotnet</c> command that is to end with <paramref name="exitCode"/>, and gives what it printed.</summary>
    public static async Task<string> DotnetAsync(string workingDirectory, int exitCode, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = workingDirectory, RedirectStandardOutput = true, RedirectStandardError = true };
        // A test run started by `dotnet test` has these, and they are of another MSBuild node.
        foreach (string name in start.Environment.Keys.Where(k => k.StartsWith("MSBuild", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["DOTNET_NOLOGO"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync() + await errors;
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == exitCode, $"dotnet {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{output}");
        return output;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static string Root([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", ".."));
}
