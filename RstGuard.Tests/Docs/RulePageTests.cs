using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using RstGuard.Capture;
using RstGuard.Cli.Proving;
using RstGuard.Diagnosis;
using RstGuard.Tests.Verification;

namespace RstGuard.Tests.Docs;

/// <summary>
/// The pages of docs/rules say what the code does. Their blocks between <c>&lt;!-- name --&gt;</c> and <c>&lt;!-- /name --&gt;</c> are
/// generated: table (from the catalogue), flagged-sample (the proof's region Sample), fixed-sample (what the code fix makes of it; where
/// none is offered, the proof's fixed sample), flagged-wire and fixed-wire (captured runs of the proof's two programs; none where the
/// effect is another system's). A rule's further programs have blocks of their own, such as flagged-sample-TcpClient for
/// RST2003.TcpClient.cs. The tables in README.md, docs/rules/README.md and the package's PACKAGE.md are such blocks too. These tests compare them with what they come from, and a wire block by its events. After a change run them once with RSTGUARD_UPDATE_DOCS=1, which writes the blocks instead, and commit
/// the pages:
/// <code>RSTGUARD_UPDATE_DOCS=1 dotnet test RstGuard.Tests --filter FullyQualifiedName~RulePageTests</code>
/// A new page begins as its prose and empty blocks. Only what was captured whole is written.
/// </summary>
public sealed class RulePageTests
{
    private static readonly string[] Sections =
    [
        "What happens on the wire", "Why", "❌ Flagged", "✅ Fixed", "What it leaves alone", "When to suppress", "Options", "Known limits",
        "What other tools say", "Sources",
    ];

    private static readonly Regex ExcerptBlock = new(@"\A```text\n(.*?)```\n\nSent [\d,]+ bytes, received [\d,]+; the receiver's reading ended with `(\w+)`\.\n\z", RegexOptions.Singleline);

    // Compiled, analyzed and fixed once a program; not run.
    private static readonly ConcurrentDictionary<string, Lazy<Task<ProofRecord>>> Unrun = new();

    public static TheoryData<string> Rules => [.. Catalogue.Rules.Select(rule => rule.Descriptor.Id)];

    public static TheoryData<string> Programs => [.. Proof.All().Select(proof => proof.FileName)];

    [Fact]
    public void EachRuleHasAPage_AndNothingElseIsThere()
    {
        string[] pages = [.. Directory.EnumerateFileSystemEntries(RulePage.RulesFolder).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];
        Assert.Equal(Catalogue.Rules.Select(rule => rule.Descriptor.Id + ".md").Prepend("README.md"), pages);
    }

    [Fact]
    public void TableInTheReadme_EqualsTheCatalogue() => Compare(RulePage.OpenDocument("README.md"), "rules", RuleTables.Overview());

    [Fact]
    public void TableInThePackage_EqualsTheCatalogue() => Compare(RulePage.OpenDocument("RstGuard.CodeFixes/PACKAGE.md"), "rules", RuleTables.OverviewWithFullLinks());

    [Fact]
    public void IndexOfThePages_EqualsTheCatalogue()
    {
        RulePage index = RulePage.OpenDocument("docs/rules/README.md");
        Compare(index, "by-category", RuleTables.ByCategory());
        Compare(index, "by-cause", RuleTables.ByCause());
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void HeadingAndSections_AreThoseOfEveryPage(string rule)
    {
        RulePage page = RulePage.Open(rule);
        Assert.StartsWith($"# {rule} {Title(rule)}\n", page.Text);
        Assert.Equal(Sections, Regex.Matches(page.Prose, "^## (.*)$", RegexOptions.Multiline).Select(match => match.Groups[1].Value));
        Assert.All(Sections, section => Assert.NotEmpty(page.Section(section).Trim()));
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void Table_EqualsTheCatalogue(string rule) => Compare(RulePage.Open(rule), "table", Table(rule));

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task FlaggedSample_IsTheProofs_AndYieldsThisRuleAlone(string program)
    {
        ProofRecord record = await FixWithoutRunning(program);
        Compare(RulePage.Open(record.Rule.Id), Block("flagged-sample", record.Proof), Code(Proof.SampleIn(record.Proof.Source)));
        Assert.Null(record.Flagged.Failure);
        RstGuard.Cli.Proving.Finding finding = Assert.Single(record.Flagged.Findings!);
        Assert.Equal((record.Rule.Id, true, record.Proof.Flagged), (finding.Id, finding.InSample, finding.Marked));
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task FixedSample_IsWhatTheFixMakes_AndYieldsNothing(string program)
    {
        ProofRecord record = await FixWithoutRunning(program);
        Assert.True(record.FixedSource is not null, $"{record.Rule.Id} offers no fix for its sample, and there is no {Path.ChangeExtension(program, ".Fixed.cs")} beside it.");
        Compare(RulePage.Open(record.Rule.Id), Block("fixed-sample", record.Proof), Code(Proof.SampleIn(record.FixedSource)) + AddedFiles(record.Diff));
        Assert.NotEqual(Proof.SampleIn(record.Proof.Source), Proof.SampleIn(record.FixedSource));
        Assert.Null(record.Fixed.Failure);
        Assert.Empty(record.Fixed.Findings!);
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task WireExcerpts_ShowTheEventsOfAFreshCapture(string program)
    {
        CapabilityProbe probe = CaptureCapability.ProbePacketSocket();
        Requirement.Check("capture", probe.IsAvailable, $"{probe.Reason} {probe.Remedy}");

        List<SegmentLog> logs = [];
        bool isAlone = Proof.All().Single(proof => proof.FileName == program).Source.Contains(PrivateNamespace.Marker, StringComparison.Ordinal);
        if (isAlone)
        {
            Requirement.Check("netns", Environment.IsPrivilegedProcess, "A network namespace of the program's own needs root.");
        }

        using LoopbackWire wire = isAlone ? await LoopbackWire.CreatePrivateAsync(1, Open) : new(Open);
        ProofRecord record = await ProveAsync(program, wire);
        ProofVerdict verdict = ProofJudge.Judge(record);
        RulePage page = RulePage.Open(record.Rule.Id);
        if (!record.Proof.RunsHere)
        {
            Assert.True(verdict.Status == ProofStatus.NotOnThisSystem, verdict.Note);
            Assert.DoesNotContain($"<!-- {Block("flagged-wire", record.Proof)} -->", page.Text, StringComparison.Ordinal);
            return;
        }

        Assert.True(verdict.Status == ProofStatus.Proved, $"{program} was not proved: {verdict.Note}");
        Assert.Equal(2, logs.Count);
        CompareEvents(page, Block("flagged-wire", record.Proof), WireExcerpt.Draw(OfTheClaim(logs[0], record.Flagged.Report!)), record.Flagged.Report!);
        CompareEvents(page, Block("fixed-wire", record.Proof), WireExcerpt.Draw(OfTheClaim(logs[1], record.Fixed.Report!)), record.Fixed.Report!);

        SegmentLog Open(CaptureFilter filter)
        {
            logs.Add(new SegmentLog(LinuxPacketSocket.OpenLoopback(filter)));
            return logs[^1];
        }
    }

    /// <summary>A program may have more connections than the one that it is about.</summary>
    private static Segment[] OfTheClaim(SegmentLog log, ProgramReport report) =>
    [
        .. log.Segments.Where(segment => new[] { segment.Source.ToString(), segment.Destination.ToString() }.Order().SequenceEqual(
            new[] { report.Sender.ToString(), report.Receiver.ToString() }.Order())),
    ];

    [Theory]
    [MemberData(nameof(Rules))]
    public async Task Options_AreThoseThatTheRuleReads_WithTheirDefaults(string rule)
    {
        // Read as in a test project, where the option for those counts too.
        RecordedOptions options = new();
        Proof proof = Proof.All().Single(proof => proof.Rule == rule && proof.Variant.Length == 0);
        Compilation compilation = CSharpCompilation.Create(
            rule,
            [CSharpSyntaxTree.ParseText("global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Threading; global using System.Threading.Tasks;"), CSharpSyntaxTree.ParseText(proof.Source)],
            ProofProject.References(proof),
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, specificDiagnosticOptions: ProofProject.SwitchedOn(rule)));
        ImmutableArray<DiagnosticAnalyzer> analyzers = [.. ProveCommand.Assemblies.Analyzers().Where(analyzer => analyzer.SupportedDiagnostics.Any(d => d.Id == rule))];
        Assert.Single(await new Analysis(compilation, new AnalyzerOptions([], options), analyzers).WholeAsync());

        IEnumerable<string> rows = Regex.Matches(RulePage.Open(rule).Section("Options"), @"^\| `(rstguard\.[a-z_]+)` \| `([^`]+)` \| \S", RegexOptions.Multiline)
            .Select(match => $"{match.Groups[1].Value} = {match.Groups[2].Value}");
        RuleOptions defaults = new(RecordedOptions.None);
        Assert.Equal(
            options.Keys.Order(StringComparer.Ordinal).Select(key => $"{key} = " + key switch
            {
                RuleOptions.MinConnectTimeoutKey => defaults.MinConnectTimeout.ToString(CultureInfo.InvariantCulture),
                RuleOptions.ConnectTimeoutKey => defaults.ConnectTimeout.ToString(CultureInfo.InvariantCulture),
                RuleOptions.GracefulTimeoutKey => defaults.GracefulTimeout.ToString(CultureInfo.InvariantCulture),
                RuleOptions.MaxIdleSecondsKey => defaults.MaxIdleSeconds.ToString(CultureInfo.InvariantCulture),
                RuleOptions.MinBacklogKey => defaults.MinBacklog.ToString(CultureInfo.InvariantCulture),
                RuleOptions.OneWayProtocolsKey => defaults.OneWayProtocols.ToString().ToLowerInvariant(),
                RuleOptions.TestProjectsKey => defaults.TestProjects.ToString().ToLowerInvariant(),
                _ => throw new InvalidOperationException($"What is the default of '{key}'?"),
            }),
            rows.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void RelativeLinks_Resolve(string rule)
    {
        RulePage page = RulePage.Open(rule);
        Assert.All(
            Regex.Matches(page.Prose, @"\]\(([^)\s]+)\)").Select(match => match.Groups[1].Value).Where(target => !target.StartsWith("https://", StringComparison.Ordinal)),
            target => Assert.True(File.Exists(Path.Combine(RulePage.RulesFolder, target.Split('#')[0])), $"{rule}.md links to '{target}', which is not there."));
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void EachCauseThatIsNamed_LinksToItsPageWhereThereIsOne(string rule)
    {
        RulePage page = RulePage.Open(rule);
        Assert.All(
            Enum.GetNames<ResetCause>().Where(cause => Regex.IsMatch(page.Prose, $@"\b{cause}\b") && File.Exists(CausePage(cause))),
            cause => Assert.True(
                page.Text.Contains($"](../causes/{cause}.md)", StringComparison.Ordinal),
                $"{rule}.md names {cause} and does not link to docs/causes/{cause}.md. For the table run this class with {RulePage.UpdateVariable}=1."));
    }

    private static void Compare(RulePage page, string block, string expected)
    {
        if (RulePage.IsUpdating)
        {
            page.Write(block, expected);
        }

        Assert.Equal(expected, page.Block(block));
    }

    private static void CompareEvents(RulePage page, string block, string excerpt, ProgramReport report)
    {
        // What shows the same events stays as it is: an update changes no times that nobody asked for.
        if (RulePage.IsUpdating && !Shows(page.Block(block)))
        {
            page.Write(block, string.Create(
                CultureInfo.InvariantCulture,
                $"```text\n{excerpt}```\n\nSent {report.BytesSent:N0} bytes, received {report.BytesReceived:N0}; the receiver's reading ended with `{report.End}`.\n"));
        }

        Match written = ExcerptBlock.Match(page.Block(block));
        Assert.True(written.Success, $"{page.Path}: the block {block} has not the form in which it is generated.");
        Assert.Equal(WireExcerpt.Events(excerpt), WireExcerpt.Events(written.Groups[1].Value));
        Assert.Equal(report.End, written.Groups[2].Value);

        bool Shows(string content) =>
            ExcerptBlock.Match(content) is { Success: true } old && old.Groups[2].Value == report.End && WireExcerpt.Events(excerpt).SequenceEqual(WireExcerpt.Events(old.Groups[1].Value));
    }

    private static string Table(string rule)
    {
        CatalogueEntry entry = Catalogue.Find(rule)!;
        CodeFixProvider? fix = ProveCommand.Assemblies.Fixes().SingleOrDefault(fix => fix.FixableDiagnosticIds.Contains(rule));
        StringBuilder table = new("| | |\n|---|---|\n");
        void Row(string name, string value) => table.Append(CultureInfo.InvariantCulture, $"| {name} | {value} |\n");
        Row("Id", rule);
        Row("Title", Title(rule));
        Row("Category", entry.Descriptor.Category);
        Row("Severity", entry.Descriptor.DefaultSeverity.ToString());
        Row("Enabled", entry.Descriptor.IsEnabledByDefault ? "by default" : "no");
        Row("Code fix", fix is null ? "none" : FixTexts.Resources.GetString(rule, CultureInfo.InvariantCulture)!);
        Row("Fix All", fix?.GetFixAllProvider() is null ? "no" : "yes");
        Row("Effect", entry.Effect);
        Row("Causes", string.Join(", ", entry.Causes.Select(cause => File.Exists(CausePage(cause)) ? $"[{cause}](../causes/{cause}.md)" : cause)));
        return table.ToString();
    }

    private static string Title(string rule) => Catalogue.Find(rule)!.Descriptor.Title.ToString(CultureInfo.InvariantCulture);

    private static string CausePage(string cause) => Path.Combine(RulePage.DocsFolder, "causes", cause + ".md");

    private static string Block(string name, Proof proof) => proof.Variant.Length == 0 ? name : $"{name}-{proof.Variant}";

    private static string Code(string source) => $"```csharp\n{source}\n```\n";

    private static string AddedFiles(string diff) => string.Concat(
        Regex.Matches(diff, @"^--- /dev/null\n\+\+\+ b/(.+)$", RegexOptions.Multiline)
            .Select(match => $"\nThe fix adds one file to the project: `{match.Groups[1].Value}`.\n"));

    private static Task<ProofRecord> FixWithoutRunning(string program) =>
        Unrun.GetOrAdd(program, name => new(() => ProveAsync(name, new NoWire()))).Value;

    private static async Task<ProofRecord> ProveAsync(string program, IWire wire)
    {
        Proof proof = Proof.All().Single(proof => proof.FileName == program);
        Prover prover = new(ProveCommand.Assemblies.Analyzers(), ProveCommand.Assemblies.Fixes(), wire);
        return await prover.ProveAsync(Assert.Single(ProveCommand.Choose([proof.Rule])).Rule, proof, _ => { }, CancellationToken.None);
    }

    /// <summary>Keeps a proof from running its programs, so that what is asked of the compiler alone needs no privilege.</summary>
    private sealed class NoWire : IWire
    {
        public Task<IWireCapture> StartAsync(IPAddress address, CancellationToken cancellationToken) => throw new CaptureUnavailableException("Not asked for.", "");
    }

    /// <summary>Options of a test project whose findings are asked for, and where nothing else is set; notes which of RstGuard's keys are asked for.</summary>
    private sealed class RecordedOptions : AnalyzerConfigOptionsProvider
    {
        private readonly ConcurrentDictionary<string, bool> _keys = new();

        public static AnalyzerConfigOptions None { get; } = new Values([], new());

        public IEnumerable<string> Keys => _keys.Keys;

        public override AnalyzerConfigOptions GlobalOptions => new Values(new() { ["build_property.IsTestProject"] = "true" }, _keys);

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => new Values(new() { [RuleOptions.TestProjectsKey] = "on" }, _keys);

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => new Values([], _keys);

        private sealed class Values(Dictionary<string, string> values, ConcurrentDictionary<string, bool> keys) : AnalyzerConfigOptions
        {
            public override bool TryGetValue(string key, [NotNullWhen(true)] out string? value)
            {
                if (key.StartsWith("rstguard.", StringComparison.Ordinal))
                {
                    keys[key] = true;
                }

                return values.TryGetValue(key, out value);
            }
        }
    }
}
