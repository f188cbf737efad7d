using System.Net.Sockets;
using RstGuard.Diagnosis;

namespace RstGuard.Scenarios;

/// <summary>Which end of a scenario's connection sends the reset.</summary>
public enum ResettingEnd
{
    /// <summary>The end that connected.</summary>
    Client,

    /// <summary>The end that accepted, or was meant to.</summary>
    Server,
}

/// <summary>
/// A program that makes one reset of a known cause with real sockets, or shows that none is sent where one may be expected. What plain
/// sockets can make is a <see cref="LoopbackScenario"/>; a scenario that brings a place of its own derives from this class.
/// </summary>
public abstract class ResetScenario
{
    /// <summary>Names a scenario.</summary>
    /// <param name="name">Letters and digits; the same name stands in reports, tests and pages.</param>
    /// <param name="cause">Why its reset is sent; null where it shows that none is.</param>
    /// <exception cref="ArgumentException">The name has other characters.</exception>
    protected ResetScenario(string name, ResetCause? cause)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (!char.IsAsciiLetter(name[0]) || !name.All(char.IsAsciiLetterOrDigit))
        {
            throw new ArgumentException($"'{name}' can't name a scenario; a name has letters and digits and begins with a letter.", nameof(name));
        }

        Name = name;
        Cause = cause;
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Why its reset is sent; null: it shows that no reset is sent.</summary>
    public ResetCause? Cause { get; }

    /// <summary>What happens, in one sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>What the machine must have; everything needs a capture, which is not listed.</summary>
    public IReadOnlyList<ScenarioNeed> Needs { get; init; } = [];

    /// <summary>What the wire and the kernel show; null where <see cref="Cause"/> is.</summary>
    public ExpectedReset? Expected { get; init; }

    /// <summary>Which ends can be the one that resets; the first is the usual one.</summary>
    public IReadOnlyList<ResettingEnd> Ends { get; init; } = [ResettingEnd.Server, ResettingEnd.Client];

    /// <summary>The needs that this machine does not meet, each with its reason and remedy; empty where the scenario runs here.</summary>
    public IReadOnlyList<string> Missing(ScenarioOptions? options = null) =>
        [.. Needs.Concat((options ?? new()).Version6 ? [ScenarioNeed.IPv6] : []).Select(need => need.Probe()).OfType<string>()];

    /// <summary>Makes the place where it runs: nothing of it may outlive the place, even when the process is killed.</summary>
    public abstract Task<ScenarioPlace> PrepareAsync(ScenarioOptions options, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>How a scenario is run.</summary>
public sealed record ScenarioOptions
{
    /// <summary>Over IPv6 instead of IPv4.</summary>
    public bool Version6 { get; init; }

    /// <summary>The end that resets; null: the usual one.</summary>
    public ResettingEnd? Resetting { get; init; }

    /// <summary>How many bytes are sent where a scenario sends data: 1 to 16 MiB; more than a receive buffer takes is cut to what it takes.</summary>
    public int PayloadSize { get; init; } = 100;

    /// <summary>Whether nothing else happens in this network namespace, so that all of it is captured and its counters speak of this run.</summary>
    internal bool Alone { get; init; }
}

/// <summary>Where one run of a scenario happens. Safe beside others: its address and port, or its network namespace, are its own.</summary>
public abstract class ScenarioPlace : IAsyncDisposable
{
    /// <summary>Starts to record what happens here, and nothing else. The caller disposes the recorder before the place.</summary>
    /// <param name="options">The recorder's options.</param>
    public abstract Task<ResetRecorder> RecordAsync(ResetRecorderOptions options);

    /// <summary>Does what the scenario is about.</summary>
    /// <exception cref="SocketException">A socket did something else than the scenario is about.</exception>
    /// <exception cref="TimeoutException">Something that must happen did not.</exception>
    public abstract Task ActAsync(CancellationToken cancellationToken);

    /// <summary>Takes the place away.</summary>
    public abstract ValueTask DisposeAsync();
}

/// <summary>What a scenario's reset looks like.</summary>
/// <param name="Shape">Its shape on the wire.</param>
/// <param name="Reasons">The reasons that the kernel's tracepoint <c>tcp:tcp_send_reset</c> may give; empty where it fires no event.</param>
/// <param name="Stack">A function of the kernel that is on the stack then; empty where there is no event.</param>
/// <param name="Counters">The counters of <c>/proc/net/netstat</c> and <c>/proc/net/snmp</c> that move, beside OutRsts and EstabResets.</param>
public sealed record ExpectedReset(ResetShape Shape, IReadOnlyList<string> Reasons, string Stack, IReadOnlyList<string> Counters)
{
    /// <summary>Whether the kernel said what is expected; a function of IPv4 stands for that of IPv6 too.</summary>
    public bool Allows(KernelConfirmation kernel)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        return Reasons.Contains(kernel.Reason)
            // Seen once in thousands of runs under load: the tracepoint's row without the stack that its trigger records. That is no disagreement.
            && (Stack.Length == 0 || kernel.Stack.Count == 0 || kernel.Stack.Contains(Stack) || kernel.Stack.Contains(Stack.Replace("_v4_", "_v6_", StringComparison.Ordinal)));
    }
}
