using RstGuard.Reports;

namespace RstGuard;

/// <summary>A guard did not pass.</summary>
public abstract class ResetGuardException : Exception
{
    private protected ResetGuardException(string message, IReadOnlyList<GuardedReset> resets, (IReadOnlyList<string> Paths, string Text) files)
        : base(files.Text.Length > 0 ? $"{message}\n{files.Text}" : message)
    {
        Resets = resets;
        Files = files.Paths;
    }

    /// <summary>
    /// The resets it is about. Of a <see cref="ResetDetectedException"/> those that failed the guard; of an <see cref="ExpectedResetMissingException"/> those
    /// that came instead; of a <see cref="ResetGuardInconclusiveException"/> those that can't be told from each other or from an outsider's. The last two are often empty.
    /// </summary>
    public IReadOnlyList<GuardedReset> Resets { get; }

    /// <summary>
    /// What was written beside the test results: the report as a page (<c>.html</c>) and as JSON, and, where packets were captured, those of the
    /// resets that are told (<c>.pcapng</c>). Empty where nothing was.
    /// </summary>
    public IReadOnlyList<string> Files { get; }
}

/// <summary>Connections were reset. The message tells each: cause, line, rule, what was lost, the last segments, what to do.</summary>
public sealed class ResetDetectedException : ResetGuardException
{
    internal ResetDetectedException(IReadOnlyList<GuardedReset> resets, IReadOnlyList<string> reservations, IReadOnlyList<string> notes, (IReadOnlyList<string> Paths, string Text) files)
        : base(ResetReport.Describe(resets, reservations, notes), resets, files)
    {
    }
}

/// <summary>A reset that <see cref="ResetGuard.Expect"/> announced did not come, though everything was seen.</summary>
public sealed class ExpectedResetMissingException : ResetGuardException
{
    internal ExpectedResetMissingException(
        IReadOnlyList<ResetPattern> missing, IReadOnlyList<GuardedReset> resets, IReadOnlyList<string> notes, (IReadOnlyList<string> Paths, string Text) files)
        : base(ResetReport.DescribeMissing(missing, resets, notes), resets, files) => Missing = missing;

    /// <summary>What was expected and did not come.</summary>
    public IReadOnlyList<ResetPattern> Missing { get; }
}

/// <summary>The guard could not see everything, or saw a reset and can't tell its cause, so that it neither blames nor passes.</summary>
public sealed class ResetGuardInconclusiveException : ResetGuardException
{
    internal ResetGuardInconclusiveException(
        IReadOnlyList<string> reasons, IReadOnlyList<GuardedReset> resets, IReadOnlyList<string> notes, (IReadOnlyList<string> Paths, string Text) files)
        : base(ResetReport.DescribeInconclusive(reasons, resets, notes), resets, files) => Reasons = reasons;

    /// <summary>What was not seen or can't be told and why, with the remedy where there is one.</summary>
    public IReadOnlyList<string> Reasons { get; }
}
