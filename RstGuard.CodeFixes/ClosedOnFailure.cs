using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard;

/// <summary>
/// Edits that close a connection where code leaves it open: by <c>using</c>, or by <c>try { … } catch { connection.Dispose(); throw; }</c>.
/// </summary>
internal static class ClosedOnFailure
{
    private const string Indentation = "    ";

    /// <summary>
    /// Puts <c>using</c> before the declaration of <paramref name="local"/>; <see langword="null"/> where it is not declared by a statement
    /// of its own, is assigned again, or the language has no such declaration.
    /// </summary>
    internal static TextChange? Using(ILocalSymbol local, FixedDocument document)
    {
        if (local.DeclaringSyntaxReferences.Length != 1
            || local.DeclaringSyntaxReferences[0].GetSyntax(document.CancellationToken) is not VariableDeclaratorSyntax
            {
                Initializer.Value: not LiteralExpressionSyntax,
                Parent: VariableDeclarationSyntax { Variables.Count: 1, Parent: LocalDeclarationStatementSyntax { UsingKeyword.RawKind: 0, Parent: BlockSyntax or GlobalStatementSyntax } statement }
            }
            || statement.SyntaxTree != document.Root.SyntaxTree
            || ((CSharpParseOptions)statement.SyntaxTree.Options).LanguageVersion < LanguageVersion.CSharp8
            || document.BodyAround(statement)?.ValuesOf(local).Count != 1
            || IsJumpedOver(statement))
        {
            return null;
        }

        return new TextChange(new TextSpan(statement.SpanStart, 0), "using ");
    }

    /// <summary>Puts <paramref name="first"/> and all statements after it in its block into a try whose catch closes <paramref name="connection"/>.</summary>
    internal static TextChange[]? TryToTheEndOfTheBlock(StatementSyntax first, string connection, FixedDocument document) =>
        first.Parent is BlockSyntax block ? Try(first, block.Statements[block.Statements.Count - 1], connection, document) : null;

    /// <summary>The same of the statements from <paramref name="first"/> to <paramref name="last"/>, which declare nothing that is used after them.</summary>
    internal static TextChange[]? Try(StatementSyntax first, StatementSyntax last, string connection, FixedDocument document)
    {
        if (first.Parent is not BlockSyntax block || last.Parent != block || block.Statements.Any(statement => statement is LabeledStatementSyntax or LocalFunctionStatementSyntax))
        {
            return null;
        }

        SourceText text = document.Text;
        TextLine start = text.Lines.GetLineFromPosition(first.SpanStart);
        TextLine end = text.Lines.GetLineFromPosition(last.Span.End);
        string indent = text.ToString(TextSpan.FromBounds(start.Start, first.SpanStart));
        if (indent.Trim().Length > 0 || text.ToString(TextSpan.FromBounds(last.Span.End, end.End)).Trim().Length > 0)
        {
            return start.LineNumber == end.LineNumber && !FixedDocument.HoldsComment(last.GetTrailingTrivia())
                ? [new(new TextSpan(first.SpanStart, 0), "try { "), new(new TextSpan(last.Span.End, 0), $" }} catch {{ {connection}.Dispose(); throw; }}")]
                : null;
        }

        if (block.DescendantTrivia().Any(trivia => trivia.IsDirective))
        {
            return null;
        }

        string newLine = document.NewLine;
        List<TextChange> edits = [];
        for (int number = start.LineNumber; number <= end.LineNumber; number++)
        {
            TextLine line = text.Lines[number];
            string opening = number == start.LineNumber ? $"{indent}try{newLine}{indent}{{{newLine}" : "";
            bool isBlank = text.ToString(line.Span).Trim().Length == 0;
            if (IsInsideToken(line, block))
            {
                return null;
            }

            if (!isBlank)
            {
                edits.Add(new(new TextSpan(line.Start, 0), opening + Indentation));
            }
        }

        edits.Add(new(new TextSpan(end.End, 0), $"{newLine}{indent}}}{newLine}{indent}catch{newLine}{indent}{{{newLine}{indent}{Indentation}{connection}.Dispose();{newLine}{indent}{Indentation}throw;{newLine}{indent}}}"));
        return [.. edits];
    }

    // A line inside a literal is text.
    private static bool IsInsideToken(TextLine line, SyntaxNode around) => around.FindToken(line.Start).Span is var token && token.Start < line.Start && token.End > line.Start;

    // A goto may not jump over a using declaration.
    private static bool IsJumpedOver(StatementSyntax statement) => statement.Parent is BlockSyntax block && block.Statements.Any(other => other is LabeledStatementSyntax);
}
