using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using RstGuard.Diagnosis;
using RstGuard.Reports;

namespace RstGuard.Cli.Explaining;

/// <summary>One reset as <c>rstguard explain --format json</c> shows it; docs/json.md tells its members.</summary>
internal sealed record ResetRow(
    long Frame,
    string Time,
    string From,
    string To,
    string? Cause,
    string Confidence,
    IReadOnlyList<string> Candidates,
    IReadOnlyList<EvidenceRow> Evidence,
    string? Declared,
    string? KernelReason)
{
    public static ResetRow Of(ResetVerdict verdict) => new(
        verdict.Frame,
        ExplainOutput.Time(verdict.Time),
        verdict.Sender.ToString(),
        verdict.Receiver.ToString(),
        verdict.Cause?.ToString(),
        verdict.Confidence.ToString(),
        [.. verdict.Candidates.Select(cause => cause.ToString())],
        [.. verdict.Evidence.Select(evidence => new EvidenceRow(evidence.Fact, evidence.Supports, evidence.Cause?.ToString(), evidence.Text, evidence.Frames))],
        verdict.Evidence.FirstOrDefault(evidence => evidence is { Supports: true, Cause: ResetCause.DeclaredByPeer or ResetCause.Mptcp })?.Text,
        verdict.Kernel?.Reason);
}

/// <summary>One fact that speaks for or against a cause.</summary>
internal sealed record EvidenceRow(string Fact, bool Supports, string? Cause, string Text, IReadOnlyList<long> Frames);

/// <summary>Writes what became of the resets of a file.</summary>
internal static class ExplainOutput
{
    // Letters of other alphabets stay readable; control characters are escaped all the same.
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
        NewLine = "\n",
    };

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    public static async Task WriteJsonAsync(IReadOnlyList<ResetVerdict> resets, TextWriter output) =>
        await output.WriteLineAsync(JsonSerializer.Serialize(resets.Select(ResetRow.Of), Options));

    public static void WriteText(ResetRecording recording, TextWriter output)
    {
        foreach (ResetVerdict verdict in recording.Resets)
        {
            Write(verdict, output);
            output.Write('\n');
        }

        long packets = recording.Statistics.Received - recording.Statistics.Dropped;
        output.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"{Counted(recording.Resets.Count, "reset")} in {Counted(recording.Connections.Count, "TCP connection")} and {Counted(packets, "packet")}.\n"));
    }

    // What a capture holds may be meant for the terminal: every text that quotes it goes through Printable.
    private static void Write(ResetVerdict verdict, TextWriter output)
    {
        output.Write(string.Create(CultureInfo.InvariantCulture, $"Frame {verdict.Frame}, {Time(verdict.Time)}: {verdict.Sender} reset {verdict.Receiver}\n"));
        Line("cause", verdict.Cause is { } cause ? $"{cause} ({verdict.Confidence})" : $"one of {string.Join(", ", verdict.Candidates)} ({verdict.Confidence})");
        if (verdict.Cause is not null && verdict.Candidates.Count > 1)
        {
            Line("or", string.Join(", ", verdict.Candidates.Skip(1)));
        }

        if (verdict.FollowsEarlierReset)
        {
            Line("follows", "an earlier reset of the same connection");
        }

        foreach (Evidence evidence in verdict.Evidence)
        {
            string frames = evidence.Frames.Count switch
            {
                0 => "",
                1 => string.Create(CultureInfo.InvariantCulture, $" [frame {evidence.Frames[0]}]"),
                _ => $" [frames {string.Join(", ", evidence.Frames)}]",
            };
            Line(evidence.Supports ? "because" : "against", (evidence.Supports || evidence.Cause is null ? "" : $"{evidence.Cause}: ") + evidence.Text + frames);
        }

        foreach (string missing in verdict.MissingEvidence)
        {
            Line("missing", missing);
        }

        output.Write(TextLadder.Draw(verdict, verdict.LastSegments.Count + 1));

        void Line(string name, string value) => output.Write("  " + name.PadRight(9) + PrintableText.Of(value) + "\n");
    }

    private static string Counted(long count, string name) => string.Create(CultureInfo.InvariantCulture, $"{count} {name}{(count == 1 ? "" : "s")}");
}
