using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net.NetworkInformation;
using System.Threading.Channels;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Monitoring;
using RstGuard.Reports;

namespace RstGuard.Cli.Watching;

/// <summary><c>rstguard watch</c>: resets as they happen on this machine's interfaces, with their causes.</summary>
internal static class WatchCommand
{
    /// <summary>The machine or the user lacks what a capture needs.</summary>
    private const int Unavailable = 3;

    private const int MaxWaiting = 4096;

    public static Command Create()
    {
        Option<string[]> interfaces = new("--interface", "-i") { Description = "An interface to watch; each one that is up unless given. Can be repeated." };
        Option<int[]> ports = new("--port", "-p") { Description = "A port that one of the ends must have, 1 to 65535. Can be repeated." };
        ports.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int[]>() is { } values && values.Any(port => port is < 1 or > 65535))
            {
                result.AddError("--port takes numbers from 1 to 65535.");
            }
        });
        Option<double?> duration = new("--duration") { Description = "How many seconds to watch; until Ctrl+C unless given." };
        duration.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double?>() is { } seconds && seconds is not (> 0 and <= 1_000_000))
            {
                result.AddError("--duration takes seconds, more than 0 and 1000000 at the most.");
            }
        });
        Option<int?> count = new("--count", "-n") { Description = "How many resets to tell before it ends." };
        count.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 1)
            {
                result.AddError("--count takes 1 or more.");
            }
        });
        Option<string> format = new("--format") { Description = "text, or json: one object a line on stdout, and the summary on stderr.", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "json");
        Command command = new("watch", "Tells resets as they happen, each with its cause and how sure that is.") { interfaces, ports, duration, count, format };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            new Watch(
                parsed.GetValue(interfaces) is { Length: > 0 } names ? names : Up(),
                new CaptureFilter { Ports = parsed.GetValue(ports) ?? [] },
                parsed.GetValue(duration) is { } seconds ? TimeSpan.FromSeconds(seconds) : Timeout.InfiniteTimeSpan,
                parsed.GetValue(count) ?? int.MaxValue,
                parsed.GetRequiredValue(format) == "json"),
            parsed.InvocationConfiguration.Output,
            parsed.InvocationConfiguration.Error,
            cancellationToken));
        return command;
    }

    private static string[] Up()
    {
        const int Most = 16;
        return [.. NetworkInterface.GetAllNetworkInterfaces().Where(each => each.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown).Select(each => each.Name).Take(Most)];
    }

    private static async Task<int> RunAsync(Watch watch, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        // What comes faster than it can be told is counted.
        Channel<ResetVerdict> found = Channel.CreateBounded<ResetVerdict>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
        Tally tally = new();
        List<CaptureLane> lanes = [];
        try
        {
            ResetMonitorOptions options = new() { Filter = watch.Filter, MaxResetsPerSecond = 1000 };
            foreach (string name in watch.Interfaces)
            {
                lanes.Add(new CaptureLane(
                    options.OpenSource(name, watch.Filter),
                    options,
                    verdict => tally.NotToldBecauseOfHaste(!found.Writer.TryWrite(verdict)),
                    () => tally.NotToldBecauseOfHaste(true),
                    (lane, failure) => found.Writer.TryComplete(new CaptureException($"The capture ended ({lane.Description}): {failure?.Message ?? "its source is through"}.", failure!))));
            }
        }
        catch (CaptureException exception)
        {
            foreach (CaptureLane lane in lanes)
            {
                lane.Abandon();
            }

            await error.WriteLineAsync($"rstguard: {PrintableText.Of(exception.Message)}");
            if (exception is not CaptureUnavailableException)
            {
                return 1;
            }

            await error.WriteLineAsync("Another way: let a program that has the privilege capture, 'sudo tcpdump -i any -w - tcp | rstguard explain -'; or run what is to be watched with it, in a network of its own: 'rstguard test -- COMMAND'.");
            return Unavailable;
        }

        foreach (CaptureLane lane in lanes)
        {
            lane.Start();
        }

        await error.WriteLineAsync(PrintableText.Of($"rstguard: watching {string.Join(", ", watch.Interfaces)}: {watch.Filter}. Ctrl+C ends it."));
        Stopwatch time = Stopwatch.StartNew();
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        end.CancelAfter(watch.Duration);
        try
        {
            await foreach (ResetVerdict verdict in found.Reader.ReadAllAsync(end.Token))
            {
                await TellAsync(verdict, watch, tally, output);
                if (tally.Told >= watch.Count)
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Ctrl+C or the time: both end with the summary.
        }
        finally
        {
            foreach (CaptureLane lane in lanes)
            {
                await lane.DisposeAsync();
            }
        }

        // Resets that were settling when the captures ended.
        while (tally.Told < watch.Count && found.Reader.TryRead(out ResetVerdict? verdict))
        {
            await TellAsync(verdict, watch, tally, output);
        }

        await (watch.AsJson ? error : output).WriteAsync(tally.Summary(time.Elapsed, lanes.Sum(lane => lane.Received), lanes.Sum(lane => lane.Dropped)));
        return 0;
    }

    private static async Task TellAsync(ResetVerdict verdict, Watch watch, Tally tally, TextWriter output)
    {
        GuardedReset reset = ResetJudge.WithoutCallSite(verdict);
        if (!tally.Count(reset))
        {
            return;
        }

        await output.WriteLineAsync(watch.AsJson ? JsonReport.Line(reset) : Line(reset));
        await output.FlushAsync();
    }

    private static string Line(GuardedReset reset)
    {
        ResetVerdict verdict = reset.Verdict;
        string time = verdict.Time.LocalDateTime.ToString("HH:mm:ss.ffffff", CultureInfo.InvariantCulture);
        string line = $"{time} {verdict.Sender} reset {verdict.Receiver}: {ResetReport.Named(reset)} ({reset.Confidence})";
        return verdict.Evidence.FirstOrDefault(evidence => evidence.Supports && evidence.Cause == reset.Candidates[0]) is { } because
            ? $"{line}\n{"",16}because {PrintableText.Of(because.Text)}"
            : line;
    }

    private sealed record Watch(IReadOnlyList<string> Interfaces, CaptureFilter Filter, TimeSpan Duration, int Count, bool AsJson);

    /// <summary>What was told, and what was not.</summary>
    private sealed class Tally
    {
        private readonly Dictionary<string, int> _causes = [];
        private int _repeats;
        private int _hasty;

        public int Told { get; private set; }

        /// <summary>Whether it is one to tell: repeats of one connection's teardown are counted.</summary>
        public bool Count(GuardedReset reset)
        {
            if (reset.Verdict.FollowsEarlierReset)
            {
                _repeats++;
                return false;
            }

            Told++;
            string cause = ResetReport.Named(reset);
            _causes[cause] = _causes.GetValueOrDefault(cause) + 1;
            return true;
        }

        public void NotToldBecauseOfHaste(bool notTold)
        {
            if (notTold)
            {
                Interlocked.Increment(ref _hasty);
            }
        }

        public string Summary(TimeSpan time, long received, long dropped)
        {
            string causes = string.Join(", ", _causes.OrderByDescending(cause => cause.Value).ThenBy(cause => cause.Key, StringComparer.Ordinal).Select(cause => $"{cause.Value} {cause.Key}"));
            string summary = string.Create(
                CultureInfo.InvariantCulture,
                $"{TextReport.Counted(Told, "reset")} in {time.TotalSeconds:0.0} s and {TextReport.Counted(received - dropped, "packet")}{(causes.Length > 0 ? ": " + causes : "")}.");
            summary += _repeats > 0 ? $" {TextReport.Counted(_repeats, "repeat")} of the same connections not told." : "";
            summary += _hasty > 0 ? $" {TextReport.Counted(_hasty, "more reset")} came too fast to be told." : "";
            summary += dropped > 0 ? $" {TextReport.Counted(dropped, "packet")} lost: there may have been more resets." : "";
            return summary + "\n";
        }
    }
}
