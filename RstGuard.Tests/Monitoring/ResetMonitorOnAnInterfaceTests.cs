using System.Net;
using System.Net.Sockets;
using RstGuard.Diagnosis;
using RstGuard.Lab;
using RstGuard.Scenarios;

namespace RstGuard.Tests.Monitoring;

/// <summary>Between two machines, as far as TCP can tell: an interface shows each packet once, those that this end sends too.</summary>
[IntentionalReset("The monitor must see this reset.")]
public sealed class ResetMonitorOnAnInterfaceTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ResetOverAnInterface_IsSeenWithItsDirection(bool sent)
    {
        Requirement.Check("netns", LabNetwork.Need, LabNetwork.Ip);
        await using LabNetwork here = await LabNetwork.CreateAsync(new ScenarioOptions());
        await using LabNetwork there = await LabNetwork.CreateAsync(new ScenarioOptions());
        string thread = await there.InvokeAsync(() => Path.GetFileName(new FileInfo("/proc/thread-self").LinkTarget!));
        await here.InvokeAsync(() =>
        {
            here.Run("ip", "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", thread);
            here.Run("ip", "address", "add", "192.0.2.1/24", "dev", "near");
            here.Run("ip", "link", "set", "near", "up");
        });
        await there.InvokeAsync(() =>
        {
            there.Run("ip", "address", "add", "192.0.2.2/24", "dev", "far");
            there.Run("ip", "link", "set", "far", "up");
        });

        using var meter = new MeasuredMeter();
        await using ResetMonitor monitor = await here.InvokeAsync(() => ResetMonitor.Start(new ResetMonitorOptions { MeterFactory = meter, CallSites = false }));
        Assert.Equal(2, meter.Observe("rstguard.captures"));
        Socket listener = await here.InvokeAsync(() => New("192.0.2.1"));
        listener.Listen(1);
        using Socket client = await there.InvokeAsync(() => New("192.0.2.2"));
        await client.ConnectAsync(listener.LocalEndPoint!).WaitAsync(LoopbackPair.Wait);
        using Socket server = listener.Accept();
        listener.Dispose();
        (Socket resetting, Socket other) = sent ? (server, client) : (client, server);
        other.Send(new byte[5]);
        LabNetwork.WaitUntil(() => resetting.Available == 5, "The data did not come.");
        var sender = (IPEndPoint)resetting.LocalEndPoint!;
        resetting.Dispose();

        GuardedReset reset = await monitor.Resets.ReadAsync().AsTask().WaitAsync(LoopbackPair.Wait);
        Assert.Equal(sender, reset.Verdict.Sender);
        Assert.Contains(ResetCause.CloseWithUnread, reset.Candidates);
        Assert.Equal(sent ? "Sent" : "Received", Assert.Single(await meter.ResetsAsync(1)).Tags["direction"]);
        Assert.False(monitor.Resets.TryRead(out _));
    }

    private static Socket New(string address)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        return socket;
    }
}
