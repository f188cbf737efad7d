using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>How clients are accepted from one listener, by all that the compilation shows to hold it.</summary>
internal sealed class ListenerAccepts
{
    private const int MostHolders = 16;

    private readonly CancellationToken _cancellationToken;
    private readonly HashSet<ISymbol> _holders = new(SymbolEqualityComparer.Default);
    private readonly Queue<(ISymbol Holder, SocketBody Body)> _next = new();

    private ListenerAccepts(CancellationToken cancellationToken)
    {
        _cancellationToken = cancellationToken;
    }

    /// <summary>An accept that one client after the other comes through: in a loop, or begun again by its own callback.</summary>
    internal SocketOperation? Repeated { get; private set; }

    /// <summary>Somebody accepts, once or more.</summary>
    internal bool Any { get; private set; }

    /// <summary>Somebody asks whether a client waits.</summary>
    internal bool AsksForWaiting { get; private set; }

    /// <summary>The listener is also held by what is not known here, or came from there.</summary>
    internal bool Leaves { get; private set; }

    /// <summary>
    /// Of the listener that <paramref name="listener"/>, a local, parameter, field or property that <paramref name="body"/> names, holds. It
    /// is followed into methods that it is passed to, and into the object's own fields.
    /// </summary>
    internal static ListenerAccepts Of(ISymbol listener, SocketBody body, CancellationToken cancellationToken)
    {
        ListenerAccepts accepts = new(cancellationToken) { Leaves = listener is IParameterSymbol };
        accepts.Follow(listener, body);
        while (accepts._next.Count > 0)
        {
            (ISymbol holder, SocketBody where) = accepts._next.Dequeue();
            bool isMember = holder is IFieldSymbol or IPropertySymbol;
            accepts.Leaves |= isMember && holder.DeclaredAccessibility is not (Accessibility.Private or Accessibility.NotApplicable);
            foreach (SocketBody part in isMember ? where.Model.BodiesThatName(holder, cancellationToken).Append(where).Distinct() : [where])
            {
                accepts.Look(holder, part);
            }
        }

        return accepts;
    }

    private void Follow(ISymbol holder, SocketBody body)
    {
        holder = holder.OriginalDefinition;
        if (_holders.Count == MostHolders)
        {
            Leaves = true;
        }
        else if (_holders.Add(holder))
        {
            _next.Enqueue((holder, body));
        }
    }

    private void Look(ISymbol holder, SocketBody body)
    {
        AsksForWaiting |= body.OperationsOf(SocketOperationKind.Poll).Any(IsOfHolder)
            || body.OperationsOf(SocketOperationKind.Inquire).Any(operation => operation.Operation is IInvocationOperation { TargetMethod.Name: "Pending" } && IsOfHolder(operation));
        SocketOperation? begun = null;
        foreach (SocketOperation accept in body.OperationsOf(SocketOperationKind.Accept).Where(IsOfHolder))
        {
            Any = true;
            if (accept.Form == OperationForm.End)
            {
                continue;
            }

            bool isBegun = accept.Form is OperationForm.Begin or OperationForm.EventArgs;
            if (Paths.IsInLoop(accept.Operation) || (isBegun && begun is not null) || IsBegunAgain(accept, body))
            {
                Repeated ??= accept;
            }

            begun ??= isBegun ? accept : null;
        }

        foreach (IOperation reference in body.ReferencesTo(holder))
        {
            Follow(reference, body);
        }

        bool IsOfHolder(SocketOperation operation) => SymbolEqualityComparer.Default.Equals(SocketKindOf.SymbolOf(operation.Connection)?.OriginalDefinition, holder);
    }

    /// <summary>Where a listener goes from a place that names it.</summary>
    private void Follow(IOperation reference, SocketBody body)
    {
        IOperation value = reference.Wrapped();
        switch (value.Parent)
        {
            case IReturnOperation:
                Leaves = true;
                break;
            case ISimpleAssignmentOperation assignment when assignment.Value == value:
                if (SocketKindOf.SymbolOf(assignment.Target) is { } target)
                {
                    Follow(target, body);
                }
                else
                {
                    Leaves = true;
                }

                break;
            case IVariableInitializerOperation { Parent: IVariableDeclaratorOperation { Symbol: var local } }:
                Follow(local, body);
                break;
            case IArgumentOperation { Parameter: { } parameter, Parent: IInvocationOperation or IObjectCreationOperation }:
                // A conversation about the listener alone, such as Assert.NotNull(listener), is not told from one that accepts.
                if (parameter.ContainingSymbol is IMethodSymbol method && body.Model.BodyOf(method, _cancellationToken) is { } callee)
                {
                    Follow(parameter, callee);
                }
                else
                {
                    Leaves = true;
                }

                break;
        }
    }

    /// <summary>
    /// Whether the member that accepts runs once more for each client: it is named by itself, by a member that ends an accept or gets its event
    /// arguments, or in a loop.
    /// </summary>
    private bool IsBegunAgain(SocketOperation accept, SocketBody body) => body.Owner is IMethodSymbol { MethodKind: MethodKind.Ordinary } member
        && Paths.FunctionOf(accept.Operation) == body.Root
        && body.Model.BodiesThatName(member, _cancellationToken).Any(other => other.ReferencesTo(member.OriginalDefinition) is { Count: > 0 } calls
            && (other.Owner.Equals(member, SymbolEqualityComparer.Default)
                || other.OperationsOf(SocketOperationKind.Accept).Any(operation => operation.Form == OperationForm.End)
                || (accept.Form == OperationForm.EventArgs && other.Owner is IMethodSymbol completed && completed.Parameters.Any(parameter => KnownTypes.Is(parameter.Type, body.Model.Types.SocketAsyncEventArgs)))
                || calls.Any(Paths.IsInLoop)));
}
