using System.CommandLine;
using RstGuard.Capture;

namespace RstGuard.Cli.Proving;

/// <summary>
/// What this tool runs of itself inside a private namespace to find out whether it could capture there
/// (<see cref="CaptureCapability.ProbePrivateNamespaceAsync(IReadOnlyList{string}, CancellationToken)"/>).
/// </summary>
internal static class ProbeCommand
{
    public const string Name = "probe-packet-socket";

    public static Command Create()
    {
        Command command = new(Name, "Opens a packet socket and closes it; 0 where that was possible.") { Hidden = true };
        command.SetAction(parsed =>
        {
            CapabilityProbe probe = CaptureCapability.ProbePacketSocket();
            if (!probe.IsAvailable)
            {
                parsed.InvocationConfiguration.Error.WriteLine(probe.Reason);
            }

            return probe.IsAvailable ? 0 : 1;
        });
        return command;
    }
}
