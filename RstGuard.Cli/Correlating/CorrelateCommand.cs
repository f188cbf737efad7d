using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using RstGuard.Reports;

namespace RstGuard.Cli.Correlating;

/// <summary><c>rstguard correlate SCAN GUARD...</c>: what the analyzers flagged, beside what guards saw on the wire.</summary>
internal static class CorrelateCommand
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JsonReport.ReadableLetters,
        WriteIndented = true,
        NewLine = "\n",
    };

    public static Command Create()
    {
        Argument<string> scan = new("SCAN") { Description = "What 'rstguard scan --format json' wrote." };
        Argument<string[]> guards = new("GUARD") { Description = "Reports of guards (JSON), or folders of them.", Arity = ArgumentArity.OneOrMore };
        Option<string?> root = new("--root") { Description = "The folder that was scanned. Without it a file is the same where its path ends with the finding's." };
        Option<string> format = new("--format") { Description = "text, or json: one object on stdout and nothing else.", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "json");
        Command command = new("correlate", "Tells of each finding whether its reset was seen on the wire, and which resets no rule flagged.") { scan, guards, root, format };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            parsed.GetRequiredValue(scan),
            parsed.GetRequiredValue(guards),
            parsed.GetValue(root),
            parsed.GetRequiredValue(format) == "json",
            parsed.InvocationConfiguration.Output,
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string scan, string[] guards, string? root, bool asJson, TextWriter output, CancellationToken cancellationToken)
    {
        IReadOnlyList<ScannedFinding> findings = await CorrelationInput.ReadFindingsAsync(scan, cancellationToken);
        List<GuardReport> reports = [];
        foreach (string path in guards.SelectMany(Files))
        {
            reports.Add(await CorrelationInput.ReadReportAsync(path, cancellationToken));
        }

        Correlation correlation = Correlation.Of(findings, reports, root);
        if (asJson)
        {
            await output.WriteLineAsync(JsonSerializer.Serialize(ToJson(correlation), Options));
        }
        else
        {
            WriteText(correlation, output);
        }

        return 0;
    }

    private static IEnumerable<string> Files(string path)
    {
        if (!Directory.Exists(path))
        {
            return [path];
        }

        string[] files = [.. Directory.EnumerateFiles(path, "*.json").Order(StringComparer.Ordinal)];
        return files.Length > 0 ? files : throw new IOException($"The folder {path} holds no report (*.json).");
    }

    private static object ToJson(Correlation correlation) => new
    {
        correlation.Reports,
        correlation.Incomplete,
        correlation.Resets,
        Findings = correlation.Findings.Select(one => new
        {
            one.Finding.Id,
            one.Finding.Severity,
            one.Finding.Message,
            one.Finding.Path,
            one.Finding.Line,
            one.Finding.EndLine,
            one.Seen,
            one.InFile,
            one.Others,
            one.Causes,
            one.ClosedAt,
        }),
        correlation.Unflagged,
    };

    private static void WriteText(Correlation correlation, TextWriter output)
    {
        foreach (CorrelatedFinding one in correlation.Findings)
        {
            Line($"{one.Finding.Path}:{one.Finding.Line}: {one.Finding.Id}: {Told(one)}");
        }

        foreach (UnflaggedResets resets in correlation.Unflagged)
        {
            string what = $"{TextReport.Counted(resets.Count, "reset")} ({(resets.Causes.Count > 0 ? string.Join(", ", resets.Causes) : "cause not told")}"
                + (resets.Origins.Count > 0 ? $"; origin {string.Join(", ", resets.Origins)})" : ")");
            string where = resets is { Path: { } path, Line: { } line } ? string.Create(CultureInfo.InvariantCulture, $"{path}:{line}") : "no line";
            Line($"{where}: {what} that no rule flagged; {resets.Place}" + (resets.Rules.Count > 0 ? $"; about such resets: {string.Join(", ", resets.Rules)}" : ""));
        }

        int seen = correlation.Findings.Count(one => one.Seen > 0);
        int inFile = correlation.Findings.Count(one => one is { Seen: 0, InFile: > 0 });
        Line(
            $"{TextReport.Counted(correlation.Findings.Count, "finding")}: {seen} seen on the wire, {inFile} perhaps, {correlation.Findings.Count - seen - inFile} never. "
            + $"{TextReport.Counted(correlation.Resets, "reset")} in {TextReport.Counted(correlation.Reports, "report")}, {correlation.Unflagged.Sum(one => one.Count)} that no rule flagged.");
        if (correlation.Incomplete > 0)
        {
            Line($"{correlation.Incomplete} of the reports did not see everything: what was never seen there may have happened.");
        }

        void Line(string text) => output.Write(PrintableText.Of(text) + "\n");
    }

    private static string Told(CorrelatedFinding one)
    {
        List<string> parts = [];
        if (one.Seen > 0)
        {
            parts.Add($"seen {Times(one.Seen)} ({string.Join(", ", one.Causes)})");
        }
        else if (one.InFile == 0)
        {
            parts.Add("never seen");
        }

        if (one.InFile > 0)
        {
            parts.Add($"{TextReport.Counted(one.InFile, "such reset")} of this file, closed at line {string.Join(", ", one.ClosedAt)}{(one.Seen == 0 ? $" ({string.Join(", ", one.Causes)})" : "")}");
        }

        if (one.Others > 0)
        {
            parts.Add($"{TextReport.Counted(one.Others, "reset")} of another kind at this line");
        }

        return string.Join("; ", parts);
    }

    private static string Times(int count) => count == 1 ? "once" : string.Create(CultureInfo.InvariantCulture, $"{count} times");
}
