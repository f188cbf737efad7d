using System.Globalization;
using Microsoft.CodeAnalysis.Diagnostics;

namespace RstGuard;

/// <summary>How diagnostics in test projects are treated; option <c>rstguard.test_projects</c>.</summary>
internal enum TestProjectMode
{
    /// <summary>Reported with the severity Info at most. The default.</summary>
    Info,

    /// <summary>Not reported.</summary>
    Off,

    /// <summary>Reported as everywhere else.</summary>
    On,
}

/// <summary>What .editorconfig says about one file. A value that can't be read counts as not given.</summary>
internal readonly struct RuleOptions(AnalyzerConfigOptions options)
{
    internal const string MinConnectTimeoutKey = "rstguard.min_connect_timeout_ms";
    internal const string ConnectTimeoutKey = "rstguard.connect_timeout_ms";
    internal const string GracefulTimeoutKey = "rstguard.graceful_timeout_ms";
    internal const string MaxIdleSecondsKey = "rstguard.max_idle_seconds";
    internal const string MinBacklogKey = "rstguard.min_backlog";
    internal const string OneWayProtocolsKey = "rstguard.one_way_protocols";
    internal const string TestProjectsKey = "rstguard.test_projects";

    /// <summary>Timeouts at or below this are too short to connect: Linux repeats a lost SYN after 1 s (RFC 6298 §2).</summary>
    internal int MinConnectTimeout => Number(MinConnectTimeoutKey, 1000);

    /// <summary>What a fix writes instead, in milliseconds: room for one repeated SYN.</summary>
    internal int ConnectTimeout => Number(ConnectTimeoutKey, 3000);

    /// <summary>What a graceful close that a fix writes may take, in milliseconds.</summary>
    internal int GracefulTimeout => Number(GracefulTimeoutKey, 5000);

    /// <summary>Keep-alives above this, in seconds, are slower than what is between the ends forgets: load balancers at 240 to 350 s, mobile networks at 300 s.</summary>
    internal int MaxIdleSeconds => Number(MaxIdleSecondsKey, 120);

    /// <summary>Backlogs below this are too small for a burst of clients.</summary>
    internal int MinBacklog => Number(MinBacklogKey, 16);

    /// <summary>The peers of this code never reply, so that there is nothing to read.</summary>
    internal bool OneWayProtocols => Text(OneWayProtocolsKey) == "true";

    internal TestProjectMode TestProjects => Text(TestProjectsKey) switch
    {
        "off" => TestProjectMode.Off,
        "on" => TestProjectMode.On,
        _ => TestProjectMode.Info,
    };

    private int Number(string key, int otherwise) =>
        int.TryParse(Text(key), NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value > 0 ? value : otherwise;

    private string? Text(string key) => options.TryGetValue(key, out string? value) ? value.Trim().ToLowerInvariant() : null;
}
