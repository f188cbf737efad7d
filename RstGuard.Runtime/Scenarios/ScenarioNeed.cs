using System.Net.Sockets;

namespace RstGuard.Scenarios;

/// <summary>Something that a scenario needs of the machine.</summary>
/// <param name="Name">A short name, such as <c>nft</c>.</param>
/// <param name="Probe">Finds out whether it is there: null, or what is missing and how to get it.</param>
public sealed record ScenarioNeed(string Name, Func<string?> Probe)
{
    /// <summary>Linux: socket options and timers of its TCP.</summary>
    public static ScenarioNeed Linux { get; } = new("linux", () => OperatingSystem.IsLinux() ? null : "This scenario uses options of Linux sockets. Run it on Linux, or in a Linux container.");

    /// <summary>IPv6 over loopback.</summary>
    public static ScenarioNeed IPv6 { get; } = new("ipv6", () => Socket.OSSupportsIPv6 ? null : "This system has no IPv6. Enable it (sysctl net.ipv6.conf.lo.disable_ipv6=0), or run over IPv4.");

    /// <summary>A program in the PATH.</summary>
    /// <param name="program">Its file name.</param>
    /// <param name="package">The package that brings it.</param>
    public static ScenarioNeed Program(string program, string package) => new(
        program,
        () => Find(program) is null ? $"The program '{program}' is not in the PATH. Install the package {package}." : null);

    /// <summary>The path of a program; null where there is none. Directories of system programs count, which a user's PATH may lack.</summary>
    internal static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Concat(["/usr/sbin", "/sbin"])
            .Select(directory => Path.Combine(directory, program))
            .FirstOrDefault(File.Exists);

    /// <inheritdoc/>
    public override string ToString() => Name;
}
