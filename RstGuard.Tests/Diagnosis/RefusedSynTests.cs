using System.Net;
using RstGuard.Capture;
using RstGuard.Diagnosis;
using RstGuard.Tcp;

namespace RstGuard.Tests.Diagnosis;

/// <summary>A SYN that is answered by a reset: a closed port and a rejecting filter send the same packet.</summary>
public sealed class RefusedSynTests
{
    private static readonly IPEndPoint Client = IPEndPoint.Parse("10.1.0.1:40000");
    private static readonly IPEndPoint Server = IPEndPoint.Parse("10.1.0.2:80");

    [Fact]
    public async Task WithoutFurtherEvidence_NamesNoCause() =>
        Assert.Equal((Confidence.Ambiguous, "ClosedPort FilteredReject"), await JudgeAsync([]));

    [Fact]
    public async Task ReflectedTypeOfService_IsAClosedPort() =>
        Assert.Equal((Confidence.Strong, "ClosedPort"), await JudgeAsync([], asked: 0x10, reflected: 0x10));

    [Fact]
    public async Task TypeOfServiceThatIsNotReflected_PutsTheFilterFirst() =>
        Assert.Equal((Confidence.Ambiguous, "FilteredReject ClosedPort"), await JudgeAsync([], asked: 0x10));

    [Fact]
    public async Task AnotherHopLimitThanTheHostsOtherAnswers_PutsTheFilterFirst() =>
        Assert.Equal((Confidence.Ambiguous, "FilteredReject ClosedPort"), await JudgeAsync(OtherPortAnswers(hopLimit: 60)));

    [Fact]
    public async Task HopLimitOfTheHostsOtherAnswers_ChangesNothing() =>
        Assert.Equal((Confidence.Ambiguous, "ClosedPort FilteredReject"), await JudgeAsync(OtherPortAnswers(hopLimit: 64)));

    private static WireSegment[] OtherPortAnswers(byte hopLimit)
    {
        IPEndPoint client = new(Client.Address, 40001), server = new(Server.Address, 443);
        return
        [
            new WireSegment(client, server, TcpFlags.Syn, 50, 0) { Time = 1_000 },
            new WireSegment(server, client, TcpFlags.Syn | TcpFlags.Ack, 90, 51) { Time = 2_000, HopLimit = hopLimit },
        ];
    }

    private static async Task<(Confidence Confidence, string Candidates)> JudgeAsync(WireSegment[] before, byte asked = 0, byte reflected = 0)
    {
        WireSegment[] segments =
        [
            .. before,
            new(Client, Server, TcpFlags.Syn, 100, 0) { Time = 10_000_000, TypeOfService = asked },
            new(Server, Client, TcpFlags.Reset | TcpFlags.Ack, 0, 101) { Time = 10_100_000, Window = 0, TypeOfService = reflected },
        ];
        await using ResetRecorder recorder = ResetRecorder.Start(new RecordedPackets(segments.Select(segment => segment.ToPacket())));
        ResetVerdict verdict = Assert.Single((await recorder.StopAsync()).Resets);
        return (verdict.Confidence, string.Join(' ', verdict.Candidates));
    }
}
