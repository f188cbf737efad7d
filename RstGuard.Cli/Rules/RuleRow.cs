using System.Collections.Immutable;
using System.Globalization;
using Microsoft.CodeAnalysis.CodeFixes;
using RstGuard.Cli.Proving;

namespace RstGuard.Cli.Rules;

/// <summary>One rule as <c>rstguard rules</c> lists it; docs/json.md tells its members.</summary>
internal sealed record RuleRow(
    string Id,
    string Title,
    string Category,
    string Severity,
    bool Enabled,
    bool HasFix,
    bool FixAll,
    string Effect,
    IReadOnlyList<string> Causes,
    IReadOnlyList<string> Origins,
    bool Provable)
{
    /// <summary>Every rule of the catalogue, sorted by id.</summary>
    /// <param name="language">The language of the titles.</param>
    public static IReadOnlyList<RuleRow> All(CultureInfo language)
    {
        ImmutableArray<CodeFixProvider> fixes = ProveCommand.Assemblies.Fixes();
        ILookup<string, Proof> proofs = Proof.All().ToLookup(proof => proof.Rule);
        return [.. Catalogue.Rules.Select(rule =>
        {
            string id = rule.Descriptor.Id;
            CodeFixProvider? fix = fixes.SingleOrDefault(fix => fix.FixableDiagnosticIds.Contains(id));
            return new RuleRow(
                id,
                rule.Descriptor.Title.ToString(language),
                rule.Descriptor.Category,
                rule.Descriptor.DefaultSeverity.ToString(),
                rule.Descriptor.IsEnabledByDefault,
                fix is not null,
                fix?.GetFixAllProvider() is not null,
                rule.Effect,
                rule.Causes,
                rule.Origins,
                proofs[id].Any() && proofs[id].All(proof => proof.RunsHere));
        })];
    }
}
