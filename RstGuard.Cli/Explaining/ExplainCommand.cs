using System.CommandLine;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Reports;

namespace RstGuard.Cli.Explaining;

/// <summary><c>rstguard explain FILE|-</c>: the causes of the resets that a capture file shows.</summary>
internal static class ExplainCommand
{
    /// <summary>The file could not be read to its end.</summary>
    private const int Damaged = 1;

    /// <summary>At about 1 KiB each, 128 MiB at the most.</summary>
    private const int MaxConnections = 131_072;

    /// <summary>At about 2 KiB each, 128 MiB at the most.</summary>
    private const int MaxResets = 65_536;

    public static Command Create()
    {
        Argument<string> file = new("FILE")
        {
            Description = "A pcap or pcapng file; - reads standard input, as from 'tcpdump -w -'.",
        };
        Option<string> format = new("--format")
        {
            Description = "text; json: an array of resets; html: one page; svg: the ladders as a picture; pcapng: the packets again, with the verdicts as comments.",
            DefaultValueFactory = _ => "text",
        };
        format.AcceptOnlyFromAmong("text", "json", "html", "svg", "pcapng");
        Option<FileInfo?> output = new("--output", "-o")
        {
            Description = "The file to write; stdout unless given. A file of that name is replaced.",
        };
        Command command = new("explain", "Names the cause of each TCP reset in a capture file, with the evidence.") { file, format, output };
        command.Validators.Add(result =>
        {
            if (result.GetResult(format) is not { Errors: var errors } || errors.Any() || result.GetValue(format) != "pcapng")
            {
                return;
            }

            if (result.GetValue(output) is null)
            {
                result.AddError("--format pcapng is no text: name a file for it with --output.");
            }
            else if (result.GetValue(file) == "-")
            {
                result.AddError("--format pcapng reads its file twice, which standard input can't be: save the capture to a file first.");
            }
        });
        command.SetAction((parsed, cancellationToken) => RunAsync(
            parsed.GetRequiredValue(file),
            parsed.GetRequiredValue(format),
            parsed.GetValue(output)?.FullName,
            parsed.InvocationConfiguration.Output,
            parsed.InvocationConfiguration.Error,
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string path, string format, string? outputPath, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        if (path != "-" && Path.GetFullPath(path) == outputPath)
        {
            throw new IOException("--output names the file that is read: give the new one another name.");
        }

        CaptureFile file = path == "-" ? CaptureFile.Open(Console.OpenStandardInput(), "standard input") : CaptureFile.Open(path);
        UntilDamage source = new(file);
        ResetRecorderOptions options = new() { MaxConnections = MaxConnections, MaxResets = MaxResets };
        ResetRecorder recorder = ResetRecorder.Start(source, options);
        ResetRecording recording = await recorder.StopAsync(cancellationToken);
        await recorder.DisposeAsync();

        ResetReport report = ResetReport.Of(recording, path == "-" ? "standard input" : path);
        if (format == "pcapng")
        {
            using UntilDamage again = new(CaptureFile.Open(path));
            await using FileStream written = File.Create(outputPath!);
            report.WritePcapng(written, again);
        }
        else if (outputPath is not null)
        {
            await using StreamWriter written = new(outputPath);
            Write(report, format, written);
        }
        else
        {
            Write(report, format, output);
        }

        if (file.PacketsOfOtherLinkTypes > 0)
        {
            await error.WriteLineAsync($"note: {file.PacketsOfOtherLinkTypes} packets were passed over: link type {file.OtherLinkType} is not known here (see tcpdump.org/linktypes.html).");
        }

        foreach (string gap in recording.Gaps)
        {
            await error.WriteLineAsync($"note: {gap}");
        }

        if (source.Damage is { } damage)
        {
            await error.WriteLineAsync($"rstguard: {PrintableText.Of(damage.Message)} The {recording.Statistics.Received - recording.Statistics.Dropped} packets before it were explained.");
            return Damaged;
        }

        return 0;
    }

    private static void Write(ResetReport report, string format, TextWriter output)
    {
        switch (format)
        {
            case "json":
                JsonReport.WriteResets(report.Resets, output);
                break;
            case "html":
                report.WriteHtml(output);
                break;
            case "svg":
                report.WriteSvg(output);
                break;
            default:
                report.WriteText(output);
                break;
        }
    }

    /// <summary>A file up to where it is damaged: what was read before stands.</summary>
    private sealed class UntilDamage(CaptureFile file) : IPacketSource
    {
        public CaptureFileException? Damage { get; private set; }

        public string Description => file.Description;

        public bool IsLive => false;

        public ReadResult Read(out CapturedPacket packet, TimeSpan timeout)
        {
            try
            {
                return file.Read(out packet, timeout);
            }
            catch (CaptureFileException damage)
            {
                Damage = damage;
                packet = default;
                return ReadResult.Ended;
            }
        }

        public CaptureStatistics GetStatistics() => file.GetStatistics();

        public void Dispose() => file.Dispose();
    }
}
