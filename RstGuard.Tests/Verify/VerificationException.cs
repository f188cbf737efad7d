namespace RstGuard.Tests.Verification;

/// <summary>A rule or a fix did not do what a test says of it.</summary>
internal sealed class VerificationException(string message) : Exception(message);
