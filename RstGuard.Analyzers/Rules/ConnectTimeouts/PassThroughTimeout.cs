using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// A <c>SendTimeout</c> set through a property of a wrapper: <c>public int SendTimeout { set => _client.SendTimeout = value; }</c>.
/// </summary>
internal sealed class PassThroughTimeout(SocketModel model, CancellationToken cancellationToken)
{
    private readonly BoundedConnect _connects = new(model, cancellationToken);

    /// <summary>Assignments in <paramref name="body"/> to properties that other code declares and that may pass a timeout on.</summary>
    internal static IEnumerable<ISimpleAssignmentOperation> In(SocketBody body) => body.PropertyAssignments.Where(assignment =>
        assignment.Target is IPropertyReferenceOperation { Property: { SetMethod: { DeclaringSyntaxReferences.IsEmpty: false } } property } && property.Name.EndsWith("Timeout", System.StringComparison.Ordinal));

    /// <summary>
    /// The call that the timeout bounds: one whose method connects synchronously, or else (<c>IsConnect</c> false) the next synchronous
    /// call of the same function, as far as it sends. <see langword="null"/> when the property passes no send timeout on.
    /// </summary>
    internal (IOperation Call, bool IsConnect)? BoundedBy(ISimpleAssignmentOperation assignment, SocketBody body)
    {
        var target = (IPropertyReferenceOperation)assignment.Target;
        ITypeSymbol? made = Operations.Receiver(target.Instance) is { } wrapper ? body.CreationsOf(wrapper, cancellationToken).FirstOrDefault()?.Type : null;
        if (InnerHolderOf((IPropertySymbol)Implementation(target.Property, made)) is not { } inner || IsOwnObject(target, body) || Paths.FunctionOf(assignment) is IAnonymousFunctionOperation { Symbol.IsAsync: true })
        {
            return null;
        }

        IInvocationOperation? next = null;
        foreach (IInvocationOperation call in Paths.FunctionOf(assignment).Descendants().OfType<IInvocationOperation>())
        {
            if (call.Syntax.SpanStart <= assignment.Syntax.SpanStart || !Paths.RunsBefore(assignment, call) || IsSetAgain(assignment, target.Property, call))
            {
                continue;
            }

            if (call.TargetMethod.IsAsync || call.Wrapped() is { Parent: IAwaitOperation } || call.Parent is IAwaitOperation)
            {
                return null;
            }

            if (SocketKindOf.SymbolOf(Operations.Receiver(call.Instance)) is { } receiver && SymbolEqualityComparer.Default.Equals(receiver, SocketKindOf.SymbolOf(Operations.Receiver(target.Instance)))
                && ConnectsOn(inner, (IMethodSymbol)Implementation(call.TargetMethod, made)))
            {
                return (call, true);
            }

            next ??= call;
        }

        return next is null ? null : (next, false);
    }

    /// <summary>Behind an interface: the member of the type that the wrapper is made of here.</summary>
    private static ISymbol Implementation(ISymbol member, ITypeSymbol? made) =>
        member.ContainingType.TypeKind == TypeKind.Interface ? made?.FindImplementationForInterfaceMember(member) ?? member : member;

    private static bool IsOwnObject(IPropertyReferenceOperation target, SocketBody body) =>
        target.Instance is null or IInstanceReferenceOperation && SymbolEqualityComparer.Default.Equals(target.Property.ContainingType, body.Owner.ContainingType);

    private static bool IsSetAgain(ISimpleAssignmentOperation assignment, IPropertySymbol property, IInvocationOperation call) => Paths.FunctionOf(assignment).Descendants().Any(operation =>
        operation is ISimpleAssignmentOperation { Target: IPropertyReferenceOperation other } && SymbolEqualityComparer.Default.Equals(other.Property, property)
        && operation.Syntax.SpanStart > assignment.Syntax.SpanStart && operation.Syntax.SpanStart < call.Syntax.SpanStart);

    /// <summary>The field whose socket or client gets the value that the property is set to.</summary>
    private ISymbol? InnerHolderOf(IPropertySymbol property)
    {
        if (property.SetMethod is not { } setter || model.BodyOf(setter, cancellationToken) is not { } body)
        {
            return null;
        }

        SocketOperation? passed = body.Operations.FirstOrDefault(operation =>
            operation.Kind == SocketOperationKind.SetSendTimeout && operation.Value?.Unwrap() is IParameterReferenceOperation { Parameter.IsImplicitlyDeclared: true });
        return passed is null ? null : _connects.HolderOf(passed.Connection);
    }

    private bool ConnectsOn(ISymbol holder, IMethodSymbol method) =>
        model.BodyOf(method, cancellationToken) is { } body
        && BoundedConnect.FirstConnect(_connects.OperationsOn(holder, body)) is { } connect
        && !body.Root.Descendants().Any(operation => operation is ISimpleAssignmentOperation made && SymbolEqualityComparer.Default.Equals(SocketKindOf.SymbolOf(made.Target), holder)
            && made.Syntax.SpanStart < connect.Syntax.SpanStart);
}
