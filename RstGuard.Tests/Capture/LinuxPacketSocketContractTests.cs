using RstGuard.Capture;

namespace RstGuard.Tests.Capture;

/// <summary>The capture contract over the Linux packet socket.</summary>
public sealed class LinuxPacketSocketContractTests : PacketSourceContract
{
    protected override byte Network => 2;

    protected override IPacketSource Open(CaptureFilter filter) => Open(filter, new LinuxPacketSocketOptions());

    protected override IPacketSource OpenSmall(CaptureFilter filter) => Open(filter, new LinuxPacketSocketOptions { BufferSize = 4096 });

    private static LinuxPacketSocket Open(CaptureFilter filter, LinuxPacketSocketOptions options)
    {
        try
        {
            return LinuxPacketSocket.OpenLoopback(filter, options);
        }
        catch (CaptureUnavailableException exception)
        {
            Requirement.Check("capture", false, exception.Message);
            throw;
        }
    }
}
