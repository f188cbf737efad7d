using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Rules;

/// <summary>RST2010: leaves the loop when the receive returned 0. What follows the loop is what happens at the end of the connection.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST2010SendingAfterPeerClosedFix))]
public sealed class RST2010SendingAfterPeerClosedFix() : SocketFix(Catalogue.SendingAfterPeerClosed, "RST2010")
{
    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        if (node is not InvocationExpressionSyntax receive
            || receive.FirstAncestorOrSelf<StatementSyntax>() is not { Parent: BlockSyntax } statement
            || statement.DescendantTrivia().Any(trivia => FixedDocument.HoldsComment(new SyntaxTriviaList(trivia)) && trivia.SpanStart > statement.SpanStart && trivia.SpanStart < statement.Span.End)
            || !CanBreak(statement, document))
        {
            return ImmutableArray<TextChange>.Empty;
        }

        ExpressionSyntax value = Awaited(receive);
        TextLine line = document.Text.Lines.GetLineFromPosition(statement.SpanStart);
        string indent = document.Text.ToString(TextSpan.FromBounds(line.Start, statement.SpanStart));
        bool startsItsLine = indent.Trim().Length == 0;
        string leaving = startsItsLine ? string.Join(document.NewLine + indent, "", "{", "    break;", "}") : " { break; }";
        string separator = startsItsLine ? document.NewLine + indent : " ";
        return Counted(statement, value) is { } count && !IsFollowedByTest(statement, count)
            ? ImmutableArray.Create(new TextChange(new TextSpan(statement.Span.End, 0), $"{separator}if ({count} == 0){leaving}"))
            : IsIgnored(statement, value)
                ? ImmutableArray.Create(new TextChange(statement.Span, $"if ({document.Text.ToString(value.Span)} == 0){leaving}"))
                : ImmutableArray<TextChange>.Empty;
    }

    private static ExpressionSyntax Awaited(ExpressionSyntax receive)
    {
        ExpressionSyntax value = receive;
        while (true)
        {
            switch (value.Parent)
            {
                case AwaitExpressionSyntax awaited:
                    value = awaited;
                    break;
                case ParenthesizedExpressionSyntax parenthesized:
                    value = parenthesized;
                    break;
                case MemberAccessExpressionSyntax { Name.Identifier.Text: "ConfigureAwait" or "AsTask", Parent: InvocationExpressionSyntax call }:
                    value = call;
                    break;
                default:
                    return value;
            }
        }
    }

    /// <summary>The variable that gets the count, and nothing else, in this statement.</summary>
    private static string? Counted(StatementSyntax statement, ExpressionSyntax value) => statement switch
    {
        LocalDeclarationStatementSyntax { Declaration.Variables: { Count: 1 } variables } when variables[0].Initializer?.Value == value => variables[0].Identifier.Text,
        ExpressionStatementSyntax { Expression: AssignmentExpressionSyntax { RawKind: (int)SyntaxKind.SimpleAssignmentExpression, Left: IdentifierNameSyntax { Identifier.Text: not "_" } name } assignment }
            when assignment.Right == value => name.Identifier.Text,
        _ => null,
    };

    private static bool IsFollowedByTest(StatementSyntax statement, string count) =>
        statement.Parent is BlockSyntax { Statements: var statements } && statements.IndexOf(statement) is var index && index + 1 < statements.Count
        && statements[index + 1] is IfStatementSyntax { Condition: BinaryExpressionSyntax { Left: IdentifierNameSyntax left } } && left.Identifier.Text == count;

    private static bool IsIgnored(StatementSyntax statement, ExpressionSyntax value) => statement is ExpressionStatementSyntax ignored
        && (ignored.Expression == value || ignored.Expression is AssignmentExpressionSyntax { Left: IdentifierNameSyntax { Identifier.Text: "_" } } assignment && assignment.Right == value);

    /// <summary>Whether <c>break</c> leaves the loop, and the function may go on behind it.</summary>
    private static bool CanBreak(StatementSyntax statement, FixedDocument document)
    {
        SyntaxNode? left = statement.Ancestors().FirstOrDefault(node => node is WhileStatementSyntax or DoStatementSyntax or ForStatementSyntax or CommonForEachStatementSyntax
            or SwitchStatementSyntax or FinallyClauseSyntax or AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax or MemberDeclarationSyntax);
        if (left is not (WhileStatementSyntax or DoStatementSyntax or ForStatementSyntax) || document.Model.AnalyzeControlFlow(left) is not { Succeeded: true } flow)
        {
            return false;
        }

        return flow.EndPointIsReachable || MayEnd(left, document);
    }

    // Behind an endless loop nothing had to return a value.
    private static bool MayEnd(SyntaxNode loop, FixedDocument document)
    {
        SyntaxNode? function = loop.Ancestors().FirstOrDefault(node => node is AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax or BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or CompilationUnitSyntax);
        ISymbol? symbol = function switch
        {
            AnonymousFunctionExpressionSyntax lambda => document.Model.GetSymbolInfo(lambda, document.CancellationToken).Symbol,
            null or CompilationUnitSyntax => null,
            _ => document.Model.GetDeclaredSymbol(function, document.CancellationToken),
        };
        return symbol is IMethodSymbol method
            && (method.ReturnsVoid || (method.IsAsync && method.ReturnType is INamedTypeSymbol { IsGenericType: false }) || function!.DescendantNodes().Any(node => node is YieldStatementSyntax));
    }
}
