using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST4002: a limit on waiting does not end the connect. When the server answers late, there is a connection that nobody knows of: the
/// server serves it, until the finalizer resets it.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST4002TimedOutConnectNotClosed() : SocketRule(Catalogue.TimedOutConnectNotClosed, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (TimedConnect connect in TimedConnect.In(body, context.CancellationToken))
            {
                IOperation connection = connect.Wait.Operation.Connection!;
                if (!SocketKindOf.IsNotTcp(connection, body, context.CancellationToken))
                {
                    IOperation wait = connect.Wait.Wait;
                    context.Report(
                        wait.Syntax.GetLocation(),
                        ImmutableDictionary<string, string?>.Empty,
                        wait.Syntax.Span.Contains(connect.Wait.Call.Syntax.Span) ? null : connect.Wait.Call,
                        connect.IsClosedLater ? DiagnosticSeverity.Info : null,
                        ((InvocationExpressionSyntax)connect.Wait.Call.Syntax).Expression.ToString(),
                        Texts.Get(connect.IsClosedLater ? "RST4002Unasked" : "RST4002LeftOpen"));
                }
            }
        }
    }
}
