using System.Text.Encodings.Web;
using System.Text.Json;

namespace RstGuard.Cli.Scanning;

/// <summary>Findings as JSON: the shape that docs/json.md gives under "Findings".</summary>
internal static class FindingsJson
{
    // Quotation marks and letters of other alphabets stay readable; the output is a file or a pipe, never HTML.
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
        NewLine = "\n",
    };

    private record Row(string Id, string Severity, string Message, string Path, int Line, int Column, int EndLine, int EndColumn);

    private sealed record RowWithFix(string Id, string Severity, string Message, string Path, int Line, int Column, int EndLine, int EndColumn, Fix? Fix)
        : Row(Id, Severity, Message, Path, Line, Column, EndLine, EndColumn);

    private sealed record Fix(string Title, int ErrorsBefore, int ErrorsAfter, IReadOnlyList<string> NewErrors, bool Gone, IReadOnlyList<string> NewFindings, bool Safe);

    /// <param name="findings">What was found.</param>
    /// <param name="fixes">What their fixes do; null: not asked, and the rows say nothing of fixes.</param>
    /// <param name="output">Where the array goes.</param>
    public static async Task WriteAsync(IEnumerable<Finding> findings, IReadOnlyDictionary<Finding, FixVerification?>? fixes, TextWriter output)
    {
        object[] rows = [.. findings.Select(f => fixes is null
            ? new Row(f.Id, f.Severity.ToString(), f.Message, f.Path, f.Line, f.Column, f.EndLine, f.EndColumn)
            : new RowWithFix(f.Id, f.Severity.ToString(), f.Message, f.Path, f.Line, f.Column, f.EndLine, f.EndColumn, Describe(fixes.GetValueOrDefault(f))))];
        await output.WriteLineAsync(JsonSerializer.Serialize(rows, Options));
    }

    private static Fix? Describe(FixVerification? fix) =>
        fix is null ? null : new(fix.Title, fix.ErrorsBefore, fix.ErrorsAfter, fix.NewErrors, fix.Gone, fix.NewFindings, fix.IsSafe);
}
