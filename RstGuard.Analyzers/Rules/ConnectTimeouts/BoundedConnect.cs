using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// The synchronous connect that a <c>SendTimeout</c> bounds: in the same function, or, where a field holds the connection, in a member
/// that is known to run afterwards.
/// </summary>
internal sealed class BoundedConnect(SocketModel model, CancellationToken cancellationToken)
{
    internal IOperation? After(SocketOperation timeout, SocketBody body)
    {
        if (body.Connections.FirstOrDefault(use => use.Operations.Contains(timeout)) is { } use)
        {
            return InSameFunction(timeout, use.Operations, null);
        }

        if (HolderOf(timeout.Connection) is not { } holder)
        {
            return null;
        }

        SocketOperation[] operations = OperationsOn(holder, body).ToArray();
        return InSameFunction(timeout, operations, holder) is { } connect ? connect
            : holder is IFieldSymbol or IPropertySymbol && !operations.Any(operation => IsLater(operation, timeout)) ? InLaterMember(timeout, body, holder)
            : null;
    }

    /// <summary>What holds the connection: a local, a parameter, or a field or property of the object itself.</summary>
    internal ISymbol? HolderOf(IOperation? connection)
    {
        switch (connection)
        {
            case IPropertyReferenceOperation { Property: { Name: "Client" } client, Instance: { } outer } when KnownTypes.Is(client.ContainingType, model.Types.TcpClient):
                return HolderOf(Operations.Receiver(outer));
            case IInstanceReferenceOperation { ReferenceKind: InstanceReferenceKind.ImplicitReceiver } initialized:
                IOperation? creation = initialized;
                while (creation is not null and not IObjectCreationOperation)
                {
                    creation = creation.Parent;
                }

                return creation?.Wrapped().Parent switch
                {
                    ISimpleAssignmentOperation assignment => SocketKindOf.SymbolOf(assignment.Target),
                    IFieldInitializerOperation { InitializedFields: { Length: 1 } fields } => fields[0],
                    IPropertyInitializerOperation { InitializedProperties: { Length: 1 } properties } => properties[0],
                    _ => null,
                };
            default:
                return SocketKindOf.SymbolOf(connection);
        }
    }

    internal IEnumerable<SocketOperation> OperationsOn(ISymbol holder, SocketBody body) =>
        body.Operations.Where(operation => SymbolEqualityComparer.Default.Equals(HolderOf(operation.Connection), holder));

    /// <summary>
    /// The first connect of <paramref name="operations"/> in the order of the source, unless something asynchronous comes first: a
    /// socket that was used so is non-blocking, and nothing bounds its connect.
    /// </summary>
    internal static IOperation? FirstConnect(IEnumerable<SocketOperation> operations)
    {
        foreach (SocketOperation operation in operations)
        {
            if (operation.IsAsynchronous && operation.Kind is SocketOperationKind.Connect or SocketOperationKind.Receive or SocketOperationKind.Send)
            {
                return null;
            }

            switch (operation.Kind)
            {
                case SocketOperationKind.SetSendTimeout:
                    return null;
                case SocketOperationKind.Connect:
                    return operation.Operation;
            }
        }

        return null;
    }

    private static bool IsLater(SocketOperation operation, SocketOperation timeout) =>
        operation != timeout && operation.Kind is SocketOperationKind.Connect or SocketOperationKind.SetSendTimeout
        && operation.Operation.Syntax.SpanStart > timeout.Operation.Syntax.SpanStart;

    private IOperation? InSameFunction(SocketOperation timeout, IEnumerable<SocketOperation> operations, ISymbol? holder)
    {
        foreach (SocketOperation operation in operations)
        {
            bool isAfter = operation.Operation.Syntax.SpanStart > timeout.Operation.Syntax.SpanStart;
            if (operation.IsAsynchronous && operation.Kind is SocketOperationKind.Connect or SocketOperationKind.Receive or SocketOperationKind.Send)
            {
                return null;
            }

            if (isAfter && operation.Kind == SocketOperationKind.SetSendTimeout && Paths.RunsBefore(timeout.Operation, operation.Operation))
            {
                return null;
            }

            if (isAfter && operation.Kind == SocketOperationKind.Connect)
            {
                return Paths.FunctionOf(operation.Operation) == Paths.FunctionOf(timeout.Operation) && (holder is null || !IsReplacedBetween(holder, timeout.Operation, operation.Operation))
                    ? operation.Operation
                    : null;
            }
        }

        return null;
    }

    private static bool IsReplacedBetween(ISymbol holder, IOperation timeout, IOperation connect) => Paths.FunctionOf(timeout).Descendants().Any(operation =>
        operation is ISimpleAssignmentOperation assignment && SymbolEqualityComparer.Default.Equals(SocketKindOf.SymbolOf(assignment.Target), holder)
        && assignment.Syntax.SpanStart > timeout.Syntax.SpanStart && assignment.Syntax.SpanStart < connect.Syntax.SpanStart);

    private IOperation? InLaterMember(SocketOperation timeout, SocketBody body, ISymbol holder)
    {
        if (holder.ContainingType is not { } type || !SymbolEqualityComparer.Default.Equals(type, body.Owner.ContainingType))
        {
            return null;
        }

        List<SocketBody> others = [.. model.BodiesThatName(holder, cancellationToken).Where(other => other.Root.Syntax != body.Root.Syntax)];
        SocketOperation[] elsewhere = [.. others.SelectMany(other => OperationsOn(holder, other))];
        if (elsewhere.Any(operation => operation.Kind == SocketOperationKind.SetSendTimeout || (operation.IsAsynchronous && operation.Kind is not SocketOperationKind.Close))
            || OperationsOn(holder, body).Any(operation => operation.IsAsynchronous)
            || others.Any(other => IsAssigned(holder, other)))
        {
            return null;
        }

        foreach (SocketBody other in others)
        {
            if (!IsConstructor(other.Owner)
                && FirstConnect(OperationsOn(holder, other)) is { } connect
                && (IsConstructor(body.Owner) || RunsAfter(connect, other, timeout.Operation, body)))
            {
                return connect;
            }
        }

        return null;
    }

    // Constructors, and initializers, which run with them.
    private static bool IsConstructor(ISymbol owner) => owner is IFieldSymbol or IPropertySymbol or IMethodSymbol { MethodKind: MethodKind.Constructor or MethodKind.StaticConstructor };

    private static bool IsAssigned(ISymbol holder, SocketBody body) =>
        body.ValuesOf(holder.OriginalDefinition).Any(value => value.Unwrap() is not { ConstantValue: { HasValue: true, Value: null } });

    /// <summary>Whether one member calls the two in this order, or one of the two calls the other.</summary>
    private bool RunsAfter(IOperation connect, SocketBody connecting, IOperation timeout, SocketBody setting)
    {
        if (CallsOf(connecting.Owner, setting).Any(call => Paths.RunsBefore(timeout, call))
            || CallsOf(setting.Owner, connecting).Any(call => Paths.RunsBefore(call, connect)))
        {
            return true;
        }

        foreach (SocketBody caller in model.BodiesThatName(setting.Owner, cancellationToken))
        {
            foreach (IOperation set in CallsOf(setting.Owner, caller))
            {
                if (CallsOf(connecting.Owner, caller).Any(call => Paths.RunsBefore(set, call)))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static IEnumerable<IOperation> CallsOf(ISymbol member, SocketBody body) => body.ReferencesTo(member.OriginalDefinition).Where(operation =>
        operation is IInvocationOperation { Instance: null or IInstanceReferenceOperation });
}
