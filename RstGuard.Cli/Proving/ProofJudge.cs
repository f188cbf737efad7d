using RstGuard.Diagnosis;

namespace RstGuard.Cli.Proving;

/// <summary>How a proof ended.</summary>
internal enum ProofStatus
{
    /// <summary>Each link of the chain was seen.</summary>
    Proved,

    /// <summary>A link was seen to be broken.</summary>
    Failed,

    /// <summary>This machine lacks what would show it, or the capture was not whole.</summary>
    Unavailable,

    /// <summary>The effect exists on other systems only.</summary>
    NotOnThisSystem,
}

/// <summary>What a record shows, and why, in words.</summary>
internal sealed record ProofVerdict(ProofStatus Status, string Note);

/// <summary>
/// Decides what a record shows. Nothing that was not observed counts: a program's own word is checked against the wire, the wire
/// counts only where the capture was whole, and what could not be seen makes a proof unavailable, never proved.
/// </summary>
internal static class ProofJudge
{
    /// <summary>The innermost functions name the event; further out is the system call, alike for all.</summary>
    private const int KernelFrames = 6;

    private const string EndOfStream = "EndOfStream";
    private const string Complete = "complete";
    private const string Missing = "missing";

    /// <summary>
    /// How many milliseconds longer than the fixed call the flagged one must take to have blocked: far more than a loaded machine adds to
    /// a call that returns at once.
    /// </summary>
    private const long LeastBlocked = 500;

    /// <summary>Decides.</summary>
    public static ProofVerdict Judge(ProofRecord record)
    {
        List<string> broken = [.. BrokenInSource(record)];
        if (broken.Count > 0)
        {
            return new(ProofStatus.Failed, string.Join(" ", broken));
        }

        if (!record.Proof.RunsHere)
        {
            return new(
                ProofStatus.NotOnThisSystem,
                $"The effect exists on {string.Join(" and ", record.Proof.Systems)} only. The rule finds it here and {(record.IsFixedFromPage ? "is silent on the page's sample" : "its code fix ends the finding")}; neither program was run.");
        }

        if (record.Missing is not null)
        {
            return new(ProofStatus.Unavailable, record.Missing);
        }

        List<string> unseen = [.. Unseen("flagged", record.Flagged), .. Unseen("fixed", record.Fixed)];
        if (unseen.Count > 0)
        {
            return new(ProofStatus.Unavailable, string.Join(" ", unseen));
        }

        broken.AddRange(BrokenOnTheWire(record));
        return broken.Count > 0 ? new(ProofStatus.Failed, string.Join(" ", broken)) : new(ProofStatus.Proved, Told(record));
    }

    private static IEnumerable<string> BrokenInSource(ProofRecord record)
    {
        string id = record.Rule.Id;
        if (record.Flagged.Failure is string flaggedFailure)
        {
            yield return $"The flagged program: {flaggedFailure}";
            yield break;
        }

        if (record.Flagged.Findings is null && record.Missing is not null)
        {
            yield break;
        }

        IReadOnlyList<Finding> findings = record.Flagged.Findings ?? [];
        if (!findings.Any(finding => finding.Id == id && finding.InSample && finding.Marked == record.Proof.Flagged))
        {
            yield return findings.FirstOrDefault(finding => finding.Id == id) is Finding elsewhere
                ? $"{id} was reported at '{elsewhere.Marked}' instead of '{record.Proof.Flagged}'."
                : $"{id} was not reported at '{record.Proof.Flagged}'.";
            yield break;
        }

        if (findings.FirstOrDefault(finding => finding.Id != id) is Finding other)
        {
            yield return $"The flagged program also has {other.Id} at line {other.Line}.";
        }

        if (record.FixTitle is null && !record.IsFixedFromPage)
        {
            yield return record.Fixed.Failure ?? $"{id} offered no code fix here.";
            yield break;
        }

        if (record.FixTitle is not null && record.Proof.FixedSample is not null)
        {
            yield return $"The code fix '{record.FixTitle}' is offered here, so what it writes is to be proved, not a sample of the page.";
        }

        if (record.Diff.Length == 0)
        {
            yield return record.FixTitle is null ? "The page's sample is the flagged one." : $"The code fix '{record.FixTitle}' changed nothing.";
        }

        if (record.Fixed.Failure is string fixedFailure)
        {
            yield return $"The fixed program: {fixedFailure}";
        }
        else if (record.Fixed.Findings?.FirstOrDefault() is Finding left)
        {
            yield return $"After the fix {left.Id} is reported at line {left.Line}.";
        }
    }

    private static IEnumerable<string> Unseen(string which, ProgramRecord program)
    {
        if (program.Report is null || program.Wire is null)
        {
            yield return $"The {which} program was not observed.";
            yield break;
        }

        foreach (string gap in program.Wire.Gaps)
        {
            yield return $"The capture of the {which} program is not whole: {gap}";
        }

        if (FlowOf(program) is null)
        {
            yield return $"The capture of the {which} program saw nothing of its connection {program.Report.Sender} -> {program.Report.Receiver}.";
        }
    }

    private static IEnumerable<string> BrokenOnTheWire(ProofRecord record)
    {
        ProgramReport flagged = record.Flagged.Report!;
        foreach (string broken in record.Proof.Claims.HasFlag(ProofClaims.Reset) ? WithoutItsReset(record) : ResetUnclaimed(record))
        {
            yield return broken;
        }

        if ((record.Proof.Claims & (ProofClaims.Loss | ProofClaims.DataLoss)) != 0 && flagged.BytesReceived >= flagged.BytesSent)
        {
            yield return $"The flagged program lost nothing: {flagged.BytesReceived} of {flagged.BytesSent} bytes arrived.";
        }

        if (record.Proof.Claims.HasFlag(ProofClaims.DataLoss) && (flagged.End != EndOfStream || !FlowOf(record.Flagged)!.Ended))
        {
            yield return $"The flagged program's message did not end as if it were whole: {Ending(record.Flagged)}.";
        }

        if (record.Proof.Claims.HasFlag(ProofClaims.Blocks) && NotBlocked(flagged, record.Fixed.Report!) is string notBlocked)
        {
            yield return notBlocked;
        }

        if (record.Proof.Claims.HasFlag(ProofClaims.NoEffect))
        {
            foreach (string broken in NotWithoutEffect(flagged, record.Fixed.Report!))
            {
                yield return broken;
            }
        }

        if (record.Proof.Claims.HasFlag(ProofClaims.NoHandshake))
        {
            foreach (string broken in NotWithoutHandshake(record))
            {
                yield return broken;
            }
        }

        foreach (string mismatch in Mismatches(record))
        {
            yield return mismatch;
        }

        ProgramReport repaired = record.Fixed.Report!;
        if (record.Fixed.Wire!.Resets.Count > 0)
        {
            yield return $"After the fix a reset still comes: {Names(record.Fixed.Wire.Resets[0])}.";
        }

        if (repaired.BytesReceived != repaired.BytesSent)
        {
            yield return $"After the fix {repaired.BytesReceived} of {repaired.BytesSent} bytes arrived.";
        }

        if (repaired.BytesSent < flagged.BytesSent)
        {
            yield return $"After the fix {repaired.BytesSent} bytes were sent, before it {flagged.BytesSent}: less is at stake.";
        }

        if (repaired.End != EndOfStream || !FlowOf(record.Fixed)!.Ended)
        {
            yield return $"After the fix {Ending(record.Fixed)}.";
        }
    }

    private static IEnumerable<string> WithoutItsReset(ProofRecord record)
    {
        ProgramReport flagged = record.Flagged.Report!;
        IReadOnlyList<ResetVerdict> resets = record.Flagged.Wire!.Resets;
        if (resets.Count == 0)
        {
            yield return "The flagged program sent no reset.";
        }
        else if (Shown(record) is null)
        {
            yield return resets.Any(reset => IsOf(flagged, reset))
                ? $"The flagged program's reset has another cause than the rule says: {Names(resets[0])}, not {string.Join(" or ", record.Causes)}."
                : $"The flagged program's connection {flagged.Sender} -> {flagged.Receiver} was not reset; {resets[0].Sender} reset {resets[0].Receiver}.";
        }

        foreach (ResetVerdict contradicted in resets.Where(reset => reset.Kernel is { Agrees: false }))
        {
            yield return $"The kernel contradicts the verdict {Names(contradicted)}: {KernelStory(contradicted.Kernel!)}.";
        }

        if (Shown(record) is { Kernel: { Agrees: true } kernel } && !record.Causes.Any(cause => kernel.Fits(Enum.Parse<ResetCause>(cause))))
        {
            yield return $"The kernel says it was not {string.Join(" or ", record.Causes)}: {KernelStory(kernel)}.";
        }
    }

    private static IEnumerable<string> ResetUnclaimed(ProofRecord record) => record.Flagged.Wire!.Resets.Take(1).Select(reset =>
        $"The flagged program also resets, which its proof does not claim: {Names(reset)}, from {reset.Sender} to {reset.Receiver}.");

    // Of the two clocks the one that speaks against the claim counts.
    private static string? NotBlocked(ProgramReport flagged, ProgramReport repaired)
    {
        if (flagged.CallMilliseconds is not long flaggedCall || repaired.CallMilliseconds is not long repairedCall)
        {
            return $"The {(flagged.CallMilliseconds is null ? "flagged" : "fixed")} program did not mark its call with the lines 'call' and 'return'.";
        }

        long blocked = Math.Min(flagged.BlockedMilliseconds, flaggedCall);
        long left = Math.Max(repaired.BlockedMilliseconds, repairedCall);
        return blocked >= left + LeastBlocked
            ? null
            : $"The flagged call took {blocked} ms and the fixed one {left} ms, by the program's clock or the prover's; that it blocks takes {LeastBlocked} ms more to show.";
    }

    private static IEnumerable<string> NotWithoutEffect(ProgramReport flagged, ProgramReport repaired)
    {
        foreach ((string which, ProgramReport report) in new[] { ("flagged", flagged), ("fixed", repaired) })
        {
            if (report.Before is null || report.After is null)
            {
                yield return $"The {which} program did not report what it read back 'before' and 'after'.";
                yield break;
            }
        }

        if (flagged.Before != flagged.After)
        {
            yield return $"What the flagged program sets has an effect: it read back {flagged.Before} before and {flagged.After} after.";
        }

        if (repaired.Before != flagged.Before)
        {
            yield return $"The fixed program began with {repaired.Before}, the flagged one with {flagged.Before}.";
        }

        if (repaired.Before == repaired.After)
        {
            yield return $"After the fix nothing changes either: {repaired.After} is read back before and after.";
        }
    }

    private static IEnumerable<string> NotWithoutHandshake(ProofRecord record)
    {
        foreach ((string which, ProgramReport report, string expected) in new[] { ("flagged", record.Flagged.Report!, Missing), ("fixed", record.Fixed.Report!, Complete) })
        {
            if (report.Handshake != expected)
            {
                yield return report.Handshake is null
                    ? $"The {which} program did not report the 'handshake' that its peer saw."
                    : $"The {which} program's closing handshake is {report.Handshake}, not {expected}.";
            }
        }

        ProgramReport flagged = record.Flagged.Report!;
        if (flagged.BytesReceived != flagged.BytesSent || flagged.End != EndOfStream || !FlowOf(record.Flagged)!.Ended)
        {
            yield return $"The flagged program's connection lacks more than a handshake: {flagged.BytesReceived} of {flagged.BytesSent} bytes arrived, {Ending(record.Flagged)}.";
        }

        long withIt = FlowOf(record.Fixed)!.Bytes - record.Fixed.Report!.BytesSent;
        long withoutIt = FlowOf(record.Flagged)!.Bytes - flagged.BytesSent;
        if (withIt <= withoutIt)
        {
            yield return $"The fixed program says goodbye, but put no more on the wire beside its content: {withIt} bytes, the flagged one {withoutIt}.";
        }
    }

    /// <summary>
    /// What a program says it read must have crossed the wire, and what crossed the wire must have been read, but for bytes that
    /// were answered with a reset, and those that lay unread in a receiver which closed by resetting. A protocol adds bytes of its own.
    /// </summary>
    private static IEnumerable<string> Mismatches(ProofRecord record)
    {
        foreach ((string which, ProgramRecord program) in new[] { ("flagged", record.Flagged), ("fixed", record.Fixed) })
        {
            long onTheWire = FlowOf(program)!.Bytes;
            bool isPlain = record.Proof.Protocol is null;
            long refused = program.Wire!.Resets.Where(reset => reset.Sender.Equals(program.Report!.Receiver)).Sum(reset => (long)(reset.Trigger?.PayloadLength ?? 0));
            if (program.Report!.BytesSent == 0)
            {
                yield return $"The {which} program sent nothing, so nothing could be lost.";
            }

            if (isPlain && onTheWire > program.Report.BytesSent)
            {
                yield return $"The {which} program says it sent {program.Report.BytesSent} bytes; {onTheWire} crossed the wire.";
            }

            if (program.Report.BytesReceived > onTheWire)
            {
                yield return $"The {which} program says it read {program.Report.BytesReceived} bytes; {onTheWire} crossed the wire.";
            }
            else if (isPlain && program.Report.BytesReceived < onTheWire - refused && !program.Wire.Resets.Any(reset => IsReceiversClose(program.Report, reset)))
            {
                yield return $"The {which} program says it read {program.Report.BytesReceived} bytes, but {onTheWire - refused} reached it: its peer swallows bytes.";
            }
        }
    }

    /// <summary>The reset that shows what the rule says, null where none does.</summary>
    public static ResetVerdict? Shown(ProofRecord record) => record.Flagged.Wire?.Resets.FirstOrDefault(reset =>
        reset.Confidence >= Confidence.Ambiguous
        && IsOf(record.Flagged.Report, reset)
        && (reset.Cause is ResetCause cause ? record.Causes.Contains(cause.ToString()) : reset.Candidates.Any(candidate => record.Causes.Contains(candidate.ToString()))));

    /// <summary>The cause, or the causes that fit alike.</summary>
    public static string Names(ResetVerdict verdict) => verdict.Cause?.ToString() ?? string.Join(" or ", verdict.Candidates);

    // A reset of another connection shows nothing about this one.
    private static bool IsOf(ProgramReport? report, ResetVerdict reset) => report is not null
        && ((reset.Sender.Equals(report.Sender) && reset.Receiver.Equals(report.Receiver)) || (reset.Sender.Equals(report.Receiver) && reset.Receiver.Equals(report.Sender)));

    // The wire does not tell how much the receiver left unread; that it closed so says that it may have.
    private static bool IsReceiversClose(ProgramReport report, ResetVerdict reset) =>
        reset.Shape == ResetShape.Active && reset.Sender.Equals(report.Receiver) && reset.Receiver.Equals(report.Sender);

    private static string Ending(ProgramRecord program) =>
        $"the receiver's reading ended with {program.Report!.End}, and the sender {(FlowOf(program)!.Ended ? "sent FIN" : "sent no FIN")}";

    private static string KernelStory(KernelConfirmation kernel) =>
        $"its reason is {kernel.Reason} in state {kernel.State}{(kernel.Stack.Count == 0 ? "" : $", sent by {string.Join(" < ", kernel.Stack.Take(KernelFrames))}")}";

    private static WireFlow? FlowOf(ProgramRecord program) => program.Wire!.Flows.FirstOrDefault(flow =>
        flow.Source.Equals(program.Report!.Sender) && flow.Destination.Equals(program.Report.Receiver));

    private static string Told(ProofRecord record)
    {
        ProgramReport flagged = record.Flagged.Report!;
        ProofClaims claims = record.Proof.Claims;
        string half = record.IsFixedFromPage ? "with the page's sample (the rule has no code fix here)" : "fixed";
        string end = $"{half}, all {record.Fixed.Report!.BytesReceived} arrived and none was.";
        string told = (claims & ~ProofClaims.NoEffect) switch
        {
            ProofClaims.DataLoss => $"Flagged, {flagged.BytesReceived} of {flagged.BytesSent} bytes arrived, and the message ended as if it were whole; {half}, all {record.Fixed.Report.BytesReceived} arrived. None was reset.",
            ProofClaims.NoHandshake => $"Flagged, all {flagged.BytesReceived} bytes arrived and the connection ended without the closing handshake of {record.Proof.Protocol}; {half}, with it. None was reset.",
            ProofClaims.Blocks => $"Flagged, the call took {flagged.BlockedMilliseconds} ms; {half}, {record.Fixed.Report.BlockedMilliseconds} ms. All {record.Fixed.Report.BytesReceived} bytes arrived after that, and no connection was reset.",
            _ => $"Flagged, {flagged.BytesReceived} of {flagged.BytesSent} bytes arrived and the connection was reset; {end}",
        };
        return claims.HasFlag(ProofClaims.NoEffect)
            ? $"Flagged, what is set reads back {flagged.After} as before; {half}, {record.Fixed.Report.After}. {told}"
            : told;
    }
}
