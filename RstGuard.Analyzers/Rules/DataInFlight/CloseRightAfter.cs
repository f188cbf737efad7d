using System;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>Whether a connection is closed at once after something was started on it that takes time.</summary>
internal static class CloseRightAfter
{
    /// <summary>Whether the close follows the start on its path with nothing between them that could wait.</summary>
    internal static bool Follows(IOperation start, SocketOperation close, ISymbol holder, SocketBody body)
    {
        if (Paths.FunctionOf(start) != Paths.FunctionOf(close.Operation))
        {
            return false;
        }

        IOperation? scope = ScopeOf(close);
        if (scope is not null ? !scope.Syntax.Span.Contains(start.Syntax.Span) : !AlwaysFollows(start, close.Operation))
        {
            return false;
        }

        int from = start.Syntax.Span.End;
        int to = scope is null ? close.Operation.Syntax.SpanStart : scope.Syntax.Span.End;
        for (IOperation? outer = start.Parent; outer is not null && outer != scope && !outer.Syntax.Span.Contains(close.Operation.Syntax.Span); outer = outer.Parent)
        {
            if (outer is ILoopOperation)
            {
                return false;
            }
        }

        // client = null: what was started has it now.
        if (body.ValuesOf(holder).Any(value => value.Syntax.SpanStart >= from))
        {
            return false;
        }

        IOperation root = scope ?? Paths.FunctionOf(start);
        foreach (IOperation operation in root.Descendants())
        {
            if (operation.Syntax.SpanStart >= from && operation.Syntax.Span.End <= to && !Contains(start, operation) && (MayWait(operation, body.Model.Types) || (scope is null && Leaves(operation))))
            {
                return false;
            }
        }

        return true;
    }

    private static bool Contains(IOperation outer, IOperation inner) => outer.Syntax.Span.Contains(inner.Syntax.Span);

    private static bool Leaves(IOperation operation) => operation is IReturnOperation { IsImplicit: false } or IBranchOperation or IThrowOperation;

    private static bool MayWait(IOperation operation, KnownTypes types) => operation switch
    {
        IAwaitOperation or ILoopOperation or ILockOperation => true,
        IInvocationOperation { IsImplicit: true } => false,
        IInvocationOperation { TargetMethod: var method } call =>
            !(types.IsDecoder(method.ContainingType) && !method.Name.StartsWith("Read", StringComparison.Ordinal))
            && method.ContainingType.SpecialType != SpecialType.System_String
            && method.Name is not ("Add" or "Enqueue" or "Remove" or "Increment" or "Decrement" or "ToString" or "Close" or "Dispose")
            && SocketOperation.Create(call, types)?.Kind is not (SocketOperationKind.Close or SocketOperationKind.Shutdown),
        _ => false,
    };

    /// <summary>Of a close at the end of a scope: the scope.</summary>
    private static IOperation? ScopeOf(SocketOperation close)
    {
        switch (close.Operation)
        {
            case IUsingOperation scope:
                return scope.Body;
            case IVariableDeclaratorOperation { Parent.Parent.Parent: IUsingOperation scope }:
                return scope.Body;
            case IVariableDeclaratorOperation declarator:
                IOperation? outer = declarator.Parent;
                while (outer is not null and not (IBlockOperation or ISwitchCaseOperation))
                {
                    outer = outer.Parent;
                }

                return outer;
            default:
                return null;
        }
    }

    /// <summary>Whether the call <paramref name="close"/> runs on each path from <paramref name="start"/> that does not leave before.</summary>
    private static bool AlwaysFollows(IOperation start, IOperation close)
    {
        if (close.Syntax.SpanStart < start.Syntax.Span.End)
        {
            return false;
        }

        IOperation inner = close;
        for (IOperation? outer = close.Parent; outer is not null; inner = outer, outer = outer.Parent)
        {
            if (outer.Syntax.Span.Contains(start.Syntax.Span))
            {
                return outer is not IConditionalOperation and not ISwitchOperation && !(outer is ITryOperation guarded && guarded.Finally != inner);
            }

            if (outer is IConditionalOperation or ICatchClauseOperation or ISwitchCaseOperation or ILoopOperation or IAnonymousFunctionOperation or ILocalFunctionOperation)
            {
                return false;
            }
        }

        return false;
    }
}
