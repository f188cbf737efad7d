using System.Globalization;
using System.Net;
using RstGuard.CallSites;
using RstGuard.Diagnosis;

namespace RstGuard;

/// <summary>
/// Which resets are meant, for <see cref="ResetGuard.Expect"/> and <see cref="ResetGuardOptions.Allowed"/>. What is left null matches every
/// reset; what is set has to match. A <see cref="ResetCause"/> is such a pattern by itself.
/// </summary>
public sealed record ResetPattern
{
    /// <summary>The cause; null for each.</summary>
    public ResetCause? Cause { get; init; }

    /// <summary>One of the two ends. Port 0 stands for each port, <see cref="IPAddress.Any"/> and <see cref="IPAddress.IPv6Any"/> for each address.</summary>
    public IPEndPoint? Endpoint { get; init; }

    /// <summary>
    /// Where the socket was closed: a file (<c>Server.cs</c>, or more of its path), a line of it (<c>Server.cs:42</c>), or a method as the guard
    /// prints it (<c>EchoServer.ServeAsync</c>, or the end of it after a dot). A close of which several lines may be the one matches where all of
    /// them do.
    /// </summary>
    public string? CallSite { get; init; }

    /// <summary>The pattern of all resets of one cause.</summary>
    public static implicit operator ResetPattern(ResetCause cause) => new() { Cause = cause };

    /// <summary>The pattern of all resets of one cause.</summary>
    public static ResetPattern FromResetCause(ResetCause cause) => cause;

    /// <summary>The pattern in words.</summary>
    public override string ToString()
    {
        string text = Cause?.ToString() ?? "any cause";
        text += Endpoint is null ? "" : $" at {Endpoint}";
        return text + (CallSite is null ? "" : $", closed at {CallSite}");
    }

    /// <summary>Whether a reset matches, were it of that cause.</summary>
    internal bool Matches(GuardedReset reset, ResetCause cause) =>
        (Cause is null || Cause == cause)
        && (Endpoint is null || IsAt(Endpoint, reset.Verdict.Sender) || IsAt(Endpoint, reset.Verdict.Receiver))
        && (CallSite is null || (reset.Site is { } site && IsAt(CallSite, site)));

    private static bool IsAt(IPEndPoint pattern, IPEndPoint end)
    {
        IPEndPoint wanted = SocketState.Normalize(pattern);
        return (wanted.Port == 0 || wanted.Port == end.Port)
            && (wanted.Address.Equals(IPAddress.Any) || wanted.Address.Equals(IPAddress.IPv6Any) || wanted.Address.Equals(end.Address));
    }

    private static bool IsAt(string pattern, CloseSite site)
    {
        if (EndsWith(site.Method, pattern, '.'))
        {
            return true;
        }

        SourceLine[] lines = site.Line is { } line ? [line] : [.. site.Candidates];
        return lines.Length > 0 && lines.All(one => IsAt(pattern, one));
    }

    private static bool IsAt(string pattern, SourceLine line)
    {
        int colon = pattern.LastIndexOf(':');
        string file = pattern;
        if (colon > 1 && int.TryParse(pattern.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            if (number != line.Line)
            {
                return false;
            }

            file = pattern[..colon];
        }

        // A file's name tells it wherever it was built; folders are parted by either slash.
        return EndsWith(line.File.Replace('\\', '/'), file.Replace('\\', '/'), '/');
    }

    private static bool EndsWith(string text, string end, char border) =>
        text.EndsWith(end, StringComparison.Ordinal) && (text.Length == end.Length || text[text.Length - end.Length - 1] == border);
}
