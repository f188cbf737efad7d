using System.Globalization;
using System.Text;
using RstGuard.CallSites;
using RstGuard.Diagnosis;

namespace RstGuard.Reports;

/// <summary>Resets told in plain text, as a test's output shows them.</summary>
internal static class ResetReport
{
    private const int MaximumListed = 5;

    public static string Describe(IReadOnlyList<GuardedReset> resets, IReadOnlyList<string> reservations, IReadOnlyList<string> notes)
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

    public static string DescribeInconclusive(IReadOnlyList<string> reasons, IReadOnlyList<GuardedReset> resets, IReadOnlyList<string> notes)
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

    /// <summary>What fails no guard and must not be dropped silently.</summary>
    public static IReadOnlyList<string> Notes(IReadOnlyList<GuardedReset> unowned, IReadOnlyList<ResetVerdict> foreign)
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

    private static string Named(GuardedReset reset) => reset.Cause?.ToString() ?? "one of " + string.Join(", ", reset.Candidates);

    private static StringBuilder AppendNotes(StringBuilder text, IReadOnlyList<string> notes)
    {
        foreach (string note in notes)
        {
            text.Append("\nAlso seen, and not held against this test: ").Append(note);
        }

        return text;
    }

    public static string Describe(GuardedReset reset)
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

        if (reset.Origin is { } origin)
        {
            Line("origin", origin.ToString());
        }

        foreach (string rule in reset.Rules)
        {
            Line("rule", $"{rule}  {ResetRules.PageOf(rule)}");
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

    private static string? Advice(GuardedReset reset) => (reset.Origin, reset.Cause) switch
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
        (CloseOrigin.FrameworkAbort, _) => "A framework aborted the connection: look for an abort, a timeout or a limit in its log.",
        (_, ResetCause.DataAfterClose) => "The peer was still sending when this end had closed: read to its end before closing.",
        _ => null,
    };
}
