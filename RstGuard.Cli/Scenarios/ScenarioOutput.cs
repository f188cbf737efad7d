using System.Text.Encodings.Web;
using System.Text.Json;
using RstGuard.Scenarios;
using Spectre.Console;

namespace RstGuard.Cli.Scenarios;

/// <summary>One scenario as <c>rstguard scenarios list</c> shows it; docs/json.md tells its members.</summary>
internal sealed record ScenarioRow(string Name, string? Cause, IReadOnlyList<string> Needs, bool RunsHere)
{
    public static ScenarioRow Of(ResetScenario scenario) =>
        new(scenario.Name, scenario.Cause?.ToString(), [.. scenario.Needs.Select(need => need.Name)], scenario.Missing().Count == 0);
}

/// <summary>One run as <c>rstguard scenarios run</c> shows it; docs/json.md tells its members.</summary>
internal sealed record ScenarioRun(string Name, string? Cause, ScenarioVerdict? Verdict, ScenarioKernel? Kernel, bool? Agrees)
{
    public static ScenarioRun Of(ScenarioResult result) => new(
        result.Scenario.Name,
        result.Scenario.Cause?.ToString(),
        result.Verdict is { } verdict ? new(verdict.Cause?.ToString(), verdict.Confidence.ToString(), [.. verdict.Candidates.Select(cause => cause.ToString())]) : null,
        result.Kernel is { } kernel ? new(kernel.Reason, kernel.Stack) : null,
        result.Agrees);
}

/// <summary>A verdict from packets alone.</summary>
internal sealed record ScenarioVerdict(string? Cause, string Confidence, IReadOnlyList<string> Candidates);

/// <summary>What the kernel said.</summary>
internal sealed record ScenarioKernel(string Reason, IReadOnlyList<string> Stack);

/// <summary>Writes scenarios and their runs.</summary>
internal static class ScenarioOutput
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
        NewLine = "\n",
    };

    public static string Json<T>(IReadOnlyList<T> rows) => JsonSerializer.Serialize(rows, Options);

    public static void WriteText(IReadOnlyList<ScenarioRow> rows, TextWriter output)
    {
        WriteTable(
            output,
            rows,
            ("Scenario", row => row.Name),
            ("Cause", row => row.Cause ?? "no reset"),
            ("Runs here", row => row.RunsHere ? "yes" : "no"),
            ("Needs", row => string.Join(", ", row.Needs)));
        output.WriteLine();
        output.WriteLine($"{rows.Count} scenarios, {rows.Count(row => row.RunsHere)} of them run here.");
    }

    public static void WriteText(IReadOnlyList<ScenarioRun> rows, TextWriter output)
    {
        WriteTable(
            output,
            rows,
            ("Scenario", row => row.Name),
            ("Cause", row => row.Cause ?? "no reset"),
            ("Verdict", row => row.Verdict is { } verdict ? verdict.Cause ?? "one of " + string.Join(", ", verdict.Candidates) : "no reset"),
            ("Confidence", row => row.Verdict?.Confidence ?? ""),
            ("Kernel", row => row.Kernel?.Reason ?? ""),
            ("Agrees", row => row.Agrees is { } agrees ? agrees ? "yes" : "NO" : ""));
        output.WriteLine();
        output.WriteLine($"{rows.Count} scenarios run; the kernel agrees with {rows.Count(row => row.Agrees == true)}, contradicts {rows.Count(row => row.Agrees == false)}, and says nothing of {rows.Count(row => row.Agrees is null)}.");
    }

    // Plain and unwrapped, so that grep finds a scenario with all that is told of it.
    private static void WriteTable<T>(TextWriter output, IReadOnlyList<T> rows, params (string Head, Func<T, string> Value)[] columns)
    {
        int[] widths = [.. columns.Select(column => rows.Select(column.Value).Append(column.Head).Max(text => text.GetCellWidth()))];
        void Line(IEnumerable<string> cells) => output.WriteLine(string.Concat(cells.Select((cell, i) => cell + new string(' ', widths[i] - cell.GetCellWidth() + 2))).TrimEnd());
        Line(columns.Select(column => column.Head));
        foreach (T row in rows)
        {
            Line(columns.Select(column => column.Value(row)));
        }
    }
}
