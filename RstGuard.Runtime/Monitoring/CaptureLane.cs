using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Tcp;

namespace RstGuard.Monitoring;

/// <summary>One interface that a <see cref="ResetMonitor"/> captures on: a source, a thread that reads it, a table of connections.</summary>
internal sealed class CaptureLane : IAsyncDisposable
{
    private const long StatisticsMilliseconds = 1000;
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromMilliseconds(200);

    private readonly IPacketSource _source;
    private readonly ResetObserver _observer;
    private readonly RateLimit _rate;
    private readonly Action<ResetVerdict> _found;
    private readonly Action _unexamined;
    private readonly Action<CaptureLane, Exception?> _ended;
    private readonly TaskCompletionSource _readerEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _received;
    private long _dropped;
    private long _connections;
    private long _evicted;
    private long _statisticsAt;
    private long _lossAt = long.MinValue / 2;
    private volatile bool _stop;

    /// <param name="source">Where packets come from; it is disposed with the lane.</param>
    /// <param name="options">Limits.</param>
    /// <param name="found">Takes each verdict, on the lane's thread.</param>
    /// <param name="unexamined">Told of each reset that was not examined, on the lane's thread.</param>
    /// <param name="ended">Told once where the reading ends by itself, with what failed.</param>
    public CaptureLane(IPacketSource source, ResetMonitorOptions options, Action<ResetVerdict> found, Action unexamined, Action<CaptureLane, Exception?> ended)
    {
        _source = source;
        _found = found;
        _unexamined = unexamined;
        _ended = ended;
        _rate = new RateLimit(options.MaxResetsPerSecond);
        _observer = new ResetObserver(options.MaxConnections, source.Detail) { Settled = Judge };
    }

    public string Description => _source.Description;

    public long Received => Interlocked.Read(ref _received);

    public long Dropped => Interlocked.Read(ref _dropped);

    public long Connections => Interlocked.Read(ref _connections);

    public long Evicted => Interlocked.Read(ref _evicted);

    public void Start() => new Thread(ReadAll) { IsBackground = true, Name = "RstGuard monitor" }.Start();

    /// <summary>Ends a lane that was never started.</summary>
    public void Abandon() => _source.Dispose();

    public async ValueTask DisposeAsync()
    {
        _stop = true;
        await _readerEnded.Task.ConfigureAwait(false);
        _source.Dispose();
    }

    private void ReadAll()
    {
        Exception? failure = null;
        try
        {
            while (!_stop)
            {
                ReadResult result = _source.Read(out CapturedPacket packet, ReadTimeout);
                if (result == ReadResult.Ended)
                {
                    break;
                }

                if (result == ReadResult.Packet)
                {
                    Add(packet);
                }
                else if (_source.IsLive)
                {
                    // All that has come is read, and the capture's clock is the system's.
                    _observer.AdvanceTo((DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100);
                }

                if (Environment.TickCount64 - _statisticsAt >= StatisticsMilliseconds)
                {
                    ReadStatistics();
                }
            }

            _observer.AdvanceTo(long.MaxValue);
            ReadStatistics();
        }
        catch (Exception exception)
        {
            // A thread must not end the process. The monitor tells it.
            failure = exception;
        }

        if (!_stop)
        {
            _ended(this, failure);
        }

        _readerEnded.TrySetResult();
    }

    private void Add(in CapturedPacket packet)
    {
        if (!TcpSegment.TryParse(packet, out TcpSegment segment))
        {
            return;
        }

        bool observe = segment.IsReset && _rate.TryPass();
        if (_observer.Add(segment, observe) is null && segment.IsReset)
        {
            _unexamined();
        }

        Interlocked.Exchange(ref _connections, _observer.Table.Count);
        Interlocked.Exchange(ref _evicted, _observer.Table.Evictions);
    }

    private void Judge(ResetObservation observation)
    {
        ReadStatistics();

        // What was lost may have been of this connection.
        observation.IsWhole &= Environment.TickCount64 - _lossAt > 2 * StatisticsMilliseconds;
        ResetVerdict verdict = ResetClassifier.Classify(observation, CounterProof.None);
        _found(verdict.Confidence > Confidence.Likely ? verdict with { Confidence = Confidence.Likely } : verdict);
    }

    private void ReadStatistics()
    {
        CaptureStatistics statistics = _source.GetStatistics();
        _statisticsAt = Environment.TickCount64;
        if (statistics.Dropped > Dropped)
        {
            _lossAt = _statisticsAt;
        }

        Interlocked.Exchange(ref _received, statistics.Received);
        Interlocked.Exchange(ref _dropped, statistics.Dropped);
    }
}
