using System.Globalization;
using System.Text;
using RstGuard.CallSites;
using RstGuard.Diagnosis;
using RstGuard.Tcp;

namespace RstGuard.Reports;

/// <summary>
/// A report as one page of HTML. It loads nothing and runs nothing: its policy forbids both, whatever a capture put into its text.
/// </summary>
internal static class HtmlReport
{
    // A page that a telephone still opens.
    private const int MaximumResets = 200;
    private const int MaximumSegments = 16;

    private const string Style = """
        :root{color-scheme:light dark;--back:#f6f8fa;--card:#fff;--text:#1f2328;--faint:#59636e;--edge:#d1d9e0;--reset:#c5162e;--soft:#fff0f0;--warn:#9a5b00;--good:#1a7f37;--link:#0969da}
        @media(prefers-color-scheme:dark){:root{--back:#0d1117;--card:#14181f;--text:#e6edf3;--faint:#9198a1;--edge:#3d444d;--reset:#ff7b72;--soft:#3a1517;--warn:#e3b341;--good:#3fb950;--link:#4493f8}}
        *{box-sizing:border-box}
        body{margin:0 auto;padding:1rem;max-width:64rem;background:var(--back);color:var(--text);font:1rem/1.5 system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;overflow-wrap:anywhere}
        header{margin:0 0 1rem}
        h1{margin:0;font-size:1.6rem;line-height:1.25}
        h1.bad{color:var(--reset)}h1.unsure{color:var(--warn)}h1.good{color:var(--good)}
        p,ul{margin:.4rem 0}
        ul{padding-left:1.2rem}
        a{color:var(--link)}
        .faint{color:var(--faint)}
        .mono,pre,table,.line{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
        article{margin:0 0 1rem;padding:1rem;background:var(--card);border:1px solid var(--edge);border-left:6px solid var(--reset);border-radius:8px}
        article.follows{border-left-color:var(--edge)}
        h2{margin:.1rem 0;font-size:1.5rem;line-height:1.25}
        .badge{display:inline-block;vertical-align:middle;padding:.05rem .55rem;border:1px solid currentColor;border-radius:1rem;font-size:.85rem;font-weight:600;color:var(--good)}
        .badge.Likely{color:var(--warn)}.badge.Ambiguous,.badge.Unknown{color:var(--faint)}
        .line{margin:.8rem 0;border:1px solid var(--edge);border-radius:6px;overflow:hidden}
        .line figcaption{padding:.35rem .6rem;font-size:.9rem}
        .line figcaption b{color:var(--reset);font-size:1.05rem}
        .line pre{margin:0;padding:.3rem 0;border-top:1px solid var(--edge);overflow-x:auto;font-size:.85rem;line-height:1.5}
        .line pre span{display:block;padding:0 .6rem;min-width:max-content}
        .line .guilty{background:var(--soft);box-shadow:inset 4px 0 var(--reset);font-weight:700}
        .line i{display:inline-block;width:3.5em;margin-right:1em;text-align:right;font-style:normal;color:var(--faint);user-select:none}
        .both{display:grid;grid-template-columns:minmax(0,1fr);gap:1rem}
        @media(min-width:50rem){.both.ladder{grid-template-columns:minmax(0,30rem) minmax(0,1fr)}}
        svg{display:block;width:100%;max-width:34rem;height:auto}
        dl{margin:0}
        dt{margin-top:.5rem;font-size:.85rem;color:var(--faint)}
        dd{margin:0}
        details{margin-top:.6rem}
        summary{cursor:pointer}
        .wide{overflow-x:auto}
        table{border-collapse:collapse;font-size:.8rem}
        th,td{padding:.15rem .6rem;text-align:right;white-space:nowrap;border-bottom:1px solid var(--edge)}
        tr.reset{color:var(--reset);font-weight:700}tr.answered{color:var(--warn);font-weight:700}
        .note{padding:.6rem 1rem;margin:0 0 1rem;background:var(--card);border:1px solid var(--edge);border-left:6px solid var(--warn);border-radius:8px}
        """;

    public static void Write(ResetReport report, TextWriter output)
    {
        string subject = MarkupText.Of(report.Subject);
        string headline = MarkupText.Of(report.Headline);
        string kind = report.Resets.Count > 0 ? "bad" : report.Gaps.Count > 0 ? "unsure" : "good";
        output.Write(Lines($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8" />
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'" />
            <meta name="viewport" content="width=device-width, initial-scale=1" />
            <meta name="referrer" content="no-referrer" />
            <title>{headline}: {subject}</title>
            <style>
            {Style}
            {SvgLadder.Style}
            </style>
            </head>
            <body>
            <header>
            <h1 class="{kind}">{headline}</h1>
            <p class="faint">{subject}{Counts(report)}</p>
            </header>

            """));
        WriteNotes(output, "Not everything was seen", report.Gaps);
        for (int i = 0; i < Math.Min(report.Resets.Count, MaximumResets); i++)
        {
            Write(output, report.Resets[i], i + 1, report.Resets.Count);
        }

        if (report.Resets.Count > MaximumResets)
        {
            WriteNotes(output, "Not on this page", [$"{TextReport.Counted(report.Resets.Count - MaximumResets, "more reset")}: the JSON report has all."]);
        }

        WriteNotes(output, "Also seen, and not held against this test", report.Notes);
        output.Write("</body>\n</html>\n");
    }

    private static void Write(TextWriter output, GuardedReset reset, int number, int count)
    {
        ResetVerdict verdict = reset.Verdict;
        string what = reset.Basis == ResetBasis.Seen
            ? string.Create(CultureInfo.InvariantCulture, $"seen on the wire, frame {verdict.Frame}")
            : "deduced: no packet could be captured";
        string number1 = count > 1 ? string.Create(CultureInfo.InvariantCulture, $"Reset {number} of {count}, ") : "";
        string cause = reset.Cause is null && reset.Candidates.Count > 1 ? string.Create(CultureInfo.InvariantCulture, $"One of {reset.Candidates.Count} causes") : ResetReport.Named(reset);
        string meaning = reset.Cause is { } known ? MarkupText.Of(CauseText.Of(known)) : "";
        string self = reset.SentByThisProcess == true ? " (this process)" : "";
        output.Write(Lines($"""
            <article{(verdict.FollowsEarlierReset ? " class=\"follows\"" : "")}>
            <p class="faint">{number1}{what}, {TextReport.Time(verdict.Time)}{(verdict.FollowsEarlierReset ? "; it follows an earlier reset of the same connection" : "")}</p>
            <h2>{cause} <span class="badge {reset.Confidence}">{reset.Confidence}</span></h2>
            <p>{meaning}</p>
            <p><b class="mono">{verdict.Sender}</b>{self} reset <b class="mono">{verdict.Receiver}</b></p>

            """));
        WriteSite(output, reset);
        output.Write($"<div class=\"both{(verdict.LastSegments.Count > 0 ? " ladder" : "")}\">\n");
        if (verdict.LastSegments.Count > 0)
        {
            StringBuilder ladder = new();
            int height = SvgLadder.Append(ladder, verdict, reset.SentByThisProcess == true, 0, MaximumSegments);
            output.Write(Lines(string.Create(CultureInfo.InvariantCulture, $"""
                <svg class="rg-ladder" viewBox="0 0 {SvgLadder.Width} {height + 4}" role="img" aria-label="The last segments before the reset">
                {ladder}</svg>

                """)));
        }

        WriteFacts(output, reset);
        output.Write("</div>\n");
        WriteSegments(output, verdict);
        output.Write("</article>\n");
    }

    private static void WriteSite(TextWriter output, GuardedReset reset)
    {
        if (reset.Site is not { } site)
        {
            if (reset.SentByThisProcess == true)
            {
                output.Write("<figure class=\"line\"><figcaption>No close of this socket was seen before the reset.</figcaption></figure>\n");
            }

            return;
        }

        output.Write($"<figure class=\"line\"><figcaption>closed at <b>{MarkupText.Of(SiteText.Short(site))}</b> <span class=\"faint\">{MarkupText.Of(SiteText.Rest(site))}</span></figcaption>\n");
        foreach (SourceLine line in site.Line is { } one ? [one] : site.Candidates.Take(3))
        {
            if (SourceExcerpt.Read(line) is not { } excerpt)
            {
                continue;
            }

            output.Write("<pre>");
            for (int i = 0; i < excerpt.Lines.Count; i++)
            {
                bool guilty = excerpt.FirstLine + i == line.Line;
                output.Write(string.Create(
                    CultureInfo.InvariantCulture,
                    $"<span{(guilty ? " class=\"guilty\"" : "")}><i>{excerpt.FirstLine + i}</i>{MarkupText.Of(excerpt.Lines[i])}</span>"));
            }

            output.Write("</pre>\n");
        }

        output.Write("</figure>\n");
    }

    private static void WriteFacts(TextWriter output, GuardedReset reset)
    {
        ResetVerdict verdict = reset.Verdict;
        output.Write("<dl>\n");
        if (reset.Origin is not null && ResetReport.Advice(reset) is { } advice)
        {
            Fact("What to do", MarkupText.Of(advice));
        }

        if (reset.Rules.Count > 0)
        {
            Fact("Rules about this", string.Join(", ", reset.Rules.Select(rule => $"<a href=\"{MarkupText.Of(ResetRules.PageOf(rule))}\">{MarkupText.Of(rule)}</a>")));
        }

        string[] lost =
        [
            .. reset.UnacknowledgedBytes > 0 ? [string.Create(CultureInfo.InvariantCulture, $"{reset.UnacknowledgedBytes} bytes sent and not acknowledged")] : Array.Empty<string>(),
            .. reset.UnreadBytes > 0 ? [string.Create(CultureInfo.InvariantCulture, $"{reset.UnreadBytes} bytes received and not read")] : Array.Empty<string>(),
        ];
        if (lost.Length > 0)
        {
            Fact("Lost", string.Join(", ", lost));
        }

        if (reset.Origin is { } origin)
        {
            Fact("What the code did", origin.ToString());
        }

        if (reset.Candidates.Count > 1)
        {
            Fact(reset.Cause is null ? "It may be" : "It may also be", string.Join(", ", reset.Candidates.Skip(reset.Cause is null ? 0 : 1)));
        }

        FactList("Because", verdict.Evidence.Where(evidence => evidence.Supports));
        FactList("Against", verdict.Evidence.Where(evidence => !evidence.Supports));
        if (verdict.MissingEvidence.Count > 0)
        {
            Fact("Missing", "<ul>" + string.Concat(verdict.MissingEvidence.Select(missing => $"<li>{MarkupText.Of(missing)}</li>")) + "</ul>");
        }

        output.Write("</dl>\n");

        void Fact(string name, string html) => output.Write($"<dt>{name}</dt><dd>{html}</dd>\n");

        void FactList(string name, IEnumerable<Evidence> all)
        {
            string items = string.Concat(all.Select(evidence =>
                $"<li>{(evidence.Supports || evidence.Cause is null ? "" : evidence.Cause + ": ")}{MarkupText.Of(evidence.Text)}{(evidence.Frames.Count > 0 ? $" <span class=\"faint\">[{(evidence.Frames.Count == 1 ? "frame" : "frames")} {string.Join(", ", evidence.Frames)}]</span>" : "")}</li>"));
            if (items.Length > 0)
            {
                Fact(name, $"<ul>{items}</ul>");
            }
        }
    }

    private static void WriteSegments(TextWriter output, ResetVerdict verdict)
    {
        if (verdict.LastSegments.Count == 0)
        {
            return;
        }

        output.Write("<details><summary>The last segments, by number</summary><div class=\"wide\"><table>\n<tr><th>frame</th><th>time</th><th>from</th><th>flags</th><th>seq</th><th>ack</th><th>window</th><th>bytes</th></tr>\n");
        foreach (SegmentSummary segment in verdict.LastSegments)
        {
            string style = segment.Frame == verdict.Frame ? " class=\"reset\"" : segment.Frame == verdict.Trigger?.Frame ? " class=\"answered\"" : "";
            output.Write(string.Create(
                CultureInfo.InvariantCulture,
                $"<tr{style}><td>{segment.Frame}</td><td>{(segment.Time - verdict.Time).TotalMilliseconds:0.000} ms</td><td>{segment.Source}</td><td>{TextLadder.Label(segment with { PayloadLength = 0 })}</td><td>{segment.SequenceNumber}</td><td>{((segment.Flags & TcpFlags.Ack) != 0 ? segment.AcknowledgmentNumber : "")}</td><td>{segment.Window}</td><td>{segment.PayloadLength}</td></tr>\n"));
        }

        output.Write("</table></div></details>\n");
    }

    private static void WriteNotes(TextWriter output, string title, IReadOnlyList<string> notes)
    {
        if (notes.Count > 0)
        {
            output.Write($"<section class=\"note\"><b>{title}</b><ul>{string.Concat(notes.Select(note => $"<li>{MarkupText.Of(note)}</li>"))}</ul></section>\n");
        }
    }

    private static string Counts(ResetReport report) => (report.Connections, report.Statistics) switch
    {
        ({ } connections, { } statistics) => $", {TextReport.Counted(connections, "TCP connection")}, {TextReport.Counted(statistics.Received - statistics.Dropped, "packet")}",
        (null, { } statistics) => $", {TextReport.Counted(statistics.Received - statistics.Dropped, "packet")}",
        _ => "",
    };

    private static string Lines(string text) => text.ReplaceLineEndings("\n");
}
