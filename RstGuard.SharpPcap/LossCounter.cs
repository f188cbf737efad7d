using System.Reflection;
using System.Runtime.InteropServices;
using SharpPcap;
using SharpPcap.LibPcap;

namespace RstGuard.Capture;

/// <summary>
/// A device's count of lost packets. On Unix libpcap is asked directly: SharpPcap 6.3.1 declares <c>struct pcap_stat</c> with
/// pointer-sized fields where libpcap has <c>unsigned int</c> (pcap/pcap.h), so on 64-bit systems its <c>DroppedPackets</c> is the
/// interface's count instead, which is 0 (measured: a full buffer lost all but 7 packets, and it said 0).
/// </summary>
internal static partial class LossCounter
{
    private const string Library = "pcap";

    static LossCounter() => NativeLibrary.SetDllImportResolver(typeof(LossCounter).Assembly, Resolve);

    /// <summary>Packets lost since the device was opened, modulo 2³²; null where the device does not count them.</summary>
    public static uint? Read(ICaptureDevice device)
    {
        if (device is not LibPcapLiveDevice live || OperatingSystem.IsWindows())
        {
            return device.Statistics?.DroppedPackets;
        }

        return ReadStatistics(live.Handle, out PcapStat statistics) == 0
            ? statistics.Dropped
            : throw new CaptureException($"The loss count of {device.Name} could not be read: {device.LastError}. Without it nothing can be said of this capture; open it again.");
    }

    [LibraryImport(Library, EntryPoint = "pcap_stats")]
    private static partial int ReadStatistics(PcapHandle handle, out PcapStat statistics);

    // The names that SharpPcap tries, in its order, so that both use one library.
    private static IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (name == Library)
        {
            string[] candidates = OperatingSystem.IsMacOS()
                ? ["libpcap.dylib"]
                : ["libpcap.so", "libpcap.so.0", "libpcap.so.0.8", "libpcap.so.1"];
            foreach (string candidate in candidates)
            {
                if (NativeLibrary.TryLoad(candidate, out IntPtr library))
                {
                    return library;
                }
            }
        }

        return IntPtr.Zero;
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct PcapStat
    {
        public readonly uint Received;
        public readonly uint Dropped;
        public readonly uint DroppedByInterface;
    }
}
