namespace RstGuard.Capture;

/// <summary>
/// Where packets come from: a live capture, a file, or memory. One reader at a time; <see cref="IDisposable.Dispose"/>
/// ends a pending read.
/// </summary>
public interface IPacketSource : IDisposable
{
    /// <summary>What this source sees, in words for a report: the interface, the network namespace, the filter.</summary>
    string Description { get; }

    /// <summary>Whether packets are still arriving (live), as opposed to a recording that ends.</summary>
    bool IsLive { get; }

    /// <summary>How much of the traffic it shows. With <see cref="CaptureDetail.Light"/>, segments with data are missing on purpose.</summary>
    CaptureDetail Detail => CaptureDetail.Packets;

    /// <summary>
    /// Reads the next packet. The packet is valid until the next call.
    /// </summary>
    /// <param name="packet">The packet, when the result is <see cref="ReadResult.Packet"/>.</param>
    /// <param name="timeout">How long to wait for one at the most; a recording never waits.</param>
    /// <returns>Whether a packet was read, none came in time, or the source has ended.</returns>
    /// <exception cref="CaptureException">The source failed; what was read before it stands.</exception>
    ReadResult Read(out CapturedPacket packet, TimeSpan timeout);

    /// <summary>What has been received and lost since the source was opened. May be called from another thread than the reader's.</summary>
    CaptureStatistics GetStatistics();
}

/// <summary>How <see cref="IPacketSource.Read"/> ended.</summary>
public enum ReadResult
{
    /// <summary>A packet was read.</summary>
    Packet,

    /// <summary>None came in time.</summary>
    TimedOut,

    /// <summary>The source has ended: a recording is through, or a live capture was disposed.</summary>
    Ended,
}
