using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Reflection;
using RstGuard.CallSites;

namespace RstGuard.Benchmarks;

/// <summary>
/// <c>guard</c>: what <see cref="ResetGuard"/> costs the tests that it watches, each figure from processes of its own: its starts and ends, each
/// connection, a suite of ASP.NET Core tests with it and without in alternation, and what it holds in memory.
/// </summary>
internal static class GuardCommand
{
    private const int Block = 100;
    private const int TestsOfASuite = 10;
    private const int WarmUps = 3;
    private const int LaterWarmUps = 50;

    private const double FirstStartBar = 100;
    private const double LaterStartBar = 5;
    private const double ConnectionBar = 50;
    private const double SuiteBar = 1.05;

    private enum Part
    {
        First,
        FirstAfterSockets,
        Later,
        Connections,
        AsyncConnections,
        DisposedConnections,
        Memory,
        MemoryOfLog,
        SuiteWithout,
        SuiteWithEvents,
        SuiteWithGuard,
        Suites,
    }

    public static Command Create()
    {
        Option<int> processes = new("--processes") { Description = "Fresh processes in which a first start is measured.", DefaultValueFactory = _ => 15 };
        Option<int> starts = new("--starts") { Description = "Later starts in one process.", DefaultValueFactory = _ => 200 };
        Option<int> blocks = new("--blocks") { Description = $"Blocks of {Block} connections, each with and without a guard.", DefaultValueFactory = _ => 100 };
        Option<int> pairs = new("--pairs") { Description = "Pairs of suites, one with guards and one without.", DefaultValueFactory = _ => 30 };
        Option<string[]> only = new("--only") { Description = "The sections to measure, by the words in their titles; all unless told.", AllowMultipleArgumentsPerToken = true };
        Option<FileInfo?> output = new("--output") { Description = "The page to write; the terminal unless told." };
        Command command = new("guard", "What the guard costs the tests that it watches, as a page.") { processes, starts, blocks, pairs, only, output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using StringWriter page = new(CultureInfo.InvariantCulture) { NewLine = "\n" };
            await WriteAsync(page, parsed.GetValue(processes), parsed.GetValue(starts), parsed.GetValue(blocks), Math.Max(2, parsed.GetValue(pairs)), parsed.GetValue(only) ?? [], cancellationToken);
            if (parsed.GetValue(output) is { } file)
            {
                await File.WriteAllTextAsync(file.FullName, page.ToString().TrimEnd('\n') + "\n", cancellationToken);
            }
            else
            {
                await Console.Out.WriteAsync(page.ToString());
            }

            return 0;
        });
        return command;
    }

    /// <summary>What <c>guard</c> starts: measures one thing and prints its figures, a row a line.</summary>
    public static Command CreatePart()
    {
        Argument<Part> part = new("PART");
        Argument<int> count = new("COUNT");
        Command command = new("guard-part", "Measures one part of what the guard costs.") { part, count };
        command.Hidden = true;
        command.SetAction(async (parsed, cancellationToken) =>
        {
            int number = parsed.GetValue(count);
            switch (parsed.GetValue(part))
            {
                case Part.First:
                    Print(await StartAndEndAsync(cancellationToken));
                    break;
                case Part.FirstAfterSockets:
                    Connect(1);
                    Print(await StartAndEndAsync(cancellationToken));
                    break;
                case Part.Later:
                    for (int i = -LaterWarmUps; i < number; i++)
                    {
                        double[] figures = await StartAndEndAsync(cancellationToken);
                        if (i >= 0)
                        {
                            Print(figures);
                        }
                    }

                    break;
                case Part.Connections or Part.AsyncConnections or Part.DisposedConnections:
                    await ConnectionsAsync(parsed.GetValue(part), number, cancellationToken);
                    break;
                case Part.Memory or Part.MemoryOfLog:
                    await MemoryAsync(number, parsed.GetValue(part) == Part.MemoryOfLog);
                    break;
                case Part.SuiteWithout or Part.SuiteWithEvents or Part.SuiteWithGuard:
                    (double seconds, double processor) = await GuardedSuite.RunAsync(number, (GuardedSuite.Around)(parsed.GetValue(part) - Part.SuiteWithout), cancellationToken);
                    Print(seconds, processor);
                    break;
                case Part.Suites:
                    await SuitesAsync(number, cancellationToken);
                    break;
            }

            return 0;
        });
        return command;
    }

    private static async Task WriteAsync(StringWriter page, int processes, int starts, int blocks, int pairs, string[] only, CancellationToken cancellationToken)
    {
        List<string[]> bars = [];
        using StringWriter sections = new(CultureInfo.InvariantCulture) { NewLine = "\n" };
        foreach ((string title, Func<Task> write) in new (string, Func<Task>)[]
        {
            ("Starting and ending", () => WriteStartsAsync(sections, bars, processes, starts, cancellationToken)),
            ("A connection", () => WriteConnectionsAsync(sections, bars, blocks, cancellationToken)),
            ("A suite of ASP.NET Core tests", () => WriteSuitesAsync(sections, bars, pairs, cancellationToken)),
            ("Memory", () => WriteMemoryAsync(sections, cancellationToken)),
        })
        {
            if (only.Length == 0 || only.Any(word => title.Contains(word, StringComparison.OrdinalIgnoreCase)))
            {
                await sections.WriteLineAsync($"## {title}\n");
                await write();
            }
        }

        await page.WriteLineAsync($"""
            # What the guard costs

            Made by one command, whose figures stand side by side because they come from one run:

                nice -n -10 dotnet run -c Release --project RstGuard.Benchmarks -- guard --output docs/guard-cost.md

            on {DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}: {WireCommand.Machine()}. Each figure comes from processes of its own. What is compared runs in alternation, which
            of the two comes first alternating too, so that what else the machine does meets both; `nice` is there for the same reason{Load()}. The guards are
            `ResetGuard.Start()` as it is: whole packets of all TCP connections on the loopback interface, socket events, and a stack for each close that may reset.

            """);
        AnalyzersCommand.Print(page, "## In short", ["", "measured", "at most", ""], bars);
        await page.WriteAsync(sections.ToString());
    }

    // Figures of a machine that does much else are figures of that too.
    private static string Load() =>
        File.Exists("/proc/loadavg") ? $" (the load average was {File.ReadAllText("/proc/loadavg").Split(' ')[0]} when it ended)" : "";

    private static async Task WriteStartsAsync(StringWriter page, List<string[]> bars, int processes, int starts, CancellationToken cancellationToken)
    {
        List<double[]> first = [], afterSockets = [];
        for (int i = 0; i < processes; i++)
        {
            first.AddRange(await RunAsync(Part.First, 0, cancellationToken));
            afterSockets.AddRange(await RunAsync(Part.FirstAfterSockets, 0, cancellationToken));
        }

        List<double[]> later = await RunAsync(Part.Later, starts, cancellationToken);
        AnalyzersCommand.Print(
            page,
            $"""
            Milliseconds, median and range, of {processes} fresh processes for a first start, and of {starts} starts in one process for later ones, after {LaterWarmUps} to warm up.
            Between start and end one connection is made, used and closed. *Start* is `ResetGuard.Start()` from its call to its return, *assert*
            `AssertNoResetsAsync`, which waits for the end of the capture and judges it, *dispose* `DisposeAsync`. *After sockets* means that the process had used a
            socket before, which otherwise the guard is the first to do.
            """,
            ["", "start", "its processor time", "assert", "dispose"],
            [
                ["first", .. Columns(first)],
                ["first, after sockets", .. Columns(afterSockets)],
                ["later", .. Columns(later)],
            ]);
        Judge(bars, "the first start, ms", Median(first, 0) * 1e3, FirstStartBar, "0");
        Judge(bars, "later starts, ms", Median(later, 0) * 1e3, LaterStartBar, "0.0");

        static string[] Columns(List<double[]> figures) => [.. Enumerable.Range(0, 4).Select(column => MedianAndRange(figures, column, 1e3, "0.0"))];
    }

    private static async Task WriteConnectionsAsync(StringWriter page, List<string[]> bars, int blocks, CancellationToken cancellationToken)
    {
        List<string[]> rows = [];
        double most = 0;
        foreach ((string name, Part part) in new[] { ("synchronous", Part.Connections), ("asynchronous", Part.AsyncConnections), ("asynchronous, the client just disposed", Part.DisposedConnections) })
        {
            List<double[]> figures = await RunAsync(part, blocks, cancellationToken);
            double without = Median(figures, 0) / Block * 1e6, processorWithout = Median(figures, 1) / Block * 1e6, guard = Difference(figures, 6, 0);
            most = Math.Max(most, guard);
            rows.Add([name, Text(without), Text(Difference(figures, 2, 0)), Text(Difference(figures, 4, 0)), Text(guard), Text(processorWithout), Text(Difference(figures, 3, 1)), Text(Difference(figures, 5, 1)), Text(Difference(figures, 7, 1))]);
        }

        AnalyzersCommand.Print(
            page,
            $"""
            Microseconds for each connection: connect and accept, 64 bytes each way, both ends shut down and closed in order, by plain sockets, both ends in one process; of a close after which
            nothing can be reset the guard keeps no stack, so a client that is disposed without a shutdown, as those of HTTP are, costs more. Blocks of {Block} connections
            without anything, with a listener that does nothing with the runtime's socket events (which the runtime then writes: nobody who uses them is cheaper), with the log that the guard keeps of them
            (what is left where no packet can be captured), and with a guard, in alternation; medians of {blocks} blocks, and
            of their differences within a round. The guard's start and end are not in it. Processor time is that of the whole process: the capture is read on a thread of its own.
            """,
            ["", "without", "events add", "their log adds", "guard adds", "processor time without", "events add", "their log adds", "guard adds"],
            rows);
        Judge(bars, "each connection, µs", most, ConnectionBar, "0");

        static double Difference(List<double[]> figures, int with, int without) => Median([.. figures.Select(row => (row[with] - row[without]) / Block * 1e6)]);

        static string Text(double value) => value.ToString("0", CultureInfo.InvariantCulture);
    }

    private static async Task WriteSuitesAsync(StringWriter page, List<string[]> bars, int pairs, CancellationToken cancellationToken)
    {
        List<double[]> processes = [];
        for (int pair = -1; pair < pairs; pair++)
        {
            double[] row = new double[6];
            for (int i = 0; i < 3; i++)
            {
                int kind = (pair + i + 1) % 3;
                double[] figures = (await RunAsync(Part.SuiteWithout + kind, TestsOfASuite, cancellationToken))[0];
                figures.CopyTo(row, 2 * kind);
            }

            if (pair >= 0)
            {
                processes.Add(row);
            }
        }

        List<double[]> warm = await RunAsync(Part.Suites, pairs, cancellationToken);
        List<string[]> rows = [];
        foreach ((string name, List<double[]> figures) in new[] { ("a process for each suite", processes), ("one process", warm) })
        {
            foreach ((string around, int at, bool isJudged) in new[] { ("the events alone", 2, false), ("a guard", 4, true) })
            {
                (double ratio, double upper) = MeanRatio([.. figures.Select(row => row[at] / row[0])]);
                (double processorRatio, double processorUpper) = MeanRatio([.. figures.Select(row => row[at + 1] / row[1])]);
                rows.Add(
                [
                    $"{name}, {around}",
                    (Median(figures, 0) * 1e3).ToString("0", CultureInfo.InvariantCulture),
                    (Median(figures, at) * 1e3).ToString("0", CultureInfo.InvariantCulture),
                    Ratio(ratio),
                    Ratio(upper),
                    $"{Ratio(processorRatio)} ({Ratio(processorUpper)})",
                ]);
                if (isJudged)
                {
                    Judge(bars, $"the suite, {name}: upper 95 % bound of the ratio", upper, SuiteBar, "0.000");
                }
            }
        }

        AnalyzersCommand.Print(
            page,
            $"""
            {TestsOfASuite} tests, each of which starts a service with Kestrel on a port of its own, asks it {GuardedSuite.Requests} times (GET and POST of JSON, two thirds of them over one kept connection, the
            others over a connection each), checks the answers and stops it; without anything, with a listener in each test that does nothing with the runtime's socket events, and with a guard in each. {pairs} of each in alternation, once with a process for each suite, as
            a test run is one, from the first test's beginning to the last one's end, and once in one process that has run the suite {WarmUps} times before.
            The ratio to the suite without anything is the geometric mean over the pairs, its upper bound the upper end of the two-sided 95 % t interval of the mean logarithm.
            """,
            ["", "without, ms", "with, ms", "ratio", "upper 95 % bound", "processor time (bound)"],
            rows);

        static string Ratio(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
    }

    private static async Task WriteMemoryAsync(StringWriter page, CancellationToken cancellationToken)
    {
        List<string[]> rows = [];
        foreach (int connections in new[] { 1_000, 10_000, 30_000, 60_000 })
        {
            double[] log = (await RunAsync(Part.MemoryOfLog, connections, cancellationToken))[0];
            double[] guard = (await RunAsync(Part.Memory, connections, cancellationToken))[0];
            rows.Add(
            [
                connections.ToString("N0", CultureInfo.InvariantCulture),
                (log[0] / 1024 / 1024).ToString("0.0", CultureInfo.InvariantCulture),
                (log[0] / connections).ToString("N0", CultureInfo.InvariantCulture),
                (guard[0] / 1024 / 1024).ToString("0.0", CultureInfo.InvariantCulture),
            ]);
        }

        AnalyzersCommand.Print(
            page,
            """
            What is held after so many connections of one guard were closed, both ends in this process, stacks included: managed memory after a collection, less
            what there was before. The log of the socket events keeps 65,536 ends at the most, and says so where there were more; the guard also keeps a summary of each connection and the
            last 8 MiB of packets. All of it ends with the guard.
            """,
            ["connections", "socket events, MiB", "bytes for each connection", "whole guard, MiB"],
            rows);
    }

    private static async Task<double[]> StartAndEndAsync(CancellationToken cancellationToken)
    {
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        long begun = Stopwatch.GetTimestamp();
        ResetGuard guard = ResetGuard.Start();
        double start = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        double processorOfStart = (Environment.CpuUsage.TotalTime - processor).TotalSeconds;
        await using (guard)
        {
            Connect(1);
            begun = Stopwatch.GetTimestamp();
            await guard.AssertNoResetsAsync(cancellationToken);
            double assert = Stopwatch.GetElapsedTime(begun).TotalSeconds;
            begun = Stopwatch.GetTimestamp();
            await guard.DisposeAsync();
            return [start, processorOfStart, assert, Stopwatch.GetElapsedTime(begun).TotalSeconds];
        }
    }

    private static void Connect(int connections)
    {
        using GuardedConnections pairs = new(IPAddress.Loopback);
        pairs.Run(connections);
    }

    private static async Task ConnectionsAsync(Part part, int blocks, CancellationToken cancellationToken)
    {
        using GuardedConnections pairs = new(new IPAddress([127, 71, 1, (byte)part]));
        for (int block = -WarmUps * 10; block < blocks; block++)
        {
            double[] row = new double[8];
            for (int i = 0; i < 4; i++)
            {
                int kind = (block + i + (WarmUps * 40)) % 4;
                using IdleListener? idle = kind == 1 ? new IdleListener() : null;
                SocketEventLog.Lease? log = kind == 2 ? SocketEventLog.Acquire() : null;
                ResetGuard? guard = kind == 3 ? ResetGuard.Start() : null;
                (row[2 * kind], row[(2 * kind) + 1]) = part == Part.Connections ? pairs.Run(Block) : await pairs.RunAsync(Block, bothShutDown: part == Part.AsyncConnections);
                log?.Dispose();
                if (guard is not null)
                {
                    await using (guard)
                    {
                        await guard.AssertNoResetsAsync(cancellationToken);
                    }
                }
            }

            if (block >= 0)
            {
                Print(row);
            }
        }
    }

    private static async Task MemoryAsync(int connections, bool logAlone)
    {
        // Each destination has its own 28,000 ports, which a connection that was closed keeps for a minute.
        using GuardedConnections some = new(IPAddress.Parse("127.71.0.3")), others = new(IPAddress.Parse("127.71.0.4")), more = new(IPAddress.Parse("127.71.0.5"));
        GuardedConnections[] all = [some, others, more];
        some.Run(Block);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        SocketEventLog.Lease? log = logAlone ? SocketEventLog.Acquire() : null;
        ResetGuard? guard = logAlone ? null : ResetGuard.Start();
        for (int made = 0, next = 0; made < connections; made += Block)
        {
            all[next++ % all.Length].Run(Math.Min(Block, connections - made));
        }

        Print(GC.GetTotalMemory(forceFullCollection: true) - before);
        log?.Dispose();
        if (guard is not null)
        {
            await guard.DisposeAsync();
        }
    }

    private static async Task SuitesAsync(int pairs, CancellationToken cancellationToken)
    {
        for (int pair = -WarmUps; pair < pairs; pair++)
        {
            double[] row = new double[6];
            for (int i = 0; i < 3; i++)
            {
                int kind = (pair + i + WarmUps) % 3;
                (row[2 * kind], row[(2 * kind) + 1]) = await GuardedSuite.RunAsync(TestsOfASuite, (GuardedSuite.Around)kind, cancellationToken);
            }

            if (pair >= 0)
            {
                Print(row);
            }
        }
    }

    private static void Print(params double[] figures) =>
        Console.WriteLine(string.Join(' ', figures.Select(figure => figure.ToString("R", CultureInfo.InvariantCulture))));

    private static async Task<List<double[]>> RunAsync(Part part, int count, CancellationToken cancellationToken)
    {
        MeasuredProcess run = await MeasuredProcess.RunAsync("dotnet", [Assembly.GetExecutingAssembly().Location, "guard-part", part.ToString(), count.ToString(CultureInfo.InvariantCulture)], cancellationToken)
            ?? throw new InvalidOperationException("'dotnet' is not in the PATH.");
        return [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ').Select(figure => double.Parse(figure, CultureInfo.InvariantCulture)).ToArray())];
    }

    private static void Judge(List<string[]> bars, string what, double measured, double most, string format) =>
        bars.Add([what, measured.ToString(format, CultureInfo.InvariantCulture), most.ToString(CultureInfo.InvariantCulture), measured <= most ? "met" : "not met"]);

    private static string MedianAndRange(List<double[]> figures, int column, double scale, string format)
    {
        double[] values = [.. figures.Select(row => row[column] * scale)];
        return $"{Text(Median(values))} ({Text(values.Min())} to {Text(values.Max())})";

        string Text(double value) => value.ToString(format, CultureInfo.InvariantCulture);
    }

    private static double Median(List<double[]> figures, int column) => Median([.. figures.Select(row => row[column])]);

    /// <summary>The median; sorts the values.</summary>
    internal static double Median(double[] values)
    {
        Array.Sort(values);
        return (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2;
    }

    /// <summary>The geometric mean of ratios, and the upper end of its two-sided 95 % interval by Student's t.</summary>
    private static (double Mean, double Upper) MeanRatio(double[] ratios)
    {
        double[] logarithms = [.. ratios.Select(ratio => Math.Log(ratio))];
        double mean = logarithms.Average();
        double deviation = Math.Sqrt(logarithms.Sum(value => (value - mean) * (value - mean)) / (logarithms.Length - 1));
        return (Math.Exp(mean), Math.Exp(mean + (Quantile(logarithms.Length - 1) * deviation / Math.Sqrt(logarithms.Length))));
    }

    // Student's t at 97.5 %, by Fisher's expansion about the normal quantile (Abramowitz and Stegun 26.7.5): 2.045 for 29 degrees of freedom.
    private static double Quantile(int degrees)
    {
        const double Normal = 1.959964;
        double third = Math.Pow(Normal, 3), fifth = Math.Pow(Normal, 5), seventh = Math.Pow(Normal, 7);
        return Normal + ((third + Normal) / (4 * degrees)) + (((5 * fifth) + (16 * third) + (3 * Normal)) / (96.0 * degrees * degrees))
            + (((3 * seventh) + (19 * fifth) + (17 * third) - (15 * Normal)) / (384 * Math.Pow(degrees, 3)));
    }
}
