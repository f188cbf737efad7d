using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// Request and reply over a connection that a field keeps: a member that others may call again sends, receives once, and takes what came for
/// a whole reply. When that was the peer's end, nobody knows, and the next call sends to a peer that has closed.
/// </summary>
internal readonly struct UntoldReply(SocketBody body)
{
    /// <summary>The request that a next call would send; <see langword="null"/> where the end is told, or nothing calls again.</summary>
    /// <param name="receive">A receive outside any loop.</param>
    /// <param name="requests">What the body sends on the same connection.</param>
    /// <param name="field">The field that holds the connection.</param>
    internal SocketOperation? RequestOf(IInvocationOperation receive, IEnumerable<SocketOperation> requests, ISymbol field)
    {
        if (body.Owner is not IMethodSymbol { MethodKind: MethodKind.Ordinary or MethodKind.ExplicitInterfaceImplementation, IsStatic: false, DeclaredAccessibility: not Accessibility.Private }
            || IsInFunction(receive)
            || !IsUntold(receive)
            || IsReplyJudged(receive)
            || EndsOrLooks(field))
        {
            return null;
        }

        return requests.FirstOrDefault(request => request.Operation.Syntax.Span.End <= receive.Syntax.SpanStart && !IsInFunction(request.Operation));
    }

    private static bool IsInFunction(IOperation operation) => Paths.FunctionOf(operation) is IAnonymousFunctionOperation or ILocalFunctionOperation;

    /// <summary>The count is ignored, or is no more than a length to copy.</summary>
    private bool IsUntold(IInvocationOperation receive) => ReceivedCount.NumberOf(receive) is { } local
        ? body.ReferencesTo(local).All(reference => (reference.Parent is ISimpleAssignmentOperation assignment && assignment.Target == reference) || IsLength(reference.Wrapped()))
        : receive.Wrapped().Parent is IExpressionStatementOperation or ISimpleAssignmentOperation { Target: IDiscardOperation };

    private static bool IsLength(IOperation count) => count.Parent switch
    {
        IArrayCreationOperation => true,
        IArgumentOperation { Parent: IInvocationOperation { TargetMethod: { Name: "Copy" or "ConstrainedCopy" or "BlockCopy", ContainingType: { Name: "Array" or "Buffer", ContainingNamespace.Name: "System" } } } } => true,
        _ => false,
    };

    /// <summary>Something of the reply is found to be wrong: what then happens is not known.</summary>
    private bool IsReplyJudged(IInvocationOperation receive) => receive.Argument("buffer")?.Unwrap() is ILocalReferenceOperation { Local: var buffer }
        && body.ReferencesTo(buffer).Any(reference => reference.Wrapped().Parent is IArrayElementReferenceOperation element
            && element.Wrapped().Parent is IBinaryOperation { OperatorKind: BinaryOperatorKind.NotEquals });

    private bool EndsOrLooks(ISymbol field)
    {
        if (body.OperationsOf(SocketOperationKind.Close).Count + body.OperationsOf(SocketOperationKind.Poll).Count + body.OperationsOf(SocketOperationKind.Peek).Count
            + body.OperationsOf(SocketOperationKind.Connect).Count + body.OperationsOf(SocketOperationKind.Accept).Count > 0)
        {
            return true;
        }

        return body.LooksForData || body.ValuesOf(field.OriginalDefinition).Any();
    }
}
