namespace RstGuard.Capture;

/// <summary>A capture file is damaged, cut off, or of no known format. What was read before <see cref="Offset"/> stands.</summary>
public sealed class CaptureFileException : CaptureException
{
    /// <summary>Says what is wrong and where.</summary>
    /// <param name="problem">What is wrong, without its place.</param>
    /// <param name="offset">Where it begins, in bytes from the beginning of the file.</param>
    public CaptureFileException(string problem, long offset)
        : base($"At byte {offset}: {problem}") => Offset = offset;

    /// <summary>Says what is wrong and where, and what it came from.</summary>
    public CaptureFileException(string problem, long offset, Exception innerException)
        : base($"At byte {offset}: {problem}", innerException) => Offset = offset;

    /// <summary>Where the damage begins, in bytes from the beginning of the file: the block or packet that can't be read.</summary>
    public long Offset { get; }
}
