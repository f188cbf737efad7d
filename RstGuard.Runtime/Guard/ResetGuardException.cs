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
    internal ResetDetectedException(IReadOnlyList<GuardedReset> resets, IReadOnlyList<string> reservations)
        : base(ResetReport.Describe(resets, reservations)) => Resets = resets;

    /// <summary>The resets that failed the guard.</summary>
    public IReadOnlyList<GuardedReset> Resets { get; }
}

/// <summary>The guard could not see everything, so that it can't say that no connection was reset.</summary>
public sealed class ResetGuardInconclusiveException : ResetGuardException
{
    internal ResetGuardInconclusiveException(IReadOnlyList<string> reasons)
        : base("The guard is inconclusive: it can't say that no connection was reset.\n  - " + string.Join("\n  - ", reasons)
            + "\nResetGuardOptions.AllowInconclusive lets such a run pass.") => Reasons = reasons;

    /// <summary>What was not seen and why, with the remedy where there is one.</summary>
    public IReadOnlyList<string> Reasons { get; }
}
