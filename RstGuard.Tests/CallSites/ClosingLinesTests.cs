using RstGuard.Tests.Docs;

namespace RstGuard.Tests.CallSites;

/// <summary>docs/closing-lines.md: how well the closing line is told. Run once with RSTGUARD_UPDATE_DOCS=1 after a change, which writes it.</summary>
public sealed class ClosingLinesTests
{
    [Fact]
    public async Task Page_ShowsWhatEachShapeGives_AndNoneIsWrong()
    {
        ClosingShapes.NeedsItsFramework("Kestrel");
        ClosingShapes.Outcome[] outcomes = await Task.WhenAll(ClosingShapes.All.Keys.SelectMany(shape => new[] { ClosingShapes.RunAsync(shape, release: false), ClosingShapes.RunAsync(shape, release: true) }));
        Assert.Equal([], outcomes.Where(outcome => outcome.Kind == ClosingShapes.OutcomeKind.Wrong).Select(outcome => outcome.Told));
        int exact = outcomes.Count(outcome => outcome.Kind == ClosingShapes.OutcomeKind.Exact);
        int lines = outcomes.Count(outcome => outcome.Kind != ClosingShapes.OutcomeKind.Framework);
        Assert.True(exact >= 0.95 * lines, $"{exact} of {lines} lines were told exactly.");

        string path = Path.Combine(RulePage.DocsFolder, "closing-lines.md");
        const string Begin = "<!-- table -->\n";
        string page = (await File.ReadAllTextAsync(path)).ReplaceLineEndings("\n");
        int begin = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        string made = page[..begin] + await ClosingShapes.DescribeAsync() + page[page.IndexOf("<!-- end of table -->", StringComparison.Ordinal)..];
        if (RulePage.IsUpdating)
        {
            await File.WriteAllTextAsync(path, made);
            page = made;
        }

        // Which of candidates ran may be told one time and not another: what the JIT inlines is its own business.
        Assert.Equal(Rows(page).Select(row => row.Split('|')[1]), Rows(made).Select(row => row.Split('|')[1]));
    }

    private static IEnumerable<string> Rows(string page) => page.Split('\n').Where(line => line.StartsWith('|'));
}
