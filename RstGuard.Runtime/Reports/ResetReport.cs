using System.Globalization;
using System.Text;
using RstGuard.CallSites;
using RstGuard.Capture;
using RstGuard.Diagnosis;

namespace RstGuard.Reports;

/// <summary>
/// What was seen of resets, as one model that is told in several forms: text, JSON, a page of HTML, a ladder in SVG, and the packets with
/// comments. Whatever a capture held, the text can't write a control sequence to a terminal, nor the page run a script.
/// </summary>
public sealed record ResetReport
{
    private const int MaximumListed = 5;

    /// <summary>What was watched: a file, a test's name.</summary>
    public required string Subject { get; init; }

    /// <summary>The resets, in the order of their capture.</summary>
    public required IReadOnlyList<GuardedReset> Resets { get; init; }

    /// <summary>What was not seen, each with what to do; where there is any, "no reset" has not been shown.</summary>
    public IReadOnlyList<string> Gaps { get; init; } = [];

    /// <summary>What else was seen, in words.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>How many packets were captured and lost; null where no packet could be captured.</summary>
    public CaptureStatistics? Statistics { get; init; }

    /// <summary>How many connections were captured; null where that was not counted.</summary>
    public int? Connections { get; init; }

    /// <summary>A recording's report: the wire's verdicts, without the code behind them.</summary>
    /// <param name="recording">The recording.</param>
    /// <param name="subject">What was recorded.</param>
    public static ResetReport Of(ResetRecording recording, string subject)
    {
        ArgumentNullException.ThrowIfNull(recording);
        return new ResetReport
        {
            Subject = subject,
            Resets = [.. recording.Resets.Select(ResetJudge.WithoutCallSite)],
            Gaps = recording.Gaps,
            Statistics = recording.Statistics,
            Connections = recording.Connections.Count,
        };
    }

    /// <summary>Writes it as plain text, each reset with its evidence and its ladder.</summary>
    public void WriteText(TextWriter output) => TextReport.Write(this, output);

    /// <summary>Writes it as one JSON object, whose schema is in docs/json.md.</summary>
    public void WriteJson(TextWriter output) => JsonReport.Write(this, output);

    /// <summary>Writes it as one page of HTML that loads nothing.</summary>
    public void WriteHtml(TextWriter output) => HtmlReport.Write(this, output);

    /// <summary>Writes the ladders of its resets as one SVG picture.</summary>
    public void WriteSvg(TextWriter output) => SvgReport.Write(this, output);

    /// <summary>Writes packets as pcapng, with comments at those that the verdicts are about.</summary>
    /// <param name="stream">Where it goes; it stays open.</param>
    /// <param name="packets">The packets, by the numbers that the verdicts know them by; read to its end.</param>
    /// <exception cref="CaptureException">The packets can't be read; what was written before stands.</exception>
    /// <exception cref="IOException">The stream can't be written.</exception>
    public void WritePcapng(Stream stream, IPacketSource packets) => CommentedCapture.Write(this, stream, packets);

    /// <summary>Writes NAME.html, NAME.json and, where there are packets, NAME.pcapng. Files of these names are replaced.</summary>
    /// <param name="folder">The folder; it is made where it is missing.</param>
    /// <param name="name">The name, such as a test's; characters that a file name can't have become <c>_</c>, and it is cut to 100.</param>
    /// <param name="packets">The packets, by the numbers that the verdicts know them by; read to its end. Null where there are none.</param>
    /// <returns>The paths of the files, the page first.</returns>
    /// <exception cref="IOException">A file can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public IReadOnlyList<string> Save(string folder, string name, IPacketSource? packets = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        string safe = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '_'));
        safe = safe[..Math.Min(safe.Length, 100)].TrimStart('.');
        string stem = Path.Combine(Directory.CreateDirectory(folder).FullName, safe.Length == 0 ? "report" : safe);
        List<string> paths = [stem + ".html", stem + ".json"];
        using (StreamWriter page = new(paths[0]))
        {
            WriteHtml(page);
        }

        using (StreamWriter json = new(paths[1]))
        {
            WriteJson(json);
        }

        if (packets is not null)
        {
            paths.Add(stem + ".pcapng");
            using FileStream capture = File.Create(paths[2]);
            WritePcapng(capture, packets);
        }

        return paths;
    }

    /// <summary>The outcome in a few words.</summary>
    internal string Headline => Resets.Count(reset => !reset.Verdict.FollowsEarlierReset) switch
    {
        0 when Gaps.Count > 0 => "No reset was seen, but not everything was",
        0 => "No connection was reset",
        1 => "1 connection was reset",
        int count => string.Create(CultureInfo.InvariantCulture, $"{count} connections were reset"),
    };

    /// <summary>The cause, or what it may be.</summary>
    internal static string Named(GuardedReset reset) => reset.Cause?.ToString() ?? (reset.Candidates.Count == 1 ? reset.Candidates[0].ToString() : "one of " + string.Join(", ", reset.Candidates));

    internal static string Describe(IReadOnlyList<GuardedReset> resets, IReadOnlyList<string> reservations, IReadOnlyList<string> notes)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{resets.Count} connection{(resets.Count == 1 ? " was" : "s were")} reset.\n");
        foreach (GuardedReset reset in resets)
        {
            text.Append('\n').Append(Describe(reset));
        }

        foreach (string reservation in reservations)
        {
            text.Append("\nNot everything was seen: ").Append(reservation);
        }

        return AppendNotes(text, notes).ToString();
    }

    internal static string DescribeInconclusive(IReadOnlyList<string> reasons, IReadOnlyList<GuardedReset> resets, IReadOnlyList<string> notes)
    {
        var text = new StringBuilder("The guard is inconclusive: ")
            .Append(resets.Count == 0 ? "it can't say that no connection was reset." : "connections were reset, and it can't say by what or by whom.");
        foreach (string reason in reasons)
        {
            text.Append("\n  - ").Append(reason);
        }

        text.Append("\nResetGuardOptions.AllowInconclusive lets such a run pass.");
        foreach (GuardedReset reset in resets)
        {
            text.Append("\n\n").Append(Describe(reset));
        }

        return AppendNotes(text, notes).ToString();
    }

    internal static string DescribeMissing(IReadOnlyList<ResetPattern> missing, IReadOnlyList<GuardedReset> resets, IReadOnlyList<string> notes)
    {
        var text = new StringBuilder("Everything was seen, and a reset that was expected did not come:");
        foreach (ResetPattern pattern in missing)
        {
            text.Append("\n  - ").Append(pattern);
        }

        text.Append(resets.Count == 0 ? "\nThere was no other reset of this guard's connections either." : "\nThese came:");
        foreach (GuardedReset reset in resets)
        {
            text.Append("\n\n").Append(Describe(reset));
        }

        return AppendNotes(text, notes).ToString();
    }

    /// <summary>What fails no guard and must not be dropped silently.</summary>
    internal static IReadOnlyList<string> NotesOf(IReadOnlyList<GuardedReset> unowned, IReadOnlyList<ResetVerdict> foreign)
    {
        var notes = new List<string>(2);
        if (unowned.Count > 0)
        {
            notes.Add($"{Counted(unowned.Count)} of this process belong to no running guard, while several watch: "
                + Listed(unowned.Select(reset => $"{reset.Verdict.Sender} reset {reset.Verdict.Receiver} ({Named(reset)}{(reset.Site is { } site ? $", closed at {site}" : "")})"), unowned.Count));
        }

        if (foreign.Count > 0)
        {
            notes.Add($"{Counted(foreign.Count)} between ends of which this process is known to hold neither: "
                + Listed(foreign.Select(verdict => $"{verdict.Sender} reset {verdict.Receiver} ({verdict.Confidence}: {string.Join(", ", verdict.Candidates)})"), foreign.Count));
        }

        return notes;

        static string Counted(int count) => count == 1 ? "1 reset" : string.Create(CultureInfo.InvariantCulture, $"{count} resets");

        static string Listed(IEnumerable<string> all, int count) =>
            string.Join("; ", all.Take(MaximumListed)) + (count > MaximumListed ? string.Create(CultureInfo.InvariantCulture, $"; and {count - MaximumListed} more") : "");
    }

    private static StringBuilder AppendNotes(StringBuilder text, IReadOnlyList<string> notes)
    {
        foreach (string note in notes)
        {
            text.Append("\nAlso seen, and not held against this test: ").Append(note);
        }

        return text;
    }

    internal static string Describe(GuardedReset reset)
    {
        ResetVerdict verdict = reset.Verdict;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Named(reset)} ({reset.Confidence}, {(reset.Basis == ResetBasis.Seen ? "seen on the wire" : "deduced")})\n");
        Line("who", $"{verdict.Sender}{(reset.SentByThisProcess == true ? " (this process)" : "")} reset {verdict.Receiver}");
        if (reset.Site is not null)
        {
            Line("closed at", reset.Site.ToString());
        }
        else if (reset.SentByThisProcess == true)
        {
            Line("closed at", "no close of this socket was seen before the reset");
        }

        if (reset.CreationSite is { } creation)
        {
            Line("created", creation.Kind == CloseSiteKind.Framework ? $"by the framework, in {creation.Method}" : creation.ToString());
        }

        if (reset.Origin is { } origin)
        {
            Line("origin", origin.ToString());
        }

        if (reset.Rules.Count > 0)
        {
            Line("rule", ResetRules.Describe(reset.Rules));
        }

        string unread = reset.UnreadBytes is { } left ? string.Create(CultureInfo.InvariantCulture, $"{left} bytes received and not read") : "";
        if (reset.Basis == ResetBasis.Seen)
        {
            Line("in flight", string.Create(CultureInfo.InvariantCulture, $"{reset.UnacknowledgedBytes} bytes sent and not acknowledged") + (unread.Length > 0 ? ", " + unread : ""));
        }
        else
        {
            Line("because", string.Join("; ", verdict.Evidence.Select(evidence => evidence.Text)));
        }

        if (Advice(reset) is { } advice)
        {
            Line("do", advice);
        }

        return reset.Basis == ResetBasis.Seen ? text.Append(TextLadder.Draw(verdict)).ToString() : text.ToString();

        void Line(string name, string value) => text.Append("  ").Append(name.PadRight(10)).Append(value).Append('\n');
    }

    internal static string? Advice(GuardedReset reset) => (reset.Origin, reset.Cause) switch
    {
        (CloseOrigin.Plain, ResetCause.CloseWithUnread) or (CloseOrigin.UserLingerZero, ResetCause.CloseWithUnread) =>
            "Shutdown(Send), read until the peer's end (0 bytes) with a time and byte limit, then dispose.",
        (CloseOrigin.UserLingerZero, _) => "Do not set LingerOption(true, 0); without it the close delivers what was sent.",
        (CloseOrigin.CloseZero, _) => "Dispose() instead of Close(0); Close(0) discards what was not delivered.",
        (CloseOrigin.TimedClose, _) => "The peer did not close in time: Shutdown(Send) and read to the end before closing.",
        (CloseOrigin.PendingAsync or CloseOrigin.PendingBlocking, _) =>
            "End the pending operation before closing: cancel and await it, or Shutdown(Both) first.",
        (CloseOrigin.HandleDisposed, _) => "Dispose the socket, not its SafeHandle.",
        (CloseOrigin.DisconnectReuse, _) => "Shutdown and dispose the socket and make a new one instead of Disconnect(reuseSocket: true).",
        (CloseOrigin.Finalizer, _) => "Nobody disposed the socket: give it an owner that does (using).",
        (CloseOrigin.FrameworkAbort, _) when reset.Site is { Kind: not CloseSiteKind.Framework } =>
            "The line has the framework abort the connection: where nothing failed, let it end the response or the connection instead.",
        (CloseOrigin.FrameworkAbort, _) => "A framework aborted the connection: look for an abort, a timeout or a limit in its log.",
        (_, ResetCause.DataAfterClose) => "The peer was still sending when this end had closed: read to its end before closing.",
        _ => null,
    };
}
