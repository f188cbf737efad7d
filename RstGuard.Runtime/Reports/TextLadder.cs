using System.Globalization;
using System.Text;
using RstGuard.Diagnosis;
using RstGuard.Tcp;

namespace RstGuard.Reports;

/// <summary>The last segments before a reset, as arrows between the two ends. ASCII, so that every test log can show it.</summary>
public static class TextLadder
{
    private const int ArrowLength = 40;

    /// <summary>Draws a verdict's last segments, the sender of the reset on the left.</summary>
    /// <param name="verdict">The verdict.</param>
    /// <param name="maximumSegments">How many segments to show at the most, 1 or more; earlier ones are counted.</param>
    /// <returns>Lines of ASCII text, each ended by a line feed.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maximumSegments"/> is less than 1.</exception>
    public static string Draw(ResetVerdict verdict, int maximumSegments = 8)
    {
        ArgumentNullException.ThrowIfNull(verdict);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumSegments, 1);

        var text = new StringBuilder();
        string left = verdict.Sender.ToString();
        text.Append("      time  ").Append(left).Append(' ', Math.Max(1, ArrowLength + 2 - left.Length)).Append(verdict.Receiver).Append('\n');
        int skipped = Math.Max(0, verdict.LastSegments.Count - maximumSegments);
        if (skipped > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"            ... {skipped} earlier\n");
        }

        foreach (SegmentSummary segment in verdict.LastSegments.Skip(skipped))
        {
            double milliseconds = (segment.Time - verdict.Time).TotalMilliseconds;
            bool fromLeft = segment.Source.Equals(verdict.Sender);
            string label = Label(segment);
            string arrow = fromLeft
                ? "|" + Center(label, ArrowLength - 1) + ">|"
                : "|<" + Center(label, ArrowLength - 1) + "|";
            text.Append(CultureInfo.InvariantCulture, $"{milliseconds,7:0.0} ms  ").Append(arrow);
            if (segment.Frame == verdict.Frame)
            {
                text.Append("  <== the reset");
            }
            else if (segment.Frame == verdict.Trigger?.Frame)
            {
                text.Append("  <-- what it answers");
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    internal static string Label(SegmentSummary segment)
    {
        var names = new List<string>(4);
        foreach ((TcpFlags flag, string name) in new[]
        {
            (TcpFlags.Syn, "SYN"), (TcpFlags.Fin, "FIN"), (TcpFlags.Reset, "RST"), (TcpFlags.Ack, "ACK"),
        })
        {
            if ((segment.Flags & flag) != 0)
            {
                names.Add(name);
            }
        }

        string label = string.Join(' ', names);
        return segment.PayloadLength > 0 ? string.Create(CultureInfo.InvariantCulture, $"{label} {segment.PayloadLength} bytes") : label;
    }

    private static string Center(string label, int width)
    {
        int dashes = Math.Max(2, width - label.Length - 2);
        return new string('-', dashes / 2) + " " + label + " " + new string('-', dashes - (dashes / 2));
    }
}
