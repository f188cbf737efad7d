using System.Text.RegularExpressions;

namespace RstGuard.Tests.Docs;

/// <summary>A document, mostly a page of docs/rules: prose, and generated blocks between <c>&lt;!-- name --&gt;</c> and <c>&lt;!-- /name --&gt;</c>.</summary>
internal sealed class RulePage
{
    /// <summary>The environment variable that, with the value 1, makes the page tests write the generated blocks.</summary>
    public const string UpdateVariable = "RSTGUARD_UPDATE_DOCS";

    private RulePage(string path)
    {
        Path = path;
        Text = File.ReadAllText(path).ReplaceLineEndings("\n");
    }

    /// <summary>docs/ of this repository.</summary>
    public static string DocsFolder { get; } = System.IO.Path.Combine(FindRepository(), "docs");

    public static string RulesFolder { get; } = System.IO.Path.Combine(DocsFolder, "rules");

    public static bool IsUpdating => Environment.GetEnvironmentVariable(UpdateVariable) == "1";

    public string Path { get; }

    public string Text { get; private set; }

    /// <summary>The page without code blocks.</summary>
    public string Prose => Regex.Replace(Text, "^```.*?^```$", "", RegexOptions.Multiline | RegexOptions.Singleline);

    /// <summary>A page of docs/causes, which has the same blocks.</summary>
    public static RulePage OpenCause(string cause) => new(System.IO.Path.Combine(DocsFolder, "causes", cause + ".md"));

    /// <summary>Another document that has generated blocks.</summary>
    /// <param name="path">Relative to the repository.</param>
    public static RulePage OpenDocument(string path) => new(System.IO.Path.Combine(DocsFolder, "..", path));

    public static RulePage Open(string rule) => new(System.IO.Path.Combine(RulesFolder, rule + ".md"));

    /// <summary>What stands in a generated block.</summary>
    /// <exception cref="FormatException">The page has no such block, or more than one.</exception>
    public string Block(string name)
    {
        (int start, int end) = SpanOf(name);
        return Text[start..end];
    }

    /// <summary>Rewrites a generated block, and the file where that changes it.</summary>
    public void Write(string name, string content)
    {
        (int start, int end) = SpanOf(name);
        string written = Text[..start] + content + Text[end..];
        if (written != Text)
        {
            Text = written;
            File.WriteAllText(Path, written);
        }
    }

    /// <summary>What stands under a heading of the second level.</summary>
    /// <exception cref="FormatException">There is no such heading.</exception>
    public string Section(string heading)
    {
        Match match = Regex.Match(Text, $@"^## {Regex.Escape(heading)}\n(.*?)(?=^## |\z)", RegexOptions.Multiline | RegexOptions.Singleline);
        return match.Success ? match.Groups[1].Value : throw new FormatException($"{Path} has no section '{heading}'.");
    }

    private (int Start, int End) SpanOf(string name)
    {
        string open = $"<!-- {name} -->\n";
        string close = $"<!-- /{name} -->";
        int start = Text.IndexOf(open, StringComparison.Ordinal);
        int end = Text.IndexOf(close, StringComparison.Ordinal);
        if (start < 0 || end < start || Text.LastIndexOf(open, StringComparison.Ordinal) != start)
        {
            throw new FormatException($"{Path} has no block '{open.TrimEnd()} … {close}', or more than one.");
        }

        return (start + open.Length, end);
    }

    private static string FindRepository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "RstGuard.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new DirectoryNotFoundException("The tests run from outside the repository: no folder above them has RstGuard.sln.");
    }
}
