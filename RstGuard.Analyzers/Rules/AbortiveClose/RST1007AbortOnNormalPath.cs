using System;
using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST1007: <c>Abort</c> ends a connection with a reset and drops what is still to be sent. After a failure that is what it is for; where
/// nothing has failed the peer loses the end of what it was sent.
/// </summary>
/// <remarks>
/// Most aborts are meant, so the rule speaks only where the code shows no reason: no handler, no decision, no name that says it. A
/// question whether something is there, or whether it was closed before, is no decision.
/// </remarks>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST1007AbortOnNormalPath() : SocketRule(Catalogue.AbortOnNormalPath, SocketTopics.Abort)
{
    private static readonly string[] Reasons =
    [
        "error", "fail", "failed", "failure", "fault", "faulted", "exception", "timeout", "timed", "expire", "expired", "cancel", "cancelled", "canceled",
        "reject", "refuse", "deny", "evict", "kick", "ban", "drop", "lost",
    ];

    private static readonly string[] OnceOnly = ["dispose", "disposed", "disposing", "close", "closed", "closing", "stop", "stopped", "stopping", "complete", "completed"];

    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (SocketOperation operation in body.Operations)
            {
                if (operation is { Kind: SocketOperationKind.Abort, Operation: IInvocationOperation call } && Effect(operation.Api, call) is { } effect
                    && !IntentionalReset.IsDeclared(context.Owner, call)
                    && !GivesReason(call)
                    && !IsForFailures(context.Owner)
                    && !FollowsDecision(call))
                {
                    context.Report(
                        call.Syntax.GetLocation(),
                        ImmutableDictionary<string, string?>.Empty,
                        otherHalf: null,
                        severity: null,
                        call.Syntax.ToString(),
                        Texts.Get(effect));
                }
            }
        }
    }

    private static string? Effect(ConnectionApi api, IInvocationOperation call) => api switch
    {
        ConnectionApi.HttpContext => "RST1007Http",
        ConnectionApi.ConnectionContext => "RST1007Connection",
        ConnectionApi.HttpListener when call.TargetMethod.ContainingType.Name == "HttpListenerResponse" => "RST1007Listener",
        _ => null,
    };

    /// <summary>An exception that was caught or given, or that is made with a text, says that something went wrong.</summary>
    private static bool GivesReason(IInvocationOperation call) => call.Arguments.Any(argument =>
        argument.Value.Unwrap() is not IObjectCreationOperation { Arguments.IsEmpty: true } and { ConstantValue.HasValue: false });

    /// <summary>A member that is given an exception, or is named after a failure.</summary>
    internal static bool IsForFailures(ISymbol owner)
    {
        for (ISymbol? symbol = owner; symbol is IMethodSymbol method; symbol = symbol.ContainingSymbol)
        {
            if (IsFailures(method))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsFailures(IMethodSymbol function) =>
        function.Parameters.Any(parameter => IsException(parameter.Type))
        || NameWords.Of(function.Name).Any(word => Reasons.Contains(word, StringComparer.OrdinalIgnoreCase));

    private static bool IsException(ITypeSymbol? type)
    {
        for (; type is not null; type = type.BaseType)
        {
            if (type is { Name: "Exception", ContainingNamespace: { Name: "System", ContainingNamespace.IsGlobalNamespace: true } })
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether the path to <paramref name="call"/> goes through a handler, or through a condition that may be the reason.</summary>
    internal static bool FollowsDecision(IInvocationOperation call)
    {
        IOperation inner = call;
        for (IOperation? outer = call.Parent; outer is not null; inner = outer, outer = outer.Parent)
        {
            switch (outer)
            {
                case ICatchClauseOperation:
                case ISwitchCaseOperation:
                case ISwitchExpressionArmOperation:
                case IWhileLoopOperation { ConditionIsTop: true, Condition: { ConstantValue.HasValue: false } condition } when inner != condition && Decides(condition):
                case IConditionalOperation conditional when inner != conditional.Condition && Decides(conditional.Condition):
                case IBinaryOperation { OperatorKind: BinaryOperatorKind.ConditionalAnd or BinaryOperatorKind.ConditionalOr } both when inner == both.RightOperand && Decides(both.LeftOperand):
                case IBlockOperation block when block.Operations.TakeWhile(statement => statement != inner).Any(statement => LeavesOrWaits(statement, call)):
                case ILocalFunctionOperation { Symbol: var function } when IsFailures(function):
                    return true;
                case ILocalFunctionOperation:
                    return false;
                case IAnonymousFunctionOperation lambda:
                    return IsFailures(lambda.Symbol) || IsForCancellation(lambda);
            }
        }

        return false;
    }

    /// <summary>A lambda for a token's cancellation, a timer, or what follows a task.</summary>
    private static bool IsForCancellation(IAnonymousFunctionOperation lambda)
    {
        IOperation value = lambda;
        while (value.Parent is IDelegateCreationOperation or IConversionOperation or IParenthesizedOperation)
        {
            value = value.Parent;
        }

        return value.Parent is IArgumentOperation { Parent: var taker } && taker switch
        {
            IInvocationOperation { TargetMethod: { Name: "Register" or "UnsafeRegister", ContainingType.Name: "CancellationToken" } } => true,
            IInvocationOperation { TargetMethod.Name: "ContinueWith" } => true,
            IObjectCreationOperation { Type.Name: "Timer" } => true,
            _ => false,
        };
    }

    /// <summary>
    /// Whether an earlier statement may leave before <paramref name="call"/>, so that the abort is what is left when that did not
    /// happen, or waits for a time that the abort ends.
    /// </summary>
    private static bool LeavesOrWaits(IOperation statement, IInvocationOperation call)
    {
        if (statement is ILocalFunctionOperation)
        {
            return false;
        }

        foreach (IOperation operation in statement.DescendantsAndSelf())
        {
            switch (operation)
            {
                case IInvocationOperation { TargetMethod: { Name: "WhenAny" or "WaitAny" or "WaitAsync" or "Delay" or "Wait", ContainingType.Name: "Task" } }:
                case IReturnOperation { Kind: not OperationKind.YieldReturn } or IBranchOperation when Leaves(operation, call) && IsDecided(operation, statement):
                    return true;
            }
        }

        return false;
    }

    private static bool Leaves(IOperation operation, IInvocationOperation call)
    {
        if (operation is IReturnOperation)
        {
            return !operation.IsImplicit && Paths.FunctionOf(operation) == Paths.FunctionOf(call);
        }

        IOperation? left = ((IBranchOperation)operation).GetCorrespondingOperation();
        for (IOperation? outer = call.Parent; outer is not null; outer = outer.Parent)
        {
            if (outer == left)
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsDecided(IOperation operation, IOperation statement)
    {
        IOperation inner = operation;
        for (IOperation? outer = operation.Parent; inner != statement && outer is not null; inner = outer, outer = outer.Parent)
        {
            if (outer is IConditionalOperation conditional)
            {
                return Decides(conditional.Condition);
            }
        }

        return true;
    }

    /// <summary>Whether a condition asks more than whether something is there, or whether this was done before.</summary>
    private static bool Decides(IOperation? condition) => condition?.Unwrap() switch
    {
        null => false,
        IUnaryOperation { OperatorKind: UnaryOperatorKind.Not } not => Decides(not.Operand),
        IBinaryOperation { OperatorKind: BinaryOperatorKind.ConditionalAnd or BinaryOperatorKind.ConditionalOr } both => Decides(both.LeftOperand) || Decides(both.RightOperand),
        IBinaryOperation { OperatorKind: BinaryOperatorKind.Equals or BinaryOperatorKind.NotEquals } compared =>
            !IsNull(compared.LeftOperand) && !IsNull(compared.RightOperand) && !IsOnceOnly(compared.LeftOperand) && !IsOnceOnly(compared.RightOperand),
        IIsTypeOperation => false,
        IIsPatternOperation { Pattern: var pattern, Value: var value } => !IsPresence(pattern) && !IsOnceOnly(value),
        var other => !IsOnceOnly(other),
    };

    private static bool IsPresence(IPatternOperation pattern) => pattern switch
    {
        INegatedPatternOperation negated => IsPresence(negated.Pattern),
        IConstantPatternOperation constant => IsNull(constant.Value),
        IDeclarationPatternOperation or ITypePatternOperation => true,
        IRecursivePatternOperation recursive => recursive.PropertySubpatterns.IsEmpty && recursive.DeconstructionSubpatterns.IsEmpty,
        _ => false,
    };

    private static bool IsNull(IOperation operation) => operation.Unwrap().ConstantValue is { HasValue: true, Value: null };

    // _closed, Volatile.Read(ref _closed), Interlocked.Exchange(ref _closed, 1): asked so that it happens once.
    private static bool IsOnceOnly(IOperation operation) => operation.Unwrap() switch
    {
        IInvocationOperation { TargetMethod.ContainingType.Name: "Interlocked" or "Volatile", Arguments: var arguments } => arguments.Any(argument => IsOnceOnly(argument.Value)),
        IFieldReferenceOperation { Field.Name: var name } => IsDone(name),
        IPropertyReferenceOperation { Property.Name: var name } => IsDone(name),
        IParameterReferenceOperation { Parameter.Name: "disposing" } => true,
        _ => false,
    };

    private static bool IsDone(string name) => NameWords.Of(name).Any(word => OnceOnly.Contains(word, StringComparer.OrdinalIgnoreCase));
}
