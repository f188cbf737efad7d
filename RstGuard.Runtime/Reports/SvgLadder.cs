using System.Globalization;
using System.Text;
using RstGuard.Diagnosis;

namespace RstGuard.Reports;

/// <summary>The last segments before a reset as a picture: an arrow for each, the reset in red, the segment that it answers in amber.</summary>
public static class SvgLadder
{
    /// <summary>How wide every ladder is, in its own units: one text size reads well on a telephone and on a wide page.</summary>
    internal const int Width = 440;

    /// <summary>How wide a character of the text of 14 units is.</summary>
    internal const double CharacterWidth = 8.43;

    /// <summary>
    /// The colours, for a light and a dark page, by classes that begin with <c>rg-</c>. Without CSS variables, which viewers of pictures
    /// other than browsers don't know.
    /// </summary>
    internal const string Style = """
        .rg-ladder{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
        .rg-ladder text{font-size:14px;fill:#1f2328}
        .rg-ladder .rg-back{fill:#fff}
        .rg-ladder .rg-small{font-size:12px;fill:#59636e}
        .rg-ladder .rg-title{font-size:20px;font-weight:700}
        .rg-ladder .rg-life{stroke:#8c959f;stroke-width:2}
        .rg-ladder .rg-arrow{stroke:#8c959f;stroke-width:1.5;fill:none}
        .rg-ladder .rg-head{fill:#8c959f}
        .rg-ladder .rg-answered .rg-arrow{stroke:#9a5b00;stroke-width:2.5}
        .rg-ladder .rg-answered .rg-head{fill:#9a5b00}
        .rg-ladder text.rg-answered{fill:#9a5b00;font-weight:700}
        .rg-ladder .rg-reset .rg-arrow{stroke:#c5162e;stroke-width:3.5}
        .rg-ladder .rg-reset .rg-head{fill:#c5162e}
        .rg-ladder text.rg-reset{fill:#c5162e;font-weight:700}
        @media(prefers-color-scheme:dark){
        .rg-ladder text{fill:#e6edf3}
        .rg-ladder .rg-back{fill:#14181f}
        .rg-ladder .rg-small{fill:#9198a1}
        .rg-ladder .rg-life,.rg-ladder .rg-arrow{stroke:#6e7681}
        .rg-ladder .rg-head{fill:#6e7681}
        .rg-ladder .rg-answered .rg-arrow{stroke:#e3b341}
        .rg-ladder .rg-answered .rg-head,.rg-ladder text.rg-answered{fill:#e3b341}
        .rg-ladder .rg-reset .rg-arrow{stroke:#ff7b72}
        .rg-ladder .rg-reset .rg-head,.rg-ladder text.rg-reset{fill:#ff7b72}
        }
        """;

    private const int LeftLife = 76;
    private const int RightLife = Width - 14;
    private const int Row = 36;
    private const int Slope = 6;

    /// <summary>Draws a verdict's last segments as a whole SVG document, the sender of the reset on the left.</summary>
    /// <param name="verdict">The verdict.</param>
    /// <param name="maximumSegments">How many segments to show at the most, 1 or more; earlier ones are counted.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maximumSegments"/> is less than 1.</exception>
    public static string Draw(ResetVerdict verdict, int maximumSegments = 12)
    {
        ArgumentNullException.ThrowIfNull(verdict);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumSegments, 1);
        StringBuilder body = new();
        int height = Append(body, verdict, sentByThisProcess: false, top: 8, maximumSegments);
        return Document(body, height + 8, $"{verdict.Sender} reset {verdict.Receiver}");
    }

    /// <summary>A document of its own around what was drawn.</summary>
    internal static string Document(StringBuilder body, int height, string title) => string.Create(CultureInfo.InvariantCulture, $"""
        <svg xmlns="http://www.w3.org/2000/svg" class="rg-ladder" viewBox="0 0 {Width} {height}" width="{Width * 1.5}" height="{height * 1.5}" role="img">
        <title>{MarkupText.Of(title)}</title>
        <style>
        {Style}
        </style>
        <rect class="rg-back" width="{Width}" height="{height}" rx="8"/>
        {body}</svg>

        """).ReplaceLineEndings("\n");

    /// <summary>Draws from <paramref name="top"/> on, and returns how far down that reached.</summary>
    internal static int Append(StringBuilder svg, ResetVerdict verdict, bool sentByThisProcess, int top, int maximumSegments)
    {
        int y = AppendEnds(svg, verdict, sentByThisProcess, top);
        int skipped = Math.Max(0, verdict.LastSegments.Count - maximumSegments);
        int lifeTop = y;
        StringBuilder rows = new();
        y += 8;
        if (skipped > 0)
        {
            y += 18;
            Text(rows, "rg-small", (LeftLife + RightLife) / 2, y - 2, "middle", string.Create(CultureInfo.InvariantCulture, $"{skipped} earlier"));
        }

        foreach (SegmentSummary segment in verdict.LastSegments.Skip(skipped))
        {
            y += Row;
            bool isReset = segment.Frame == verdict.Frame;
            bool isAnswered = !isReset && segment.Frame == verdict.Trigger?.Frame;
            AppendSegment(rows, verdict, segment, y - Slope - 2, isReset ? "rg-reset" : isAnswered ? "rg-answered" : "rg-segment", isReset ? ": the reset" : isAnswered ? ": what it answers" : "");
        }

        y += 10;
        svg.Append(CultureInfo.InvariantCulture, $"""
            <path class="rg-life" d="M{LeftLife} {lifeTop}V{y}M{RightLife} {lifeTop}V{y}"/>

            """);
        svg.Append(rows);
        return y;
    }

    /// <summary>A line of text of a class.</summary>
    internal static void Text(StringBuilder svg, string style, double x, double y, string anchor, string text) => svg.Append(
        CultureInfo.InvariantCulture, $"<text class=\"{style}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{MarkupText.Of(text)}</text>\n");

    private static int AppendEnds(StringBuilder svg, ResetVerdict verdict, bool sentByThisProcess, int top)
    {
        string left = verdict.Sender.ToString();
        string right = verdict.Receiver.ToString();
        const int Edge = 6;
        int y = top + 12;
        Text(svg, "rg-small", Edge, y, "start", sentByThisProcess ? "this process sent the reset" : "sent the reset");
        Text(svg, "rg-small", Width - Edge, y, "end", "got it");
        y += 18;
        Text(svg, "rg-reset", Edge, y, "start", left);

        // Two long addresses do not fit beside each other.
        y += (left.Length + right.Length + 2) * CharacterWidth > Width - (2 * Edge) ? 18 : 0;
        Text(svg, "rg-end", Width - Edge, y, "end", right);
        return y + 8;
    }

    private static void AppendSegment(StringBuilder svg, ResetVerdict verdict, SegmentSummary segment, int y, string style, string remark)
    {
        bool fromLeft = segment.Source.Equals(verdict.Sender);
        int from = fromLeft ? LeftLife + 2 : RightLife - 2;
        int to = fromLeft ? RightLife - 2 : LeftLife + 2;
        int back = fromLeft ? -10 : 10;
        int tip = y + Slope;
        Text(svg, "rg-small", LeftLife - 8, y + 4, "end", Relative(segment.Time - verdict.Time));
        svg.Append(CultureInfo.InvariantCulture, $"""
            <g class="{style}"><path class="rg-arrow" d="M{from} {y}L{to + back} {tip}"/><path class="rg-head" d="M{to} {tip}l{back} -5v10z"/></g>

            """);
        Text(svg, style, (LeftLife + RightLife) / 2.0, y - 4, "middle", TextLadder.Label(segment) + remark);
    }

    // The room is for nine characters.
    private static string Relative(TimeSpan time) => Math.Abs(time.TotalSeconds) switch
    {
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.0} ms"),
        < 100 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s"),
        < 6000 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Math.Clamp(time.TotalHours, -99_999, 99_999):0} h"),
    };
}
