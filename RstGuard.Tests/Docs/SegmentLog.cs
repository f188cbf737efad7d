using RstGuard.Capture;
using RstGuard.Tcp;

namespace RstGuard.Tests.Docs;

/// <summary>One segment of a captured run, as an excerpt needs it.</summary>
internal sealed record Segment(
    TcpEndpoint Source,
    TcpEndpoint Destination,
    TcpFlags Flags,
    uint SequenceNumber,
    uint AcknowledgmentNumber,
    ushort Window,
    int PayloadLength,
    long TimestampNanoseconds);

/// <summary>Passes a capture on and notes each TCP segment in the order of capture.</summary>
internal sealed class SegmentLog(IPacketSource source) : IPacketSource
{
    private readonly List<Segment> _segments = [];

    /// <summary>What was captured; to be read once the reader has stopped.</summary>
    public IReadOnlyList<Segment> Segments => _segments;

    public string Description => source.Description;

    public bool IsLive => source.IsLive;

    public ReadResult Read(out CapturedPacket packet, TimeSpan timeout)
    {
        ReadResult result = source.Read(out packet, timeout);
        if (result == ReadResult.Packet && TcpSegment.TryParse(packet, out TcpSegment segment))
        {
            _segments.Add(new Segment(
                segment.Source,
                segment.Destination,
                segment.Flags,
                segment.SequenceNumber,
                segment.AcknowledgmentNumber,
                segment.Window,
                segment.PayloadLength,
                segment.TimestampNanoseconds));
        }

        return result;
    }

    public CaptureStatistics GetStatistics() => source.GetStatistics();

    public void Dispose() => source.Dispose();
}
