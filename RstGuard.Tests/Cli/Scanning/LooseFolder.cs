using System.Collections.Immutable;
using Microsoft.CodeAnalysis.Diagnostics;
using RstGuard.Cli.Scanning;

namespace RstGuard.Tests.Cli.Scanning;

/// <summary>A folder of sources under the system's temporary folder, gone at the end of the test.</summary>
internal sealed class LooseFolder : IDisposable
{
    public LooseFolder()
    {
        Path = Directory.CreateTempSubdirectory("rstguard-scan-").FullName;
        // Nothing above the folder speaks for it.
        Write(".editorconfig", "root = true\n");
    }

    public string Path { get; }

    public string FullName(string path) => System.IO.Path.Combine(Path, path);

    public LooseFolder Write(string path, string text)
    {
        string full = FullName(path);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
        return this;
    }

    public Task<ScanResult> ScanAsync(params string[] defines) => ScanAsync([new LingerProbe()], defines);

    public async Task<ScanResult> ScanAsync(ImmutableArray<DiagnosticAnalyzer> analyzers, params string[] defines)
    {
        Assert.True(ReferenceAssemblies.TryFind(out ReferenceAssemblies? assemblies, out string? problem), problem);
        return await new LooseScanner(Path, assemblies, analyzers, defines).ScanAsync(null, TestContext.Current.CancellationToken);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
