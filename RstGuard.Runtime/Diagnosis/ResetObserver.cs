using System.Runtime.CompilerServices;
using RstGuard.Capture;
using RstGuard.Tcp;

namespace RstGuard.Diagnosis;

/// <summary>
/// Follows the connections that captured segments belong to, and keeps the story of each reset: what came before it, and what came within the
/// settle time after it. Its memory is bounded by the number of connections and of resets that settle at once.
/// </summary>
internal sealed class ResetObserver(int maxConnections, CaptureDetail detail, Action<Connection>? leaving = null)
{
    /// <summary>How long after a reset what is captured still counts for it.</summary>
    public const long SettleNanoseconds = 250_000_000;

    private const long BurstNanoseconds = 10_000_000;
    private const int MaxListeners = 4096;

    // Each answer to a SYN is compared with all of these: hostile packets of one moment must not make them many.
    private const int MaxSettling = 1024;

    private readonly Queue<ResetObservation> _settling = [];
    private readonly Dictionary<TcpEndpoint, long> _lastAnswers = [];

    // By the end that opened it.
    private readonly Dictionary<TcpEndpoint, Connection> _lastOpened = [];

    // Of hosts: their port is 0.
    private readonly Dictionary<TcpEndpoint, byte> _hopLimits = [];

    /// <summary>The connections.</summary>
    public ConnectionTable Table { get; } = new(maxConnections) { Leaving = leaving };

    /// <summary>How many resets were added, observed or not.</summary>
    public long Resets { get; private set; }

    /// <summary>Called with each observed reset when its time to settle is over.</summary>
    public Action<ResetObservation>? Settled { get; init; }

    /// <summary>Adds a segment.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="observe">Whether a reset is observed, not only counted.</param>
    /// <returns>The observation of a reset that is observed; else null.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public ResetObservation? Add(in TcpSegment segment, bool observe)
    {
        Connection connection = Table.Add(segment, out int sender);
        AdvanceTo(segment.TimestampNanoseconds);
        if (segment.IsSyn && segment.IsAck)
        {
            NoteAnswer(segment);
        }
        else if (segment.IsSyn && connection.Client == sender)
        {
            if (_lastOpened.Count >= MaxListeners)
            {
                _lastOpened.Clear();
            }

            _lastOpened[segment.Source] = connection;
        }

        if (!segment.IsReset)
        {
            return null;
        }

        Resets++;
        ResetObservation? observation = observe ? Observe(connection, segment, sender) : null;
        connection.Resets++;
        return observation;
    }

    /// <summary>Ends the settling of resets that are old enough at that time of the capture's clock.</summary>
    public void AdvanceTo(long timestampNanoseconds)
    {
        while (_settling.TryPeek(out ResetObservation? oldest)
            && (_settling.Count > MaxSettling || timestampNanoseconds - oldest.Reset.TimestampNanoseconds > SettleNanoseconds))
        {
            // Not the argument of a call that may be left out: it would stay, and this would never end.
            ResetObservation settled = _settling.Dequeue();
            Settled?.Invoke(settled);
        }
    }

    private ResetObservation Observe(Connection connection, in TcpSegment segment, int sender)
    {
        ResetObservation observation = ResetObservation.From(connection, segment, sender, detail);
        if (observation.Trigger is { } trigger && connection.Client < 0 && _lastOpened.TryGetValue(segment.Source, out Connection? other)
            && other.Ends[other.Client].NextSequenceNumber == trigger.AcknowledgmentNumber)
        {
            observation.TriggerBelongsTo = other.EndpointOf(1 - other.Client).ToIPEndPoint();
        }

        if (observation.Shape == ResetShape.PassiveToSyn)
        {
            observation.ListenerAlive = _lastAnswers.TryGetValue(segment.Source, out long answered) && segment.TimestampNanoseconds - answered <= SettleNanoseconds;
            observation.HostHopLimit = _hopLimits.TryGetValue(segment.Source with { Port = 0 }, out byte hopLimit) ? hopLimit : null;
            foreach (ResetObservation earlier in _settling)
            {
                earlier.ListenerRefusedLater |= earlier.Sender == segment.Source;
            }
        }

        if (observation.IsOfUntouchedServer)
        {
            foreach (ResetObservation earlier in _settling.Where(earlier =>
                earlier.Sender == observation.Sender && earlier.Receiver != observation.Receiver && earlier.IsOfUntouchedServer
                && observation.Reset.TimestampNanoseconds - earlier.Reset.TimestampNanoseconds <= BurstNanoseconds))
            {
                earlier.InBurst = observation.InBurst = true;
            }
        }

        _settling.Enqueue(observation);
        connection.Follow(later => observation.NoteLater(later, SettleNanoseconds));
        return observation;
    }

    private void NoteAnswer(in TcpSegment segment)
    {
        if (_lastAnswers.Count >= MaxListeners)
        {
            _lastAnswers.Clear();
            _hopLimits.Clear();
        }

        _hopLimits[segment.Source with { Port = 0 }] = segment.HopLimit;
        _lastAnswers[segment.Source] = segment.TimestampNanoseconds;
        foreach (ResetObservation earlier in _settling)
        {
            earlier.ListenerAlive |= earlier.Sender == segment.Source;
        }
    }
}
