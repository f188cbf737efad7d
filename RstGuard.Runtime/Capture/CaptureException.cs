namespace RstGuard.Capture;

/// <summary>A capture could not be opened, or broke. The message says what is missing and how to get it.</summary>
public class CaptureException : Exception
{
    /// <summary>Says what happened.</summary>
    public CaptureException(string message)
        : base(message)
    {
    }

    /// <summary>Says what happened and what it came from.</summary>
    public CaptureException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>This machine, or this user, lacks what a capture needs.</summary>
public sealed class CaptureUnavailableException : CaptureException
{
    /// <summary>Names the missing capability and the way to get it.</summary>
    /// <param name="message">What is missing.</param>
    /// <param name="remedy">The least-privilege way to get it, as a command where there is one.</param>
    public CaptureUnavailableException(string message, string remedy)
        : base(message + " " + remedy) => Remedy = remedy;

    /// <summary>Names the missing capability, the way to get it, and the failure that showed it.</summary>
    public CaptureUnavailableException(string message, string remedy, Exception innerException)
        : base(message + " " + remedy, innerException) => Remedy = remedy;

    /// <summary>The least-privilege way to get what is missing.</summary>
    public string Remedy { get; }
}
