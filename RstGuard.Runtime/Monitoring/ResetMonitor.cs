using System.Net;
using System.Net.NetworkInformation;
using System.Threading.Channels;
using RstGuard.CallSites;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Monitoring;

namespace RstGuard;

/// <summary>
/// Watches a service for TCP resets as long as it runs, in staging or in production, and counts them by cause, confidence and direction in the
/// meter <see cref="MeterName"/>. Memory and CPU are bounded: see <see cref="ResetMonitorOptions"/>.
/// <code>
/// await using ResetMonitor monitor = ResetMonitor.Start();
/// await foreach (GuardedReset reset in monitor.Resets.ReadAllAsync(stoppingToken)) { ... }
/// </code>
/// </summary>
/// <remarks>
/// Where packets can be captured (CAP_NET_RAW in this network namespace) it tells what was on the wire; a cause is at most
/// <see cref="Confidence.Likely"/> then unless the closing code is known too. Where they can't, it tells what follows from the state of the sockets that
/// this process closes (<see cref="ResetBasis.Deduced"/>), and nothing else. It never throws for what a machine does not allow: see
/// <see cref="Limitations"/>. One monitor is enough for a process; each counts by itself.
/// </remarks>
public sealed class ResetMonitor : IAsyncDisposable
{
    /// <summary>The name of the meter: <c>RstGuard</c>.</summary>
    public const string MeterName = "RstGuard";

    // inet_csk_listen_stop resets what waits in the close itself; the rest is for a slow machine.
    private static readonly TimeSpan ListenerClose = TimeSpan.FromSeconds(1);

    private readonly ResetMonitorOptions _options;
    private readonly Channel<GuardedReset> _resets;
    private readonly Channel<OwnConnection> _closes = Channel.CreateBounded<OwnConnection>(new BoundedChannelOptions(1024) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly List<CaptureLane> _lanes = [];
    private readonly List<string> _limitations = [];
    private readonly object _gate = new();
    private readonly SocketEventLog.Lease? _lease;
    private readonly SocketEventLog? _log;
    private readonly ResetMetrics _metrics;
    private readonly HashSet<IPAddress> _ownAddresses = [];
    private readonly Task _deducing;
    private int _captures;
    private bool _disposed;

    private ResetMonitor(ResetMonitorOptions options)
    {
        _options = options;
        _resets = Channel.CreateBounded<GuardedReset>(new BoundedChannelOptions(options.QueueLength) { FullMode = BoundedChannelFullMode.DropOldest });
        try
        {
            if (options.CallSites)
            {
                _lease = options.AcquireEvents();
                _log = _lease.Log.Distrust is null ? _lease.Log : null;
                if (_lease.Log.Distrust is { } distrust)
                {
                    _limitations.Add("Which connections are this process's, and which line closed a socket, can't be told, because the runtime's socket events can't be trusted: " + distrust);
                }
            }

            OpenLanes();
            _metrics = new ResetMetrics(options.MeterFactory, Read);
            if (_log is not null)
            {
                _log.Closed += OnClosed;
            }
        }
        catch
        {
            foreach (CaptureLane lane in _lanes)
            {
                lane.Abandon();
            }

            _lease?.Dispose();
            throw;
        }

        _deducing = Task.Run(DeduceAsync);
        _captures = _lanes.Count;
        foreach (CaptureLane lane in _lanes)
        {
            lane.Start();
        }
    }

    /// <summary>
    /// The resets of this process's connections as they are found, about a quarter of a second after each; those of other processes and repeated
    /// ones of one connection are left out. The oldest are dropped where nobody reads. Completed when the monitor is disposed.
    /// </summary>
    public ChannelReader<GuardedReset> Resets => _resets.Reader;

    /// <summary>Whether packets are captured on any interface at the moment.</summary>
    public bool CapturesPackets => Volatile.Read(ref _captures) > 0;

    /// <summary>What this monitor can't see, each with the reason and what to do; empty where it sees all it should.</summary>
    public IReadOnlyList<string> Limitations
    {
        get
        {
            lock (_gate)
            {
                return [.. _limitations];
            }
        }
    }

    /// <summary>Starts to watch.</summary>
    /// <param name="options">What to watch, and limits.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static ResetMonitor Start(ResetMonitorOptions? options = null)
    {
        options ??= new ResetMonitorOptions();
        options.Check();
        return new ResetMonitor(options);
    }

    /// <summary>Ends the watching, its threads and its meter.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        if (_log is not null)
        {
            _log.Closed -= OnClosed;
        }

        foreach (CaptureLane lane in _lanes)
        {
            await lane.DisposeAsync().ConfigureAwait(false);
        }

        _closes.Writer.TryComplete();
        await _deducing.ConfigureAwait(false);
        _resets.Writer.TryComplete();
        _metrics.Dispose();
        _lease?.Dispose();
    }

    private void OpenLanes()
    {
        const int Most = 16;
        NetworkInterface[] up = [.. NetworkInterface.GetAllNetworkInterfaces().Where(i => i.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown && i.GetIPProperties().UnicastAddresses.Count > 0)];
        foreach (NetworkInterface each in up)
        {
            _ownAddresses.UnionWith(each.GetIPProperties().UnicastAddresses.Select(address => address.Address));
        }

        foreach (string name in _options.Interfaces.Count > 0 ? _options.Interfaces : [.. up.Select(each => each.Name).Take(Most)])
        {
            try
            {
                _lanes.Add(new CaptureLane(_options.OpenSource(name, _options.Filter with { Detail = _options.Detail }), _options, OnFound, OnUnexamined, OnEnded));
            }
            catch (CaptureException exception)
            {
                _limitations.Add($"No packet can be captured on '{name}': {exception.Message}");
            }
        }

        if (_options.Interfaces.Count == 0 && up.Length > Most)
        {
            _limitations.Add($"{up.Length} interfaces are up, and only the first {Most} are captured on. Name those that matter in {nameof(ResetMonitorOptions.Interfaces)}.");
        }

        if (_lanes.Count == 0)
        {
            _limitations.Add(Blindness(_log));
        }
    }

    private static string Blindness(SocketEventLog? log) => log is null
        ? "Nothing is seen: without packets a reset can only be deduced from the closes that the runtime's socket events tell."
        : "Without packets only resets are told that follow from the state of a socket which this process closes: none of its peers', and none that answers a late segment.";

    private MonitorReadings Read() => new(
        _lanes.Sum(lane => lane.Received),
        _lanes.Sum(lane => lane.Dropped),
        _lanes.Sum(lane => lane.Evicted),
        _lanes.Sum(lane => lane.Connections),
        Volatile.Read(ref _captures));

    private void OnUnexamined() => _metrics.Count(ResetCause.Unknown, Confidence.Unknown, ResetDirection.Unknown, ResetBasis.Seen);

    private void OnEnded(CaptureLane lane, Exception? failure)
    {
        lock (_gate)
        {
            _limitations.Add($"The capture ended ({lane.Description}): {failure?.Message ?? "its source is through."} Start the monitor again.");
            if (--_captures == 0)
            {
                _limitations.Add(Blindness(_log));
            }
        }
    }

    private void OnFound(ResetVerdict verdict)
    {
        if (verdict.FollowsEarlierReset)
        {
            return;
        }

        if (_log is null)
        {
            GuardedReset seen = ResetJudge.WithoutCallSite(verdict);
            Tell(seen, (IsOwn(verdict.Sender), IsOwn(verdict.Receiver)) switch
            {
                (true, false) => ResetDirection.Sent,
                (false, true) => ResetDirection.Received,
                (false, false) => ResetDirection.Other,
                _ => ResetDirection.Unknown,
            });
            return;
        }

        OwnConnection? sender = _log.Find(verdict.Sender, verdict.Receiver, verdict.Time);
        OwnConnection? receiver = _log.Find(verdict.Receiver, verdict.Sender, verdict.Time);

        // A connection that waited in a listener's queue has no socket of its own: the listener's close reset it.
        if (sender is null && verdict.Candidates.Contains(ResetCause.ListenerClosed)
            && _log.FindListener(verdict.Sender, verdict.Time) is { } listener && verdict.Time - listener.Close!.Time <= ListenerClose)
        {
            sender = listener;
        }

        Tell(ResetJudge.Judge(verdict, sender), sender is not null ? ResetDirection.Sent : receiver is not null ? ResetDirection.Received : ResetDirection.Other);
    }

    private bool IsOwn(IPEndPoint end) => IPAddress.IsLoopback(end.Address) || _ownAddresses.Contains(end.Address);

    // Called under the log's lock.
    private void OnClosed(OwnConnection connection)
    {
        if (Volatile.Read(ref _captures) == 0)
        {
            _closes.Writer.TryWrite(connection);
        }
    }

    private async Task DeduceAsync()
    {
        var rate = new RateLimit(_options.MaxResetsPerSecond);
        await foreach (OwnConnection connection in _closes.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            if (connection.Close is { Origin: CloseOrigin.Plain, AtClose.UnreadBytes: 0 })
            {
                continue;
            }

            if (!rate.TryPass())
            {
                _metrics.Count(ResetCause.Unknown, Confidence.Unknown, ResetDirection.Sent, ResetBasis.Deduced);
            }
            else if (ResetJudge.Deduce(connection) is { } reset)
            {
                Tell(reset, ResetDirection.Sent);
            }
        }
    }

    private void Tell(GuardedReset reset, ResetDirection direction)
    {
        _metrics.Count(reset.Cause ?? ResetCause.Unknown, reset.Confidence, direction, reset.Basis);
        if (direction != ResetDirection.Other)
        {
            _resets.Writer.TryWrite(reset);
        }
    }
}
