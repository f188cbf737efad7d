using RstGuard.CallSites;

namespace RstGuard.Reports;

/// <summary>A few lines of a source file around the one that is meant.</summary>
/// <param name="FirstLine">The number of the first of <paramref name="Lines"/>, counted from 1.</param>
/// <param name="Lines">The lines, made printable, their common indentation taken off.</param>
internal sealed record SourceExcerpt(int FirstLine, IReadOnlyList<string> Lines)
{
    private const int Around = 2;
    private const int MaxWidth = 200;
    private const long MaxFileLength = 4 << 20;

    /// <summary>Reads the file that the symbols name; null where it isn't there, as on another machine, or is no source of ordinary size.</summary>
    public static SourceExcerpt? Read(SourceLine at)
    {
        int first = Math.Max(1, at.Line - Around);
        string[] lines;
        try
        {
            FileInfo file = new(at.File);
            if (!file.Exists || file.Length > MaxFileLength)
            {
                return null;
            }

            lines = [.. File.ReadLines(at.File).Skip(first - 1).Take(at.Line - first + 1 + Around)];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            // The line's number stands without its text.
            return null;
        }

        if (lines.Length <= at.Line - first)
        {
            return null;
        }

        lines = [.. lines.Select(line => PrintableText.Of(line.Length > MaxWidth ? line[..MaxWidth] + "..." : line).TrimEnd())];
        int indent = lines.Where(line => line.Length > 0).Select(line => line.Length - line.TrimStart().Length).DefaultIfEmpty(0).Min();
        return new SourceExcerpt(first, [.. lines.Select(line => line.Length > 0 ? line[indent..] : line)]);
    }
}
