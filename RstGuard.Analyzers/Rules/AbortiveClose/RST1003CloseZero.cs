using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST1003: <c>Close(0)</c> reads like "close at once" and is an abort: the runtime sets linger zero, so the peer gets a reset and what it
/// has not acknowledged is dropped. A <c>NetworkStream</c> shuts down first, so its reset follows a FIN.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST1003CloseZero() : SocketRule(Catalogue.CloseZero, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (SocketOperation operation in body.Operations)
            {
                if (operation is { Kind: SocketOperationKind.Close, Operation: IInvocationOperation close, Connection: { } connection }
                    && Timeout(close) is { } timeout
                    && Zero(timeout, body, context) is { } zero
                    && !IsLeftAlone(close, connection, body, context))
                {
                    bool isStream = KnownTypes.IsOrDerives(close.TargetMethod.ContainingType, context.Model.Types.NetworkStream);
                    context.Report(
                        close.Syntax.GetLocation(),
                        ImmutableDictionary<string, string?>.Empty,
                        close.Syntax.Span.Contains(zero.Syntax.Span) ? null : zero,
                        severity: null,
                        close.Syntax.ToString(),
                        Texts.Get(isStream ? "RST1003Stream" : "RST1003Socket"));
                }
            }
        }
    }

    private static IOperation? Timeout(IInvocationOperation close) => close.Argument("timeout");

    /// <summary>Where the zero stands: the argument, or the default of a parameter that is handed on as it came.</summary>
    private static IOperation? Zero(IOperation timeout, SocketBody body, RuleContext context)
    {
        if (Duration.IsZero(timeout, body, context.CancellationToken))
        {
            return timeout;
        }

        return PassThrough.KeepsDefault(timeout, body) is { ExplicitDefaultValue: 0 or null } ? timeout : null;
    }

    private static bool IsLeftAlone(IInvocationOperation close, IOperation connection, SocketBody body, RuleContext context) =>
        IntentionalReset.IsDeclared(context.Owner, close)
        || SocketKindOf.IsNotTcp(connection, body, context.CancellationToken)
        || SocketKindOf.IsNonOwningStream(connection, body, context.CancellationToken)
        || SocketKindOf.IsListener(connection, body, context.CancellationToken)
        || SocketKindOf.IsOnlyBound(connection, body)
        || IsBeforeConnected(close, connection, body)
        || IsAfterFailure(close, connection);

    /// <summary>A connect was begun, and nothing before the close shows that it ended: a socket that is connecting sends no reset when it is closed.</summary>
    private static bool IsBeforeConnected(IOperation close, IOperation connection, SocketBody body)
    {
        if (SocketKindOf.SymbolOf(connection) is not { } holder)
        {
            return false;
        }

        bool begun = false;
        foreach (SocketOperation earlier in body.Operations)
        {
            if (earlier.Operation.Syntax.SpanStart < close.Syntax.SpanStart && SymbolEqualityComparer.Default.Equals(SocketKindOf.SymbolOf(earlier.Connection), holder))
            {
                switch (earlier.Kind)
                {
                    case SocketOperationKind.Connect when earlier.Form == OperationForm.Begin || (earlier.Form == OperationForm.Task && earlier.Operation.Wrapped() == earlier.Operation):
                        begun = true;
                        break;
                    case SocketOperationKind.Connect or SocketOperationKind.Send or SocketOperationKind.Receive or SocketOperationKind.ReceiveAll or SocketOperationKind.Wrap:
                        return false;
                }
            }
        }

        return begun;
    }

    /// <summary>In a handler of an operation on this connection that failed: there the reset tells the peer the truth.</summary>
    private static bool IsAfterFailure(IOperation close, IOperation connection)
    {
        if (SocketKindOf.SymbolOf(connection) is not { } holder)
        {
            return false;
        }

        for (IOperation? outer = close; outer is not null; outer = outer.Parent)
        {
            if (outer is ICatchClauseOperation { Parent: ITryOperation { Body: var body } }
                && body.Descendants().Any(operation => operation is IInvocationOperation { Instance: { } instance }
                    && SymbolEqualityComparer.Default.Equals(SocketKindOf.SymbolOf(Operations.Receiver(instance)), holder)))
            {
                return true;
            }
        }

        return false;
    }
}
