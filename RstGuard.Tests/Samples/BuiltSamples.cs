namespace RstGuard.Tests.Samples;

/// <summary>All samples, built once from their own projects into a folder that goes with it.</summary>
public sealed class BuiltSamples : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rstguard-samples-").FullName;

    /// <summary>A sample's test assembly.</summary>
    internal string Assembly(string sample) => Path.Combine(_folder, "bin", sample, "debug", sample + ".dll");

    /// <summary>A sample's source file.</summary>
    internal static string Source(string sample, string file) => Path.Combine(DotNet.RepositoryRoot, "samples", sample, file);

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        // No package source: everything that the samples need has been restored for the tests already. No server that
        // outlives the build, since it would hold its output open.
        string solution = Path.Combine(DotNet.RepositoryRoot, "samples", "Samples.slnx");
        (int exitCode, string log) = await DotNet.RunAsync(
            TimeSpan.FromMinutes(10),
            "build", solution, "--artifacts-path", _folder, "--nologo", "-nodeReuse:false", "-p:UseSharedCompilation=false", "-p:RunAnalyzers=false", $"-p:RestoreSources={_folder}");
        Assert.True(exitCode == 0, log);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
