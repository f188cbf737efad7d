using System.Diagnostics;
using System.Globalization;
using RstGuard.Capture;
using RstGuard.Diagnosis;

namespace RstGuard.Tests.Robustness;

/// <summary>
/// Mutated captures through all that reads them: pcap and pcapng, link headers, IP, TCP and its options, the connection table, the classifier.
/// Nothing throws but <see cref="CaptureFileException"/>, and memory stays where it is. A few thousand by default; <c>.ci/deep fuzz</c> asks
/// for millions by <c>RSTGUARD_FUZZ</c>. An input depends on its number alone, so that one that failed can be made again
/// (<c>RSTGUARD_FUZZ_FIRST</c>).
/// </summary>
public sealed class WireFuzzTests
{
    private const int Few = 4_000;
    private const int InputsInRecording = 1_000;

    // What a recording of these limits may hold, many times over, and far below what inputs without a bound would take.
    private const long MostBytes = 256L << 20;
    private const long MostAllocatedForOneInput = 4L << 20;

    private static long Asked(string variable, long otherwise) =>
        long.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : otherwise;

    [Fact]
    public async Task MutatedCaptures_AreSurvived_InBoundedMemory()
    {
        long inputs = Asked("RSTGUARD_FUZZ", Few);
        long first = Asked("RSTGUARD_FUZZ_FIRST", 0);
        string[] corpus = [.. Directory.EnumerateFiles(Path.Combine(DotNet.RepositoryRoot, "RstGuard.Tests", "Robustness", "Captures")).Order(StringComparer.Ordinal)];
        CaptureMutator mutator = new([.. corpus.Select(File.ReadAllBytes)]);
        long begun = Stopwatch.GetTimestamp();
        long packets = 0, damaged = 0, resets = 0, connections = 0, most = 0;
        for (long done = 0; done < inputs; done += InputsInRecording)
        {
            MutatedCaptures source = new(mutator, first + done, Math.Min(InputsInRecording, inputs - done));
            ResetRecorder recorder = ResetRecorder.Start(source, new ResetRecorderOptions { MaxConnections = 1_024, MaxResets = 2_048 });
            ResetRecording recording;
            try
            {
                recording = await recorder.StopAsync();
            }
            catch (CaptureException exception)
            {
                Assert.Fail($"Input {source.Number} of the mutator: {exception}\n{Convert.ToHexString(source.Input)}");
                throw;
            }

            foreach (ResetVerdict verdict in recording.Resets)
            {
                AssertCheckable(verdict);
            }

            Assert.True(source.MostAllocated <= MostAllocatedForOneInput, $"Input {source.MostAllocatedNumber} allocated {source.MostAllocated} bytes until its packets were read.");
            long held = GC.GetTotalMemory(forceFullCollection: false);
            most = Math.Max(most, held);
            if (held > MostBytes)
            {
                // Garbage does not count.
                Assert.InRange(GC.GetTotalMemory(forceFullCollection: true), 0, MostBytes);
            }

            packets += source.Packets;
            damaged += source.Damaged;
            resets += recording.Resets.Count;
            connections += recording.Connections.Count;
            if (inputs > Few && (done / InputsInRecording + 1) % Math.Max(1, inputs / InputsInRecording / 50) == 0)
            {
                await Console.Error.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{done + InputsInRecording:N0} inputs in {Stopwatch.GetElapsedTime(begun):h\\:mm\\:ss}: {packets:N0} packets, {damaged:N0} damaged files, {connections:N0} connections, {resets:N0} resets; the most memory seen {most >> 20} MiB"));
            }
        }

        // Else the mutations would only ever fail at the door.
        Assert.InRange(damaged, inputs / 20, inputs * 3 / 4);
        Assert.True(packets > inputs && resets > inputs / 20, $"{inputs} inputs gave {packets} packets and {resets} resets.");
    }

    [Fact]
    public void Corpus_IsWhole()
    {
        foreach (string path in Directory.EnumerateFiles(Path.Combine(DotNet.RepositoryRoot, "RstGuard.Tests", "Robustness", "Captures")))
        {
            using CaptureFile file = CaptureFile.Open(path);
            int packets = 0;
            while (file.Read(out _, TimeSpan.Zero) == ReadResult.Packet)
            {
                packets++;
            }

            Assert.True(packets > 0, path);
        }
    }

    private static void AssertCheckable(ResetVerdict verdict)
    {
        Assert.NotEmpty(verdict.Candidates);
        Assert.Equal(verdict.Candidates.Count, verdict.Candidates.Distinct().Count());
        Assert.Equal(verdict.Frame, verdict.LastSegments[^1].Frame);
        Assert.All(verdict.Evidence, evidence => Assert.All(evidence.Frames, frame => Assert.InRange(frame, 1, long.MaxValue)));
    }

    /// <summary>One mutated capture after the other, as one source.</summary>
    private sealed class MutatedCaptures(CaptureMutator mutator, long first, long count) : IPacketSource
    {
        private IPacketSource? _current;
        private long _done;
        private long _allocatedBefore;
        private long _frames;

        public string Description => "mutated captures";

        public bool IsLive => false;

        public long Number { get; private set; }

        public byte[] Input { get; private set; } = [];

        public long Packets { get; private set; }

        public long Damaged { get; private set; }

        public long MostAllocated { get; private set; }

        public long MostAllocatedNumber { get; private set; }

        public ReadResult Read(out CapturedPacket packet, TimeSpan timeout)
        {
            while (true)
            {
                try
                {
                    if (_current is null && !TryOpenNext())
                    {
                        packet = default;
                        return ReadResult.Ended;
                    }

                    if (_current!.Read(out packet, timeout) == ReadResult.Packet)
                    {
                        Packets++;
                        packet = new CapturedPacket(packet.Data, packet.WireLength, packet.TimestampNanoseconds, packet.LinkType, packet.InterfaceIndex, ++_frames);
                        return ReadResult.Packet;
                    }
                }
                catch (CaptureFileException damage)
                {
                    Assert.InRange(damage.Offset, 0, Input.Length);
                    Damaged++;
                }

                long allocated = GC.GetAllocatedBytesForCurrentThread() - _allocatedBefore;
                if (allocated > MostAllocated)
                {
                    (MostAllocated, MostAllocatedNumber) = (allocated, Number);
                }

                _current?.Dispose();
                _current = null;
            }
        }

        public CaptureStatistics GetStatistics() => new(Packets, 0);

        public void Dispose() => _current?.Dispose();

        private bool TryOpenNext()
        {
            if (_done == count)
            {
                return false;
            }

            Number = first + _done++;
            _allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
            (byte[] bytes, IReadOnlyList<RecordedPacket>? packets) = mutator.Make(Number);
            Input = bytes;
            _current = packets is not null ? new RecordedPackets(packets)
                : Number % 64 == 0 ? CaptureFile.Open(new Trickle(bytes), "a stream in small pieces")
                : CaptureFile.Open(new PinnedInput(bytes), "bytes");
            return true;
        }
    }

    /// <summary>A capture in memory, all of it at once.</summary>
    private sealed unsafe class PinnedInput : CaptureInput
    {
        private readonly System.Runtime.InteropServices.GCHandle _pin;

        public PinnedInput(byte[] bytes)
        {
            _pin = System.Runtime.InteropServices.GCHandle.Alloc(bytes, System.Runtime.InteropServices.GCHandleType.Pinned);
            SetWindow((byte*)_pin.AddrOfPinnedObject(), bytes.Length);
        }

        public override void Dispose()
        {
            base.Dispose();
            if (_pin.IsAllocated)
            {
                _pin.Free();
            }
        }

        protected override void Load(int count)
        {
        }

        protected override bool SkipBeyond(long count)
        {
            PassWindow();
            return false;
        }
    }

    private sealed class Trickle(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 7));
    }
}
