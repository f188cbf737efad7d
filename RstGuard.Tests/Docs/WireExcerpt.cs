using System.Globalization;
using System.Text;
using RstGuard.Tcp;

namespace RstGuard.Tests.Docs;

/// <summary>
/// One captured connection as a page shows it: a line a segment, the client being the end that sent the SYN, sequence numbers
/// relative to the SYN of their sender. A run of data in one direction is one line, its acknowledgments are the last of them;
/// retransmissions are left out. Numbers, times and acknowledgments differ from run to run; the events do not.
/// </summary>
internal static class WireExcerpt
{
    private const TcpFlags Shown = TcpFlags.Syn | TcpFlags.Fin | TcpFlags.Reset;

    /// <summary>Draws a capture that holds one whole connection.</summary>
    public static string Draw(IReadOnlyList<Segment> segments)
    {
        // A SYN that was not answered at once is repeated.
        Segment[] syns = [.. segments.Where(segment => (segment.Flags & (TcpFlags.Syn | TcpFlags.Ack)) == TcpFlags.Syn)];
        Segment syn = Assert.Single(syns.Take(1));
        Assert.All(syns, repeated => Assert.Equal((syn.Source, syn.SequenceNumber), (repeated.Source, repeated.SequenceNumber)));
        // A refused SYN has no answer; the number of its reset is an absolute 0.
        Segment? answer = segments.FirstOrDefault(segment => (segment.Flags & (TcpFlags.Syn | TcpFlags.Ack)) == (TcpFlags.Syn | TcpFlags.Ack));
        uint serverStart = answer?.SequenceNumber ?? 0;
        Assert.All(segments, segment => Assert.Contains(segment.Source, new[] { syn.Source, syn.Destination }));

        StringBuilder text = new();
        Side client = new("client > server", syn.SequenceNumber, serverStart);
        Side server = new("server > client", serverStart, syn.SequenceNumber);
        List<Segment> run = [];
        foreach (Segment segment in segments.Where(segment => IsNew(segment, segment.Source == syn.Source ? client : server)))
        {
            bool isOfRun = (segment.Flags & Shown) == 0;
            bool turns = segment.PayloadLength > 0 && run.Exists(other => other.PayloadLength > 0 && other.Source != segment.Source);
            if (!isOfRun || turns)
            {
                DrawRun();
            }

            if (isOfRun)
            {
                run.Add(segment);
            }
            else
            {
                DrawLine(segment, segment.SequenceNumber, segment.PayloadLength, "");
            }
        }

        DrawRun();
        return text.ToString();

        void DrawRun()
        {
            Segment[] data = [.. run.Where(segment => segment.PayloadLength > 0)];
            int firstData = data.Length == 0 ? run.Count : run.IndexOf(data[0]);
            if (run.Take(firstData).LastOrDefault(segment => segment.Source == syn.Source) is Segment before)
            {
                DrawLine(before, before.SequenceNumber, 0, "");
            }

            if (data.Length == 0 && run.LastOrDefault(segment => segment.Source != syn.Source) is Segment reverse)
            {
                DrawLine(reverse, reverse.SequenceNumber, 0, "");
            }

            if (data.Length > 0)
            {
                DrawLine(data[0], data[0].SequenceNumber, data.Sum(segment => segment.PayloadLength), data.Length > 1 ? $", in {data.Length} segments" : "");
                Segment[] acknowledgments = [.. run.Skip(firstData).Where(segment => segment.PayloadLength == 0 && segment.Source != data[0].Source)];
                if (acknowledgments.Length > 0)
                {
                    DrawLine(acknowledgments[^1], acknowledgments[^1].SequenceNumber, 0, acknowledgments.Length > 1 ? $", last of {acknowledgments.Length}" : "");
                }
            }

            run.Clear();
        }

        void DrawLine(Segment segment, uint from, int length, string more)
        {
            Side side = segment.Source == syn.Source ? client : server;
            long milliseconds = (segment.TimestampNanoseconds - syn.TimestampNanoseconds) / 1_000_000;
            uint sequence = unchecked(from - side.FirstSequenceNumber);
            text.Append(CultureInfo.InvariantCulture, $"{milliseconds,5} ms  {side.Arrow}  {Names(segment.Flags),-11}  seq {sequence}");
            if (length > 0)
            {
                text.Append(CultureInfo.InvariantCulture, $":{unchecked(sequence + (uint)length)}");
            }

            if ((segment.Flags & TcpFlags.Ack) != 0)
            {
                text.Append(CultureInfo.InvariantCulture, $", ack {unchecked(segment.AcknowledgmentNumber - side.FirstOfOther)}");
            }

            // Zero is the one window that means the same whatever the scale.
            text.Append(segment.Window == 0 && (segment.Flags & TcpFlags.Reset) == 0 ? ", win 0" : "");
            text.Append(CultureInfo.InvariantCulture, $", len {length}{more}\n");
        }
    }

    /// <summary>
    /// What happens in an excerpt, numbers aside: one entry for each SYN, FIN, RST and run of data, with its direction.
    /// Acknowledgments alone are no events: when they are sent is the kernel's choice. What crosses the first reset on its way is none
    /// either: on a busy machine the FIN behind refused data is sent before the reset arrives, and is answered with another one.
    /// </summary>
    /// <exception cref="FormatException">A line is none that <see cref="Draw"/> writes.</exception>
    public static IReadOnlyList<string> Events(string excerpt)
    {
        List<string> events = [];
        foreach (string line in excerpt.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] parts = line.Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (parts.Length != 4 || parts[3].Split(", ").SingleOrDefault(part => part.StartsWith("len ", StringComparison.Ordinal)) is not string length)
            {
                throw new FormatException($"'{line}' is no line of an excerpt.");
            }

            string data = $"{parts[1]} data";
            if (length != "len 0" && (events.Count == 0 || events[^1] != data))
            {
                events.Add(data);
            }

            string flags = string.Join(' ', parts[2].Split(' ').Where(flag => flag != "PSH"));
            bool isReset = flags.StartsWith("RST", StringComparison.Ordinal);
            if (isReset && events is [.., string refused, string crossing]
                && !refused.StartsWith(parts[1], StringComparison.Ordinal) && refused.EndsWith(" data", StringComparison.Ordinal)
                && crossing == refused[..^" data".Length] + " FIN ACK")
            {
                events.RemoveAt(events.Count - 1);
            }

            if (flags != "ACK")
            {
                events.Add($"{parts[1]} {flags}");
            }

            if (isReset)
            {
                break;
            }
        }

        return events;
    }

    private static bool IsNew(Segment segment, Side side)
    {
        bool takesSequence = segment.PayloadLength > 0 || (segment.Flags & (TcpFlags.Syn | TcpFlags.Fin)) != 0;
        if (!takesSequence || (segment.Flags & TcpFlags.Reset) != 0)
        {
            return true;
        }

        uint end = unchecked(segment.SequenceNumber + (uint)segment.PayloadLength - side.FirstSequenceNumber
            + ((segment.Flags & TcpFlags.Syn) != 0 ? 1u : 0) + ((segment.Flags & TcpFlags.Fin) != 0 ? 1u : 0));
        if (end <= side.SeenUpTo)
        {
            return false;
        }

        side.SeenUpTo = end;
        return true;
    }

    private static string Names(TcpFlags flags) => string.Join(' ', new[]
    {
        (TcpFlags.Syn, "SYN"), (TcpFlags.Fin, "FIN"), (TcpFlags.Reset, "RST"), (TcpFlags.Push, "PSH"), (TcpFlags.Ack, "ACK"),
    }.Where(flag => (flags & flag.Item1) != 0).Select(flag => flag.Item2));

    private sealed class Side(string arrow, uint firstSequenceNumber, uint firstOfOther)
    {
        public string Arrow => arrow;

        public uint FirstSequenceNumber => firstSequenceNumber;

        public uint FirstOfOther => firstOfOther;

        /// <summary>The end of what this side has sent, relative to its SYN.</summary>
        public uint SeenUpTo { get; set; }
    }
}
