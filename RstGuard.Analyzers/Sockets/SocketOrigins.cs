using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>
/// Where a socket comes from, and by which names the compilation knows it: through locals, fields and automatic properties of the type,
/// methods that return it, <c>Interlocked.Exchange</c>, and collections that a <c>foreach</c> goes through.
/// </summary>
internal sealed class SocketOrigins
{
    private const int LongestChain = 6;
    private const int MostHolders = 64;

    private readonly SocketModel _model;
    private readonly CancellationToken _cancellationToken;
    private readonly HashSet<(ISymbol Holder, SyntaxNode Body)> _seen = [];
    private readonly HashSet<ISymbol> _members = new(SymbolEqualityComparer.Default);
    private readonly List<(ISymbol Symbol, SocketBody Body)> _holders = [];
    private readonly List<(IObjectCreationOperation Creation, SocketBody Body)> _creations = [];

    private SocketOrigins(SocketModel model, CancellationToken cancellationToken)
    {
        _model = model;
        _cancellationToken = cancellationToken;
    }

    /// <summary>Each name, with a body in which it has it.</summary>
    internal IReadOnlyList<(ISymbol Symbol, SocketBody Body)> Holders => _holders;

    /// <summary>The <c>new</c> expressions that it may come from.</summary>
    internal IReadOnlyList<(IObjectCreationOperation Creation, SocketBody Body)> Creations => _creations;

    internal static SocketOrigins Of(IOperation? connection, SocketBody body, CancellationToken cancellationToken)
    {
        SocketOrigins origins = new(body.Model, cancellationToken);
        if (Initialized(connection) is { } creation)
        {
            origins._creations.Add((creation, body));
            origins.FollowTo(creation.Wrapped(), body, 0);
        }
        else if (connection is not null)
        {
            origins.Follow(connection, body, 0);
        }

        return origins;
    }

    internal static SocketOrigins Of(ISymbol holder, SocketBody body, CancellationToken cancellationToken)
    {
        SocketOrigins origins = new(body.Model, cancellationToken);
        origins.Follow(holder, body, 0);
        return origins;
    }

    /// <summary>The <c>new</c> expression whose object initializer <paramref name="connection"/> is the receiver of.</summary>
    private static IObjectCreationOperation? Initialized(IOperation? connection)
    {
        if (connection is IInstanceReferenceOperation { ReferenceKind: InstanceReferenceKind.ImplicitReceiver })
        {
            for (IOperation? outer = connection.Parent; outer is not null; outer = outer.Parent)
            {
                if (outer is IObjectCreationOperation creation)
                {
                    return creation;
                }
            }
        }

        return null;
    }

    private static bool IsMember(ISymbol symbol) => symbol is IFieldSymbol or IPropertySymbol;

    /// <summary>What <c>Interlocked.Exchange(ref field, value)</c> gives back, and what it stores.</summary>
    private static bool IsExchange(IOperation operation, out IOperation? field, out IOperation? stored)
    {
        field = stored = null;
        if (operation is not IInvocationOperation { TargetMethod: { Name: "Exchange" or "CompareExchange", ContainingType.Name: "Interlocked" }, Arguments: { Length: > 1 } arguments })
        {
            return false;
        }

        field = arguments.FirstOrDefault(argument => argument.Parameter?.Ordinal == 0)?.Value;
        stored = arguments.FirstOrDefault(argument => argument.Parameter?.Ordinal == 1)?.Value;
        return true;
    }

    private void Follow(IOperation value, SocketBody body, int depth)
    {
        if (depth > LongestChain)
        {
            return;
        }

        IOperation operation = Operations.Receiver(value) ?? value;
        switch (operation)
        {
            case IVariableDeclaratorOperation resource:
                Follow(resource.Symbol, body, depth);
                break;
            case IObjectCreationOperation creation:
                _creations.Add((creation, body));
                break;
            case IConditionalOperation { WhenFalse: { } otherwise } choice:
                Follow(choice.WhenTrue, body, depth + 1);
                Follow(otherwise, body, depth + 1);
                break;
            case ICoalesceOperation coalesce:
                Follow(coalesce.Value, body, depth + 1);
                Follow(coalesce.WhenNull, body, depth + 1);
                break;
            case IInvocationOperation when IsExchange(operation, out IOperation? field, out _):
                Follow(field!, body, depth + 1);
                break;
            case IInvocationOperation { TargetMethod: { IsAbstract: false } method }
                when SymbolEqualityComparer.Default.Equals(method.ContainingAssembly, _model.Compilation.Assembly) && _model.Types.IsConnection(method.ReturnType):
                FollowReturns(method, depth + 1);
                break;
            default:
                if (SocketKindOf.SymbolOf(operation) is { } symbol)
                {
                    Follow(symbol, body, depth);
                }

                break;
        }
    }

    private void FollowReturns(IMethodSymbol method, int depth)
    {
        if (depth <= LongestChain && _model.BodyOf(method, _cancellationToken) is { } body)
        {
            foreach (IReturnOperation returned in body.Root.Descendants().OfType<IReturnOperation>())
            {
                if (returned.ReturnedValue is { } value && Paths.FunctionOf(returned) == body.Root)
                {
                    Follow(value, body, depth);
                }
            }
        }
    }

    private void Follow(ISymbol symbol, SocketBody body, int depth)
    {
        ISymbol holder = symbol.OriginalDefinition;
        if (depth > LongestChain)
        {
            return;
        }

        if (!IsMember(holder))
        {
            FollowLocal(holder, body, depth);
            return;
        }

        if (!_members.Add(holder))
        {
            return;
        }

        AddHolder(holder, body, depth);
        foreach (SocketBody other in _model.BodiesThatName(holder, _cancellationToken))
        {
            _cancellationToken.ThrowIfCancellationRequested();
            AddHolder(holder, other, depth);
            foreach (IOperation reference in other.ReferencesTo(holder))
            {
                if (reference.Parent is IArgumentOperation { Parent: { } call } && IsExchange(call, out IOperation? field, out IOperation? stored)
                    && SymbolEqualityComparer.Default.Equals(SocketKindOf.SymbolOf(field)?.OriginalDefinition, holder) && stored is not null)
                {
                    Follow(stored, other, depth + 1);
                }
            }
        }

        if (_model.InitializerOf(holder, _cancellationToken)?.Unwrap() is IObjectCreationOperation initial)
        {
            _creations.Add((initial, body));
        }
    }

    private bool AddHolder(ISymbol holder, SocketBody body, int depth)
    {
        if (_holders.Count >= MostHolders || !_seen.Add((holder, body.Root.Syntax)))
        {
            return false;
        }

        _holders.Add((holder, body));
        foreach (IOperation value in body.ValuesOf(holder))
        {
            Follow(value, body, depth + 1);
        }

        return true;
    }

    private void FollowLocal(ISymbol local, SocketBody body, int depth)
    {
        if (!AddHolder(local, body, depth))
        {
            return;
        }

        IReadOnlyList<IOperation> references = body.ReferencesTo(local);
        foreach (IOperation reference in references)
        {
            FollowTo(reference.Wrapped(), body, depth);
        }

        if (local is ILocalSymbol && references.Count > 0 && body.ValuesOf(local).Count == 0)
        {
            FollowCollection(local, body, depth);
        }
    }

    /// <summary>On to what the value is stored in.</summary>
    private void FollowTo(IOperation value, SocketBody body, int depth)
    {
        ISymbol? target = value.Parent switch
        {
            ISimpleAssignmentOperation assignment when assignment.Value == value => SocketKindOf.SymbolOf(assignment.Target),
            IVariableInitializerOperation { Parent: IVariableDeclaratorOperation declarator } => declarator.Symbol,
            IFieldInitializerOperation field => field.InitializedFields[0],
            IPropertyInitializerOperation property => property.InitializedProperties[0],
            IArgumentOperation { Parent: { } call } when IsExchange(call, out IOperation? field, out IOperation? stored) && stored?.Unwrap() == value.Unwrap() => SocketKindOf.SymbolOf(field),
            _ => null,
        };
        if (target is not null)
        {
            Follow(target, body, depth + 1);
        }
    }

    /// <summary>A variable that goes through a collection holds what was added to it.</summary>
    private void FollowCollection(ISymbol variable, SocketBody body, int depth)
    {
        IForEachLoopOperation? loop = body.Root.Descendants().OfType<IForEachLoopOperation>().FirstOrDefault(candidate => candidate.Locals.Contains(variable, SymbolEqualityComparer.Default));
        IOperation? source = loop?.Collection.Unwrap();
        while (source is IInvocationOperation call)
        {
            source = (call.Instance ?? (call.TargetMethod.IsExtensionMethod && !call.Arguments.IsEmpty ? call.Arguments[0].Value : null))?.Unwrap();
        }

        if (SocketKindOf.SymbolOf(source)?.OriginalDefinition is not { } collection)
        {
            return;
        }

        foreach (SocketBody other in IsMember(collection) ? _model.BodiesThatName(collection, _cancellationToken) : [body])
        {
            foreach (IOperation reference in other.ReferencesTo(collection))
            {
                if (reference.Parent is IInvocationOperation { TargetMethod.Name: "Add" or "Enqueue" or "Push" or "TryAdd", Arguments: { IsEmpty: false } added })
                {
                    Follow(added[added.Length - 1].Value, other, depth + 1);
                }
            }
        }
    }
}
