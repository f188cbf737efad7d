using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Scenarios;

namespace RstGuard.Lab;

/// <summary>A scenario in a network namespace of its own, where the capture sees all that the kernel's counters count.</summary>
/// <param name="name">Letters and digits.</param>
/// <param name="cause">Why its reset is sent; null where it shows that none is.</param>
/// <param name="act">What it does, on the namespace's thread, by calls that wait no longer than <see cref="LoopbackPair.Wait"/>.</param>
internal sealed class LabScenario(string name, ResetCause? cause, Action<LabNetwork> act) : ResetScenario(name, cause)
{
    /// <inheritdoc/>
    public override async Task<ScenarioPlace> PrepareAsync(ScenarioOptions options, CancellationToken cancellationToken) =>
        new Place(await LabNetwork.CreateAsync(options).ConfigureAwait(false), act);

    private sealed class Place(LabNetwork network, Action<LabNetwork> act) : ScenarioPlace
    {
        public override Task<ResetRecorder> RecordAsync(ResetRecorderOptions options) => network.InvokeAsync(() => ResetRecorder.Start(LinuxPacketSocket.OpenLoopback(), options));

        public override Task ActAsync(CancellationToken cancellationToken) => network.InvokeAsync(() => act(network));

        public override ValueTask DisposeAsync() => network.DisposeAsync();
    }
}
