using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>
/// Where one body ends a connection, or gives it to somebody who may: closes, ends of scopes, hand-overs; and whether one of them runs
/// when control leaves a place, by an exception or otherwise. What is not understood counts as an end, so that the answer
/// "nobody closes it" stands.
/// </summary>
internal sealed class ConnectionEnds
{
    private const int DeepestCall = 4;
    private static readonly string[] EndingWords = ["close", "dispose", "disconnect", "shutdown", "stop", "abort", "reset", "clean", "cleanup", "kill", "release", "destroy", "terminate", "free", "teardown", "drop"];

    private readonly List<IOperation> _ends = [];

    private ConnectionEnds(ISymbol holder, SocketBody body)
    {
        Holder = holder;
        Body = body;
    }

    /// <summary>The local, parameter, field or property that holds the connection.</summary>
    internal ISymbol Holder { get; }

    internal SocketBody Body { get; }

    /// <summary>In the order of the source; a scope stands where it begins.</summary>
    internal IReadOnlyList<IOperation> All => _ends;

    internal static ConnectionEnds Of(ISymbol holder, SocketBody body, CancellationToken cancellationToken)
    {
        ConnectionEnds ends = new(holder, body);
        if (holder is ILocalSymbol or IParameterSymbol)
        {
            ends.AddLocal();
        }
        else
        {
            ends.AddMember(cancellationToken);
        }

        ends._ends.Sort(static (one, other) => one.Syntax.SpanStart.CompareTo(other.Syntax.SpanStart));
        return ends;
    }

    /// <summary>Whether it is ended, or given away, somewhere inside <paramref name="region"/>.</summary>
    internal bool IsEndedIn(IOperation region) => _ends.Any(end => Paths.IsInside(end, region));

    /// <summary>Whether the function may end it, or give it away, after <paramref name="place"/>.</summary>
    internal bool IsEndedAfter(IOperation place) => _ends.Any(end => end.Syntax.SpanStart >= place.Syntax.Span.End || IsScopeAround(end, place));

    /// <summary>Whether it is ended, or given away, before control comes to <paramref name="place"/>, on some path.</summary>
    internal bool IsEndedBefore(IOperation place) => _ends.Any(end => ScopeOf(end) is null && Paths.MayRunBefore(end, place));

    /// <summary>
    /// Whether an exception at <paramref name="place"/> comes by an end before it leaves the function: a scope, a finally, or a handler
    /// that closes or gives the connection away.
    /// </summary>
    internal bool CoversFailureOf(IOperation place) => _ends.Any(end => IsScopeAround(end, place)) || HandlersAround(place).Any(handler => IsEndedIn(handler));

    /// <summary>Whether the name of a method says that it ends something.</summary>
    internal static bool IsNamedAfterEnding(IMethodSymbol method) => NameWords.Of(method.Name).Any(word => EndingWords.Contains(word, StringComparer.OrdinalIgnoreCase));

    /// <summary>The catch clauses and finally blocks that an exception at <paramref name="place"/> may come by, within its function.</summary>
    internal static IEnumerable<IOperation> HandlersAround(IOperation place)
    {
        IOperation inner = place;
        for (IOperation? outer = place.Parent; outer is not null; inner = outer, outer = outer.Parent)
        {
            if (outer is IAnonymousFunctionOperation or ILocalFunctionOperation)
            {
                yield break;
            }

            if (outer is ITryOperation guarded)
            {
                if (inner == guarded.Body)
                {
                    foreach (ICatchClauseOperation handler in guarded.Catches)
                    {
                        yield return handler;
                    }
                }

                if (guarded.Finally is { } last && inner != last)
                {
                    yield return last;
                }
            }
        }
    }

    /// <summary>Whether <paramref name="end"/> is a scope, and control at <paramref name="place"/> is inside it.</summary>
    private static bool IsScopeAround(IOperation end, IOperation place) =>
        ScopeOf(end) is { } scope && Paths.IsInside(place, scope) && place.Syntax.Span.End > end.Syntax.SpanStart;

    /// <summary>What the resource <paramref name="end"/> lives as long as; <see langword="null"/> of an end that is no scope.</summary>
    private static IOperation? ScopeOf(IOperation end) => end switch
    {
        IUsingOperation scope => scope,
        IVariableDeclaratorOperation { Parent: IVariableDeclarationOperation { Parent: IVariableDeclarationGroupOperation { Parent: { } owner } } } => owner is IUsingDeclarationOperation ? owner.Parent : owner,
        _ => null,
    };

    private void AddLocal()
    {
        if (Body.ConnectionOf(Holder) is { } use)
        {
            foreach (SocketOperation operation in use.Operations)
            {
                if (operation.Kind is SocketOperationKind.Close or SocketOperationKind.Abort or SocketOperationKind.HandOver)
                {
                    _ends.Add(operation.Operation);
                }
            }
        }

        foreach (HandOver handOver in Body.LocalAliases.HandOversOf(Holder))
        {
            if (handOver.Kind != HandOverKind.Replaced && !IsOfNoConsequence(handOver))
            {
                _ends.Add(handOver.Reference);
            }
        }
    }

    /// <summary>A delegate that only asks; one that a token runs, which closes on cancellation, and knows nothing of other failures.</summary>
    private bool IsOfNoConsequence(HandOver handOver)
    {
        if (handOver.Kind != HandOverKind.Captured)
        {
            return false;
        }

        if (IsOnlyAsked(handOver.Reference))
        {
            return true;
        }

        IOperation given = handOver.To;
        while (given.Parent is IDelegateCreationOperation or IConversionOperation)
        {
            given = given.Parent;
        }

        return given.Parent is IArgumentOperation { Parent: IInvocationOperation { TargetMethod: { Name: "Register" or "UnsafeRegister", ContainingType.Name: "CancellationToken" } } };
    }

    private void AddMember(CancellationToken cancellationToken)
    {
        foreach (SocketOperation operation in Body.Operations)
        {
            // Through another name of the object's: perhaps the same connection.
            if (operation.Kind is SocketOperationKind.Close or SocketOperationKind.Abort && !Body.Model.Types.IsPlainStream(operation.Connection?.Type) && (ConnectionHolder.Of(operation, Body) is not ILocalSymbol local || IsNameOfMember(local)))
            {
                _ends.Add(operation.Operation);
            }
        }

        foreach (ISymbol name in Body.Symbols.Where(symbol => SymbolEqualityComparer.Default.Equals(symbol, Holder) || (symbol is ILocalSymbol local && IsNameOfMember(local))))
        {
            _ends.AddRange(Body.ReferencesTo(name).Where(reference => IsGivenAway(reference)));
        }

        _ends.AddRange(Body.OwnCalls.Where(call => MayEnd(call.TargetMethod, 0, cancellationToken)));
        _ends.AddRange(Body.SelfGiven);
    }

    private bool IsNameOfMember(ILocalSymbol local) => Body.ValuesOf(local).Any(value =>
        ConnectionHolder.Of(value, Body) is { } of && SymbolEqualityComparer.Default.Equals(of, Holder)
        || value.Unwrap() is ISimpleAssignmentOperation chained && SymbolEqualityComparer.Default.Equals(SocketKindOf.SymbolOf(chained.Target)?.OriginalDefinition, Holder))
        || Body.ReferencesTo(local).Any(reference => reference.Wrapped() is { Parent: ISimpleAssignmentOperation assignment } value && assignment.Value == value
            && SymbolEqualityComparer.Default.Equals(SocketKindOf.SymbolOf(assignment.Target)?.OriginalDefinition, Holder));

    private bool IsGivenAway(IOperation reference)
    {
        IOperation value = reference.Wrapped();
        switch (value.Parent)
        {
            case IReturnOperation:
                return true;
            case IArgumentOperation { Parent: { } taker } argument:
                return ConnectionWrap.Of(taker, Body.Model.Types) is null
                    && !(taker is IInvocationOperation call && call.TargetMethod.IsExtensionMethod && call.Arguments[0] == argument && Body.Model.Types.Members.Find(call.TargetMethod) is not null);
            case ISimpleAssignmentOperation { Target: IMemberReferenceOperation target } assignment when assignment.Value == value:
                return !SymbolEqualityComparer.Default.Equals(target.Member.OriginalDefinition, Holder);
            default:
                // Whoever runs the function may come later.
                return Paths.FunctionOf(reference) is IAnonymousFunctionOperation or ILocalFunctionOperation && !IsOnlyAsked(reference);
        }
    }

    /// <summary>It is compared, or a property is read that is no part of it: <c>addresses.Where(a => a.AddressFamily == socket.AddressFamily)</c>.</summary>
    private bool IsOnlyAsked(IOperation reference)
    {
        IOperation value = reference.Wrapped();
        return value.Parent is IBinaryOperation || (value.Parent is IPropertyReferenceOperation asked && asked.Instance == value && Body.LocalAliases.OwnerOf(asked) is null);
    }

    /// <summary>Whether a method of the object, by its name or by what it does, may close what the member holds.</summary>
    private bool MayEnd(IMethodSymbol method, int depth, CancellationToken cancellationToken)
    {
        if (method.IsStatic || Body.Owner.ContainingType is null || !IsOfHoldersType(method))
        {
            return false;
        }

        if (IsNamedAfterEnding(method))
        {
            return true;
        }

        if (depth > DeepestCall || Body.Model.BodyOf(method, cancellationToken) is not { } body)
        {
            return depth > DeepestCall || method.DeclaringSyntaxReferences.IsEmpty;
        }

        return !SymbolEqualityComparer.Default.Equals(method.OriginalDefinition, Body.Owner)
            && (body.Operations.Any(operation => operation.Kind is SocketOperationKind.Close or SocketOperationKind.Abort && ConnectionHolder.Of(operation, body) is IFieldSymbol or IPropertySymbol)
                || body.OwnCalls.Any(call => MayEnd(call.TargetMethod, depth + 1, cancellationToken)));
    }

    private bool IsOfHoldersType(IMethodSymbol method)
    {
        for (INamedTypeSymbol? type = Body.Owner.ContainingType; type is not null; type = type.BaseType)
        {
            if (SymbolEqualityComparer.Default.Equals(type.OriginalDefinition, method.ContainingType.OriginalDefinition))
            {
                return type.SpecialType != SpecialType.System_Object;
            }
        }

        return false;
    }
}
