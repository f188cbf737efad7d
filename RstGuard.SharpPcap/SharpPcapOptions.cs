namespace RstGuard.Capture;

/// <summary>How <see cref="SharpPcapSource"/> opens a device. A device that is open already keeps what it was opened with.</summary>
public sealed record SharpPcapOptions
{
    /// <summary>
    /// The buffer in bytes that the kernel or the driver fills while nobody reads; 64 KiB to 1 GiB. Packets that find it full are
    /// counted as dropped. The default is 16 MiB.
    /// </summary>
    public int BufferBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>
    /// The most bytes kept of one packet, 128 to 262 144 (libpcap's own maximum). The default keeps whole packets: segmentation
    /// offload makes frames of 64 KiB and a header on a loopback interface.
    /// </summary>
    public int SnapLength { get; init; } = 256 * 1024;

    /// <summary>Whether to ask for packets that are addressed to other machines too. Not by default.</summary>
    public bool Promiscuous { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(BufferBytes, 64 * 1024, nameof(BufferBytes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(BufferBytes, 1024 * 1024 * 1024, nameof(BufferBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(SnapLength, 128, nameof(SnapLength));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(SnapLength, 256 * 1024, nameof(SnapLength));
    }
}
