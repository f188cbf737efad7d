using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using RstGuard.Capture;
using RstGuard.Diagnosis;

namespace RstGuard.Benchmarks;

/// <summary>
/// <c>wire</c>: how fast capture files are read and their resets explained, by the library and by <c>rstguard explain</c> from its start to
/// its end, beside tshark on the same files in the same run. The files are generated, the same each time, and deleted afterwards.
/// </summary>
internal static class WireCommand
{
    private const int Connections = 20_000;
    private const double Megabyte = 1e6;

    /// <summary>What <c>rstguard explain</c> allows.</summary>
    private static readonly ResetRecorderOptions Limits = new() { MaxConnections = 131_072, MaxResets = 65_536 };

    public static Command Create()
    {
        Option<int> segments = new("--segments") { Description = $"Segments of the first file, in {Connections:N0} connections.", DefaultValueFactory = _ => 1_000_000 };
        Option<long> bulk = new("--bulk") { Description = "Bytes of the second file.", DefaultValueFactory = _ => 2_000_000_000 };
        Option<int> rounds = new("--rounds") { Description = "Measured rounds; the least counts. tshark runs twice at the most.", DefaultValueFactory = _ => 5 };
        Option<FileInfo?> output = new("--output") { Description = "The page to write; the terminal unless told." };
        Option<bool> live = new("--live") { Description = "The live capture alone." };
        Option<int> rate = new("--rate") { Description = "Frames a second that the live capture is given.", DefaultValueFactory = _ => 150_000 };
        Option<double> seconds = new("--seconds") { Description = "How long each live capture lasts.", DefaultValueFactory = _ => 4 };
        Command command = new("wire", "How fast capture files are read, beside tshark, and how much a live capture takes, as a page.") { segments, bulk, rounds, live, rate, seconds, output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using StringWriter page = new(CultureInfo.InvariantCulture) { NewLine = "\n" };
            if (!parsed.GetValue(live))
            {
                await WriteAsync(page, parsed.GetValue(segments), parsed.GetValue(bulk), parsed.GetValue(rounds), cancellationToken);
            }

            await LiveCapture.WriteAsync(page, parsed.GetValue(rate), parsed.GetValue(seconds), cancellationToken);
            if (parsed.GetValue(output) is { } file)
            {
                await File.WriteAllTextAsync(file.FullName, page.ToString().TrimEnd('\n') + "\n", cancellationToken);
            }
            else
            {
                await Console.Out.WriteAsync(page.ToString());
            }

            return 0;
        });
        return command;
    }

    /// <summary>What <c>wire</c> starts, to measure the library in a process of its own: prints the least time, the packets and the resets.</summary>
    public static Command CreateRead()
    {
        Argument<string> file = new("FILE");
        Argument<int> rounds = new("ROUNDS");
        Command command = new("wire-read", "Reads a capture file so many times.") { file, rounds };
        command.Hidden = true;
        command.SetAction(async (parsed, cancellationToken) =>
        {
            double least = double.MaxValue;
            ResetRecording? recording = null;
            for (int round = 0; round < parsed.GetValue(rounds); round++)
            {
                long begun = Stopwatch.GetTimestamp();
                await using ResetRecorder recorder = ResetRecorder.Start(CaptureFile.Open(parsed.GetRequiredValue(file)), Limits);
                recording = await recorder.StopAsync(cancellationToken);
                least = Math.Min(least, Stopwatch.GetElapsedTime(begun).TotalSeconds);
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{least:R} {recording!.Statistics.Received} {recording.Resets.Count}"));
            return 0;
        });
        return command;
    }

    private static async Task WriteAsync(StringWriter page, int segments, long bulk, int rounds, CancellationToken cancellationToken)
    {
        string folder = Directory.CreateTempSubdirectory("rstguard-wire-").FullName;
        try
        {
            await page.WriteLineAsync($"""
                # How fast captures are read

                Made by one command, whose figures stand side by side because they come from one run:

                    chrt -r 10 dotnet run -c Release --project RstGuard.Benchmarks -- wire --output docs/performance-wire.md

                on {DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}: {Machine()}. Each time is the least of {rounds} rounds (tshark: of {TsharkRounds(rounds)}), since what else a machine does
                only ever adds, for which `chrt` is there too; the files are in the page cache. The command generates them, the same each time, and fails when the three do not find the same resets.

                * *library*: `CaptureFile` and `ResetRecorder` in a process that has read the file before, until the verdicts stand.
                * *rstguard explain*: the tool from its start to its end, with its text written.
                * *tshark*: `tshark -r FILE -Y tcp.flags.reset==1`, which finds the resets and explains none.

                """);

            List<string[]> memory = [];
            await MeasureAsync(page, memory, "small", "A million small segments", Path.Combine(folder, "small.pcap"), rounds, [
                ($"{segments:N0} segments of {Connections:N0} connections", path => GeneratedCaptures.SmallSegments(path, segments, Connections)),
                ($"{segments / 2:N0} segments of {Connections:N0} connections", path => GeneratedCaptures.SmallSegments(path, segments / 2, Connections)),
            ], cancellationToken);
            await MeasureAsync(page, memory, "bulk", "Bulk transfers in full frames", Path.Combine(folder, "bulk.pcap"), rounds, [
                (string.Create(CultureInfo.InvariantCulture, $"{bulk / 1e9:0.0} GB, 16 connections"), path => GeneratedCaptures.Bulk(path, bulk)),
                (string.Create(CultureInfo.InvariantCulture, $"{bulk / 2e9:0.0} GB, 16 connections"), path => GeneratedCaptures.Bulk(path, bulk / 2)),
            ], cancellationToken);
            AnalyzersCommand.Print(
                page,
                "## Memory\n\nThe most that a process held (VmHWM: its heap, its code, and the pages of the file that were mapped at that time), MiB, for each file and one half as long:",
                ["", "whole file", "half of it"],
                memory);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task MeasureAsync(
        StringWriter page, List<string[]> memory, string name, string title, string path, int rounds, (string Name, Func<string, int> Generate)[] files, CancellationToken cancellationToken)
    {
        List<string[]> rows = [];
        List<double[]> peaks = [];
        string what = "";
        foreach ((string description, Func<string, int> generate) in files)
        {
            int resets = generate(path);
            long length = new FileInfo(path).Length;
            bool whole = rows.Count == 0;
            (double library, long packets, int found, double libraryPeak) = await ReadAsync(path, rounds, cancellationToken);
            Expect(resets, found, "the library");
            (double tool, double toolPeak) = await LeastAsync(rounds, "dotnet", [Tool, "explain", path], output => Expect(resets, output.Split('\n').Count(line => line.StartsWith("Frame ", StringComparison.Ordinal)), "rstguard explain"), cancellationToken) ?? throw new InvalidOperationException("'dotnet' is not in the PATH.");
            peaks.Add([libraryPeak, toolPeak]);
            if (!whole)
            {
                continue;
            }

            what = $"{description}: {packets:N0} packets, {length / Megabyte:N0} MB, {resets} resets.";
            (double Seconds, double Peak)? tshark = await LeastAsync(TsharkRounds(rounds), "tshark", ["-r", path, "-Y", "tcp.flags.reset==1"], output => Expect(resets, output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length, "tshark"), cancellationToken);
            foreach ((string program, (double Seconds, double Peak)? run) in new (string, (double, double)?)[] { ("library", (library, libraryPeak)), ("rstguard explain", (tool, toolPeak)), ("tshark", tshark) })
            {
                rows.Add(run is { } measured
                    ?
                    [
                        program,
                        measured.Seconds.ToString("0.000", CultureInfo.InvariantCulture),
                        (packets / measured.Seconds / 1e6).ToString("0.00", CultureInfo.InvariantCulture),
                        (length / measured.Seconds / Megabyte).ToString("N0", CultureInfo.InvariantCulture),
                        tshark is { } beside ? (beside.Seconds / measured.Seconds).ToString("0.0", CultureInfo.InvariantCulture) : "",
                        measured.Peak.ToString("0", CultureInfo.InvariantCulture),
                    ]
                    : [program, "not installed here", "", "", "", ""]);
            }
        }

        AnalyzersCommand.Print(page, $"## {title}\n\n{what}", ["", "seconds", "million packets/s", "MB/s", "times as fast as tshark", "most memory, MiB"], rows);
        foreach ((int index, string program) in new[] { "library", "rstguard explain" }.Index())
        {
            memory.Add([$"{name}, {program}", .. peaks.Select(peak => peak[index].ToString("0", CultureInfo.InvariantCulture))]);
        }
    }

    private static string Tool { get; } = Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>().First(data => data.Key == "Tool").Value!;

    private static int TsharkRounds(int rounds) => Math.Min(rounds, 2);

    private static async Task<(double Seconds, long Packets, int Resets, double Peak)> ReadAsync(string path, int rounds, CancellationToken cancellationToken)
    {
        MeasuredProcess run = await MeasuredProcess.RunAsync("dotnet", [Assembly.GetExecutingAssembly().Location, "wire-read", path, $"{rounds + 1}"], cancellationToken)
            ?? throw new InvalidOperationException("'dotnet' is not in the PATH.");
        string[] parts = run.Output.Split(' ', StringSplitOptions.TrimEntries);
        return (double.Parse(parts[0], CultureInfo.InvariantCulture), long.Parse(parts[1], CultureInfo.InvariantCulture), int.Parse(parts[2], CultureInfo.InvariantCulture), run.PeakMebibytes);
    }

    private static async Task<(double Seconds, double Peak)?> LeastAsync(int rounds, string program, string[] arguments, Action<string> check, CancellationToken cancellationToken)
    {
        double least = double.MaxValue, peak = 0;
        for (int round = 0; round < rounds; round++)
        {
            if (await MeasuredProcess.RunAsync(program, arguments, cancellationToken) is not { } run)
            {
                return null;
            }

            check(run.Output);
            least = Math.Min(least, run.Seconds);
            peak = Math.Max(peak, run.PeakMebibytes);
        }

        return (least, peak);
    }

    private static void Expect(int resets, int found, string by)
    {
        if (resets != found)
        {
            throw new InvalidOperationException($"The file has {resets} resets, and {by} found {found}: the figures would compare different work.");
        }
    }

    internal static string Machine()
    {
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return $"{Environment.ProcessorCount} cores ({RuntimeInformation.ProcessArchitecture}), {memory / (1L << 30)} GiB of memory, {RuntimeInformation.OSDescription}, kernel {Environment.OSVersion.Version.ToString(2)}, {RuntimeInformation.FrameworkDescription}";
    }
}
