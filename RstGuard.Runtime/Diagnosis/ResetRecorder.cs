using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using RstGuard.Capture;
using RstGuard.Tcp;

namespace RstGuard.Diagnosis;

/// <summary>Limits of a <see cref="ResetRecorder"/>.</summary>
public sealed record ResetRecorderOptions
{
    /// <summary>How many connections are kept at once; beyond it those idle longest give way. 1 to 1 048 576; each takes about 1 KiB.</summary>
    public int MaxConnections { get; init; } = 16_384;

    /// <summary>How many resets are kept; more make the recording incomplete. 1 to 1 048 576.</summary>
    public int MaxResets { get; init; } = 4_096;

    /// <summary>How long traffic must have been quiet at <see cref="ResetRecorder.StopAsync"/>, waited for once; 0 to 10 seconds.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Tells that nothing more can come, so that <see cref="Settle"/> need not be waited for to its end; null where nobody can tell. It is asked
    /// again and again meanwhile.
    /// </summary>
    internal Func<bool>? IsSettled { get; init; }

    /// <summary>How long <see cref="ResetRecorder.StopAsync"/> waits for its sentinel; up to 60 seconds.</summary>
    public TimeSpan SentinelTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Is shown each packet before it is judged, on the reader's thread.</summary>
    internal PacketObserver? Observer { get; init; }

    /// <summary>The IPv4 address behind the captured interface that the sentinel is sent to; null: it goes to the sender itself, over loopback.</summary>
    internal IPAddress? SentinelTarget { get; init; }
}

/// <summary>Looks at a packet; a view that ends with the call.</summary>
internal delegate void PacketObserver(in CapturedPacket packet);

/// <summary>Reads a packet source on a thread of its own and judges every reset it shows. Owns the source.</summary>
public sealed class ResetRecorder : IAsyncDisposable
{
    // RFC 863.
    private const int DiscardPort = 9;

    // Between two looks at whether all has settled.
    private const int LongestLook = 16;

    private static readonly TimeSpan LongestDrain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromMilliseconds(100);

    private readonly IPacketSource _source;
    private readonly ResetRecorderOptions _options;
    private readonly ResetObserver _observer;
    private readonly List<ResetObservation> _observations = [];
    private readonly List<ConnectionSummary> _finished = [];
    private readonly byte[] _firstSentinel = Sentinel.CreatePayload();
    private readonly byte[] _sentinel = Sentinel.CreatePayload();
    private readonly TaskCompletionSource _sentinelSeen = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _readerEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Socket? _sentinelSocket;
    private readonly EndPoint? _sentinelTarget;
    private readonly TcpCounterReader? _counters;
    private readonly TcpCounters _countersAtStart;
    private readonly object _stopLock = new();
    private Task<ResetRecording>? _stopping;
    private Exception? _failure;
    private CaptureStatistics _statistics;
    private long _summariesDropped;
    private long _lastPacketTicks = Environment.TickCount64;
    private volatile bool _firstSentinelSeen;
    private volatile bool _stop;

    private ResetRecorder(IPacketSource source, ResetRecorderOptions options)
    {
        _source = source;
        _options = options;
        _observer = new ResetObserver(options.MaxConnections, source.Detail, Summarize);
        if (source.IsLive)
        {
            _sentinelSocket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            _sentinelSocket.Bind(new IPEndPoint(options.SentinelTarget is null ? IPAddress.Loopback : IPAddress.Any, 0));
            _sentinelTarget = options.SentinelTarget is { } target ? new IPEndPoint(target, DiscardPort) : _sentinelSocket.LocalEndPoint!;
        }

        if (source is LinuxPacketSocket { SeesWholeNamespace: true })
        {
            _counters = new TcpCounterReader();
            _countersAtStart = _counters.Read();
        }
    }

    /// <summary>Starts to read. When this returns, packets sent from now on are seen.</summary>
    /// <param name="source">The source; it is disposed with the recorder.</param>
    /// <param name="options">Limits.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static ResetRecorder Start(IPacketSource source, ResetRecorderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        options ??= new ResetRecorderOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxConnections, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxConnections, 1_048_576, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxResets, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxResets, 1_048_576, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Settle, TimeSpan.Zero, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Settle, TimeSpan.FromSeconds(10), nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.SentinelTimeout, TimeSpan.FromSeconds(60), nameof(options));

        ResetRecorder recorder = new(source, options);
        new Thread(recorder.ReadAll) { IsBackground = true, Name = "RstGuard capture" }.Start();

        // Where the capture does not show this one, it began later than it said.
        recorder._sentinelSocket?.SendTo(recorder._firstSentinel, recorder._sentinelTarget!);
        return recorder;
    }

    /// <summary>
    /// Waits until traffic has settled, sends a sentinel datagram through a live capture and waits for it, and judges. A second
    /// call gives the same recording.
    /// </summary>
    /// <param name="cancellationToken">Ends the waiting of this call; the recording is finished all the same.</param>
    /// <exception cref="CaptureException">The source failed.</exception>
    public Task<ResetRecording> StopAsync(CancellationToken cancellationToken = default)
    {
        lock (_stopLock)
        {
            _stopping ??= StopCoreAsync();
        }

        return _stopping.WaitAsync(cancellationToken);
    }

    /// <summary>Ends the capture without a verdict.</summary>
    public async ValueTask DisposeAsync()
    {
        Task? stopping;
        lock (_stopLock)
        {
            stopping = _stopping;
        }

        _stop = true;
        _sentinelSeen.TrySetResult();
        await _readerEnded.Task.ConfigureAwait(false);
        if (stopping is not null)
        {
            // Its failure belongs to whoever called StopAsync.
            await stopping.ContinueWith(static _ => { }, TaskScheduler.Default).ConfigureAwait(false);
        }

        Release();
    }

    private async Task<ResetRecording> StopCoreAsync()
    {
        List<string> gaps = [];
        if (_source.IsLive)
        {
            TimeSpan quiet = TimeSpan.FromMilliseconds(Environment.TickCount64 - Interlocked.Read(ref _lastPacketTicks));
            bool endedEarly = quiet < _options.Settle && await SettleAsync(_options.Settle - quiet).ConfigureAwait(false);

            // The sentinel must not overtake a reset that waits for another processor.
            if (_options.SentinelTarget is null && !await LoopbackBacklog.DrainAsync(LongestDrain).ConfigureAwait(false) && endedEarly)
            {
                await Task.WhenAny(Task.Delay(_options.Settle), _readerEnded.Task).ConfigureAwait(false);
            }

            if (!await SendSentinelAsync().ConfigureAwait(false))
            {
                gaps.Add($"The capture did not show our own datagram within {_options.SentinelTimeout.TotalSeconds:0.#} s, so it may have missed packets. Check that it captures the loopback interface of this network namespace.");
            }
            else if (!_firstSentinelSeen)
            {
                gaps.Add("The capture did not show the datagram that was sent when it began, so it started late and may have missed packets.");
            }

            _stop = true;
        }

        await _readerEnded.Task.ConfigureAwait(false);
        CaptureStatistics statistics = _statistics;
        TcpCounters? counters = _counters is null ? null : _counters.Read() - _countersAtStart;
        Release();
        if (_failure is CaptureException failure)
        {
            throw new CaptureException(failure.Message, failure);
        }

        if (_failure is not null)
        {
            throw new CaptureException($"The captured packets could not be read: {_failure.Message}", _failure);
        }

        if (statistics.Dropped > 0)
        {
            gaps.Add($"{statistics.Dropped} of {statistics.Received} packets were lost because they came faster than they were read. Narrow the filter or enlarge the buffer.");
        }

        if (_observer.Table.Evictions > 0)
        {
            gaps.Add($"{_observer.Table.Evictions} open connections were forgotten because more than {_options.MaxConnections} were open at once. Raise MaxConnections or narrow the filter.");
        }

        if (_observer.Resets > _observations.Count)
        {
            gaps.Add($"{_observer.Resets - _observations.Count} resets were not kept because more than {_options.MaxResets} came. Raise MaxResets.");
        }

        if (_summariesDropped > 0)
        {
            gaps.Add($"{_summariesDropped} finished connections are not listed. Raise MaxConnections.");
        }

        foreach (Connection connection in _observer.Table.Connections)
        {
            Summarize(connection);
        }

        foreach (ResetObservation observation in _observations)
        {
            observation.IsWhole &= gaps.Count == 0;
        }

        CounterProof proof = gaps.Count == 0 ? Reconcile(counters) : CounterProof.None;
        ResetVerdict[] resets = [.. _observations.Select(observation => ResetClassifier.Classify(observation, proof))];
        return new ResetRecording
        {
            Resets = resets,
            ResetsByPacketsAlone = proof == CounterProof.None ? resets : [.. _observations.Select(observation => ResetClassifier.Classify(observation, CounterProof.None))],
            Connections = [.. _finished.OrderBy(summary => summary.FirstSegment)],
            Statistics = statistics,
            Gaps = gaps,
        };
    }

    private CounterProof Reconcile(TcpCounters? delta) => delta is { } moved ? Reconcile(moved, _observations, _finished) : CounterProof.None;

    /// <summary>What counters prove, given all that was captured while they moved.</summary>
    internal static CounterProof Reconcile(TcpCounters moved, IReadOnlyList<ResetObservation> resets, IReadOnlyList<ConnectionSummary> connections)
    {
        if (resets.Count == 0 || moved.ResetsSent != resets.Count)
        {
            return resets.Count > 0 && moved.ResetsSent == 0 ? CounterProof.NotSentByTcp : CounterProof.None;
        }

        int active = resets.Count(reset => reset.Shape == ResetShape.Active);
        if (active == 0 || resets.Any(reset => reset.Shape == ResetShape.Unknown))
        {
            return CounterProof.SentByTcp;
        }

        // These two move for nothing but an active reset of theirs (__tcp_close).
        if (moved.AbortsOnClose == active)
        {
            return CounterProof.AllCloseWithUnread;
        }

        if (moved.AbortsOnLinger == active)
        {
            return CounterProof.AllLinger2Negative;
        }

        if (moved.AbortsOnClose != 0 || moved.AbortsOnLinger != 0 || moved.OtherAborts != 0)
        {
            return CounterProof.SentByTcp;
        }

        // With both FINs sent, a close with linger zero moves TCPAbortOnData without a packet; a passive reset can move it too.
        bool othersMoveAbortOnData = resets.Any(reset => reset.Shape == ResetShape.Passive)
            || connections.Any(connection => !connection.IsWhole || (connection.ClientFin && connection.ServerFin));
        return moved.AbortsOnData == 0 ? CounterProof.NoAbortiveClose
            : moved.AbortsOnData == active && !othersMoveAbortOnData ? CounterProof.AllLingerZero
            : CounterProof.NoUnreadClose;
    }

    /// <summary>Whether it could end before its time was over.</summary>
    private async Task<bool> SettleAsync(TimeSpan most)
    {
        // A server closes a moment after its client: seldom is all of the time needed.
        long deadline = Environment.TickCount64 + (long)most.TotalMilliseconds;
        int milliseconds = 1;
        for (long left = (long)most.TotalMilliseconds; left > 0 && _options.IsSettled?.Invoke() != true && !_readerEnded.Task.IsCompleted; left = deadline - Environment.TickCount64)
        {
            int wait = _options.IsSettled is null ? (int)left : (int)Math.Min(left, milliseconds);
            await Task.WhenAny(Task.Delay(wait), _readerEnded.Task).ConfigureAwait(false);
            milliseconds = Math.Min(2 * milliseconds, LongestLook);
        }

        return Environment.TickCount64 < deadline;
    }

    private async Task<bool> SendSentinelAsync()
    {
        long deadline = Environment.TickCount64 + (long)_options.SentinelTimeout.TotalMilliseconds;
        do
        {
            // Sent again now and then: a full capture buffer drops the sentinel like any other packet.
            await _sentinelSocket!.SendToAsync(_sentinel, SocketFlags.None, _sentinelTarget!).ConfigureAwait(false);
            await Task.WhenAny(_sentinelSeen.Task, _readerEnded.Task, Task.Delay(250)).ConfigureAwait(false);
        }
        while (!_sentinelSeen.Task.IsCompleted && !_readerEnded.Task.IsCompleted && Environment.TickCount64 < deadline);
        return _sentinelSeen.Task.IsCompleted;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadAll()
    {
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
            }
        }
        catch (Exception exception)
        {
            // StopAsync reports it; a thread must not end the process.
            _failure = exception;
        }
        finally
        {
            EndReading();
        }
    }

    private void EndReading()
    {
        try
        {
            _statistics = _source.GetStatistics();
        }
        catch (Exception exception)
        {
            _failure ??= exception;
        }

        _readerEnded.TrySetResult();

        // To close a packet socket the kernel waits until no processor looks at it any more (synchronize_net in packet_release, net/packet/af_packet.c):
        // 10 to 15 ms that nobody but this thread, which has ended otherwise, need wait for.
        if (_source.IsLive)
        {
            _source.Dispose();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Add(in CapturedPacket packet)
    {
        _options.Observer?.Invoke(packet);
        if (!TcpSegment.TryParse(packet, out TcpSegment segment))
        {
            if (!_firstSentinelSeen && Sentinel.IsMatch(packet, _firstSentinel))
            {
                _firstSentinelSeen = true;
            }
            else if (Sentinel.IsMatch(packet, _sentinel))
            {
                // All that was sent before it has been read: what waits in the socket for more need not time out first.
                _stop = true;
                _sentinelSeen.TrySetResult();
            }

            return;
        }

        if (_source.IsLive)
        {
            Interlocked.Exchange(ref _lastPacketTicks, Environment.TickCount64);
        }

        if (_observer.Add(segment, observe: _observations.Count < _options.MaxResets) is { } observation)
        {
            _observations.Add(observation);
        }
    }

    private void Summarize(Connection connection)
    {
        if (_finished.Count >= 2 * _options.MaxConnections)
        {
            _summariesDropped++;
            return;
        }

        int client = connection.Client >= 0 ? connection.Client : connection.Key.First.Port >= connection.Key.Second.Port ? 0 : 1;
        ConnectionEnd from = connection.Ends[client];
        ConnectionEnd to = connection.Ends[1 - client];
        _finished.Add(new ConnectionSummary
        {
            Client = connection.EndpointOf(client).ToIPEndPoint(),
            Server = connection.EndpointOf(1 - client).ToIPEndPoint(),
            FirstSegment = ResetClassifier.ToTime(connection.FirstTimestampNanoseconds),
            BytesFromClient = from.PayloadBytes,
            BytesFromServer = to.PayloadBytes,
            ClientFin = from.FinSeen,
            ServerFin = to.FinSeen,
            Resets = connection.Resets,
            IsWhole = connection.IsWholeFromHandshake,
        });
    }

    // A live source is closed by the thread that read it.
    private void Release()
    {
        if (!_source.IsLive)
        {
            _source.Dispose();
        }

        _sentinelSocket?.Dispose();
        _counters?.Dispose();
    }
}
