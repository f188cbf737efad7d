using System.Collections.Generic;
using System.Collections.Immutable;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>One body, or one initializer, and what it does to connections, lambdas and local functions included.</summary>
internal sealed class SocketBody
{
    private SocketBody(SocketModel model, ISymbol owner, IOperation root, ImmutableArray<SocketOperation> operations)
    {
        Model = model;
        Owner = owner;
        Root = root;
        Operations = operations;
    }

    internal SocketModel Model { get; }

    /// <summary>The member that this is the body of.</summary>
    internal ISymbol Owner { get; }

    internal IOperation Root { get; }

    /// <summary>In the order of the source.</summary>
    internal ImmutableArray<SocketOperation> Operations { get; }

    internal static SocketBody Create(SocketModel model, ISymbol owner, IOperation root, CancellationToken cancellationToken)
    {
        ImmutableArray<SocketOperation>.Builder operations = ImmutableArray.CreateBuilder<SocketOperation>();
        foreach (IOperation operation in root.DescendantsAndSelf())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (SocketOperation.Create(operation, model.Types) is { } known)
            {
                operations.Add(known);
            }
        }

        return new(model, owner, root, operations.ToImmutable());
    }

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

        if (SocketKindOf.SymbolOf(connection) is not { } symbol)
        {
            return [];
        }

        List<IObjectCreationOperation> creations = [];
        foreach (IOperation operation in Root.DescendantsAndSelf())
        {
            cancellationToken.ThrowIfCancellationRequested();
            IOperation? value = operation switch
            {
                IVariableDeclaratorOperation declarator when SymbolEqualityComparer.Default.Equals(declarator.Symbol, symbol) => declarator.GetVariableInitializer()?.Value,
                ISimpleAssignmentOperation assignment when SymbolEqualityComparer.Default.Equals(SocketKindOf.SymbolOf(assignment.Target), symbol) => assignment.Value,
                _ => null,
            };
            if (value?.Unwrap() is IObjectCreationOperation creation)
            {
                creations.Add(creation);
            }
        }

        if (symbol is IFieldSymbol or IPropertySymbol && symbol.DeclaringSyntaxReferences.Length == 1)
        {
            EqualsValueClauseSyntax? initializer = symbol.DeclaringSyntaxReferences[0].GetSyntax(cancellationToken) switch
            {
                VariableDeclaratorSyntax field => field.Initializer,
                PropertyDeclarationSyntax property => property.Initializer,
                _ => null,
            };
            if (initializer is not null && Model.OperationOf(initializer.Value, cancellationToken)?.Unwrap() is IObjectCreationOperation creation)
            {
                creations.Add(creation);
            }
        }

        return creations;
    }
}
