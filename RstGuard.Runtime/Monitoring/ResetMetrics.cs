using System.Diagnostics.Metrics;
using RstGuard.Diagnosis;

namespace RstGuard.Monitoring;

/// <summary>Who sent a reset, as a monitor tells it.</summary>
internal enum ResetDirection
{
    /// <summary>It can't be told.</summary>
    Unknown,

    /// <summary>This process.</summary>
    Sent,

    /// <summary>This process's peer.</summary>
    Received,

    /// <summary>Somebody else's connection.</summary>
    Other,
}

/// <summary>The meter of one <see cref="ResetMonitor"/>: its instruments are <c>docs/monitoring.md</c>'s table.</summary>
internal sealed class ResetMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly bool _owned;
    private readonly Counter<long> _resets;
    private readonly Func<MonitorReadings> _read;
    private volatile bool _disposed;

    /// <param name="factory">Makes the meter; null: it is this object's own.</param>
    /// <param name="read">Reads what is observed rather than counted; any thread may call it.</param>
    public ResetMetrics(IMeterFactory? factory, Func<MonitorReadings> read)
    {
        string? version = typeof(ResetMetrics).Assembly.GetName().Version?.ToString(3);
        _owned = factory is null;
        _read = read;
        _meter = factory is null ? new Meter(ResetMonitor.MeterName, version) : factory.Create(new MeterOptions(ResetMonitor.MeterName) { Version = version });
        _resets = _meter.CreateCounter<long>("rstguard.resets", "{reset}", "TCP resets, by cause, confidence, direction and basis.");
        _meter.CreateObservableCounter("rstguard.capture.packets", () => Read(r => r.Received), "{packet}", "Packets that passed the capture's filter, dropped ones included.");
        _meter.CreateObservableCounter("rstguard.capture.drops", () => Read(r => r.Dropped), "{packet}", "Packets that were lost because they came faster than they were read.");
        _meter.CreateObservableCounter("rstguard.connections.evicted", () => Read(r => r.Evicted), "{connection}", "Open connections that were forgotten because more were open than are remembered.");
        _meter.CreateObservableUpDownCounter("rstguard.connections", () => Read(r => r.Connections), "{connection}", "Connections that are remembered, ended ones included.");
        _meter.CreateObservableUpDownCounter("rstguard.captures", () => Read(r => r.Captures), "{capture}", "Interfaces that are captured on; 0: the monitor sees no packets.");
    }

    public void Count(ResetCause cause, Confidence confidence, ResetDirection direction, ResetBasis basis)
    {
        if (_disposed)
        {
            return;
        }

        // Four tags go on the stack (TagList).
        _resets.Add(
            1,
            new System.Diagnostics.TagList
            {
                { "cause", NameOf(cause) },
                { "confidence", NameOf(confidence) },
                { "direction", NameOf(direction) },
                { "basis", NameOf(basis) },
            });
    }

    public void Dispose()
    {
        _disposed = true;
        if (_owned)
        {
            _meter.Dispose();
        }
    }

    // A factory's meter lives on after the monitor.
    private IEnumerable<Measurement<long>> Read(Func<MonitorReadings, long> part) => _disposed ? [] : [new(part(_read()))];

    private static string NameOf<T>(T value)
        where T : struct, Enum => Enum.GetName(value)!;
}

/// <summary>What a monitor's observable instruments show.</summary>
internal readonly record struct MonitorReadings(long Received, long Dropped, long Evicted, long Connections, long Captures);
