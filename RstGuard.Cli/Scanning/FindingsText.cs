using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;
using Spectre.Console;

namespace RstGuard.Cli.Scanning;

/// <summary>Findings for a reader: place, message, the line with the span underlined; at the end a table by rule.</summary>
internal static class FindingsText
{
    private const int MaxLineWidth = 400;

    /// <summary>Writes to <paramref name="console"/>; sources are read again from <paramref name="root"/>.</summary>
    public static void Write(ScanResult result, string root, TimeSpan elapsed, IAnsiConsole console)
    {
        string? path = null;
        TextLineCollection? lines = null;
        foreach (Finding finding in result.Findings)
        {
            string style = Style(finding.Severity);
            console.MarkupLineInterpolated($"[bold]{PrintableText.Of(finding.Path)}:{finding.Line}:{finding.Column}[/] [{style}]{finding.Severity.ToString().ToLowerInvariant()}[/] [{style}]{finding.Id}[/]: {PrintableText.Of(finding.Message)}");
            if (finding.Path != path)
            {
                path = finding.Path;
                lines = finding.Id == Finding.AnalyzerFailure ? null : LinesOf(Path.Combine(root, path));
            }

            if (lines is not null && finding.Line <= lines.Count)
            {
                WriteLine(lines[finding.Line - 1].ToString(), finding, style, console);
            }

            if (result.Fixes is not null && finding.Id != Finding.AnalyzerFailure)
            {
                WriteFix(result.Fixes.GetValueOrDefault(finding), console);
            }
        }

        WriteSummary(result, elapsed, console);
    }

    private static void WriteLine(string line, Finding finding, string style, IAnsiConsole console)
    {
        int start = Math.Min(finding.Column - 1, line.Length);
        int end = finding.EndLine > finding.Line ? line.Length : Math.Clamp(finding.EndColumn - 1, start, line.Length);
        int indent = line.Length - line.AsSpan().TrimStart().Length;
        indent = Math.Min(indent, start);
        if (line.Length - indent > MaxLineWidth)
        {
            // Machine-written lines: the part that matters.
            indent = Math.Max(indent, start - 40);
            line = line[..Math.Min(line.Length, indent + MaxLineWidth)];
            end = Math.Min(end, line.Length);
        }

        console.MarkupLineInterpolated($"    {PrintableText.Of(line[indent..])}");
        console.MarkupLineInterpolated($"    {new string(' ', Width(line[indent..start]))}[{style}]{new string('~', Math.Max(1, Width(line[start..end])))}[/]");
    }

    private static void WriteFix(FixVerification? fix, IAnsiConsole console)
    {
        if (fix is null)
        {
            console.MarkupLine("    no fix is offered here");
            return;
        }

        console.MarkupLineInterpolated($"    fix: {PrintableText.Of(fix.Title)}: [{(fix.IsSafe ? "green" : "red")}]{(fix.IsSafe ? "safe" : "not safe")}[/]");
        foreach (string reason in fix.NewErrors.Select(error => $"new error {error}")
            .Concat(fix.Gone ? [] : ["the finding stays"])
            .Concat(fix.NewFindings.Select(finding => $"new finding {finding}")))
        {
            console.MarkupLineInterpolated($"      [red]{PrintableText.Of(reason)}[/]");
        }
    }

    private static void WriteSummary(ScanResult result, TimeSpan elapsed, IAnsiConsole console)
    {
        if (result.Findings.Count > 0)
        {
            Table table = new Table().Border(TableBorder.Rounded).AddColumns("Rule", "Severity", "Findings");
            table.Columns[2].RightAligned();
            foreach (var group in result.Findings.GroupBy(f => (f.Id, f.Severity)).OrderBy(g => g.Key.Id, StringComparer.Ordinal).ThenByDescending(g => g.Key.Severity))
            {
                table.AddRow(Markup.Escape(group.Key.Id), $"[{Style(group.Key.Severity)}]{group.Key.Severity}[/]", group.Count().ToString("N0"));
            }

            console.WriteLine();
            console.Write(table);
        }

        string found = result.Findings.Count switch { 0 => "Nothing found", 1 => "1 finding", int n => $"{n:N0} findings" };
        console.MarkupLineInterpolated($"{found} in {result.Files:N0} files, {result.Lines:N0} lines, {result.Projects:N0} projects; {elapsed.TotalSeconds:0.0} s.");
        if (result.Fixes is { } fixes)
        {
            int offered = fixes.Values.Count(fix => fix is not null), unsafeOnes = fixes.Values.Count(fix => fix is { IsSafe: false });
            console.MarkupLineInterpolated($"Fixes: {offered:N0} offered, {offered - unsafeOnes:N0} safe, {unsafeOnes:N0} not.");
        }
    }

    private static TextLineCollection? LinesOf(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            return SourceText.From(stream, Encoding.UTF8).Lines;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The file went away since it was scanned: the finding stands without its line.
            return null;
        }
    }

    private static string Style(DiagnosticSeverity severity) => severity switch
    {
        DiagnosticSeverity.Error => "red",
        DiagnosticSeverity.Warning => "yellow",
        _ => "cyan",
    };

    private static int Width(string text) => Spectre.Console.Rendering.Segment.CellCount([new Spectre.Console.Rendering.Segment(PrintableText.Of(text))]);
}
