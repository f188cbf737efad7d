using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
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
internal readonly struct ReceivedCount(SocketBody body)
{
    // Messages this short are fixed by their protocol and arrive whole.
    private const int LongestFixedMessage = 16;
    private const int LongestChain = 6;

    private KnownTypes Types => body.Model.Types;

    /// <summary>
    /// Whether the receive asks for a length that the code knows to come: a computed count, or a buffer made for a fixed, short message.
    /// </summary>
    internal bool IsExact(IOperation receive)
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

    internal ReceivedCountUse UseOf(IOperation receive)
    {
        IOperation value = receive.Wrapped();
        switch (value.Parent)
        {
            case IExpressionStatementOperation:
            case ISimpleAssignmentOperation { Target: IDiscardOperation }:
                // Without an await a task is the result, and what becomes of it is not seen here.
                return IsInteger(value.Type) ? ReceivedCountUse.Ignored : ReceivedCountUse.Compared;
            default:
                return NumberOf(receive) is { } local ? UseOfLocal(local)
                    : IsInteger(value.Type) ? UseOf(value, value.Parent, 0)
                    : ReceivedCountUse.Compared;
        }
    }

    /// <summary>Whether the count is compared with 0: the receive asks whether the peer has closed.</summary>
    internal bool IsToldFromZero(IOperation receive)
    {
        if (NumberOf(receive) is { } local)
        {
            foreach (IOperation reference in body.ReferencesTo(local))
            {
                if (reference.Wrapped().Parent is IBinaryOperation or IIsPatternOperation)
                {
                    return true;
                }
            }
        }

        return receive.Wrapped().Parent is IBinaryOperation or IIsPatternOperation;
    }

    private static bool IsInteger(ITypeSymbol? type) => type?.SpecialType == SpecialType.System_Int32;

    /// <summary>The local that the number of bytes is put into.</summary>
    internal static ILocalSymbol? NumberOf(IOperation receive) => receive.Wrapped().Parent switch
    {
        IVariableInitializerOperation { Parent: IVariableDeclaratorOperation declarator } when IsInteger(declarator.Symbol.Type) => declarator.Symbol,
        ISimpleAssignmentOperation { Target: ILocalReferenceOperation target, Parent: IExpressionStatementOperation } when IsInteger(target.Local.Type) => target.Local,
        _ => null,
    };

    private static ReceivedCountUse Worse(ReceivedCountUse one, ReceivedCountUse other) =>
        one == ReceivedCountUse.Compared || other == ReceivedCountUse.Compared ? ReceivedCountUse.Compared : one > other ? one : other;

    private ReceivedCountUse UseOfLocal(ILocalSymbol local)
    {
        ReceivedCountUse use = ReceivedCountUse.Ignored;
        foreach (IOperation reference in body.ReferencesTo(local))
        {
            if (!(reference.Parent is ISimpleAssignmentOperation assignment && assignment.Target == reference))
            {
                IOperation value = reference.Wrapped();
                use = Worse(use, UseOf(value, value.Parent, 0));
            }
        }

        return use;
    }

    private ReceivedCountUse UseOf(IOperation value, IOperation? parent, int depth)
    {
        switch (parent)
        {
            case IBinaryOperation { OperatorKind: BinaryOperatorKind.Equals or BinaryOperatorKind.NotEquals or BinaryOperatorKind.LessThanOrEqual or BinaryOperatorKind.GreaterThan } comparison:
                IOperation other = comparison.LeftOperand.Unwrap() == value.Unwrap() ? comparison.RightOperand : comparison.LeftOperand;
                return other.IsConstant(out long number) && number == 0 && !IsKept(comparison) ? ReceivedCountUse.Decoded : ReceivedCountUse.Compared;
            case IInterpolationOperation:
                return ReceivedCountUse.Decoded;
            case IRangeOperation { Parent: { } indexed }:
                return UseOfContent(indexed, depth);
            case IArgumentOperation { Parent: IObjectCreationOperation { Type.SpecialType: SpecialType.System_String } text }:
                return UseOfContent(text, depth);
            case IArgumentOperation { Parent: IInvocationOperation call }:
                return SocketOperation.Create(call, Types)?.Kind == SocketOperationKind.Send ? ReceivedCountUse.Other
                    : Decodes(call) ? UseOfContent(call, depth)
                    : ReceivedCountUse.Compared;
            case IInvalidOperation unbound when MakesText(unbound):
                return UseOfContent(unbound, depth);
            default:
                return ReceivedCountUse.Compared;
        }
    }

    /// <summary>A comparison whose outcome is kept: what it decides is not seen here.</summary>
    private static bool IsKept(IOperation comparison) =>
        comparison.Wrapped().Parent is IVariableInitializerOperation or ISimpleAssignmentOperation or IReturnOperation or IArgumentOperation;

    /// <summary>
    /// What becomes of the decoded part of the buffer: compared as a whole with something expected, it was all that was to come.
    /// </summary>
    private ReceivedCountUse UseOfContent(IOperation content, int depth)
    {
        if (depth > LongestChain)
        {
            return ReceivedCountUse.Compared;
        }

        IOperation value = content.Wrapped();
        switch (value.Parent)
        {
            case IVariableInitializerOperation { Parent: IVariableDeclaratorOperation { Symbol: var local } }:
                return UseOfContents(local, depth);
            case ISimpleAssignmentOperation { Target: ILocalReferenceOperation { Local: var local } }:
                return UseOfContents(local, depth);
            case IBinaryOperation { OperatorKind: BinaryOperatorKind.Equals or BinaryOperatorKind.NotEquals }:
            case IIsPatternOperation:
            case ISwitchOperation:
            case ISwitchExpressionOperation:
                return ReceivedCountUse.Compared;
            case IInvocationOperation call when call.Instance == value:
                return IsEquals(call.TargetMethod) ? ReceivedCountUse.Compared : Passes(call) ? UseOfContent(call, depth + 1) : ReceivedCountUse.Decoded;
            case IArgumentOperation { Parent: IInvocationOperation call }:
                return SocketOperation.Create(call, Types)?.Kind == SocketOperationKind.Send ? ReceivedCountUse.Other
                    : IsEquals(call.TargetMethod) || Expects(call, value) ? ReceivedCountUse.Compared
                    : Decodes(call) || Passes(call) ? UseOfContent(call, depth + 1)
                    : ReceivedCountUse.Decoded;
            case IPropertyReferenceOperation or IArrayElementReferenceOperation:
                return UseOfContent(value.Parent, depth + 1);
            case IInvalidOperation unbound:
                // A call that does not bind, beside another value of the content's type: an assertion of a package that is not there.
                return unbound.ChildOperations.Count(child => SymbolEqualityComparer.Default.Equals(child.Type, value.Type)) > 1 ? ReceivedCountUse.Compared : ReceivedCountUse.Decoded;
            default:
                return ReceivedCountUse.Decoded;
        }
    }

    private ReceivedCountUse UseOfContents(ILocalSymbol local, int depth)
    {
        ReceivedCountUse use = ReceivedCountUse.Decoded;
        foreach (IOperation reference in body.ReferencesTo(local))
        {
            if (!(reference.Parent is ISimpleAssignmentOperation assignment && assignment.Target == reference))
            {
                use = Worse(use, UseOfContent(reference, depth + 1));
            }
        }

        return use;
    }

    // Object.Equals, String.Equals, Enumerable and MemoryExtensions.SequenceEqual: the platform's ways to compare all of it.
    private static bool IsEquals(IMethodSymbol method) =>
        method.ReturnType.SpecialType == SpecialType.System_Boolean && method.Name is "Equals" or "SequenceEqual";

    /// <summary>An assertion: a static method without a result that is given another value of the content's own type.</summary>
    private static bool Expects(IInvocationOperation call, IOperation content)
    {
        if (call.TargetMethod is not { IsStatic: true, ReturnsVoid: true })
        {
            return false;
        }

        ITypeSymbol? type = null;
        int alike = 0;
        foreach (IArgumentOperation argument in call.Arguments)
        {
            if (argument.Value == content || argument.Value.Unwrap() == content.Unwrap())
            {
                type = argument.Parameter?.Type;
            }
        }

        foreach (IArgumentOperation argument in call.Arguments)
        {
            alike += !argument.IsImplicit && type is not null && SymbolEqualityComparer.Default.Equals(argument.Parameter?.Type, type) ? 1 : 0;
        }

        return alike > 1;
    }

    /// <summary>A string made of the content: trimmed, in lower case, a part of it.</summary>
    private static bool Passes(IInvocationOperation call) =>
        call.TargetMethod.ContainingType.SpecialType == SpecialType.System_String && call.TargetMethod.ReturnType.SpecialType == SpecialType.System_String;

    private bool Decodes(IInvocationOperation call) =>
        call.TargetMethod.ReturnType.SpecialType == SpecialType.System_String || Types.IsDecoder(call.TargetMethod.ContainingType) || IsView(call.TargetMethod);

    /// <summary>
    /// A call that does not bind, because its package is not there, and whose name says that it makes text of a buffer: <c>buffer.ToStr(0, n)</c>.
    /// </summary>
    private static bool MakesText(IInvalidOperation unbound)
    {
        string? name = (unbound.Syntax as InvocationExpressionSyntax)?.Expression switch
        {
            MemberAccessExpressionSyntax access => access.Name.Identifier.ValueText,
            SimpleNameSyntax simple => simple.Identifier.ValueText,
            _ => null,
        };
        return name is not null && NameWords.Of(name).Any(word => word is "Str" or "String" or "Text" or "Hex")
            && unbound.Descendants().Any(operation => operation.Type is IArrayTypeSymbol { ElementType.SpecialType: SpecialType.System_Byte });
    }

    /// <summary>A part of a buffer: <c>AsSpan</c>, <c>AsMemory</c>, <c>Slice</c>.</summary>
    private bool IsView(IMethodSymbol method) => method.Name is "AsSpan" or "AsMemory" or "Slice"
        && (KnownTypes.Is(method.ContainingType, Types.MemoryExtensions) || Types.IsSpanOrMemory(method.ContainingType));

    private static bool IsLength(IOperation operation) =>
        operation.Unwrap() is IPropertyReferenceOperation { Property: { Name: "Length", ContainingType.SpecialType: SpecialType.System_Array } };

    private bool IsSlice(IOperation buffer) => buffer.Unwrap() is IInvocationOperation { Arguments.Length: > 1 } slice && IsView(slice.TargetMethod)
        && slice.Arguments.Skip(slice.TargetMethod.IsExtensionMethod ? 1 : 0).Any(argument => !argument.IsImplicit && !argument.Value.IsConstant(out _));

    private long? LengthOf(IOperation buffer)
    {
        IOperation value = buffer.Unwrap();
        if (value is IInvocationOperation { Arguments.Length: > 0 } view && IsView(view.TargetMethod))
        {
            value = view.Arguments[0].Value.Unwrap();
        }

        if (value is ILocalReferenceOperation { Local: var local })
        {
            value = body.ValuesOf(local).FirstOrDefault()?.Unwrap() ?? value;
        }

        return value is IArrayCreationOperation { DimensionSizes: { Length: 1 } sizes } && sizes[0].IsConstant(out long length) ? length : null;
    }
}
