using System;
using System.Collections.Generic;
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
    private HashSet<ISymbol>? _escaped;

    /// <param name="body">The body.</param>
    /// <param name="fields">Fields and the field that holds their connection; <see langword="null"/> for locals and parameters.</param>
    internal ConnectionAliases(SocketBody body, IReadOnlyDictionary<ISymbol, ISymbol>? fields)
    {
        Body = body;
        _types = body.Model.Types;
        _fields = fields;
        foreach (ISymbol symbol in body.Symbols)
        {
            if (IsConnectionOrStream(symbol) && symbol is ILocalSymbol or IParameterSymbol)
            {
                _holders[symbol] = FindHolder(symbol, 0);
            }
        }
    }

    internal SocketBody Body { get; }

    /// <summary>Whether a symbol is a field or property that may hold a connection or its stream.</summary>
    internal static Func<ISymbol, bool> IsFieldOfConnection(KnownTypes types) => symbol =>
        symbol is IFieldSymbol or IPropertySymbol && TypeOf(symbol) is { } type && (types.IsConnection(type) || KnownTypes.Is(type, types.Stream));

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

    internal bool Escapes(ISymbol holder) => (_escaped ??= FindEscaped()).Contains(holder);

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

    /// <summary>The value without what takes a part of the connection: of <c>client.GetStream()</c>, the client.</summary>
    internal IOperation? OwnerOf(IOperation value) => value.Unwrap() switch
    {
        IPropertyReferenceOperation { Property: { Name: "Client" } property, Instance: { } client } when KnownTypes.Is(property.ContainingType, _types.TcpClient) => Operations.Receiver(client),
        IInvocationOperation { TargetMethod: { Name: "GetStream" } method, Instance: { } client } when KnownTypes.Is(method.ContainingType, _types.TcpClient) => Operations.Receiver(client),
        _ => null,
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
        if (!IsConnectionOrStream(symbol))
        {
            return null;
        }

        List<IOperation> values = [.. Body.ValuesOf(symbol).Where(value => !IsNull(value))];
        if (values.Count == 1 && HolderOf(values[0], depth + 1) is { } holder)
        {
            return holder;
        }

        // _socket = socket: the local is the field's other name from its beginning.
        if (_fields is not null && values.Count <= 1)
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

    private bool IsConnectionOrStream(ISymbol symbol) => TypeOf(symbol) is { } type && (_types.IsConnection(type) || KnownTypes.Is(type, _types.Stream));

    private HashSet<ISymbol> FindEscaped()
    {
        HashSet<ISymbol> escaped = new(SymbolEqualityComparer.Default);
        foreach (ISymbol symbol in Body.Symbols)
        {
            if (IsConnectionOrStream(symbol) && HolderOf(symbol) is { } holder && !escaped.Contains(holder) && EscapesThrough(symbol, holder))
            {
                escaped.Add(holder);
            }
        }

        return escaped;
    }

    private bool EscapesThrough(ISymbol symbol, ISymbol holder)
    {
        if (symbol is ILocalSymbol && Body.ValuesOf(symbol).Count(value => !IsNull(value)) > 1)
        {
            return true;
        }

        foreach (IOperation reference in Body.ReferencesTo(symbol))
        {
            if (!IsUnderstood(reference, holder) || (symbol is ILocalSymbol or IParameterSymbol && !SymbolEqualityComparer.Default.Equals(FunctionOf(reference), symbol.ContainingSymbol)))
            {
                return true;
            }
        }

        return false;
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

        return Body.Owner;
    }

    private bool IsUnderstood(IOperation reference, ISymbol holder)
    {
        if (reference is IMemberReferenceOperation { Instance: { } instance } member && reference is IFieldReferenceOperation or IPropertyReferenceOperation
            && member.Member is IFieldSymbol or IPropertySymbol && _fields?.ContainsKey(member.Member.OriginalDefinition) == true
            && instance is not IInstanceReferenceOperation { ReferenceKind: InstanceReferenceKind.ContainingTypeInstance })
        {
            return false;
        }

        IOperation value = reference;
        while (value.Parent is IConversionOperation or IParenthesizedOperation)
        {
            value = value.Parent;
        }

        switch (value.Parent)
        {
            case IPropertyReferenceOperation property when property.Instance == value:
                return OwnerOf(property) is null || IsUnderstood(property, holder);
            case IInvocationOperation call when call.Instance == value:
                return IsUnderstoodCall(call, holder);
            case IConditionalAccessOperation access when access.Operation == value:
                return access.WhenNotNull.Unwrap() switch
                {
                    IInvocationOperation called => IsUnderstoodCall(called, holder),
                    IPropertyReferenceOperation property => OwnerOf(property) is null,
                    _ => false,
                };
            case IVariableInitializerOperation { Parent: IVariableDeclaratorOperation declarator }:
                return SymbolEqualityComparer.Default.Equals(HolderOf(declarator.Symbol), holder);
            case ISimpleAssignmentOperation assignment when assignment.Target == value:
                return assignment.Parent is IExpressionStatementOperation;
            case ISimpleAssignmentOperation { Parent: IExpressionStatementOperation } assignment:
                return SocketKindOf.SymbolOf(assignment.Target) is { } target && SymbolEqualityComparer.Default.Equals(HolderOf(target.OriginalDefinition), holder);
            case IBinaryOperation:
            case IIsPatternOperation:
            case IUsingOperation:
            case IExpressionStatementOperation:
                return true;
            case IArgumentOperation { Parent: IInvocationOperation extension } argument:
                return extension.Arguments[0] == argument && KnownTypes.Is(extension.TargetMethod.ContainingType, _types.SocketTaskExtensions);
            default:
                return false;
        }
    }

    private bool IsUnderstoodCall(IInvocationOperation call, ISymbol holder) =>
        SocketOperation.Create(call, _types) is not null
        || (OwnerOf(call) is not null ? IsUnderstood(call.Wrapped(), holder) : SocketOperation.TakesNothing(call.TargetMethod, _types));
}
