using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using RstGuard.CallSites;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Reports;
using RstGuard.Tcp;
using RstGuard.Tests.Capture;
using RstGuard.Tests.Cli;

namespace RstGuard.Tests.Reports;

/// <summary>One report in all its forms, of text that was made to break out of each.</summary>
public sealed partial class ResetReportTests : IDisposable
{
    private const string Hostile = "\u001b]0;owned\u0007\u009b31m <script>alert(1)</script> ]]> --> \u202egnp\u2066 \" onload='x' &lt; \ufffe \u2028";

    private readonly string _folder = Directory.CreateTempSubdirectory("rstguard-report-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Page_RunsNothing_LoadsNothing_AndShowsTheHostileTextAsText()
    {
        string page = Written(Report(Hostile).WriteHtml);
        Assert.DoesNotContain(page, IsNotForReading);

        // It is XML as well, so that this reads what a browser would.
        XDocument document = XDocument.Parse(page);
        string[] elements = [.. document.Descendants().Select(element => element.Name.LocalName).Distinct().Order(StringComparer.Ordinal)];
        Assert.Empty(elements.Except(
        [
            "a", "article", "b", "body", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "g", "h1", "h2", "head", "header", "html", "i", "li", "meta", "p", "path",
            "pre", "section", "span", "style", "summary", "svg", "table", "td", "text", "th", "title", "tr", "ul",
        ]));
        string[] attributes = [.. document.Descendants().SelectMany(element => element.Attributes()).Select(attribute => attribute.Name.LocalName).Distinct()];
        Assert.Empty(attributes.Except(
            ["aria-label", "charset", "class", "content", "d", "href", "http-equiv", "lang", "name", "role", "text-anchor", "viewBox", "x", "y"]));
        Assert.Equal([ResetRules.PageOf("RST2001")], document.Descendants("a").Select(link => link.Attribute("href")!.Value));
        Assert.Empty(LoadedAddress().Matches(string.Concat(document.Descendants("style").Select(style => style.Value))));
        Assert.Contains("default-src 'none'", document.Descendants("meta").Select(meta => meta.Attribute("content")?.Value ?? "").First(content => content.Contains("src")));
        Assert.Contains("<script>alert(1)</script> ]]>", document.Descendants("li").First().Value);
    }

    [Fact]
    public void Page_ShowsTheClosingLineOfTheSource_AndItsNeighbours()
    {
        string source = Path.Combine(_folder, "Server.cs");
        File.WriteAllLines(source, ["        one();", "        two();", "        socket.Close(); // <b>", "", "    }", "six"]);
        ResetReport report = Report("text", new SourceLine(source, 3));
        XDocument document = XDocument.Parse(Written(report.WriteHtml));
        XElement figure = document.Descendants("figure").Single();
        Assert.Equal("Server.cs:3", figure.Element("figcaption")!.Element("b")!.Value);
        Assert.Equal(["1    one();", "2    two();", "3    socket.Close(); // <b>", "4", "5}"], figure.Element("pre")!.Elements("span").Select(line => line.Value));
        Assert.Equal("3    socket.Close(); // <b>", figure.Element("pre")!.Elements("span").Single(line => line.Attribute("class")?.Value == "guilty").Value);
    }

    [Fact]
    public void Svg_IsXml_WithTheCauseTheLineAndTheReset()
    {
        string picture = Written(Report(Hostile).WriteSvg);
        Assert.DoesNotContain(picture, IsNotForReading);
        XElement svg = XDocument.Parse(picture).Root!;
        Assert.Empty(svg.Descendants().Select(element => element.Name.LocalName).Except(["title", "style", "rect", "path", "g", "text"]));
        string[] texts = [.. svg.Descendants().Where(element => element.Name.LocalName == "text").Select(text => text.Value)];
        Assert.Contains("CloseWithUnread", texts);
        Assert.Contains("closed at Server.cs:42", texts);
        Assert.Contains("RST ACK: the reset", texts);
        Assert.Contains("ACK 8 bytes: what it answers", texts);
    }

    [Fact]
    public void Svg_OfLongAddresses_StaysInsideItsWidth()
    {
        GuardedReset reset = Reset("text", null);
        IPEndPoint sender = IPEndPoint.Parse("[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:65535"), receiver = IPEndPoint.Parse("[2001:db8:aaaa:bbbb:cccc:dddd:eeee:fffe]:65534");
        ResetVerdict verdict = reset.Verdict with { Sender = sender, Receiver = receiver };
        ResetReport report = Report("text") with { Resets = [reset with { Verdict = verdict, Site = null }] };
        XElement svg = XDocument.Parse(Written(report.WriteSvg)).Root!;
        double[] rows = [.. new[] { sender, receiver }.Select(end => double.Parse(svg.Descendants().First(element => element.Value == end.ToString() && element.Name.LocalName == "text").Attribute("y")!.Value))];
        Assert.NotEqual(rows[0], rows[1]);
        Assert.All(
            svg.Descendants().Where(element => element.Name.LocalName == "text"),
            text => Assert.InRange(text.Value.Length * SvgLadder.CharacterWidth * (text.Attribute("class")!.Value switch { "rg-small" => 12, "rg-title" => 20, _ => 14 }) / 14, 0, SvgLadder.Width));
    }

    [Fact]
    public void Json_IsAsDocumented_AndGivesTheTextBackAsItWas()
    {
        ResetReport report = Report(Hostile);
        string json = Written(report.WriteJson);
        Assert.DoesNotContain(json, IsNotForReading);
        Assert.DoesNotContain("<script", json);
        JsonElement root = JsonDocument.Parse(json).RootElement;
        Assert.Empty(JsonSchema.Violations(JsonSchema.Documented("Reports"), root));
        Assert.Equal(Hostile, root.GetProperty("resets")[0].GetProperty("evidence")[0].GetProperty("text").GetString());
        Assert.Equal(Hostile, root.GetProperty("subject").GetString());
        JsonElement line = root.GetProperty("resets")[0].GetProperty("site").GetProperty("lines")[0];
        Assert.Equal(42, line.GetProperty("line").GetInt32());
    }

    [Fact]
    public void Text_HasTheLine_AndNoControlSequence()
    {
        string text = Written(Report(Hostile).WriteText);
        Assert.DoesNotContain(text, IsNotForReading);
        Assert.Contains("closed at", text);
        Assert.Contains("Server.cs:42", text);
        Assert.Contains("<== the reset", text);
        Assert.Matches("RST2001(, or [^\\n]*)?  https://", text);
    }

    [Fact]
    public async Task SavedCapture_HasTheVerdictAtTheResetAndAtTheFile()
    {
        ResetReport report = Report("four bytes were unread");
        PacketHistory history = new();
        foreach (SegmentSummary segment in report.Resets[0].Verdict.LastSegments)
        {
            byte[] data = new Diagnosis.WireSegment(segment.Source, segment.Destination, segment.Flags, segment.SequenceNumber, segment.AcknowledgmentNumber).ToPacket().Data.ToArray();
            history.Add(new CapturedPacket(data, data.Length, segment.Time.ToUnixTimeMilliseconds() * 1_000_000, LinkType.Raw, 1, segment.Frame));
        }

        IReadOnlyList<string> paths = report.Save(Path.Combine(_folder, "new"), "../A.Test(x: \"y\")", history.Replay());
        Assert.Equal(["_A.Test_x___y__.html", "_A.Test_x___y__.json", "_A.Test_x___y__.pcapng"], paths.Select(Path.GetFileName));
        Assert.All(paths, path => Assert.Equal(Path.Combine(_folder, "new"), Path.GetDirectoryName(path)));
        string[][] frames = await Tshark.FieldsAsync(paths[2], "frame.number", "tcp.flags.reset", "frame.comment");
        Assert.Equal(["1", "2"], frames.Select(frame => frame[0]));
        Assert.StartsWith("RstGuard: What the reset by 127.0.0.1:80 answers.", frames[0][2]);
        Assert.StartsWith("RstGuard: CloseWithUnread (Strong): 127.0.0.1:80 reset 127.0.0.1:40001. Closed at", frames[1][2]);
        Assert.Contains("four bytes were unread", frames[1][2]);
        Assert.Contains("1 connection was reset.", await Tshark.FileInformationAsync(paths[2]));
    }

    [Fact]
    public void NothingSeen_IsGreenOnlyWhereNothingWasMissed()
    {
        ResetReport nothing = new() { Subject = "s", Resets = [] };
        Assert.Equal("No connection was reset", nothing.Headline);
        ResetReport missed = nothing with { Gaps = ["3 packets were lost."] };
        Assert.DoesNotContain("No connection", missed.Headline);
        Assert.Contains("class=\"unsure\"", Written(missed.WriteHtml));
        Assert.Contains("3 packets were lost.", Written(missed.WriteHtml));
        XDocument.Parse(Written(nothing.WriteSvg));
    }

    [Fact]
    public void EveryCause_IsToldInASentence() => Assert.All(
        Enum.GetValues<ResetCause>().Where(cause => cause != ResetCause.Unknown),
        cause => Assert.NotEqual(CauseText.Of(ResetCause.Unknown), CauseText.Of(cause)));

    private static bool IsNotForReading(char c) => (char.IsControl(c) && c != '\n') || char.GetUnicodeCategory(c) is System.Globalization.UnicodeCategory.Format || c is '\ufffe' or '\u2028';

    private static string Written(Action<TextWriter> write)
    {
        using StringWriter output = new();
        write(output);
        return output.ToString();
    }

    private static ResetReport Report(string text, SourceLine? line = null) => new()
    {
        Subject = text,
        Resets = [Reset(text, line)],
        Gaps = [text],
        Notes = [text],
        Statistics = new CaptureStatistics(2, 0),
        Connections = 1,
    };

    private static GuardedReset Reset(string text, SourceLine? line)
    {
        IPEndPoint server = IPEndPoint.Parse("127.0.0.1:80"), client = IPEndPoint.Parse("127.0.0.1:40001");
        DateTimeOffset time = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
        SegmentSummary data = new(7, time, client, server, TcpFlags.Ack, 1, 1, 512, 8);
        SegmentSummary reset = new(8, time.AddMilliseconds(3), server, client, TcpFlags.Reset | TcpFlags.Ack, 1, 9, 0, 0);
        return new GuardedReset
        {
            Verdict = new ResetVerdict
            {
                Sender = server,
                Receiver = client,
                Time = reset.Time,
                Frame = 8,
                Shape = ResetShape.Active,
                Candidates = [ResetCause.CloseWithUnread],
                Confidence = Confidence.Strong,
                Evidence = [new Evidence("fact", true, ResetCause.CloseWithUnread, text, [8]), new Evidence("fact", false, ResetCause.LingerZero, text, [7])],
                MissingEvidence = [text],
                Trigger = data,
                LastSegments = [data, reset],
                BytesFromSender = 0,
                BytesFromReceiver = 8,
                FollowsEarlierReset = false,
            },
            Basis = ResetBasis.Seen,
            SentByThisProcess = true,
            Candidates = [ResetCause.CloseWithUnread],
            Confidence = Confidence.Strong,
            Origin = CloseOrigin.Plain,
            Site = new CloseSite { Kind = CloseSiteKind.Exact, Method = text, Line = line ?? new SourceLine("/src/" + text.Replace('/', ' ') + "/Server.cs", 42) },
            UnreadBytes = 4,
            UnacknowledgedBytes = 0,
            Rules = ["RST2001"],
        };
    }

    [GeneratedRegex(@"url\(|@import|https?:", RegexOptions.IgnoreCase)]
    private static partial Regex LoadedAddress();
}
