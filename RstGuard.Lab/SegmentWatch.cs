using System.Net;
using RstGuard.Capture;
using RstGuard.Scenarios;
using RstGuard.Tcp;

namespace RstGuard.Lab;

/// <summary>Reads along at a connection, as somebody on the way does.</summary>
internal sealed class SegmentWatch(IPEndPoint end) : IDisposable
{
    private readonly LinuxPacketSocket _capture = LinuxPacketSocket.OpenLoopback(new CaptureFilter { Addresses = [end.Address] });

    /// <summary>The next numbers in both directions once the watched end has sent that many bytes in one segment.</summary>
    public (uint Next, uint Acknowledged) NextNumbers(int bytes)
    {
        long deadline = Environment.TickCount64 + (long)LoopbackPair.Wait.TotalMilliseconds;
        while (Environment.TickCount64 < deadline)
        {
            if (_capture.Read(out CapturedPacket packet, TimeSpan.FromMilliseconds(100)) == ReadResult.Packet
                && TcpSegment.TryParse(packet, out TcpSegment segment)
                && segment.Source.ToIPEndPoint().Equals(end) && segment.PayloadLength == bytes)
            {
                return (segment.EndSequenceNumber, segment.AcknowledgmentNumber);
            }
        }

        throw new TimeoutException($"{end} did not send {bytes} bytes.");
    }

    /// <inheritdoc/>
    public void Dispose() => _capture.Dispose();
}
