using System.Text.Json;

namespace RstGuard.Cli.Correlating;

/// <summary>A finding, as <c>rstguard scan --format json</c> writes it.</summary>
internal sealed record ScannedFinding(string Id, string Severity, string Message, string Path, int Line, int EndLine);

/// <summary>A line of source that closed a socket.</summary>
internal sealed record ClosingLine(string File, int Line);

/// <summary>A reset with the code that sent it, as a report has it.</summary>
/// <param name="Cause">Null where several fit alike.</param>
/// <param name="Origin">Null where no close was seen.</param>
/// <param name="Lines">One line; several where any of them may have been it; none where no line is known.</param>
/// <param name="ScopeEndLine">The last line of a using's scope.</param>
/// <param name="Place">Where the socket was closed, in words.</param>
/// <param name="Rules">The rules about this origin and cause.</param>
internal sealed record ReportedReset(string? Cause, string? Origin, IReadOnlyList<ClosingLine> Lines, int? ScopeEndLine, string Place, IReadOnlyList<string> Rules);

/// <summary>What a guard's report tells of resets that its process sent.</summary>
internal sealed record GuardReport(bool Complete, IReadOnlyList<ReportedReset> Resets);

/// <summary>Reads what other commands and guards wrote.</summary>
internal static class CorrelationInput
{
    private const long MaxLength = 256 << 20;

    /// <exception cref="IOException">The file can't be read, or is no such array.</exception>
    public static async Task<IReadOnlyList<ScannedFinding>> ReadFindingsAsync(string path, CancellationToken cancellationToken)
    {
        using JsonDocument document = await ReadAsync(path, cancellationToken);
        return Interpret(path, "an array of findings: rstguard scan --loose DIR --format json", () => document.RootElement.EnumerateArray().Select(row => new ScannedFinding(
            Text(row, "id"), Text(row, "severity"), Text(row, "message"), Text(row, "path"), row.GetProperty("line").GetInt32(), row.GetProperty("endLine").GetInt32())).ToArray());
    }

    /// <exception cref="IOException">The file can't be read, or is no report.</exception>
    public static async Task<GuardReport> ReadReportAsync(string path, CancellationToken cancellationToken)
    {
        using JsonDocument document = await ReadAsync(path, cancellationToken);
        return Interpret(path, "a guard's report (ResetReport.WriteJson)", () =>
        {
            JsonElement root = document.RootElement;
            return new GuardReport(
                root.GetProperty("complete").GetBoolean(),
                [.. root.GetProperty("resets").EnumerateArray().Where(IsOwn).Select(ReadReset)]);
        });
    }

    private static bool IsOwn(JsonElement reset) => reset.GetProperty("sentByThisProcess").ValueKind == JsonValueKind.True && !reset.GetProperty("followsEarlierReset").GetBoolean();

    private static ReportedReset ReadReset(JsonElement reset)
    {
        JsonElement site = reset.GetProperty("site");
        bool known = site.ValueKind == JsonValueKind.Object;
        return new ReportedReset(
            reset.GetProperty("cause").GetString(),
            reset.GetProperty("origin").GetString(),
            known ? [.. site.GetProperty("lines").EnumerateArray().Select(line => new ClosingLine(Text(line, "file"), line.GetProperty("line").GetInt32()))] : [],
            known && site.GetProperty("scopeEndLine") is { ValueKind: JsonValueKind.Number } end ? end.GetInt32() : null,
            known ? $"{Text(site, "kind")}: {Text(site, "method")}" : "no close was seen",
            [.. reset.GetProperty("rules").EnumerateArray().Select(rule => rule.GetString() ?? "")]);
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? throw new FormatException($"'{name}' is null");

    private static async Task<JsonDocument> ReadAsync(string path, CancellationToken cancellationToken)
    {
        await using FileStream file = File.OpenRead(path);
        if (file.Length > MaxLength)
        {
            throw new IOException($"{path} has {file.Length} bytes, more than the {MaxLength} that are read.");
        }

        try
        {
            return await JsonDocument.ParseAsync(file, cancellationToken: cancellationToken);
        }
        catch (JsonException exception)
        {
            throw new IOException($"{path} is no JSON: {exception.Message}", exception);
        }
    }

    private static T Interpret<T>(string path, string expected, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new IOException($"{path} is not {expected}.", exception);
        }
    }
}
