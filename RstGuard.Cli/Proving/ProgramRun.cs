using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;

namespace RstGuard.Cli.Proving;

/// <summary>Runs a compiled proof as a process of its own, so that a hang or a crash is the program's and not ours.</summary>
internal static class ProgramRun
{
    /// <summary>No proof takes longer than two seconds; a machine under load gets ten times that before the program is killed.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>Runs the program and reads its report.</summary>
    /// <param name="program">The compiled program, an executable assembly.</param>
    /// <param name="name">Its assembly name.</param>
    /// <param name="address">The loopback address it listens on.</param>
    /// <param name="cancellationToken">Kills the program.</param>
    /// <exception cref="ProgramFailedException">It crashed, did not end in time, or reported nothing that can be read.</exception>
    public static async Task<ProgramReport> RunAsync(byte[] program, string name, IPAddress address, CancellationToken cancellationToken)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("rstguard-proof-");
        try
        {
            string path = Path.Combine(directory.FullName, name + ".dll");
            await File.WriteAllBytesAsync(path, program, cancellationToken);
            await File.WriteAllTextAsync(Path.ChangeExtension(path, ".runtimeconfig.json"), RuntimeConfiguration, cancellationToken);
            return await StartAsync(path, address, cancellationToken);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static string RuntimeConfiguration => $$"""
        {
          "runtimeOptions": {
            "framework": { "name": "Microsoft.NETCore.App", "version": "{{Environment.Version}}" },
            "configProperties": { "System.Globalization.Invariant": true }
          }
        }
        """;

    private static async Task<ProgramReport> StartAsync(string path, IPAddress address, CancellationToken cancellationToken)
    {
        ProcessStartInfo start = new(DotnetHost())
        {
            ArgumentList = { "exec", path, address.ToString() },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(path)!,
        };

        // A debugger, a profiler or a trace attached to the tool is not meant for the program it runs.
        foreach (string variable in start.Environment.Keys.Where(IsDiagnostic).ToList())
        {
            start.Environment.Remove(variable);
        }

        using Process process = Process.Start(start) ?? throw new ProgramFailedException("The program could not be started.");
        process.StandardInput.Close();
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
            Task<string> error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            string written = await output;
            if (process.ExitCode != 0)
            {
                throw new ProgramFailedException($"The program ended with exit code {process.ExitCode}: {FirstLine(await error)}");
            }

            return ProgramReport.Parse(written);
        }
        catch (FormatException e)
        {
            throw new ProgramFailedException(e.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ProgramFailedException($"The program did not end within {Limit.TotalSeconds:0} s and was killed.");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    /// <summary>The host that runs this tool: the runtime lies in &lt;root&gt;/shared/Microsoft.NETCore.App/&lt;version&gt;.</summary>
    public static string DotnetHost()
    {
        string root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        string host = Path.Combine(root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        return File.Exists(host) ? host : "dotnet";
    }

    private static bool IsDiagnostic(string variable) =>
        variable.StartsWith("CORECLR_", StringComparison.OrdinalIgnoreCase)
        || variable.StartsWith("DOTNET_STARTUP_HOOKS", StringComparison.OrdinalIgnoreCase)
        || variable.StartsWith("DOTNET_Diagnostic", StringComparison.OrdinalIgnoreCase);

    private static string FirstLine(string text) => text.Split('\n', 2)[0].Trim();
}

/// <summary>A proof's program did not do what a program does: end in time, with a report.</summary>
internal sealed class ProgramFailedException(string message) : Exception(message);
