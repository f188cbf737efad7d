using System;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>What becomes of the number of bytes that a receive returned.</summary>
internal enum ReceivedCountUse
{
    /// <summary>Nothing.</summary>
    Ignored,

    /// <summary>It bounds the part of the buffer that is decoded or shown; it may be told apart from 0.</summary>
    Decoded,

    /// <summary>It is compared with an expected length, added up, or handed on in a way that may look for more.</summary>
    Compared,

    /// <summary>It is used otherwise.</summary>
    Other,
}

/// <summary>Reads how a receive asks and how its result is used.</summary>
internal static class ReceivedCount
{
    // Messages this short are fixed by their protocol and arrive whole.
    private const int LongestFixedMessage = 16;

    /// <summary>
    /// Whether the receive asks for a length that the code knows to come: a computed count, or a buffer made for a fixed, short message.
    /// </summary>
    internal static bool IsExact(IOperation receive)
    {
        if (receive is not IInvocationOperation invocation)
        {
            return true;
        }

        IOperation? length = invocation.Argument("size") ?? invocation.Argument("count");
        if (length is not null)
        {
            return length.IsConstant(out long asked) ? asked <= LongestFixedMessage : !IsLength(length);
        }

        IOperation? buffer = invocation.Argument("buffer") ?? invocation.Argument("buffers");
        return buffer is null || (LengthOf(buffer) is { } known && known <= LongestFixedMessage) || IsSlice(buffer);
    }

    internal static ReceivedCountUse UseOf(IOperation receive)
    {
        IOperation value = receive.Wrapped();
        switch (value.Parent)
        {
            case IExpressionStatementOperation:
            case ISimpleAssignmentOperation { Target: IDiscardOperation }:
                // Without an await a task is the result, and what becomes of it is not seen here.
                return receive is IInvocationOperation { TargetMethod.Name: var name } && name.EndsWith("Async", StringComparison.Ordinal) && !IsAwaited(receive)
                    ? ReceivedCountUse.Compared
                    : ReceivedCountUse.Ignored;
            case IVariableInitializerOperation { Parent: IVariableDeclaratorOperation declarator } when IsInteger(declarator.Symbol.Type):
                return UseOfLocal(declarator.Symbol, receive);
            case ISimpleAssignmentOperation { Target: ILocalReferenceOperation target, Parent: IExpressionStatementOperation } when IsInteger(target.Local.Type):
                return UseOfLocal(target.Local, receive);
            case var parent when IsInteger(value.Type):
                return UseOf(value, parent);
            default:
                return ReceivedCountUse.Compared;
        }
    }

    private static bool IsInteger(ITypeSymbol? type) => type?.SpecialType == SpecialType.System_Int32;

    private static bool IsAwaited(IOperation receive)
    {
        IOperation outermost = receive.Wrapped();
        for (IOperation? inside = outermost; inside is not null && inside != receive; inside = inside.ChildOperations.FirstOrDefault())
        {
            if (inside is IAwaitOperation)
            {
                return true;
            }
        }

        return false;
    }

    private static ReceivedCountUse UseOfLocal(ILocalSymbol local, IOperation receive)
    {
        ReceivedCountUse use = ReceivedCountUse.Ignored;
        foreach (IOperation operation in Paths.FunctionOf(receive).Descendants())
        {
            if (operation is ILocalReferenceOperation reference && SymbolEqualityComparer.Default.Equals(reference.Local, local)
                && !(reference.Parent is ISimpleAssignmentOperation assignment && assignment.Target == reference))
            {
                ReceivedCountUse one = UseOf(reference.Wrapped(), reference.Wrapped().Parent);
                use = one == ReceivedCountUse.Compared || use == ReceivedCountUse.Compared ? ReceivedCountUse.Compared
                    : one > use ? one : use;
            }
        }

        return use;
    }

    private static ReceivedCountUse UseOf(IOperation value, IOperation? parent)
    {
        switch (parent)
        {
            case IBinaryOperation { OperatorKind: BinaryOperatorKind.Equals or BinaryOperatorKind.NotEquals or BinaryOperatorKind.LessThanOrEqual or BinaryOperatorKind.GreaterThan } comparison:
                IOperation other = comparison.LeftOperand.Unwrap() == value.Unwrap() ? comparison.RightOperand : comparison.LeftOperand;
                return other.IsConstant(out long number) && number == 0 ? ReceivedCountUse.Decoded : ReceivedCountUse.Compared;
            case IInterpolationOperation or IRangeOperation:
                return ReceivedCountUse.Decoded;
            case IArgumentOperation { Parent: IObjectCreationOperation { Type.SpecialType: SpecialType.System_String } }:
                return ReceivedCountUse.Decoded;
            case IArgumentOperation { Parent: IInvocationOperation call }:
                return Decodes(call) ? ReceivedCountUse.Decoded
                    : call.TargetMethod.Name.StartsWith("Send", StringComparison.Ordinal) || call.TargetMethod.Name.StartsWith("Write", StringComparison.Ordinal) ? ReceivedCountUse.Other
                    : ReceivedCountUse.Compared;
            default:
                return ReceivedCountUse.Compared;
        }
    }

    private static bool Decodes(IInvocationOperation call) =>
        call.TargetMethod.ReturnType.SpecialType == SpecialType.System_String
        || KnownNames.Decoders.Contains(call.TargetMethod.ContainingType?.Name)
        || call.TargetMethod.Name is "AsSpan" or "AsMemory" or "Slice";

    private static bool IsLength(IOperation operation) => operation.Unwrap() is IPropertyReferenceOperation { Property.Name: "Length" };

    private static bool IsSlice(IOperation buffer) => buffer.Unwrap() is IInvocationOperation { TargetMethod.Name: "AsSpan" or "AsMemory" or "Slice", Arguments.Length: > 1 } slice
        && slice.Arguments.Skip(slice.TargetMethod.IsExtensionMethod ? 1 : 0).Any(argument => !argument.IsImplicit && !argument.Value.IsConstant(out _));

    private static long? LengthOf(IOperation buffer)
    {
        IOperation value = buffer.Unwrap();
        if (value is IInvocationOperation { TargetMethod.Name: "AsSpan" or "AsMemory" } view && view.Arguments.Length > 0)
        {
            value = view.Arguments[0].Value.Unwrap();
        }

        if (value is ILocalReferenceOperation { Local: var local })
        {
            value = Paths.FunctionOf(buffer).Descendants().OfType<IVariableDeclaratorOperation>()
                .FirstOrDefault(declarator => SymbolEqualityComparer.Default.Equals(declarator.Symbol, local))?.GetVariableInitializer()?.Value.Unwrap() ?? value;
        }

        return value is IArrayCreationOperation { DimensionSizes: { Length: 1 } sizes } && sizes[0].IsConstant(out long length) ? length : null;
    }
}
