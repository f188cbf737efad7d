using System.Net;
using FsCheck;
using FsCheck.Fluent;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Tcp;

namespace RstGuard.Tests.Diagnosis;

/// <summary>Segments of one connection whose first reset has a known cause.</summary>
internal sealed record Conversation(ResetCause Cause, IReadOnlyList<WireSegment> Segments)
{
    public string Name { get; init; } = "";

    public IPEndPoint Client => Segments[0].Source;

    public IPEndPoint Server => Segments[0].Destination;

    /// <summary>What was captured of one.</summary>
    public static Conversation From(ResetCause cause, IEnumerable<RecordedPacket> packets)
    {
        List<WireSegment> segments = [];
        foreach (WireSegment segment in packets.Select(WireSegment.TryParse).OfType<WireSegment>())
        {
            // One time for each, so that a reset is known again by it.
            segments.Add(segment with { Time = Math.Max(segment.Time / 100 * 100, segments.Count == 0 ? 0 : segments[^1].Time + 1000) });
        }

        return new Conversation(cause, segments);
    }

    public override string ToString() =>
        $"{Name} {Cause}" + Environment.NewLine + string.Join(Environment.NewLine, Segments.Select(segment =>
            $"  {segment.Time / 1000} us {segment.Source} > {segment.Destination} {segment.Flags} seq {segment.SequenceNumber} ack {segment.AcknowledgmentNumber} win {segment.Window} len {segment.PayloadLength}"));
}

/// <summary>Makes conversations as Linux has them, up to the reset of each cause (docs/causes/shapes.md).</summary>
internal static class Conversations
{
    private static readonly string[] Endings =
    [
        "refused", "linger", "linger after answer", "linger after FIN", "unread", "window reopened", "window read", "data in TIME-WAIT", "data in FIN-WAIT-1",
        "data twice", "half-open", "FIN to closed", "negative linger2", "late SYN-ACK", "overflow", "second SYN", "keep-alive", "listener",
    ];

    public static Gen<Conversation> Generator { get; } =
        from ending in Gen.Elements(Endings)
        from resetting in Gen.Choose(0, 1)
        from clientStart in Gen.Choose(0, int.MaxValue)
        from serverStart in Gen.Choose(0, int.MaxValue)
        from version6 in Gen.Elements(false, true)
        from exchanges in (from end in Gen.Choose(0, 1) from length in Gen.Choose(1, 1400) select (end, length)).ListOf(4)
        from amount in Gen.Choose(1, 1400)
        from typeOfService in Gen.Elements<byte>(0, 0x10)
        select new Script(version6, 2u * (uint)clientStart, 2u * (uint)serverStart, typeOfService).Play(ending, resetting, exchanges, amount);

    private sealed class Script(bool version6, uint clientStart, uint serverStart, byte typeOfService)
    {
        private readonly IPEndPoint[] _ends = version6
            ? [IPEndPoint.Parse("[fd00::2]:40001"), IPEndPoint.Parse("[fd00::1]:80")]
            : [IPEndPoint.Parse("127.9.9.9:40001"), IPEndPoint.Parse("127.9.9.9:80")];

        private readonly uint[] _next = [clientStart, serverStart];
        private readonly uint[] _acknowledged = new uint[2];
        private readonly ushort[] _window = [512, 512];
        private readonly List<WireSegment> _segments = [];
        private long _time = 1_700_000_000_000_000_000;

        // Window scale 7, as Linux offers it.
        private static byte[] SynOptions => [2, 4, 5, 0xb4, 1, 3, 3, 7];

        public Conversation Play(string ending, int resetting, IEnumerable<(int End, int Length)> exchanges, int amount)
        {
            int peer = 1 - resetting;
            void Talk(Func<int, bool> speaks)
            {
                foreach ((int end, int length) in exchanges.Where(exchange => speaks(exchange.End)))
                {
                    Data(end, length);
                    Acknowledge(1 - end);
                }
            }

            switch (ending)
            {
                case "refused":
                    Syn();
                    Send(1, TcpFlags.Reset | TcpFlags.Ack, 0, _next[0], window: 0);
                    return End(ResetCause.ClosedPort);
                case "late SYN-ACK":
                    Syn();
                    _time += 1_000_000_000;
                    SynAck();
                    Passive(0, _next[0]);
                    return End(ResetCause.LateSynAck);
                case "overflow":
                    Handshake();
                    Passive(1, _next[1]);
                    return End(ResetCause.AcceptQueueOverflow);
                case "second SYN":
                    Syn();
                    SynAck();
                    Send(0, TcpFlags.Syn, _next[0] + 1000, 0, options: SynOptions);
                    Send(1, TcpFlags.Reset | TcpFlags.Ack, 0, _next[0] + 1001, window: 0);
                    return End(ResetCause.BadSynInSynRecv);
                case "listener":
                    Handshake();
                    Active(1);
                    return End(ResetCause.ListenerClosed);
            }

            if (ending.StartsWith("window", StringComparison.Ordinal))
            {
                // A small buffer shows from the beginning: a window never shrinks.
                _window[resetting] = 64;
            }

            Handshake();
            switch (ending)
            {
                case "linger":
                    Talk(end => end == resetting);
                    Active(resetting);
                    return End(ResetCause.LingerZero);
                case "linger after answer":
                    Talk(_ => true);
                    Data(peer, amount);
                    Data(resetting, 10);
                    Acknowledge(peer);
                    Active(resetting);
                    return End(ResetCause.LingerZero);
                case "linger after FIN":
                    Talk(_ => true);
                    Fin(resetting);
                    Acknowledge(peer);
                    Active(resetting);
                    return End(ResetCause.LingerZero);
                case "unread":
                    Talk(_ => true);
                    Data(peer, amount);
                    if (amount % 2 == 0)
                    {
                        Acknowledge(resetting);
                    }

                    Active(resetting);
                    return End(ResetCause.CloseWithUnread);
                case "window reopened":
                    FillWindow(resetting);
                    _window[resetting] = 64;
                    Active(resetting);
                    return End(ResetCause.CloseWithUnread);
                case "window read":
                    FillWindow(resetting);
                    _window[resetting] = 64;
                    Acknowledge(resetting);
                    Active(resetting);
                    return End(ResetCause.LingerZero);
                case "data in TIME-WAIT":
                    Talk(_ => true);
                    Fin(resetting);
                    Acknowledge(peer);
                    Data(peer, amount);
                    Passive(resetting, _next[resetting]);
                    return End(ResetCause.DataAfterClose);
                case "data in FIN-WAIT-1":
                    Talk(_ => true);
                    uint beforeFin = _next[resetting];
                    Fin(resetting);
                    Send(peer, TcpFlags.Ack, _next[peer], beforeFin, payload: amount);
                    _next[peer] += (uint)amount;
                    Passive(resetting, beforeFin);
                    return End(ResetCause.DataAfterClose);
                case "data twice":
                    Talk(_ => true);
                    Fin(resetting);
                    Acknowledge(peer);
                    Data(peer, amount);
                    Data(peer, amount);
                    Passive(resetting, _next[resetting]);
                    Passive(resetting, _next[resetting]);
                    return End(ResetCause.DataAfterClose);
                case "half-open":
                    Talk(_ => true);
                    Data(resetting, 5);
                    Data(peer, amount);
                    Passive(resetting, _next[resetting]);
                    return End(ResetCause.HalfOpen);
                case "FIN to closed":
                    Talk(_ => true);
                    Data(resetting, 5);
                    Fin(peer);
                    Passive(resetting, _next[resetting]);
                    return End(ResetCause.FinToClosed);
                case "negative linger2":
                    Talk(_ => true);
                    Fin(resetting);
                    Acknowledge(peer);
                    Passive(resetting, _next[resetting]);
                    return End(ResetCause.Linger2Negative);
                case "keep-alive":
                    Talk(_ => true);
                    for (int probe = 0; probe < 3; probe++)
                    {
                        _time += 1_000_000_000;
                        Send(resetting, TcpFlags.Ack, _next[resetting] - 1, _acknowledged[resetting]);
                    }

                    _time += 1_000_000_000;
                    Active(resetting);
                    return End(ResetCause.KeepaliveTimeout);
                default:
                    throw new ArgumentOutOfRangeException(nameof(ending), ending, null);
            }
        }

        private void Syn()
        {
            Send(0, TcpFlags.Syn, _next[0], 0, options: SynOptions);
            _next[0]++;
        }

        private void SynAck()
        {
            Send(1, TcpFlags.Syn | TcpFlags.Ack, _next[1], _next[0], options: SynOptions);
            _next[1]++;
            _acknowledged[1] = _next[0];
        }

        private void Handshake()
        {
            Syn();
            SynAck();
            Acknowledge(0);
        }

        private void Data(int end, int length)
        {
            _acknowledged[end] = _next[1 - end];
            Send(end, TcpFlags.Ack | TcpFlags.Push, _next[end], _acknowledged[end], payload: length);
            _next[end] += (uint)length;
        }

        private void Acknowledge(int end)
        {
            _acknowledged[end] = _next[1 - end];
            Send(end, TcpFlags.Ack, _next[end], _acknowledged[end]);
        }

        private void Fin(int end)
        {
            _acknowledged[end] = _next[1 - end];
            Send(end, TcpFlags.Fin | TcpFlags.Ack, _next[end], _acknowledged[end]);
            _next[end]++;
        }

        // The right edge stays where it is while the queue fills.
        private void FillWindow(int reader)
        {
            _window[reader] = 64;
            Acknowledge(reader);
            for (ushort left = 48; left > 0; left -= 16)
            {
                Data(1 - reader, 16 << 7);
                _window[reader] = left;
                Acknowledge(reader);
            }

            Data(1 - reader, 16 << 7);
            _window[reader] = 0;
            Acknowledge(reader);
        }

        private void Active(int end) => Send(end, TcpFlags.Reset | TcpFlags.Ack, _next[end], _next[1 - end]);

        private void Passive(int end, uint acknowledged) => Send(end, TcpFlags.Reset, acknowledged, 0, window: 0);

        private void Send(int end, TcpFlags flags, uint sequence, uint acknowledgment, int payload = 0, ushort? window = null, byte[]? options = null)
        {
            _time += 20_000;
            _segments.Add(new WireSegment(_ends[end], _ends[1 - end], flags, sequence, acknowledgment)
            {
                Window = window ?? (flags.HasFlag(TcpFlags.Syn) ? (ushort)Math.Min(65535, _window[end] << 7) : _window[end]),
                Payload = new byte[payload],
                Options = options ?? [],
                TypeOfService = typeOfService,
                Time = _time,
            });
        }

        private Conversation End(ResetCause cause) => new(cause, _segments);
    }
}
