using System.Text.Json;
using System.Text.RegularExpressions;
using FsCheck.Fluent;
using RstGuard.Capture;
using RstGuard.Cli;
using RstGuard.Diagnosis;
using RstGuard.Tcp;
using RstGuard.Tests.Capture;
using RstGuard.Tests.Diagnosis;

namespace RstGuard.Tests.Cli.Explaining;

/// <summary><c>rstguard explain</c> as a user runs it.</summary>
public sealed partial class ExplainCommandTests
{
    [Fact]
    public async Task Json_IsAsDocumented_AndTellsWhatTheRecorderTells()
    {
        foreach (Conversation conversation in Conversations.Generator.Sample(40))
        {
            RecordedPacket[] packets = [.. conversation.Segments.Select(segment => segment.ToPacket())];
            await using ResetRecorder recorder = ResetRecorder.Start(new RecordedPackets(packets));
            ResetRecording expected = await recorder.StopAsync();

            (int exitCode, string output, string error) = await ExplainAsync(CaptureBytes.Pcapng(packets), "--format", "json");
            Assert.Equal((0, ""), (exitCode, error));
            JsonElement rows = JsonDocument.Parse(output).RootElement;
            Assert.Empty(JsonSchema.Violations(JsonSchema.Documented("Resets"), rows));
            Assert.Equal(
                expected.Resets.Select(reset => (reset.Frame, reset.Sender.ToString(), reset.Receiver.ToString(), reset.Confidence.ToString(), string.Join(',', reset.Candidates))),
                rows.EnumerateArray().Select(row => (
                    row.GetProperty("frame").GetInt64(),
                    row.GetProperty("from").GetString()!,
                    row.GetProperty("to").GetString()!,
                    row.GetProperty("confidence").GetString()!,
                    string.Join(',', row.GetProperty("candidates").EnumerateArray()))));
            Assert.All(rows.EnumerateArray(), row => Assert.All(
                row.GetProperty("evidence").EnumerateArray().SelectMany(evidence => evidence.GetProperty("frames").EnumerateArray()),
                frame => Assert.InRange(frame.GetInt64(), 1, packets.Length)));
        }
    }

    [Fact]
    public async Task Text_HasVerdictEvidenceAndLadder()
    {
        (int exitCode, string output, string error) = await ExplainAsync(CaptureBytes.Pcap(Refused(payload: [])));
        Assert.Equal((0, ""), (exitCode, error));
        Assert.StartsWith("Frame 2, 2023-11-14T22:13:20.000001Z: 127.0.0.1:80 reset 127.0.0.1:40001\n  cause    ", output);
        Assert.Contains("ClosedPort", output);
        Assert.Contains("<== the reset", output);
        Assert.EndsWith("1 reset in 1 TCP connection and 2 packets.\n", output);
    }

    [Fact]
    public async Task PayloadOfAReset_CannotWriteToTheTerminal()
    {
        byte[] file = CaptureBytes.Pcap(Refused("\u001b]0;owned\u0007\u009b31m\r\n"u8.ToArray()));
        (_, string output, string error) = await ExplainAsync(file);
        Assert.Equal("", error);
        Assert.Contains("owned", output);
        Assert.DoesNotContain(output, character => char.IsControl(character) && character != '\n');
        (_, string json, _) = await ExplainAsync(file, "--format", "json");
        Assert.DoesNotContain(json, character => char.IsControl(character) && character != '\n');
        JsonElement row = JsonDocument.Parse(json).RootElement[0];
        Assert.Equal("DeclaredByPeer", row.GetProperty("cause").GetString());
        Assert.Contains("owned", row.GetProperty("declared").GetString());
    }

    [Fact]
    public async Task DamagedFile_NamesTheOffset_AndExplainsWhatIsBefore()
    {
        byte[] whole = CaptureBytes.Pcap(Refused(payload: []));
        (int exitCode, string output, string error) = await ExplainAsync([.. whole, 1, 2, 3]);
        Assert.Equal(1, exitCode);
        Assert.Contains("1 reset in 1 TCP connection and 2 packets.", output);
        Assert.Contains($"At byte {whole.Length}:", error);
        Assert.Contains("2 packets before it", error);
    }

    [Fact]
    public async Task NoCaptureFile_IsSaidWithoutOutput()
    {
        (int exitCode, string output, string error) = await ExplainAsync("GET / HTTP/1.1"u8.ToArray(), "--format", "json");
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("neither pcap nor pcapng", error);
    }

    [Fact]
    public async Task LossesOfTheCapture_AreSaid()
    {
        RecordedPacket[] packets = Refused(payload: []);
        byte[] dropped = new CaptureBytes(false).U16(7).U16(8).U64(12).U32(0).ToArray();
        byte[] file = [.. CaptureBytes.Pcapng(packets), .. new CaptureBytes(false).Block(5, body => body.U32(0).U32(0).U32(0).Bytes(dropped)).ToArray()];
        (int exitCode, _, string error) = await ExplainAsync(file);
        Assert.Equal(0, exitCode);
        Assert.Contains("12 of 14 packets were lost", error);
    }

    [Fact]
    public async Task DocumentedExample_IsTheRealOutput()
    {
        string document = await File.ReadAllTextAsync(Path.Combine(DotNet.RepositoryRoot, "docs", "explain.md"));
        string example = document.Split("<!-- example -->\n```\n")[1].Split("```\n<!-- /example -->")[0];
        byte[] file = await File.ReadAllBytesAsync(Path.Combine(DotNet.RepositoryRoot, "samples", "captures", "data-after-close.pcap"));
        (int exitCode, string output, string error) = await ExplainAsync(file);
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Equal("$ rstguard explain samples/captures/data-after-close.pcap\n" + output, example);
    }

    [Fact]
    public async Task DocumentedPicture_IsTheRealOutput()
    {
        string picture = Path.Combine(DotNet.RepositoryRoot, "docs", "images", "ladder.svg");
        (int exitCode, string output, string error) = await RunAsync("explain", Path.Combine(DotNet.RepositoryRoot, "samples", "captures", "data-after-close.pcap"), "--format", "svg");
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Equal(await File.ReadAllTextAsync(picture), TitleOfSvg().Replace(output, "<title>data-after-close.pcap: 1 connection was reset</title>"));
    }

    [Fact]
    public async Task AnnotatedCapture_ReadsBackAsTheSamePackets_AndTheSameVerdicts()
    {
        byte[] file = await File.ReadAllBytesAsync(Path.Combine(DotNet.RepositoryRoot, "samples", "captures", "data-after-close.pcap"));
        string annotated = Path.GetTempFileName();
        try
        {
            (int exitCode, string output, string error) = await ExplainAsync(file, "--format", "pcapng", "--output", annotated);
            Assert.Equal((0, "", ""), (exitCode, output, error));
            using CaptureFile before = CaptureFile.Open(new MemoryStream(file), "before"), after = CaptureFile.Open(annotated);
            Assert.Equal(
                RecordedPackets.CopyFrom(before, TimeSpan.Zero).Select(packet => (Convert.ToHexString(packet.Data.Span), packet.TimestampNanoseconds)),
                RecordedPackets.CopyFrom(after, TimeSpan.Zero).Select(packet => (Convert.ToHexString(packet.Data.Span), packet.TimestampNanoseconds)));
            Assert.Equal((await ExplainAsync(file, "--format", "json")).Output, (await RunAsync("explain", annotated, "--format", "json")).Output);
        }
        finally
        {
            File.Delete(annotated);
        }
    }

    [Theory]
    [InlineData("needs a file", "x.pcap", "--format", "pcapng")]
    [InlineData("standard input", "-", "--format", "pcapng", "--output", "out.pcapng")]
    public async Task AnnotatedCapture_NeedsTwoFiles(string _, params string[] arguments)
    {
        (int exitCode, string output, string error) = await RunAsync(["explain", .. arguments]);
        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains("--format pcapng", error);
    }

    [Fact]
    public async Task OutputThatIsTheInput_IsRefused_AndLeftAsItIs()
    {
        string path = Path.GetTempFileName();
        try
        {
            byte[] bytes = CaptureBytes.Pcap(Refused(payload: []));
            await File.WriteAllBytesAsync(path, bytes);
            foreach (string format in new[] { "text", "html", "pcapng" })
            {
                (int exitCode, _, string error) = await RunAsync("explain", path, "--format", format, "--output", path);
                Assert.Equal(1, exitCode);
                Assert.Contains("another name", error);
                Assert.Equal(bytes, await File.ReadAllBytesAsync(path));
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static RecordedPacket[] Refused(byte[] payload)
    {
        var client = System.Net.IPEndPoint.Parse("127.0.0.1:40001");
        var server = System.Net.IPEndPoint.Parse("127.0.0.1:80");
        const long start = 1_700_000_000_000_000_000;
        return
        [
            new WireSegment(client, server, TcpFlags.Syn, 100, 0) { Time = start }.ToPacket(),
            new WireSegment(server, client, TcpFlags.Reset | TcpFlags.Ack, 0, 101) { Time = start + 1_000, Window = 0, Payload = payload }.ToPacket(),
        ];
    }

    private static async Task<(int ExitCode, string Output, string Error)> ExplainAsync(byte[] file, params string[] options)
    {
        string path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, file);
            return await RunAsync(["explain", path, .. options]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        int exitCode = await Program.RunAsync(arguments, output, error, TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), error.ToString());
    }

    // It names the file as the command line did.
    [GeneratedRegex("<title>.*</title>")]
    private static partial Regex TitleOfSvg();
}
