using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// What a body does to a connection after a wrapper over it has been disposed, on the paths that no exception takes. What comes
/// first on each path counts: a new connection in the same variable ends the search.
/// </summary>
internal sealed class UsesAfterDispose
{
    private readonly SocketBody _body;
    private readonly Dictionary<ISymbol, ISymbol> _connections = new(SymbolEqualityComparer.Default);
    private readonly Dictionary<ISymbol, IOperation> _firsts = new(SymbolEqualityComparer.Default);
    private readonly CancellationToken _cancellationToken;

    /// <param name="body">The body.</param>
    /// <param name="wrappers">The wrappers that close a connection.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    internal UsesAfterDispose(SocketBody body, IReadOnlyList<StreamWrapper> wrappers, CancellationToken cancellationToken)
    {
        _body = body;
        _cancellationToken = cancellationToken;
        foreach (StreamWrapper wrapper in wrappers)
        {
            _connections[wrapper.Variable] = RST2012ReaderClosesConnection.ConnectionOf(wrapper.Stream, body)!;
        }

        if (ConnectionFlow.GraphOf(body.Root, cancellationToken) is { } graph)
        {
            Run(graph);
        }
    }

    /// <summary>The first use of the connection that follows the end of <paramref name="wrapper"/>.</summary>
    internal IOperation? First(StreamWrapper wrapper) => _firsts.TryGetValue(wrapper.Variable, out IOperation? use) ? use : null;

    /// <summary>Whether <paramref name="use"/> takes data from the connection, or may.</summary>
    internal static bool Reads(IOperation use) => use switch
    {
        IInvocationOperation { TargetMethod: { DeclaringSyntaxReferences.IsEmpty: true, Name: var name } } =>
            !(name.StartsWith("Write", StringComparison.Ordinal) || name.StartsWith("Send", StringComparison.Ordinal) || name.StartsWith("Flush", StringComparison.Ordinal)),
        IObjectCreationOperation creation => creation.Type?.Name is not ("StreamWriter" or "BinaryWriter"),
        _ => true,
    };

    private void Run(ControlFlowGraph root)
    {
        Stack<ControlFlowGraph> graphs = new([root]);
        while (graphs.Count > 0)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            ControlFlowGraph graph = graphs.Pop();
            foreach (IMethodSymbol function in graph.LocalFunctions)
            {
                graphs.Push(graph.GetLocalFunctionControlFlowGraph(function, _cancellationToken));
            }

            ImmutableArray<Event>[] events = new ImmutableArray<Event>[graph.Blocks.Length];
            foreach (BasicBlock block in graph.Blocks)
            {
                events[block.Ordinal] = EventsOf(block, graph, graphs);
            }

            foreach (BasicBlock block in graph.Blocks)
            {
                for (int i = 0; i < events[block.Ordinal].Length; i++)
                {
                    if (events[block.Ordinal][i] is { Kind: EventKind.Dispose, Symbol: var wrapper } && !_firsts.ContainsKey(wrapper)
                        && new Search(this, graph, events, wrapper).After(block, i + 1) is { } use)
                    {
                        _firsts.Add(wrapper, use);
                    }
                }
            }
        }
    }

    private ImmutableArray<Event> EventsOf(BasicBlock block, ControlFlowGraph graph, Stack<ControlFlowGraph> inner)
    {
        ImmutableArray<Event>.Builder events = ImmutableArray.CreateBuilder<Event>();
        foreach (IOperation operation in block.Operations)
        {
            Add(operation);
        }

        if (block.BranchValue is { } value)
        {
            Add(value);
        }

        return events.ToImmutable();

        // In the order of evaluation: what an operation is made of comes before it.
        void Add(IOperation operation)
        {
            if (operation is IFlowAnonymousFunctionOperation function)
            {
                inner.Push(graph.GetAnonymousFunctionControlFlowGraph(function, _cancellationToken));
                return;
            }

            foreach (IOperation child in operation.ChildOperations)
            {
                Add(child);
            }

            AddRenewed(operation, events);
            if (EventOf(operation) is { } found)
            {
                events.Add(found);
            }
        }
    }

    // What gives a variable a value besides an assignment, and what may do so to a field.
    private void AddRenewed(IOperation operation, ImmutableArray<Event>.Builder events)
    {
        switch (operation)
        {
            case IArgumentOperation { Parameter.RefKind: RefKind.Out or RefKind.Ref, Value: var value }
                when SocketKindOf.SymbolOf(value is IDeclarationExpressionOperation declaration ? declaration.Expression : value.Unwrap()) is { } given:
                events.Add(new(EventKind.Renew, given, operation));
                break;
            case IDeclarationPatternOperation { DeclaredSymbol: { } declared }:
                events.Add(new(EventKind.Renew, declared, operation));
                break;
            case IDeconstructionAssignmentOperation deconstruction:
                foreach (IOperation target in deconstruction.Target.DescendantsAndSelf())
                {
                    if (SocketKindOf.SymbolOf(target) is { } part)
                    {
                        events.Add(new(EventKind.Renew, part, operation));
                    }
                }

                break;
            case IInvocationOperation { Instance: IInstanceReferenceOperation }:
                foreach (ISymbol member in _connections.Values.Where(connection => connection is IFieldSymbol or IPropertySymbol))
                {
                    events.Add(new(EventKind.Renew, member, operation));
                }

                break;
        }
    }

    private Event? EventOf(IOperation operation)
    {
        switch (operation)
        {
            case IInvocationOperation { TargetMethod.Name: "Dispose" or "DisposeAsync" or "Close", Instance: { } instance }:
                return instance.Unwrap() is ILocalReferenceOperation { Local: var closed } && _connections.ContainsKey(closed) ? new(EventKind.Dispose, closed, operation) : null;
            case IInvocationOperation { Instance: { } instance } when instance.Unwrap() is ILocalReferenceOperation { Local: var wrapper } && _connections.TryGetValue(wrapper, out ISymbol? connection):
                return Talks(((IInvocationOperation)operation).TargetMethod.Name) ? new(EventKind.Use, connection, operation, wrapper) : null;
            case IPropertyReferenceOperation { Property.Name: "EndOfStream", Instance: { } instance } when instance.Unwrap() is ILocalReferenceOperation { Local: var wrapper } && _connections.TryGetValue(wrapper, out ISymbol? connection):
                return new(EventKind.Use, connection, operation, wrapper);
            case IObjectCreationOperation creation when StreamWrapper.Wraps(creation.Type) && creation.Arguments.Length > 0:
                return ConnectionOf(creation.Arguments[0].Value) is { } wrapped ? new(EventKind.Use, wrapped, operation) : null;
            case ISimpleAssignmentOperation { Target: var target, Value: var value } when SocketKindOf.SymbolOf(target) is { } assigned:
                return ConnectionOf(value) is { } same && SymbolEqualityComparer.Default.Equals(same, ConnectionOf(target)) ? null : new(EventKind.Renew, assigned, operation);
            case IInvocationOperation call when HandedTo(call) is { } handed:
                return new(EventKind.Use, handed, operation);
        }

        return SocketOperation.Create(operation, _body.Model.Types) is { Kind: SocketOperationKind.Receive or SocketOperationKind.ReceiveAll or SocketOperationKind.Peek or SocketOperationKind.Send, Connection: { } of }
            && ConnectionOf(of) is { } used
            ? new(EventKind.Use, used, operation)
            : null;
    }

    private ISymbol? ConnectionOf(IOperation value) => RST2012ReaderClosesConnection.ConnectionOf(value, _body);

    private static bool Talks(string member) =>
        member.StartsWith("Read", StringComparison.Ordinal) || member.StartsWith("Write", StringComparison.Ordinal)
        || member.StartsWith("Peek", StringComparison.Ordinal) || member.StartsWith("CopyTo", StringComparison.Ordinal)
        || member.StartsWith("Flush", StringComparison.Ordinal);

    /// <summary>The connection that a member of the compilation is given, and sends or receives on.</summary>
    private ISymbol? HandedTo(IInvocationOperation call)
    {
        if (call.TargetMethod is not { DeclaringSyntaxReferences: { Length: 1 } references, IsAbstract: false } method)
        {
            return null;
        }

        foreach (IArgumentOperation argument in call.Arguments)
        {
            if (argument.Parameter is { } parameter && ConnectionOf(argument.Value) is { } connection
                && references[0].GetSyntax(_cancellationToken) is BaseMethodDeclarationSyntax declaration
                && _body.Model.OperationOf(declaration, _cancellationToken) is { } root
                && IsUsed(parameter.OriginalDefinition, _body.Model.BodyOf(root, method.OriginalDefinition, _cancellationToken)))
            {
                return connection;
            }
        }

        return null;
    }

    private static bool IsUsed(IParameterSymbol parameter, SocketBody body) => body.ReferencesTo(parameter).Any(reference => reference.Wrapped() is var value && value.Parent switch
    {
        IInvocationOperation call when call.Instance == value =>
            SocketOperation.Create(call, body.Model.Types)?.Kind is SocketOperationKind.Receive or SocketOperationKind.ReceiveAll or SocketOperationKind.Send
            || (call.TargetMethod.Name == "GetStream" && call.Wrapped().Parent is not IInvocationOperation { TargetMethod.Name: "Close" or "Dispose" or "DisposeAsync" }),
        IArgumentOperation { Parent: IObjectCreationOperation creation } => StreamWrapper.Wraps(creation.Type),
        _ => false,
    });

    private enum EventKind
    {
        /// <summary>The wrapper in a local is disposed.</summary>
        Dispose,

        /// <summary>Data is sent or received, or is about to be.</summary>
        Use,

        /// <summary>A variable gets another connection.</summary>
        Renew,
    }

    private sealed class Event(EventKind kind, ISymbol symbol, IOperation operation, ISymbol? through = null)
    {
        internal EventKind Kind { get; } = kind;

        internal ISymbol Symbol { get; } = symbol;

        internal IOperation Operation { get; } = operation;

        /// <summary>The wrapper that is used.</summary>
        internal ISymbol? Through { get; } = through;
    }

    /// <summary>The search from one end of one wrapper.</summary>
    private sealed class Search(UsesAfterDispose owner, ControlFlowGraph graph, ImmutableArray<Event>[] events, ISymbol wrapper)
    {
        private readonly ISymbol _connection = owner._connections[wrapper];
        private readonly HashSet<int> _seen = [];
        private readonly Queue<BasicBlock> _next = new();
        private IOperation? _use;

        internal IOperation? After(BasicBlock start, int index)
        {
            if (FinallyOf(start) is { } region)
            {
                bool goesOn = Scan(start, index);
                for (int i = start.Ordinal + 1; goesOn && i <= region.LastBlockOrdinal; i++)
                {
                    goesOn = Scan(graph.Blocks[i], 0);
                }

                if (goesOn)
                {
                    FollowFrom(region);
                }
            }
            else if (Scan(start, index))
            {
                Follow(start);
            }

            while (_use is null && _next.Count > 0)
            {
                owner._cancellationToken.ThrowIfCancellationRequested();
                BasicBlock block = _next.Dequeue();
                if (Scan(block, 0))
                {
                    Follow(block);
                }
            }

            return _use;
        }

        /// <summary>False where the search ends.</summary>
        private bool Scan(BasicBlock block, int index)
        {
            ImmutableArray<Event> found = events[block.Ordinal];
            for (int i = index; i < found.Length; i++)
            {
                switch (found[i].Kind)
                {
                    case EventKind.Use when SymbolEqualityComparer.Default.Equals(found[i].Symbol, _connection) && !SymbolEqualityComparer.Default.Equals(found[i].Through, wrapper):
                        _use = found[i].Operation;
                        return false;
                    case EventKind.Renew when SymbolEqualityComparer.Default.Equals(found[i].Symbol, _connection) || SymbolEqualityComparer.Default.Equals(found[i].Symbol, wrapper):
                        return false;
                }
            }

            return true;
        }

        private void Follow(BasicBlock block)
        {
            Follow(block.ConditionalSuccessor, 0);
            Follow(block.FallThroughSuccessor, 0);
        }

        /// <summary>Goes on behind a finally: with each branch that runs it.</summary>
        private void FollowFrom(ControlFlowRegion region)
        {
            foreach (BasicBlock block in graph.Blocks)
            {
                foreach (ControlFlowBranch? branch in new[] { block.ConditionalSuccessor, block.FallThroughSuccessor })
                {
                    int index = branch is null ? -1 : branch.FinallyRegions.IndexOf(region);
                    if (index >= 0)
                    {
                        Follow(branch, index + 1);
                    }
                }
            }
        }

        /// <summary>Through the finally blocks of <paramref name="branch"/> from number <paramref name="index"/> on, to where it leads.</summary>
        private void Follow(ControlFlowBranch? branch, int index)
        {
            if (branch is null || _use is not null)
            {
                return;
            }

            for (; index < branch.FinallyRegions.Length; index++)
            {
                for (int i = branch.FinallyRegions[index].FirstBlockOrdinal; i <= branch.FinallyRegions[index].LastBlockOrdinal; i++)
                {
                    if (!Scan(graph.Blocks[i], 0))
                    {
                        return;
                    }
                }
            }

            if (branch.Destination is { } destination && _seen.Add(destination.Ordinal))
            {
                _next.Enqueue(destination);
            }
        }

        private static ControlFlowRegion? FinallyOf(BasicBlock block)
        {
            ControlFlowRegion? region = block.EnclosingRegion;
            while (region is not null && region.Kind != ControlFlowRegionKind.Finally)
            {
                region = region.EnclosingRegion;
            }

            return region;
        }
    }
}
