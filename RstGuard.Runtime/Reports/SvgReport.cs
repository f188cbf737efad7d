using System.Globalization;
using System.Text;
using RstGuard.Diagnosis;

namespace RstGuard.Reports;

/// <summary>The resets of a report as one picture: above each ladder its cause, and the line that closed the socket.</summary>
internal static class SvgReport
{
    // More than that nobody looks at in one picture.
    private const int MaximumResets = 20;
    private const int MaximumSegments = 12;
    private const int Edge = 6;

    public static void Write(ResetReport report, TextWriter output)
    {
        StringBuilder body = new();
        int y = 4;
        foreach (GuardedReset reset in report.Resets.Take(MaximumResets))
        {
            y = Append(body, reset, y) + 24;
        }

        if (report.Resets.Count != 1)
        {
            int rest = report.Resets.Count - MaximumResets;
            y += 16;
            SvgLadder.Text(body, "rg-end", Edge, y, "start", rest > 0 ? string.Create(CultureInfo.InvariantCulture, $"and {rest} more resets") : report.Headline);
            y += 12;
        }
        else
        {
            y -= 16;
        }

        output.Write(SvgLadder.Document(body, y, $"{report.Subject}: {report.Headline}"));
    }

    private static int Append(StringBuilder svg, GuardedReset reset, int top)
    {
        ResetVerdict verdict = reset.Verdict;
        int y = top + 24;
        SvgLadder.Text(svg, "rg-title", Edge, y, "start", reset.Cause?.ToString() ?? (reset.Candidates.Count == 1 ? ResetReport.Named(reset) : string.Create(CultureInfo.InvariantCulture, $"One of {reset.Candidates.Count} causes")));
        SvgLadder.Text(svg, "rg-end", SvgLadder.Width - Edge, y, "end", reset.Confidence.ToString());
        string told = reset.Cause is { } cause ? CauseText.Of(cause) : string.Join(", ", reset.Candidates);
        foreach (string line in Lines(told, 12.0 / 14))
        {
            y += 17;
            SvgLadder.Text(svg, "rg-small", Edge, y, "start", line);
        }

        if (reset.Site is { } site)
        {
            y += 22;
            foreach (string line in Lines("closed at " + SiteText.Short(site)))
            {
                SvgLadder.Text(svg, "rg-reset", Edge, y, "start", line);
                y += 18;
            }

            foreach (string line in Lines(SiteText.Rest(site), 12.0 / 14))
            {
                SvgLadder.Text(svg, "rg-small", Edge, y, "start", line);
                y += 17;
            }

            y -= 12;
        }

        return verdict.LastSegments.Count > 0
            ? SvgLadder.Append(svg, verdict, reset.SentByThisProcess == true, y + 14, MaximumSegments)
            : AppendEnds(svg, verdict, y + 22);
    }

    private static int AppendEnds(StringBuilder svg, ResetVerdict verdict, int y)
    {
        foreach (string line in Lines($"{verdict.Sender} reset {verdict.Receiver}; no packet could be captured"))
        {
            SvgLadder.Text(svg, "rg-end", Edge, y, "start", line);
            y += 18;
        }

        return y;
    }

    // SVG breaks no lines.
    private static IEnumerable<string> Lines(string text, double size = 1)
    {
        const int MaximumLines = 4;
        int width = (int)((SvgLadder.Width - (2 * Edge)) / (SvgLadder.CharacterWidth * size));
        for (int line = 1; text.Length > 0; line++)
        {
            if (text.Length <= width)
            {
                yield return text;
                yield break;
            }

            if (line == MaximumLines)
            {
                yield return text[..(width - 3)] + "...";
                yield break;
            }

            int space = text.LastIndexOf(' ', width);
            int end = space > 0 ? space : width;
            yield return text[..end];
            text = text[end..].TrimStart();
        }
    }
}
