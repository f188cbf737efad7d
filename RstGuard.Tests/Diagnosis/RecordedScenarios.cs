using System.Collections.Concurrent;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Lab;
using RstGuard.Scenarios;

namespace RstGuard.Tests.Diagnosis;

/// <summary>What came of one run of a scenario.</summary>
/// <param name="Result">What it was named.</param>
/// <param name="Packets">What was captured, headers and options alone.</param>
internal sealed record RecordedScenario(ScenarioResult Result, IReadOnlyList<RecordedPacket> Packets);

/// <summary>
/// Each scenario, run once for all tests that look at it, many at the same time: they mostly wait for the kernel's timers, and that they
/// don't disturb each other is shown by that.
/// </summary>
internal static class RecordedScenarios
{
    /// <summary>Classes that do nothing but wait for the runs are one collection, so that they hold one place among the tests that run at once.</summary>
    public const string Collection = "recorded scenarios";

    private const int AtOnce = 16;

    // IP and TCP headers with all their options.
    private const int KeptBytes = 160;

    private static readonly SemaphoreSlim Turns = new(AtOnce);
    private static readonly ConcurrentDictionary<(string Name, ResettingEnd End, bool Version6), Lazy<Task<RecordedScenario>>> Runs = new();
    private static int _started;

    /// <summary>The run of a scenario; the first caller has all others started too. Skips the test where this machine lacks something for it.</summary>
    public static async Task<RecordedScenario> GetAsync(ResetScenario scenario, ResettingEnd end, bool version6)
    {
        Requires(scenario);
        IReadOnlyList<string> missing = scenario.Missing(new ScenarioOptions { Version6 = version6 });
        Assert.SkipWhen(missing.Count > 0, string.Join(' ', missing));

        Task<RecordedScenario> wanted = StartAsync(scenario, end, version6);
        if (Interlocked.Exchange(ref _started, 1) == 0)
        {
            foreach ((ResetScenario other, ResettingEnd otherEnd, bool otherVersion6) in All())
            {
                if (other.Missing(new ScenarioOptions { Version6 = otherVersion6 }).Count == 0)
                {
                    _ = StartAsync(other, otherEnd, otherVersion6);
                }
            }
        }

        return await wanted;
    }

    /// <summary>Every scenario with each end that can reset, over both versions of IP.</summary>
    public static IEnumerable<(ResetScenario Scenario, ResettingEnd End, bool Version6)> All() =>
        from scenario in LoopbackScenarios.All.Concat(LabScenarios.All)
        from version6 in new[] { false, true }
        from end in scenario.Ends
        select (scenario, end, version6);

    public static ResetScenario Find(string name) => LoopbackScenarios.Find(name) ?? LabScenarios.All.Single(scenario => scenario.Name == name);

    private static Task<RecordedScenario> StartAsync(ResetScenario scenario, ResettingEnd end, bool version6) =>
        Runs.GetOrAdd((scenario.Name, end, version6), _ => new(() => Task.Run(() => RunAsync(scenario, new ScenarioOptions { Version6 = version6, Resetting = end })))).Value;

    private static async Task<RecordedScenario> RunAsync(ResetScenario scenario, ScenarioOptions options)
    {
        await Turns.WaitAsync();
        try
        {
            List<RecordedPacket> packets = [];
            void Keep(in CapturedPacket packet) => packets.Add(new RecordedPacket(packet.Data[..Math.Min(packet.Data.Length, KeptBytes)].ToArray(), packet.TimestampNanoseconds, packet.LinkType, packet.WireLength));
            using KernelResetTrace? kernel = KernelOrNull();
            ScenarioResult result = await ScenarioRunner.RunAsync(scenario, options, kernel, new ResetRecorderOptions { Observer = Keep }, CancellationToken.None);
            return new RecordedScenario(result, packets);
        }
        finally
        {
            Turns.Release();
        }
    }

    private static void Requires(ResetScenario scenario)
    {
        CapabilityProbe probe = CaptureCapability.ProbePacketSocket();
        Requirement.Check("capture", probe.IsAvailable, probe.Reason + probe.Remedy);
        if (scenario is not LoopbackScenario)
        {
            Requirement.Check("netns", LabNetwork.Need);
        }
    }

    /// <summary>As root the kernel is asked too.</summary>
    private static KernelResetTrace? KernelOrNull()
    {
        try
        {
            return KernelResetTrace.Open();
        }
        catch (CaptureUnavailableException exception)
        {
            if (Requirement.Required(Environment.GetEnvironmentVariable(Requirement.Variable)).Contains("oracle"))
            {
                Assert.Fail($"{Requirement.Variable} requires oracle, which is missing: {exception.Message}");
            }

            return null;
        }
    }
}
