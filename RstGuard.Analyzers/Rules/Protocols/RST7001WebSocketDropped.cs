using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST7001: a WebSocket that ends without its close handshake: disposed where nothing says goodbye, aborted where nothing has failed, or aborted
/// by a receive whose time is over.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST7001WebSocketDropped() : SocketRule(Catalogue.WebSocketDropped, SocketTopics.Tcp)
{
    private static readonly string[] Farewells = ["CloseAsync", "CloseOutputAsync", "CloseGracefullyAsync"];

    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            HashSet<ISymbol>? disposed = null;
            foreach (SocketOperation operation in InOrder(body))
            {
                switch (operation.Kind)
                {
                    case SocketOperationKind.Close when DisposedLocal(operation, body) is { } local && (disposed ??= new(SymbolEqualityComparer.Default)).Add(local)
                        && !NamesFarewell(context.Owner, context.CancellationToken):
                        Report(operation, "Disposed", otherHalf: body.ValuesOf(local)[0], IsOnlyHere(local, body), context);
                        break;
                    case SocketOperationKind.Abort when operation.Operation is IInvocationOperation call && IsOnNormalPath(call, body, context):
                        Report(operation, "Aborted", otherHalf: null, SocketKindOf.SymbolOf(operation.Connection) is ILocalSymbol aborted && IsOnlyHere(aborted, body), context);
                        break;
                    case SocketOperationKind.Receive when GoesOnAfterTimeout(operation)
                        && ConnectToken.TimeOf(operation, body, context.CancellationToken) is (var time, _):
                        Report(operation, "TimedOut", time.Value, isOnlyHere: false, context);
                        break;
                }
            }
        }
    }

    private static IEnumerable<SocketOperation> InOrder(SocketBody body) => body.Operations
        .Where(operation => operation.Api == ConnectionApi.WebSocket)
        .OrderBy(operation => operation.Operation is IInvocationOperation ? 0 : 1);

    /// <summary>The local that <paramref name="close"/> disposes of, when this body opens it and keeps it to itself or to its type.</summary>
    private static ILocalSymbol? DisposedLocal(SocketOperation close, SocketBody body) =>
        (close.Connection is IVariableDeclaratorOperation { Symbol: var resource } ? resource : SocketKindOf.SymbolOf(close.Connection)) is ILocalSymbol local
        && !Paths.IsInCatch(close.Operation)
        && body.ValuesOf(local) is { Count: 1 } only && IsOpened(only[0].Unwrap(), local, body)
        && body.ReferencesTo(local).All(reference => StaysInSight(reference, body))
            ? local
            : null;

    private static bool IsOpened(IOperation value, ILocalSymbol local, SocketBody body) => value switch
    {
        IObjectCreationOperation => body.Operations.Any(operation => operation is { Kind: SocketOperationKind.Connect, Api: ConnectionApi.WebSocket }
            && SymbolEqualityComparer.Default.Equals(SocketKindOf.SymbolOf(operation.Connection), local)),
        IInvocationOperation { TargetMethod.Name: "AcceptWebSocketAsync" } => true,
        _ => false,
    };

    /// <summary>Members called on it, and what the same type's own members are given: their text is looked at as well.</summary>
    private static bool StaysInSight(IOperation reference, SocketBody body)
    {
        IOperation value = reference;
        while (value.Parent is IConversionOperation or IParenthesizedOperation)
        {
            value = value.Parent;
        }

        return value.Parent switch
        {
            IInvocationOperation call => call.Instance == value,
            IPropertyReferenceOperation or IConditionalAccessOperation or IUsingOperation or IExpressionStatementOperation or IBinaryOperation or IIsPatternOperation => true,
            IArgumentOperation { Parent: IInvocationOperation { TargetMethod: var method } } => SymbolEqualityComparer.Default.Equals(method.ContainingType?.OriginalDefinition, body.Owner.ContainingType?.OriginalDefinition),
            _ => false,
        };
    }

    /// <summary>One function alone uses it, so that nobody else can be receiving.</summary>
    private static bool IsOnlyHere(ILocalSymbol local, SocketBody body)
    {
        IReadOnlyList<IOperation> references = body.ReferencesTo(local);
        return references.All(reference => Paths.FunctionOf(reference) == Paths.FunctionOf(references[0]) && reference.Wrapped().Parent is not IArgumentOperation)
            && body.ValuesOf(local).All(value => value.Unwrap() is IObjectCreationOperation or IInvocationOperation { TargetMethod.Name: "AcceptWebSocketAsync" });
    }

    private static bool IsOnNormalPath(IInvocationOperation call, SocketBody body, RuleContext context) =>
        !Paths.IsInCatch(call)
        && !IntentionalReset.IsDeclared(context.Owner, call)
        && !RST1007AbortOnNormalPath.IsForFailures(context.Owner)
        && !RST1007AbortOnNormalPath.FollowsDecision(call)
        // What says goodbye elsewhere aborts when that did not help.
        && !NamesFarewell(context.Owner, context.CancellationToken);

    /// <summary>The end of the time is caught, and the code goes on: the WebSocket is aborted by then.</summary>
    private static bool GoesOnAfterTimeout(SocketOperation receive)
    {
        IOperation inner = receive.Operation;
        for (IOperation? outer = inner.Parent; outer is not null and not (IAnonymousFunctionOperation or ILocalFunctionOperation); inner = outer, outer = outer.Parent)
        {
            if (outer is ITryOperation attempt && inner == attempt.Body)
            {
                foreach (ICatchClauseOperation handler in attempt.Catches)
                {
                    if (handler.ExceptionType.Name is "OperationCanceledException" or "TaskCanceledException")
                    {
                        return Paths.IsInLoop(attempt) && !handler.Handler.Descendants().Any(operation => operation is IReturnOperation { IsImplicit: false } or IThrowOperation or IBranchOperation { BranchKind: BranchKind.Break });
                    }
                }
            }
        }

        return false;
    }

    private static bool NamesFarewell(ISymbol owner, CancellationToken cancellationToken)
    {
        for (INamedTypeSymbol? outer = owner.ContainingType; outer is not null; outer = outer.ContainingType)
        {
            for (INamedTypeSymbol? declaring = outer; declaring is { DeclaringSyntaxReferences.IsEmpty: false }; declaring = declaring.BaseType)
            {
                foreach (SyntaxReference part in declaring.DeclaringSyntaxReferences)
                {
                    string written = part.SyntaxTree.GetText(cancellationToken).ToString(part.Span);
                    if (Farewells.Any(name => written.IndexOf(name, StringComparison.Ordinal) >= 0))
                    {
                        return true;
                    }
                }
            }
        }

        return false;
    }

    private static void Report(SocketOperation operation, string what, IOperation? otherHalf, bool isOnlyHere, RuleContext context)
    {
        ImmutableDictionary<string, string?> properties = ImmutableDictionary<string, string?>.Empty.Add(DiagnosticProperties.SpeaksHttp, "false");
        if (isOnlyHere)
        {
            properties = properties.Add(DiagnosticProperties.GracefulTimeoutMilliseconds, context.Options.GracefulTimeout.ToString(CultureInfo.InvariantCulture));
        }

        context.Report(
            RST2001ClosedWithUnreadData.Marked(operation),
            properties,
            otherHalf,
            severity: null,
            operation.Connection is IVariableDeclaratorOperation { Symbol.Name: var resource } ? resource : operation.Connection!.Syntax.ToString(),
            Texts.Get("RST7001" + what));
    }
}
