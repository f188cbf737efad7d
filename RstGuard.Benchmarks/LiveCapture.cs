using System.Buffers.Binary;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Reflection;
using RstGuard.Capture;
using RstGuard.Diagnosis;

namespace RstGuard.Benchmarks;

/// <summary>
/// How many frames a second a live capture takes without a loss: a thread sends frames of our own making over the loopback interface of a
/// network namespace that is made for it, where nobody answers them, and a recorder captures and follows the connections beside it.
/// </summary>
internal static class LiveCapture
{
    private const int Connections = 1_000;
    private const int FrameLength = 14 + 20 + 20 + 100;

    private static readonly (string Name, CaptureDetail Detail, bool Ring)[] Kinds =
    [
        ("whole packets", CaptureDetail.Packets, false),
        ("whole packets, ring", CaptureDetail.Packets, true),
        ("full", CaptureDetail.Full, false),
        ("full, ring", CaptureDetail.Full, true),
        ("light", CaptureDetail.Light, false),
        ("light, ring", CaptureDetail.Light, true),
    ];

    /// <summary>What <see cref="WriteAsync"/> starts within the namespace.</summary>
    public static Command Create()
    {
        Argument<int> rate = new("RATE");
        Argument<double> seconds = new("SECONDS");
        Command command = new("wire-live", "Captures what it sends over the loopback interface.") { rate, seconds };
        command.Hidden = true;
        command.SetAction(async (parsed, cancellationToken) =>
        {
            foreach ((string name, CaptureDetail detail, bool ring) in Kinds)
            {
                await MeasureAsync(name, detail, ring, parsed.GetValue(rate), TimeSpan.FromSeconds(parsed.GetValue(seconds)), cancellationToken);
            }

            return 0;
        });
        return command;
    }

    /// <summary>Measures at a rate and at the most that the sender does, and writes a table; where the system refuses it, why.</summary>
    public static async Task WriteAsync(TextWriter page, int rate, double seconds, CancellationToken cancellationToken)
    {
        string title = string.Create(CultureInfo.InvariantCulture, $"""
            ## Live

            {FrameLength}-byte frames of {Connections:N0} connections, one in ten of them without data, are sent over the loopback interface for {seconds:0.#} seconds, {rate:N0} a second and then as many as one
            thread can, while `ResetRecorder` captures them and follows the connections; each kind of capture (`CaptureDetail`) by a system call for each packet and by
            `LinuxPacketSocketOptions.UseRing`, with the default buffer of 32 MiB. *light* leaves the frames with data in the kernel.
            """);
        List<string[]> rows = [];
        try
        {
            foreach (int at in new[] { rate, 0 })
            {
                string self = $"ip link set lo up && exec dotnet '{Assembly.GetExecutingAssembly().Location}' wire-live {at} {seconds.ToString(CultureInfo.InvariantCulture)}";
                MeasuredProcess? run = await MeasuredProcess.RunAsync("unshare", ["--user", "--map-root-user", "--net", "--", "sh", "-c", self], cancellationToken);
                if (run is null)
                {
                    await page.WriteLineAsync(title + "\n\nNot measured: 'unshare' (util-linux) is not installed here.\n");
                    return;
                }

                rows.AddRange(run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')));
            }
        }
        catch (InvalidOperationException refused)
        {
            await page.WriteLineAsync($"{title}\n\nNot measured: {refused.Message}\n");
            return;
        }

        AnalyzersCommand.Print(page, title, ["capture", "sent a second", "wanted frames", "captured", "dropped by the kernel", "reader's processor time, %"], rows);
    }

    private static async Task MeasureAsync(string name, CaptureDetail detail, bool ring, int rate, TimeSpan time, CancellationToken cancellationToken)
    {
        LinuxPacketSocket socket = LinuxPacketSocket.OpenLoopback(new CaptureFilter { Detail = detail }, new LinuxPacketSocketOptions { UseRing = ring });
        if (socket.UsesRing != ring)
        {
            throw new InvalidOperationException(socket.WhyNoRing);
        }

        Counting source = new(socket);
        await using ResetRecorder recorder = ResetRecorder.Start(source);
        (long sent, long withoutData, double seconds) = await Task.Factory.StartNew(() => Send(rate, time), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        ResetRecording recording = await recorder.StopAsync(cancellationToken);
        Console.WriteLine(string.Join('\t',
            name,
            (sent / seconds).ToString("N0", CultureInfo.InvariantCulture),
            (detail == CaptureDetail.Light ? withoutData : sent).ToString("N0", CultureInfo.InvariantCulture),
            source.Frames.ToString("N0", CultureInfo.InvariantCulture),
            recording.Statistics.Dropped.ToString("N0", CultureInfo.InvariantCulture),
            (100 * source.Busy / seconds).ToString("0", CultureInfo.InvariantCulture)));
    }

    private static (long Sent, long WithoutData, double Seconds) Send(int rate, TimeSpan time)
    {
        byte[][] frames = [.. Enumerable.Range(0, Connections).Select(Frame)];
        uint[] numbers = new uint[Connections];
        using Socket sender = new(AddressFamily.Packet, SocketType.Raw, 0);
        sender.Bind(new LoopbackEndPoint());
        long begun = Stopwatch.GetTimestamp();
        long sent = 0, withoutData = 0;
        while (true)
        {
            double elapsed = Stopwatch.GetElapsedTime(begun).TotalSeconds;
            if (elapsed >= time.TotalSeconds)
            {
                return (sent, withoutData, elapsed);
            }

            // In the time that has passed, or some hundred at once without looking at the clock.
            long due = rate == 0 ? sent + 200 : (long)(elapsed * rate);
            for (; sent < due; sent++)
            {
                int connection = (int)(sent % Connections);
                bool data = sent / Connections % 10 != 0;
                byte[] frame = frames[connection];
                BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(38), numbers[connection]);
                int length = data ? FrameLength : FrameLength - 100;
                BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(16), (ushort)(length - 14));
                numbers[connection] += data ? 100u : 0;
                withoutData += data ? 0 : 1;
                sender.Send(frame.AsSpan(0, length));
            }
        }
    }

    // Nobody has the addresses, so that nobody answers.
    private static byte[] Frame(int connection)
    {
        byte[] frame = new byte[FrameLength];
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), 0x0800);
        Span<byte> ip = frame.AsSpan(14);
        ip[0] = 0x45;
        ip[8] = 64;
        ip[9] = 6;
        BinaryPrimitives.WriteUInt32BigEndian(ip[12..], 0x0a01_0000u + (uint)connection);
        BinaryPrimitives.WriteUInt32BigEndian(ip[16..], 0x0a02_0001);
        Span<byte> tcp = ip[20..];
        BinaryPrimitives.WriteUInt16BigEndian(tcp, (ushort)(10_000 + connection));
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], 443);
        tcp[12] = 0x50;
        tcp[13] = 0x10;
        tcp[14] = 1;
        return frame;
    }

    /// <summary>Counts what a capture delivers, and how long it lets its reader wait.</summary>
    private sealed class Counting(LinuxPacketSocket socket) : IPacketSource
    {
        private long _begun;
        private double _begunProcessor;

        public long Frames { get; private set; }

        /// <summary>Seconds of processor time that the reading thread took from its first frame to its last.</summary>
        public double Busy { get; private set; }

        public string Description => socket.Description;

        public bool IsLive => true;

        public CaptureDetail Detail => socket.Detail;

        public ReadResult Read(out CapturedPacket packet, TimeSpan timeout)
        {
            ReadResult result = socket.Read(out packet, timeout);
            if (result == ReadResult.Packet)
            {
                if (packet.Data.Length >= 20 && packet.Data[9] == 6)
                {
                    Frames++;
                }

                // Looked at now and then: it takes a while itself.
                if ((++_begun & 0x3fff) == 1)
                {
                    double now = ProcessorSeconds();
                    _begunProcessor = _begunProcessor == 0 ? now : _begunProcessor;
                    Busy = now - _begunProcessor;
                }
            }

            return result;
        }

        public CaptureStatistics GetStatistics() => socket.GetStatistics();

        public void Dispose() => socket.Dispose();

        // The first figure of schedstat is the thread's time on a processor, in nanoseconds (Linux Documentation/scheduler/sched-stats.rst).
        private static double ProcessorSeconds() =>
            File.Exists("/proc/thread-self/schedstat") ? long.Parse(File.ReadAllText("/proc/thread-self/schedstat").Split(' ')[0], CultureInfo.InvariantCulture) / 1e9 : 0;
    }

    /// <summary>The loopback interface as a <c>struct sockaddr_ll</c>, for a socket that only sends.</summary>
    private sealed class LoopbackEndPoint : EndPoint
    {
        public override AddressFamily AddressFamily => AddressFamily.Packet;

        public override SocketAddress Serialize()
        {
            SocketAddress address = new(AddressFamily.Packet, 20);
            BinaryPrimitives.WriteInt32LittleEndian(address.Buffer.Span[4..], NetworkInterface.LoopbackInterfaceIndex);
            return address;
        }
    }
}
