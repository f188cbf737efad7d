namespace RstGuard.Capture;

/// <summary>How much of the traffic that a <see cref="CaptureFilter"/> chooses is captured; what is left out never leaves the kernel.</summary>
public enum CaptureDetail
{
    /// <summary>Whole packets.</summary>
    Packets = 0,

    /// <summary>Each segment, cut to <see cref="CaptureFilter.HeadersLength"/> bytes. A verdict loses nothing by it; a report has no payload.</summary>
    Full,

    /// <summary>
    /// Of these only SYN, FIN, RST, zero windows, and segments without payload or with a single byte of it, as probes have. Then the amounts
    /// of data are not known, and a verdict is <c>Likely</c> at the most.
    /// </summary>
    Light,
}
