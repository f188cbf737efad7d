using RstGuard.Capture;
using RstGuard.Lab;

namespace RstGuard.Tests.Lab;

/// <summary>Counters speak for a whole network namespace, so a capture says whether it sees all of one.</summary>
public sealed class WholeNamespaceTests
{
    [Fact]
    public async Task LoopbackCapture_SeesTheWholeNamespace_WhileNoOtherInterfaceIsUp()
    {
        Requirement.Check("netns", OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "a further network namespace in this process needs root on Linux");
        Requirement.Check("netns", LabNetwork.Need, LabNetwork.Ip);
        using NamespaceThread thread = await NamespaceThread.StartAsync();
        (bool Alone, bool BesideOneThatIsDown, bool BesideOneThatIsUp) seen = await thread.InvokeAsync(() =>
        {
            bool alone = SeesAll();
            LabNetwork.RunProgram("ip", "link", "add", "near", "type", "veth", "peer", "name", "far");
            bool besideOneThatIsDown = SeesAll();
            LabNetwork.RunProgram("ip", "link", "set", "near", "up");
            LabNetwork.RunProgram("ip", "link", "set", "far", "up");
            return (alone, besideOneThatIsDown, SeesAll());
        });
        Assert.Equal((true, true, false), seen);
    }

    private static bool SeesAll()
    {
        using LinuxPacketSocket source = LinuxPacketSocket.OpenLoopback();
        return source.SeesWholeNamespace;
    }
}
