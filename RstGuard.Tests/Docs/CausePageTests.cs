using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Lab;
using RstGuard.Scenarios;
using RstGuard.Tcp;
using RstGuard.Tests.Diagnosis;

namespace RstGuard.Tests.Docs;

/// <summary>Each cause that a scenario makes has a page, and what the page shows of the wire is what the scenario does.</summary>
[Collection(RecordedScenarios.Collection)]
public sealed class CausePageTests
{
    /// <summary>Where a cause has a scenario of its name, its page shows that one.</summary>
    public static TheoryData<ResetCause> Causes() =>
        [.. LoopbackScenarios.All.Where(scenario => scenario.Name == scenario.Cause?.ToString()).Select(scenario => scenario.Cause!.Value)];

    // shapes.md tells of the forms that resets have.
    public static TheoryData<string> Pages => [.. Directory.EnumerateFiles(Path.Combine(RulePage.DocsFolder, "causes"), "*.md").Select(path => Path.GetFileNameWithoutExtension(path)).Where(name => name != "shapes")];

    [Theory]
    [MemberData(nameof(Causes))]
    public async Task Excerpt_IsWhatTheScenarioDoes(ResetCause cause)
    {
        LoopbackScenario scenario = (LoopbackScenario)LoopbackScenarios.Find(cause.ToString())!;
        RecordedScenario recorded = await RecordedScenarios.GetAsync(scenario, scenario.Ends[0], version6: false);
        SegmentLog log = new(new RecordedPackets(recorded.Packets));
        while (log.Read(out _, TimeSpan.Zero) == ReadResult.Packet)
        {
        }

        // Where there are several connections the first one is shown, up to its first reset.
        Segment first = log.Segments[0];
        List<Segment> shown = [.. log.Segments.Where(segment => (segment.Source == first.Source && segment.Destination == first.Destination) || (segment.Source == first.Destination && segment.Destination == first.Source))];
        int reset = shown.FindIndex(segment => (segment.Flags & TcpFlags.Reset) != 0);
        shown.RemoveRange(reset + 1, shown.Count - 1 - reset);
        string excerpt = WireExcerpt.Draw(shown);
        RulePage page = RulePage.OpenCause(cause.ToString());
        if (RulePage.IsUpdating && !WireExcerpt.Events(excerpt).SequenceEqual(WireExcerpt.Events(Shown(page))))
        {
            page.Write("wire", $"\n```text\n{excerpt}```\n");
        }

        Assert.Equal(WireExcerpt.Events(excerpt), WireExcerpt.Events(Shown(page)));

        static string Shown(RulePage page) => string.Join('\n', page.Block("wire").Split('\n').Where(line => !line.StartsWith("```", StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_HasItsSections(string cause)
    {
        RulePage page = RulePage.OpenCause(cause);
        Assert.StartsWith($"# {cause}\n", page.Text);
        Assert.All(
            ["On the wire", "In the kernel", "Code that makes it", "How RstGuard tells it apart", "Sources"],
            heading => Assert.NotEmpty(page.Section(heading).Trim()));
    }

    [Fact]
    public void EveryPage_IsOfACause() => Assert.All(Pages, page => Assert.True(Enum.IsDefined(typeof(ResetCause), page.Data), $"{page.Data} is no cause."));

    [Fact]
    public void EveryScenario_HasAPage() => Assert.Empty(LoopbackScenarios.All.Concat(LabScenarios.All).Select(scenario => scenario.Cause?.ToString()).OfType<string>().Except(Pages.Select(page => page.Data)));
}
