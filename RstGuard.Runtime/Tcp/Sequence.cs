namespace RstGuard.Tcp;

/// <summary>Comparison of sequence numbers modulo 2^32 (RFC 9293 §3.4).</summary>
internal static class Sequence
{
    public static bool IsAfter(uint left, uint right) => unchecked((int)(left - right)) > 0;

    public static bool IsAtOrAfter(uint left, uint right) => unchecked((int)(left - right)) >= 0;

    /// <summary>How far <paramref name="to"/> lies behind <paramref name="from"/>; negative where it lies before.</summary>
    public static int Distance(uint from, uint to) => unchecked((int)(to - from));
}
