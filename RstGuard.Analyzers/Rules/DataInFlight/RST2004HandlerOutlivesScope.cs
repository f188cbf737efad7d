using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST2004: a connection that is closed at the end of a scope, or by the next statement, while a handler that nobody waits for still
/// uses it: a raw socket resets its peer, a client cuts the exchange off.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST2004HandlerOutlivesScope() : SocketRule(Catalogue.HandlerOutlivesScope, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (UnawaitedHandler handler in UnawaitedHandler.In(body, context.CancellationToken))
            {
                if (!body.Listens(handler.Use.Holder)
                    && !SocketKindOf.IsNotTcp(handler.Use.Holder, body, context.CancellationToken)
                    && !IntentionalReset.IsDeclared(context.Owner, handler.Close.Operation))
                {
                    context.Report(
                        Marked(handler.Close),
                        ImmutableDictionary<string, string?>.Empty,
                        handler.Start,
                        severity: null,
                        handler.Use.Holder.Name,
                        Named(handler.Start),
                        Texts.Get(handler.Use.TypeName(handler.Close) == "Socket" ? "RST2004Socket" : "RST2004Client"));
                }
            }
        }
    }

    private static string Named(IOperation start) => start.Syntax is InvocationExpressionSyntax { Expression: var called } ? called.ToString() : start.Syntax.ToString();

    /// <summary>What a reader would change: the variable of a scope, or the call that closes.</summary>
    internal static Location Marked(SocketOperation close) => close.Operation switch
    {
        IUsingOperation scope => scope.Resources.Syntax.GetLocation(),
        IVariableDeclaratorOperation { Syntax: VariableDeclaratorSyntax variable } => variable.Identifier.GetLocation(),
        _ => close.Operation.Syntax.GetLocation(),
    };
}
