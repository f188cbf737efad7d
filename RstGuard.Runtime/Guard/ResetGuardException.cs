using RstGuard.Reports;

namespace RstGuard;

/// <summary>A guard did not pass.</summary>
public abstract class ResetGuardException : Exception
{
    private protected ResetGuardException(string message)
        : base(message)
    {
    }
}

/// <summary>Connections were reset. The message tells each: cause, line, rule, what was lost, the last segments, what to do.</summary>
public sealed class ResetDetectedException : ResetGuardException
{
    internal ResetDetectedException(IReadOnlyList<GuardedReset> resets, IReadOnlyList<string> reservations, IReadOnlyList<string> notes)
        : base(ResetReport.Describe(resets, reservations, notes)) => Resets = resets;

    /// <summary>The resets that failed the guard.</summary>
    public IReadOnlyList<GuardedReset> Resets { get; }
}

/// <summary>The guard could not see everything, or saw a reset and can't tell its cause, so that it neither blames nor passes.</summary>
public sealed class ResetGuardInconclusiveException : ResetGuardException
{
    internal ResetGuardInconclusiveException(IReadOnlyList<string> reasons, IReadOnlyList<GuardedReset> resets, IReadOnlyList<string> notes)
        : base(ResetReport.DescribeInconclusive(reasons, resets, notes))
    {
        Reasons = reasons;
        Resets = resets;
    }

    /// <summary>What was not seen or can't be told and why, with the remedy where there is one.</summary>
    public IReadOnlyList<string> Reasons { get; }

    /// <summary>The resets that were seen and that can't be told from each other or from an outsider's; often empty.</summary>
    public IReadOnlyList<GuardedReset> Resets { get; }
}
