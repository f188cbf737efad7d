using System.Net;
using System.Net.Sockets;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using RstGuard.Capture;
using RstGuard.Scenarios;
using RstGuard.Tests.CallSites;

namespace RstGuard.Tests.Monitoring;

/// <summary>From a reset on the wire to the number that a collector gets.</summary>
[IntentionalReset("The monitor must see this reset.")]
public sealed class OpenTelemetryTests
{
    [Fact]
    public async Task Reset_ReachesACollectorOverOtlp()
    {
        CapabilityProbe probe = CaptureCapability.ProbePacketSocket();
        Requirement.Check("capture", probe.IsAvailable, probe.Reason);
        using OtlpReceiver receiver = new(LoopbackPair.UniquePort(IPAddress.Loopback));
        using MeterProvider provider = Sdk.CreateMeterProviderBuilder()
            .AddMeter(ResetMonitor.MeterName)
            .AddOtlpExporter((exporter, reader) =>
            {
                exporter.Endpoint = receiver.Address;
                exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = Timeout.Infinite;
            })
            .Build();
        IPAddress address = LoopbackPair.UniqueAddress();
        await using ResetMonitor monitor = ResetMonitor.Start(new ResetMonitorOptions { Filter = new CaptureFilter { Addresses = [address] }, Interfaces = ["lo"] });
        (Socket socket, Socket peer) = LoopbackConnection.Open(address);
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
        peer.Dispose();
        await monitor.Resets.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));

        Assert.True(provider.ForceFlush(20_000));
        Assert.Contains("application/x-protobuf", receiver.ContentTypes);
        OtlpReceiver.Point point = receiver.Points.Last(point => point.Metric == "rstguard.resets" && point.Attributes["cause"] == "LingerZero" && point.Attributes["basis"] == "Seen");
        Assert.Equal(("RstGuard", "{reset}", "Sent"), (point.Scope, point.Unit, point.Attributes["direction"]));
        Assert.Contains(point.Attributes["confidence"], new[] { "Likely", "Strong", "Certain" });
        Assert.True(point.Value >= 1);
        Assert.Contains(receiver.Points, other => other.Metric == "rstguard.captures");
        Assert.Contains(receiver.Points, other => other.Metric == "rstguard.connections");
        Assert.Contains(receiver.Points, other => other.Metric == "rstguard.capture.drops");
    }
}
