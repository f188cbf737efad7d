using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// Whether a receive that returned 0 looks to the code like any other: its count is compared with nothing that tells 0 apart, and
/// neither the count nor the data goes where that could be done. What is not known counts as told.
/// </summary>
internal readonly struct UntoldEnd(SocketBody body)
{
    private const int LongestChain = 8;

    private KnownTypes Types => body.Model.Types;

    internal bool IsIn(IInvocationOperation receive)
    {
        bool isUntold = ReceivedCount.NumberOf(receive) is { } local
            ? body.ReferencesTo(local).All(IsHarmlessUseOfLocal)
            : receive.Wrapped() is var value && (value.Parent is IExpressionStatementOperation or ISimpleAssignmentOperation { Target: IDiscardOperation } ? IsNumber(value) : IsHarmlessCount(value));
        return isUntold && BufferOf(receive) is var buffer && (buffer is null || body.ReferencesTo(buffer).All(IsHarmlessBuffer));
    }

    private static bool IsNumber(IOperation value) => value.Type?.SpecialType == SpecialType.System_Int32;

    private bool IsHarmlessUseOfLocal(IOperation reference) =>
        (reference.Parent is ISimpleAssignmentOperation assignment && assignment.Target == reference) || IsHarmlessCount(reference.Wrapped());

    private bool IsHarmlessCount(IOperation count)
    {
        switch (count.Parent)
        {
            case IBinaryOperation { Type.SpecialType: SpecialType.System_String } text:
                return IsShown(text, 0);
            case IBinaryOperation comparison:
                IOperation other = comparison.LeftOperand.Unwrap() == count.Unwrap() ? comparison.RightOperand : comparison.LeftOperand;
                return other.IsConstant(out long constant) && IsSameForZeroAndMore(comparison, count, constant);
            case IInterpolationOperation { Parent: { } text }:
                return IsShown(text, 0);
            case IRangeOperation { Parent: { } part }:
                return IsShown(part, 0);
            case IArgumentOperation argument:
                return IsShownBy(argument, 0);
            default:
                return false;
        }
    }

    // n >= 0, n != -1: true for the end as for data.
    private static bool IsSameForZeroAndMore(IBinaryOperation comparison, IOperation count, long constant)
    {
        bool countIsLeft = comparison.LeftOperand.Unwrap() == count.Unwrap();
        return (comparison.OperatorKind, countIsLeft, constant) switch
        {
            (BinaryOperatorKind.Equals or BinaryOperatorKind.NotEquals, _, < 0) => true,
            (BinaryOperatorKind.GreaterThanOrEqual or BinaryOperatorKind.LessThan, true, <= 0) => true,
            (BinaryOperatorKind.GreaterThan or BinaryOperatorKind.LessThanOrEqual, true, < 0) => true,
            (BinaryOperatorKind.LessThanOrEqual or BinaryOperatorKind.GreaterThan, false, <= 0) => true,
            (BinaryOperatorKind.LessThan or BinaryOperatorKind.GreaterThanOrEqual, false, < 0) => true,
            _ => false,
        };
    }

    private ISymbol? BufferOf(IInvocationOperation receive)
    {
        IOperation? buffer = receive.Argument("buffer") ?? receive.Argument("buffers");
        for (int depth = 0; buffer is not null && depth < LongestChain; depth++)
        {
            buffer = buffer.Unwrap();
            if (SocketKindOf.SymbolOf(buffer) is { } symbol)
            {
                return symbol.OriginalDefinition;
            }

            buffer = buffer switch
            {
                IInvocationOperation { Instance: { } of } view when IsView(view.TargetMethod) => of,
                IInvocationOperation { Arguments.IsEmpty: false } view when IsView(view.TargetMethod) => view.Arguments[0].Value,
                _ => null,
            };
        }

        return null;
    }

    private bool IsHarmlessBuffer(IOperation reference)
    {
        IOperation value = reference.Wrapped();
        return value.Parent switch
        {
            ISimpleAssignmentOperation assignment => assignment.Target == value,
            IPropertyReferenceOperation { Property.Name: "Length" } => true,
            IArgumentOperation argument => IsShownBy(argument, 0),
            IInvocationOperation view when view.Instance == value && IsView(view.TargetMethod) => IsShown(view, 0),
            _ => false,
        };
    }

    /// <summary>Whether an argument is sent, read into, or only shown.</summary>
    private bool IsShownBy(IArgumentOperation argument, int depth)
    {
        switch (argument.Parent)
        {
            case IObjectCreationOperation { Type.SpecialType: SpecialType.System_String } text:
                return IsShown(text, depth + 1);
            case IInvocationOperation call when SocketOperation.Create(call, Types)?.Kind is SocketOperationKind.Send or SocketOperationKind.Receive or SocketOperationKind.Peek:
                return true;
            case IInvocationOperation call when IsView(call.TargetMethod):
                return IsShown(call, depth + 1);
            case IInvocationOperation call when Types.IsDecoder(call.TargetMethod.ContainingType) || IsOfString(call.TargetMethod):
                return call.TargetMethod.ReturnsVoid || IsShown(call, depth + 1);
            default:
                return false;
        }
    }

    /// <summary>Whether a part of the data, or a text made of it, is sent or shown and not looked at.</summary>
    private bool IsShown(IOperation content, int depth)
    {
        if (depth > LongestChain)
        {
            return false;
        }

        IOperation value = content.Wrapped();
        switch (value.Parent)
        {
            case IExpressionStatementOperation:
                return true;
            case IArgumentOperation argument:
                return IsShownBy(argument, depth + 1);
            case IInterpolationOperation { Parent: { } text }:
                return IsShown(text, depth + 1);
            case IBinaryOperation { Type.SpecialType: SpecialType.System_String } text:
                return IsShown(text, depth + 1);
            case IInvocationOperation call when call.Instance == value:
                return (IsView(call.TargetMethod) || IsOfString(call.TargetMethod)) && IsShown(call, depth + 1);
            case IVariableInitializerOperation { Parent: IVariableDeclaratorOperation { Symbol: var local } }:
                return IsShown(local, depth + 1);
            case ISimpleAssignmentOperation { Target: ILocalReferenceOperation { Local: var local }, Parent: IExpressionStatementOperation }:
                return IsShown(local, depth + 1);
            default:
                return false;
        }
    }

    private bool IsShown(ILocalSymbol local, int depth)
    {
        foreach (IOperation reference in body.ReferencesTo(local))
        {
            if (!(reference.Parent is ISimpleAssignmentOperation assignment && assignment.Target == reference) && !IsShown(reference, depth))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A text made of a text: trimmed, in upper case, joined.</summary>
    private static bool IsOfString(IMethodSymbol method) =>
        method.ContainingType.SpecialType == SpecialType.System_String && method.ReturnType.SpecialType == SpecialType.System_String;

    private bool IsView(IMethodSymbol method) => method.Name is "AsSpan" or "AsMemory" or "Slice"
        && (KnownTypes.Is(method.ContainingType, Types.MemoryExtensions) || Types.IsSpanOrMemory(method.ContainingType));
}
