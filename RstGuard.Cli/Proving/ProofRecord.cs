namespace RstGuard.Cli.Proving;

/// <summary>All that was observed while a rule was put to the proof; <see cref="ProofJudge"/> decides what it shows.</summary>
internal sealed record ProofRecord
{
    /// <summary>The rule.</summary>
    public required ProofRule Rule { get; init; }

    /// <summary>Its program.</summary>
    public required Proof Proof { get; init; }

    /// <summary>The program as it is.</summary>
    public ProgramRecord Flagged { get; init; } = new();

    /// <summary>The program after the code fix.</summary>
    public ProgramRecord Fixed { get; init; } = new();

    /// <summary>The fix's title, null where no fix was offered.</summary>
    public string? FixTitle { get; init; }

    /// <summary>Whether the fixed program is the one with the page's sample, because no fix was offered.</summary>
    public bool IsFixedFromPage { get; init; }

    /// <summary>What the fix, or the page's sample, changed, as a unified diff; empty where it changed nothing.</summary>
    public string Diff { get; init; } = "";

    /// <summary>The fixed program's main source; null where there is none.</summary>
    public string? FixedSource { get; init; }

    /// <summary>What this machine lacks, with the way to get it; null: nothing.</summary>
    public string? Missing { get; init; }

    /// <summary>The causes of which one shows what the program claims.</summary>
    public IReadOnlyList<string> Causes => Proof.Causes.Count > 0 ? Proof.Causes : Rule.Causes;
}

/// <summary>One of the two programs: what the compiler, the analyzers, the program and the wire said. Null: not observed.</summary>
internal sealed record ProgramRecord
{
    /// <summary>Why it could not be compiled, analyzed or run; null: it could.</summary>
    public string? Failure { get; init; }

    /// <summary>RstGuard's diagnostics in it.</summary>
    public IReadOnlyList<Finding>? Findings { get; init; }

    /// <summary>What its driver reported.</summary>
    public ProgramReport? Report { get; init; }

    /// <summary>What the capture saw.</summary>
    public WireRecord? Wire { get; init; }
}

/// <summary>One diagnostic.</summary>
/// <param name="Id">The rule.</param>
/// <param name="Severity">Error, Warning, Info or Hidden.</param>
/// <param name="Message">The message in the language of the user.</param>
/// <param name="Path">The file.</param>
/// <param name="Line">Counted from 1.</param>
/// <param name="Column">Counted from 1.</param>
/// <param name="Marked">The text it marks.</param>
/// <param name="InSample">Whether it lies in the region Sample of the program.</param>
internal sealed record Finding(string Id, string Severity, string Message, string Path, int Line, int Column, string Marked, bool InSample);
