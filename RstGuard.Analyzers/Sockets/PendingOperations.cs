using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>
/// Whether an operation on a connection may be pending when some other code closes it. Evidence is an operation that is asynchronous
/// by form and not waited for, or a receive loop that somebody starts and does not wait for; and a way to the close that does not pass
/// through what the operation or its completion runs.
/// </summary>
internal sealed class PendingOperations
{
    private const int DeepestCall = 6;
    private const int DeepestSummary = 3;
    private const int MostFunctions = 48;

    private readonly SocketModel _model;
    private readonly CallGraph _calls;
    private readonly ConnectionReach _reach;
    private readonly CancellationToken _cancellationToken;
    private readonly List<CallSite> _protected = [];
    private readonly HashSet<CodeFunction> _touching = [];
    private readonly Dictionary<ISymbol, List<CallSite>> _waits = new(SymbolEqualityComparer.Default);
    private readonly bool _writerShutsDown;
    private List<CallSite>? _makers;

    internal PendingOperations(ConnectionReach reach, SocketModel model, CancellationToken cancellationToken)
    {
        _reach = reach;
        _model = model;
        _calls = model.Calls;
        _cancellationToken = cancellationToken;
        foreach (ReachedOperation operation in reach.Operations)
        {
            if (operation.Kind == ReachedKind.Protect)
            {
                _protected.Add(new CallSite(operation.Function, operation.Operation, CallMode.Inline, null));
            }
        }

        AddCallers(_protected);
        _writerShutsDown = _protected.Any(call => reach.IsKin(call.Caller.Body.Owner.ContainingType)
            && _calls.CallersOf(call.Caller, cancellationToken).Any(caller => caller.Mode == CallMode.Started));
        foreach (ReachedOperation operation in reach.Operations)
        {
            _touching.Add(operation.Function);
        }
    }

    /// <summary>
    /// The operation that may be pending when <paramref name="close"/> closes what a field or property holds; <see langword="null"/> when
    /// there is no evidence of any.
    /// </summary>
    internal ReachedOperation? At(IOperation close, SocketBody body)
    {
        if (_reach.IsIncomplete || _reach.IsNotTcp)
        {
            return null;
        }

        CodeFunction closing = CodeFunction.Of(body, close);
        INamedTypeSymbol? type = body.Owner.ContainingType;
        foreach (ReachedOperation receive in _reach.Operations
            .Where(operation => operation.Kind == ReachedKind.Receive
                // Two heirs of one base have one of its fields each.
                && (operation.Origin != ReachOrigin.Own || !_reach.IsKin(type) || ConnectionReach.AreKin(type, operation.Body.Owner.ContainingType)))
            .OrderBy(operation => operation.Origin))
        {
            _cancellationToken.ThrowIfCancellationRequested();
            if (IsPending(receive, close, closing))
            {
                return receive;
            }
        }

        return (_reach.LeavesSight ? StartedOutside(close, closing) : null) ?? SendAt(close, closing);
    }

    /// <summary>A send of the closing type's own that nobody waits for, and that no shutdown stands behind.</summary>
    private ReachedOperation? SendAt(IOperation close, CodeFunction closing) => _reach.Operations.FirstOrDefault(operation =>
        operation is { Kind: ReachedKind.Send, Origin: ReachOrigin.Own } && IsDetached(operation, out _) && IsPending(operation, close, closing));

    /// <summary>
    /// The start of an object that got the connection, takes it out of sight, and is ended only after the connection is closed.
    /// </summary>
    private ReachedOperation? StartedOutside(IOperation close, CodeFunction closing)
    {
        if (closing.Body.Owner.ContainingType is not { } type)
        {
            return null;
        }

        HashSet<ISymbol> users = new(SymbolEqualityComparer.Default);
        foreach (ISymbol holder in _reach.Holders)
        {
            if (holder is IParameterSymbol { ContainingSymbol: IMethodSymbol { MethodKind: MethodKind.Constructor, ContainingType: var user } } && !_reach.IsKin(user))
            {
                users.Add(user.OriginalDefinition);
            }
        }

        ISymbol[] fields = [.. type.GetMembers().Where(member => member is IFieldSymbol or IPropertySymbol && users.Contains(TypeOf(member)?.OriginalDefinition ?? member))];
        if (!fields.Any(field => closing.Body.ReferencesTo(field).Any(reference => closing.Runs(closing.Body, reference)
            && reference.Syntax.SpanStart > close.Syntax.Span.End && NameAfter(reference.Syntax) is "Dispose" or "DisposeAsync" or "Close" or "Stop")))
        {
            return null;
        }

        foreach (SocketBody body in fields.SelectMany(field => _calls.BodiesNaming(field, _cancellationToken)).Distinct())
        {
            foreach (IOperation reference in fields.SelectMany(body.ReferencesTo))
            {
                if (NameAfter(reference.Syntax) is { } name && (name.StartsWith("Start", StringComparison.Ordinal) || name.StartsWith("Run", StringComparison.Ordinal)))
                {
                    ReachedOperation start = new(ReachedKind.Receive, reference.Parent is IInvocationOperation call ? call : reference, body, ReachOrigin.Part);
                    return IsReached(closing, close, new Question(start, [], new HashSet<ISymbol>(SymbolEqualityComparer.Default), null, isOwn: true, isDetached: true), [], 0) ? start : null;
                }
            }
        }

        return null;
    }

    private static ITypeSymbol? TypeOf(ISymbol member) => member switch
    {
        IFieldSymbol field => field.Type,
        IPropertySymbol property => property.Type,
        _ => null,
    };

    /// <summary>The member that is called on what <paramref name="syntax"/> names; read from the text, since it need not bind.</summary>
    private static string? NameAfter(SyntaxNode syntax) => syntax.Parent switch
    {
        MemberAccessExpressionSyntax { Parent: InvocationExpressionSyntax } access when access.Expression == syntax => access.Name.Identifier.ValueText,
        ConditionalAccessExpressionSyntax { WhenNotNull: InvocationExpressionSyntax { Expression: MemberBindingExpressionSyntax binding } } => binding.Name.Identifier.ValueText,
        _ => null,
    };

    /// <summary>The same for a local or parameter: only what its own function leaves pending counts.</summary>
    internal ReachedOperation? InFunction(IOperation close, SocketBody body)
    {
        CodeFunction closing = CodeFunction.Of(body, close);
        foreach (ReachedOperation receive in _reach.Operations)
        {
            if (receive.Kind == ReachedKind.Receive && receive.Function.Equals(closing) && Paths.MayRunBefore(receive.Operation, close)
                && IsDetached(receive, out ISymbol? kept) && !IsLookedAtBetween(kept, close, body)
                && !IsGuarded(closing, close, receive, [], waits: true))
            {
                return receive;
            }
        }

        return null;
    }

    private static bool IsLookedAtBetween(ISymbol? kept, IOperation close, SocketBody body) =>
        kept is not null && body.ReferencesTo(kept).Any(reference => reference.Syntax.SpanStart < close.Syntax.SpanStart
            && !(reference.Parent is ISimpleAssignmentOperation assignment && assignment.Target == reference));

    private bool IsPending(ReachedOperation receive, IOperation close, CodeFunction closing)
    {
        INamedTypeSymbol? type = closing.Body.Owner.ContainingType;
        bool isOther = receive.Origin == ReachOrigin.Other && !ConnectionReach.AreKin(type, receive.Body.Owner.ContainingType);
        if (isOther && IsDisposal(closing))
        {
            // Whoever made this object disposes of its parts, in an order that is judged there.
            return false;
        }

        if (IsDetached(receive, out ISymbol? kept))
        {
            HashSet<ISymbol> symbols = new(SymbolEqualityComparer.Default);
            if (kept is not null)
            {
                symbols.Add(kept);
            }

            return IsReached(closing, close, new Question(receive, [], symbols, null, isOwn: true, isDetached: true), [], 0);
        }

        return Loops(receive, type, isOther).Any(loop => IsReached(closing, close, loop, [], 0));
    }

    private static bool IsDisposal(CodeFunction function)
    {
        for (ISymbol? symbol = function.Symbol; symbol is IMethodSymbol; symbol = symbol.ContainingSymbol)
        {
            if (symbol.Name.IndexOf("Dispose", StringComparison.Ordinal) >= 0 || symbol.Name is "Close" or "Finalize")
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether the operation goes on when its function goes on.</summary>
    private bool IsDetached(ReachedOperation receive, out ISymbol? kept)
    {
        kept = null;
        if (receive.Call is not { } call)
        {
            return false;
        }

        if (call.TargetMethod.Name.StartsWith("Begin", StringComparison.Ordinal))
        {
            return call.Wrapped().Parent switch
            {
                IArgumentOperation => false,
                IReturnOperation => MadeTaskOf(receive) is { } made && TaskUse.OfTask(made, receive.Body).Mode == CallMode.Started,
                _ => !IsEndedBy(receive),
            };
        }

        if (call.TargetMethod.ReturnType.SpecialType == SpecialType.System_Boolean && KnownTypes.Is(call.TargetMethod.Parameters.FirstOrDefault()?.Type, _model.Concurrency.SocketAsyncEventArgs))
        {
            return !IsAwaitable(receive);
        }

        if (!_model.Concurrency.IsTask(call.Type))
        {
            return false;
        }

        TaskUse use = TaskUse.OfTask(call, receive.Body);
        kept = use.Kept;
        return use.Mode == CallMode.Started;
    }

    /// <summary>The call of FromAsync that gets the lambda with the Begin in it, directly or through a local.</summary>
    private static IInvocationOperation? MadeTaskOf(ReachedOperation begin)
    {
        IOperation value = begin.Function.Root;
        while (value.Parent is IConversionOperation or IParenthesizedOperation or IDelegateCreationOperation)
        {
            value = value.Parent;
        }

        IOperation? argument = value.Parent is IVariableInitializerOperation { Parent: IVariableDeclaratorOperation { Symbol: var local } }
            ? begin.Body.ReferencesTo(local).FirstOrDefault()?.Wrapped().Parent
            : value.Parent;
        return argument is IArgumentOperation { Parent: IInvocationOperation { TargetMethod.Name: "FromAsync" } made } ? made : null;
    }

    /// <summary>BeginReceive and EndReceive in one function: it waits in between.</summary>
    private static bool IsEndedBy(ReachedOperation begin)
    {
        string end = "End" + begin.Call!.TargetMethod.Name.Substring("Begin".Length);
        return begin.Body.Operations.Any(operation => operation.Operation is IInvocationOperation call && call.TargetMethod.Name == end
            && Paths.FunctionOf(call) == Paths.FunctionOf(begin.Operation) && call.Syntax.SpanStart > begin.Operation.Syntax.SpanStart);
    }

    /// <summary>Event arguments behind a task or another awaitable: who awaits that waits for the operation.</summary>
    private bool IsAwaitable(ReachedOperation receive)
    {
        IMethodSymbol? function = receive.Function.Symbol;
        return (function is { ReturnsVoid: false, ReturnType.SpecialType: not SpecialType.System_Boolean } && !function.IsAsync)
            || KnownTypes.IsOrDerives(receive.Body.Owner.ContainingType, _model.Concurrency.SocketAsyncEventArgs);
    }

    /// <summary>The started functions in which <paramref name="receive"/> is repeated, and does not wait for the answer to a request.</summary>
    private IEnumerable<Question> Loops(ReachedOperation receive, INamedTypeSymbol? closingType, bool isOther)
    {
        Stack<(CodeFunction Function, IOperation Site, bool InLoop, bool Asked, int Depth)> pending = new();
        Dictionary<CodeFunction, bool> seen = [];
        List<CallSite> starts = [];
        HashSet<CodeFunction> sequenced = [];
        pending.Push((receive.Function, receive.Operation, false, false, 0));
        while (pending.Count > 0 && seen.Count < MostFunctions)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            (CodeFunction function, IOperation site, bool inLoop, bool asked, int depth) = pending.Pop();
            ILoopOperation? loop = Paths.LoopOf(site);
            bool loops = inLoop || (loop is not null && IsPump(loop, site));
            bool sends = SendsBefore(function, site, inLoop ? null : loop);
            bool sendsAtAll = sends || SendsBefore(function, site, null);
            sequenced.Add(function);
            foreach (CallSite caller in _calls.CallersOf(function, _cancellationToken))
            {
                if (caller.Mode == CallMode.Started)
                {
                    // A greeting before the loop is no request; in the loop, it is.
                    if (loops && !asked && !(sends && !inLoop))
                    {
                        starts.Add(caller);
                    }
                }
                else if (caller.Mode == CallMode.Inline && depth < DeepestCall && !asked && !sendsAtAll
                    && (!seen.TryGetValue(caller.Caller, out bool looped) || (loops && !looped)))
                {
                    seen[caller.Caller] = loops;
                    pending.Push((caller.Caller, caller.Operation, loops, asked || sendsAtAll, depth + 1));
                }
            }
        }

        foreach (CallSite start in starts)
        {
            HashSet<ISymbol> kept = new(SymbolEqualityComparer.Default);
            if (start.Kept is not null)
            {
                kept.Add(start.Kept);
            }

            INamedTypeSymbol? starter = start.Caller.Body.Owner.ContainingType;
            bool isOwn = !isOther
                && (receive.Origin == ReachOrigin.Part ? ConnectionReach.AreKin(starter, receive.Body.Owner.ContainingType) || IsOwn(starter) : IsOwn(starter));
            yield return new Question(receive, sequenced, kept, closingType, isOwn, isDetached: false);
        }

        bool IsOwn(INamedTypeSymbol? type) => _reach.IsKin(type) || ConnectionReach.AreKin(type, closingType);
    }

    /// <summary>A loop that goes on until somebody ends it, rather than until a length is complete.</summary>
    private static bool IsPump(ILoopOperation loop, IOperation receive)
    {
        if (loop is not (IWhileLoopOperation or IForLoopOperation))
        {
            return false;
        }

        IOperation? condition = loop is IWhileLoopOperation whileLoop ? whileLoop.Condition : ((IForLoopOperation)loop).Condition;
        return condition is null || Paths.IsInside(receive, condition) || !condition.DescendantsAndSelf().Any(operation => operation is IBinaryOperation
        {
            OperatorKind: BinaryOperatorKind.LessThan or BinaryOperatorKind.LessThanOrEqual or BinaryOperatorKind.GreaterThan or BinaryOperatorKind.GreaterThanOrEqual or BinaryOperatorKind.NotEquals,
            LeftOperand.Type.SpecialType: SpecialType.System_Int32 or SpecialType.System_Int64,
        } comparison && !comparison.DescendantsAndSelf().Any(part => part is IInvocationOperation));
    }

    /// <summary>Whether data is sent in <paramref name="function"/> before <paramref name="site"/>; within <paramref name="loop"/> where there is one.</summary>
    private bool SendsBefore(CodeFunction function, IOperation site, ILoopOperation? loop)
    {
        foreach (ReachedOperation send in _reach.Operations)
        {
            if (send.Kind != ReachedKind.Send)
            {
                continue;
            }

            if (send.Function.Equals(function))
            {
                if (IsIn(send.Operation))
                {
                    return true;
                }
            }
            else if (send.Function.Symbol is { MethodKind: MethodKind.Ordinary or MethodKind.LocalFunction } method
                && CallGraph.NamesOf(method).SelectMany(name => function.Body.ReferencesTo(name)).Any(call => call is IInvocationOperation && function.Runs(function.Body, call) && IsIn(call)))
            {
                return true;
            }
        }

        return false;

        bool IsIn(IOperation operation) => Paths.MayRunBefore(operation, site) && (loop is null || Paths.IsInside(operation, loop));
    }

    /// <summary>
    /// Whether <paramref name="site"/>, the close or a call on the way to it, may be run while the operation in question is pending.
    /// </summary>
    private bool IsReached(CodeFunction function, IOperation site, Question question, HashSet<CodeFunction> seen, int depth)
    {
        _cancellationToken.ThrowIfCancellationRequested();
        if (!seen.Add(function) || seen.Count > MostFunctions || depth > DeepestCall
            || question.Sequenced.Contains(function)
            || (question.IsDetached && IsCompletion(function))
            || IsGuarded(function, site, question.Receive, question.Kept, waits: true))
        {
            return false;
        }

        if (function.Root is IAnonymousFunctionOperation or ILocalFunctionOperation)
        {
            return _calls.CallersOf(function, _cancellationToken).Any(caller => caller.Mode switch
            {
                CallMode.Inline => IsReached(caller.Caller, caller.Operation, question, seen, depth),
                CallMode.Started => question.IsOwn && !IsStartOf(caller, question),
                _ => false,
            });
        }

        if (function.Symbol is not { } method || method.MethodKind is MethodKind.Constructor or MethodKind.StaticConstructor)
        {
            return false;
        }

        System.Collections.Immutable.ImmutableArray<CallSite> callers = _calls.CallersOf(function, _cancellationToken);
        return (IsEntry(method, callers) && (question.MayBeEnteredAt(method) || IsEndedElsewhere(method, callers, question)))
            || callers.Any(caller => caller.Mode switch
            {
                CallMode.Inline => IsReached(caller.Caller, caller.Operation, question, seen, depth + 1),
                CallMode.Started => question.MayBeEnteredAt(method),
                _ => false,
            });
    }

    /// <summary>
    /// An object whose receive a started loop awaits, and that is not seen to be disposed of: neither by the loop nor by anybody who
    /// could have waited for it. Somebody has it as an <c>IDisposable</c>.
    /// </summary>
    private static bool IsEndedElsewhere(IMethodSymbol method, System.Collections.Immutable.ImmutableArray<CallSite> callers, Question question) =>
        method.Name is "Dispose" or "DisposeAsync"
        && callers.All(caller => ConnectionReach.AreKin(caller.Caller.Body.Owner.ContainingType, method.ContainingType))
        && !question.Sequenced.Any(function => function.Root.Descendants().Any(operation => IsEndOf(operation, method.ContainingType)));

    private static bool IsEndOf(IOperation operation, INamedTypeSymbol type)
    {
        ITypeSymbol? ended = operation switch
        {
            IUsingOperation { Resources: IVariableDeclarationGroupOperation group } => TypeOf(group),
            IUsingOperation scope => scope.Resources.Unwrap().Type,
            IUsingDeclarationOperation declaration => TypeOf(declaration.DeclarationGroup),
            IInvocationOperation { TargetMethod.Name: "Dispose" or "DisposeAsync" or "Close" or "CloseAsync" } call => Operations.Receiver(call.Instance)?.Type,
            _ => null,
        };
        return ended is not null && (KnownTypes.IsOrDerives(type, ended.OriginalDefinition as INamedTypeSymbol) || KnownTypes.IsOrDerives(ended, type.OriginalDefinition)
            || type.AllInterfaces.Any(contract => KnownTypes.Is(contract, ended.OriginalDefinition as INamedTypeSymbol)));

        static ITypeSymbol? TypeOf(IVariableDeclarationGroupOperation group) => group.Declarations.FirstOrDefault()?.Declarators.FirstOrDefault()?.Symbol.Type;
    }

    private static bool IsStartOf(CallSite start, Question question) => start.Kept is { } kept && question.Kept.Contains(kept);

    /// <summary>Whether other code than what is seen here may call <paramref name="method"/>, at any time.</summary>
    private static bool IsEntry(IMethodSymbol method, System.Collections.Immutable.ImmutableArray<CallSite> callers)
    {
        if (method.MethodKind is MethodKind.Destructor or MethodKind.LocalFunction or MethodKind.AnonymousFunction)
        {
            return false;
        }

        if (method.DeclaredAccessibility == Accessibility.Private && method.MethodKind != MethodKind.ExplicitInterfaceImplementation)
        {
            return false;
        }

        bool isPromised = method.MethodKind == MethodKind.ExplicitInterfaceImplementation || method.IsOverride || method.Name is "Dispose" or "DisposeAsync" && method.Parameters.IsEmpty;
        return isPromised ? !method.IsOverride || !callers.Any(caller => caller.Mode == CallMode.Inline) || IsVisible(method)
            : IsVisible(method) || callers.IsEmpty;
    }

    private static bool IsVisible(IMethodSymbol method)
    {
        if (method.DeclaredAccessibility is not (Accessibility.Public or Accessibility.Internal))
        {
            return false;
        }

        for (INamedTypeSymbol? type = method.ContainingType; type is not null; type = type.ContainingType)
        {
            if (type.DeclaredAccessibility is not (Accessibility.Public or Accessibility.Protected or Accessibility.ProtectedOrInternal))
            {
                return false;
            }
        }

        return method.DeclaredAccessibility == Accessibility.Public;
    }

    /// <summary>A function that a completed operation calls: what it was for is not pending there.</summary>
    private bool IsCompletion(CodeFunction function) => function.Symbol?.Parameters.Any(parameter =>
        KnownTypes.Is(parameter.Type, _model.Concurrency.AsyncResult) || KnownTypes.IsOrDerives(parameter.Type, _model.Concurrency.SocketAsyncEventArgs)) == true;

    /// <summary>What makes a close at <paramref name="site"/>, or below it, harmless or meant.</summary>
    private bool IsGuarded(CodeFunction function, IOperation site, ReachedOperation receive, ICollection<ISymbol> kept, bool waits) =>
        IntentionalReset.IsDeclared(function.Body.Owner, site)
        || _protected.Any(call => call.Caller.Equals(function) && Paths.MayRunBefore(call.Operation, site))
        || (_writerShutsDown && CompletesBefore(function, site))
        || IsInFailure(function, site)
        || IsNotConnected(site)
        || IsFresh(function, site, receive)
        || ReceivesItself(function, site, receive)
        || (waits && WaitsBefore(function, site, receive, kept));

    /// <summary>A pipe, channel or queue is completed, and the loop that writes from it shuts the connection down at its end.</summary>
    private static bool CompletesBefore(CodeFunction function, IOperation site) => function.Root.Descendants().Any(operation =>
        operation is IInvocationOperation { TargetMethod.Name: "Complete" or "CompleteAsync" or "TryComplete" or "CompleteAdding" or "Cancel" or "CancelAsync" } && Paths.MayRunBefore(operation, site));

    /// <summary>Inside a catch whose try uses the connection, or the end of one that connects it.</summary>
    private bool IsInFailure(CodeFunction function, IOperation site)
    {
        for (IOperation? inner = site, outer = site.Parent; outer is not null and not (IAnonymousFunctionOperation or ILocalFunctionOperation); inner = outer, outer = outer.Parent)
        {
            if (outer is ICatchClauseOperation { Parent: ITryOperation guarded } && Touches(function, guarded.Body, connects: false))
            {
                return true;
            }

            if (outer is ITryOperation { Finally: { } last } attempt && last == inner && Touches(function, attempt.Body, connects: true))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Where <c>Connected</c> was seen false: what has no connection resets none.</summary>
    private bool IsNotConnected(IOperation site)
    {
        for (IOperation? inner = site, outer = site.Parent; outer is not null and not (IAnonymousFunctionOperation or ILocalFunctionOperation); inner = outer, outer = outer.Parent)
        {
            if (outer is IConditionalOperation conditional && inner != conditional.Condition && IsConnected(conditional.Condition) is { } connected && connected == (inner == conditional.WhenFalse))
            {
                return true;
            }
        }

        return false;

        bool? IsConnected(IOperation condition) => condition.Unwrap() switch
        {
            IUnaryOperation { OperatorKind: UnaryOperatorKind.Not } negated => !IsConnected(negated.Operand),
            IPropertyReferenceOperation { Property: { Name: "Connected" } property }
                when KnownTypes.Is(property.ContainingType, _model.Types.Socket) || KnownTypes.Is(property.ContainingType, _model.Types.TcpClient) => true,
            _ => null,
        };
    }

    private bool Touches(CodeFunction function, IOperation guarded, bool connects)
    {
        if (_reach.Operations.Any(operation => operation.Function.Equals(function) && (!connects || operation.Kind == ReachedKind.Connect) && operation.Kind != ReachedKind.Close && Paths.IsInside(operation.Operation, guarded)))
        {
            return true;
        }

        if (connects)
        {
            return false;
        }

        foreach (IOperation operation in guarded.Descendants())
        {
            if (operation is IInvocationOperation { TargetMethod: var called } && _touching.Any(touching => touching.Symbol is { } symbol
                && CallGraph.NamesOf(symbol).Any(name => SymbolEqualityComparer.Default.Equals(name, called.OriginalDefinition))))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// The connection was made or accepted before the close, by this function or by what it calls or starts, and the operation is not
    /// begun in between.
    /// </summary>
    private bool IsFresh(CodeFunction function, IOperation site, ReachedOperation receive)
    {
        foreach (ISymbol symbol in _reach.Holders)
        {
            if (function.Body.ValuesOf(symbol).Any(value => Paths.FunctionOf(value).Syntax == function.Root.Syntax && IsMadeBefore(value, value)))
            {
                return true;
            }
        }

        foreach (CallSite maker in Makers)
        {
            if (maker.Caller.Body == function.Body && OuterOf(maker.Operation, function) is { } from && IsMadeBefore(null, from))
            {
                return true;
            }
        }

        return false;

        bool IsMadeBefore(IOperation? value, IOperation from) =>
            (value is null || SocketOperation.MakesConnection(value.Unwrap(), _model.Types)) && Paths.RunsBefore(from, site) && !Begins(function, from, site, receive);
    }

    /// <summary>The calls of functions that make the connection and do nothing else to it than to connect it.</summary>
    private List<CallSite> Makers => _makers ??= FindMakers();

    private List<CallSite> FindMakers()
    {
        List<CallSite> makers = [];
        HashSet<CodeFunction> seen = [];
        foreach (ISymbol symbol in _reach.Holders.Where(holder => holder is IFieldSymbol or IPropertySymbol))
        {
            foreach (SocketBody body in _calls.BodiesNaming(symbol, _cancellationToken))
            {
                foreach (IOperation value in body.ValuesOf(symbol))
                {
                    CodeFunction function = CodeFunction.Of(body, value);
                    if (SocketOperation.MakesConnection(value.Unwrap(), _model.Types) && function.Symbol is { MethodKind: MethodKind.Ordinary or MethodKind.LocalFunction } && seen.Add(function)
                        && _reach.Operations.All(operation => !operation.Function.Equals(function) || operation.Kind == ReachedKind.Connect)
                        && !CallsTouching(function))
                    {
                        makers.AddRange(_calls.CallersOf(function, _cancellationToken));
                    }
                }
            }
        }

        return makers;
    }

    private bool CallsTouching(CodeFunction function) => _touching.Any(touching => !touching.Equals(function) && touching.Symbol is { } symbol
        && CallGraph.NamesOf(symbol).Any(name => function.Body.ReferencesTo(name).Any(reference => function.Runs(function.Body, reference))));

    /// <summary>The outermost lambda between <paramref name="operation"/> and <paramref name="function"/>, as it is given away there.</summary>
    private static IOperation? OuterOf(IOperation operation, CodeFunction function)
    {
        IOperation outer = operation;
        while (Paths.FunctionOf(outer) is var root && root.Syntax != function.Root.Syntax)
        {
            if (root is not IAnonymousFunctionOperation || root.Parent is null)
            {
                return null;
            }

            outer = root.Parent;
        }

        return outer;
    }

    /// <summary>
    /// The function reads from the connection itself, and waits for what it reads, before the close: it is the one reader, unless it lets
    /// the other begin in between.
    /// </summary>
    private bool ReceivesItself(CodeFunction function, IOperation site, ReachedOperation receive)
    {
        IOperation? last = null;
        foreach (ReachedOperation own in _reach.Operations)
        {
            if (own.Kind == ReachedKind.Receive && own.Operation.Syntax != receive.Operation.Syntax && !own.Function.Equals(receive.Function) && !IsDetached(own, out _))
            {
                foreach (IOperation call in CallsOf(own, function))
                {
                    if (Paths.MayRunBefore(call, site) && (last is null || call.Syntax.SpanStart > last.Syntax.SpanStart))
                    {
                        last = call;
                    }
                }
            }
        }

        return last is not null && !StartsBetween(function, last, site, receive);
    }

    /// <summary>The operation where the function does it, or the calls of the functions that do it and wait.</summary>
    private IEnumerable<IOperation> CallsOf(ReachedOperation operation, CodeFunction function)
    {
        if (operation.Function.Equals(function))
        {
            return [operation.Operation];
        }

        List<CallSite> sites = [.. _calls.CallersOf(operation.Function, _cancellationToken).Where(caller => caller.Mode == CallMode.Inline)];
        AddCallers(sites);
        return sites.Where(site => site.Mode == CallMode.Inline && site.Caller.Equals(function)).Select(site => site.Operation);
    }

    /// <summary>Whether the function begins the operation, or starts or calls what does, between two of its places.</summary>
    private bool StartsBetween(CodeFunction function, IOperation from, IOperation to, ReachedOperation receive)
    {
        List<CallSite> starts = [new CallSite(receive.Function, receive.Operation, CallMode.Inline, null)];
        HashSet<CodeFunction> seen = [];
        for (int i = 0; i < starts.Count && seen.Count < MostFunctions; i++)
        {
            CallSite start = starts[i];
            if (start.Caller.Body == function.Body && OuterOf(start.Operation, function) is { } place
                && place.Syntax.Span.End > from.Syntax.Span.End && (place.Syntax.SpanStart < to.Syntax.SpanStart || to is IVariableDeclaratorOperation or IUsingOperation))
            {
                return true;
            }

            if (seen.Add(start.Caller))
            {
                starts.AddRange(_calls.CallersOf(start.Caller, _cancellationToken));
            }
        }

        return false;
    }

    private static bool Begins(CodeFunction function, IOperation from, IOperation to, ReachedOperation receive)
    {
        return (receive.Function.Equals(function) && IsBetween(receive.Operation))
            || function.Root.Descendants().Any(operation => IsBetween(operation)
                && (operation is IAnonymousFunctionOperation || MethodOf(operation) is { DeclaringSyntaxReferences.IsEmpty: false }));

        bool IsBetween(IOperation operation) => operation.Syntax.SpanStart > from.Syntax.Span.End
            && (operation.Syntax.SpanStart < to.Syntax.SpanStart || to is IVariableDeclaratorOperation or IUsingOperation);
    }

    private static IMethodSymbol? MethodOf(IOperation operation) => operation switch
    {
        IInvocationOperation call => call.TargetMethod,
        IMethodReferenceOperation reference => reference.Method,
        _ => null,
    };

    /// <summary>The loop's task or thread was waited for, or the token of the receive cancelled, before the close.</summary>
    private bool WaitsBefore(CodeFunction function, IOperation site, ReachedOperation receive, ICollection<ISymbol> kept)
    {
        foreach (ISymbol symbol in kept)
        {
            if (function.Body.ReferencesTo(symbol).Any(reference => Paths.MayRunBefore(reference, site) && TaskUse.IsWait(reference, function.Body))
                || WaitsFor(symbol).Any(call => call.Caller.Equals(function) && Paths.MayRunBefore(call.Operation, site)))
            {
                return true;
            }
        }

        bool hasToken = receive.Call is { } received && received.Arguments.Any(argument => !argument.IsImplicit && KnownTypes.Is(argument.Parameter?.Type, _model.Concurrency.CancellationToken)
            && argument.Value.Unwrap() is not (IDefaultValueOperation or IPropertyReferenceOperation { Property.Name: "None" }));
        return hasToken && function.Root.Descendants().Any(operation => operation is IInvocationOperation { TargetMethod: { Name: "Cancel" or "CancelAsync" } cancel }
            && KnownTypes.Is(cancel.ContainingType, _model.Concurrency.CancellationTokenSource) && Paths.MayRunBefore(operation, site));
    }

    /// <summary>The places that wait for the task or thread in a field, and those that call what does.</summary>
    private List<CallSite> WaitsFor(ISymbol kept)
    {
        if (!_waits.TryGetValue(kept, out List<CallSite>? sites))
        {
            _waits.Add(kept, sites = []);
            if (kept is IFieldSymbol or IPropertySymbol)
            {
                foreach (SocketBody body in _calls.BodiesNaming(kept, _cancellationToken))
                {
                    foreach (IOperation reference in body.ReferencesTo(kept))
                    {
                        if (TaskUse.IsWait(reference, body))
                        {
                            sites.Add(new CallSite(CodeFunction.Of(body, reference), reference, CallMode.Inline, null));
                        }
                    }
                }

                AddCallers(sites);
            }
        }

        return sites;
    }

    /// <summary>Adds the places that call what the sites of <paramref name="sites"/> are in.</summary>
    private void AddCallers(List<CallSite> sites)
    {
        HashSet<CodeFunction> seen = [];
        int start = 0;
        for (int depth = 0; depth < DeepestSummary; depth++)
        {
            int end = sites.Count;
            for (; start < end; start++)
            {
                if (sites.Count < MostFunctions && seen.Add(sites[start].Caller))
                {
                    sites.AddRange(_calls.CallersOf(sites[start].Caller, _cancellationToken).Where(caller => caller.Mode == CallMode.Inline));
                }
            }
        }
    }

    /// <summary>One pending operation, and what runs it.</summary>
    private sealed class Question(
        ReachedOperation receive, HashSet<CodeFunction> sequenced, HashSet<ISymbol> kept, INamedTypeSymbol? closingType, bool isOwn, bool isDetached)
    {
        internal ReachedOperation Receive { get; } = receive;

        /// <summary>The functions that wait for the operation: what they run after it does not meet it.</summary>
        internal HashSet<CodeFunction> Sequenced { get; } = sequenced;

        /// <summary>What holds the task or thread.</summary>
        internal HashSet<ISymbol> Kept { get; } = kept;

        /// <summary>The closing type, or what it gave the connection to, starts it by itself, so that any caller may come in between.</summary>
        internal bool IsOwn { get; } = isOwn;

        internal bool IsDetached { get; } = isDetached;

        /// <summary>
        /// Whether a caller of <paramref name="method"/> that is not seen counts. Of a loop that another type starts, those of the closing
        /// type do not: they may well be the ones who waited for the loop.
        /// </summary>
        internal bool MayBeEnteredAt(IMethodSymbol method) => IsOwn || !ConnectionReach.AreKin(method.ContainingType, closingType);
    }
}
