using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Scenarios;

namespace RstGuard.Lab;

/// <summary>A scenario with a router between client and server, captured at the client.</summary>
/// <param name="name">Letters and digits.</param>
/// <param name="cause">Why its reset is sent.</param>
/// <param name="act">What it does, by calls that wait no longer than <see cref="LoopbackPair.Wait"/>.</param>
internal sealed class RoutedScenario(string name, ResetCause? cause, Action<RoutedNetwork> act) : ResetScenario(name, cause)
{
    /// <inheritdoc/>
    public override async Task<ScenarioPlace> PrepareAsync(ScenarioOptions options, CancellationToken cancellationToken) =>
        new Place(await RoutedNetwork.CreateAsync(options).ConfigureAwait(false), act);

    private sealed class Place(RoutedNetwork network, Action<RoutedNetwork> act) : ScenarioPlace
    {
        public override Task<ResetRecorder> RecordAsync(ResetRecorderOptions options) => network.AtClientAsync(() => ResetRecorder.Start(
            LinuxPacketSocket.OpenLoopback(null, new LinuxPacketSocketOptions { InterfaceName = RoutedNetwork.Interface }),
            options with { SentinelTarget = network.Router }));

        public override Task ActAsync(CancellationToken cancellationToken) => Task.Run(() => act(network), cancellationToken);

        public override ValueTask DisposeAsync() => network.DisposeAsync();
    }
}
