using System;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>Whether code says that it runs on Windows alone.</summary>
internal static class TargetPlatform
{
    /// <summary>By attribute, by a condition around <paramref name="operation"/>, or by a guard before it.</summary>
    internal static bool IsWindowsOnly(ISymbol owner, IOperation operation)
    {
        for (ISymbol? symbol = owner; symbol is not null; symbol = symbol.ContainingSymbol)
        {
            if (IsMarked(symbol) || (symbol is IMethodSymbol { AssociatedSymbol: { } associated } && IsMarked(associated)))
            {
                return true;
            }
        }

        IOperation inner = operation;
        for (IOperation? outer = operation.Parent; outer is not null; inner = outer, outer = outer.Parent)
        {
            switch (outer)
            {
                case IConditionalOperation conditional when inner == conditional.WhenTrue && AsksForWindows(conditional.Condition, wanted: true):
                case IConditionalOperation other when inner == other.WhenFalse && AsksForWindows(other.Condition, wanted: false):
                case IBlockOperation block when LeavesUnlessWindows(block, inner):
                    return true;
            }
        }

        return false;
    }

    private static bool IsMarked(ISymbol symbol)
    {
        AttributeData[] platforms = symbol.GetAttributes().Where(attribute => attribute.AttributeClass?.Name == "SupportedOSPlatformAttribute").ToArray();
        return platforms.Length > 0 && platforms.All(attribute =>
            attribute.ConstructorArguments.Length == 1 && attribute.ConstructorArguments[0].Value is string name && name.StartsWith("windows", StringComparison.OrdinalIgnoreCase));
    }

    // if (!OperatingSystem.IsWindows()) return; or throw, before the statement.
    private static bool LeavesUnlessWindows(IBlockOperation block, IOperation statement)
    {
        foreach (IOperation candidate in block.Operations)
        {
            if (candidate == statement)
            {
                return false;
            }

            if (candidate is IConditionalOperation { WhenFalse: null } guard && AsksForWindows(guard.Condition, wanted: false) && Leaves(guard.WhenTrue))
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

    private static bool AsksForWindows(IOperation condition, bool wanted) => condition.Unwrap() switch
    {
        IUnaryOperation { OperatorKind: UnaryOperatorKind.Not } negated => AsksForWindows(negated.Operand, !wanted),
        IBinaryOperation { OperatorKind: BinaryOperatorKind.ConditionalAnd } both when wanted => AsksForWindows(both.LeftOperand, true) || AsksForWindows(both.RightOperand, true),
        IBinaryOperation { OperatorKind: BinaryOperatorKind.ConditionalOr } either when !wanted => AsksForWindows(either.LeftOperand, false) || AsksForWindows(either.RightOperand, false),
        IInvocationOperation { TargetMethod: { Name: "IsWindows" or "IsWindowsVersionAtLeast", ContainingType.Name: "OperatingSystem" } } => wanted,
        IInvocationOperation { TargetMethod: { Name: "IsOSPlatform", ContainingType.Name: "RuntimeInformation" }, Arguments.Length: 1 } call =>
            wanted && call.Arguments[0].Value is IPropertyReferenceOperation { Property.Name: "Windows" },
        _ => false,
    };
}
