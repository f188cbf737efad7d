using System.Net;
using RstGuard.Cli.Proving;
using RstGuard.Diagnosis;

namespace RstGuard.Tests.Cli.Proving;

/// <summary>Each link of the chain, broken alone in an otherwise whole record, is noticed.</summary>
public sealed class ProofJudgeTests
{
    private static readonly IPEndPoint Sender = IPEndPoint.Parse("127.0.0.1:40000");
    private static readonly IPEndPoint Receiver = IPEndPoint.Parse("127.200.0.1:9000");

    [Fact]
    public void WholeChain_IsProved() => Assert.Equal(ProofStatus.Proved, ProofJudge.Judge(Whole()).Status);

    [Fact]
    public void MissingDiagnostic_Fails() =>
        Fails(Whole() with { Flagged = Flagged() with { Findings = [] } }, "RST1001 was not reported");

    [Fact]
    public void DiagnosticElsewhere_Fails() =>
        Fails(Whole() with { Flagged = Flagged() with { Findings = [Diagnostic with { Marked = "socket" }] } }, "was reported at 'socket'");

    [Fact]
    public void DiagnosticOutsideTheSample_Fails() =>
        Fails(Whole() with { Flagged = Flagged() with { Findings = [Diagnostic with { InSample = false }] } }, "RST1001");

    [Fact]
    public void AnotherRulesDiagnostic_Fails() =>
        Fails(Whole() with { Flagged = Flagged() with { Findings = [Diagnostic, Diagnostic with { Id = "RST2001" }] } }, "also has RST2001");

    [Fact]
    public void NoFix_Fails() => Fails(Whole() with { FixTitle = null }, "offered no code fix");

    [Fact]
    public void FixThatChangesNothing_Fails() => Fails(Whole() with { Diff = "" }, "changed nothing");

    [Fact]
    public void DiagnosticAfterTheFix_Fails() =>
        Fails(Whole() with { Fixed = Fixed() with { Findings = [Diagnostic with { Id = "RST2001" }] } }, "After the fix RST2001");

    [Fact]
    public void NoReset_Fails() => Fails(Whole() with { Flagged = Flagged() with { Wire = Wire(4096) } }, "sent no reset");

    [Fact]
    public void ResetOfAnotherCause_Fails() =>
        Fails(Whole() with { Flagged = Flagged() with { Wire = Wire(4096, Reset(Confidence.Strong, ResetCause.ClosedPort)) } }, "another cause");

    [Fact]
    public void ResetOfUnknownCause_Fails() =>
        Fails(Whole() with { Flagged = Flagged() with { Wire = Wire(4096, Reset(Confidence.Unknown, ResetCause.LingerZero)) } }, "another cause");

    [Fact]
    public void AmbiguousResetWithTheCauseAmongItsCandidates_IsProved() =>
        Assert.Equal(ProofStatus.Proved, ProofJudge.Judge(Whole() with
        {
            Flagged = Flagged() with { Wire = Wire(4096, Reset(Confidence.Ambiguous, ResetCause.DisconnectUnspec, ResetCause.LingerZero)) },
        }).Status);

    [Fact]
    public void KernelThatContradicts_Fails() =>
        Fails(
            Whole() with { Flagged = Flagged() with { Wire = Wire(4096, Reset(Confidence.Likely, ResetCause.LingerZero) with { Kernel = new("TCP_ABORT_ON_CLOSE", "CLOSE", [], Agrees: false) }) } },
            "The kernel contradicts");

    [Fact]
    public void NothingLost_Fails() =>
        Fails(Whole() with { Flagged = Flagged() with { Report = Report(200_000), Wire = Wire(200_000, Reset(Confidence.Likely, ResetCause.LingerZero)) } }, "lost nothing");

    [Fact]
    public void PeerOfTheFlaggedProgramThatSwallowsBytes_Fails() =>
        Fails(Whole() with { Flagged = Flagged() with { Report = Report(1000) } }, "swallows bytes");

    [Fact]
    public void PeerOfTheFixedProgramThatSwallowsBytes_Fails() =>
        Fails(Whole() with { Fixed = Fixed() with { Report = Report(199_999) } }, "199999 of 200000 bytes arrived");

    [Fact]
    public void BytesThatNeverCrossedTheWire_Fail() =>
        Fails(Whole() with { Fixed = Fixed() with { Wire = Wire(100_000) } }, "100000 crossed the wire");

    [Fact]
    public void MoreOnTheWireThanWasSent_Fails() =>
        Fails(Whole() with { Fixed = Fixed() with { Wire = Wire(200_001) } }, "says it sent 200000 bytes; 200001 crossed the wire");

    [Fact]
    public void LessSentAfterTheFix_Fails() =>
        Fails(Whole() with { Fixed = Fixed() with { Report = Report(4096) with { BytesSent = 4096 }, Wire = Wire(4096) } }, "less is at stake");

    [Fact]
    public void NothingSent_Fails() =>
        Fails(Whole() with { Flagged = Flagged() with { Report = Report(0) with { BytesSent = 0 }, Wire = Wire(0, Reset(Confidence.Likely, ResetCause.LingerZero)) } }, "sent nothing");

    [Fact]
    public void EndOfStreamWithoutFin_Fails() =>
        Fails(Whole() with { Fixed = Fixed() with { Wire = new([], [new(Sender, Receiver, 200_000, Ended: false)], []) } }, "sent no FIN");

    [Fact]
    public void ResetOfAnotherConnection_Fails() =>
        Fails(
            Whole() with { Flagged = Flagged() with { Wire = Wire(4096, Reset(Confidence.Likely, ResetCause.LingerZero) with { Sender = IPEndPoint.Parse("127.0.0.1:40001") }) } },
            "was not reset; 127.0.0.1:40001 reset");

    [Fact]
    public void FixThatThrows_Fails() =>
        Fails(Whole() with { FixTitle = null, Fixed = new() { Failure = "The code fix threw X: y" } }, "The code fix threw X: y");

    [Fact]
    public void KernelThatKnowsAnotherCandidate_Fails() =>
        Fails(
            Whole() with
            {
                Flagged = Flagged() with
                {
                    Wire = Wire(4096, Reset(Confidence.Ambiguous, ResetCause.LingerZero, ResetCause.CloseWithUnread) with { Kernel = new("TCP_ABORT_ON_CLOSE", "TCP_CLOSE", ["tcp_send_active_reset", "__tcp_close"], Agrees: true) }),
                },
            },
            "The kernel says it was not LingerZero: its reason is TCP_ABORT_ON_CLOSE in state TCP_CLOSE, sent by tcp_send_active_reset < __tcp_close.");

    [Fact]
    public void ResetAfterTheFix_Fails() =>
        Fails(Whole() with { Fixed = Fixed() with { Wire = Wire(200_000, Reset(Confidence.Likely, ResetCause.LingerZero)) } }, "still comes");

    [Fact]
    public void ProgramThatCrashed_Fails() => Fails(Whole() with { Fixed = new() { Failure = "exit code 134" } }, "exit code 134");

    [Fact]
    public void DroppingCapture_IsUnavailable() =>
        Withheld(Whole() with { Flagged = Flagged() with { Wire = Flagged().Wire! with { Gaps = ["3 packets were dropped"] } } }, "3 packets were dropped");

    [Fact]
    public void DroppingCaptureOfTheFixedProgram_IsUnavailable() =>
        Withheld(Whole() with { Fixed = Fixed() with { Wire = Fixed().Wire! with { Gaps = ["the sentinel was not seen"] } } }, "sentinel");

    [Fact]
    public void EmptyCapture_IsUnavailable() => Withheld(Whole() with { Flagged = Flagged() with { Wire = new([], [], []) } }, "saw nothing");

    [Fact]
    public void EmptyCaptureOfTheFixedProgram_IsUnavailable() => Withheld(Whole() with { Fixed = Fixed() with { Wire = new([], [], []) } }, "saw nothing");

    [Fact]
    public void MissingPrivilege_IsUnavailable() =>
        Withheld(Whole() with { Missing = "No capture.", Flagged = Flagged() with { Report = null, Wire = null } }, "No capture.");

    [Fact]
    public void MissingPrivilege_DoesNotHideAMissingDiagnostic() =>
        Fails(Whole() with { Missing = "No capture.", Flagged = new() { Findings = [] } }, "was not reported");

    [Fact]
    public void EffectOfAnotherSystem_IsNotOnThisSystem()
    {
        string other = OperatingSystem.IsWindows() ? "linux" : "windows";
        ProofVerdict verdict = ProofJudge.Judge(Whole() with { Proof = Whole().Proof with { Systems = [other] } });
        Assert.Equal(ProofStatus.NotOnThisSystem, verdict.Status);
        Assert.Contains(other, verdict.Note);
    }

    [Theory]
    [InlineData(0, "Proved,NotOnThisSystem")]
    [InlineData(1, "Proved,Failed,Unavailable")]
    [InlineData(3, "Proved,Unavailable")]
    public void ExitCode_FollowsTheWorst(int expected, string statuses) =>
        Assert.Equal(expected, ProveCommand.ExitCode(statuses.Split(',').Select(Enum.Parse<ProofStatus>)));

    private static Finding Diagnostic => new("RST1001", "Warning", "m", "RST1001.cs", 1, 1, Whole().Proof.Flagged, InSample: true);

    private static void Fails(ProofRecord record, string because) => Ends(ProofStatus.Failed, record, because);

    private static void Withheld(ProofRecord record, string because) => Ends(ProofStatus.Unavailable, record, because);

    private static void Ends(ProofStatus expected, ProofRecord record, string because)
    {
        ProofVerdict verdict = ProofJudge.Judge(record);
        Assert.Equal(expected, verdict.Status);
        Assert.Contains(because, verdict.Note);
    }

    private static ProofRecord Whole()
    {
        Proof proof = Proof.All().Single(proof => proof.Rule == "RST1001");
        return new()
        {
            Rule = new("RST1001", "Linger zero", "reset", ["LingerZero"]),
            Proof = proof,
            FixTitle = "Remove it",
            Diff = "-x",
            Flagged = new()
            {
                Findings = [new("RST1001", "Warning", "m", "RST1001.cs", 1, 1, proof.Flagged, InSample: true)],
                Report = Report(4096, "ConnectionReset"),
                Wire = Wire(4096, Reset(Confidence.Likely, ResetCause.LingerZero)),
            },
            Fixed = new() { Findings = [], Report = Report(200_000), Wire = Wire(200_000) },
        };
    }

    private static ProgramRecord Flagged() => Whole().Flagged;

    private static ProgramRecord Fixed() => Whole().Fixed;

    private static ProgramReport Report(long received, string end = "EndOfStream") =>
        new() { Sender = Sender, Receiver = Receiver, BytesSent = 200_000, BytesReceived = received, End = end, BlockedMilliseconds = 1 };

    private static WireRecord Wire(long bytes, params ResetVerdict[] resets) => new(resets, [new(Sender, Receiver, bytes, Ended: resets.Length == 0), new(Receiver, Sender, 0, Ended: resets.Length == 0)], []);

    private static ResetVerdict Reset(Confidence confidence, params ResetCause[] candidates) => new()
    {
        Sender = Sender,
        Receiver = Receiver,
        Time = DateTimeOffset.UnixEpoch,
        Frame = 9,
        Shape = ResetShape.Active,
        Candidates = candidates,
        Confidence = confidence,
        Evidence = [],
        MissingEvidence = [],
        LastSegments = [],
        BytesFromSender = 4096,
        BytesFromReceiver = 0,
        FollowsEarlierReset = false,
    };
}
