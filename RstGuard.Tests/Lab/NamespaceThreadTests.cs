using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using RstGuard.Cli.Proving;
using RstGuard.Diagnosis;
using RstGuard.Lab;

namespace RstGuard.Tests.Lab;

/// <summary>Namespaces side by side in one process.</summary>
public sealed class NamespaceThreadTests
{
    [Fact]
    public async Task EachThread_HasALoopbackOfItsOwn()
    {
        using NamespaceThread one = await StartAsync(), other = await StartAsync();
        using Socket first = await one.InvokeAsync(Listen);
        using Socket second = await other.InvokeAsync(Listen);
        Assert.Equal(first.LocalEndPoint, second.LocalEndPoint);

        static Socket Listen()
        {
            Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ExclusiveAddressUse = true };
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 5000));
            socket.Listen(1);
            return socket;
        }
    }

    [Fact]
    public async Task ProgramStartedThere_IsThere_AndThisProcessIsNot()
    {
        using NamespaceThread thread = await StartAsync();
        string there = await thread.InvokeAsync(() => LinkOf("/proc/thread-self/ns/net"));
        using Process process = await thread.InvokeAsync(() => Process.Start(new ProcessStartInfo("readlink", ["/proc/self/ns/net"]) { RedirectStandardOutput = true })!);
        Assert.Equal(there, (await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Trim());
        Assert.NotEqual(there, LinkOf("/proc/self/ns/net"));
    }

    [Fact]
    public async Task FailureOfTheWork_IsItsCallers_AndTheThreadGoesOn()
    {
        using NamespaceThread thread = await StartAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => thread.InvokeAsync<int>(() => throw new InvalidOperationException()));
        Assert.Equal(7, await thread.InvokeAsync(() => 7));
    }

    /// <summary>Counters of a namespace in which anything else happened would leave the cause open.</summary>
    [Fact]
    public async Task ProofsSideBySide_AreEachSettledByTheCountersOfTheirOwnNamespace()
    {
        (await StartAsync()).Dispose();
        using LoopbackWire wire = await LoopbackWire.CreatePrivateAsync(3);
        Prover prover = new(ProveCommand.Assemblies.Analyzers(), ProveCommand.Assemblies.Fixes(), wire);
        (ProofRule rule, IReadOnlyList<Proof> programs) = ProveCommand.Choose(["RST1001"])[0];
        ProofRecord[] records = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ =>
            Task.Run(() => prover.ProveAsync(rule, programs[0], _ => { }, TestContext.Current.CancellationToken))));
        Assert.All(records, record =>
        {
            Assert.Equal(ProofStatus.Proved, ProofJudge.Judge(record).Status);
            ResetVerdict reset = Assert.Single(record.Flagged.Wire!.Resets);
            Assert.Equal((ResetCause.LingerZero, Confidence.Strong), (reset.Cause, reset.Confidence));
            Assert.Single(record.Flagged.Wire.Flows, flow => flow.Source.Equals(record.Flagged.Report!.Sender));
            Assert.Equal(2, record.Flagged.Wire.Flows.Count);
        });
    }

    private static async Task<NamespaceThread> StartAsync()
    {
        Requirement.Check("netns", OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "a further network namespace in this process needs root on Linux");
        return await NamespaceThread.StartAsync();
    }

    private static string LinkOf(string path) => new FileInfo(path).LinkTarget!;
}
