using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace RstGuard.Tests.Monitoring;

/// <summary>Makes the meter of one monitor and listens to it alone, whatever else runs in this process.</summary>
internal sealed class MeasuredMeter : IMeterFactory
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<Reading> _readings = [];
    private readonly ConcurrentDictionary<string, Instrument> _instruments = [];
    private Meter? _meter;

    public MeasuredMeter()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter == _meter)
            {
                _instruments[instrument.Name] = instrument;
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            _readings.Enqueue(new Reading(instrument.Name, value, tags.ToArray().ToDictionary(tag => tag.Key, tag => (string)tag.Value!))));
        _listener.Start();
    }

    /// <summary>What was counted, newest last.</summary>
    public IReadOnlyCollection<Reading> Readings => _readings;

    public IReadOnlyDictionary<string, Instrument> Instruments => _instruments;

    public Meter Create(MeterOptions options)
    {
        options.Scope = this;
        return _meter = new Meter(options);
    }

    /// <summary>The counted resets, as soon as there are so many.</summary>
    public async Task<Reading[]> ResetsAsync(int count)
    {
        long deadline = Environment.TickCount64 + 20_000;
        while (true)
        {
            Reading[] resets = [.. _readings.Where(reading => reading.Instrument == "rstguard.resets")];
            if (resets.Length >= count || Environment.TickCount64 > deadline)
            {
                return resets;
            }

            await Task.Delay(20);
        }
    }

    /// <summary>What an observable instrument shows now; null where it shows nothing.</summary>
    public long? Observe(string instrument)
    {
        _readings.Enqueue(new Reading("", 0, []));
        _listener.RecordObservableInstruments();
        Reading[] fresh = [.. _readings.Reverse().TakeWhile(reading => reading.Instrument.Length > 0)];
        return fresh.FirstOrDefault(reading => reading.Instrument == instrument)?.Value;
    }

    public void Dispose()
    {
        _listener.Dispose();
        _meter?.Dispose();
    }

    internal sealed record Reading(string Instrument, long Value, Dictionary<string, string> Tags)
    {
        public string Tell() => $"{Tags["cause"]} {Tags["confidence"]} {Tags["direction"]} {Tags["basis"]}";
    }
}
