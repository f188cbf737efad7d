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
    public void RuleThatIsSilentOnTheEffectOfAnotherSystem_Fails() =>
        Fails(Whole() with { Proof = Whole().Proof with { Systems = [OperatingSystem.IsWindows() ? "linux" : "windows"] }, Flagged = new() { Findings = [] } }, "was not reported");

    [Fact]
    public void CauseOfTheRuleThatTheProgramDoesNotClaim_Fails() =>
        Fails(Whole() with { Rule = Whole().Rule with { Causes = ["LingerZero", "DataAfterClose"] }, Proof = Whole().Proof with { Causes = ["DataAfterClose"] } }, "another cause than the rule says: LingerZero, not DataAfterClose");

    [Fact]
    public void OneOfSeveralCauses_IsEnough() =>
        Proves(Whole() with { Rule = Whole().Rule with { Causes = ["DataAfterClose", "LingerZero"] } }, "the connection was reset");

    [Fact]
    public void BytesLeftUnreadByAReceiverThatResets_AreNoFakeLoss() =>
        Proves(
            Whole() with { Flagged = Flagged() with { Report = Report(100, "ConnectionReset"), Wire = Wire(4096, Reset(Confidence.Likely, ResetCause.LingerZero) with { Sender = Receiver, Receiver = Sender }) } },
            "100 of 200000");

    [Fact]
    public void DataLoss_IsProved() => Proves(DataLoss(), "Flagged, 4096 of 200000 bytes arrived, and the message ended as if it were whole; fixed, all 200000 arrived. None was reset.");

    [Fact]
    public void DataLossThatResets_Fails() =>
        Fails(DataLoss() with { Flagged = Flagged() with { Report = Report(4096) } }, "also resets, which its proof does not claim: LingerZero");

    [Fact]
    public void DataLossWithoutLoss_Fails() =>
        Fails(DataLoss() with { Flagged = Flagged() with { Report = Report(200_000), Wire = Wire(200_000) } }, "lost nothing");

    [Fact]
    public void DataLossThatTheReceiverNotices_Fails() =>
        Fails(DataLoss() with { Flagged = Flagged() with { Report = Report(4096, "TimedOut"), Wire = Wire(4096) } }, "did not end as if it were whole: the receiver's reading ended with TimedOut");

    [Fact]
    public void DataLossWithoutFin_Fails() =>
        Fails(DataLoss() with { Flagged = Flagged() with { Report = Report(4096), Wire = new([], [new(Sender, Receiver, 4096, Ended: false)], []) } }, "sent no FIN");

    [Fact]
    public void Blocks_IsProved() => Proves(Blocks(2000, 2003, 1, 2), "Flagged, the call took 2000 ms; fixed, 1 ms.");

    [Fact]
    public void CallThatReturnsAtOnce_Fails() => Fails(Blocks(400, 400, 1, 2), "The flagged call took 400 ms and the fixed one 2 ms");

    [Fact]
    public void CallThatBlocksAfterTheFix_Fails() => Fails(Blocks(2000, 2000, 1990, 1990), "the fixed one 1990 ms");

    [Fact]
    public void FixedCallThatBlocksByTheProversClock_Fails() => Fails(Blocks(2000, 2000, 1, 1990), "the fixed one 1990 ms");

    [Fact]
    public void CallThatOnlySaysThatItBlocks_Fails() => Fails(Blocks(2000, 3, 1, 2), "The flagged call took 3 ms");

    [Fact]
    public void ProverThatReadsTheFirstMarkLate_StillSeesTheCallBlock() => Proves(Blocks(1017, 900, 1, 2), "Flagged, the call took 1017 ms; fixed, 1 ms.");

    [Fact]
    public void CallThatIsNotMarked_Fails() => Fails(Blocks(2000, null, 1, 2), "The flagged program did not mark its call");

    [Fact]
    public void NoHandshake_IsProved() => Proves(NoHandshake(), "Flagged, all 200000 bytes arrived and the connection ended without the closing handshake of TLS; fixed, with it. None was reset.");

    [Fact]
    public void HandshakeThatIsThere_Fails() =>
        Fails(NoHandshake() with { Flagged = Flagged() with { Report = Report(200_000) with { Handshake = "complete" }, Wire = Wire(201_000) } }, "The flagged program's closing handshake is complete, not missing.");

    [Fact]
    public void HandshakeThatIsMissingAfterTheFix_Fails() =>
        Fails(NoHandshake() with { Fixed = Fixed() with { Report = Report(200_000) with { Handshake = "missing" }, Wire = Wire(201_030) } }, "The fixed program's closing handshake is missing, not complete.");

    [Fact]
    public void HandshakeThatIsNotReported_Fails() =>
        Fails(NoHandshake() with { Fixed = Fixed() with { Wire = Wire(201_030) } }, "The fixed program did not report the 'handshake'");

    [Fact]
    public void HandshakeThatOnlyTheProgramSaw_Fails() =>
        Fails(NoHandshake() with { Fixed = Fixed() with { Report = Report(200_000) with { Handshake = "complete" }, Wire = Wire(201_000) } }, "put no more on the wire beside its content: 1000 bytes, the flagged one 1000");

    [Fact]
    public void MissingHandshakeThatResets_Fails() =>
        Fails(NoHandshake() with { Flagged = Flagged() with { Report = Report(200_000) with { Handshake = "missing" }, Wire = Wire(201_000, Reset(Confidence.Likely, ResetCause.LingerZero)) } }, "also resets, which its proof does not claim");

    [Fact]
    public void MissingHandshakeWithLoss_Fails() =>
        Fails(NoHandshake() with { Flagged = Flagged() with { Report = Report(100) with { Handshake = "missing" }, Wire = Wire(201_000) } }, "lacks more than a handshake: 100 of 200000 bytes arrived");

    // Records and frames are the protocol's own; TCP's bytes must match to the letter.
    [Fact]
    public void ProtocolsOwnBytes_AreNoMismatch() =>
        Proves(Whole() with { Proof = Whole().Proof with { Protocol = "TLS" }, Fixed = Fixed() with { Wire = Wire(201_000) } }, "all 200000 arrived");

    [Fact]
    public void MoreReadThanCrossedTheWire_FailsWithAProtocolToo() =>
        Fails(Whole() with { Proof = Whole().Proof with { Protocol = "TLS" }, Fixed = Fixed() with { Wire = Wire(100_000) } }, "100000 crossed the wire");

    [Fact]
    public void NoEffect_IsProved() => Proves(NoEffect("on,0", "on,0", "on,0", "off"), "Flagged, what is set reads back on,0 as before; fixed, off. Flagged, 4096 of 200000");

    [Fact]
    public void SettingThatHasAnEffect_Fails() => Fails(NoEffect("on,0", "off", "on,0", "off"), "has an effect: it read back on,0 before and off after");

    [Fact]
    public void SettingThatHasNoEffectAfterTheFix_Fails() => Fails(NoEffect("on,0", "on,0", "on,0", "on,0"), "After the fix nothing changes either");

    [Fact]
    public void ProgramsThatBeginDifferently_Fail() => Fails(NoEffect("on,0", "on,0", "on,5", "off"), "The fixed program began with on,5");

    [Fact]
    public void SettingThatIsNotReadBack_Fails() => Fails(NoEffect("on,0", null, "on,0", "off"), "did not report what it read back");

    [Fact]
    public void NoEffectWithoutItsSignOnTheWire_Fails()
    {
        ProofRecord record = NoEffect("on,0", "on,0", "on,0", "off");
        Fails(record with { Flagged = record.Flagged with { Wire = Wire(4096) } }, "sent no reset");
    }

    [Fact]
    public void PagesSample_IsProvedAndSaysSo() => Proves(
        Whole() with { FixTitle = null, IsFixedFromPage = true },
        "with the page's sample (the rule has no code fix here), all 200000 arrived");

    [Fact]
    public void PagesSampleBesideACodeFix_Fails() => Fails(Whole() with { Proof = Whole().Proof with { FixedSample = "x" } }, "The code fix 'Remove it' is offered here");

    [Fact]
    public void PagesSampleThatIsTheFlaggedOne_Fails() => Fails(Whole() with { FixTitle = null, IsFixedFromPage = true, Diff = "" }, "The page's sample is the flagged one.");

    [Fact]
    public void MissingFramework_IsUnavailable() => Withheld(new() { Rule = Whole().Rule, Proof = Whole().Proof, Missing = "ASP.NET Core is not installed." }, "not installed");

    [Fact]
    public void RuleOfTwoPrograms_IsAsProvedAsTheWorseOfThem()
    {
        ProofRecord second = Whole() with { Proof = Whole().Proof with { FileName = "RST1001.TcpClient.cs" }, Flagged = Flagged() with { Wire = Wire(4096) } };
        RuleProof proof = new(Whole().Rule, [(Whole(), ProofJudge.Judge(Whole())), (second, ProofJudge.Judge(second))]);
        Assert.Equal(ProofStatus.Failed, proof.Status);
        Assert.Same(second, proof.Deciding.Record);
        Assert.Matches("^RST1001.cs: Flagged, .* RST1001.TcpClient.cs: The flagged program sent no reset.$", proof.Note);
        Assert.Equal(ProofStatus.Proved, (proof with { Programs = [proof.Programs[0], proof.Programs[0]] }).Status);
    }

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

    private static ProofRecord DataLoss() => Whole() with
    {
        Rule = new("RST1001", "t", "dataLoss", []),
        Proof = Whole().Proof with { Claims = ProofClaims.DataLoss },
        Flagged = Flagged() with { Report = Report(4096), Wire = Wire(4096) },
    };

    private static ProofRecord NoHandshake() => Whole() with
    {
        Rule = new("RST1001", "t", "noHandshake", []),
        Proof = Whole().Proof with { Claims = ProofClaims.NoHandshake, Protocol = "TLS" },
        Flagged = Flagged() with { Report = Report(200_000) with { Handshake = "missing" }, Wire = Wire(201_000) },
        Fixed = Fixed() with { Report = Report(200_000) with { Handshake = "complete" }, Wire = Wire(201_030) },
    };

    private static ProofRecord Blocks(long flagged, long? flaggedCall, long repaired, long? repairedCall) => Whole() with
    {
        Rule = new("RST1001", "t", "blocks", []),
        Proof = Whole().Proof with { Claims = ProofClaims.Blocks },
        Flagged = Flagged() with { Report = Report(200_000) with { BlockedMilliseconds = flagged, CallMilliseconds = flaggedCall }, Wire = Wire(200_000) },
        Fixed = Fixed() with { Report = Report(200_000) with { BlockedMilliseconds = repaired, CallMilliseconds = repairedCall } },
    };

    private static ProofRecord NoEffect(string before, string? after, string beforeInFixed, string afterInFixed) => Whole() with
    {
        Rule = new("RST1001", "t", "noEffect", []),
        Proof = Whole().Proof with { Claims = ProofClaims.NoEffect | ProofClaims.Reset, Causes = ["LingerZero"] },
        Flagged = Flagged() with { Report = Report(4096, "ConnectionReset") with { Before = before, After = after } },
        Fixed = Fixed() with { Report = Report(200_000) with { Before = beforeInFixed, After = afterInFixed } },
    };

    private static void Proves(ProofRecord record, string told) => Ends(ProofStatus.Proved, record, told);

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
