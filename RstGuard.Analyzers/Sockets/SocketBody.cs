using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Sockets;

/// <summary>
/// One body, or one initializer, and what it does to connections, lambdas and local functions included. It is walked once; all
/// that is asked of it later is looked up.
/// </summary>
internal sealed class SocketBody
{
    private readonly Dictionary<ISymbol, List<IOperation>> _values = new(SymbolEqualityComparer.Default);
    private readonly Dictionary<ISymbol, List<IOperation>> _references = new(SymbolEqualityComparer.Default);
    private readonly HashSet<ISymbol> _listeners = new(SymbolEqualityComparer.Default);
    private readonly Dictionary<SocketOperationKind, List<SocketOperation>> _byKind = [];
    private readonly Dictionary<ISymbol, ConnectionUse> _connections = new(SymbolEqualityComparer.Default);
    private readonly ConcurrentDictionary<ISymbol, bool> _isNotTcp = new(SymbolEqualityComparer.Default);
    private readonly List<IThrowOperation> _throws = [];
    private readonly List<ISimpleAssignmentOperation> _propertyAssignments = [];
    private readonly List<IInvocationOperation> _ownCalls = [];
    private readonly List<IOperation> _selfGiven = [];
    private SocketOperation[] _inOrder = [];
    private ConnectionFlow? _flow;

    private SocketBody(SocketModel model, ISymbol owner, IOperation root)
    {
        Model = model;
        Owner = owner;
        Root = root;
    }

    internal SocketModel Model { get; }

    /// <summary>The member that this is the body of.</summary>
    internal ISymbol Owner { get; }

    internal IOperation Root { get; }

    /// <summary>In the order of the source.</summary>
    internal ImmutableArray<SocketOperation> Operations { get; private set; }

    /// <summary>The connections that its locals and parameters hold.</summary>
    internal ImmutableArray<ConnectionUse> Connections { get; private set; } = ImmutableArray<ConnectionUse>.Empty;

    /// <summary>The names of those connections.</summary>
    internal ConnectionAliases LocalAliases { get; private set; } = null!;

    /// <summary>It closes a connection that none of its locals and parameters is known to hold alone: perhaps a field's.</summary>
    internal bool ClosesField { get; private set; }

    /// <summary>Assignments to <c>HttpClient.Timeout</c> and <c>SocketsHttpHandler.ConnectTimeout</c>.</summary>
    internal ImmutableArray<ISimpleAssignmentOperation> HttpTimeouts { get; private set; }

    /// <summary>Assignments to properties, those of object initializers included, in the order of the source.</summary>
    internal IReadOnlyList<ISimpleAssignmentOperation> PropertyAssignments => _propertyAssignments;

    /// <summary>Calls of members of the object itself, those of its bases included, in the order of the source.</summary>
    internal IReadOnlyList<IInvocationOperation> OwnCalls => _ownCalls;

    /// <summary>Where the object gives itself to a call.</summary>
    internal IReadOnlyList<IOperation> SelfGiven => _selfGiven;

    /// <summary>A literal shows that it writes or expects HTTP/1.x.</summary>
    internal bool SpeaksHttp { get; private set; }

    /// <summary>In the order of the source.</summary>
    internal IReadOnlyList<IThrowOperation> Throws => _throws;

    /// <summary>It asks whether data is waiting: <c>Available</c>, <c>DataAvailable</c>.</summary>
    internal bool LooksForData { get; private set; }

    /// <summary>All symbols that the body names or gives a value, members that it calls among them.</summary>
    internal IEnumerable<ISymbol> Symbols => _references.Keys.Concat(_values.Keys.Where(symbol => !_references.ContainsKey(symbol)));

    internal static SocketBody Create(SocketModel model, ISymbol owner, IOperation root, CancellationToken cancellationToken)
    {
        SocketBody body = new(model, owner, root);
        body.Walk(cancellationToken);
        body.LocalAliases = new ConnectionAliases(body, null);
        if (!body.Operations.IsEmpty)
        {
            body.Connections = ConnectionUse.Of(body.LocalAliases);
            foreach (ConnectionUse use in body.Connections)
            {
                body._connections.Add(use.Holder, use);
            }

            body.ClosesField = body.OperationsOf(SocketOperationKind.Close).Count > 0 && body.Symbols.Any(ConnectionAliases.IsFieldOfConnection(model.Types));
        }

        return body;
    }

    /// <summary>What has happened to each connection before each operation, on the paths through this body.</summary>
    internal ConnectionFlow Flow(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _flow) is { } known)
        {
            return known;
        }

        ConnectionFlow flow = ConnectionFlow.Of(Connections, LocalAliases, cancellationToken);
        Volatile.Write(ref _flow, flow);
        return flow;
    }

    /// <summary>The operations of one kind, in the order of the source.</summary>
    internal IReadOnlyList<SocketOperation> OperationsOf(SocketOperationKind kind) => _byKind.TryGetValue(kind, out List<SocketOperation>? found) ? found : [];

    /// <summary>The operations that stand inside <paramref name="span"/>: a loop's, a handler's.</summary>
    internal IEnumerable<SocketOperation> OperationsWithin(TextSpan span)
    {
        int first = 0;
        for (int end = _inOrder.Length; first < end;)
        {
            int middle = (first + end) / 2;
            if (_inOrder[middle].Operation.Syntax.SpanStart < span.Start)
            {
                first = middle + 1;
            }
            else
            {
                end = middle;
            }
        }

        for (int i = first; i < _inOrder.Length && _inOrder[i].Operation.Syntax.SpanStart < span.End; i++)
        {
            if (span.Contains(_inOrder[i].Operation.Syntax.Span))
            {
                yield return _inOrder[i];
            }
        }
    }

    /// <summary>The connection that <paramref name="holder"/>, a local or parameter, holds.</summary>
    internal ConnectionUse? ConnectionOf(ISymbol holder) => _connections.TryGetValue(holder, out ConnectionUse? use) ? use : null;

    /// <summary>Whether <paramref name="holder"/> is known to hold a socket without TCP. Each rule asks.</summary>
    internal bool IsNotTcp(ISymbol holder, CancellationToken cancellationToken) =>
        _isNotTcp.TryGetValue(holder, out bool known) ? known : _isNotTcp.GetOrAdd(holder, SocketKindOf.IsNotTcp(SocketOrigins.Of(holder, this, cancellationToken), cancellationToken));

    /// <summary>Where <paramref name="symbol"/>, a local, a parameter, or a field or property of the object, is named.</summary>
    internal IReadOnlyList<IOperation> ReferencesTo(ISymbol symbol) => _references.TryGetValue(symbol, out List<IOperation>? found) ? found : [];

    /// <summary>What <paramref name="symbol"/> is declared or assigned with, in this body.</summary>
    internal IReadOnlyList<IOperation> ValuesOf(ISymbol symbol) => _values.TryGetValue(symbol, out List<IOperation>? found) ? found : [];

    /// <summary>Whether the socket that <paramref name="symbol"/> holds is told to listen here.</summary>
    internal bool Listens(ISymbol symbol) => _listeners.Contains(symbol);

    /// <summary>The <c>new</c> expressions that give the local or own field <paramref name="connection"/> its value.</summary>
    internal IEnumerable<IObjectCreationOperation> CreationsOf(IOperation connection, CancellationToken cancellationToken)
    {
        if (connection is IInstanceReferenceOperation { ReferenceKind: InstanceReferenceKind.ImplicitReceiver })
        {
            for (IOperation? outer = connection.Parent; outer is not null; outer = outer.Parent)
            {
                if (outer is IObjectCreationOperation creation)
                {
                    return [creation];
                }
            }
        }

        return SocketKindOf.SymbolOf(connection) is { } symbol ? CreationsOf(symbol, cancellationToken) : [];
    }

    /// <summary>The same of what a local or own field is declared or assigned with.</summary>
    internal IEnumerable<IObjectCreationOperation> CreationsOf(ISymbol symbol, CancellationToken cancellationToken)
    {
        List<IObjectCreationOperation> creations = [.. ValuesOf(symbol).Select(value => value.Unwrap()).OfType<IObjectCreationOperation>()];
        if (Model.InitializerOf(symbol, cancellationToken)?.Unwrap() is IObjectCreationOperation initial)
        {
            creations.Add(initial);
        }

        return creations;
    }

    private static bool IsHttp(IOperation operation) =>
        operation is ILiteralOperation { ConstantValue: { HasValue: true, Value: string text } } && text.Contains("HTTP/1.");

    private static bool IsUsingResource(IVariableDeclaratorOperation declarator) =>
        declarator.Parent is IVariableDeclarationOperation { Parent: IVariableDeclarationGroupOperation { Parent: IUsingOperation or IUsingDeclarationOperation } };

    private static void Add(Dictionary<ISymbol, List<IOperation>> table, ISymbol symbol, IOperation operation)
    {
        if (!table.TryGetValue(symbol, out List<IOperation>? list))
        {
            table.Add(symbol, list = []);
        }

        list.Add(operation);
    }

    private void Walk(CancellationToken cancellationToken)
    {
        KnownTypes types = Model.Types;
        ImmutableArray<SocketOperation>.Builder operations = ImmutableArray.CreateBuilder<SocketOperation>();
        ImmutableArray<ISimpleAssignmentOperation>.Builder httpTimeouts = ImmutableArray.CreateBuilder<ISimpleAssignmentOperation>();
        foreach (IOperation operation in Root.DescendantsAndSelf())
        {
            cancellationToken.ThrowIfCancellationRequested();
            switch (operation)
            {
                case ISimpleAssignmentOperation assignment:
                    if (assignment.Target is IPropertyReferenceOperation)
                    {
                        _propertyAssignments.Add(assignment);
                        if (IsHttpTimeout(assignment))
                        {
                            httpTimeouts.Add(assignment);
                        }
                    }

                    if (SocketKindOf.SymbolOf(assignment.Target) is { } target)
                    {
                        Add(_values, target.OriginalDefinition, assignment.Value);
                    }

                    break;
                case IVariableDeclaratorOperation declarator:
                    if (declarator.GetVariableInitializer() is { } initializer)
                    {
                        Add(_values, declarator.Symbol, initializer.Value);
                    }

                    if (IsUsingResource(declarator) && types.CarriesConnection(declarator.Symbol.Type))
                    {
                        operations.Add(SocketOperation.CloseOf(declarator, types));
                    }

                    break;
                case ILocalReferenceOperation or IParameterReferenceOperation or IFieldReferenceOperation or IPropertyReferenceOperation
                    when SymbolOf(operation) is { } named:
                    Add(_references, named, operation);
                    LooksForData |= operation is IPropertyReferenceOperation property && (SocketOperation.IsAvailable(property, types) || SocketOperation.IsDataAvailable(property, types));
                    break;
                case IThrowOperation thrown:
                    _throws.Add(thrown);
                    break;
                case IMethodReferenceOperation method:
                    Add(_references, method.Method.OriginalDefinition, method);
                    break;
                case IInvocationOperation { TargetMethod: var called } invocation:
                    if (called.Name == "Listen" && SocketKindOf.SymbolOf(Sockets.Operations.Receiver(invocation.Instance)) is { } listener)
                    {
                        // A wrapper's Listen counts as well: what else would it listen on.
                        _listeners.Add(listener.OriginalDefinition);
                    }

                    if (SymbolEqualityComparer.Default.Equals(called.ContainingAssembly, Model.Compilation.Assembly))
                    {
                        Add(_references, called.OriginalDefinition, invocation);
                    }

                    if (invocation.Instance is IInstanceReferenceOperation)
                    {
                        _ownCalls.Add(invocation);
                    }

                    break;
                case IInstanceReferenceOperation { ReferenceKind: InstanceReferenceKind.ContainingTypeInstance } self:
                    if (self.Wrapped().Parent is IArgumentOperation)
                    {
                        _selfGiven.Add(self);
                    }

                    break;
                default:
                    SpeaksHttp |= IsHttp(operation);
                    break;
            }

            if (SocketOperation.Create(operation, types) is { } known)
            {
                operations.Add(known);
            }
        }

        Operations = operations.ToImmutable();
        _inOrder = [.. Operations.OrderBy(operation => operation.Operation.Syntax.SpanStart)];
        foreach (SocketOperation operation in Operations)
        {
            if (!_byKind.TryGetValue(operation.Kind, out List<SocketOperation>? alike))
            {
                _byKind.Add(operation.Kind, alike = []);
            }

            alike.Add(operation);
        }

        HttpTimeouts = httpTimeouts.ToImmutable();
    }

    // Fields and properties count on any instance: what another object does to them is asked for as well.
    private static ISymbol? SymbolOf(IOperation reference) => reference switch
    {
        ILocalReferenceOperation local => local.Local,
        IParameterReferenceOperation parameter => parameter.Parameter,
        IMemberReferenceOperation member => member.Member.OriginalDefinition,
        _ => null,
    };

    private bool IsHttpTimeout(ISimpleAssignmentOperation assignment) =>
        assignment.Target is IPropertyReferenceOperation { Property: var property }
        && ((property.Name == "Timeout" && KnownTypes.Is(property.ContainingType, Model.Types.HttpClient))
            || (property.Name == "ConnectTimeout" && KnownTypes.Is(property.ContainingType, Model.Types.SocketsHttpHandler)));
}
