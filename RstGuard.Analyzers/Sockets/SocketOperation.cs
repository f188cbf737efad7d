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

    /// <summary>Classifies one operation; <see langword="null"/> when it touches no connection.</summary>
    internal static SocketOperation? Create(IOperation operation, KnownTypes types) => operation switch
    {
        ISimpleAssignmentOperation { Target: IPropertyReferenceOperation or IFieldReferenceOperation } assignment when KnownTypes.Is(assignment.Target.Type, types.LingerOption) =>
            new(SocketOperationKind.SetLinger, operation, Operations.Receiver(((IMemberReferenceOperation)assignment.Target).Instance), assignment.Value),
        IPropertyInitializerOperation initializer when KnownTypes.Is(initializer.InitializedProperties[0].Type, types.LingerOption) =>
            new(SocketOperationKind.SetLinger, operation, null, initializer.Value),
        IFieldInitializerOperation initializer when KnownTypes.Is(initializer.InitializedFields[0].Type, types.LingerOption) =>
            new(SocketOperationKind.SetLinger, operation, null, initializer.Value),
        IInvocationOperation invocation when KnownTypes.Is(invocation.TargetMethod.ContainingType, types.Socket) => OfSocket(invocation),
        _ => null,
    };

    private static SocketOperation? OfSocket(IInvocationOperation invocation)
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
