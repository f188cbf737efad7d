namespace RstGuard.Cli.Proving;

/// <summary>What a proof needs to know of its rule.</summary>
/// <param name="Id">Such as <c>RST1001</c>.</param>
/// <param name="Title">The rule's title in the language of the user.</param>
/// <param name="Effect">What flagged code does, as the catalogue says.</param>
/// <param name="Causes">The causes of its resets, by their names in <see cref="Diagnosis.ResetCause"/>.</param>
internal sealed record ProofRule(string Id, string Title, string Effect, IReadOnlyList<string> Causes);
