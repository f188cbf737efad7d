using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using RstGuard.Capture;

namespace RstGuard.Cli.Proving;

/// <summary>Runs a compiled proof as a process of its own, so that a hang or a crash is the program's and not ours.</summary>
internal static class ProgramRun
{
    private const string CallMark = "call";
    private const string ReturnMark = "return";

    // What the machine lacks for the program to act both ends; it then reports nothing else.
    private const string MissingMark = "missing ";

    /// <summary>No proof takes longer than two seconds; a machine under load gets ten times that before the program is killed.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>Runs the program and reads its report.</summary>
    /// <param name="program">The compiled program, an executable assembly.</param>
    /// <param name="name">Its assembly name.</param>
    /// <param name="framework">The shared framework it needs beside .NET's own; null: none.</param>
    /// <param name="address">The loopback address it listens on.</param>
    /// <param name="capture">Where it is to run.</param>
    /// <param name="cancellationToken">Kills the program.</param>
    /// <exception cref="ProgramFailedException">It crashed, did not end in time, or reported nothing that can be read.</exception>
    public static async Task<ProgramReport> RunAsync(
        byte[] program, string name, SharedFramework? framework, IPAddress address, IWireCapture capture, CancellationToken cancellationToken)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("rstguard-proof-");
        try
        {
            string path = Path.Combine(directory.FullName, name + ".dll");
            await File.WriteAllBytesAsync(path, program, cancellationToken);
            await File.WriteAllTextAsync(Path.ChangeExtension(path, ".runtimeconfig.json"), RuntimeConfiguration(framework), cancellationToken);
            return await StartAsync(path, address, capture, cancellationToken);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static string RuntimeConfiguration(SharedFramework? framework) => $$"""
        {
          "runtimeOptions": {
            "frameworks": [
              { "name": "Microsoft.NETCore.App", "version": "{{Environment.Version}}" }{{(framework is null ? "" : $", {{ \"name\": \"{framework.Name}\", \"version\": \"{framework.Version}\" }}")}}
            ],
            "configProperties": { "System.Globalization.Invariant": true }
          }
        }
        """;

    private static async Task<ProgramReport> StartAsync(string path, IPAddress address, IWireCapture capture, CancellationToken cancellationToken)
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

        using Process process = await capture.RunAsync(start);
        process.StandardInput.Close();
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            Task<(string Written, long? Call)> output = ReadAsync(process.StandardOutput);
            Task<string> error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            (string written, long? call) = await output;
            if (process.ExitCode != 0)
            {
                throw new ProgramFailedException($"The program ended with exit code {process.ExitCode}: {FirstLine(await error)}");
            }

            return written.Split('\n').FirstOrDefault(line => line.StartsWith(MissingMark, StringComparison.Ordinal)) is string missing
                ? throw new CaptureUnavailableException(missing[MissingMark.Length..], "")
                : ProgramReport.Parse(written) with { CallMilliseconds = call };
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

    // The program marks the call it claims to block; the time between its two lines is taken here, so that it need not be believed.
    // A thread of its own reads, so that a busy pool does not make a line late; it ends with the program.
    private static Task<(string Written, long? CallMilliseconds)> ReadAsync(StreamReader output) =>
        Task.Factory.StartNew(() => Read(output), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static (string Written, long? CallMilliseconds) Read(StreamReader output)
    {
        StringBuilder written = new();
        long? called = null, returned = null;
        while (output.ReadLine() is string line)
        {
            switch (line)
            {
                case CallMark when called is null:
                    called = Stopwatch.GetTimestamp();
                    break;
                case ReturnMark when called is not null && returned is null:
                    returned = Stopwatch.GetTimestamp();
                    break;
                default:
                    written.Append(line).Append('\n');
                    break;
            }
        }

        return (written.ToString(), called is null || returned is null ? null : (long)Stopwatch.GetElapsedTime(called.Value, returned.Value).TotalMilliseconds);
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
