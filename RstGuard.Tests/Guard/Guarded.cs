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

/// <summary>Where so many tests wait for each other, without a thread that blocks: the pool has few.</summary>
internal sealed class Rendezvous(int count)
{
    private readonly TaskCompletionSource _allThere = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _missing = count;

    /// <summary>Arrives, and waits until all have, a minute at the most.</summary>
    public Task ArriveAsync()
    {
        if (Interlocked.Decrement(ref _missing) == 0)
        {
            _allThere.SetResult();
        }

        return _allThere.Task.WaitAsync(TimeSpan.FromMinutes(1));
    }
}
