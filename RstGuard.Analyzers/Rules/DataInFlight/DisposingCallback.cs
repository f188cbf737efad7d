using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Microsoft.CodeAnalysis.Text;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// A callback of a cancellation token or of a timer that closes a raw socket, and the operations of that socket which it can meet.
/// </summary>
internal sealed class DisposingCallback
{
    private readonly SocketBody _body;
    private readonly IOperation _function;

    private DisposingCallback(SocketBody body, IOperation function, IOperation registration, IOperation close, IOperation socket, IOperation? token, SocketBody? closing = null)
    {
        _body = body;
        ClosingBody = closing ?? body;
        _function = function;
        Registration = registration;
        Close = close;
        Socket = socket;
        Token = token;
        Holder = ConnectionHolder.Of(socket, ClosingBody)!;
    }

    /// <summary>What makes the callback run: <c>token.Register(…)</c>, <c>new Timer(…)</c>, <c>timer.Elapsed += …</c>.</summary>
    internal IOperation Registration { get; }

    /// <summary>Where what is closed is named: the method that the callback calls to close it, or the body itself.</summary>
    internal SocketBody ClosingBody { get; }

    /// <summary>The callback calls a method that closes a field's socket.</summary>
    internal bool ClosesByCall => ClosingBody != _body;

    /// <summary>The close inside the callback, or the call of the method that closes.</summary>
    internal IOperation Close { get; }

    /// <summary>What is closed, as the code around the callback names it.</summary>
    internal IOperation Socket { get; }

    /// <summary>The local, parameter or field that holds the connection.</summary>
    internal ISymbol Holder { get; }

    /// <summary>The token that the callback is registered with; <see langword="null"/> for a timer.</summary>
    internal IOperation? Token { get; }

    /// <summary>All of a body.</summary>
    internal static IEnumerable<DisposingCallback> In(SocketBody body, CancellationToken cancellationToken)
    {
        KnownTypes types = body.Model.Types;
        foreach (DisposingCallback calling in CallingIn(body, cancellationToken))
        {
            yield return calling;
        }

        foreach (SocketOperation operation in body.OperationsOf(SocketOperationKind.Close))
        {
            if (operation is { Api: ConnectionApi.Socket, CloseForm: CloseForm.Plain, Operation: IInvocationOperation close, Connection: { } socket }
                && Paths.FunctionOf(close) is IAnonymousFunctionOperation function
                && RegistrationOf(function, types) is var (registration, token, state)
                && SocketOf(socket, function, state, body) is { } closed)
            {
                yield return new DisposingCallback(body, function, registration, close, closed, token);
            }
        }

        // token.Register(socket.Dispose)
        foreach (IMethodSymbol method in types.Socket!.GetMembers("Dispose").Concat(types.Socket.GetMembers("Close")).OfType<IMethodSymbol>())
        {
            foreach (IOperation reference in body.ReferencesTo(method))
            {
                if (reference is IMethodReferenceOperation { Instance: { } instance }
                    && RegistrationOf(reference, types) is var (registration, token, _)
                    && SocketOf(instance.Unwrap(), reference, null, body) is { } closed)
                {
                    yield return new DisposingCallback(body, reference, registration, reference, closed, token);
                }
            }
        }
    }

    /// <summary>Callbacks that call a method of the same type which closes the socket of a field: <c>token.Register(Stop)</c>.</summary>
    private static IEnumerable<DisposingCallback> CallingIn(SocketBody body, CancellationToken cancellationToken)
    {
        foreach (IMethodSymbol method in body.Symbols.OfType<IMethodSymbol>().ToArray())
        {
            if (method is not { MethodKind: MethodKind.Ordinary, IsAbstract: false, IsVirtual: false } || !SymbolEqualityComparer.Default.Equals(method.ContainingType, body.Owner.ContainingType?.OriginalDefinition))
            {
                continue;
            }

            foreach (IOperation reference in body.ReferencesTo(method))
            {
                IOperation function = reference is IMethodReferenceOperation ? reference : Paths.FunctionOf(reference);
                if (function is IMethodReferenceOperation or IAnonymousFunctionOperation && RegistrationOf(function, body.Model.Types) is var (registration, token, _)
                    && body.Model.Calls.BodyOf(method, cancellationToken) is { } closing && closing != body
                    && !IntentionalReset.IsDeclared(method, closing.Root)
                    && !closing.Operations.Any(operation => operation.Kind is SocketOperationKind.Shutdown or SocketOperationKind.Disconnect)
                    && closing.Operations.FirstOrDefault(operation => operation is { Kind: SocketOperationKind.Close, Api: ConnectionApi.Socket, CloseForm: CloseForm.Plain, Operation: IInvocationOperation, Connection: not null }
                        && !Paths.IsInCatch(operation.Operation) && ConnectionHolder.Of(operation.Connection, closing) is IFieldSymbol or IPropertySymbol) is { } close)
                {
                    yield return new DisposingCallback(body, function, registration, reference, close.Connection!, token, closing);
                }
            }
        }
    }

    /// <summary>The callback itself shuts the connection down, so that the close sends a FIN.</summary>
    internal bool ShutsDown => _body.OperationsOf(SocketOperationKind.Shutdown).Any(operation => IsIn(operation.Operation, _function));

    /// <summary>
    /// What may be pending on the connection when the callback runs: sends and receives without a token, after the registration and
    /// within its scope.
    /// </summary>
    internal ImmutableArray<SocketOperation> Pending
    {
        get
        {
            TextSpan scope = Scope();
            return _body.Operations
                .Where(operation => operation.Kind is SocketOperationKind.Receive or SocketOperationKind.ReceiveAll or SocketOperationKind.Peek or SocketOperationKind.Send
                    && scope.Contains(operation.Operation.Syntax.Span)
                    && !IsIn(operation.Operation, _function)
                    && operation.Connection is { } connection && SymbolEqualityComparer.Default.Equals(ConnectionHolder.Of(connection, _body), Holder)
                    && operation.Token is null)
                .ToImmutableArray();
        }
    }

    /// <summary>The first use by another member, for a field whose callback stays registered.</summary>
    internal SocketOperation? PendingElsewhere(CancellationToken cancellationToken) =>
        Holder is not (IFieldSymbol or IPropertySymbol) || HasEnd() || _body.Owner.ContainingType is not { } type
            ? null
            : _body.Model.FactsOf(type, cancellationToken).Connections
                .Where(connection => SymbolEqualityComparer.Default.Equals(connection.Field, Holder))
                .SelectMany(connection => connection.Bodies)
                .Where(part => part.Body != _body)
                .SelectMany(part => part.Use.Receives)
                .FirstOrDefault(receive => receive.Token is null);

    /// <summary>What a method of the compilation does to the connection that it is given while the callback is registered.</summary>
    internal IOperation? PendingInCalls(CancellationToken cancellationToken)
    {
        TextSpan scope = Scope();
        foreach (ISymbol name in _body.Symbols.Where(symbol => symbol is ILocalSymbol or IParameterSymbol or IFieldSymbol or IPropertySymbol).ToArray())
        {
            if (!SymbolEqualityComparer.Default.Equals(ConnectionHolder.Of(name, _body), Holder))
            {
                continue;
            }

            foreach (IOperation reference in _body.ReferencesTo(name))
            {
                if (scope.Contains(reference.Syntax.Span) && !IsIn(reference, _function)
                    && reference.Wrapped().Parent is IArgumentOperation { Parameter: { } parameter, Parent: IInvocationOperation { TargetMethod: { DeclaringSyntaxReferences.IsEmpty: false } method } })
                {
                    foreach (IMethodSymbol called in Implementations(method.OriginalDefinition, cancellationToken))
                    {
                        if (ConnectionReach.Of(_body.Model, called.Parameters[parameter.Ordinal], cancellationToken).Operations.FirstOrDefault(operation =>
                            operation is { Kind: ReachedKind.Receive or ReachedKind.Send, Call: { } call } && SocketOperation.Create(call, _body.Model.Types)?.Token is null) is { } pending)
                        {
                            return pending.Operation;
                        }
                    }
                }
            }
        }

        return null;
    }

    /// <summary>The methods that a call of <paramref name="method"/> may run.</summary>
    private IEnumerable<IMethodSymbol> Implementations(IMethodSymbol method, CancellationToken cancellationToken)
    {
        const int Most = 8;
        return !method.IsAbstract && !method.IsVirtual ? [method]
            : _body.Model.Compilation.GetSymbolsWithName(method.Name, SymbolFilter.Member, cancellationToken).OfType<IMethodSymbol>()
                .Where(candidate => !candidate.IsAbstract && CallGraph.NamesOf(candidate).Contains(method, SymbolEqualityComparer.Default)).Take(Most);
    }

    /// <summary>Other code gets the connection while the callback is registered.</summary>
    internal bool IsHandedOver
    {
        get
        {
            TextSpan scope = Scope();
            return _body.Symbols.Where(symbol => symbol is ILocalSymbol or IParameterSymbol or IFieldSymbol or IPropertySymbol)
                .Where(symbol => SymbolEqualityComparer.Default.Equals(ConnectionHolder.Of(symbol, _body), Holder))
                .SelectMany(_body.ReferencesTo)
                .Any(reference => scope.Contains(reference.Syntax.Span) && !IsIn(reference, _function) && reference.Wrapped().Parent is IArgumentOperation { Parent: not IInvocationOperation { TargetMethod.IsExtensionMethod: true } });
        }
    }

    private static bool IsIn(IOperation operation, IOperation outer) => outer.Syntax.SyntaxTree == operation.Syntax.SyntaxTree && outer.Syntax.Span.Contains(operation.Syntax.Span);

    /// <summary>Where control is while the callback may run: from the registration to where it is disposed of.</summary>
    private TextSpan Scope()
    {
        IOperation value = Registration.Wrapped();
        switch (value.Parent)
        {
            case IUsingOperation scope:
                return scope.Body.Syntax.Span;
            case IVariableInitializerOperation { Parent: IVariableDeclaratorOperation { Symbol: var local } declarator }:
                if (declarator.Parent?.Parent?.Parent is IUsingOperation declared)
                {
                    return declared.Body.Syntax.Span;
                }

                return TextSpan.FromBounds(value.Syntax.Span.End, EndOf(local) ?? EndOfBlock(declarator));
            default:
                return TextSpan.FromBounds(value.Syntax.Span.End, EndOfFunction(value));
        }
    }

    private bool HasEnd() => Registration.Wrapped().Parent switch
    {
        IUsingOperation => true,
        IVariableInitializerOperation { Parent: IVariableDeclaratorOperation { Symbol: var local } declarator } =>
            declarator.Parent?.Parent?.Parent is IUsingOperation or IUsingDeclarationOperation || EndOf(local) is not null,
        _ => false,
    };

    private int? EndOf(ILocalSymbol registration)
    {
        foreach (IOperation reference in _body.ReferencesTo(registration))
        {
            if (reference.Wrapped().Parent is IInvocationOperation { TargetMethod.Name: "Dispose" or "DisposeAsync" or "Unregister" } call)
            {
                return call.Syntax.SpanStart;
            }
        }

        return null;
    }

    private static int EndOfBlock(IOperation operation)
    {
        IOperation? outer = operation.Parent;
        while (outer is not (null or IBlockOperation or ISwitchCaseOperation))
        {
            outer = outer.Parent;
        }

        return outer?.Syntax.Span.End ?? EndOfFunction(operation);
    }

    private static int EndOfFunction(IOperation operation) => Paths.FunctionOf(operation).Syntax.Span.End;

    private static (IOperation Registration, IOperation? Token, IOperation? State)? RegistrationOf(IOperation function, KnownTypes types)
    {
        IOperation value = function;
        while (value.Parent is IDelegateCreationOperation or IConversionOperation or IParenthesizedOperation)
        {
            value = value.Parent;
        }

        switch (value.Parent)
        {
            case IArgumentOperation { Parameter.Ordinal: 0, Parent: IInvocationOperation { TargetMethod: { Name: "Register" or "UnsafeRegister" } method, Instance: { } token } register }
                when KnownTypes.Is(method.ContainingType, types.CancellationToken):
                return (register, token, register.Argument("state"));
            case IArgumentOperation { Parameter.Ordinal: 0, Parent: IObjectCreationOperation { Constructor.ContainingType: var timer } creation }
                when KnownTypes.Is(timer, types.Timer):
                return (creation, null, creation.Arguments.FirstOrDefault(argument => argument.Parameter?.Name == "state")?.Value);
            case IArgumentOperation { Parameter.Ordinal: 0, Parent: IInvocationOperation { TargetMethod: { Name: "ContinueWith" } method, Instance: { } task } then }
                when KnownTypes.IsOrDerives(method.ContainingType, types.Task) && task.Unwrap() is IInvocationOperation { TargetMethod: { Name: "Delay" } delay } && KnownTypes.Is(delay.ContainingType, types.Task):
                return (then, null, then.Argument("state"));
            case IEventAssignmentOperation { Adds: true, EventReference: IEventReferenceOperation { Event: { Name: "Elapsed", ContainingType: var timer } } } subscription
                when KnownTypes.Is(timer, types.TimersTimer):
                return (subscription, null, null);
            default:
                return null;
        }
    }

    /// <summary>What is closed, as it is named outside the callback: for its own parameter, the state that it is registered with.</summary>
    private static IOperation? SocketOf(IOperation socket, IOperation function, IOperation? state, SocketBody body)
    {
        for (int depth = 0; depth < 4; depth++)
        {
            switch (socket)
            {
                case IParameterReferenceOperation { Parameter.ContainingSymbol: var owner } when function is IAnonymousFunctionOperation { Symbol: var symbol } && SymbolEqualityComparer.Default.Equals(owner, symbol):
                    return state?.Unwrap() is { } outside && ConnectionHolder.Of(outside, body) is not null ? outside : null;
                case ILocalReferenceOperation { Local: var local } when IsDeclaredIn(local, function):
                    if (body.ValuesOf(local) is not { Count: 1 } values)
                    {
                        return null;
                    }

                    socket = values[0].Unwrap();
                    continue;
                default:
                    return ConnectionHolder.Of(socket, body) is not null ? socket : null;
            }
        }

        return null;
    }

    private static bool IsDeclaredIn(ILocalSymbol local, IOperation function) =>
        local.DeclaringSyntaxReferences is { Length: 1 } declarations && declarations[0].SyntaxTree == function.Syntax.SyntaxTree && function.Syntax.Span.Contains(declarations[0].Span);
}
