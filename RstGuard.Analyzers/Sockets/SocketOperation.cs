using System;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>
/// One operation that touches a connection. This is the one place that knows the network API by its members; rules ask for what
/// an operation does, never for a method's name.
/// </summary>
internal sealed class SocketOperation
{
    private SocketOperation(SocketOperationKind kind, IOperation operation, IOperation? connection, IOperation? value)
    {
        Kind = kind;
        Operation = operation;
        Connection = connection;
        Value = value;
    }

    internal SocketOperationKind Kind { get; }

    /// <summary>The whole operation: an assignment, an invocation, an initializer.</summary>
    internal IOperation Operation { get; }

    /// <summary>What it is done to, as it is written; <see langword="null"/> for an initializer.</summary>
    internal IOperation? Connection { get; }

    /// <summary>The value that is set.</summary>
    internal IOperation? Value { get; }

    /// <summary>True for the forms that return before the work is done: tasks, <c>Begin</c>, event arguments.</summary>
    internal bool IsAsynchronous => Operation is IInvocationOperation { TargetMethod.Name: var name } && (name.EndsWith("Async", StringComparison.Ordinal) || name.StartsWith("Begin", StringComparison.Ordinal));

    /// <summary>Of a close at the end of a scope: the resource, which stands for it in the control flow graph.</summary>
    internal SyntaxNode? ScopeSyntax => Operation switch
    {
        IVariableDeclaratorOperation declarator => declarator.Syntax,
        IUsingOperation scope => scope.Resources.Syntax,
        _ => null,
    };

    /// <summary>Classifies one operation; <see langword="null"/> when it touches no connection.</summary>
    internal static SocketOperation? Create(IOperation operation, KnownTypes types) => operation switch
    {
        ISimpleAssignmentOperation { Target: IPropertyReferenceOperation or IFieldReferenceOperation } assignment => OfAssignment(assignment, (IMemberReferenceOperation)assignment.Target, types),
        IPropertyInitializerOperation initializer when KnownTypes.Is(initializer.InitializedProperties[0].Type, types.LingerOption) =>
            new(SocketOperationKind.SetLinger, operation, null, initializer.Value),
        IFieldInitializerOperation initializer when KnownTypes.Is(initializer.InitializedFields[0].Type, types.LingerOption) =>
            new(SocketOperationKind.SetLinger, operation, null, initializer.Value),
        IInvocationOperation invocation => OfInvocation(invocation, types),
        IUsingOperation { Resources: not IVariableDeclarationGroupOperation } scope when types.IsConnection(scope.Resources.Unwrap().Type) =>
            new(SocketOperationKind.Close, operation, scope.Resources.Unwrap(), null),
        _ => null,
    };

    /// <summary>Whether <paramref name="value"/> is a connection that nobody else has: made, or accepted.</summary>
    internal static bool MakesConnection(IOperation value, KnownTypes types) => value switch
    {
        IObjectCreationOperation creation => KnownTypes.IsOrDerives(creation.Type, types.Socket) || KnownTypes.IsOrDerives(creation.Type, types.TcpClient),
        IInvocationOperation { TargetMethod: var method } =>
            ((KnownTypes.Is(method.ContainingType, types.Socket) || KnownTypes.Is(method.ContainingType, types.SocketTaskExtensions)) && method.Name is "Accept" or "AcceptAsync" or "EndAccept")
            || (KnownTypes.Is(method.ContainingType, types.TcpListener)
                && method.Name is "AcceptSocket" or "AcceptSocketAsync" or "AcceptTcpClient" or "AcceptTcpClientAsync" or "EndAcceptSocket" or "EndAcceptTcpClient"),
        _ => false,
    };

    /// <summary>The number of bytes that wait in the receive queue.</summary>
    internal static bool IsAvailable(IPropertyReferenceOperation property, KnownTypes types) =>
        property.Property.Name == "Available" && (KnownTypes.Is(property.Property.ContainingType, types.Socket) || KnownTypes.Is(property.Property.ContainingType, types.TcpClient));

    /// <summary>Whether any byte waits there.</summary>
    internal static bool IsDataAvailable(IPropertyReferenceOperation property, KnownTypes types) =>
        property.Property.Name == "DataAvailable" && KnownTypes.Is(property.Property.ContainingType, types.NetworkStream);

    /// <summary>Whether a member of the network API neither gives the connection away nor takes data from it.</summary>
    internal static bool TakesNothing(IMethodSymbol method, KnownTypes types) =>
        (KnownTypes.Is(method.ContainingType, types.Socket) && method.Name is "SetSocketOption" or "GetSocketOption" or "Poll" or "Bind" or "Listen" or "IOControl")
        || ((KnownTypes.Is(method.ContainingType, types.NetworkStream) || KnownTypes.Is(method.ContainingType, types.Stream)) && method.Name is "Flush" or "FlushAsync");

    /// <summary>The close at the end of the scope of <paramref name="resource"/>, a variable declared by <c>using</c>.</summary>
    internal static SocketOperation CloseOf(IVariableDeclaratorOperation resource) => new(SocketOperationKind.Close, resource, resource, null);

    private static SocketOperation? OfAssignment(ISimpleAssignmentOperation assignment, IMemberReferenceOperation target, KnownTypes types)
    {
        if (KnownTypes.Is(target.Type, types.LingerOption))
        {
            return new(SocketOperationKind.SetLinger, assignment, Operations.Receiver(target.Instance), assignment.Value);
        }

        SocketOperationKind? kind = target.Member.Name switch
        {
            "SendTimeout" => SocketOperationKind.SetSendTimeout,
            "ReceiveTimeout" => SocketOperationKind.SetReceiveTimeout,
            _ => null,
        };
        return kind is { } timeout && (KnownTypes.Is(target.Member.ContainingType, types.Socket) || KnownTypes.Is(target.Member.ContainingType, types.TcpClient))
            ? new(timeout, assignment, Operations.Receiver(target.Instance), assignment.Value)
            : null;
    }

    private static SocketOperation? OfInvocation(IInvocationOperation invocation, KnownTypes types)
    {
        IMethodSymbol method = invocation.TargetMethod;
        if (KnownTypes.Is(method.ContainingType, types.Socket))
        {
            return OfSocketOption(invocation) ?? Of(invocation, KindOfSocketMember(method.Name), Operations.Receiver(invocation.Instance));
        }

        if (KnownTypes.Is(method.ContainingType, types.SocketTaskExtensions))
        {
            return Of(invocation, KindOfSocketMember(method.Name), invocation.Arguments.Length > 0 ? invocation.Arguments[0].Value.Unwrap() : null);
        }

        if (KnownTypes.Is(method.ContainingType, types.TcpClient))
        {
            return Of(invocation, method.Name switch
            {
                "Connect" or "ConnectAsync" or "BeginConnect" => SocketOperationKind.Connect,
                "Close" or "Dispose" => SocketOperationKind.Close,
                _ => null,
            }, Operations.Receiver(invocation.Instance));
        }

        return KnownTypes.Is(method.ContainingType, types.NetworkStream) || KnownTypes.Is(method.ContainingType, types.Stream)
            ? Of(invocation, KindOfStreamMember(method.Name), Operations.Receiver(invocation.Instance))
            : null;
    }

    private static SocketOperation? Of(IInvocationOperation invocation, SocketOperationKind? kind, IOperation? connection)
    {
        if (kind is null || connection is null)
        {
            return null;
        }

        const long PeekFlag = 2;
        if (kind == SocketOperationKind.Receive && invocation.Argument("socketFlags").IsConstant(out long flags) && (flags & PeekFlag) != 0)
        {
            kind = SocketOperationKind.Peek;
        }

        return new(kind.Value, invocation, connection, null);
    }

    private static SocketOperationKind? KindOfSocketMember(string name) => name switch
    {
        "Connect" or "ConnectAsync" or "BeginConnect" => SocketOperationKind.Connect,
        "Receive" or "ReceiveAsync" or "BeginReceive" or "EndReceive" => SocketOperationKind.Receive,
        "Send" or "SendAsync" or "BeginSend" or "SendFile" or "SendFileAsync" or "BeginSendFile" or "SendPacketsAsync" => SocketOperationKind.Send,
        "Shutdown" => SocketOperationKind.Shutdown,
        "Close" or "Dispose" => SocketOperationKind.Close,
        _ => null,
    };

    private static SocketOperationKind? KindOfStreamMember(string name) => name switch
    {
        "Read" or "ReadAsync" or "BeginRead" or "EndRead" => SocketOperationKind.Receive,
        "ReadByte" or "ReadExactly" or "ReadExactlyAsync" or "ReadAtLeast" or "ReadAtLeastAsync" or "CopyTo" or "CopyToAsync" => SocketOperationKind.ReceiveAll,
        "Write" or "WriteAsync" or "WriteByte" or "BeginWrite" => SocketOperationKind.Send,
        "Close" or "Dispose" or "DisposeAsync" => SocketOperationKind.Close,
        _ => null,
    };

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
