using System.ComponentModel;
using System.Diagnostics;

namespace RstGuard.Tests.Capture;

/// <summary>What Wireshark's programs read in a file; a test that asks them is skipped where they are not installed.</summary>
internal static class Tshark
{
    /// <summary>For each frame the fields asked for, an absent one empty.</summary>
    public static async Task<string[][]> FieldsAsync(string path, params string[] fields)
    {
        string output = await RunAsync("tshark", ["-n", "-r", path, "-T", "fields", .. fields.SelectMany(field => new[] { "-e", field })]);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t'))];
    }

    /// <summary>What <c>capinfos</c> tells of the file as a whole.</summary>
    public static Task<string> FileInformationAsync(string path) => RunAsync("capinfos", [path]);

    private static async Task<string> RunAsync(string program, string[] arguments)
    {
        Process? started = null;
        try
        {
            started = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true });
        }
        catch (Win32Exception)
        {
            // Not installed: the requirement says so.
        }

        Requirement.Check("tshark", started is not null, "install the package tshark.");
        using Process process = started!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await error);
        return output;
    }
}
