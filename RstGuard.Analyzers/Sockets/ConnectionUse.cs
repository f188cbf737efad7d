using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>
/// All that one body does to one connection that a local holds: its operations through the local and through the streams taken
/// from it, in the order of the source, and whether the connection leaves the body's sight.
/// </summary>
internal sealed class ConnectionUse
{
    private readonly Aliases _aliases;

    private ConnectionUse(ILocalSymbol local, ImmutableArray<SocketOperation> operations, bool escapes, Aliases aliases)
    {
        _aliases = aliases;
        Local = local;
        Operations = operations;
        Escapes = escapes;
    }

    /// <summary>What holds it: a socket, a client, or a stream of unknown origin.</summary>
    internal ILocalSymbol Local { get; }

    internal ImmutableArray<SocketOperation> Operations { get; }

    /// <summary>It is handed to other code, stored, returned, captured, or assigned twice: nothing can be known about its end.</summary>
    internal bool Escapes { get; }

    /// <summary>It connects here, so that the other end is the server.</summary>
    internal bool IsClient => Operations.Any(operation => operation.Kind == SocketOperationKind.Connect) || _aliases.IsConstructedConnected(Local);

    /// <summary>Explicit closes as they are written, then the ends of scopes, the innermost first.</summary>
    internal IEnumerable<SocketOperation> ClosesInOrder => Operations
        .Where(operation => operation.Kind == SocketOperationKind.Close)
        .OrderBy(close => close.Operation is IInvocationOperation ? close.Operation.Syntax.SpanStart : int.MaxValue - close.Operation.Syntax.SpanStart);

    /// <summary>The name of the BCL's type that <paramref name="close"/> is called on: Socket, TcpClient or NetworkStream.</summary>
    internal string TypeName(SocketOperation close) => _aliases.TypeName(close.Connection);

    /// <summary>
    /// The condition that saw data waiting, when <paramref name="close"/> runs under it only.
    /// </summary>
    internal IOperation? AvailableSeenBefore(SocketOperation close)
    {
        IOperation inner = close.Operation;
        for (IOperation? outer = inner.Parent; outer is not null and not (IAnonymousFunctionOperation or ILocalFunctionOperation); inner = outer, outer = outer.Parent)
        {
            if (outer is IConditionalOperation conditional && inner == conditional.WhenTrue && SeesData(conditional.Condition.Unwrap()))
            {
                return conditional.Condition;
            }
        }

        return null;
    }

    private bool SeesData(IOperation condition) => condition switch
    {
        IPropertyReferenceOperation { Property.Name: "DataAvailable", Instance: { } stream } => IsThis(stream),
        IBinaryOperation { OperatorKind: BinaryOperatorKind.ConditionalAnd } both => SeesData(both.LeftOperand.Unwrap()) || SeesData(both.RightOperand.Unwrap()),
        IBinaryOperation { OperatorKind: BinaryOperatorKind.GreaterThan or BinaryOperatorKind.NotEquals, LeftOperand: var left, RightOperand: var right } =>
            left.Unwrap() is IPropertyReferenceOperation { Property.Name: "Available", Instance: { } socket } && right.IsConstant(out long zero) && zero == 0 && IsThis(socket),
        _ => false,
    };

    private bool IsThis(IOperation instance) => SymbolEqualityComparer.Default.Equals(_aliases.RootOf(instance), Local);

    /// <summary>The connections that locals of <paramref name="body"/> hold.</summary>
    internal static ImmutableArray<ConnectionUse> Of(SocketBody body, CancellationToken cancellationToken)
    {
        Aliases aliases = new(body, cancellationToken);
        if (aliases.Roots.Count == 0)
        {
            return ImmutableArray<ConnectionUse>.Empty;
        }

        Dictionary<ILocalSymbol, ImmutableArray<SocketOperation>.Builder> operations = new(SymbolEqualityComparer.Default);
        foreach (SocketOperation operation in body.Operations)
        {
            ILocalSymbol? root = operation.Connection switch
            {
                IVariableDeclaratorOperation declarator => aliases.RootOf(declarator.Symbol),
                { } connection => aliases.RootOf(connection),
                null => null,
            };
            if (root is null)
            {
                continue;
            }

            if (!operations.TryGetValue(root, out ImmutableArray<SocketOperation>.Builder? list))
            {
                operations.Add(root, list = ImmutableArray.CreateBuilder<SocketOperation>());
            }

            list.Add(operation);
        }

        HashSet<ILocalSymbol> escaped = aliases.Escaped(cancellationToken);
        ImmutableArray<ConnectionUse>.Builder uses = ImmutableArray.CreateBuilder<ConnectionUse>();
        foreach (KeyValuePair<ILocalSymbol, ImmutableArray<SocketOperation>.Builder> entry in operations)
        {
            uses.Add(new ConnectionUse(entry.Key, entry.Value.ToImmutable(), escaped.Contains(entry.Key), aliases));
        }

        return uses.ToImmutable();
    }

    /// <summary>Which local is another name of which: <c>var stream = client.GetStream()</c>.</summary>
    private sealed class Aliases
    {
        private readonly SocketBody _body;
        private readonly KnownTypes _types;
        private readonly Dictionary<ILocalSymbol, IOperation?> _values = new(SymbolEqualityComparer.Default);
        private readonly HashSet<ILocalSymbol> _assignedTwice = new(SymbolEqualityComparer.Default);

        internal Aliases(SocketBody body, CancellationToken cancellationToken)
        {
            _body = body;
            _types = body.Model.Types;
            foreach (IOperation operation in body.Root.DescendantsAndSelf())
            {
                cancellationToken.ThrowIfCancellationRequested();
                switch (operation)
                {
                    case IVariableDeclaratorOperation declarator when _types.IsConnection(declarator.Symbol.Type):
                        Add(declarator.Symbol, declarator.GetVariableInitializer()?.Value);
                        break;
                    case ISimpleAssignmentOperation { Target: ILocalReferenceOperation { Local: var local } } assignment when _types.IsConnection(local.Type):
                        Add(local, assignment.Value);
                        break;
                }
            }
        }

        internal Dictionary<ILocalSymbol, IOperation?> Roots => _values;

        internal ILocalSymbol? RootOf(IOperation operation, int depth = 0) => depth > 8 ? null : operation.Unwrap() switch
        {
            ILocalReferenceOperation { Local: var local } => RootOf(local, depth),
            IInstanceReferenceOperation { ReferenceKind: InstanceReferenceKind.ImplicitReceiver } initialized => InitializedBy(initialized) is { } local ? RootOf(local, depth) : null,
            IPropertyReferenceOperation { Property: { Name: "Client" } property, Instance: { } client } when KnownTypes.Is(property.ContainingType, _types.TcpClient) =>
                RootOf(Sockets.Operations.Receiver(client)!, depth + 1),
            IInvocationOperation { TargetMethod: { Name: "GetStream" } method, Instance: { } client } when KnownTypes.Is(method.ContainingType, _types.TcpClient) =>
                RootOf(Sockets.Operations.Receiver(client)!, depth + 1),
            _ => null,
        };

        internal bool IsConstructedConnected(ILocalSymbol local) =>
            _values.TryGetValue(local, out IOperation? value) && value?.Unwrap() is IObjectCreationOperation { Arguments.Length: 2 } creation && KnownTypes.Is(creation.Type, _types.TcpClient);

        internal string TypeName(IOperation? connection)
        {
            ITypeSymbol? type = connection is IVariableDeclaratorOperation declarator ? declarator.Symbol.Type : connection?.Unwrap().Type;
            return KnownTypes.IsOrDerives(type, _types.TcpClient) ? "TcpClient" : KnownTypes.IsOrDerives(type, _types.NetworkStream) ? "NetworkStream" : "Socket";
        }

        internal ILocalSymbol? RootOf(ILocalSymbol local, int depth = 0)
        {
            if (!_values.TryGetValue(local, out IOperation? value))
            {
                return null;
            }

            return value is not null && !_assignedTwice.Contains(local) && RootOf(value, depth + 1) is { } root ? root : local;
        }

        /// <summary>The local that gets the object whose initializer this is: <c>var socket = new Socket(…) { … }</c>.</summary>
        private static ILocalSymbol? InitializedBy(IOperation receiver)
        {
            IOperation? outer = receiver.Parent;
            while (outer is not null and not IObjectCreationOperation)
            {
                outer = outer.Parent;
            }

            return outer?.Wrapped().Parent switch
            {
                IVariableInitializerOperation { Parent: IVariableDeclaratorOperation declarator } => declarator.Symbol,
                ISimpleAssignmentOperation { Target: ILocalReferenceOperation target } => target.Local,
                _ => null,
            };
        }

        internal HashSet<ILocalSymbol> Escaped(CancellationToken cancellationToken)
        {
            HashSet<ILocalSymbol> escaped = new(SymbolEqualityComparer.Default);
            foreach (ILocalSymbol local in _assignedTwice)
            {
                escaped.Add(RootOf(local) ?? local);
            }

            foreach (IOperation operation in _body.Root.DescendantsAndSelf())
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (operation is ILocalReferenceOperation { Local: var local } && _values.ContainsKey(local) && RootOf(local) is { } root
                    && (!IsUnderstood(operation) || !SymbolEqualityComparer.Default.Equals(FunctionOf(operation), local.ContainingSymbol)))
                {
                    escaped.Add(root);
                }
            }

            return escaped;
        }

        private void Add(ILocalSymbol local, IOperation? value)
        {
            if (value is { ConstantValue: { HasValue: true, Value: null } })
            {
                value = null;
            }

            if (_values.TryGetValue(local, out IOperation? known) && known is not null && value is not null)
            {
                _assignedTwice.Add(local);
            }
            else
            {
                _values[local] = value ?? known;
            }
        }

        private ISymbol FunctionOf(IOperation operation)
        {
            for (IOperation? outer = operation.Parent; outer is not null; outer = outer.Parent)
            {
                switch (outer)
                {
                    case IAnonymousFunctionOperation function:
                        return function.Symbol;
                    case ILocalFunctionOperation function:
                        return function.Symbol;
                }
            }

            return _body.Owner;
        }

        private bool IsUnderstood(IOperation reference)
        {
            IOperation value = reference;
            while (value.Parent is IConversionOperation or IParenthesizedOperation)
            {
                value = value.Parent;
            }

            switch (value.Parent)
            {
                case IPropertyReferenceOperation property when property.Instance == value:
                    return property.Property.Name != "Client" || IsUnderstood(property);
                case IInvocationOperation call when call.Instance == value:
                    return SocketOperation.Create(call, _types) is not null
                        || (call.TargetMethod.Name == "GetStream" ? IsUnderstood(call) : call.TargetMethod.Name is "Flush" or "FlushAsync" or "SetSocketOption");
                case IConditionalAccessOperation access when access.Operation == value:
                    return access.WhenNotNull.Unwrap() is IInvocationOperation called && SocketOperation.Create(called, _types) is not null;
                case IVariableInitializerOperation { Parent: IVariableDeclaratorOperation declarator }:
                    return _values.ContainsKey(declarator.Symbol);
                case ISimpleAssignmentOperation assignment when assignment.Target == value:
                case IBinaryOperation:
                case IIsPatternOperation:
                case IUsingOperation:
                    return true;
                case IArgumentOperation { Parent: IInvocationOperation extension } argument:
                    return extension.Arguments[0] == argument && KnownTypes.Is(extension.TargetMethod.ContainingType, _types.SocketTaskExtensions);
                case IExpressionStatementOperation:
                    return true;
                default:
                    return false;
            }
        }
    }
}
