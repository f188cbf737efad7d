using System.Globalization;

namespace RstGuard.Diagnosis;

/// <summary>
/// How far the kernel's TCP counters of one network namespace moved. They count for all of it, so they speak of captured resets
/// only where the capture saw all of it too and every reset they count was captured.
/// </summary>
/// <param name="ResetsSent"><c>Tcp: OutRsts</c>; packet filters don't move it.</param>
/// <param name="AbortsOnClose"><c>TcpExt: TCPAbortOnClose</c>: closed with unread data.</param>
/// <param name="AbortsOnData"><c>TcpExt: TCPAbortOnData</c>: closed with linger zero (also without a packet), or data after close.</param>
/// <param name="AbortsOnLinger"><c>TcpExt: TCPAbortOnLinger</c>: closed in FIN-WAIT-2 with TCP_LINGER2 negative.</param>
/// <param name="OtherAborts">All other <c>TCPAbort…</c> counters together: some move without a reset.</param>
internal readonly record struct TcpCounters(long ResetsSent, long AbortsOnClose, long AbortsOnData, long AbortsOnLinger, long OtherAborts)
{
    public static TcpCounters operator -(TcpCounters left, TcpCounters right) => new(
        left.ResetsSent - right.ResetsSent,
        left.AbortsOnClose - right.AbortsOnClose,
        left.AbortsOnData - right.AbortsOnData,
        left.AbortsOnLinger - right.AbortsOnLinger,
        left.OtherAborts - right.OtherAborts);

    /// <summary>Reads the two tables of <c>/proc/net</c>.</summary>
    public static TcpCounters Parse(string snmp, string netstat)
    {
        IReadOnlyDictionary<string, long> tcp = ParseTable(snmp, "Tcp:");
        IReadOnlyDictionary<string, long> extended = ParseTable(netstat, "TcpExt:");
        string[] others = ["TCPAbortOnMemory", "TCPAbortOnTimeout", "TCPAbortFailed"];
        return new TcpCounters(
            tcp["OutRsts"],
            extended["TCPAbortOnClose"],
            extended["TCPAbortOnData"],
            extended["TCPAbortOnLinger"],
            others.Sum(name => extended.GetValueOrDefault(name)));
    }

    private static Dictionary<string, long> ParseTable(string text, string prefix)
    {
        string[][] lines = [.. text.Split('\n').Where(line => line.StartsWith(prefix, StringComparison.Ordinal)).Select(line => line.Split(' '))];
        return lines is [var names, var values, ..]
            ? names.Zip(values).Skip(1).Where(pair => pair.First.Length > 0).ToDictionary(pair => pair.First, pair => long.Parse(pair.Second, CultureInfo.InvariantCulture))
            : throw new FormatException($"The kernel's counters have no table {prefix}");
    }
}

/// <summary>The counters of the network namespace in which this was opened, whatever thread reads them later.</summary>
internal sealed class TcpCounterReader : IDisposable
{
    private readonly FileStream _snmp = Open("snmp");
    private readonly FileStream _netstat = Open("netstat");

    public TcpCounters Read() => TcpCounters.Parse(ReadAll(_snmp), ReadAll(_netstat));

    public void Dispose()
    {
        _snmp.Dispose();
        _netstat.Dispose();
    }

    private static FileStream Open(string name) => new("/proc/thread-self/net/" + name, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);

    private static string ReadAll(FileStream file)
    {
        file.Position = 0;
        using StreamReader reader = new(file, leaveOpen: true);
        return reader.ReadToEnd();
    }
}
