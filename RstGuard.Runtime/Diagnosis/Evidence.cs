namespace RstGuard.Diagnosis;

/// <summary>One checkable fact that speaks for or against a cause.</summary>
/// <param name="Fact">A stable name of the fact, such as <c>right-edge-pinned</c>.</param>
/// <param name="Supports">True where it speaks for <paramref name="Cause"/>, false where it speaks against it.</param>
/// <param name="Cause">The cause it speaks for or against; null where it concerns the capture itself.</param>
/// <param name="Text">The fact in words, with its numbers.</param>
/// <param name="Frames">The captured frames that show it, by <see cref="Capture.CapturedPacket.Number"/>.</param>
public sealed record Evidence(string Fact, bool Supports, ResetCause? Cause, string Text, IReadOnlyList<long> Frames);
