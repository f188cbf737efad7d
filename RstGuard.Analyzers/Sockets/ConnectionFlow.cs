using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>
/// What has happened to each connection of a body before each of its operations: one forward pass over the control flow graph of the
/// body, and of each lambda and local function in it. Bounded: connections beyond <see cref="MostConnections"/> and graphs that do
/// not settle are not known, and what is not known is silent.
/// </summary>
/// <remarks>
/// Paths through a catch are kept apart from those that no exception took. A finally, and the end of a using, is judged by the
/// latter alone, since it also runs after an exception from anywhere; so is no exceptional path into it.
/// </remarks>
internal sealed class ConnectionFlow
{
    private const int MostConnections = 64;
    private const int MostVisitsOfABlock = 24;

    private readonly ConnectionAliases _aliases;
    private readonly Dictionary<ISymbol, int> _indices = new(SymbolEqualityComparer.Default);
    private readonly Dictionary<SyntaxNode, SocketOperation> _explicit = [];
    private readonly Dictionary<SyntaxNode, SocketOperation> _scopes = [];
    private readonly Dictionary<SocketOperation, KnownFacts> _before = [];
    private readonly CancellationToken _cancellationToken;

    private ConnectionFlow(ImmutableArray<ConnectionUse> uses, ConnectionAliases aliases, CancellationToken cancellationToken)
    {
        _aliases = aliases;
        _cancellationToken = cancellationToken;
        foreach (ConnectionUse use in uses.Take(MostConnections))
        {
            _indices.Add(use.Holder, _indices.Count);
            foreach (SocketOperation operation in use.Operations)
            {
                if (operation.ScopeSyntax is { } scope)
                {
                    _scopes[scope] = operation;
                }
                else
                {
                    _explicit[operation.Operation.Syntax] = operation;
                }
            }
        }
    }

    internal static ConnectionFlow Of(ImmutableArray<ConnectionUse> uses, ConnectionAliases aliases, CancellationToken cancellationToken)
    {
        ConnectionFlow flow = new(uses, aliases, cancellationToken);
        if (flow._indices.Count > 0 && GraphOf(aliases.Body.Root, cancellationToken) is { } graph)
        {
            flow.Run(graph);
        }

        return flow;
    }

    /// <summary>What holds when control comes to <paramref name="operation"/>; <see langword="null"/> when that is not known.</summary>
    internal KnownFacts? Before(SocketOperation operation) => _before.TryGetValue(operation, out KnownFacts facts) ? facts : null;

    /// <summary>The control flow graph of a body; <see langword="null"/> of what has none.</summary>
    internal static ControlFlowGraph? GraphOf(IOperation root, CancellationToken cancellationToken) => root switch
    {
        IMethodBodyOperation body => ControlFlowGraph.Create(body, cancellationToken),
        IConstructorBodyOperation body => ControlFlowGraph.Create(body, cancellationToken),
        IBlockOperation body => ControlFlowGraph.Create(body, cancellationToken),
        IFieldInitializerOperation initializer => ControlFlowGraph.Create(initializer, cancellationToken),
        IPropertyInitializerOperation initializer => ControlFlowGraph.Create(initializer, cancellationToken),
        _ => null,
    };

    private void Run(ControlFlowGraph graph)
    {
        Stack<ControlFlowGraph> graphs = new([graph]);
        while (graphs.Count > 0)
        {
            ControlFlowGraph next = graphs.Pop();
            new Pass(this, next).Run(graphs);
            foreach (IMethodSymbol function in next.LocalFunctions)
            {
                graphs.Push(next.GetLocalFunctionControlFlowGraph(function, _cancellationToken));
            }
        }
    }

    /// <summary>The facts of all connections where paths meet: of those without an exception, and of those through a catch.</summary>
    private sealed class State(KnownFacts[]? plain, KnownFacts[]? handled)
    {
        internal KnownFacts[]? Plain { get; private set; } = plain;

        internal KnownFacts[]? Handled { get; private set; } = handled;

        internal State Copy() => new((KnownFacts[]?)Plain?.Clone(), (KnownFacts[]?)Handled?.Clone());

        /// <summary>Whether anything is new in <paramref name="other"/>.</summary>
        internal bool Add(State other)
        {
            bool changed = false;
            Plain = Join(Plain, other.Plain, ref changed);
            Handled = Join(Handled, other.Handled, ref changed);
            return changed;
        }

        /// <summary>Adds all paths of <paramref name="other"/> as paths through a catch.</summary>
        internal bool AddHandled(State other)
        {
            bool changed = false;
            Handled = Join(Join(Handled, other.Plain, ref changed), other.Handled, ref changed);
            return changed;
        }

        internal void Set(int index, Func<KnownFacts, KnownFacts> change)
        {
            if (Plain is not null)
            {
                Plain[index] = change(Plain[index]);
            }

            if (Handled is not null)
            {
                Handled[index] = change(Handled[index]);
            }
        }

        private static KnownFacts[]? Join(KnownFacts[]? to, KnownFacts[]? from, ref bool changed)
        {
            if (from is null)
            {
                return to;
            }

            if (to is null)
            {
                changed = true;
                return (KnownFacts[])from.Clone();
            }

            for (int i = 0; i < to.Length; i++)
            {
                KnownFacts joined = to[i].Join(from[i]);
                if (!joined.Equals(to[i]))
                {
                    to[i] = joined;
                    changed = true;
                }
            }

            return to;
        }
    }

    /// <summary>The pass over one graph.</summary>
    private sealed class Pass
    {
        private readonly ConnectionFlow _flow;
        private readonly ImmutableArray<BasicBlock> _blocks;
        private readonly ImmutableArray<(IOperation Operation, SocketOperation? Known, int Index)>[] _events;
        private readonly State?[] _entries;
        private readonly SortedSet<int> _pending = [];
        private readonly Dictionary<ControlFlowRegion, HashSet<(ControlFlowBranch Branch, int Next)>> _continuations = [];
        private readonly List<IFlowAnonymousFunctionOperation> _functions = [];

        internal Pass(ConnectionFlow flow, ControlFlowGraph graph)
        {
            _flow = flow;
            Graph = graph;
            _blocks = graph.Blocks;
            _entries = new State?[_blocks.Length];
            _events = new ImmutableArray<(IOperation, SocketOperation?, int)>[_blocks.Length];
        }

        private ControlFlowGraph Graph { get; }

        internal void Run(Stack<ControlFlowGraph> inner)
        {
            bool any = false;
            foreach (BasicBlock block in _blocks)
            {
                _events[block.Ordinal] = EventsOf(block);
                any |= !_events[block.Ordinal].IsEmpty;
            }

            foreach (IFlowAnonymousFunctionOperation function in _functions)
            {
                inner.Push(Graph.GetAnonymousFunctionControlFlowGraph(function, _flow._cancellationToken));
            }

            if (!any || !Settle())
            {
                return;
            }

            foreach (BasicBlock block in _blocks)
            {
                if (_entries[block.Ordinal] is { } entry)
                {
                    Apply(block, entry.Copy(), record: true);
                }
            }
        }

        private bool Settle()
        {
            Enter(0, new State(new KnownFacts[_flow._indices.Count], null));
            for (int visits = 0; _pending.Count > 0; visits++)
            {
                _flow._cancellationToken.ThrowIfCancellationRequested();
                if (visits > _blocks.Length * MostVisitsOfABlock)
                {
                    return false;
                }

                BasicBlock block = _blocks[_pending.Min];
                _pending.Remove(block.Ordinal);
                State state = _entries[block.Ordinal]!.Copy();
                Apply(block, state, record: false);
                Leave(block, state);
            }

            return true;
        }

        private void Leave(BasicBlock block, State state)
        {
            if (block.ConditionalSuccessor is { } conditional && block.BranchValue is { } condition)
            {
                State taken = state.Copy();
                Assume(condition, block.ConditionKind == ControlFlowConditionKind.WhenTrue, taken);
                Follow(conditional, taken);
                Assume(condition, block.ConditionKind != ControlFlowConditionKind.WhenTrue, state);
            }

            if (block.FallThroughSuccessor is not { } next)
            {
                return;
            }

            if (next.Semantics == ControlFlowBranchSemantics.StructuredExceptionHandling)
            {
                if (FinallyOf(block) is { } region && _continuations.TryGetValue(region, out HashSet<(ControlFlowBranch Branch, int Next)>? continuations))
                {
                    foreach ((ControlFlowBranch branch, int index) in continuations.ToArray())
                    {
                        Continue(branch, index, state);
                    }
                }
            }
            else
            {
                Follow(next, state);
            }
        }

        private void Follow(ControlFlowBranch branch, State state) => Continue(branch, 0, state);

        /// <summary>Runs the finally blocks of <paramref name="branch"/> from number <paramref name="index"/> on, then goes where it leads.</summary>
        private void Continue(ControlFlowBranch branch, int index, State state)
        {
            if (index == branch.FinallyRegions.Length)
            {
                if (branch.Destination is { } destination)
                {
                    Enter(destination.Ordinal, state);
                }

                return;
            }

            ControlFlowRegion region = branch.FinallyRegions[index];
            if (!_continuations.TryGetValue(region, out HashSet<(ControlFlowBranch Branch, int Next)>? continuations))
            {
                _continuations.Add(region, continuations = []);
            }

            if (continuations.Add((branch, index + 1)))
            {
                // What is known of the end of the finally goes on to this destination as well.
                for (int i = region.FirstBlockOrdinal; i <= region.LastBlockOrdinal; i++)
                {
                    if (_entries[i] is not null)
                    {
                        _pending.Add(i);
                    }
                }
            }

            Enter(region.FirstBlockOrdinal, state);
        }

        private void Enter(int ordinal, State state)
        {
            if (_entries[ordinal] is not { } entry)
            {
                _entries[ordinal] = state.Copy();
                _pending.Add(ordinal);
            }
            else if (entry.Add(state))
            {
                _pending.Add(ordinal);
            }
        }

        private void EnterHandlers(BasicBlock block, State state)
        {
            for (ControlFlowRegion? region = block.EnclosingRegion; region is not null; region = region.EnclosingRegion)
            {
                if (region is not { Kind: ControlFlowRegionKind.Try, EnclosingRegion: { Kind: ControlFlowRegionKind.TryAndCatch } guarded })
                {
                    continue;
                }

                foreach (ControlFlowRegion handler in guarded.NestedRegions)
                {
                    if (handler.Kind == ControlFlowRegionKind.Try)
                    {
                        continue;
                    }

                    State entry = _entries[handler.FirstBlockOrdinal] ??= new State(null, null);
                    if (entry.AddHandled(state))
                    {
                        _pending.Add(handler.FirstBlockOrdinal);
                    }
                }
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

        private void Apply(BasicBlock block, State state, bool record)
        {
            if (!record)
            {
                EnterHandlers(block, state);
            }

            bool inFinally = record && FinallyOf(block) is not null;
            foreach ((IOperation operation, SocketOperation? known, int index) in _events[block.Ordinal])
            {
                if (known is null)
                {
                    state.Set(index, static _ => new KnownFacts(ConnectionFacts.Fresh, ConnectionFacts.Fresh));
                }
                else
                {
                    if (record)
                    {
                        Record(known, index, state, inFinally);
                    }

                    state.Set(index, facts => After(known, facts));
                }

                if (!record)
                {
                    EnterHandlers(block, state);
                }
            }
        }

        private void Record(SocketOperation operation, int index, State state, bool inFinally)
        {
            KnownFacts? facts = state switch
            {
                { Plain: { } plain, Handled: { } handled } => inFinally ? plain[index] : plain[index].Join(handled[index]),
                { Plain: { } plain } => plain[index],
                { Handled: { } handled } => handled[index],
                _ => null,
            };
            if (facts is { } found)
            {
                // A finally may stand in the graph more than once.
                _flow._before[operation] = _flow._before.TryGetValue(operation, out KnownFacts known) ? known.Join(found) : found;
            }
        }

        private static KnownFacts After(SocketOperation operation, KnownFacts facts)
        {
            switch (operation.Kind)
            {
                // The data comes with the end of it, in another function as a rule.
                case SocketOperationKind.Receive when operation.Form == OperationForm.Begin:
                    return facts.With(ConnectionFacts.ReceiveBegun);
                case SocketOperationKind.Send when operation.Form == OperationForm.Begin:
                    return Sent(facts).With(ConnectionFacts.SendBegun);
                case SocketOperationKind.Send or SocketOperationKind.Flush when operation.Form == OperationForm.End:
                    return facts.Without(ConnectionFacts.SendBegun);
                case SocketOperationKind.Receive:
                case SocketOperationKind.ReceiveAll:
                    KnownFacts again = facts.Ever(ConnectionFacts.Received)
                        ? new(facts.May | ConnectionFacts.ReceivedAgain, facts.Always(ConnectionFacts.Received) ? facts.Must | ConnectionFacts.ReceivedAgain : facts.Must)
                        : facts;
                    KnownFacts received = again.With(ConnectionFacts.Received).Without(ConnectionFacts.Peeked | ConnectionFacts.DataSeen | ConnectionFacts.AtEnd);
                    return operation.Form == OperationForm.End ? received.Without(ConnectionFacts.ReceiveBegun) : IsPending(operation) ? received.With(ConnectionFacts.ReceiveBegun) : received;
                case SocketOperationKind.Peek:
                    return facts.With(ConnectionFacts.Peeked).Without(ConnectionFacts.AtEnd);
                case SocketOperationKind.Send:
                    return IsPending(operation) ? Sent(facts).With(ConnectionFacts.SendBegun) : Sent(facts);
                case SocketOperationKind.Connect:
                    return facts.With(ConnectionFacts.Fresh);
                case SocketOperationKind.Shutdown:
                    return Ended(Ended(facts, operation.EndsSending, ConnectionFacts.EndedSending), operation.EndsReceiving, ConnectionFacts.EndedReceiving);
                case SocketOperationKind.Disconnect:
                    return facts.With(ConnectionFacts.Disconnected);
                case SocketOperationKind.Close:
                    return facts.With(ConnectionFacts.Closed);
                default:
                    return facts;
            }
        }

        private static KnownFacts Sent(KnownFacts facts) => new KnownFacts(
            facts.Ever(ConnectionFacts.Received) ? facts.May | ConnectionFacts.Replied : facts.May,
            facts.Always(ConnectionFacts.Received) ? facts.Must | ConnectionFacts.Replied : facts.Must).With(ConnectionFacts.Sent);

        // A direction that is not known may have been ended, or not.
        private static KnownFacts Ended(KnownFacts facts, bool? ends, ConnectionFacts direction) => ends switch
        {
            true => facts.With(direction),
            null => new KnownFacts(facts.May | direction, facts.Must),
            false => facts,
        };

        /// <summary>An asynchronous form whose end the function does not wait for at that place.</summary>
        private static bool IsPending(SocketOperation operation) =>
            operation.Form == OperationForm.EventArgs || (operation.Form == OperationForm.Task && operation.Result.Kind is not (ResultUseKind.Awaited or ResultUseKind.Waited));

        /// <summary>What a condition tells of a connection: data is waiting, or the peer has sent all.</summary>
        private void Assume(IOperation condition, bool holds, State state)
        {
            switch (condition.Unwrap())
            {
                case IUnaryOperation { OperatorKind: UnaryOperatorKind.Not } not:
                    Assume(not.Operand, !holds, state);
                    break;
                case IPropertyReferenceOperation property when SocketOperation.IsDataAvailable(property, _flow._aliases.Body.Model.Types):
                    AssumeWaiting(property, holds, state);
                    break;
                case IBinaryOperation binary when binary.RightOperand.IsConstant(out long right):
                    AssumeCount(binary.LeftOperand.Unwrap(), Zero(binary.OperatorKind, right), holds, state);
                    break;
                case IBinaryOperation binary when binary.LeftOperand.IsConstant(out long left):
                    AssumeCount(binary.RightOperand.Unwrap(), Zero(Mirrored(binary.OperatorKind), left), holds, state);
                    break;
                case IIsPatternOperation { Pattern: IConstantPatternOperation { Value: var value } } pattern when value.IsConstant(out long constant):
                    AssumeCount(pattern.Value.Unwrap(), Zero(BinaryOperatorKind.Equals, constant), holds, state);
                    break;
            }
        }

        /// <summary>Whether a comparison of a count with a constant says that it is 0 (true), or is not (false).</summary>
        private static bool? Zero(BinaryOperatorKind comparison, long constant) => (comparison, constant) switch
        {
            (BinaryOperatorKind.Equals or BinaryOperatorKind.LessThanOrEqual, 0) or (BinaryOperatorKind.LessThan, 1) => true,
            (BinaryOperatorKind.NotEquals or BinaryOperatorKind.GreaterThan, 0) or (BinaryOperatorKind.GreaterThanOrEqual, 1) => false,
            _ => null,
        };

        private static BinaryOperatorKind Mirrored(BinaryOperatorKind comparison) => comparison switch
        {
            BinaryOperatorKind.LessThan => BinaryOperatorKind.GreaterThan,
            BinaryOperatorKind.LessThanOrEqual => BinaryOperatorKind.GreaterThanOrEqual,
            BinaryOperatorKind.GreaterThan => BinaryOperatorKind.LessThan,
            BinaryOperatorKind.GreaterThanOrEqual => BinaryOperatorKind.LessThanOrEqual,
            _ => comparison,
        };

        private void AssumeCount(IOperation count, bool? zero, bool holds, State state)
        {
            if (zero is not { } isZero)
            {
                return;
            }

            if (count is ISimpleAssignmentOperation assignment)
            {
                count = assignment.Value.Unwrap();
            }

            if (count is IPropertyReferenceOperation property && SocketOperation.IsAvailable(property, _flow._aliases.Body.Model.Types))
            {
                AssumeWaiting(property, isZero != holds, state);
            }
            else if (isZero == holds && ReceivedFrom(count) is { } holder && _flow._indices.TryGetValue(holder, out int index))
            {
                state.Set(index, static facts => facts.With(ConnectionFacts.AtEnd).Without(ConnectionFacts.DataSeen));
            }
        }

        private void AssumeWaiting(IPropertyReferenceOperation seen, bool waiting, State state)
        {
            if (Operations.Receiver(seen.Instance) is { } connection && _flow._aliases.HolderOf(connection) is { } holder && _flow._indices.TryGetValue(holder, out int index))
            {
                state.Set(index, facts => waiting ? facts.With(ConnectionFacts.DataSeen) : facts.Without(ConnectionFacts.DataSeen));
            }
        }

        /// <summary>The connection whose receive gave the number, directly or through a local that holds nothing else.</summary>
        private ISymbol? ReceivedFrom(IOperation count)
        {
            if (_flow._explicit.TryGetValue(count.Syntax, out SocketOperation? receive))
            {
                return receive.Kind is SocketOperationKind.Receive or SocketOperationKind.Peek ? _flow._aliases.HolderOf(receive) : null;
            }

            ISymbol? holder = null;
            if (count is ILocalReferenceOperation { Local: var local })
            {
                foreach (IOperation value in _flow._aliases.Body.ValuesOf(local))
                {
                    if (value.IsConstant(out _))
                    {
                        continue;
                    }

                    ISymbol? one = _flow._explicit.TryGetValue(value.Unwrap().Syntax, out SocketOperation? source) ? _flow._aliases.HolderOf(source) : null;
                    if (one is null || (holder is not null && !SymbolEqualityComparer.Default.Equals(one, holder)))
                    {
                        return null;
                    }

                    holder = one;
                }
            }

            return holder;
        }

        /// <summary>What a block does to connections, in the order in which it happens.</summary>
        private ImmutableArray<(IOperation Operation, SocketOperation? Known, int Index)> EventsOf(BasicBlock block)
        {
            ImmutableArray<(IOperation Operation, SocketOperation? Known, int Index)>.Builder? events = null;
            foreach (IOperation statement in block.Operations)
            {
                AddEvents(statement, ref events);
            }

            if (block.BranchValue is { } value)
            {
                AddEvents(value, ref events);
            }

            return events?.ToImmutable() ?? ImmutableArray<(IOperation, SocketOperation?, int)>.Empty;
        }

        private void AddEvents(IOperation statement, ref ImmutableArray<(IOperation Operation, SocketOperation? Known, int Index)>.Builder? events)
        {
            List<(IOperation Operation, SocketOperation? Known, int Index)>? found = null;
            foreach (IOperation operation in statement.DescendantsAndSelf())
            {
                _flow._cancellationToken.ThrowIfCancellationRequested();
                if (operation is IFlowAnonymousFunctionOperation function)
                {
                    _functions.Add(function);
                }
                else if (EventOf(operation) is { } one)
                {
                    (found ??= []).Add(one);
                }
            }

            if (found is not null)
            {
                // What is inside ends first, and so happens first.
                events ??= ImmutableArray.CreateBuilder<(IOperation, SocketOperation?, int)>();
                events.AddRange(found.OrderBy(one => one.Operation.Syntax.Span.End));
            }
        }

        private (IOperation Operation, SocketOperation? Known, int Index)? EventOf(IOperation operation)
        {
            switch (operation)
            {
                case IInvocationOperation invocation
                    when (invocation.IsImplicit ? _flow._scopes : _flow._explicit).TryGetValue(invocation.Syntax, out SocketOperation? known)
                        && _flow._aliases.HolderOf(known) is { } holder && _flow._indices.TryGetValue(holder, out int index):
                    return (operation, known, index);
                case ISimpleAssignmentOperation assignment
                    when SocketKindOf.SymbolOf(assignment.Target)?.OriginalDefinition is { } target
                        && _flow._aliases.HolderOf(target) is { } holder && _flow._indices.TryGetValue(holder, out int index)
                        && _flow._aliases.StartsAnew(target, assignment.Value):
                    return (operation, null, index);
                default:
                    return null;
            }
        }
    }
}
