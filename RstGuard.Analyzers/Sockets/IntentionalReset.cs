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
    private static readonly string[] ConditionWords = ["abort", "aborted", "abortive", "force", "hard", "kill", "reset", "rst"];
    private static readonly string[] OppositeWords = ["graceful", "gracefully", "soft"];
    private static readonly string[] TypeWords = ["abort", "kill", "chaos", "rst"];

    /// <summary>Asked for an operation that closes abortively or sets linger: so the word Reset in a member's name counts.</summary>
    internal static bool IsDeclared(ISymbol owner, IOperation operation)
    {
        IOperation inner = operation;
        for (IOperation? outer = operation; outer is not null; inner = outer, outer = outer.Parent)
        {
            switch (outer)
            {
                case ILocalFunctionOperation { Symbol: var function } when HasAttribute(function) || NamesReset(function.Name):
                case IConditionalOperation conditional when inner != conditional.Condition && AsksFor(conditional.Condition, inner == conditional.WhenTrue):
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

    /// <summary>A condition that is named after an abort, as in <c>if (abortive)</c>, or the other branch of one that is named after its opposite.</summary>
    private static bool AsksFor(IOperation condition, bool whenTrue) => condition.Unwrap() switch
    {
        IUnaryOperation { OperatorKind: UnaryOperatorKind.Not } negated => AsksFor(negated.Operand, !whenTrue),
        IBinaryOperation { OperatorKind: BinaryOperatorKind.ConditionalAnd } both when whenTrue => AsksFor(both.LeftOperand, true) || AsksFor(both.RightOperand, true),
        IBinaryOperation { OperatorKind: BinaryOperatorKind.ConditionalOr } either when !whenTrue => AsksFor(either.LeftOperand, false) || AsksFor(either.RightOperand, false),
        ILocalReferenceOperation { Local.Name: var name } => NamesCondition(name, whenTrue),
        IParameterReferenceOperation { Parameter.Name: var name } => NamesCondition(name, whenTrue),
        IMemberReferenceOperation { Member.Name: var name } => NamesCondition(name, whenTrue),
        IIsTypeOperation { TypeOperand.Name: var name } => NamesCondition(name, whenTrue),
        IIsPatternOperation { Pattern: ITypePatternOperation { MatchedType.Name: var name } } => NamesCondition(name, whenTrue),
        IIsPatternOperation { Pattern: IDeclarationPatternOperation { MatchedType.Name: var name } } => NamesCondition(name, whenTrue),
        _ => false,
    };

    private static bool NamesCondition(string name, bool whenTrue) =>
        NameWords.Of(name).Any(word => (whenTrue ? ConditionWords : OppositeWords).Contains(word, StringComparer.OrdinalIgnoreCase));

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
