using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// A private field whose connection a method shuts down or disconnects, and then sets to null without a close. Who says goodbye has the
/// connection to himself; all that could be another name of it, and any close that could be meant for it, is an excuse.
/// </summary>
internal static class AbandonedConnection
{
    /// <summary>The goodbye before <paramref name="forgotten"/>, where nobody closes what <paramref name="field"/> held.</summary>
    internal static IOperation? GoodbyeBefore(ISimpleAssignmentOperation forgotten, ISymbol field, SocketBody body, CancellationToken cancellationToken)
    {
        if (field.DeclaredAccessibility != Accessibility.Private || !IsWhole(field, body.Model.Types))
        {
            return null;
        }

        ConnectionEnds? ends = null;
        foreach (SocketOperation goodbye in body.OperationsOf(SocketOperationKind.Shutdown).Concat(body.OperationsOf(SocketOperationKind.Disconnect)))
        {
            if (goodbye.EndsSending != false
                && goodbye.Form is OperationForm.Synchronous or OperationForm.Task
                && goodbye.Connection is { } connection && IsOf(connection, field, body)
                && Paths.MayRunBefore(goodbye.Operation, forgotten)
                && (ends ??= ConnectionEnds.Of(field, body, cancellationToken)).All.All(end => Paths.AreAlternatives(end, goodbye.Operation)))
            {
                return IsHeldAlone(field, body, cancellationToken) && !SocketKindOf.IsListener(connection, body, cancellationToken)
                    && !SocketKindOf.IsNotTcp(connection, body, cancellationToken) ? goodbye.Operation : null;
            }
        }

        return null;
    }

    /// <summary>A socket or a client: a stream over one may own nothing.</summary>
    private static bool IsWhole(ISymbol field, KnownTypes types) =>
        ((field as IFieldSymbol)?.Type ?? (field as IPropertySymbol)?.Type) is { } type && (KnownTypes.IsOrDerives(type, types.Socket) || KnownTypes.IsOrDerives(type, types.TcpClient));

    private static bool IsOf(IOperation connection, ISymbol field, SocketBody body) => ConnectionHolder.Of(connection, body) is { } holder
        && (SymbolEqualityComparer.Default.Equals(holder, field) || (holder is ILocalSymbol local && ForgottenConnection.IsNameOf(local, field, body)));

    /// <summary>Whether no member has the connection under another name, or gives it, or its stream, to what could close it.</summary>
    private static bool IsHeldAlone(ISymbol field, SocketBody forgetting, CancellationToken cancellationToken)
    {
        bool isMade = false;
        foreach (SocketBody body in forgetting.Model.Calls.BodiesNaming(field, cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (IOperation value in body.ValuesOf(field).Where(value => !IsNull(value)))
            {
                isMade = true;
                if (!IsOwn(value, body))
                {
                    return false;
                }
            }

            if (GivesStreamAway(field, body, cancellationToken)
                || body.Operations.Any(operation => operation.Form == OperationForm.EventArgs && operation.Connection is { } connection && IsOf(connection, field, body))
                || (body != forgetting && ConnectionEnds.Of(field, body, cancellationToken).All.Any(end => MayEnd(end, field, body, forgetting))))
            {
                return false;
            }
        }

        return isMade;
    }

    private static bool IsNull(IOperation value) => value.Unwrap().ConstantValue is { HasValue: true, Value: null };

    /// <summary>What the type itself makes or accepts.</summary>
    private static bool IsOwn(IOperation value, SocketBody body)
    {
        IOperation made = value.Unwrap();
        return SocketOperation.MakesConnection(made, body.Model.Types)
            || (made is ILocalReferenceOperation { Local: var local } && body.ValuesOf(local) is { Count: > 0 } values && values.All(given => SocketOperation.MakesConnection(given.Unwrap(), body.Model.Types)));
    }

    /// <summary>Whether <paramref name="end"/>, of another member, may end a connection that the field holds no more.</summary>
    private static bool MayEnd(IOperation end, ISymbol field, SocketBody body, SocketBody forgetting)
    {
        switch (end)
        {
            case IInvocationOperation { Instance: IInstanceReferenceOperation }:
            case IInstanceReferenceOperation:
                // The object's own members reach it by the field.
                return false;
            case IInvocationOperation close when body.Operations.FirstOrDefault(operation => operation.Operation == close) is { Connection: { } closed }:
                ISymbol? holder = SocketKindOf.SymbolOf(closed)?.OriginalDefinition;
                return SymbolEqualityComparer.Default.Equals(holder, field) ? body.ReferencesTo(forgetting.Owner.OriginalDefinition).Count > 0
                    : holder is not (IFieldSymbol or IPropertySymbol) || !IsWhole(holder, body.Model.Types);
            default:
                return !IsLent(end);
        }
    }

    /// <summary>To a delegate that the object keeps, for a look at it: who says goodbye later has not given it away.</summary>
    private static bool IsLent(IOperation reference) =>
        reference.Wrapped().Parent is IArgumentOperation
        {
            Parent: IInvocationOperation { TargetMethod: { MethodKind: MethodKind.DelegateInvoke, ReturnsVoid: true }, Instance: { } called },
        }
        && SocketKindOf.SymbolOf(Operations.Receiver(called)) is { DeclaredAccessibility: Accessibility.Private };

    /// <summary>Whether the stream of the connection, which owns it, goes anywhere but to a local, or to an object that the type keeps and that can't be closed.</summary>
    private static bool GivesStreamAway(ISymbol field, SocketBody body, CancellationToken cancellationToken)
    {
        foreach (ISymbol name in body.Symbols.Where(symbol => SymbolEqualityComparer.Default.Equals(symbol, field) || (symbol is ILocalSymbol local && IsNamed(local))))
        {
            foreach (IOperation reference in body.ReferencesTo(name))
            {
                IOperation part = reference.Wrapped();
                bool isPart = false;
                while (PartOf(part, body) is { } outer)
                {
                    part = outer.Wrapped();
                    isPart = true;
                }

                if (isPart && part.Parent is IArgumentOperation or ISimpleAssignmentOperation or IReturnOperation or IAnonymousFunctionOperation or IArrayInitializerOperation
                    && !IsKeptByType(part, body, cancellationToken))
                {
                    return true;
                }
            }
        }

        return false;

        bool IsNamed(ILocalSymbol local) => body.Model.Types.CarriesConnection(local.Type) && body.ValuesOf(local).Any(value => IsOf(value, field, body));
    }

    /// <summary>The expression of which <paramref name="value"/> is the connection: <c>client.GetStream()</c>, <c>new BufferedStream(stream)</c>.</summary>
    private static IOperation? PartOf(IOperation value, SocketBody body)
    {
        IOperation? outer = value.Parent is IArgumentOperation { Parent: { } taker } ? taker : value.Parent;
        return outer is IInvocationOperation or IPropertyReferenceOperation or IObjectCreationOperation && body.LocalAliases.OwnerOf(outer) is { } owner && owner.Unwrap() == value.Unwrap() ? outer : null;
    }

    /// <summary>
    /// <c>_parser = new Parser(_client.GetStream())</c>: the object stays in a private member, has nothing to dispose of it by, and no member
    /// calls what is named after ending on it, or gives it away.
    /// </summary>
    private static bool IsKeptByType(IOperation stream, SocketBody body, CancellationToken cancellationToken)
    {
        if (stream.Parent is not IArgumentOperation { Parent: IObjectCreationOperation { Type: INamedTypeSymbol { DeclaringSyntaxReferences.IsEmpty: false } keeperType } creation }
            || keeperType.AllInterfaces.Any(contract => contract.SpecialType == SpecialType.System_IDisposable || KnownTypes.Is(contract, body.Model.Types.AsyncDisposable))
            || creation.Wrapped() is not { Parent: ISimpleAssignmentOperation { Target: { } target, Parent: IExpressionStatementOperation } } || SocketKindOf.SymbolOf(target) is not { DeclaredAccessibility: Accessibility.Private } kept)
        {
            return false;
        }

        ISymbol keeper = kept.OriginalDefinition;
        return body.Model.Calls.BodiesNaming(keeper, cancellationToken).All(user => user.ReferencesTo(keeper).All(reference => reference.Wrapped().Parent switch
        {
            IInvocationOperation { TargetMethod: var called } call => call.Instance == reference.Wrapped() && !ConnectionEnds.IsNamedAfterEnding(called),
            IConditionalAccessOperation { WhenNotNull: IInvocationOperation { TargetMethod: var called } } => !ConnectionEnds.IsNamedAfterEnding(called),
            ISimpleAssignmentOperation assignment => assignment.Target == reference,
            IMemberReferenceOperation or IBinaryOperation => true,
            _ => false,
        }));
    }
}
