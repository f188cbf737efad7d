using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace RstGuard;

/// <summary>
/// One rule. Causes and origins are the names of the members of <c>RstGuard.Diagnosis.ResetCause</c> and
/// <c>RstGuard.CallSites.CloseOrigin</c>, as text, because what the compiler loads cannot see the runtime library.
/// </summary>
/// <param name="descriptor">Id, texts, category and default severity.</param>
/// <param name="effect">One of <see cref="Effects"/>.</param>
/// <param name="causes">What the wire shows when flagged code runs; empty when it shows no reset.</param>
/// <param name="origins">What the .NET side does when flagged code runs.</param>
public sealed class CatalogueEntry(
    DiagnosticDescriptor descriptor, string effect, string[] causes, string[] origins)
{
    /// <summary>Id, texts, category and default severity.</summary>
    public DiagnosticDescriptor Descriptor { get; } = descriptor;

    /// <summary>One of <see cref="Effects"/>.</summary>
    public string Effect { get; } = effect;

    /// <summary>Names of <c>ResetCause</c> members.</summary>
    public ImmutableArray<string> Causes { get; } = ImmutableArray.Create(causes);

    /// <summary>Names of <c>CloseOrigin</c> members.</summary>
    public ImmutableArray<string> Origins { get; } = ImmutableArray.Create(origins);
}
