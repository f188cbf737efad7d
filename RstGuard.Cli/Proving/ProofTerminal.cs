using System.Globalization;
using RstGuard.Diagnosis;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace RstGuard.Cli.Proving;

/// <summary>Shows proofs to people: the steps of each as they are done, then one table.</summary>
internal sealed class ProofTerminal(IAnsiConsole console)
{
    private const string Proved = "green";
    private const string Failed = "red";
    private const string Withheld = "yellow";

    /// <summary>Shows one rule's proof, from the diagnostic to the repaired run.</summary>
    public void Show(RuleProof proof)
    {
        foreach ((ProofRecord record, ProofVerdict verdict) in proof.Programs)
        {
            Show(record, verdict);
        }
    }

    private void Show(ProofRecord record, ProofVerdict verdict)
    {
        console.Write(new Rule($"[bold]{Name(record)}[/] {Markup.Escape(record.Rule.Title)}").LeftJustified());
        Grid grid = new();
        grid.AddColumn(new GridColumn().NoWrap().PadRight(2));
        grid.AddColumn(new GridColumn());
        foreach (Finding finding in record.Flagged.Findings ?? [])
        {
            Step(grid, "flagged", new Markup($"[bold]{Markup.Escape(finding.Path)}({finding.Line},{finding.Column})[/]: {finding.Severity.ToLowerInvariant()} {finding.Id}: {Markup.Escape(finding.Message)}"));
        }

        foreach (ResetVerdict reset in record.Flagged.Wire?.Resets ?? [])
        {
            string kernel = reset.Kernel is null ? "" : $"; the kernel {(reset.Kernel.Agrees ? "agrees" : "contradicts")}: {reset.Kernel.Reason}";
            Step(grid, "reset", new Markup($"{reset.Sender} resets {reset.Receiver}: [bold]{ProofJudge.Names(reset)}[/] ({reset.Confidence}{Markup.Escape(kernel)})"));
        }

        if (record.Flagged.Report is ProgramReport flagged)
        {
            Step(grid, "loss", new Markup($"{Number(flagged.BytesReceived)} of {Number(flagged.BytesSent)} bytes arrived; the reading ended with {Markup.Escape(flagged.End)}"));
            ShowWhatElse(grid, record.Proof.Claims, flagged);
        }

        if (record.FixTitle is not null || record.IsFixedFromPage)
        {
            Step(grid, "fix", new Markup(Markup.Escape(record.FixTitle ?? "No code fix is offered here; the sample of the rule's page is run instead")));
            Step(grid, "", new Rows(Shortened(record.Diff).Select(Colored)));
        }

        if (record.Fixed.Report is ProgramReport repaired)
        {
            string resets = record.Fixed.Wire is null ? "the wire was not seen" : record.Fixed.Wire.Resets.Count == 0 ? "no reset" : $"{record.Fixed.Wire.Resets.Count} resets";
            Step(grid, "fixed", new Markup($"{resets}; {Number(repaired.BytesReceived)} of {Number(repaired.BytesSent)} bytes arrived"));
            ShowWhatElse(grid, record.Proof.Claims, repaired);
        }

        Step(grid, Name(verdict.Status), new Text(verdict.Note), Color(verdict.Status));
        console.Write(grid);
        console.WriteLine();
    }

    /// <summary>Sums up.</summary>
    public void ShowTable(IEnumerable<RuleProof> proofs)
    {
        Table table = new Table().Border(TableBorder.Rounded)
            .AddColumn("Rule")
            .AddColumn("Reset")
            .AddColumn(new TableColumn("Arrived").RightAligned().NoWrap())
            .AddColumn("After the fix")
            .AddColumn("Status");
        foreach ((ProofRecord record, ProofVerdict verdict) in proofs.SelectMany(proof => proof.Programs))
        {
            ResetVerdict? reset = ProofJudge.Shown(record) ?? record.Flagged.Wire?.Resets.FirstOrDefault();
            table.AddRow(
                new Markup($"[bold]{Name(record)}[/]"),
                new Text(reset is null ? (record.Flagged.Wire is null ? "not seen" : "none") : $"{Short(reset)} ({reset.Confidence})"),
                new Text(Arrived(record.Flagged.Report)),
                new Text(record.Fixed is { Wire: WireRecord wire, Report: ProgramReport repaired }
                    ? $"{(wire.Resets.Count == 0 ? "no reset" : $"{wire.Resets.Count} resets")}, {(repaired.BytesReceived == repaired.BytesSent ? "all" : Arrived(repaired))} arrived"
                    : "not seen"),
                new Markup($"[{Color(verdict.Status)}]{Name(verdict.Status)}[/]"));
        }

        console.Write(table);
    }

    private static void ShowWhatElse(Grid grid, ProofClaims claims, ProgramReport report)
    {
        if (claims.HasFlag(ProofClaims.NoEffect))
        {
            Step(grid, "set", new Markup($"read back {Markup.Escape(report.Before ?? "nothing")} before and {Markup.Escape(report.After ?? "nothing")} after"));
        }

        if (claims.HasFlag(ProofClaims.NoHandshake))
        {
            Step(grid, "closing handshake", new Markup(Markup.Escape(report.Handshake ?? "not told")));
        }

        if (claims.HasFlag(ProofClaims.Blocks))
        {
            Step(grid, "blocked", new Markup($"{Number(report.BlockedMilliseconds)} ms"));
        }
    }

    // All candidates are in the section above; a table has no room for them.
    private static string Short(ResetVerdict verdict) =>
        verdict.Cause is null && verdict.Candidates.Count > 2 ? $"{verdict.Candidates[0]} or {verdict.Candidates.Count - 1} more" : ProofJudge.Names(verdict);

    private static void Step(Grid grid, string name, IRenderable what, string color = "grey") =>
        grid.AddRow(new Markup($"  [{color}]{name}[/]"), what);

    // A file that the fix adds is the same for every fix of its kind; its length says enough.
    private static IEnumerable<string> Shortened(string diff)
    {
        string[] lines = diff.TrimEnd('\n').Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i] != UnifiedDiff.NoFile)
            {
                yield return lines[i];
                continue;
            }

            int added = lines.Skip(i + 3).TakeWhile(line => line.StartsWith('+') && !line.StartsWith("+++ ", StringComparison.Ordinal)).Count();
            yield return $"{lines[i + 1]} (new, {added} lines)";
            i += 2 + added;
        }
    }

    private static Markup Colored(string line) => new(
        line.StartsWith('+') ? $"[{Proved}]{Markup.Escape(line)}[/]" : line.StartsWith('-') ? $"[{Failed}]{Markup.Escape(line)}[/]" : Markup.Escape(line));

    private static string Arrived(ProgramReport? report) => report is null ? "not seen" : $"{Number(report.BytesReceived)} / {Number(report.BytesSent)}";

    private static string Number(long bytes) => bytes.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Name(ProofRecord record) => record.Proof.Variant.Length == 0 ? record.Rule.Id : $"{record.Rule.Id}.{record.Proof.Variant}";

    private static string Name(ProofStatus status) => status switch
    {
        ProofStatus.Proved => "proved",
        ProofStatus.Failed => "failed",
        ProofStatus.Unavailable => "unavailable",
        _ => "not on this system",
    };

    private static string Color(ProofStatus status) => status switch
    {
        ProofStatus.Proved => Proved,
        ProofStatus.Failed => Failed,
        _ => Withheld,
    };
}
