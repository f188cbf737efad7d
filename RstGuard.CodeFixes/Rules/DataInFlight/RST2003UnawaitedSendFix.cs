using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>RST2003: awaits the send, where the function is asynchronous.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST2003UnawaitedSendFix))]
public sealed class RST2003UnawaitedSendFix() : SocketFix(Catalogue.SendNotAwaited, "RST2003")
{
    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        if (node is not InvocationExpressionSyntax call || call.Expression is not MemberAccessExpressionSyntax
            || document.BodyAround(node) is not { } body
            || UnawaitedSend.In(body, document.CancellationToken).FirstOrDefault(found => found.Send.Operation.Syntax == node) is not { Send.Form: OperationForm.Task }
            || !MayAwait(call))
        {
            return ImmutableArray<TextChange>.Empty;
        }

        ExpressionSyntax whole = call;
        bool isConfigured = false;
        while (whole.Parent is MemberAccessExpressionSyntax { Name.Identifier.Text: "ConfigureAwait" or "AsTask", Parent: InvocationExpressionSyntax outer } access)
        {
            isConfigured |= access.Name.Identifier.Text == "ConfigureAwait";
            whole = outer;
        }

        SyntaxNode? replaced = whole.Parent switch
        {
            ExpressionStatementSyntax => whole,
            AssignmentExpressionSyntax { Left: IdentifierNameSyntax { Identifier.Text: "_" }, Parent: ExpressionStatementSyntax } discard => discard,
            EqualsValueClauseSyntax { Parent: VariableDeclaratorSyntax { Parent: VariableDeclarationSyntax { Variables.Count: 1, Parent: LocalDeclarationStatementSyntax } declaration } } => declaration,
            _ => null,
        };
        if (replaced is null || replaced.DescendantTrivia().Any(trivia => trivia.SpanStart < whole.SpanStart && !trivia.IsKind(SyntaxKind.WhitespaceTrivia) && trivia.SpanStart > replaced.SpanStart))
        {
            return ImmutableArray<TextChange>.Empty;
        }

        string configured = !isConfigured && Function(call).DescendantNodes().OfType<IdentifierNameSyntax>().Any(name => name.Identifier.Text == "ConfigureAwait") ? ".ConfigureAwait(false)" : "";
        TextChange awaited = new(TextSpan.FromBounds(replaced.SpanStart, whole.SpanStart), "await ");
        return configured.Length == 0 ? ImmutableArray.Create(awaited) : ImmutableArray.Create(awaited, new TextChange(new TextSpan(whole.Span.End, 0), configured));
    }

    private static bool MayAwait(SyntaxNode call)
    {
        foreach (SyntaxNode outer in call.Ancestors())
        {
            switch (outer)
            {
                case LockStatementSyntax or UnsafeStatementSyntax or FixedStatementSyntax:
                    return false;
                case AnonymousFunctionExpressionSyntax function:
                    return function.AsyncKeyword.RawKind != 0;
                case LocalFunctionStatementSyntax function:
                    return function.Modifiers.Any(SyntaxKind.AsyncKeyword);
                case MethodDeclarationSyntax method:
                    return method.Modifiers.Any(SyntaxKind.AsyncKeyword);
                case BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or PropertyDeclarationSyntax:
                    return false;
            }
        }

        // Top-level statements.
        return call.Ancestors().OfType<GlobalStatementSyntax>().Any();
    }

    private static SyntaxNode Function(SyntaxNode call) => call.Ancestors().First(outer => outer is AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax or MemberDeclarationSyntax);
}
