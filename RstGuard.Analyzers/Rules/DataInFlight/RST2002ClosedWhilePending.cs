using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST2002: a socket that is closed while an operation is pending on it, and that was not shut down, sends a reset, and drops what the
/// peer has not got yet.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST2002ClosedWhilePending() : SocketRule(Catalogue.ClosedWhilePending, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            ImmutableArray<(IOperation Close, ISymbol Holder)> closed = ImmutableArray<(IOperation, ISymbol)>.Empty;
            foreach (RawClose close in RawClose.In(body, context.CancellationToken))
            {
                // One that another close always stands before is that one's story.
                if (ConnectionReach.HolderOf(close.Connection, body) is { } holder
                    && !IsClosedBefore(close.Operation, holder, closed)
                    && !SocketKindOf.IsNotTcp(holder, body, context.CancellationToken)
                    && PendingAt(close.Operation, holder, body, context) is { } pending)
                {
                    Report(close, holder, pending, context);
                }

                if (ConnectionReach.HolderOf(close.Connection, body) is { } closedHolder)
                {
                    closed = closed.Add((close.Operation, closedHolder));
                }
            }
        }
    }

    private static bool IsClosedBefore(IOperation close, ISymbol holder, ImmutableArray<(IOperation Close, ISymbol Holder)> closed)
    {
        foreach ((IOperation earlier, ISymbol other) in closed)
        {
            if (SymbolEqualityComparer.Default.Equals(other, holder) && Paths.MayRunBefore(earlier, close))
            {
                return true;
            }
        }

        return false;
    }

    private static ReachedOperation? PendingAt(IOperation close, ISymbol holder, SocketBody body, RuleContext context)
    {
        if (IntentionalReset.IsDeclared(body.Owner, close) || IsCancellation(close, body))
        {
            return null;
        }

        return holder is ILocalSymbol or IParameterSymbol
            ? new PendingOperations(ConnectionReach.Of(context.Model, holder, body, context.CancellationToken), context.Model, context.CancellationToken).InFunction(close, body)
            : new PendingOperations(context.Model.ReachOf(holder, context.CancellationToken), context.Model, context.CancellationToken).At(close, body);
    }

    /// <summary>A close that a cancellation callback or a timer runs: RST2005.</summary>
    private static bool IsCancellation(IOperation close, SocketBody body)
    {
        foreach (DisposingCallback callback in DisposingCallback.In(body))
        {
            if (callback.Close.Syntax == close.Syntax)
            {
                return true;
            }
        }

        return false;
    }

    private static void Report(RawClose close, ISymbol holder, ReachedOperation pending, RuleContext context)
    {
        bool sends = pending.Kind == ReachedKind.Send;
        context.Report(
            Marked(close),
            ImmutableDictionary<string, string?>.Empty.Add(DiagnosticProperties.Form, sends ? DiagnosticProperties.PendingForms.Send : DiagnosticProperties.PendingForms.Receive),
            pending.Operation,
            // Callbacks and event arguments are mostly waited for by a queue or a counter, which is not seen here.
            sends && !context.Model.Concurrency.IsTask(pending.Call?.Type) ? DiagnosticSeverity.Info : null,
            Text(close.Connection is IVariableDeclaratorOperation ? null : close.Connection.Syntax, holder.Name),
            Text((pending.Operation.Syntax as InvocationExpressionSyntax)?.Expression, pending.Call?.TargetMethod.Name ?? pending.Operation.Syntax.ToString()),
            Texts.Get(sends ? "RST2002Sending" : "RST2002Receiving"));
    }

    private static Location Marked(RawClose close) => close.Operation switch
    {
        IUsingOperation scope => scope.Resources.Syntax.GetLocation(),
        IVariableDeclaratorOperation { Syntax: VariableDeclaratorSyntax variable } => variable.Identifier.GetLocation(),
        _ => close.Operation.Syntax.GetLocation(),
    };

    private static string Text(SyntaxNode? syntax, string otherwise)
    {
        const int Longest = 60;
        return syntax is not null and not MemberBindingExpressionSyntax && syntax.Span.Length <= Longest && syntax.ToString() is { } text && text.IndexOf('\n') < 0 ? text : otherwise;
    }
}
