using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST2006: a limit on waiting does not end the operation that is waited for. It stays pending: closing the socket meanwhile resets
/// the connection, and on a connection that is used further it takes the next data, which nobody gets.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST2006TimedOutOperationLeftPending() : SocketRule(Catalogue.TimedOutOperationLeftPending, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (TimedWait wait in TimedWait.In(body, context.CancellationToken))
            {
                IOperation connection = wait.Operation.Connection!;
                if (!SocketKindOf.IsNotTcp(connection, body, context.CancellationToken) && !IntentionalReset.IsDeclared(context.Owner, wait.Wait))
                {
                    context.Report(
                        wait.Wait.Syntax.GetLocation(),
                        ImmutableDictionary<string, string?>.Empty,
                        wait.Wait.Syntax.Span.Contains(wait.Call.Syntax.Span) ? null : wait.Call,
                        severity: null,
                        ((InvocationExpressionSyntax)wait.Call.Syntax).Expression.ToString(),
                        Texts.Get(EffectOf(wait)));
                }
            }
        }
    }

    private static string EffectOf(TimedWait wait) => wait.Operation.Kind switch
    {
        SocketOperationKind.Accept => "RST2006Accept",
        SocketOperationKind.Send => wait.IsSocket ? "RST2006SendOfSocket" : "RST2006Send",
        _ => wait.IsSocket ? "RST2006ReceiveOfSocket" : "RST2006Receive",
    };
}
