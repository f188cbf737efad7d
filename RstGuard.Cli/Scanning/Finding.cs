using Microsoft.CodeAnalysis;

namespace RstGuard.Cli.Scanning;

/// <summary>One diagnostic of a scan. Lines and columns begin with 1; the end column is the first one after the span.</summary>
/// <param name="Id">The rule, or <c>AD0001</c> for an analyzer that failed.</param>
/// <param name="Severity">The effective severity.</param>
/// <param name="Message">The rule's message.</param>
/// <param name="Path">Relative to the scanned folder, with <c>/</c>.</param>
internal sealed record Finding(string Id, DiagnosticSeverity Severity, string Message, string Path, int Line, int Column, int EndLine, int EndColumn)
    : IComparable<Finding>
{
    /// <summary>The id that Roslyn gives an analyzer's own exception.</summary>
    public const string AnalyzerFailure = "AD0001";

    /// <summary>By place, then by rule.</summary>
    public int CompareTo(Finding? other)
    {
        if (other is null)
        {
            return 1;
        }

        int order = string.CompareOrdinal(Path, other.Path);
        order = order != 0 ? order : Line.CompareTo(other.Line);
        order = order != 0 ? order : Column.CompareTo(other.Column);
        order = order != 0 ? order : string.CompareOrdinal(Id, other.Id);
        order = order != 0 ? order : EndLine.CompareTo(other.EndLine);
        order = order != 0 ? order : EndColumn.CompareTo(other.EndColumn);
        return order != 0 ? order : string.CompareOrdinal(Message, other.Message);
    }
}

/// <summary>What a scan of a folder gave.</summary>
internal sealed record ScanResult
{
    /// <summary>Sorted by place.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>
    /// What the code fix of each finding does, where that was asked for; null: none is offered. Without the question null as a whole.
    /// </summary>
    public IReadOnlyDictionary<Finding, FixVerification?>? Fixes { get; init; }

    /// <summary>What was passed over or could not be read, each with the reason.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    public required int Projects { get; init; }

    public required int Files { get; init; }

    public required long Lines { get; init; }

    /// <summary>Analyzers that threw; their findings are missing.</summary>
    public int AnalyzerFailures => Findings.Count(f => f.Id == Finding.AnalyzerFailure);
}
