using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST2003: a send that is not awaited is cut off by the close after it. A raw socket then resets its peer; after a shutdown, and by a
/// client or stream, the peer gets a clean end after a part of the data.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST2003UnawaitedSend() : SocketRule(Catalogue.SendNotAwaited, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (UnawaitedSend found in UnawaitedSend.In(body, context.CancellationToken))
            {
                if (!SocketKindOf.IsNotTcp(found.Send.Connection, body, context.CancellationToken) && !IntentionalReset.IsDeclared(context.Owner, found.Close.Operation))
                {
                    context.Report(
                        found.Send.Operation.Syntax.GetLocation(),
                        ImmutableDictionary<string, string?>.Empty,
                        found.Close.Operation,
                        severity: null,
                        ((InvocationExpressionSyntax)found.Send.Operation.Syntax).Expression.ToString(),
                        Texts.Get(found.IsShutDown ? "RST2003Client" : "RST2003Socket"));
                }
            }
        }
    }
}
