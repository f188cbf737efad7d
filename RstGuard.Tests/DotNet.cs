using System.Diagnostics;
using System.Runtime.InteropServices;

namespace RstGuard.Tests;

/// <summary>Runs the <c>dotnet</c> that these tests run on, as a process of its own.</summary>
internal static class DotNet
{
    /// <summary>The folder that holds RstGuard.sln.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    private static string Host { get; } = Path.GetFullPath(Path.Combine(
        RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));

    /// <summary>A process start with its streams redirected and none of the variables that a surrounding build or test run sets.</summary>
    public static ProcessStartInfo Command(params string[] arguments)
    {
        var start = new ProcessStartInfo(Host, arguments)
        {
            WorkingDirectory = RepositoryRoot,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] inherited = [.. start.Environment.Keys.Where(name =>
            name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || name.StartsWith("VSTEST", StringComparison.OrdinalIgnoreCase))];
        foreach (string name in inherited)
        {
            start.Environment.Remove(name);
        }

        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["DOTNET_NOLOGO"] = "1";

        // A build of its own keeps its real paths: with CI set they would be replaced.
        start.Environment.Remove("CI");

        return start;
    }

    /// <summary>Runs to the end, and gives the exit code and both streams' text; beyond the limit the process is ended and the test fails.</summary>
    public static Task<(int ExitCode, string Output)> RunAsync(TimeSpan limit, params string[] arguments) => RunInAsync(RepositoryRoot, limit, arguments);

    /// <summary>The same in a folder of the caller's.</summary>
    public static async Task<(int ExitCode, string Output)> RunInAsync(string folder, TimeSpan limit, params string[] arguments)
    {
        ProcessStartInfo command = Command(arguments);
        command.WorkingDirectory = folder;
        using Process process = Process.Start(command)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using var expired = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(expired.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"dotnet {string.Join(' ', arguments)} did not end within {limit}.\n{await output}{await error}");
        }

        return (process.ExitCode, await output + await error);
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "RstGuard.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No RstGuard.sln above {AppContext.BaseDirectory}: these tests run from a build inside the repository.");
    }
}
