using System.Globalization;
using RstGuard.CallSites;

namespace RstGuard.Reports;

/// <summary>Where a socket was closed, short enough for a headline: files without their folders.</summary>
internal static class SiteText
{
    public static string Short(CloseSite site) => site.Kind switch
    {
        CloseSiteKind.Exact or CloseSiteKind.EndOfUsing when site.Line is { } line => Name(line),
        CloseSiteKind.Candidates => "one of " + string.Join(", ", site.Candidates.Select(Name)),
        CloseSiteKind.Method when site.CalledFrom is { } caller => $"{site.Method}, called from {Name(caller)}",
        CloseSiteKind.Framework => $"the framework, in {site.Method}",
        CloseSiteKind.Finalizer => "the finalizer",
        _ => site.Method,
    };

    /// <summary>What to add to <see cref="Short"/>; empty where it says all.</summary>
    public static string Rest(CloseSite site) => site.Kind switch
    {
        CloseSiteKind.Exact => "in " + site.Method,
        CloseSiteKind.EndOfUsing when site.ScopeEndLine is { } end => string.Create(CultureInfo.InvariantCulture, $"in {site.Method}; a using, closed where its scope ends, in line {end}"),
        CloseSiteKind.EndOfUsing => $"in {site.Method}; a using, closed where its scope ends",
        CloseSiteKind.Candidates => "in " + site.Method,
        CloseSiteKind.Method when site.CalledFrom is null => "no line is known",
        CloseSiteKind.Framework => "no code of the program is on the stack (the last call of an optimised method leaves none)",
        CloseSiteKind.Finalizer => "nothing in the program closed the socket",
        _ => "",
    };

    // Symbols from another system may have the other separator.
    private static string Name(SourceLine line) =>
        string.Create(CultureInfo.InvariantCulture, $"{line.File[(line.File.LastIndexOfAny(['/', '\\']) + 1)..]}:{line.Line}");
}
