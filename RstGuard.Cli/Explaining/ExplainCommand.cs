using System.CommandLine;
using RstGuard.Capture;
using RstGuard.Diagnosis;

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
            Description = "text, or json: an array of resets on stdout and nothing else.",
            DefaultValueFactory = _ => "text",
        };
        format.AcceptOnlyFromAmong("text", "json");
        Command command = new("explain", "Names the cause of each TCP reset in a capture file, with the evidence.") { file, format };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            parsed.GetRequiredValue(file),
            parsed.GetRequiredValue(format) == "json",
            parsed.InvocationConfiguration.Output,
            parsed.InvocationConfiguration.Error,
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string path, bool asJson, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        CaptureFile file = path == "-" ? CaptureFile.Open(Console.OpenStandardInput(), "standard input") : CaptureFile.Open(path);
        UntilDamage source = new(file);
        ResetRecorderOptions options = new() { MaxConnections = MaxConnections, MaxResets = MaxResets };
        ResetRecorder recorder = ResetRecorder.Start(source, options);
        ResetRecording recording = await recorder.StopAsync(cancellationToken);
        await recorder.DisposeAsync();

        if (asJson)
        {
            await ExplainOutput.WriteJsonAsync(recording.Resets, output);
        }
        else
        {
            ExplainOutput.WriteText(recording, output);
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
