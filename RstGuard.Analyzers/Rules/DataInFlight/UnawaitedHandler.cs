using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// Code that is given a connection, runs beside the function that holds it (a task that nobody awaits, a thread, a queued delegate), and
/// is still at it when that function closes the connection right afterwards.
/// </summary>
internal sealed class UnawaitedHandler
{
    private UnawaitedHandler(ConnectionUse use, SocketOperation close, IOperation start, HandOver handOver)
    {
        Use = use;
        Close = close;
        Start = start;
        HandOver = handOver;
    }

    internal ConnectionUse Use { get; }

    /// <summary>The close: an end of scope, or a call.</summary>
    internal SocketOperation Close { get; }

    /// <summary>The call that starts the handler.</summary>
    internal IOperation Start { get; }

    /// <summary>How the handler gets the connection.</summary>
    internal HandOver HandOver { get; }

    /// <summary>All of a body, one for each close.</summary>
    internal static IEnumerable<UnawaitedHandler> In(SocketBody body, CancellationToken cancellationToken)
    {
        foreach (ConnectionUse use in body.Connections)
        {
            foreach (SocketOperation close in use.ClosesInOrder)
            {
                foreach (HandOver handOver in use.HandOvers)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (StartOf(handOver, body, cancellationToken) is { } start && ClosesRightAfter(start, close, use, body))
                    {
                        yield return new UnawaitedHandler(use, close, start, handOver);
                        break;
                    }
                }
            }
        }
    }

    /// <summary>The call that starts what gets the connection, if nothing waits for its end.</summary>
    private static IOperation? StartOf(HandOver handOver, SocketBody body, CancellationToken cancellationToken)
    {
        switch (handOver)
        {
            case { Kind: HandOverKind.Argument, To: IInvocationOperation call }:
                return IsQueue(call, body.Model.Types) || (IsTaskOrAsyncVoid(call) && IsDropped(call, body) && StaysBusy(call, handOver, body, cancellationToken)) ? call : null;
            case { Kind: HandOverKind.Captured, To: IAnonymousFunctionOperation lambda }:
                return StarterOf(lambda, body) is { } starter ? starter : null;
            case { Kind: HandOverKind.Captured, To: ILocalFunctionOperation { Symbol: var function } }:
                foreach (IOperation use in body.ReferencesTo(function))
                {
                    if (use is IInvocationOperation invocation ? IsTaskOrAsyncVoid(invocation) && IsDropped(invocation, body) : StarterOf(use, body) is not null)
                    {
                        return use is IInvocationOperation ? use : StarterOf(use, body);
                    }
                }

                return null;
            default:
                return null;
        }
    }

    /// <summary>The call that runs a delegate elsewhere and is not waited for.</summary>
    private static IOperation? StarterOf(IOperation function, SocketBody body)
    {
        KnownTypes types = body.Model.Types;
        IOperation value = function;
        while (value.Parent is IDelegateCreationOperation or IConversionOperation or IParenthesizedOperation)
        {
            value = value.Parent;
        }

        switch (value.Parent)
        {
            case IArgumentOperation { Parent: IInvocationOperation call }:
                bool starts = (call.TargetMethod.Name == "Run" && KnownTypes.Is(call.TargetMethod.ContainingType, types.Task))
                    || (call.TargetMethod.Name == "StartNew" && KnownTypes.IsOrDerives(call.TargetMethod.ContainingType, types.TaskFactory));
                return IsQueue(call, types) || (starts && IsDropped(call, body)) ? call : null;
            case IArgumentOperation { Parent: IObjectCreationOperation { Constructor.ContainingType: var made } creation } when KnownTypes.Is(made, types.Thread):
                return StartOfThread(creation, body);
            default:
                return null;
        }
    }

    private static IOperation? StartOfThread(IObjectCreationOperation thread, SocketBody body)
    {
        switch (thread.Wrapped().Parent)
        {
            case IInvocationOperation { TargetMethod.Name: "Start" or "UnsafeStart" } start:
                return start;
            case IVariableInitializerOperation { Parent: IVariableDeclaratorOperation { Symbol: var local } }:
                IOperation? found = null;
                foreach (IOperation reference in body.ReferencesTo(local))
                {
                    switch (reference.Parent)
                    {
                        case IInvocationOperation { TargetMethod.Name: "Start" or "UnsafeStart" } start:
                            found = start;
                            break;
                        case ISimpleAssignmentOperation or IPropertyReferenceOperation:
                            break;
                        default:
                            return null;
                    }
                }

                return found;
            default:
                return null;
        }
    }

    private static bool IsQueue(IInvocationOperation call, KnownTypes types) => call.TargetMethod switch
    {
        { Name: "QueueUserWorkItem" or "UnsafeQueueUserWorkItem" } method => KnownTypes.Is(method.ContainingType, types.ThreadPool),
        { Name: "Start" or "UnsafeStart" } method => KnownTypes.Is(method.ContainingType, types.Thread) && call.Arguments.Length == 1,
        _ => false,
    };

    private static bool IsTaskOrAsyncVoid(IInvocationOperation call) =>
        call.TargetMethod.ReturnType is { Name: "Task" or "ValueTask", ContainingNamespace: { Name: "Tasks" } } || call.TargetMethod is { IsAsync: true, ReturnsVoid: true };

    private static bool IsDropped(IInvocationOperation call, SocketBody body)
    {
        ResultUse result = ResultUse.Of(call);
        return result.Kind switch
        {
            ResultUseKind.Discarded => true,
            ResultUseKind.Stored => result.StoredIn is ILocalSymbol local && body.ReferencesTo(local).Count == 0,
            _ => false,
        };
    }

    /// <summary>An asynchronous callee in source must use the connection when it first waits, or after.</summary>
    private static bool StaysBusy(IInvocationOperation call, HandOver handOver, SocketBody body, CancellationToken cancellationToken)
    {
        // A send or receive is no handler; RST2003 looks at those.
        if (body.Model.Types.Members.Find(call.TargetMethod) is not null)
        {
            return false;
        }

        if (call.TargetMethod is not { IsAsync: true, DeclaringSyntaxReferences: { Length: 1 } declarations })
        {
            return call.TargetMethod.DeclaringSyntaxReferences.IsEmpty || !IsDone(call.TargetMethod.DeclaringSyntaxReferences[0].GetSyntax(cancellationToken));
        }

        SyntaxNode declaration = declarations[0].GetSyntax(cancellationToken);
        string? parameter = call.Arguments.FirstOrDefault(argument => argument.Syntax.Span.Contains(handOver.Reference.Syntax.Span))?.Parameter?.Name;
        SyntaxNode? wait = declaration.DescendantNodes().FirstOrDefault(node => node is AwaitExpressionSyntax or CommonForEachStatementSyntax { AwaitKeyword.RawKind: not 0 });
        return wait is not null && parameter is not null
            && (declaration.DescendantNodes().OfType<IdentifierNameSyntax>().Any(name => name.Identifier.ValueText == parameter && name.SpanStart >= wait.SpanStart)
                || IsHeldByLocal(declaration, parameter, wait.SpanStart));
    }

    // var stream = client.GetStream(); await …
    private static bool IsHeldByLocal(SyntaxNode declaration, string parameter, int firstWait) => declaration.DescendantNodes().OfType<VariableDeclaratorSyntax>().Any(variable =>
        variable.Initializer is { } initializer && variable.SpanStart < firstWait
        && initializer.DescendantNodes().OfType<IdentifierNameSyntax>().Any(name => name.Identifier.ValueText == parameter));

    // A method that is not asynchronous may do all before it returns: return Task.CompletedTask.
    private static bool IsDone(SyntaxNode declaration) => declaration.DescendantNodes().OfType<IdentifierNameSyntax>().Any(name => name.Identifier.ValueText is "CompletedTask" or "FromResult");

    /// <summary>Whether the close follows the start on its path with nothing between them that could wait for the handler.</summary>
    private static bool ClosesRightAfter(IOperation start, SocketOperation close, ConnectionUse use, SocketBody body)
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

        // client = null: the handler has it now.
        if (body.ValuesOf(use.Holder).Any(value => value.Syntax.SpanStart >= from))
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
            !(types.IsDecoder(method.ContainingType) && !method.Name.StartsWith("Read", System.StringComparison.Ordinal))
            && method.ContainingType.SpecialType != SpecialType.System_String
            && method.Name is not ("Add" or "Enqueue" or "Remove" or "Increment" or "Decrement" or "ToString" or "Close" or "Dispose")
            && SocketOperation.Create(call, types)?.Kind is not SocketOperationKind.Close,
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
