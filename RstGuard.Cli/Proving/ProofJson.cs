using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RstGuard.Cli.Proving;

/// <summary>
/// The array that <c>rstguard prove --format json</c> writes; docs/json.md has its schema. A number that could not be taken is 0,
/// the status is then not proved, and the note says why.
/// </summary>
internal static class ProofJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Writes records with what each shows.</summary>
    public static string Write(IEnumerable<RuleProof> proofs) => JsonSerializer.Serialize(proofs.Select(Describe), Options);

    // Numbers of several programs must not be mixed: they are those of the one that decides.
    private static Item Describe(RuleProof proof)
    {
        ProofRecord record = proof.Deciding.Record;
        Diagnosis.ResetVerdict? reset = ProofJudge.Shown(record) ?? record.Flagged.Wire?.Resets.FirstOrDefault();
        return new(
            record.Rule.Id,
            record.Rule.Title,
            record.Rule.Effect,
            new(
                record.Flagged.Findings?.Count ?? 0,
                record.Flagged.Wire?.Resets.Count ?? 0,
                reset?.Cause?.ToString(),
                [.. reset?.Candidates.Select(candidate => candidate.ToString()) ?? []],
                reset?.Confidence.ToString(),
                reset?.Kernel?.Reason,
                record.Flagged.Report?.BytesSent ?? 0,
                record.Flagged.Report?.BytesReceived ?? 0,
                record.Flagged.Report?.BlockedMilliseconds ?? 0),
            new(
                record.IsFixedFromPage ? "page" : "codefix",
                record.Fixed.Findings?.Count ?? 0,
                record.Fixed.Wire?.Resets.Count ?? 0,
                record.Fixed.Report?.BytesSent ?? 0,
                record.Fixed.Report?.BytesReceived ?? 0,
                record.Fixed.Report?.BlockedMilliseconds ?? 0),
            proof.Status,
            proof.Note);
    }

    private sealed record Item(string Rule, string Title, string Effect, FlaggedItem Flagged, FixedItem Fixed, ProofStatus Status, string Note);

    private sealed record FlaggedItem(
        int Diagnostics, int Resets, string? Cause, IReadOnlyList<string> Candidates, string? Confidence, string? KernelReason,
        long BytesSent, long BytesReceived, long BlockedMs);

    private sealed record FixedItem(string Source, int Diagnostics, int Resets, long BytesSent, long BytesReceived, long BlockedMs);
}
