namespace RstGuard.Diagnosis;

/// <summary>How sure a verdict is. Ordered: a higher value is surer.</summary>
public enum Confidence
{
    /// <summary>Nothing that was captured speaks for any cause.</summary>
    Unknown = 0,

    /// <summary>The captured segments fit several causes alike; the true one is among the candidates.</summary>
    Ambiguous,

    /// <summary>One cause fits clearly better than the rest.</summary>
    Likely,

    /// <summary>One cause survives, and captured segments prove all its necessary conditions.</summary>
    Strong,

    /// <summary>The reset declares itself, our own call site saw the abortive close being chosen, or the kernel confirmed a verdict.</summary>
    Certain,
}
