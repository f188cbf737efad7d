using System;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>
/// Whether code says that it resets on purpose: by the attribute, or by the name of its member or type.
/// </summary>
internal static class IntentionalReset
{
    private static readonly string[] MemberWords = ["abort", "kill", "rst", "terminate", "reset"];
    private static readonly string[] TypeWords = ["abort", "kill", "chaos", "rst"];

    /// <summary>Asked for an operation that closes abortively or sets linger: so the word Reset in a member's name counts.</summary>
    internal static bool IsDeclared(ISymbol owner, IOperation operation)
    {
        for (IOperation? outer = operation; outer is not null; outer = outer.Parent)
        {
            if (outer is ILocalFunctionOperation { Symbol: var function } && (HasAttribute(function) || NamesReset(function.Name)))
            {
                return true;
            }
        }

        for (ISymbol? symbol = owner; symbol is not null and not INamespaceSymbol; symbol = symbol.ContainingSymbol)
        {
            ISymbol named = (symbol as IMethodSymbol)?.AssociatedSymbol ?? symbol;
            if (HasAttribute(symbol) || HasAttribute(named)
                || (named is INamedTypeSymbol ? NameWords.Of(named.Name).Any(word => TypeWords.Contains(word, StringComparer.OrdinalIgnoreCase)) : NamesReset(named.Name)))
            {
                return true;
            }
        }

        return HasAttribute(owner.ContainingAssembly);
    }

    private static bool HasAttribute(ISymbol? symbol)
    {
        if (symbol is null)
        {
            return false;
        }

        foreach (AttributeData attribute in symbol.GetAttributes())
        {
            if (attribute.AttributeClass?.Name is "IntentionalResetAttribute")
            {
                return true;
            }
        }

        return false;
    }

    private static bool NamesReset(string name)
    {
        string? last = null;
        foreach (string word in NameWords.Of(name))
        {
            if (MemberWords.Contains(word, StringComparer.OrdinalIgnoreCase)
                || (string.Equals(last, "force", StringComparison.OrdinalIgnoreCase) && string.Equals(word, "close", StringComparison.OrdinalIgnoreCase)))
            {
                return true;
            }

            last = word;
        }

        return false;
    }
}
