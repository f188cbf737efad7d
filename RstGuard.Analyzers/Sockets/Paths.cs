using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>Order and necessity of operations within one function, as its structure shows them.</summary>
internal static class Paths
{
    /// <summary>
    /// Whether each normal path to <paramref name="later"/> runs <paramref name="earlier"/> first: it stands before it, and under no
    /// condition, loop, handler or function that <paramref name="later"/> is outside of.
    /// </summary>
    internal static bool RunsBefore(IOperation earlier, IOperation later)
    {
        if (earlier.Syntax.SpanStart >= later.Syntax.Span.End && !IsScope(later))
        {
            return false;
        }

        IOperation inner = earlier;
        for (IOperation? outer = earlier.Parent; outer is not null; inner = outer, outer = outer.Parent)
        {
            if (IsAncestor(outer, later))
            {
                return inner != (outer as IConditionalOperation)?.WhenTrue && inner != (outer as IConditionalOperation)?.WhenFalse;
            }

            switch (outer)
            {
                case IConditionalOperation conditional when inner != conditional.Condition:
                case ILoopOperation:
                case ISwitchCaseOperation:
                case ISwitchExpressionArmOperation:
                case ICatchClauseOperation:
                case IAnonymousFunctionOperation:
                case ILocalFunctionOperation:
                case ICoalesceOperation coalesce when inner == coalesce.WhenNull:
                case IBinaryOperation { OperatorKind: BinaryOperatorKind.ConditionalAnd or BinaryOperatorKind.ConditionalOr } binary when inner == binary.RightOperand:
                case ITryOperation { Catches.IsEmpty: false }:
                    return false;
            }
        }

        return false;
    }

    /// <summary>Whether <paramref name="operation"/> is repeated by a loop inside its function.</summary>
    internal static bool IsInLoop(IOperation operation)
    {
        for (IOperation? outer = operation.Parent; outer is not null and not (IAnonymousFunctionOperation or ILocalFunctionOperation); outer = outer.Parent)
        {
            if (outer is ILoopOperation)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The lambda, local function or body that runs <paramref name="operation"/>.</summary>
    internal static IOperation FunctionOf(IOperation operation)
    {
        IOperation outer = operation;
        while (outer.Parent is { } parent)
        {
            outer = parent;
            if (outer is IAnonymousFunctionOperation or ILocalFunctionOperation)
            {
                break;
            }
        }

        return outer;
    }

    private static bool IsScope(IOperation operation) => operation is IUsingOperation or IVariableDeclaratorOperation;

    private static bool IsAncestor(IOperation outer, IOperation operation)
    {
        for (IOperation? candidate = operation; candidate is not null; candidate = candidate.Parent)
        {
            if (candidate == outer)
            {
                return true;
            }
        }

        return false;
    }
}
