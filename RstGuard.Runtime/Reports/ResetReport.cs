using System.Globalization;
using System.Text;
using RstGuard.CallSites;
using RstGuard.Diagnosis;

namespace RstGuard.Reports;

/// <summary>Resets told in plain text, as a test's output shows them.</summary>
internal static class ResetReport
{
    public static string Describe(IReadOnlyList<GuardedReset> resets, IReadOnlyList<string> reservations)
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

        return text.ToString();
    }

    public static string Describe(GuardedReset reset)
    {
        ResetVerdict verdict = reset.Verdict;
        string cause = reset.Cause?.ToString() ?? "one of " + string.Join(", ", reset.Candidates);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{cause} ({reset.Confidence}, {(reset.Basis == ResetBasis.Seen ? "seen on the wire" : "deduced")})\n");
        Line("who", $"{verdict.Sender}{(reset.SentByThisProcess ? " (this process)" : "")} reset {verdict.Receiver}");
        if (reset.Site is not null)
        {
            Line("closed at", reset.Site.ToString());
        }
        else if (reset.SentByThisProcess)
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

        Line("in flight", string.Create(CultureInfo.InvariantCulture, $"{reset.UnacknowledgedBytes} bytes sent and not acknowledged")
            + (reset.UnreadBytes is { } unread ? string.Create(CultureInfo.InvariantCulture, $", {unread} bytes received and not read") : ""));
        if (Advice(reset) is { } advice)
        {
            Line("do", advice);
        }

        return text.Append(TextLadder.Draw(verdict)).ToString();

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
