using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>What code does with the result of an operation, above all with the task of an asynchronous one.</summary>
internal enum ResultUseKind
{
    /// <summary><c>await</c>.</summary>
    Awaited,

    /// <summary><c>Wait()</c>, <c>Result</c>, <c>GetAwaiter().GetResult()</c>: waited for on this thread. With a time limit it is <see cref="Passed"/>.</summary>
    Waited,

    /// <summary>Nothing: a statement of its own, or <c>_ =</c>.</summary>
    Discarded,

    /// <summary>It is put into a local, a parameter, a field or a property.</summary>
    Stored,

    /// <summary>It is returned, from a lambda too.</summary>
    Returned,

    /// <summary>It is an argument, or another member is called on it.</summary>
    Passed,

    /// <summary>Anything else.</summary>
    Other,
}

/// <summary>The use of one result.</summary>
internal readonly struct ResultUse(ResultUseKind kind, IOperation user, ISymbol? storedIn)
{
    internal ResultUseKind Kind { get; } = kind;

    /// <summary>The operation that uses it: the await, the statement, the assignment, the call that gets it.</summary>
    internal IOperation User { get; } = user;

    /// <summary>Of <see cref="ResultUseKind.Stored"/>: the local, parameter, field or property; <see langword="null"/> for another object's.</summary>
    internal ISymbol? StoredIn { get; } = storedIn;

    /// <summary>
    /// What becomes of <paramref name="value"/>: the result of an operation, or a reference to a local that holds it. What only
    /// passes it on is looked through: <c>ConfigureAwait</c>, <c>AsTask</c>, <c>Preserve</c>, <c>?.</c>, conversions, <c>!</c>, <c>??</c>.
    /// </summary>
    internal static ResultUse Of(IOperation value)
    {
        while (value.Parent is { } parent)
        {
            switch (parent)
            {
                case IConversionOperation:
                case IParenthesizedOperation:
                case ICoalesceOperation coalesce when coalesce.Value == value:
                case IConditionalAccessOperation access when access.WhenNotNull == value:
                case IConditionalOperation choice when choice.Condition != value && choice.Type is not null:
                case IInvocationOperation { TargetMethod.Name: "ConfigureAwait" or "AsTask" or "Preserve" } call when call.Instance == value:
                    value = parent;
                    continue;
                case IAwaitOperation:
                    return new(ResultUseKind.Awaited, parent, null);
                case IPropertyReferenceOperation { Property.Name: "Result" } result when result.Instance == value:
                case IInvocationOperation { TargetMethod.Name: "Wait", Arguments.IsEmpty: true } wait when wait.Instance == value:
                    return new(ResultUseKind.Waited, parent, null);
                case IInvocationOperation { TargetMethod.Name: "GetAwaiter" } awaiter when awaiter.Instance == value:
                    return awaiter.Parent is IInvocationOperation { TargetMethod.Name: "GetResult" } got ? new(ResultUseKind.Waited, got, null) : new(ResultUseKind.Passed, awaiter, null);
                case IExpressionStatementOperation:
                case ISimpleAssignmentOperation { Target: IDiscardOperation }:
                    return new(ResultUseKind.Discarded, parent, null);
                case ISimpleAssignmentOperation assignment when assignment.Value == value:
                    return new(ResultUseKind.Stored, parent, SocketKindOf.SymbolOf(assignment.Target));
                case ICoalesceAssignmentOperation assignment when assignment.Value == value:
                    return new(ResultUseKind.Stored, parent, SocketKindOf.SymbolOf(assignment.Target));
                case IVariableInitializerOperation { Parent: IVariableDeclaratorOperation declarator }:
                    return new(ResultUseKind.Stored, declarator, declarator.Symbol);
                case IFieldInitializerOperation { InitializedFields: { Length: > 0 } fields }:
                    return new(ResultUseKind.Stored, parent, fields[0]);
                case IPropertyInitializerOperation { InitializedProperties: { Length: > 0 } properties }:
                    return new(ResultUseKind.Stored, parent, properties[0]);
                case IReturnOperation:
                    // The body of a lambda that returns nothing: its value goes nowhere.
                    return IsOfVoid(parent) ? new(ResultUseKind.Discarded, parent, null) : new(ResultUseKind.Returned, parent, null);
                case IArgumentOperation argument:
                    return new(ResultUseKind.Passed, argument.Parent ?? argument, null);
                case IInvocationOperation call when call.Instance == value:
                    return new(ResultUseKind.Passed, call, null);
                case IArrayInitializerOperation:
                    return new(ResultUseKind.Passed, parent, null);
                default:
                    return new(ResultUseKind.Other, parent, null);
            }
        }

        return new(ResultUseKind.Other, value, null);
    }

    private static bool IsOfVoid(IOperation returned)
    {
        for (IOperation? outer = returned.Parent; outer is not null; outer = outer.Parent)
        {
            switch (outer)
            {
                case IAnonymousFunctionOperation function:
                    return function.Symbol.ReturnsVoid;
                case ILocalFunctionOperation function:
                    return function.Symbol.ReturnsVoid;
            }
        }

        return false;
    }
}
