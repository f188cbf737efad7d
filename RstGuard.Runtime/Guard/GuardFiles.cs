using System.Globalization;
using System.Net;
using RstGuard.Capture;
using RstGuard.Reports;
using RstGuard.Tcp;

namespace RstGuard;

/// <summary>What a failing guard leaves beside the test results: its report as a page and as JSON, and the packets that it tells of.</summary>
internal static class GuardFiles
{
    private static int _number;

    /// <summary>The folder that is taken unless the user names one: RSTGUARD_RESULTS, else where Microsoft.Testing.Platform puts its own results.</summary>
    public static string DefaultFolder =>
        Environment.GetEnvironmentVariable("RSTGUARD_RESULTS") is { Length: > 0 } named ? named : Path.Combine(AppContext.BaseDirectory, "TestResults");

    /// <summary>Writes them.</summary>
    /// <returns>The paths, and a text that tells them or why there are none.</returns>
    public static (IReadOnlyList<string> Paths, string Text) Write(string folder, ResetReport report, PacketHistory history)
    {
        var wanted = new HashSet<(IPEndPoint, IPEndPoint)>();
        foreach (GuardedReset reset in report.Resets.Where(reset => reset.Basis == ResetBasis.Seen))
        {
            wanted.Add((reset.Verdict.Sender, reset.Verdict.Receiver));
            wanted.Add((reset.Verdict.Receiver, reset.Verdict.Sender));
        }

        string name = string.Create(CultureInfo.InvariantCulture, $"rstguard-{DateTime.UtcNow:yyyyMMdd-HHmmss}-{Environment.ProcessId}-{Interlocked.Increment(ref _number)}");
        try
        {
            IReadOnlyList<string> paths = report.Save(folder, name, wanted.Count == 0 ? null : new ConnectionPackets(history.Replay(), wanted));
            return (paths, string.Join("\n  ", paths.Prepend("Written, the packets with the verdict as comments that Wireshark shows:")));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return ([], $"No report and no packets were written: {exception.Message} ResetGuardOptions.ResultsFolder names another folder.");
        }
    }

    /// <summary>The packets of some connections alone.</summary>
    private sealed class ConnectionPackets(IPacketSource source, HashSet<(IPEndPoint, IPEndPoint)> wanted) : IPacketSource
    {
        public string Description => source.Description;

        public bool IsLive => false;

        public ReadResult Read(out CapturedPacket packet, TimeSpan timeout)
        {
            ReadResult result;
            do
            {
                result = source.Read(out packet, timeout);
            }
            while (result == ReadResult.Packet
                && !(TcpSegment.TryParse(packet, out TcpSegment segment) && wanted.Contains((segment.Source.ToIPEndPoint(), segment.Destination.ToIPEndPoint()))));
            return result;
        }

        public CaptureStatistics GetStatistics() => source.GetStatistics();

        public void Dispose() => source.Dispose();
    }
}
