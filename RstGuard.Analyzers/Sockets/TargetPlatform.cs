using System;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>Whether code says that it runs on Windows alone, or never there.</summary>
internal static class TargetPlatform
{
    /// <summary>By attribute, by a condition around <paramref name="operation"/>, or by a guard before it.</summary>
    internal static bool IsWindowsOnly(ISymbol owner, IOperation operation) => Says(owner, operation, onWindows: true);

    /// <summary>The same of code that runs on other systems only.</summary>
    internal static bool IsNeverWindows(ISymbol owner, IOperation operation) => Says(owner, operation, onWindows: false);

    private static bool Says(ISymbol owner, IOperation operation, bool onWindows)
    {
        for (ISymbol? symbol = owner; symbol is not null; symbol = symbol.ContainingSymbol)
        {
            if (IsMarked(symbol, onWindows) || (symbol is IMethodSymbol { AssociatedSymbol: { } associated } && IsMarked(associated, onWindows)))
            {
                return true;
            }
        }

        IOperation inner = operation;
        for (IOperation? outer = operation.Parent; outer is not null; inner = outer, outer = outer.Parent)
        {
            switch (outer)
            {
                case IConditionalOperation conditional when inner == conditional.WhenTrue && Tells(conditional.Condition, true, onWindows):
                case IConditionalOperation other when inner == other.WhenFalse && Tells(other.Condition, false, onWindows):
                case IBlockOperation block when LeavesUnless(block, inner, onWindows):
                    return true;
            }
        }

        return false;
    }

    private static bool IsMarked(ISymbol symbol, bool onWindows)
    {
        AttributeData[] platforms = symbol.GetAttributes().Where(attribute => attribute.AttributeClass?.Name == "SupportedOSPlatformAttribute").ToArray();
        return platforms.Length > 0
            ? platforms.All(attribute => attribute.ConstructorArguments.Length == 1 && attribute.ConstructorArguments[0].Value is string name && IsWindows(name) == onWindows)
            : !onWindows && symbol.GetAttributes().Any(attribute => attribute is { AttributeClass.Name: "UnsupportedOSPlatformAttribute", ConstructorArguments: { Length: > 0 } arguments }
                && arguments[0].Value is string name && string.Equals(name, "windows", StringComparison.OrdinalIgnoreCase));
    }

    private static bool IsWindows(string platform) => platform.StartsWith("windows", StringComparison.OrdinalIgnoreCase);

    // if (!OperatingSystem.IsWindows()) return; or throw, before the statement.
    private static bool LeavesUnless(IBlockOperation block, IOperation statement, bool onWindows)
    {
        foreach (IOperation candidate in block.Operations)
        {
            if (candidate == statement)
            {
                return false;
            }

            if (candidate is IConditionalOperation { WhenFalse: null } guard && Tells(guard.Condition, false, onWindows) && Leaves(guard.WhenTrue))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Leaves(IOperation operation) => operation switch
    {
        IReturnOperation or IThrowOperation => true,
        IExpressionStatementOperation { Operation: IThrowOperation } => true,
        IBlockOperation { Operations: { IsEmpty: false } operations } => Leaves(operations[operations.Length - 1]),
        _ => false,
    };

    /// <summary>Whether <paramref name="condition"/>, where it is <paramref name="value"/>, tells that the system is Windows, or is not.</summary>
    private static bool Tells(IOperation condition, bool value, bool onWindows) => condition.Unwrap() switch
    {
        IUnaryOperation { OperatorKind: UnaryOperatorKind.Not } negated => Tells(negated.Operand, !value, onWindows),
        IBinaryOperation { OperatorKind: BinaryOperatorKind.ConditionalAnd } both when value => Tells(both.LeftOperand, true, onWindows) || Tells(both.RightOperand, true, onWindows),
        IBinaryOperation { OperatorKind: BinaryOperatorKind.ConditionalOr } either when !value => Tells(either.LeftOperand, false, onWindows) || Tells(either.RightOperand, false, onWindows),
        IInvocationOperation { TargetMethod: { Name: var name, ContainingType.Name: "OperatingSystem" } } => Tells(name, value, onWindows),
        IInvocationOperation { TargetMethod: { Name: "IsOSPlatform", ContainingType.Name: "RuntimeInformation" }, Arguments: { Length: 1 } arguments }
            when arguments[0].Value is IPropertyReferenceOperation { Property.Name: var platform } => platform == "Windows" ? value == onWindows : value && !onWindows,
        _ => false,
    };

    // An older Windows is Windows too: where it is not of that version, nothing is told.
    private static bool Tells(string question, bool value, bool onWindows) => question switch
    {
        "IsWindows" => value == onWindows,
        "IsWindowsVersionAtLeast" => value && onWindows,
        "IsLinux" or "IsMacOS" or "IsFreeBSD" or "IsAndroid" or "IsIOS" or "IsTvOS" or "IsWatchOS" or "IsMacCatalyst" or "IsBrowser" or "IsWasi" => value && !onWindows,
        _ => value && !onWindows && question.EndsWith("VersionAtLeast", StringComparison.Ordinal),
    };
}
