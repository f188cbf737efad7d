using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using RstGuard.Capture;

namespace RstGuard.Tests.Guard;

/// <summary>What tests of the guard share.</summary>
[IntentionalReset("The guard must see these resets.")]
internal static class Guarded
{
    public static ResetGuardOptions WithoutCapture { get; } =
        new() { OpenSource = _ => throw new CaptureUnavailableException("No privilege.", "Take this remedy.") };

    /// <summary>A guard of one address, so that tests in parallel stay small.</summary>
    public static ResetGuardOptions On(IPAddress address) => new() { Filter = new CaptureFilter { Addresses = [address] } };

    /// <summary>Skips the test where no packet can be captured.</summary>
    public static void NeedsCapture()
    {
        CapabilityProbe probe = CaptureCapability.ProbePacketSocket();
        Requirement.Check("capture", probe.IsAvailable, probe.Reason);
    }

    /// <summary>The line of the call.</summary>
    public static int Line([CallerLineNumber] int line = 0) => line;

    /// <summary>Resets a connection on purpose; the line that closes is the one that calls.</summary>
    public static void CloseAbortively(this Socket socket)
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }
}
