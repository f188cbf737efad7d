using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
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
                    if (StartOf(handOver, body, cancellationToken) is { } start && CloseRightAfter.Follows(start, close, use.Holder, body))
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
                return Uses(lambda, handOver, body) ? StarterOf(lambda, body) : null;
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

    /// <summary>Whether a lambda does something to the connection, or gives it on: not only asks for its address.</summary>
    private static bool Uses(IAnonymousFunctionOperation lambda, HandOver handOver, SocketBody body)
    {
        ISymbol holder = ConnectionHolder.Of(handOver.Name, body);
        foreach (SocketOperation operation in body.OperationsWithin(lambda.Syntax.Span))
        {
            if (operation.Kind is not (SocketOperationKind.Close or SocketOperationKind.Inquire)
                && SymbolEqualityComparer.Default.Equals(ConnectionHolder.Of(operation, body), holder))
            {
                return true;
            }
        }

        foreach (IOperation reference in body.ReferencesTo(handOver.Name))
        {
            IOperation value = reference.Wrapped();
            while (value.Parent is IInvocationOperation call && call.Instance == value)
            {
                value = call.Wrapped();
            }

            if (value.Parent is IArgumentOperation && lambda.Syntax.Span.Contains(reference.Syntax.Span))
            {
                return true;
            }
        }

        return false;
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
}
