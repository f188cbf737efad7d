using System.Collections.Immutable;

namespace RstGuard.Capture;

/// <summary>One packet in memory.</summary>
/// <param name="Data">Its bytes from the link or IP header on.</param>
/// <param name="TimestampNanoseconds">When it was captured: nanoseconds since 1970-01-01 UTC.</param>
/// <param name="LinkType">What <paramref name="Data"/> begins with.</param>
/// <param name="WireLength">Its length on the wire in bytes; 0 where that is the length of <paramref name="Data"/>.</param>
public sealed record RecordedPacket(ReadOnlyMemory<byte> Data, long TimestampNanoseconds, LinkType LinkType = LinkType.Raw, int WireLength = 0);

/// <summary>A packet source that replays packets from memory.</summary>
/// <param name="packets">The packets, in the order of their capture.</param>
/// <param name="dropped">How many packets the recording is known to have lost.</param>
/// <param name="detail">How much of the traffic was recorded.</param>
public sealed class RecordedPackets(IEnumerable<RecordedPacket> packets, long dropped = 0, CaptureDetail detail = CaptureDetail.Packets) : IPacketSource
{
    private readonly ImmutableArray<RecordedPacket> _packets = [.. packets];
    private int _next;

    /// <inheritdoc/>
    public string Description => $"{_packets.Length} recorded packets";

    /// <inheritdoc/>
    public bool IsLive => false;

    /// <inheritdoc/>
    public CaptureDetail Detail => detail;

    /// <summary>Copies all packets that a source delivers until it has ended, or until none came for <paramref name="quiet"/>.</summary>
    public static IReadOnlyList<RecordedPacket> CopyFrom(IPacketSource source, TimeSpan quiet)
    {
        List<RecordedPacket> copied = [];
        while (source.Read(out CapturedPacket packet, quiet) == ReadResult.Packet)
        {
            copied.Add(new RecordedPacket(packet.Data.ToArray(), packet.TimestampNanoseconds, packet.LinkType, packet.WireLength));
        }

        return copied;
    }

    /// <inheritdoc/>
    public ReadResult Read(out CapturedPacket packet, TimeSpan timeout)
    {
        if (_next >= _packets.Length)
        {
            packet = default;
            return ReadResult.Ended;
        }

        RecordedPacket next = _packets[_next++];
        packet = new CapturedPacket(next.Data.Span, Math.Max(next.WireLength, next.Data.Length), next.TimestampNanoseconds, next.LinkType, 0, _next);
        return ReadResult.Packet;
    }

    /// <inheritdoc/>
    public CaptureStatistics GetStatistics() => new(_packets.Length + dropped, dropped);

    /// <inheritdoc/>
    public void Dispose() => _next = _packets.Length;
}
