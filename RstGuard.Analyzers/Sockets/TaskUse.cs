using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>What becomes of a task, or of a function that is given away: whether the one who has it waits.</summary>
internal readonly struct TaskUse
{
    private const int LongestChain = 4;

    private TaskUse(CallMode mode, ISymbol? kept)
    {
        Mode = mode;
        Kept = kept;
    }

    internal CallMode Mode { get; }

    /// <summary>What holds the task, thread or timer.</summary>
    internal ISymbol? Kept { get; }

    private static TaskUse Inline => new(CallMode.Inline, null);

    private static TaskUse Callback => new(CallMode.Callback, null);

    /// <summary>How <paramref name="call"/> runs what it calls.</summary>
    internal static TaskUse OfCall(IInvocationOperation call, SocketBody body) =>
        call.TargetMethod.ReturnsVoid ? (call.TargetMethod.IsAsync ? Started(null) : Inline)
        : body.Model.Concurrency.IsTask(call.Type) ? OfTask(call, body)
        : Inline;

    /// <summary>How the task that <paramref name="task"/> evaluates to is used.</summary>
    internal static TaskUse OfTask(IOperation task, SocketBody body) => OfTask(task, body, 0) ?? Inline;

    /// <summary>How the function that <paramref name="function"/>, a lambda or a method group, stands for comes to run.</summary>
    internal static TaskUse OfFunction(IOperation function, SocketBody body) => OfFunction(function, body, 0);

    /// <summary>Whether <paramref name="reference"/>, a task or thread, is waited for where it is named.</summary>
    internal static bool IsWait(IOperation reference, SocketBody body)
    {
        IOperation value = reference.Wrapped();
        return value.Parent is IInvocationOperation { TargetMethod.Name: "Join" } join && join.Instance?.Unwrap() == reference
            || IsAccessed(reference, "Join")
            || (body.Model.Concurrency.IsTask(reference.Type) && OfTask(reference, body, LongestChain) is { Mode: CallMode.Inline });
    }

    private static bool IsAccessed(IOperation reference, string name) =>
        reference.Parent is IConditionalAccessOperation access && access.Operation == reference
        && access.WhenNotNull.Unwrap() is IInvocationOperation call && call.TargetMethod.Name == name;

    private static TaskUse Started(ISymbol? kept) => new(CallMode.Started, kept);

    /// <summary><see langword="null"/>: the task is only looked at.</summary>
    private static TaskUse? OfTask(IOperation task, SocketBody body, int depth)
    {
        for (IOperation value = task; ; value = value.Parent!)
        {
            switch (value.Parent)
            {
                case IAwaitOperation:
                case IReturnOperation:
                    return Inline;
                case IConversionOperation:
                case IParenthesizedOperation:
                case ICoalesceOperation:
                case IArrayInitializerOperation:
                case IArrayCreationOperation:
                case IConditionalOperation conditional when conditional.Condition != value:
                case IArgumentOperation { Parent: IInvocationOperation { TargetMethod: { Name: "WhenAll" or "WhenAny" } all } } when KnownTypes.Is(all.ContainingType, body.Model.Concurrency.Task):
                    break;
                case IConditionalAccessOperation access when access.WhenNotNull == value:
                    break;
                case IConditionalAccessOperation access:
                    return access.WhenNotNull.Unwrap() switch
                    {
                        IInvocationOperation { TargetMethod.Name: "Wait" or "GetAwaiter" } => Inline,
                        IInvocationOperation { TargetMethod.Name: "ConfigureAwait" or "WaitAsync" or "AsTask" } => OfTask(access, body, depth),
                        _ => null,
                    };
                case IInvocationOperation call when call.Instance == value:
                    switch (call.TargetMethod.Name)
                    {
                        case "Wait" or "GetAwaiter":
                            return Inline;
                        case "ConfigureAwait" or "WaitAsync" or "AsTask" or "Preserve" or "ContinueWith":
                            break;
                        default:
                            return null;
                    }

                    break;
                case IInvocationOperation { TargetMethod: { Name: "WhenAll" or "WhenAny" } all } when KnownTypes.Is(all.ContainingType, body.Model.Concurrency.Task):
                    break;
                case IPropertyReferenceOperation property:
                    return property.Property.Name == "Result" ? Inline : null;
                case IExpressionStatementOperation:
                    return value.Unwrap() is ILocalReferenceOperation or IParameterReferenceOperation ? null : Started(null);
                case ISimpleAssignmentOperation assignment when assignment.Value == value:
                    return assignment.Target switch
                    {
                        IDiscardOperation => Started(null),
                        ILocalReferenceOperation { Local: var local } => OfLocal(local, body, depth),
                        IMemberReferenceOperation member => Started(member.Member.OriginalDefinition),
                        _ => Inline,
                    };
                case IVariableInitializerOperation { Parent: IVariableDeclaratorOperation declarator }:
                    return OfLocal(declarator.Symbol, body, depth);
                case IArgumentOperation { Parent: IInvocationOperation call } argument:
                    if (call.TargetMethod.IsExtensionMethod && call.Arguments[0] == argument)
                    {
                        if (call.TargetMethod.ReturnsVoid)
                        {
                            return Started(null);
                        }

                        break;
                    }

                    return call.TargetMethod.Name is "Add" or "TryAdd" or "Enqueue" ? Started(SocketKindOf.SymbolOf(Operations.Receiver(call.Instance))?.OriginalDefinition) : Inline;
                case IBinaryOperation or IIsPatternOperation or ISimpleAssignmentOperation:
                    return null;
                default:
                    return Inline;
            }
        }
    }

    private static TaskUse OfLocal(ILocalSymbol local, SocketBody body, int depth)
    {
        if (depth < LongestChain)
        {
            foreach (IOperation reference in body.ReferencesTo(local))
            {
                if (OfTask(reference, body, depth + 1) is { } use)
                {
                    return use;
                }
            }
        }

        return Started(local);
    }

    private static TaskUse OfFunction(IOperation function, SocketBody body, int depth)
    {
        for (IOperation value = function; ; value = value.Parent!)
        {
            switch (value.Parent)
            {
                case IConversionOperation:
                case IParenthesizedOperation:
                case IDelegateCreationOperation:
                    break;
                case IArgumentOperation { Parent: IInvocationOperation call } argument:
                    return OfArgument(call, argument, body);
                case IArgumentOperation { Parent: IObjectCreationOperation creation }:
                    ConcurrencyTypes types = body.Model.Concurrency;
                    return KnownTypes.Is(creation.Type, types.Thread) || KnownTypes.Is(creation.Type, types.Timer) || types.IsTask(creation.Type)
                        ? Started(HolderOf(creation))
                        : Callback;
                case IEventAssignmentOperation { EventReference: IEventReferenceOperation { Event: { Name: "DoWork" } work } } when KnownTypes.Is(work.ContainingType, body.Model.Concurrency.BackgroundWorker):
                    return Started(null);
                case IEventAssignmentOperation:
                    return Callback;
                case IVariableInitializerOperation { Parent: IVariableDeclaratorOperation { Symbol: var local } } when depth < LongestChain:
                    return body.ReferencesTo(local) is { Count: > 0 } references ? OfFunction(references[0], body, depth + 1) : Callback;
                case IInvocationOperation call when call.Instance == value:
                    return OfCall(call, body);
                case IReturnOperation:
                    return Inline;
                default:
                    return Callback;
            }
        }
    }

    private static TaskUse OfArgument(IInvocationOperation call, IArgumentOperation argument, SocketBody body)
    {
        ConcurrencyTypes types = body.Model.Concurrency;
        INamedTypeSymbol? type = call.TargetMethod.ContainingType;
        return (KnownTypes.Is(type, types.Task) && call.TargetMethod.Name == "Run") || KnownTypes.Is(type, types.TaskFactory) ? OfTask(call, body)
            : KnownTypes.Is(type, types.ThreadPool) ? Started(null)
            : types.IsTask(type) || KnownTypes.Is(type, types.CancellationToken) || KnownTypes.Is(argument.Parameter?.Type, types.AsyncCallback) ? Callback
            : Inline;
    }

    private static ISymbol? HolderOf(IOperation creation) => creation.Wrapped().Parent switch
    {
        IVariableInitializerOperation { Parent: IVariableDeclaratorOperation declarator } => declarator.Symbol,
        ISimpleAssignmentOperation assignment => SocketKindOf.SymbolOf(assignment.Target)?.OriginalDefinition,
        _ => null,
    };
}
