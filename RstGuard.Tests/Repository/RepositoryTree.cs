using System.Diagnostics;

namespace RstGuard.Tests.Repository;

/// <summary>The files of this repository, as git tracks them.</summary>
internal static class RepositoryTree
{
    public static string Root => DotNet.RepositoryRoot;

    /// <summary>Tracked and not yet tracked files, relative to the root, with '/'; none of what git ignores.</summary>
    public static IReadOnlyList<string> Files { get; } = List();

    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    public static bool IsText(string file) => Path.GetExtension(file) is not (".png" or ".pcap" or ".pcapng" or ".snk");

    private static string[] List()
    {
        using Process git = Process.Start(new ProcessStartInfo("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
        })!;
        string output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        Assert.Equal(0, git.ExitCode);
        return output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Where(file => File.Exists(Path.Combine(Root, file))).ToArray();
    }
}
