using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST2007: a tunnel that ends when the first of its two directions ends. A client that has sent all and half-closes gets no answer, and the
/// answer is met by a reset.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST2007CopyEndsAtFirstEnd() : SocketRule(Catalogue.CopyEndsAtFirstEnd, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (FirstEndOfTwoCopies found in FirstEndOfTwoCopies.In(body, context.CancellationToken))
            {
                if (!SocketKindOf.IsNotTcp(found.One, body, context.CancellationToken)
                    && !SocketKindOf.IsNotTcp(found.Other, body, context.CancellationToken)
                    && !IntentionalReset.IsDeclared(context.Owner, found.Wait))
                {
                    context.Report(
                        found.Wait.Syntax.GetLocation(),
                        ImmutableDictionary<string, string?>.Empty,
                        found.Wait.Syntax.Span.Contains(found.Back.Syntax.Span) ? null : found.Back,
                        severity: null,
                        Named(found.There),
                        Named(found.Back));
                }
            }
        }
    }

    private static string Named(IInvocationOperation copy) => copy.Syntax is InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.Text: "CopyToAsync" } called } ? called.ToString() : copy.Syntax.ToString();
}
