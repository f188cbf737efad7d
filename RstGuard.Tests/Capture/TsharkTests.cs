using System.Net;
using FsCheck.Fluent;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Tcp;
using RstGuard.Tests.Diagnosis;

namespace RstGuard.Tests.Capture;

/// <summary>What tshark counts in a file is what is counted here.</summary>
public sealed class TsharkTests
{
    [Fact]
    public Task SampleCapture_IsCountedAlike() => AssertCountedAlikeAsync(Path.Combine(DotNet.RepositoryRoot, "samples", "captures", "data-after-close.pcap"));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Conversations_AreCountedAlike(bool pcapng)
    {
        List<RecordedPacket> packets = [];
        int secondSyns = 0;
        foreach ((int number, Conversation conversation) in Conversations.Generator.Sample(60).Index())
        {
            IPEndPoint client = conversation.Client;
            IPEndPoint Own(IPEndPoint end) => end.Equals(client) ? new(end.Address, 20_000 + number) : end;
            // tshark takes a SYN with another number for a new stream at once; within a handshake it belongs to this one here (BadSynInSynRecv).
            secondSyns += conversation.Segments.Where(segment => segment.Flags == TcpFlags.Syn).Select(segment => segment.SequenceNumber).Distinct().Count() - 1;
            packets.AddRange(conversation.Segments.Select(segment => (segment with { Source = Own(segment.Source), Destination = Own(segment.Destination) }).ToPacket()));
        }

        string path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, pcapng ? CaptureBytes.Pcapng(packets) : CaptureBytes.Pcap(packets, bigEndian: true));
            await AssertCountedAlikeAsync(path, secondSyns);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static async Task AssertCountedAlikeAsync(string path, int secondSyns = 0)
    {
        string[][] frames = await Tshark.FieldsAsync(path, "frame.number", "tcp.stream", "tcp.flags.reset");
        await using ResetRecorder recorder = ResetRecorder.Start(CaptureFile.Open(path));
        ResetRecording recording = await recorder.StopAsync();
        Assert.Equal(frames.Length, recording.Statistics.Received);
        Assert.Equal(frames.Where(frame => frame[2] is "1" or "True").Select(frame => long.Parse(frame[0])), recording.Resets.Select(reset => reset.Frame));
        Assert.Equal(frames.Select(frame => frame[1]).Distinct().Count(), recording.Connections.Count + secondSyns);
    }
}
