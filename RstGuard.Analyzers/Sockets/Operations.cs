using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>What the compiler wraps around the operation that a reader sees.</summary>
internal static class Operations
{
    /// <summary>The operation inside conversions, parentheses, <c>await</c> and <c>ConfigureAwait</c>.</summary>
    internal static IOperation Unwrap(this IOperation operation)
    {
        while (true)
        {
            switch (operation)
            {
                // Before C# 14 an array became a span by an operator of the span.
                case IConversionOperation { OperatorMethod: null or { ContainingType.Name: "Span" or "ReadOnlySpan" or "Memory" or "ReadOnlyMemory" } } conversion:
                    operation = conversion.Operand;
                    break;
                case IParenthesizedOperation parenthesized:
                    operation = parenthesized.Operand;
                    break;
                case IAwaitOperation awaited:
                    operation = awaited.Operation;
                    break;
                case IInvocationOperation { TargetMethod.Name: "ConfigureAwait" or "AsTask", Instance: { } task }:
                    operation = task;
                    break;
                case IConditionalAccessOperation access:
                    operation = access.WhenNotNull;
                    break;
                default:
                    return operation;
            }
        }
    }

    /// <summary>
    /// The expression that <paramref name="operation"/> is the inside of: the reverse of <see cref="Unwrap"/>. Its parent is what
    /// uses the result.
    /// </summary>
    internal static IOperation Wrapped(this IOperation operation)
    {
        while (true)
        {
            switch (operation.Parent)
            {
                case IConversionOperation { OperatorMethod: null or { ContainingType.Name: "Span" or "ReadOnlySpan" or "Memory" or "ReadOnlyMemory" } }:
                case IParenthesizedOperation:
                case IAwaitOperation:
                case IInvocationOperation { TargetMethod.Name: "ConfigureAwait" or "AsTask" } call when call.Instance == operation:
                case IConditionalAccessOperation access when access.WhenNotNull == operation:
                    operation = operation.Parent;
                    break;
                default:
                    return operation;
            }
        }
    }

    /// <summary>
    /// The value that a member is called on, with the object before <c>?.</c> in place of the compiler's placeholder.
    /// </summary>
    internal static IOperation? Receiver(IOperation? instance)
    {
        IOperation? receiver = instance?.Unwrap();
        if (receiver is not IConditionalAccessInstanceOperation)
        {
            return receiver;
        }

        for (IOperation? operation = receiver.Parent, inner = receiver; operation is not null; inner = operation, operation = operation.Parent)
        {
            if (operation is IConditionalAccessOperation access && access.WhenNotNull == inner)
            {
                return Receiver(access.Operation);
            }
        }

        return receiver;
    }

    /// <summary>The argument that is bound to parameter <paramref name="name"/>, whatever its place, its default value included.</summary>
    internal static IOperation? Argument(this IInvocationOperation invocation, string name)
    {
        foreach (IArgumentOperation argument in invocation.Arguments)
        {
            if (argument.Parameter?.Name == name)
            {
                return argument.Value;
            }
        }

        return null;
    }

    /// <summary>Constant whole numbers, those of enumerations included.</summary>
    internal static bool IsConstant(this IOperation? operation, out long value)
    {
        switch (operation?.ConstantValue is { HasValue: true } constant ? constant.Value : operation is IConversionOperation conversion ? conversion.Operand.ConstantValue.Value : null)
        {
            case int number:
                value = number;
                return true;
            case byte number:
                value = number;
                return true;
            case short number:
                value = number;
                return true;
            case long number:
                value = number;
                return true;
            case uint number:
                value = number;
                return true;
            default:
                value = 0;
                return false;
        }
    }
}
