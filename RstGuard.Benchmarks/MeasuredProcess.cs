using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace RstGuard.Benchmarks;

/// <summary>One run of a program: from its start to its end, as whoever waits for it sees it.</summary>
/// <param name="Seconds">How long it took.</param>
/// <param name="PeakMebibytes">The most memory it held, mapped pages of files included (VmHWM of <c>/proc/PID/status</c>); 0 where the system does not tell.</param>
/// <param name="Output">What it wrote to its standard output.</param>
internal sealed record MeasuredProcess(double Seconds, double PeakMebibytes, string Output)
{
    private const int LookEveryMilliseconds = 5;

    /// <summary>Runs a program; null where it is not installed.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static async Task<MeasuredProcess?> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        long begun = Stopwatch.GetTimestamp();
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            return null;
        }

        using (process)
        {
            try
            {
                Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
                Task<string> error = process.StandardError.ReadToEndAsync(cancellationToken);
                Task ended = process.WaitForExitAsync(cancellationToken);
                double peak = 0;
                while (!ended.IsCompleted)
                {
                    peak = Math.Max(peak, PeakOf(process.Id));
                    await Task.WhenAny(ended, Task.Delay(LookEveryMilliseconds, cancellationToken));
                }

                await ended;
                double seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
                string text = await output;
                return process.ExitCode == 0
                    ? new MeasuredProcess(seconds, peak, text)
                    : throw new InvalidOperationException($"'{program} {string.Join(' ', arguments)}' ended with {process.ExitCode}: {await error}");
            }
            finally
            {
                if (!process.HasExited)
                {
                    process.Kill(entireProcessTree: true);
                }
            }
        }
    }

    /// <summary>The most memory a process has held so far, in MiB.</summary>
    public static double PeakOf(int process)
    {
        try
        {
            string? line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : double.Parse(line.AsSpan(6).Trim().TrimEnd("kB"), CultureInfo.InvariantCulture) / 1024;
        }
        catch (IOException)
        {
            // It has ended, or this is no Linux.
            return 0;
        }
    }
}
