using SharpPcap.LibPcap;

namespace RstGuard.Capture;

/// <summary>
/// A libpcap device that can be waited for as long as the caller wants. SharpPcap's own <c>GetNextPacket</c> waits 500 ms on Linux,
/// whatever was asked for; the poll that takes a time is protected, hence this class.
/// </summary>
internal sealed class PolledDevice(PcapInterface pcapInterface) : LibPcapLiveDevice(pcapInterface)
{
    /// <summary>Waits until there is something to read, or the time is over; the handle can't be closed meanwhile.</summary>
    public void Wait(int milliseconds)
    {
        PcapHandle handle = Handle;
        bool held = false;
        try
        {
            handle.DangerousAddRef(ref held);
            PollFileDescriptor(milliseconds);
        }
        catch (ObjectDisposedException)
        {
            // Closed before the wait began: there is nothing to wait for, and the next read sees it.
        }
        finally
        {
            if (held)
            {
                handle.DangerousRelease();
            }
        }
    }
}
