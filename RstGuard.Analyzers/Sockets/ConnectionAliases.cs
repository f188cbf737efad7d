using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>
/// Which symbol of a body is another name of which connection: <c>var stream = client.GetStream()</c>. Made for the locals and
/// parameters of the body alone, or for a group of the type's fields, and then for the locals that share a connection with them.
/// </summary>
internal sealed class ConnectionAliases
{
    private const int LongestChain = 8;
    private readonly KnownTypes _types;
    private readonly IReadOnlyDictionary<ISymbol, ISymbol>? _fields;
    private readonly Dictionary<ISymbol, ISymbol?> _holders = new(SymbolEqualityComparer.Default);
    private Dictionary<ISymbol, ImmutableArray<HandOver>>? _handOvers;

    /// <param name="body">The body.</param>
    /// <param name="fields">Fields and the field that holds their connection; <see langword="null"/> for locals and parameters.</param>
    internal ConnectionAliases(SocketBody body, IReadOnlyDictionary<ISymbol, ISymbol>? fields)
    {
        Body = body;
        _types = body.Model.Types;
        _fields = fields;
        foreach (ISymbol symbol in body.Symbols)
        {
            if (symbol is ILocalSymbol or IParameterSymbol && CarriesConnection(symbol))
            {
                _holders[symbol] = FindHolder(symbol, 0);
            }
        }
    }

    internal SocketBody Body { get; }

    /// <summary>Whether a symbol is a field or property that may hold a connection or its stream.</summary>
    internal static Func<ISymbol, bool> IsFieldOfConnection(KnownTypes types) => symbol =>
        symbol is IFieldSymbol or IPropertySymbol && types.CarriesConnection(TypeOf(symbol));

    /// <summary>What holds the connection that <paramref name="operation"/> is done to.</summary>
    internal ISymbol? HolderOf(SocketOperation operation) => operation.Connection switch
    {
        IVariableDeclaratorOperation declarator => HolderOf(declarator.Symbol, 0),
        { } connection => HolderOf(connection),
        null => null,
    };

    internal ISymbol? HolderOf(IOperation operation) => HolderOf(operation, 0);

    /// <summary>What holds the connection of a local, parameter or field; <see langword="null"/> when it holds none that counts.</summary>
    internal ISymbol? HolderOf(ISymbol symbol) => HolderOf(symbol, 0);

    /// <summary>Whether the connection leaves sight, so that nothing can be known about its end.</summary>
    internal bool Escapes(ISymbol holder) => !HandOversOf(holder).IsEmpty;

    /// <summary>The places where the connection leaves sight.</summary>
    internal ImmutableArray<HandOver> HandOversOf(ISymbol holder) =>
        (_handOvers ??= FindHandOvers()).TryGetValue(holder, out ImmutableArray<HandOver> found) ? found : ImmutableArray<HandOver>.Empty;

    /// <summary>
    /// Whether a close ends the connection itself: not one of a wrapper that leaves open what it wraps. What is not known counts as an end.
    /// </summary>
    internal bool EndsConnection(SocketOperation close) => EndsConnection(close.Connection);

    /// <summary>The same of a close of <paramref name="value"/>.</summary>
    internal bool EndsConnection(IOperation? value)
    {
        for (int depth = 0; value is not null && depth < LongestChain; depth++)
        {
            value = value.Unwrap();
            if (ConnectionWrap.Of(value, _types) is { } wrap)
            {
                if (wrap.Owns == false)
                {
                    return false;
                }

                value = wrap.Inner;
                continue;
            }

            ISymbol? symbol = value is IVariableDeclaratorOperation { Symbol: var resource } ? resource : SocketKindOf.SymbolOf(value);
            value = null;
            if (symbol is not null)
            {
                foreach (IOperation given in Body.ValuesOf(symbol.OriginalDefinition))
                {
                    if (ConnectionWrap.Of(given.Unwrap(), _types) is not null)
                    {
                        value = given;
                    }
                }
            }
        }

        return true;
    }

    internal bool HasKnownOrigin(ISymbol holder)
    {
        IEnumerable<IOperation> values = Body.ValuesOf(holder).Where(value => !IsNull(value));
        return holder is IParameterSymbol { RefKind: RefKind.None }
            ? !values.Any()
            : values.Any() && values.All(value => SocketOperation.MakesConnection(value.Unwrap(), _types) || value.Unwrap() is IParameterReferenceOperation);
    }

    internal bool IsConstructedConnected(ISymbol holder) => Body.ValuesOf(holder).Any(value =>
        value.Unwrap() is IObjectCreationOperation { Arguments.Length: 2 } creation && KnownTypes.Is(creation.Type, _types.TcpClient));

    internal string TypeName(IOperation? connection)
    {
        ITypeSymbol? type = connection is IVariableDeclaratorOperation declarator ? declarator.Symbol.Type : connection?.Unwrap().Type;
        return KnownTypes.IsOrDerives(type, _types.TcpClient) ? "TcpClient"
            : KnownTypes.IsOrDerives(type, _types.Socket) ? "Socket"
            : "NetworkStream";
    }

    /// <summary>
    /// The value without what takes a part of the connection or is put over it: of <c>client.GetStream()</c>, the client; of
    /// <c>new SslStream(stream)</c>, the stream.
    /// </summary>
    internal IOperation? OwnerOf(IOperation value) => value.Unwrap() switch
    {
        IPropertyReferenceOperation { Property: { Name: "Client" } property, Instance: { } client } when KnownTypes.Is(property.ContainingType, _types.TcpClient) => Operations.Receiver(client),
        IPropertyReferenceOperation { Property: { Name: "SafeHandle" } property, Instance: { } socket } when KnownTypes.Is(property.ContainingType, _types.Socket) => Operations.Receiver(socket),
        IPropertyReferenceOperation { Property: { Name: "Socket" } property, Instance: { } stream } when KnownTypes.Is(property.ContainingType, _types.NetworkStream) => Operations.Receiver(stream),
        IPropertyReferenceOperation { Property: { Name: "BaseStream" } property, Instance: { } wrapper } when _types.CarriesConnection(property.ContainingType) => Operations.Receiver(wrapper),
        IInvocationOperation { TargetMethod: { Name: "GetStream" } method, Instance: { } client } when KnownTypes.Is(method.ContainingType, _types.TcpClient) => Operations.Receiver(client),
        var other => ConnectionWrap.Of(other, _types)?.Inner,
    };

    /// <summary>Whether <paramref name="value"/> gives a holder another connection than the one it is known for.</summary>
    internal bool StartsAnew(ISymbol target, IOperation value) =>
        HolderOf(target) is { } holder && !IsNull(value) && !SymbolEqualityComparer.Default.Equals(HolderOf(value), holder);

    private static bool IsNull(IOperation value) => value.Unwrap().ConstantValue is { HasValue: true, Value: null } || value.Unwrap() is IDefaultValueOperation;

    private ISymbol? HolderOf(IOperation operation, int depth)
    {
        if (depth > LongestChain)
        {
            return null;
        }

        switch (operation.Unwrap())
        {
            case ILocalReferenceOperation { Local: var local }:
                return HolderOf(local, depth + 1);
            case IParameterReferenceOperation { Parameter: var parameter }:
                return HolderOf(parameter, depth + 1);
            case IMemberReferenceOperation { Instance: null or IInstanceReferenceOperation { ReferenceKind: InstanceReferenceKind.ContainingTypeInstance } } member when _fields is not null:
                return HolderOf(member.Member.OriginalDefinition, depth + 1);
            case IInstanceReferenceOperation { ReferenceKind: InstanceReferenceKind.ImplicitReceiver } initialized:
                return InitializedBy(initialized) is { } target ? HolderOf(target, depth + 1) : null;
            case var other:
                return OwnerOf(other) is { } owner ? HolderOf(owner, depth + 1) : null;
        }
    }

    private ISymbol? HolderOf(ISymbol symbol, int depth)
    {
        if (symbol is IFieldSymbol or IPropertySymbol)
        {
            return _fields is not null && _fields.TryGetValue(symbol, out ISymbol? field) ? field : null;
        }

        return _holders.TryGetValue(symbol, out ISymbol? known) ? known : FindHolder(symbol, depth);
    }

    private ISymbol? FindHolder(ISymbol symbol, int depth)
    {
        ISymbol? own = _fields is null && _types.IsConnection(TypeOf(symbol)) ? symbol : null;
        if (!CarriesConnection(symbol))
        {
            return null;
        }

        int values = 0;
        foreach (IOperation value in Body.ValuesOf(symbol))
        {
            values += IsNull(value) || IsOver(value, symbol) ? 0 : 1;
        }

        if (values == 1)
        {
            foreach (IOperation value in Body.ValuesOf(symbol))
            {
                if (!IsNull(value) && !IsOver(value, symbol) && HolderOf(value, depth + 1) is { } holder)
                {
                    return holder;
                }
            }
        }

        // _socket = socket: the local is the field's other name from its beginning.
        if (_fields is not null && values <= 1)
        {
            foreach (IOperation reference in Body.ReferencesTo(symbol))
            {
                if (reference.Wrapped() is { Parent: ISimpleAssignmentOperation { Target: IMemberReferenceOperation } assignment } value && assignment.Value == value
                    && SocketKindOf.SymbolOf(assignment.Target) is { } target && HolderOf(target.OriginalDefinition, depth + 1) is { } field)
                {
                    return field;
                }
            }
        }

        return own;
    }

    /// <summary>What gets the object whose initializer this is: <c>var socket = new Socket(…) { … }</c>.</summary>
    private static ISymbol? InitializedBy(IOperation receiver)
    {
        IOperation? outer = receiver.Parent;
        while (outer is not null and not IObjectCreationOperation)
        {
            outer = outer.Parent;
        }

        return outer?.Wrapped().Parent switch
        {
            IVariableInitializerOperation { Parent: IVariableDeclaratorOperation declarator } => declarator.Symbol,
            ISimpleAssignmentOperation assignment => SocketKindOf.SymbolOf(assignment.Target)?.OriginalDefinition,
            _ => null,
        };
    }

    private static ITypeSymbol? TypeOf(ISymbol symbol) => symbol switch
    {
        ILocalSymbol local => local.Type,
        IParameterSymbol parameter => parameter.Type,
        IFieldSymbol field => field.Type,
        IPropertySymbol property => property.Type,
        _ => null,
    };

    private bool CarriesConnection(ISymbol symbol) => _types.CarriesConnection(TypeOf(symbol));

    /// <summary>Whether a value of <paramref name="symbol"/> is what it held before, wrapped: <c>stream = new SslStream(stream)</c>.</summary>
    private bool IsOver(IOperation value, ISymbol symbol)
    {
        IOperation? inner = value.Unwrap();
        if (ConnectionWrap.Of(inner, _types) is null)
        {
            return false;
        }

        for (int depth = 0; inner is not null && depth < LongestChain; depth++)
        {
            inner = OwnerOf(inner)?.Unwrap();
            if (inner is not null && SymbolEqualityComparer.Default.Equals(SocketKindOf.SymbolOf(inner)?.OriginalDefinition, symbol))
            {
                return true;
            }
        }

        return false;
    }

    private Dictionary<ISymbol, ImmutableArray<HandOver>> FindHandOvers()
    {
        Dictionary<ISymbol, ImmutableArray<HandOver>> found = new(SymbolEqualityComparer.Default);
        foreach (ISymbol symbol in Body.Symbols)
        {
            if (CarriesConnection(symbol) && HolderOf(symbol) is { } holder)
            {
                AddHandOvers(symbol, holder, found);
            }
        }

        return found;
    }

    private void AddHandOvers(ISymbol symbol, ISymbol holder, Dictionary<ISymbol, ImmutableArray<HandOver>> found)
    {
        if (symbol is ILocalSymbol)
        {
            int values = 0;
            foreach (IOperation value in Body.ValuesOf(symbol))
            {
                if (!IsNull(value) && !IsOver(value, symbol) && ++values > 1)
                {
                    Add(new HandOver(HandOverKind.Replaced, symbol, value, value));
                }
            }
        }

        foreach (IOperation reference in Body.ReferencesTo(symbol))
        {
            if (HandOverOf(symbol, reference, holder) is { } handOver)
            {
                Add(handOver);
            }
        }

        void Add(HandOver handOver) => found[holder] = found.TryGetValue(holder, out ImmutableArray<HandOver> known) ? known.Add(handOver) : ImmutableArray.Create(handOver);
    }

    private HandOver? HandOverOf(ISymbol symbol, IOperation reference, ISymbol holder)
    {
        if (symbol is ILocalSymbol or IParameterSymbol)
        {
            for (IOperation? outer = reference.Parent; outer is not null; outer = outer.Parent)
            {
                IMethodSymbol? function = (outer as IAnonymousFunctionOperation)?.Symbol ?? (outer as ILocalFunctionOperation)?.Symbol;
                if (function is not null)
                {
                    if (SymbolEqualityComparer.Default.Equals(function, symbol.ContainingSymbol))
                    {
                        break;
                    }

                    return new HandOver(HandOverKind.Captured, symbol, reference, outer);
                }
            }
        }

        return NotUnderstood(reference, holder) is (var kind, var to) ? new HandOver(kind, symbol, reference, to) : null;
    }

    /// <summary>How <paramref name="reference"/> gives the connection away, and to what; <see langword="null"/> when it doesn't.</summary>
    private (HandOverKind Kind, IOperation To)? NotUnderstood(IOperation reference, ISymbol holder)
    {
        if (reference is IMemberReferenceOperation { Instance: { } instance } member && reference is IFieldReferenceOperation or IPropertyReferenceOperation
            && member.Member is IFieldSymbol or IPropertySymbol && _fields?.ContainsKey(member.Member.OriginalDefinition) == true
            && instance is not IInstanceReferenceOperation { ReferenceKind: InstanceReferenceKind.ContainingTypeInstance })
        {
            return (HandOverKind.Other, reference);
        }

        IOperation value = reference;
        while (value.Parent is IConversionOperation or IParenthesizedOperation)
        {
            value = value.Parent;
        }

        switch (value.Parent)
        {
            case IPropertyReferenceOperation property when property.Instance == value:
                return OwnerOf(property) is null ? null : NotUnderstood(property, holder);
            case IInvocationOperation call when call.Instance == value:
                return OfCall(call, holder);
            case IConditionalAccessOperation access when access.Operation == value:
                return access.WhenNotNull.Unwrap() switch
                {
                    IInvocationOperation called => OfCall(called, holder),
                    IPropertyReferenceOperation property when OwnerOf(property) is null => null,
                    _ => (HandOverKind.Other, access),
                };
            case IVariableInitializerOperation { Parent: IVariableDeclaratorOperation declarator }:
                return SymbolEqualityComparer.Default.Equals(HolderOf(declarator.Symbol), holder) ? null : (HandOverKind.Stored, declarator);
            case ISimpleAssignmentOperation assignment when assignment.Target == value:
                return assignment.Parent is IExpressionStatementOperation ? null : (HandOverKind.Other, assignment);
            case ISimpleAssignmentOperation assignment:
                return assignment.Parent is IExpressionStatementOperation
                    && SocketKindOf.SymbolOf(assignment.Target) is { } target && SymbolEqualityComparer.Default.Equals(HolderOf(target.OriginalDefinition), holder)
                    ? null
                    : (HandOverKind.Stored, assignment);
            case IBinaryOperation:
            case IIsPatternOperation:
            case IUsingOperation:
            case IExpressionStatementOperation:
                return null;
            case IReturnOperation returned:
                return (HandOverKind.Returned, returned);
            case IArgumentOperation { Parent: { } taker } argument:
                return taker is IInvocationOperation extension && extension.Arguments[0] == argument && extension.TargetMethod.IsExtensionMethod && _types.Members.Find(extension.TargetMethod) is not null ? null
                    : ConnectionWrap.Of(taker, _types) is { } wrap && wrap.Inner == value.Unwrap() ? NotUnderstood(taker.Wrapped(), holder)
                    : (HandOverKind.Argument, taker);
            case IInvalidOperation unbound when (SocketOperation.Create(unbound, _types) ?? (unbound.Parent is { } outer ? SocketOperation.Create(outer, _types) : null))?.Connection == value:
                return null;
            case { } other:
                return (HandOverKind.Other, other);
            default:
                return (HandOverKind.Other, reference);
        }
    }

    private (HandOverKind Kind, IOperation To)? OfCall(IInvocationOperation call, ISymbol holder) =>
        SocketOperation.Create(call, _types) is { Kind: not SocketOperationKind.HandOver } ? null
        : OwnerOf(call) is not null ? NotUnderstood(call.Wrapped(), holder)
        : (HandOverKind.Other, call);
}
