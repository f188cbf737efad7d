using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard;

/// <summary>Takes a <c>using</c> off a block, or puts one around its statements, and keeps the indentation.</summary>
internal static class ScopeText
{
    private const string Indentation = "    ";

    /// <summary>Takes the scope away and leaves what is in it, after <paramref name="instead"/>, with the indentation of the scope.</summary>
    internal static TextChange[]? Unwrap(UsingStatementSyntax scope, FixedDocument document, string? instead = null)
    {
        if (scope.AwaitKeyword.RawKind != 0 || FixedDocument.HoldsComment(scope.CloseParenToken.TrailingTrivia))
        {
            return null;
        }

        if (scope.Statement is not BlockSyntax block || scope.Parent is not (BlockSyntax or GlobalStatementSyntax))
        {
            return instead is null ? [new(TextSpan.FromBounds(scope.SpanStart, scope.Statement.SpanStart), "")] : null;
        }

        if (block.Statements.Count == 0 || Clashes(scope, instead is null ? block : scope))
        {
            return null;
        }

        SourceText text = document.Text;
        TextLine opening = text.Lines.GetLineFromPosition(block.OpenBraceToken.SpanStart);
        TextLine closing = text.Lines.GetLineFromPosition(block.CloseBraceToken.SpanStart);
        TextLine first = text.Lines.GetLineFromPosition(scope.SpanStart);
        if (opening.LineNumber == closing.LineNumber)
        {
            return [
                new(TextSpan.FromBounds(scope.SpanStart, block.Statements[0].SpanStart), instead is null ? "" : instead + " "),
                new(TextSpan.FromBounds(block.Statements[block.Statements.Count - 1].Span.End, block.Span.End), ""),
            ];
        }

        string indent = text.ToString(TextSpan.FromBounds(first.Start, scope.SpanStart));
        int inner = block.Statements[0].SpanStart - text.Lines.GetLineFromPosition(block.Statements[0].SpanStart).Start;
        if (FixedDocument.HoldsComment(block.OpenBraceToken.TrailingTrivia) || indent.Trim().Length > 0 || inner <= indent.Length || !StandAlone(opening, closing, text))
        {
            return null;
        }

        List<TextChange> edits = [new(TextSpan.FromBounds(first.Start, opening.EndIncludingLineBreak), instead is null ? "" : indent + instead + document.NewLine)];
        foreach (TextLine line in Between(opening, closing, text))
        {
            int blanks = text.ToString(line.Span).TakeWhile(c => c is ' ' or '\t').Count();
            if (IsInsideToken(line, scope))
            {
                return null;
            }

            if (blanks > 0)
            {
                edits.Add(new(new TextSpan(line.Start, System.Math.Min(blanks, inner - indent.Length)), ""));
            }
        }

        edits.Add(new(TextSpan.FromBounds(closing.Start, closing.EndIncludingLineBreak), ""));
        return [.. edits];
    }

    /// <summary>Puts <paramref name="header"/> and a block around all statements of <paramref name="block"/>.</summary>
    internal static TextChange[]? Wrap(BlockSyntax block, string header, FixedDocument document)
    {
        if (block.Statements.Count == 0)
        {
            return null;
        }

        SourceText text = document.Text;
        TextLine opening = text.Lines.GetLineFromPosition(block.OpenBraceToken.SpanStart);
        TextLine closing = text.Lines.GetLineFromPosition(block.CloseBraceToken.SpanStart);
        if (opening.LineNumber == closing.LineNumber)
        {
            return [
                new(new TextSpan(block.Statements[0].SpanStart, 0), header + " { "),
                new(new TextSpan(block.Statements[block.Statements.Count - 1].Span.End, 0), " }"),
            ];
        }

        TextLine first = text.Lines.GetLineFromPosition(block.Statements[0].SpanStart);
        string indent = text.ToString(TextSpan.FromBounds(first.Start, block.Statements[0].SpanStart));
        if (FixedDocument.HoldsComment(block.OpenBraceToken.TrailingTrivia) || indent.Trim().Length > 0 || !StandAlone(opening, closing, text, mayFollow: true)
            || block.DescendantTrivia().Any(trivia => trivia.IsDirective))
        {
            return null;
        }

        List<TextChange> edits = [new(new TextSpan(opening.EndIncludingLineBreak, 0), $"{indent}{header}{document.NewLine}{indent}{{{document.NewLine}")];
        foreach (TextLine line in Between(opening, closing, text))
        {
            if (IsInsideToken(line, block))
            {
                return null;
            }

            if (text.ToString(line.Span).Trim().Length > 0)
            {
                // The first edit stands at the start of the first line.
                if (line.LineNumber == opening.LineNumber + 1)
                {
                    edits[0] = new(edits[0].Span, edits[0].NewText + Indentation);
                }
                else
                {
                    edits.Add(new(new TextSpan(line.Start, 0), Indentation));
                }
            }
        }

        edits.Add(new(new TextSpan(closing.Start, 0), $"{indent}}}{document.NewLine}"));
        return [.. edits];
    }

    private static bool StandAlone(TextLine opening, TextLine closing, SourceText text, bool mayFollow = false)
    {
        string first = text.ToString(opening.Span).Trim();
        string last = text.ToString(closing.Span).Trim();
        return mayFollow ? first.EndsWith("{", System.StringComparison.Ordinal) && last.StartsWith("}", System.StringComparison.Ordinal) : first == "{" && last == "}";
    }

    private static IEnumerable<TextLine> Between(TextLine opening, TextLine closing, SourceText text)
    {
        for (int number = opening.LineNumber + 1; number < closing.LineNumber; number++)
        {
            yield return text.Lines[number];
        }
    }

    // A line inside a literal is text.
    private static bool IsInsideToken(TextLine line, SyntaxNode around) => around.FindToken(line.Start).Span is var token && token.Start < line.Start && token.End > line.Start;

    // A name that the scope declares may be declared again elsewhere in the function.
    private static bool Clashes(SyntaxNode scope, SyntaxNode declaring)
    {
        HashSet<string> names = [.. declaring.DescendantNodes().Select(Name).OfType<string>()];
        return names.Count > 0 && Function(scope).DescendantNodes(node => node != scope).Any(node => Name(node) is { } name && names.Contains(name));
    }

    private static string? Name(SyntaxNode node) => node switch
    {
        VariableDeclaratorSyntax variable => variable.Identifier.ValueText,
        SingleVariableDesignationSyntax designation => designation.Identifier.ValueText,
        LocalFunctionStatementSyntax function => function.Identifier.ValueText,
        ForEachStatementSyntax loop => loop.Identifier.ValueText,
        ParameterSyntax parameter => parameter.Identifier.ValueText,
        _ => null,
    };

    private static SyntaxNode Function(SyntaxNode node) => node.Ancestors().First(outer => outer is BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or CompilationUnitSyntax);
}
