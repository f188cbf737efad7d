using SharpPcap;

namespace RstGuard.Capture;

/// <summary>SharpPcap's failures in words that say what is missing on this system and how to get it.</summary>
internal static class SharpPcapFailure
{
    private static string Library => OperatingSystem.IsWindows() ? "Npcap" : "libpcap";

    /// <summary>Whether <paramref name="exception"/> is one that SharpPcap throws for the state of the machine.</summary>
    public static bool IsOne(Exception exception) => exception
        is PcapException
        or DeviceNotReadyException
        or StatisticsException
        or PlatformNotSupportedException
        or DllNotFoundException
        or EntryPointNotFoundException
        or TypeInitializationException { InnerException: DllNotFoundException or EntryPointNotFoundException };

    public static CaptureException Translate(Exception exception, string failure) => exception switch
    {
        DllNotFoundException or TypeInitializationException { InnerException: DllNotFoundException } =>
            new CaptureUnavailableException($"{failure}: {Library} is not installed.", InstallRemedy(), exception),
        EntryPointNotFoundException or TypeInitializationException =>
            new CaptureUnavailableException($"{failure}: {Library} is too old.", InstallRemedy(), exception),
        PcapException { Error: PcapError.PermissionDenied or PcapError.PromiscuousPermissionDenied } =>
            new CaptureUnavailableException($"{failure}: this user may not capture.", PermissionRemedy(), exception),
        PcapException { Error: PcapError.InterfaceNotUp } =>
            new CaptureUnavailableException($"{failure}: the interface is down.", "Bring it up, for example with: ip link set dev NAME up", exception),
        _ => new CaptureException($"{failure}: {exception.Message.TrimEnd('.')}. {Library} says no more; check the name of the device and that no other program holds it.", exception),
    };

    public static CaptureUnavailableException NoLoopback() => new(
        $"{Library} lists no loopback device.",
        OperatingSystem.IsWindows()
            ? "Install Npcap again with 'Support loopback traffic' selected, and start the service npcap."
            : "Check that the loopback interface exists and that this user may see it.");

    private static string InstallRemedy() =>
        OperatingSystem.IsWindows() ? "Install Npcap from https://npcap.com with loopback support."
        : OperatingSystem.IsMacOS() ? "macOS brings it as libpcap.dylib; check that this process may load libraries from /usr/lib."
        : "Install it, for example with: sudo apt-get install libpcap0.8 (Fedora: sudo dnf install libpcap). RstGuard's own LinuxPacketSocket needs no library.";

    private static string PermissionRemedy() =>
        OperatingSystem.IsWindows() ? "Npcap was installed for administrators only: run elevated, or install it without that restriction."
        : OperatingSystem.IsMacOS() ? "Give this user the right to read /dev/bpf*, for example with Wireshark's ChmodBPF, or run with sudo."
        : "Run with the one capability it needs: sudo setpriv --reuid=$(id -u) --regid=$(id -g) --init-groups --inh-caps=+net_raw --ambient-caps=+net_raw -- COMMAND; in a container, --cap-add NET_RAW.";
}
