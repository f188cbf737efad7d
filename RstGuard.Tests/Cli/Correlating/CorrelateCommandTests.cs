using System.Net;
using System.Text.Json;
using RstGuard.CallSites;
using RstGuard.Cli;
using RstGuard.Diagnosis;
using RstGuard.Reports;

namespace RstGuard.Tests.Cli.Correlating;

/// <summary><c>rstguard correlate</c> over a scan and the reports of guards.</summary>
public sealed class CorrelateCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rstguard-correlate-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Finding_IsSeen_Perhaps_OrNever_AndALineThatNoRuleFlaggedIsTold()
    {
        string scan = Scan(("RST2001", "src/Server.cs", 10), ("RST1001", "src/Server.cs", 20), ("RST2001", "src/Other.cs", 10), ("RST1003", "src/Server.cs", 40));
        string report = Report(
            "one",
            Reset(CloseOrigin.Plain, ResetCause.CloseWithUnread, Exact("/build/src/Server.cs", 10)),
            Reset(CloseOrigin.Plain, ResetCause.CloseWithUnread, Exact("C:\\build\\src\\Server.cs", 10)),
            Reset(CloseOrigin.UserLingerZero, ResetCause.LingerZero, Exact("/build/src/Server.cs", 30)),
            Reset(CloseOrigin.PendingAsync, ResetCause.LingerZero, Exact("/build/src/Server.cs", 40)),
            Reset(CloseOrigin.CloseZero, ResetCause.LingerZero, Exact("/build/src/New.cs", 5)),
            Reset(CloseOrigin.Finalizer, ResetCause.LingerZero, new CloseSite { Kind = CloseSiteKind.Finalizer, Method = "" }));

        JsonElement root = await JsonAsync(scan, report);
        Assert.Equal(
            [("RST2001", 2, 0, 0), ("RST1001", 0, 1, 0), ("RST2001", 0, 0, 0), ("RST1003", 0, 0, 1)],
            root.GetProperty("findings").EnumerateArray().Select(finding => (
                finding.GetProperty("id").GetString()!, finding.GetProperty("seen").GetInt32(), finding.GetProperty("inFile").GetInt32(), finding.GetProperty("others").GetInt32())));
        Assert.Equal(
            [("/build/src/New.cs", 5, "RST1003"), (null, 0, "RST3001,RST3002,RST3003,RST3004,RST4002")],
            root.GetProperty("unflagged").EnumerateArray().Select(one => (
                one.GetProperty("path").GetString(), one.GetProperty("line") is { ValueKind: JsonValueKind.Number } line ? line.GetInt32() : 0, string.Join(',', one.GetProperty("rules").EnumerateArray()))));

        (int exitCode, string text, string error) = await RunAsync(scan, report);
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Contains("src/Server.cs:10: RST2001: seen 2 times (CloseWithUnread)\n", text);
        Assert.Contains("src/Server.cs:20: RST1001: 1 such reset of this file, closed at line 30 (LingerZero)\n", text);
        Assert.Contains("src/Other.cs:10: RST2001: never seen\n", text);
        Assert.Contains("src/Server.cs:40: RST1003: never seen; 1 reset of another kind at this line\n", text);
        Assert.Contains("/build/src/New.cs:5: 1 reset (LingerZero; origin CloseZero) that no rule flagged", text);
        Assert.EndsWith("4 findings: 1 seen on the wire, 1 perhaps, 2 never. 6 resets in 1 report, 2 that no rule flagged.\n", text);
    }

    [Fact]
    public async Task DocumentedExample_IsTheRealOutput()
    {
        string scan = Scan(("RST2001", "src/OrderServer.cs", 26), ("RST1001", "src/OrderServer.cs", 58), ("RST2009", "src/Client.cs", 14));
        GuardedReset unread = Reset(CloseOrigin.Plain, ResetCause.CloseWithUnread, Exact("/src/OrderServer.cs", 26));
        string one = Report("one", unread, Reset(CloseOrigin.UserLingerZero, ResetCause.LingerZero, Exact("/src/OrderServer.cs", 71)));
        string two = Report("two", unread, Reset(CloseOrigin.CloseZero, ResetCause.LingerZero, Exact("/src/Proxy.cs", 90) with { Method = "Proxy.Drop" }));
        (_, string text, _) = await RunAsync(scan, one, two);
        Assert.Contains("```\n" + text + "```\n", await File.ReadAllTextAsync(Path.Combine(DotNet.RepositoryRoot, "docs", "ci.md")));
    }

    [Fact]
    public async Task ResetOfAPeer_OneThatFollows_AndOneOfUnknownCause_BlameNoFinding()
    {
        string scan = Scan(("RST2001", "Server.cs", 10));
        GuardedReset own = Reset(CloseOrigin.Plain, ResetCause.CloseWithUnread, Exact("/src/Server.cs", 10));
        string report = Report(
            "one",
            own with { SentByThisProcess = false },
            own with { SentByThisProcess = null },
            own with { Verdict = own.Verdict with { FollowsEarlierReset = true } },
            own with { Confidence = Confidence.Ambiguous, Rules = [] });
        JsonElement finding = (await JsonAsync(scan, report)).GetProperty("findings")[0];
        Assert.Equal((0, 0, 1), (finding.GetProperty("seen").GetInt32(), finding.GetProperty("inFile").GetInt32(), finding.GetProperty("others").GetInt32()));
    }

    [Fact]
    public async Task OneOfSeveralLines_IsNotBlamedForSure()
    {
        string scan = Scan(("RST2001", "Server.cs", 10), ("RST2001", "Server.cs", 20));
        CloseSite site = new() { Kind = CloseSiteKind.Candidates, Method = "Serve", Candidates = [new SourceLine("/src/Server.cs", 10), new SourceLine("/src/Server.cs", 20)] };
        JsonElement findings = (await JsonAsync(scan, Report("one", Reset(CloseOrigin.Plain, ResetCause.CloseWithUnread, site)))).GetProperty("findings");
        Assert.All(findings.EnumerateArray(), finding => Assert.Equal((0, 1), (finding.GetProperty("seen").GetInt32(), finding.GetProperty("inFile").GetInt32())));
    }

    [Fact]
    public async Task ScopeOfAUsing_IsTheFindingsWhereItBeginsAndWhereItEnds()
    {
        string scan = Scan(("RST2001", "Server.cs", 10), ("RST2001", "Server.cs", 20), ("RST2001", "Server.cs", 15));
        CloseSite site = new() { Kind = CloseSiteKind.EndOfUsing, Method = "Serve", Line = new SourceLine("/src/Server.cs", 10), ScopeEndLine = 20 };
        JsonElement findings = (await JsonAsync(scan, Report("one", Reset(CloseOrigin.Plain, ResetCause.CloseWithUnread, site)))).GetProperty("findings");
        Assert.Equal([1, 1, 0], findings.EnumerateArray().Select(finding => finding.GetProperty("seen").GetInt32()));
    }

    [Fact]
    public async Task FilesOfOneName_AreToldApartByTheLongestPath_AndByTheRoot()
    {
        string scan = Scan(("RST2001", "Server.cs", 10), ("RST2001", "b/Server.cs", 10));
        string report = Report("one", Reset(CloseOrigin.Plain, ResetCause.CloseWithUnread, Exact(Path.Combine(_folder, "b", "Server.cs"), 10)));
        Assert.Equal([0, 1], Seen(await JsonAsync(scan, report)));
        Assert.Equal([0, 1], Seen(await JsonAsync(scan, report, "--root", _folder)));
        Assert.Equal([1, 0], Seen(await JsonAsync(scan, report, "--root", Path.Combine(_folder, "b"))));
        Assert.Equal([0, 0], Seen(await JsonAsync(scan, report, "--root", Path.Combine(_folder, "c"))));

        static IEnumerable<int> Seen(JsonElement root) => root.GetProperty("findings").EnumerateArray().Select(finding => finding.GetProperty("seen").GetInt32());
    }

    [Fact]
    public async Task FolderOfReports_IsReadWhole_AndWhatTheyMissedIsSaid()
    {
        string folder = Path.Combine(_folder, "results");
        Directory.CreateDirectory(folder);
        File.Move(Report("one", Reset(CloseOrigin.Plain, ResetCause.CloseWithUnread, Exact("/src/Server.cs", 10))), Path.Combine(folder, "one.json"));
        ResetReport incomplete = new() { Subject = "two", Resets = [], Gaps = ["3 packets were lost."] };
        incomplete.Save(folder, "two");
        (int exitCode, string text, string error) = await RunAsync(Scan(("RST2001", "Server.cs", 10)), folder);
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Contains("seen once", text);
        Assert.Contains("1 reset in 2 reports", text);
        Assert.Contains("1 of the reports did not see everything", text);
    }

    [Theory]
    [InlineData("{", "no JSON")]
    [InlineData("[{\"id\": 5}]", "an array of findings")]
    [InlineData("{}", "an array of findings")]
    [InlineData("[{\"id\": null, \"path\": null}]", "an array of findings")]
    public async Task FileThatIsNoScan_IsNamed(string content, string says)
    {
        string scan = Path.Combine(_folder, "scan.json");
        await File.WriteAllTextAsync(scan, content);
        (int exitCode, string output, string error) = await RunAsync(scan, Report("one"));
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains(scan, error);
        Assert.Contains(says, error);
        (_, _, error) = await RunAsync(Scan(), scan);
        Assert.Contains(scan, error);
    }

    [Fact]
    public async Task HostileText_CannotWriteToTheTerminal()
    {
        string scan = Scan(("RST2001", "\u001b]0;owned\u0007\u202e.cs", 10));
        foreach (string format in new[] { "text", "json" })
        {
            (_, string output, _) = await RunAsync(scan, Report("one", Reset(CloseOrigin.Plain, ResetCause.CloseWithUnread, Exact("\u001b[2J\u2066", 1))), "--format", format);
            Assert.DoesNotContain(output, c => (char.IsControl(c) && c != '\n') || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.Format);
        }
    }

    private static CloseSite Exact(string file, int line) => new() { Kind = CloseSiteKind.Exact, Method = "Server.Serve", Line = new SourceLine(file, line) };

    private static GuardedReset Reset(CloseOrigin origin, ResetCause cause, CloseSite site) => new()
    {
        Verdict = new ResetVerdict
        {
            Sender = IPEndPoint.Parse("127.0.0.1:80"),
            Receiver = IPEndPoint.Parse("127.0.0.1:40001"),
            Time = DateTimeOffset.UnixEpoch,
            Frame = 1,
            Shape = ResetShape.Active,
            Candidates = [cause],
            Confidence = Confidence.Strong,
            Evidence = [],
            MissingEvidence = [],
            LastSegments = [],
            BytesFromSender = 0,
            BytesFromReceiver = 0,
            FollowsEarlierReset = false,
        },
        Basis = ResetBasis.Seen,
        SentByThisProcess = true,
        Candidates = [cause],
        Confidence = Confidence.Strong,
        Origin = origin,
        Site = site,
        UnacknowledgedBytes = 0,
        Rules = ResetRules.For(origin, cause),
    };

    private string Scan(params (string Id, string Path, int Line)[] findings)
    {
        string path = Path.Combine(_folder, $"scan-{Guid.NewGuid():N}.txt");
        File.WriteAllText(path, JsonSerializer.Serialize(findings.Select(finding => new
        {
            id = finding.Id,
            severity = "Warning",
            message = "m",
            path = finding.Path,
            line = finding.Line,
            column = 1,
            endLine = finding.Line,
            endColumn = 2,
        })));
        return path;
    }

    private string Report(string name, params GuardedReset[] resets) => new ResetReport { Subject = name, Resets = resets }.Save(_folder, name)[1];

    private async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        (int exitCode, string output, string error) = await RunAsync([.. arguments, "--format", "json"]);
        Assert.Equal((0, ""), (exitCode, error));
        JsonElement root = JsonDocument.Parse(output).RootElement;
        Assert.Empty(JsonSchema.Violations(JsonSchema.Documented("Correlations"), root));
        return root;
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        int exitCode = await Program.RunAsync(["correlate", .. arguments], output, error, TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), error.ToString());
    }
}
