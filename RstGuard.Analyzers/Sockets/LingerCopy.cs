using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>
/// Writes to a <c>LingerOption</c> that was read from a socket. Each read makes a new one out of the socket's option (getsockopt), so
/// nothing that is written to it reaches the socket.
/// </summary>
internal static class LingerCopy
{
    /// <summary>
    /// Where the copy is read that <paramref name="operation"/> writes to: the property itself, or the local that holds it;
    /// <see langword="null"/> when it writes to no such copy.
    /// </summary>
    internal static IOperation? Read(IOperation operation, KnownTypes types)
    {
        switch (operation)
        {
            // new TcpClient { LingerState = { Enabled = true } } reads the property once and writes to what it got.
            case IMemberInitializerOperation { InitializedMember: IPropertyReferenceOperation member }:
                return IsRead(member, types) ? member : null;
            case IAssignmentOperation { Target: IPropertyReferenceOperation { Property.Name: "Enabled" or "LingerTime" } target }:
                return Read(target, types);
            case IIncrementOrDecrementOperation { Target: IPropertyReferenceOperation { Property.Name: "Enabled" or "LingerTime" } target }:
                return Read(target, types);
            default:
                return null;
        }
    }

    /// <summary>Whether <paramref name="value"/> is a copy of a socket's option, made where it stands.</summary>
    internal static bool IsRead(IOperation value, KnownTypes types) => value switch
    {
        IPropertyReferenceOperation { Property: { Name: "LingerState" } property } =>
            KnownTypes.Is(property.ContainingType, types.Socket) || KnownTypes.Is(property.ContainingType, types.TcpClient),
        IInvocationOperation { TargetMethod: { Name: "GetSocketOption", ReturnType.SpecialType: SpecialType.System_Object } method } => KnownTypes.Is(method.ContainingType, types.Socket),
        _ => false,
    };

    private static IOperation? Read(IPropertyReferenceOperation target, KnownTypes types)
    {
        if (!KnownTypes.Is(target.Property.ContainingType, types.LingerOption) || Operations.Receiver(target.Instance) is not { } option)
        {
            return null;
        }

        return option is ILocalReferenceOperation || IsRead(option, types) ? option : null;
    }
}
