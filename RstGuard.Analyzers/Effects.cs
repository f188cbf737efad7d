namespace RstGuard;

/// <summary>What flagged code does.</summary>
public static class Effects
{
    /// <summary>It sends, or provokes, a TCP reset.</summary>
    public const string Reset = "reset";

    /// <summary>The peer gets a clean end after a truncated message.</summary>
    public const string DataLoss = "dataLoss";

    /// <summary>A socket stays open.</summary>
    public const string Leak = "leak";

    /// <summary>A thread waits.</summary>
    public const string Blocks = "blocks";

    /// <summary>The connection ends cleanly for TCP, and without the goodbye of the protocol above it.</summary>
    public const string NoHandshake = "noHandshake";

    /// <summary>The code does nothing, against what it says.</summary>
    public const string NoEffect = "noEffect";
}
