using System.Globalization;
using System.Text;
using RstGuard.Capture;
using RstGuard.Diagnosis;

namespace RstGuard.Reports;

/// <summary>The packets of a report, with what each shows as its comment and the verdicts as the file's.</summary>
internal static class CommentedCapture
{
    private const int MaximumListed = 20;

    public static void Write(ResetReport report, Stream stream, IPacketSource packets)
    {
        ArgumentNullException.ThrowIfNull(packets);
        Dictionary<long, string> comments = CommentsOf(report);
        using PcapngWriter writer = new(stream, Summary(report), leaveOpen: true);
        bool any = false;
        while (packets.Read(out CapturedPacket packet, TimeSpan.Zero) == ReadResult.Packet)
        {
            writer.Write(packet, comments.GetValueOrDefault(packet.Number));
            any = true;
        }

        // Packets that gave way in memory are missing from this file as much as lost ones.
        CaptureStatistics kept = packets.GetStatistics();
        long dropped = Math.Max(kept.Dropped, report.Statistics?.Dropped ?? 0);
        if (any && dropped > 0)
        {
            writer.WriteStatistics(new CaptureStatistics(kept.Received - kept.Dropped + dropped, dropped));
        }
    }

    /// <summary>The file's comment.</summary>
    internal static string Summary(ResetReport report)
    {
        StringBuilder text = new();
        text.Append(PrintableText.Of(report.Subject)).Append(": ").Append(report.Headline).Append('.');
        foreach (GuardedReset reset in report.Resets.Take(MaximumListed))
        {
            text.Append('\n').Append(Verdict(reset));
        }

        if (report.Resets.Count > MaximumListed)
        {
            text.Append(CultureInfo.InvariantCulture, $"\nAnd {report.Resets.Count - MaximumListed} more.");
        }

        foreach (string gap in report.Gaps)
        {
            text.Append("\nNot everything was seen: ").Append(gap);
        }

        return text.ToString();
    }

    private static Dictionary<long, string> CommentsOf(ResetReport report)
    {
        Dictionary<long, string> comments = [];
        foreach (GuardedReset reset in report.Resets.Where(reset => reset.Basis == ResetBasis.Seen))
        {
            ResetVerdict verdict = reset.Verdict;
            Add(verdict.Frame, Verdict(reset));
            if (verdict.Trigger is { } trigger)
            {
                Add(trigger.Frame, $"What the reset by {verdict.Sender} answers.");
            }

            foreach (Evidence evidence in verdict.Evidence)
            {
                foreach (long frame in evidence.Frames)
                {
                    Add(frame, evidence.Cause is { } cause ? $"{(evidence.Supports ? "For" : "Against")} {cause}: {evidence.Text}" : evidence.Text);
                }
            }
        }

        return comments;

        void Add(long frame, string text)
        {
            string clean = PrintableText.Of(text);
            comments[frame] = comments.TryGetValue(frame, out string? before) ? before + "\n" + clean : "RstGuard: " + clean;
        }
    }

    private static string Verdict(GuardedReset reset)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{ResetReport.Named(reset)} ({reset.Confidence}): {reset.Verdict.Sender} reset {reset.Verdict.Receiver}.");
        if (reset.Site is not null)
        {
            text.Append(" Closed at ").Append(reset.Site).Append('.');
        }

        if (reset.Rules.Count > 0)
        {
            text.Append(" See ").AppendJoin(", ", reset.Rules).Append('.');
        }

        return PrintableText.Of(text.ToString());
    }
}
