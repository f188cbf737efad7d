using FsCheck;
using FsCheck.Fluent;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Tcp;

namespace RstGuard.Tests.Tcp;

public sealed class TcpSegmentTests
{
    [Fact]
    public void AnyBytes_AreParsedWithoutException() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2000),
        Prop.ForAll<byte[], byte>((bytes, first) =>
        {
            // Half of the inputs look like IP and TCP, so that they get past the first checks.
            byte[] data = [first % 2 == 0 ? (byte)0x45 : (byte)0x60, .. bytes];
            foreach (int protocolAt in new[] { 6, 9 })
            {
                if (data.Length > protocolAt)
                {
                    data[protocolAt] = 6;
                }
            }

            foreach (LinkType link in Enum.GetValues<LinkType>())
            {
                CapturedPacket packet = new(data, data.Length, 0, link, 0, 1);
                if (TcpSegment.TryParse(packet, out TcpSegment segment))
                {
                    _ = TcpOptions.Parse(segment.Options, segment.OptionsCut);
                }
            }

            return true;
        }));

    [Fact]
    public void AnyOptions_AreParsedWithoutException() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2000),
        Prop.ForAll<byte[]>(bytes => TcpOptions.Parse(bytes, false).WindowScale is null or (>= 0 and <= 14)));

    [Fact]
    public async Task DroppedPackets_MakeARecordingIncomplete()
    {
        await using ResetRecorder recorder = ResetRecorder.Start(new RecordedPackets([], dropped: 3));
        ResetRecording recording = await recorder.StopAsync();
        Assert.False(recording.IsComplete);
        Assert.Contains("3 of 3", Assert.Single(recording.Gaps));
    }
}
