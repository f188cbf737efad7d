using System.Globalization;

namespace RstGuard.CallSites;

/// <summary>How well the place of a close is known.</summary>
public enum CloseSiteKind
{
    /// <summary>The line that calls the close.</summary>
    Exact,

    /// <summary>A <c>using</c>: the line that declares the resource; the close itself happens where its scope ends.</summary>
    EndOfUsing,

    /// <summary>One of several lines of one method; which one can't be told.</summary>
    Candidates,

    /// <summary>The method alone: there are no symbols for it, or no closing call was found in it.</summary>
    Method,

    /// <summary>
    /// No code of the program is on the stack: a framework closed the socket, or an optimised method as its last call, of which the JIT leaves no
    /// frame (a tail call).
    /// </summary>
    Framework,

    /// <summary>Nobody closed the socket; the finalizer thread did.</summary>
    Finalizer,
}

/// <summary>A line of source.</summary>
/// <param name="File">The file, as the symbols name it.</param>
/// <param name="Line">The line, counted from 1.</param>
public sealed record SourceLine(string File, int Line)
{
    /// <summary>The form that editors and terminals make a link of: <c>Server.cs:42</c> with the file's full path.</summary>
    public override string ToString() => $"{File}:{Line.ToString(CultureInfo.InvariantCulture)}";
}

/// <summary>Where a socket was closed: the innermost frame that is the program's own.</summary>
public sealed record CloseSite
{
    /// <summary>How well it is known.</summary>
    public required CloseSiteKind Kind { get; init; }

    /// <summary>The method as the programmer wrote it (<c>EchoServer.ServeAsync</c>); for a framework's close, the framework's method.</summary>
    public required string Method { get; init; }

    /// <summary>The line; null for <see cref="CloseSiteKind.Candidates"/>, and where no symbols tell one.</summary>
    public SourceLine? Line { get; init; }

    /// <summary>For <see cref="CloseSiteKind.EndOfUsing"/>, the line on which the scope ends, where the symbols tell it.</summary>
    public int? ScopeEndLine { get; init; }

    /// <summary>For <see cref="CloseSiteKind.Candidates"/>, all lines that may have closed it.</summary>
    public IReadOnlyList<SourceLine> Candidates { get; init; } = [];

    /// <summary>Where <see cref="Method"/> has no symbols: the nearest caller that has them.</summary>
    public SourceLine? CalledFrom { get; init; }

    /// <summary>The site in one line of text.</summary>
    public override string ToString() => Kind switch
    {
        CloseSiteKind.Exact => $"{Line} in {Method}",
        CloseSiteKind.EndOfUsing => ScopeEndLine is { } end
            ? $"{Line} in {Method} (using: closed where its scope ends, line {end.ToString(CultureInfo.InvariantCulture)})"
            : $"{Line} in {Method} (using: closed where its scope ends)",
        CloseSiteKind.Candidates => $"one of {string.Join(", ", Candidates)} in {Method}",
        CloseSiteKind.Method when CalledFrom is not null => $"{Method} (no line known), called from {CalledFrom}",
        CloseSiteKind.Method => $"{Method} (no line known)",
        CloseSiteKind.Framework => $"by the framework, in {Method}; no code of the program is on the stack (the last call of an optimised method leaves none)",
        _ => "by the finalizer: nothing in the program closed the socket",
    };
}
