using RstGuard.Capture;

namespace RstGuard.Tests.Capture;

/// <summary>The capture contract over packets that were recorded from the wire and are replayed from memory.</summary>
public sealed class RecordedPacketsContractTests : PacketSourceContract
{
    protected override byte Network => 4;

    protected override IPacketSource Open(CaptureFilter filter)
    {
        CapabilityProbe probe = CaptureCapability.ProbePacketSocket();
        Requirement.Check("capture", probe.IsAvailable, probe.Reason + probe.Remedy);
        return new ReplayedCapture(LinuxPacketSocket.OpenLoopback(filter));
    }

    /// <summary>Records when it is first read, what came until it is quiet.</summary>
    private sealed class ReplayedCapture(LinuxPacketSocket live) : IPacketSource
    {
        private RecordedPackets? _recorded;

        public string Description => live.Description;

        public bool IsLive => false;

        public CaptureDetail Detail => live.Detail;

        public ReadResult Read(out CapturedPacket packet, TimeSpan timeout)
        {
            _recorded ??= new RecordedPackets(RecordedPackets.CopyFrom(live, TimeSpan.FromMilliseconds(400)), detail: live.Detail);
            Assert.Equal(live.Detail, _recorded.Detail);
            return _recorded.Read(out packet, timeout);
        }

        public CaptureStatistics GetStatistics() => live.GetStatistics();

        public void Dispose() => live.Dispose();
    }
}
