using System;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>
/// One operation that touches a connection. This is the one place that knows the network API by its members; rules ask for what
/// an operation does, never for a method's name.
/// </summary>
internal sealed class SocketOperation
{
    private SocketOperation(SocketOperationKind kind, IOperation operation, IOperation? connection, IOperation? value, ConnectionApi api = ConnectionApi.Socket)
    {
        Kind = kind;
        Operation = operation;
        Connection = connection;
        Value = value;
        Api = api;
    }

    internal SocketOperationKind Kind { get; }

    /// <summary>The whole operation: an assignment, an invocation, an initializer.</summary>
    internal IOperation Operation { get; }

    /// <summary>What it is done to, as it is written; <see langword="null"/> for an initializer, and for a static method.</summary>
    internal IOperation? Connection { get; }

    /// <summary>The value that is set.</summary>
    internal IOperation? Value { get; }

    /// <summary>The part of the platform that its member belongs to: for the end of a scope, the type of the resource.</summary>
    internal ConnectionApi Api { get; }

    internal OperationForm Form => Operation is not IInvocationOperation { TargetMethod: var method } ? OperationForm.Synchronous
        : method.Name.StartsWith("Begin", StringComparison.Ordinal) ? OperationForm.Begin
        : method.Name.StartsWith("End", StringComparison.Ordinal) ? OperationForm.End
        : !method.Name.EndsWith("Async", StringComparison.Ordinal) ? OperationForm.Synchronous
        : method.ReturnType.SpecialType == SpecialType.System_Boolean ? OperationForm.EventArgs
        : OperationForm.Task;

    /// <summary>True for the forms that return before the work is done, and for what ends such a form.</summary>
    internal bool IsAsynchronous => Form != OperationForm.Synchronous;

    /// <summary>What becomes of its result: of an asynchronous form's task, whether it is awaited, stored or dropped.</summary>
    internal ResultUse Result => ResultUse.Of(Operation);

    /// <summary>The cancellation token that it is given; <see langword="null"/> without one, and for <c>default</c> and <c>None</c>.</summary>
    internal IOperation? Token
    {
        get
        {
            if (Operation is IInvocationOperation invocation)
            {
                foreach (IArgumentOperation argument in invocation.Arguments)
                {
                    if (argument is { IsImplicit: false, Parameter.Type.Name: "CancellationToken" }
                        && argument.Value.Unwrap() is not (IDefaultValueOperation or IPropertyReferenceOperation { Property: { Name: "None", IsStatic: true } }) and var token)
                    {
                        return token;
                    }
                }
            }

            return null;
        }
    }

    /// <summary>Of a close: what its argument makes of it.</summary>
    internal CloseForm CloseForm { get; private set; }

    /// <summary>Of a close with a constant time: how long it waits at most, in milliseconds, 0 or more; otherwise <see langword="null"/>.</summary>
    internal double? CloseTimeout { get; private set; }

    /// <summary>Of a shutdown, whether it ends receiving; <see langword="null"/> when the direction is not known here.</summary>
    internal bool? EndsReceiving => Direction is { } direction ? direction is ReceiveDirection or BothDirections : null;

    /// <summary>Of a shutdown, whether it ends sending; <see langword="null"/> when the direction is not known here.</summary>
    internal bool? EndsSending => Direction is { } direction ? direction is SendDirection or BothDirections : null;

    /// <summary>Of a disconnect: whether the socket is to be used again, which resets; <see langword="null"/> when that is not known here.</summary>
    internal bool? ReusesSocket => Operation is IInvocationOperation invocation && (invocation.Argument("reuseSocket")?.ConstantValue ?? default) is { HasValue: true, Value: bool reuses } ? reuses : null;

    private const long ReceiveDirection = 0, SendDirection = 1, BothDirections = 2;

    private long? Direction => Kind == SocketOperationKind.Shutdown && Operation is IInvocationOperation invocation && invocation.Argument("how").IsConstant(out long direction) ? direction : null;

    /// <summary>Of a close at the end of a scope: the resource, which stands for it in the control flow graph.</summary>
    internal SyntaxNode? ScopeSyntax => Kind != SocketOperationKind.Close ? null : Operation switch
    {
        IVariableDeclaratorOperation declarator => declarator.Syntax,
        IUsingOperation scope => scope.Resources.Syntax,
        _ => null,
    };

    /// <summary>Classifies one operation; <see langword="null"/> when it touches no connection.</summary>
    internal static SocketOperation? Create(IOperation operation, KnownTypes types) => operation switch
    {
        IAssignmentOperation or IIncrementOrDecrementOperation or IMemberInitializerOperation when LingerCopy.Read(operation, types) is { } read =>
            new(SocketOperationKind.ChangeLingerCopy, operation, read, (operation as ISimpleAssignmentOperation)?.Value),
        ISimpleAssignmentOperation { Target: IPropertyReferenceOperation or IFieldReferenceOperation } assignment => OfAssignment(assignment, (IMemberReferenceOperation)assignment.Target, types),
        IPropertyInitializerOperation initializer when KnownTypes.Is(initializer.InitializedProperties[0].Type, types.LingerOption) =>
            new(SocketOperationKind.SetLinger, operation, null, initializer.Value),
        IFieldInitializerOperation initializer when KnownTypes.Is(initializer.InitializedFields[0].Type, types.LingerOption) =>
            new(SocketOperationKind.SetLinger, operation, null, initializer.Value),
        IInvocationOperation invocation => OfInvocation(invocation, types),
        IInvalidOperation { Syntax: InvocationExpressionSyntax call } => OfUnbound(operation, call, types),
        IObjectCreationOperation => OfWrap(operation, types),
        IUsingOperation { Resources: not IVariableDeclarationGroupOperation } scope when types.CarriesConnection(scope.Resources.Unwrap().Type) =>
            new SocketOperation(SocketOperationKind.Close, operation, scope.Resources.Unwrap(), null, types.ApiOf(scope.Resources.Unwrap().Type)).WithCloseForm(types),
        _ => null,
    };

    /// <summary>Whether <paramref name="value"/> is a connection that nobody else has: made, or accepted.</summary>
    internal static bool MakesConnection(IOperation value, KnownTypes types) => value switch
    {
        IObjectCreationOperation creation => KnownTypes.IsOrDerives(creation.Type, types.Socket) || KnownTypes.IsOrDerives(creation.Type, types.TcpClient),
        IInvocationOperation { TargetMethod: var method } =>
            types.Members.Find(method) is { Kind: SocketOperationKind.Accept, Api: ConnectionApi.Socket or ConnectionApi.TcpListener } && !method.Name.StartsWith("Begin", StringComparison.Ordinal),
        _ => false,
    };

    /// <summary>The number of bytes that wait in the receive queue.</summary>
    internal static bool IsAvailable(IPropertyReferenceOperation property, KnownTypes types) =>
        property.Property.Name == "Available" && (KnownTypes.Is(property.Property.ContainingType, types.Socket) || KnownTypes.Is(property.Property.ContainingType, types.TcpClient));

    /// <summary>Whether any byte waits there.</summary>
    internal static bool IsDataAvailable(IPropertyReferenceOperation property, KnownTypes types) =>
        property.Property.Name == "DataAvailable" && KnownTypes.Is(property.Property.ContainingType, types.NetworkStream);

    /// <summary>The close at the end of the scope of <paramref name="resource"/>, a variable declared by <c>using</c>.</summary>
    internal static SocketOperation CloseOf(IVariableDeclaratorOperation resource, KnownTypes types) =>
        new(SocketOperationKind.Close, resource, resource, null, types.ApiOf(resource.Symbol.Type))
        {
            CloseForm = KnownTypes.Is(resource.Symbol.Type, types.SafeSocketHandle) ? CloseForm.Handle : CloseForm.Plain,
        };

    private static SocketOperation? OfAssignment(ISimpleAssignmentOperation assignment, IMemberReferenceOperation target, KnownTypes types)
    {
        if (KnownTypes.Is(target.Type, types.LingerOption))
        {
            return new(SocketOperationKind.SetLinger, assignment, Operations.Receiver(target.Instance), assignment.Value);
        }

        if (target.Member.Name == "DisconnectReuseSocket" && KnownTypes.Is(target.Member.ContainingType, types.SocketAsyncEventArgs))
        {
            return new(SocketOperationKind.SetDisconnectReuse, assignment, Operations.Receiver(target.Instance), assignment.Value);
        }

        SocketOperationKind? kind = target.Member.Name switch
        {
            "SendTimeout" => SocketOperationKind.SetSendTimeout,
            "ReceiveTimeout" => SocketOperationKind.SetReceiveTimeout,
            "ReadTimeout" => SocketOperationKind.SetReadTimeout,
            "WriteTimeout" => SocketOperationKind.SetWriteTimeout,
            _ => null,
        };
        if (kind is SocketOperationKind.SetReadTimeout or SocketOperationKind.SetWriteTimeout)
        {
            return types.CarriesConnection(target.Member.ContainingType)
                ? new(kind.Value, assignment, Operations.Receiver(target.Instance), assignment.Value, types.ApiOf(target.Member.ContainingType))
                : null;
        }

        bool isClient = KnownTypes.Is(target.Member.ContainingType, types.TcpClient);
        return kind is { } timeout && (isClient || KnownTypes.Is(target.Member.ContainingType, types.Socket))
            ? new(timeout, assignment, Operations.Receiver(target.Instance), assignment.Value, isClient ? ConnectionApi.TcpClient : ConnectionApi.Socket)
            : null;
    }

    /// <summary>
    /// A send whose arguments do not bind, because their package is not there: <c>stream.Write(text.GetBytes())</c>. The connection does.
    /// </summary>
    private static SocketOperation? OfUnbound(IOperation operation, InvocationExpressionSyntax call, KnownTypes types)
    {
        if (call.Expression is not MemberAccessExpressionSyntax { Expression: IdentifierNameSyntax named, Name.Identifier.ValueText: var name }
            || !(name.StartsWith("Write", StringComparison.Ordinal) || name.StartsWith("Send", StringComparison.Ordinal)))
        {
            return null;
        }

        foreach (IOperation part in operation.Descendants())
        {
            if (part.Syntax == named && types.CarriesConnection(part.Type))
            {
                foreach (ISymbol candidate in operation.SemanticModel?.GetSymbolInfo(call).CandidateSymbols ?? ImmutableArray<ISymbol>.Empty)
                {
                    if (candidate is IMethodSymbol method && types.Members.Find(method) is { Kind: SocketOperationKind.Send } member)
                    {
                        return new(SocketOperationKind.Send, operation, part, null, member.Api);
                    }
                }
            }
        }

        return null;
    }

    private static SocketOperation? OfInvocation(IInvocationOperation invocation, KnownTypes types)
    {
        IMethodSymbol method = invocation.TargetMethod;
        if (OfWrap(invocation, types) is { } wrap)
        {
            return wrap;
        }

        if (types.Members.Find(method) is not { } member)
        {
            return OfDispose(invocation, types);
        }

        if (KnownTypes.Is(method.ContainingType, types.Socket) && OfSocketOption(invocation) is { } option)
        {
            return option;
        }

        IOperation? connection = method.IsExtensionMethod && !invocation.Arguments.IsEmpty ? invocation.Arguments[0].Value.Unwrap() : Operations.Receiver(invocation.Instance);
        SocketOperationKind kind = member.Kind;
        const long PeekFlag = 2;
        if (kind == SocketOperationKind.Receive && invocation.Argument("socketFlags").IsConstant(out long flags) && (flags & PeekFlag) != 0)
        {
            kind = SocketOperationKind.Peek;
        }

        SocketOperation operation = new(kind, invocation, connection, null, member.Api);
        return kind == SocketOperationKind.Close ? operation.WithCloseForm(types) : operation;
    }

    /// <summary>A close through an interface, or of the handle: members of types that are not of the network API.</summary>
    private static SocketOperation? OfDispose(IInvocationOperation invocation, KnownTypes types)
    {
        IMethodSymbol method = invocation.TargetMethod;
        return method.Name is "Dispose" or "DisposeAsync" or "Close"
            && (method.ContainingType.SpecialType == SpecialType.System_IDisposable || KnownTypes.Is(method.ContainingType, types.AsyncDisposable) || KnownTypes.Is(method.ContainingType, types.SafeHandle))
            && Operations.Receiver(invocation.Instance) is { } receiver && types.CarriesConnection(receiver.Type)
            ? new SocketOperation(SocketOperationKind.Close, invocation, receiver, null, types.ApiOf(receiver.Type)).WithCloseForm(types)
            : null;
    }

    private static SocketOperation? OfWrap(IOperation operation, KnownTypes types) =>
        ConnectionWrap.Of(operation, types) is { } wrap && types.CarriesConnection(AwaitedType(wrap.Inner)) ? new(SocketOperationKind.Wrap, operation, wrap.Inner, null, wrap.Api) : null;

    /// <summary>The type of a value as its user gets it: of <c>await AcceptSocketAsync()</c>, the socket.</summary>
    private static ITypeSymbol? AwaitedType(IOperation value)
    {
        IOperation outer = value;
        while (outer.Parent is IInvocationOperation { TargetMethod.Name: "ConfigureAwait" or "AsTask" } call && call.Instance == outer)
        {
            outer = call;
        }

        return outer.Parent is IAwaitOperation awaited ? awaited.Type : value.Type;
    }

    private SocketOperation WithCloseForm(KnownTypes types)
    {
        if (KnownTypes.Is(Connection?.Unwrap().Type, types.SafeSocketHandle))
        {
            CloseForm = CloseForm.Handle;
        }
        else if (Operation is IInvocationOperation invocation && invocation.Argument("timeout") is { } timeout)
        {
            CloseTimeout = Duration.TryGetMilliseconds(timeout, types, out double time, out _) && time >= 0 ? time : null;
            CloseForm = CloseTimeout switch
            {
                null => CloseForm.Unknown,
                0 => CloseForm.Zero,
                _ => CloseForm.Timed,
            };
        }

        return this;
    }

    private static SocketOperation? OfSocketOption(IInvocationOperation invocation)
    {
        const long SocketLevel = 0xFFFF;
        const long Linger = 0x80;
        IOperation? connection = Operations.Receiver(invocation.Instance);
        switch (invocation.TargetMethod.Name)
        {
            case "SetSocketOption"
                when invocation.Argument("optionLevel").IsConstant(out long level) && level == SocketLevel
                    && invocation.Argument("optionName").IsConstant(out long name) && name == Linger
                    && invocation.Argument("optionValue") is { } value:
                return new(SocketOperationKind.SetLinger, invocation, connection, value);
            case "SetRawSocketOption"
                when invocation.Argument("optionLevel").IsConstant(out long level) && invocation.Argument("optionName").IsConstant(out long name)
                    && (level, name) is (1, 13) or (SocketLevel, Linger) && invocation.Argument("optionValue") is { } value:
                return new(SocketOperationKind.SetLinger, invocation, connection, value);
            default:
                return null;
        }
    }
}
