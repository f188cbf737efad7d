namespace RstGuard.Cli.Testing;

/// <summary>What to do where a user namespace is refused, by the switches that refuse it.</summary>
internal static class NamespaceRemedy
{
    private const string Page = "docs/ci.md tells more.";

    /// <summary>The remedy for this machine.</summary>
    public static string Here() => OperatingSystem.IsLinux() ? Of(Read) : "Run it in a Linux container or virtual machine. " + Page;

    /// <summary>The remedy by what the kernel's parameters say.</summary>
    /// <param name="parameter">A parameter's value by its name, such as <c>user.max_user_namespaces</c>; null where the kernel has none of that name.</param>
    public static string Of(Func<string, string?> parameter)
    {
        if (parameter("user.max_user_namespaces") is "0")
        {
            return "This system allows no user namespaces (user.max_user_namespaces is 0): sudo sysctl -w user.max_user_namespaces=15000. " + Page;
        }

        if (parameter("kernel.unprivileged_userns_clone") is "0")
        {
            return "This system allows user namespaces to root alone (kernel.unprivileged_userns_clone is 0): sudo sysctl -w kernel.unprivileged_userns_clone=1. " + Page;
        }

        if (parameter("kernel.apparmor_restrict_unprivileged_userns") is "1")
        {
            return "AppArmor gives user namespaces no capabilities here (kernel.apparmor_restrict_unprivileged_userns is 1; Ubuntu and GitHub's runners do so). "
                + "On a runner: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0. On your own machine give unshare an AppArmor profile. " + Page;
        }

        return "In a container the seccomp profile refuses it: run the container with --cap-add NET_RAW and the command without 'rstguard test', "
            + "or the container with --security-opt seccomp=unconfined. " + Page;
    }

    private static string? Read(string parameter)
    {
        string path = "/proc/sys/" + parameter.Replace('.', '/');
        try
        {
            return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Hidden from us as from whoever started us: the general remedy stands.
            return null;
        }
    }
}
