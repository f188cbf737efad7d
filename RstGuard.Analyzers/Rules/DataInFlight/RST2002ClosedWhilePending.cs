using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.Linq;
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
    private static readonly SocketOperationKind[] ReceiveKinds = [SocketOperationKind.Receive, SocketOperationKind.ReceiveAll, SocketOperationKind.Peek];

    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            Dictionary<ISymbol, List<IOperation>> closed = new(SymbolEqualityComparer.Default);
            HashSet<SyntaxNode>? cancellations = null;
            foreach (RawClose close in RawClose.In(body, context.CancellationToken))
            {
                if (ConnectionReach.HolderOf(close.Connection, body) is not { } holder)
                {
                    continue;
                }

                if (!closed.TryGetValue(holder, out List<IOperation>? earlier))
                {
                    closed.Add(holder, earlier = []);
                }

                // One that another close always stands before is that one's story; one that a callback or a timer runs is RST2005's.
                if (!earlier.Any(other => Paths.MayRunBefore(other, close.Operation))
                    && !SocketKindOf.IsNotTcp(holder, body, context.CancellationToken)
                    && !IntentionalReset.IsDeclared(body.Owner, close.Operation)
                    && !(cancellations ??= [.. DisposingCallback.In(body, context.CancellationToken).Select(callback => callback.Close.Syntax)]).Contains(close.Operation.Syntax)
                    && PendingAt(close.Operation, holder, body, context) is { } pending)
                {
                    Report(close, holder, pending, context);
                }

                earlier.Add(close.Operation);
            }
        }
    }

    private static ReachedOperation? PendingAt(IOperation close, ISymbol holder, SocketBody body, RuleContext context)
    {
        if (holder is not (ILocalSymbol or IParameterSymbol))
        {
            return new PendingOperations(context.Model.ReachOf(holder, context.CancellationToken), context.Model, context.CancellationToken).At(close, body);
        }

        // Of a local only what its own function leaves pending counts: most functions leave nothing.
        return ReceiveKinds.Any(kind => body.OperationsOf(kind).Any(receive => receive.Form != OperationForm.Synchronous))
            ? new PendingOperations(ConnectionReach.Of(context.Model, holder, body, context.CancellationToken), context.Model, context.CancellationToken).InFunction(close, body)
            : null;
    }

    private static void Report(RawClose close, ISymbol holder, ReachedOperation pending, RuleContext context)
    {
        bool sends = pending.Kind == ReachedKind.Send;
        context.Report(
            Marked(close),
            ImmutableDictionary<string, string?>.Empty.Add(DiagnosticProperties.Form, sends ? DiagnosticProperties.PendingForms.Send : DiagnosticProperties.PendingForms.Receive)
                .Add(DiagnosticProperties.GracefulTimeoutMilliseconds, context.Options.GracefulTimeout.ToString(CultureInfo.InvariantCulture)),
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
