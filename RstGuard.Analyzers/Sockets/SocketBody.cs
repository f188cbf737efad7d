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
    private SocketBody(
        SocketModel model, ISymbol owner, IOperation root, ImmutableArray<SocketOperation> operations, ImmutableArray<ISimpleAssignmentOperation> httpTimeouts, bool speaksHttp, CancellationToken cancellationToken)
    {
        HttpTimeouts = httpTimeouts;
        SpeaksHttp = speaksHttp;
        Model = model;
        Owner = owner;
        Root = root;
        Operations = operations;
        Connections = operations.IsEmpty ? ImmutableArray<ConnectionUse>.Empty : ConnectionUse.Of(this, cancellationToken);
    }

    internal SocketModel Model { get; }

    /// <summary>The member that this is the body of.</summary>
    internal ISymbol Owner { get; }

    internal IOperation Root { get; }

    /// <summary>In the order of the source.</summary>
    internal ImmutableArray<SocketOperation> Operations { get; }

    /// <summary>The connections that its locals hold.</summary>
    internal ImmutableArray<ConnectionUse> Connections { get; }

    /// <summary>Assignments to <c>HttpClient.Timeout</c> and <c>SocketsHttpHandler.ConnectTimeout</c>.</summary>
    internal ImmutableArray<ISimpleAssignmentOperation> HttpTimeouts { get; }

    /// <summary>A literal shows that it writes or expects HTTP/1.x.</summary>
    internal bool SpeaksHttp { get; }

    internal static SocketBody Create(SocketModel model, ISymbol owner, IOperation root, CancellationToken cancellationToken)
    {
        ImmutableArray<SocketOperation>.Builder operations = ImmutableArray.CreateBuilder<SocketOperation>();
        ImmutableArray<ISimpleAssignmentOperation>.Builder httpTimeouts = ImmutableArray.CreateBuilder<ISimpleAssignmentOperation>();
        bool speaksHttp = false;
        foreach (IOperation operation in root.DescendantsAndSelf())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (operation is ISimpleAssignmentOperation { Target: IPropertyReferenceOperation { Property: var property } } assignment
                && ((property.Name == "Timeout" && KnownTypes.Is(property.ContainingType, model.Types.HttpClient))
                    || (property.Name == "ConnectTimeout" && KnownTypes.Is(property.ContainingType, model.Types.SocketsHttpHandler))))
            {
                httpTimeouts.Add(assignment);
            }

            speaksHttp |= IsHttp(operation);
            if (SocketOperation.Create(operation, model.Types) is { } known)
            {
                operations.Add(known);
            }
            else if (operation is IVariableDeclaratorOperation declarator && IsUsingResource(declarator) && model.Types.IsConnection(declarator.Symbol.Type))
            {
                operations.Add(SocketOperation.CloseOf(declarator));
            }
        }

        return new(model, owner, root, operations.ToImmutable(), httpTimeouts.ToImmutable(), speaksHttp, cancellationToken);
    }

    private static bool IsHttp(IOperation operation) =>
        operation is ILiteralOperation { ConstantValue: { HasValue: true, Value: string text } } && text.Contains("HTTP/1.");

    private static bool IsUsingResource(IVariableDeclaratorOperation declarator) =>
        declarator.Parent is IVariableDeclarationOperation { Parent: IVariableDeclarationGroupOperation { Parent: IUsingOperation or IUsingDeclarationOperation } };

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
