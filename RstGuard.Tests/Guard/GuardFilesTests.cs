using System.Net;
using System.Net.Sockets;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Scenarios;
using RstGuard.Tests.CallSites;
using RstGuard.Tests.Capture;
using static RstGuard.Tests.Guard.Guarded;

namespace RstGuard.Tests.Guard;

/// <summary>What a failing guard leaves beside the test results.</summary>
[IntentionalReset("The guard must see these resets.")]
public sealed class GuardFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rstguard-results-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task FailingGuard_LeavesItsConnectionsWithTheVerdictAsAComment()
    {
        ResetDetectedException exception = await FailAsync(_folder);

        Assert.Equal([".html", ".json", ".pcapng"], exception.Files.Select(Path.GetExtension));
        Assert.All(exception.Files, file => Assert.Equal(_folder, Path.GetDirectoryName(file)));
        string path = exception.Files[2];
        Assert.Contains(path, exception.Message, StringComparison.Ordinal);
        GuardedReset reset = Assert.Single(exception.Resets);

        // The connection that was not reset is not in it, and the reset is.
        using IPacketSource file = CaptureFile.Open(path);
        ResetVerdict read = Assert.Single((await Record(file)).Resets);
        Assert.Equal((reset.Verdict.Sender, reset.Verdict.Receiver), (read.Sender, read.Receiver));
        Assert.Contains("LingerZero (Certain)", System.Text.Encoding.UTF8.GetString(await File.ReadAllBytesAsync(path)), StringComparison.Ordinal);

        static async Task<ResetRecording> Record(IPacketSource source)
        {
            await using ResetRecorder recorder = ResetRecorder.Start(source);
            ResetRecording recording = await recorder.StopAsync();
            Assert.Single(recording.Connections);
            return recording;
        }
    }

    [Fact]
    public async Task Wireshark_ShowsTheVerdictAtTheReset()
    {
        ResetDetectedException exception = await FailAsync(_folder);
        string[][] frames = await Tshark.FieldsAsync(exception.Files[2], "tcp.flags.reset", "frame.comment");

        string[] reset = Assert.Single(frames, frame => frame[0] is "1" or "True");
        Assert.Contains("LingerZero (Certain)", reset[1], StringComparison.Ordinal);
        Assert.Contains($"{nameof(Guarded)}.cs:", reset[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task FolderThatCanNotBeWritten_IsTold()
    {
        string file = Path.Combine(_folder, "a file");
        await File.WriteAllTextAsync(file, "");
        ResetDetectedException exception = await FailAsync(Path.Combine(file, "below"));
        Assert.Empty(exception.Files);
        Assert.Contains("No report and no packets were written: ", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoFolder_LeavesNothing()
    {
        ResetDetectedException exception = await FailAsync(null);
        Assert.Empty(exception.Files);
        Assert.DoesNotContain("ritten", exception.Message, StringComparison.Ordinal);
    }

    private static async Task<ResetDetectedException> FailAsync(string? folder)
    {
        NeedsCapture();
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetGuard guard = ResetGuard.Start(On(address) with { ResultsFolder = folder });
        for (int i = 0; i < 2; i++)
        {
            (Socket socket, Socket peer) = LoopbackConnection.Open(address);
            socket.Send(new byte[300]);
            Assert.True(SpinWait.SpinUntil(() => peer.Available == 300, TimeSpan.FromSeconds(10)));
            Assert.Equal(300, peer.Receive(new byte[300]));
            if (i == 0)
            {
                socket.CloseAbortively();
            }

            socket.Dispose();
            peer.Dispose();
        }

        return await Assert.ThrowsAsync<ResetDetectedException>(() => guard.AssertNoResetsAsync());
    }
}
