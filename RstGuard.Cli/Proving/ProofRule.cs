namespace RstGuard.Cli.Proving;

/// <summary>What a proof needs to know of its rule.</summary>
/// <param name="Id">Such as <c>RST1001</c>.</param>
/// <param name="Title">The rule's title in the language of the user.</param>
/// <param name="Effect">What flagged code does, as the catalogue says.</param>
/// <param name="Causes">The causes of its resets, by their names in <see cref="Diagnosis.ResetCause"/>.</param>
internal sealed record ProofRule(string Id, string Title, string Effect, IReadOnlyList<string> Causes);

/// <summary>A rule's programs, each with what it shows.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Programs">Its programs, the first first; one or more.</param>
internal sealed record RuleProof(ProofRule Rule, IReadOnlyList<(ProofRecord Record, ProofVerdict Verdict)> Programs)
{
    /// <summary>The worst of its programs': a rule is proved where each of them is.</summary>
    public ProofStatus Status => Deciding.Verdict.Status;

    /// <summary>The first of the programs that are no better than any other: where all are proved, the rule's first one.</summary>
    public (ProofRecord Record, ProofVerdict Verdict) Deciding => Programs.MaxBy(program => Rank(program.Verdict.Status));

    /// <summary>What each program shows.</summary>
    public string Note => Programs.Count == 1
        ? Programs[0].Verdict.Note
        : string.Join(" ", Programs.Select(program => $"{program.Record.Proof.FileName}: {program.Verdict.Note}"));

    private static int Rank(ProofStatus status) => status switch
    {
        ProofStatus.Proved => 0,
        ProofStatus.NotOnThisSystem => 1,
        ProofStatus.Unavailable => 2,
        _ => 3,
    };
}
