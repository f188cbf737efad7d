using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;

namespace RstGuard.Cli.Rules;

/// <summary><c>rstguard rules</c>: what there is to be found, repaired and proved.</summary>
internal static class RulesCommand
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
        NewLine = "\n",
    };

    public static Command Create()
    {
        Option<string> format = new("--format")
        {
            Description = "text, or json: an array of rules on stdout and nothing else.",
            DefaultValueFactory = _ => "text",
        };
        format.AcceptOnlyFromAmong("text", "json");
        Command command = new("rules", "Lists the rules: what each finds, whether it is repaired, and what it does on the wire.") { format };
        command.SetAction(parsed =>
        {
            IReadOnlyList<RuleRow> rules = RuleRow.All(CultureInfo.CurrentUICulture);
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetRequiredValue(format) == "json")
            {
                output.WriteLine(JsonSerializer.Serialize(rules, Options));
            }
            else
            {
                WriteText(rules, output);
            }
        });
        return command;
    }

    /// <summary>A severity as people read it: one that is off says so.</summary>
    internal static string SeverityOf(RuleRow rule) => rule.Enabled ? rule.Severity : $"{rule.Severity}, off";

    private static void WriteText(IReadOnlyList<RuleRow> rules, TextWriter output)
    {
        // Plain and unwrapped, so that grep finds a rule with all that is told of it; Spectre would break lines at the terminal's width.
        (string Head, Func<RuleRow, string> Value)[] columns =
        [
            ("Rule", rule => rule.Id),
            ("Severity", SeverityOf),
            ("Effect", rule => rule.Effect),
            ("Fix", rule => rule.FixAll ? "yes, all" : rule.HasFix ? "yes" : "no"),
            ("Title", rule => rule.Title),
        ];
        int[] widths = [.. columns.Select(column => rules.Select(column.Value).Append(column.Head).Max(text => text.GetCellWidth()))];
        void Line(IEnumerable<string> cells) => output.WriteLine(string.Concat(cells.Select((cell, i) => cell + new string(' ', widths[i] - cell.GetCellWidth() + 2))).TrimEnd());
        Line(columns.Select(column => column.Head));
        foreach (RuleRow rule in rules)
        {
            Line(columns.Select(column => column.Value(rule)));
        }

        output.WriteLine();
        output.WriteLine($"{rules.Count} rules. 'rstguard prove {rules[0].Id}' shows one on the wire; its page is {Catalogue.Find(rules[0].Id)!.Descriptor.HelpLinkUri}.");
    }
}
