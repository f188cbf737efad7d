using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>Parameters that are handed on unseen.</summary>
internal static class PassThrough
{
    /// <summary>
    /// The parameter with a default that <paramref name="value"/> is, when no code of the body looks at it or changes it before it is
    /// handed on, and no base or interface says another default: a caller who names no value gets the default.
    /// </summary>
    internal static IParameterSymbol? KeepsDefault(IOperation value, SocketBody body) =>
        value.Unwrap() is IParameterReferenceOperation { Parameter: { HasExplicitDefaultValue: true, RefKind: RefKind.None } parameter }
        && parameter.ContainingSymbol is IMethodSymbol { IsOverride: false, IsVirtual: false, IsAbstract: false }
        && body.ReferencesTo(parameter).Count == 1
        && body.ValuesOf(parameter).Count == 0
            ? parameter
            : null;
}
