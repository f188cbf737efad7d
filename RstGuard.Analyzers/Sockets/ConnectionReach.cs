using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>Whose code an operation on a connection is, seen from the type whose field holds it.</summary>
internal enum ReachOrigin
{
    /// <summary>That type's, a base's, a nested or a surrounding type's.</summary>
    Own,

    /// <summary>That of what the type gives the connection to: a handler, a reader, a helper.</summary>
    Part,

    /// <summary>That of who gave the type the connection, or of what else that one gave it to.</summary>
    Other,
}

/// <summary>What an operation that was found does.</summary>
internal enum ReachedKind
{
    Connect,
    Receive,
    Send,

    /// <summary>After it a close sends a FIN: Shutdown of sending, Disconnect, the end of an owning stream or client.</summary>
    Protect,

    /// <summary>The socket itself is closed.</summary>
    Close,
}

/// <summary>One operation on a connection, wherever it stands.</summary>
internal sealed class ReachedOperation(ReachedKind kind, IOperation operation, SocketBody body, ReachOrigin origin)
{
    internal ReachedKind Kind { get; } = kind;

    internal IOperation Operation { get; } = operation;

    /// <summary>The operation as the call that it is; <see langword="null"/> when its code does not bind.</summary>
    internal IInvocationOperation? Call => Operation as IInvocationOperation;

    internal SocketBody Body { get; } = body;

    internal ReachOrigin Origin { get; } = origin;

    internal CodeFunction Function => CodeFunction.Of(Body, Operation);
}

/// <summary>
/// Where a connection goes, from the field, property, local or parameter that holds it: to its other names, to the streams and readers
/// put over it, to the methods and the types that get it, and back to who gave it; and what is done to it there. Bounded, and blind
/// to which object of a type holds which connection.
/// </summary>
internal sealed class ConnectionReach
{
    private const int MostHolders = 64;
    private const int LongestWayUp = 3;

    private readonly SocketModel _model;
    private readonly INamedTypeSymbol? _type;
    private readonly CancellationToken _cancellationToken;
    private readonly Queue<Node> _pending = new();
    private readonly HashSet<(ISymbol Symbol, bool Up)> _seen = new(SymbolComparer.Instance);
    private readonly HashSet<SyntaxNode> _found = [];
    private readonly List<ReachedOperation> _operations = [];

    private ConnectionReach(SocketModel model, INamedTypeSymbol? type, CancellationToken cancellationToken)
    {
        _model = model;
        _type = type;
        _cancellationToken = cancellationToken;
    }

    internal IReadOnlyList<ReachedOperation> Operations => _operations;

    /// <summary>The names of the connection that were found.</summary>
    internal IEnumerable<ISymbol> Holders => _seen.Select(seen => seen.Symbol);

    /// <summary>Whether <paramref name="type"/> is a part of the type whose connection it is.</summary>
    internal bool IsKin(INamedTypeSymbol? type) => AreKin(type, _type);

    /// <summary>What makes the socket shows a datagram, raw or local one.</summary>
    internal bool IsNotTcp { get; private set; }

    /// <summary>It is given to code of another assembly, which may do anything to it.</summary>
    internal bool LeavesSight { get; private set; }

    /// <summary>It goes to more places than were looked at.</summary>
    internal bool IsIncomplete { get; private set; }

    internal static ConnectionReach Of(SocketModel model, ISymbol holder, CancellationToken cancellationToken) => Of(model, holder, null, cancellationToken);

    /// <param name="model">The compilation's model.</param>
    /// <param name="holder">The field, property, local or parameter.</param>
    /// <param name="body">Where a local or parameter is declared.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    internal static ConnectionReach Of(SocketModel model, ISymbol holder, SocketBody? body, CancellationToken cancellationToken)
    {
        ConnectionReach reach = new(model, holder.ContainingType?.OriginalDefinition, cancellationToken);
        reach.Enqueue(new Node(holder, body, ReachOrigin.Own, holder is IFieldSymbol or IPropertySymbol, false, 0));
        while (reach._pending.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            reach.Expand(reach._pending.Dequeue());
        }

        return reach;
    }

    /// <summary>The symbol whose connection <paramref name="value"/> is; of a local with one value, that of the value.</summary>
    internal static ISymbol? HolderOf(IOperation? value, SocketBody body)
    {
        const int LongestChain = 4;
        ISymbol? symbol = value is IVariableDeclaratorOperation declarator ? declarator.Symbol : SourcesOf(value, body).FirstOrDefault();
        for (int depth = 0; depth < LongestChain && symbol is ILocalSymbol && body.ValuesOf(symbol) is { Count: 1 } values; depth++)
        {
            ISymbol? next = SourcesOf(values[0], body).FirstOrDefault();
            if (next is null)
            {
                break;
            }

            symbol = next;
        }

        return symbol;
    }

    /// <summary>Whether two types are parts of one: the same, nested in each other, or base and heir.</summary>
    internal static bool AreKin(INamedTypeSymbol? one, INamedTypeSymbol? other) =>
        one is not null && other is not null && (IsWithin(one, other) || IsWithin(other, one));

    private static bool IsWithin(INamedTypeSymbol inner, INamedTypeSymbol outer)
    {
        for (INamedTypeSymbol? around = inner; around is not null; around = around.ContainingType)
        {
            if (KnownTypes.IsOrDerives(around, outer.OriginalDefinition))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The symbols that <paramref name="value"/> may get its connection from.</summary>
    private static IEnumerable<ISymbol> SourcesOf(IOperation? value, SocketBody body)
    {
        KnownTypes types = body.Model.Types;
        ConcurrencyTypes concurrency = body.Model.Concurrency;
        switch (value is null ? null : Operations(value))
        {
            case ILocalReferenceOperation { Local: var local }:
                return [local];
            case IParameterReferenceOperation { Parameter: var parameter }:
                return [parameter];
            case IPropertyReferenceOperation { Property: { Name: "Client" } client, Instance: { } tcp } when KnownTypes.Is(client.ContainingType, types.TcpClient):
                return SourcesOf(tcp, body);
            case IPropertyReferenceOperation { Property: { Name: "Socket" } socket, Instance: { } stream } when KnownTypes.Is(socket.ContainingType, types.NetworkStream):
                return SourcesOf(stream, body);
            case IMemberReferenceOperation member and (IFieldReferenceOperation or IPropertyReferenceOperation):
                return member.Member.DeclaringSyntaxReferences.IsEmpty ? [] : [member.Member.OriginalDefinition];
            case IInvocationOperation { TargetMethod: { Name: "GetStream" } method, Instance: { } tcp } when KnownTypes.Is(method.ContainingType, types.TcpClient):
                return SourcesOf(tcp, body);
            case IInvocationOperation { Arguments.Length: > 0 } call when KnownTypes.Is(call.TargetMethod.ContainingType, concurrency.Interlocked) || KnownTypes.Is(call.TargetMethod.ContainingType, concurrency.Volatile):
                return SourcesOf(call.Arguments[0].Value, body);
            case ICoalesceOperation coalesce:
                return SourcesOf(coalesce.Value, body).Concat(SourcesOf(coalesce.WhenNull, body));
            case IConditionalOperation { WhenFalse: { } whenFalse } conditional:
                return SourcesOf(conditional.WhenTrue, body).Concat(SourcesOf(whenFalse, body));
            case IObjectCreationOperation { Arguments.Length: > 0 } wrap when IsWrap(wrap.Type, body.Model):
                return SourcesOf(wrap.Arguments[0].Value, body);
            default:
                return [];
        }

        static IOperation Operations(IOperation operation) => Sockets.Operations.Receiver(operation) ?? operation;
    }

    /// <summary>A class of the platform that is put over a socket or stream: a stream, reader or writer.</summary>
    private static bool IsWrap(ITypeSymbol? type, SocketModel model) =>
        type is not null && type.DeclaringSyntaxReferences.IsEmpty
        && (KnownTypes.IsOrDerives(type, model.Types.Stream) || (model.Types.CarriesConnection(type) && !KnownTypes.IsOrDerives(type, model.Types.Socket)));

    private void Enqueue(Node node)
    {
        if (_seen.Contains((node.Symbol, true)) || !_seen.Add((node.Symbol, node.Up)))
        {
            return;
        }

        if (_seen.Count > MostHolders)
        {
            IsIncomplete = true;
        }
        else
        {
            _pending.Enqueue(node);
        }
    }

    private void Expand(Node node)
    {
        foreach (SocketBody body in BodiesOf(node))
        {
            _cancellationToken.ThrowIfCancellationRequested();
            Node here = node.In(body, OriginOf(body, node.Origin));
            foreach (IOperation reference in body.ReferencesTo(node.Symbol))
            {
                // What another branch does with the local it comes from, it does to another connection.
                if (node.From is null || node.Symbol is not ILocalSymbol || !Paths.AreAlternatives(node.From, reference))
                {
                    Follow(reference, here);
                }
            }

            IsNotTcp |= node.Up && SocketKindOf.IsNotTcp(node.Symbol, body, _cancellationToken);
            if (node.Up && node.Symbol is not IMethodSymbol)
            {
                foreach (IOperation value in body.ValuesOf(node.Symbol))
                {
                    Rise(value, here);
                }
            }
        }

        if (!node.Up)
        {
            return;
        }

        switch (node.Symbol)
        {
            case IPropertySymbol { GetMethod: { } getter } when _model.Calls.BodyOf(getter, _cancellationToken) is { } body:
                foreach (IOperation returned in body.Root.Descendants().OfType<IReturnOperation>().Select(statement => statement.ReturnedValue).OfType<IOperation>())
                {
                    Rise(returned, node.In(body, node.Origin));
                }

                break;
            case IParameterSymbol { ContainingSymbol: IMethodSymbol method } parameter when node.Depth < LongestWayUp:
                RiseToCallers(method, parameter.Ordinal, node);
                break;
        }
    }

    private IReadOnlyList<SocketBody> BodiesOf(Node node)
    {
        switch (node.Symbol)
        {
            case ILocalSymbol:
            case IParameterSymbol { ContainingSymbol: IMethodSymbol { MethodKind: MethodKind.LocalFunction or MethodKind.AnonymousFunction } }:
                return node.Body is null ? [] : [node.Body];
            case IParameterSymbol { ContainingSymbol: IMethodSymbol method }:
                if (method.DeclaringSyntaxReferences.Any(reference => reference.GetSyntax(_cancellationToken) is TypeDeclarationSyntax))
                {
                    return _model.Calls.BodiesNaming(node.Symbol, _cancellationToken);
                }

                return _model.Calls.BodyOf(method, _cancellationToken) is { } own ? [own] : [];
            default:
                return _model.Calls.BodiesNaming(node.Symbol, _cancellationToken);
        }
    }

    private ReachOrigin OriginOf(SocketBody body, ReachOrigin origin) =>
        origin != ReachOrigin.Own || AreKin(body.Owner.ContainingType, _type) ? origin : ReachOrigin.Other;

    /// <summary>Goes to where <paramref name="value"/> comes from.</summary>
    private void Rise(IOperation value, Node node)
    {
        foreach (ISymbol source in SourcesOf(value, node.Body!))
        {
            Enqueue(new Node(source, node.Body, node.Origin, true, false, node.Depth, value));
        }
    }

    private void RiseToCallers(IMethodSymbol method, int ordinal, Node node)
    {
        IEnumerable<CallSite> sites = method.MethodKind switch
        {
            MethodKind.Constructor => _model.Calls.CreationsBy(method, _cancellationToken),
            MethodKind.Ordinary when _model.Calls.BodyOf(method, _cancellationToken) is { } body => _model.Calls.CallersOf(new CodeFunction(body, body.Root), _cancellationToken),
            _ => ImmutableArray<CallSite>.Empty,
        };
        foreach (CallSite site in sites)
        {
            foreach (IArgumentOperation argument in ArgumentsOf(site.Operation))
            {
                if (argument.Parameter?.Ordinal == ordinal)
                {
                    SocketBody body = site.Caller.Body;
                    Rise(argument.Value, new Node(node.Symbol, body, AreKin(body.Owner.ContainingType, _type) ? node.Origin : ReachOrigin.Other, true, false, node.Depth + 1));
                }
            }
        }
    }

    private static ImmutableArray<IArgumentOperation> ArgumentsOf(IOperation call) => call switch
    {
        IInvocationOperation invocation => invocation.Arguments,
        IObjectCreationOperation creation => creation.Arguments,
        _ => ImmutableArray<IArgumentOperation>.Empty,
    };

    /// <summary>Follows one value to what is done to it and to what gets it.</summary>
    private void Follow(IOperation value, Node node)
    {
        bool owning = node.Owning;
        while (value.Parent is { } parent)
        {
            switch (parent)
            {
                case IConversionOperation { OperatorMethod: null }:
                case IParenthesizedOperation:
                case IAwaitOperation:
                case ICoalesceOperation:
                case IConditionalOperation conditional when conditional.Condition != value:
                case IConditionalAccessOperation access when access.WhenNotNull == value:
                    value = parent;
                    break;
                case IConditionalAccessOperation access:
                    if (access.WhenNotNull.DescendantsAndSelf().OfType<IConditionalAccessInstanceOperation>().FirstOrDefault() is not { } placeholder)
                    {
                        return;
                    }

                    value = placeholder;
                    break;
                case IInvocationOperation call when call.Instance == value:
                    if (call.TargetMethod.Name != "GetStream" || !KnownTypes.Is(call.TargetMethod.ContainingType, _model.Types.TcpClient))
                    {
                        Record(call, owning, node);
                        return;
                    }

                    owning = true;
                    value = call;
                    break;
                case IPropertyReferenceOperation { Property: { Name: "Client" } property } client when client.Instance == value && KnownTypes.Is(property.ContainingType, _model.Types.TcpClient):
                case IPropertyReferenceOperation { Property: { Name: "Socket" } ofStream } socket when socket.Instance == value && KnownTypes.Is(ofStream.ContainingType, _model.Types.NetworkStream):
                    value = parent;
                    break;
                case IArgumentOperation argument:
                    if (AfterCall(argument, ref owning, node) is not { } result)
                    {
                        return;
                    }

                    value = result;
                    break;
                case IVariableInitializerOperation { Parent: IVariableDeclaratorOperation declarator }:
                    Enqueue(new Node(declarator.Symbol, node.Body, node.Origin, false, owning, node.Depth));
                    return;
                case ISimpleAssignmentOperation assignment when assignment.Value == value:
                    Store(assignment.Target, owning, node);
                    return;
                case ICoalesceAssignmentOperation assignment when assignment.Value == value:
                    Store(assignment.Target, owning, node);
                    return;
                case IFieldInitializerOperation initializer:
                    Enqueue(new Node(initializer.InitializedFields[0].OriginalDefinition, null, node.Origin, false, owning, node.Depth));
                    return;
                case IPropertyInitializerOperation initializer:
                    Enqueue(new Node(initializer.InitializedProperties[0].OriginalDefinition, null, node.Origin, false, owning, node.Depth));
                    return;
                case IReturnOperation:
                    Return(value, owning, node);
                    return;
                case IInvalidOperation { Syntax: BaseObjectCreationExpressionSyntax or InvocationExpressionSyntax or ConstructorInitializerSyntax } unbound:
                    GiveUnbound(value, unbound, owning, node);
                    return;
                default:
                    return;
            }
        }
    }

    private void Store(IOperation target, bool owning, Node node)
    {
        switch (target)
        {
            case ILocalReferenceOperation { Local: var local }:
                Enqueue(new Node(local, node.Body, node.Origin, false, owning, node.Depth));
                break;
            case IMemberReferenceOperation { Member: var member } when !member.DeclaringSyntaxReferences.IsEmpty:
                Enqueue(new Node(member.OriginalDefinition, null, Beyond(node.Origin, member.ContainingType), false, owning, node.Depth));
                break;
        }
    }

    /// <summary>A property that returns the connection is another name of it; what a method returns may be anybody's.</summary>
    private void Return(IOperation value, bool owning, Node node)
    {
        if (node.Body!.Owner is IMethodSymbol { AssociatedSymbol: IPropertySymbol property } && Paths.FunctionOf(value) == node.Body.Root)
        {
            Enqueue(new Node(property.OriginalDefinition, null, node.Origin, false, owning, node.Depth));
        }
    }

    private ReachOrigin Beyond(ReachOrigin origin, INamedTypeSymbol? type) =>
        origin == ReachOrigin.Own && !AreKin(type, _type) ? ReachOrigin.Part : origin;

    /// <summary>What the connection is in after it was given to a call; <see langword="null"/>: nothing more than its parameter.</summary>
    private IOperation? AfterCall(IArgumentOperation argument, ref bool owning, Node node)
    {
        switch (argument.Parent)
        {
            case IInvocationOperation call:
                IMethodSymbol method = call.TargetMethod;
                if (KnownTypes.Is(method.ContainingType, _model.Types.SocketTaskExtensions))
                {
                    Record(call, owning, node);
                    return null;
                }

                if (KnownTypes.Is(method.ContainingType, _model.Concurrency.Interlocked) || KnownTypes.Is(method.ContainingType, _model.Concurrency.Volatile))
                {
                    if (call.Arguments[0] == argument)
                    {
                        return call;
                    }

                    foreach (ISymbol stored in SourcesOf(call.Arguments[0].Value, node.Body!))
                    {
                        Enqueue(new Node(stored, node.Body, node.Origin, false, owning, node.Depth));
                    }

                    return null;
                }

                if (method.Name == "Create" && _model.Types.ApiOf(method.ContainingType) == ConnectionApi.Pipe)
                {
                    return call;
                }

                Give(method, argument.Parameter, owning, node);
                return null;
            case IObjectCreationOperation { Constructor: { } constructor } creation:
                if (IsWrap(creation.Type, _model))
                {
                    owning = Owns(creation, owning);
                    return creation;
                }

                Give(constructor, argument.Parameter, owning, node);
                return null;
            default:
                return null;
        }
    }

    private void Give(IMethodSymbol method, IParameterSymbol? parameter, bool owning, Node node)
    {
        if (method.DeclaringSyntaxReferences.IsEmpty)
        {
            LeavesSight |= method.MethodKind == MethodKind.Constructor && !IsOfPlatform(method.ContainingType);
        }
        else if (parameter is not null)
        {
            IMethodSymbol definition = (method.ReducedFrom ?? method).OriginalDefinition;
            if (parameter.Ordinal < definition.Parameters.Length)
            {
                Enqueue(new Node(definition.Parameters[parameter.Ordinal], node.Body, Beyond(node.Origin, definition.ContainingType), false, owning, node.Depth));
            }
        }
    }

    private bool IsOfPlatform(INamedTypeSymbol type)
    {
        INamespaceSymbol root = type.ContainingNamespace;
        while (root.ContainingNamespace is { IsGlobalNamespace: false } outer)
        {
            root = outer;
        }

        return root.Name is "System" or "Microsoft" || SymbolEqualityComparer.Default.Equals(type.ContainingAssembly, _model.Types.Socket?.ContainingAssembly);
    }

    private void GiveUnbound(IOperation value, IInvalidOperation call, bool owning, Node node)
    {
        if (value.Syntax.FirstAncestorOrSelf<ArgumentSyntax>() is not { Parent: BaseArgumentListSyntax arguments } argument || arguments.Parent != call.Syntax)
        {
            return;
        }

        (IMethodSymbol Method, IParameterSymbol Parameter)? only = null;
        foreach (IMethodSymbol method in _model.CandidatesOf(call.Syntax, _cancellationToken))
        {
            IParameterSymbol? parameter = argument.NameColon is { Name.Identifier.ValueText: var name }
                ? method.Parameters.FirstOrDefault(candidate => candidate.Name == name)
                : method.Parameters.ElementAtOrDefault(arguments.Arguments.IndexOf(argument));
            if (parameter is not null && method.Parameters.Length >= arguments.Arguments.Count && SymbolEqualityComparer.Default.Equals(parameter.Type, value.Type))
            {
                if (only is not null)
                {
                    return;
                }

                only = (method, parameter);
            }
        }

        if (only is var (called, given))
        {
            Give(called, given, owning, node);
        }
        else
        {
            LeavesSight = true;
        }
    }

    /// <summary>Whether the end of <paramref name="wrap"/> shuts the connection down in order.</summary>
    private bool Owns(IObjectCreationOperation wrap, bool inner)
    {
        if (KnownTypes.IsOrDerives(wrap.Type, _model.Types.NetworkStream))
        {
            return wrap.Arguments.FirstOrDefault(argument => argument.Parameter?.Name == "ownsSocket") is { Value: var owns } && owns.ConstantValue is not { HasValue: true, Value: false };
        }

        bool leaves = wrap.Arguments.Any(argument => argument.Parameter?.Name is "leaveOpen" or "leaveInnerStreamOpen" && argument.Value.ConstantValue is { HasValue: true, Value: true });
        return inner && !leaves;
    }

    private void Record(IInvocationOperation call, bool owning, Node node)
    {
        if (KindOf(call, owning) is { } kind && _found.Add(call.Syntax))
        {
            _operations.Add(new ReachedOperation(kind, call, node.Body!, node.Origin));
        }
    }

    private ReachedKind? KindOf(IInvocationOperation call, bool owning)
    {
        if (SocketOperation.Create(call, _model.Types) is not { } operation || operation.Form == OperationForm.End)
        {
            return null;
        }

        switch (operation.Kind)
        {
            case SocketOperationKind.Connect:
                return ReachedKind.Connect;
            case SocketOperationKind.Receive or SocketOperationKind.ReceiveAll or SocketOperationKind.Peek:
                return ReachedKind.Receive;
            case SocketOperationKind.Poll:
                // Short ones ask whether the peer is still there.
                return call.Argument("microSeconds").IsConstant(out long microseconds) && microseconds is >= 0 and < 1_000_000 ? null : ReachedKind.Receive;
            case SocketOperationKind.Send or SocketOperationKind.Flush:
                return ReachedKind.Send;
            case SocketOperationKind.Shutdown:
                return operation.EndsSending == false ? null : ReachedKind.Protect;
            case SocketOperationKind.Disconnect:
                return ReachedKind.Protect;
            case SocketOperationKind.Close:
                return operation.Api == ConnectionApi.Socket ? ReachedKind.Close
                    : owning || operation.Api == ConnectionApi.TcpClient ? ReachedKind.Protect
                    : null;
            default:
                return null;
        }
    }

    /// <summary>One name of the connection.</summary>
    private sealed class Node(ISymbol symbol, SocketBody? body, ReachOrigin origin, bool up, bool owning, int depth, IOperation? from = null)
    {
        /// <summary>Where a name further down got its connection from this one.</summary>
        internal IOperation? From { get; } = from;

        internal ISymbol Symbol { get; } = symbol;

        /// <summary>The body that is looked at; of a local, the one that declares it.</summary>
        internal SocketBody? Body { get; } = body;

        internal ReachOrigin Origin { get; } = origin;

        /// <summary>Where it gets its value from counts as well.</summary>
        internal bool Up { get; } = up;

        /// <summary>It is a stream, or on one, whose end shuts the connection down.</summary>
        internal bool Owning { get; } = owning;

        /// <summary>The number of callers on the way here.</summary>
        internal int Depth { get; } = depth;

        internal Node In(SocketBody body, ReachOrigin origin) => new(Symbol, body, origin, Up, Owning, Depth, From);
    }

    private sealed class SymbolComparer : IEqualityComparer<(ISymbol Symbol, bool Up)>
    {
        internal static readonly SymbolComparer Instance = new();

        public bool Equals((ISymbol Symbol, bool Up) x, (ISymbol Symbol, bool Up) y) => x.Up == y.Up && SymbolEqualityComparer.Default.Equals(x.Symbol, y.Symbol);

        public int GetHashCode((ISymbol Symbol, bool Up) obj) => SymbolEqualityComparer.Default.GetHashCode(obj.Symbol) * 2 + (obj.Up ? 1 : 0);
    }
}
