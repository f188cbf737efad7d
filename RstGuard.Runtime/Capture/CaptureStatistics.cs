namespace RstGuard.Capture;

/// <summary>What a packet source has delivered and what it has lost, since it was opened.</summary>
/// <param name="Received">Packets that passed the filter, lost ones included.</param>
/// <param name="Dropped">Packets that passed the filter and were lost because the reader was too slow.</param>
public readonly record struct CaptureStatistics(long Received, long Dropped);
