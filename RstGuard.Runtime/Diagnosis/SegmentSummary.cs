using System.Net;
using RstGuard.Tcp;

namespace RstGuard.Diagnosis;

/// <summary>One segment as the flight recorder keeps it.</summary>
/// <param name="Frame">The captured frame.</param>
/// <param name="Time">When it was captured.</param>
/// <param name="Source">The end that sent it.</param>
/// <param name="Destination">The end it was sent to.</param>
/// <param name="Flags">The flags.</param>
/// <param name="SequenceNumber">The raw sequence number.</param>
/// <param name="AcknowledgmentNumber">The raw acknowledgment number, 0 where ACK is not set.</param>
/// <param name="Window">The window field as sent, unscaled.</param>
/// <param name="PayloadLength">Payload in bytes.</param>
public sealed record SegmentSummary(
    long Frame,
    DateTimeOffset Time,
    IPEndPoint Source,
    IPEndPoint Destination,
    TcpFlags Flags,
    uint SequenceNumber,
    uint AcknowledgmentNumber,
    ushort Window,
    int PayloadLength);
