using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Tests.Verification;

/// <summary>A diagnostic in a form that compares across compilations, line endings and directories.</summary>
internal sealed record Finding(string Id, string File, LinePosition Start, LinePosition End, DiagnosticSeverity Severity, string Message, string AdditionalLocations)
    : IComparable<Finding>
{
    public static Finding Of(Diagnostic diagnostic)
    {
        FileLinePositionSpan span = diagnostic.Location.GetLineSpan();
        return new(
            diagnostic.Id,
            Path.GetFileName(span.Path ?? ""),
            span.StartLinePosition,
            span.EndLinePosition,
            diagnostic.Severity,
            diagnostic.GetMessage(System.Globalization.CultureInfo.InvariantCulture).ReplaceLineEndings("\n"),
            string.Join(", ", diagnostic.AdditionalLocations.Select(Place)));
    }

    public static string Place(Location location)
    {
        FileLinePositionSpan span = location.GetLineSpan();
        return $"{Path.GetFileName(span.Path ?? "")}({span.StartLinePosition.Line + 1},{span.StartLinePosition.Character + 1})-({span.EndLinePosition.Line + 1},{span.EndLinePosition.Character + 1})";
    }

    public int CompareTo(Finding? other) =>
        other is null ? 1 : (File, Start, End, Id, Message, AdditionalLocations).CompareTo((other.File, other.Start, other.End, other.Id, other.Message, other.AdditionalLocations));

    public override string ToString() =>
        $"{File}({Start.Line + 1},{Start.Character + 1})-({End.Line + 1},{End.Character + 1}): {Severity} {Id}: {Message}{(AdditionalLocations.Length > 0 ? $" [{AdditionalLocations}]" : "")}";
}
