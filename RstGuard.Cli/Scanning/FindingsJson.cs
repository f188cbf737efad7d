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

    private sealed record Row(string Id, string Severity, string Message, string Path, int Line, int Column, int EndLine, int EndColumn);

    public static async Task WriteAsync(IEnumerable<Finding> findings, TextWriter output)
    {
        Row[] rows = findings
            .Select(f => new Row(f.Id, f.Severity.ToString(), f.Message, f.Path, f.Line, f.Column, f.EndLine, f.EndColumn))
            .ToArray();
        await output.WriteLineAsync(JsonSerializer.Serialize(rows, Options));
    }
}
