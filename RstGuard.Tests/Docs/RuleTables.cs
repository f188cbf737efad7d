using System.Globalization;
using System.Text;
using RstGuard.Cli.Rules;

namespace RstGuard.Tests.Docs;

/// <summary>The generated tables of rules: in the repository's README and in the index of the rules' pages.</summary>
internal static class RuleTables
{
    private static readonly (string Category, string Told)[] Categories =
    [
        ("AbortiveClose", "Abortive close"),
        ("DataInFlight", "Data in flight at close"),
        ("Ownership", "Ownership"),
        ("ConnectTimeouts", "Connect and timeouts"),
        ("Listeners", "Listeners"),
        ("IdleConnections", "Idle connections"),
        ("Protocols", "Protocols above TCP"),
    ];

    private static readonly IReadOnlyList<RuleRow> Rows = RuleRow.All(CultureInfo.InvariantCulture);

    /// <summary>One row a rule, links relative to the repository.</summary>
    public static string Overview() => Overview("docs/rules/");

    /// <summary>The same for a reader who has no repository at hand: a package's page.</summary>
    public static string OverviewWithFullLinks() => Overview($"{(global::RstGuard.Repository.Url)}/blob/main/docs/rules/");

    private static string Overview(string pages) => Table(
        ["Rule", "Severity", "Title", "Effect", "Code fix"],
        Rows.Select(rule => new[] { $"[{rule.Id}]({pages}{rule.Id}.md)", RulesCommand.SeverityOf(rule), rule.Title, rule.Effect, FixOf(rule) }));

    /// <summary>A heading and a table for each category that has rules, links relative to docs/rules.</summary>
    public static string ByCategory() => string.Join('\n', Categories
        .Select(category => (category.Told, Rules: Rows.Where(rule => rule.Category == category.Category).ToList()))
        .Where(category => category.Rules.Count > 0)
        .Select(category => $"### {category.Told}\n\n" + Table(
            ["Rule", "Severity", "Title", "Effect", "Causes", "Code fix"],
            category.Rules.Select(rule => new[] { Link(rule), RulesCommand.SeverityOf(rule), rule.Title, rule.Effect, string.Join(", ", rule.Causes.Select(LinkToCause)), FixOf(rule) }))));

    /// <summary>Which rules are about a reset that the wire shows, links relative to docs/rules.</summary>
    public static string ByCause() => Table(
        ["Cause", "Rules"],
        Rows.SelectMany(rule => rule.Causes).Distinct().Order(StringComparer.Ordinal)
            .Select(cause => new[] { LinkToCause(cause), string.Join(", ", Rows.Where(rule => rule.Causes.Contains(cause)).Select(Link)) }));

    private static string Table(string[] heads, IEnumerable<string[]> rows)
    {
        StringBuilder table = new($"| {string.Join(" | ", heads)} |\n|{string.Concat(heads.Select(_ => "---|"))}\n");
        foreach (string[] row in rows)
        {
            table.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", row.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal)))} |\n");
        }

        return table.ToString();
    }

    private static string FixOf(RuleRow rule) => rule.HasFix ? FixTexts.Resources.GetString(rule.Id, CultureInfo.InvariantCulture)! : "none";

    private static string Link(RuleRow rule) => $"[{rule.Id}]({rule.Id}.md)";

    private static string LinkToCause(string cause) => $"[{cause}](../causes/{cause}.md)";
}
