using System.Globalization;
using RstGuard.Diagnosis;

namespace RstGuard.Reports;

/// <summary>A report as plain text, with all that speaks for and against each cause.</summary>
internal static class TextReport
{
    public static void Write(ResetReport report, TextWriter output)
    {
        foreach (GuardedReset reset in report.Resets)
        {
            Write(reset, output);
            output.Write('\n');
        }

        string where = (report.Connections, report.Statistics) switch
        {
            ({ } connections, { } statistics) => $" in {Counted(connections, "TCP connection")} and {Counted(statistics.Received - statistics.Dropped, "packet")}",
            (null, { } statistics) => $" in {Counted(statistics.Received - statistics.Dropped, "packet")}",
            _ => "",
        };
        output.Write($"{Counted(report.Resets.Count, "reset")}{where}.\n");
    }

    /// <summary>One reset. What a capture holds may be meant for the terminal: every text that quotes it is made printable.</summary>
    public static void Write(GuardedReset reset, TextWriter output)
    {
        ResetVerdict verdict = reset.Verdict;
        string frame = reset.Basis == ResetBasis.Seen ? string.Create(CultureInfo.InvariantCulture, $"Frame {verdict.Frame}") : "Deduced";
        output.Write($"{frame}, {Time(verdict.Time)}: {verdict.Sender}{(reset.SentByThisProcess == true ? " (this process)" : "")} reset {verdict.Receiver}\n");
        Line("cause", $"{ResetReport.Named(reset)} ({reset.Confidence})");
        if (reset.Cause is not null && reset.Candidates.Count > 1)
        {
            Line("or", string.Join(", ", reset.Candidates.Skip(1)));
        }

        if (reset.Site is not null)
        {
            Line("closed at", reset.Site.ToString());
        }

        if (reset.Origin is { } origin)
        {
            Line("origin", origin.ToString());
        }

        if (reset.Rules.Count > 0)
        {
            Line("rule", ResetRules.Describe(reset.Rules));
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

        if (reset.Origin is not null && ResetReport.Advice(reset) is { } advice)
        {
            Line("do", advice);
        }

        if (verdict.LastSegments.Count > 0)
        {
            output.Write(TextLadder.Draw(verdict, verdict.LastSegments.Count + 1));
        }

        void Line(string name, string value) => output.Write("  " + name.PadRight(9) + PrintableText.Of(value) + "\n");
    }

    /// <summary>A time as every report writes it: ISO 8601, UTC, microseconds.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    public static string Counted(long count, string name) => string.Create(CultureInfo.InvariantCulture, $"{count} {name}{(count == 1 ? "" : "s")}");
}
