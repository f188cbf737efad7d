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

    /// <summary>
    /// Whether some normal path within one function runs <paramref name="earlier"/> before <paramref name="later"/>: it stands before it,
    /// not in another branch, and its own branch does not end in a jump past it.
    /// </summary>
    internal static bool MayRunBefore(IOperation earlier, IOperation later)
    {
        if (FunctionOf(earlier) != FunctionOf(later) || IsAncestor(later, earlier))
        {
            return false;
        }

        if (earlier.Syntax.SpanStart >= later.Syntax.SpanStart && !IsScope(later))
        {
            return false;
        }

        IOperation inner = earlier;
        for (IOperation? outer = earlier.Parent; outer is not null; inner = outer, outer = outer.Parent)
        {
            if (IsAncestor(outer, later))
            {
                return !(outer is IConditionalOperation conditional && inner != conditional.Condition && !IsAncestor(inner, later) && !IsAncestor(conditional.Condition, later))
                    && outer is not ISwitchOperation and not ISwitchExpressionOperation;
            }

            // if (x) { Shutdown(); return; } Close();
            if (outer is IBlockOperation { Operations: { Length: > 0 } statements } block
                && statements[statements.Length - 1] is IReturnOperation or IThrowOperation or IExpressionStatementOperation { Operation: IThrowOperation }
                && block.Parent is not ITryOperation && !IsInFinallyOf(block, later))
            {
                return false;
            }
        }

        return false;
    }

    private static bool IsInFinallyOf(IOperation guarded, IOperation later)
    {
        for (IOperation? outer = guarded.Parent; outer is not null; outer = outer.Parent)
        {
            if (outer is ITryOperation { Finally: { } last } && IsAncestor(last, later))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether two operations of one body stand in different branches of one <c>if</c> or <c>switch</c>.</summary>
    internal static bool AreAlternatives(IOperation one, IOperation other)
    {
        IOperation inner = one;
        for (IOperation? outer = one.Parent; outer is not null; inner = outer, outer = outer.Parent)
        {
            if (IsAncestor(outer, other))
            {
                return !IsAncestor(inner, other) && outer switch
                {
                    IConditionalOperation conditional => inner != conditional.Condition && !IsAncestor(conditional.Condition, other),
                    ISwitchOperation choice => inner != choice.Value && !IsAncestor(choice.Value, other),
                    _ => false,
                };
            }
        }

        return false;
    }

    /// <summary>The innermost loop of its function that repeats <paramref name="operation"/>.</summary>
    internal static ILoopOperation? LoopOf(IOperation operation)
    {
        for (IOperation? outer = operation.Parent; outer is not null and not (IAnonymousFunctionOperation or ILocalFunctionOperation); outer = outer.Parent)
        {
            if (outer is ILoopOperation loop)
            {
                return loop;
            }
        }

        return null;
    }

    /// <summary>Whether <paramref name="inner"/> is <paramref name="outer"/> or stands inside it.</summary>
    internal static bool IsInside(IOperation inner, IOperation outer) => IsAncestor(outer, inner);

    /// <summary>Whether <paramref name="operation"/> is repeated by a loop inside its function.</summary>
    internal static bool IsInLoop(IOperation operation) => LoopOf(operation) is not null;

    /// <summary>Whether <paramref name="operation"/> stands in a handler.</summary>
    internal static bool IsInCatch(IOperation operation)
    {
        for (IOperation? outer = operation.Parent; outer is not null; outer = outer.Parent)
        {
            if (outer is ICatchClauseOperation)
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
