using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Rules;

/// <summary>
/// RST3004: moves the close that ends a try into its finally. Where it can't move, or where an exception from <c>Shutdown</c> would hide another
/// one, what <c>Shutdown</c> throws is caught at the call.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST3004ThrowingShutdownSkipsCloseFix))]
public sealed class RST3004ThrowingShutdownSkipsCloseFix() : SocketFix(Catalogue.ThrowingShutdownSkipsClose, "RST3004")
{
    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        // Asked of the place as it is now: another fix may have been there.
        if (node is not InvocationExpressionSyntax call || StatementOf(call) is not { } shutdown
            || document.BodyAround(call) is not { } body
            || SkippedClose.In(body, document.CancellationToken).FirstOrDefault(skipped => skipped.Shutdown.Operation.Syntax == call) is not { Close: { } skippedClose })
        {
            return ImmutableArray<TextChange>.Empty;
        }

        ImmutableArray<TextChange> moved = skippedClose.Operation.Syntax is InvocationExpressionSyntax other && StatementOf(other) is { } close
            ? MoveToFinally(shutdown, close, document)
            : ImmutableArray<TextChange>.Empty;
        return moved.IsEmpty ? GuardedShutdown.Guard(shutdown, document) : moved;
    }

    /// <summary>The statement that a call is, with its <c>?.</c> and <c>await</c>.</summary>
    private static ExpressionStatementSyntax? StatementOf(InvocationExpressionSyntax call)
    {
        SyntaxNode whole = call;
        while (whole.Parent is ConditionalAccessExpressionSyntax or AwaitExpressionSyntax or ParenthesizedExpressionSyntax)
        {
            whole = whole.Parent;
        }

        return whole.Parent as ExpressionStatementSyntax;
    }

    private static ImmutableArray<TextChange> MoveToFinally(ExpressionStatementSyntax shutdown, ExpressionStatementSyntax close, FixedDocument document)
    {
        // Directly before the last statement, or what stands between would be skipped and the close would not.
        if (shutdown.Parent is not BlockSyntax { Parent: TryStatementSyntax { Catches.Count: > 0 } attempt } block
            || close.Parent != block || block.Statements.Last() != close || block.Statements.IndexOf(shutdown) != block.Statements.Count - 2
            || close.GetLeadingTrivia().Concat(close.GetTrailingTrivia()).Concat(block.CloseBraceToken.LeadingTrivia).Any(trivia => FixedDocument.HoldsComment(new SyntaxTriviaList(trivia)))
            || NamesLocalOf(block, close))
        {
            return ImmutableArray<TextChange>.Empty;
        }

        string moved = document.Text.ToString(close.Span);
        TextLine line = document.Text.Lines.GetLineFromPosition(attempt.SpanStart);
        string indent = document.Text.ToString(TextSpan.FromBounds(line.Start, attempt.SpanStart));
        bool onOneLine = indent.Trim().Length > 0 || line.LineNumber == document.Text.Lines.GetLineFromPosition(attempt.Span.End).LineNumber;
        TextLine closeLine = document.Text.Lines.GetLineFromPosition(close.SpanStart);
        string inner = document.Text.ToString(TextSpan.FromBounds(closeLine.Start, close.SpanStart));
        if (attempt.Finally is { } last)
        {
            string separator = onOneLine || inner.Trim().Length > 0 ? " " : document.NewLine + inner;
            return ImmutableArray.Create(document.Remove(close.Span), new TextChange(new TextSpan(last.Block.OpenBraceToken.Span.End, 0), separator + moved));
        }

        string written = onOneLine || inner.Trim().Length > 0
            ? $" finally {{ {moved} }}"
            : string.Join(document.NewLine + indent, "", "finally", "{", inner.Substring(inner.StartsWith(indent, System.StringComparison.Ordinal) ? indent.Length : 0) + moved, "}");
        return ImmutableArray.Create(document.Remove(close.Span), new TextChange(new TextSpan(attempt.Catches.Last().Span.End, 0), written));
    }

    private static bool NamesLocalOf(BlockSyntax block, ExpressionStatementSyntax close)
    {
        ImmutableHashSet<string> declared = block.DescendantNodes()
            .Select(node => node switch
            {
                VariableDeclaratorSyntax variable => variable.Identifier.ValueText,
                SingleVariableDesignationSyntax variable => variable.Identifier.ValueText,
                _ => null,
            })
            .OfType<string>().ToImmutableHashSet();
        return close.DescendantNodes().OfType<IdentifierNameSyntax>().Any(name => declared.Contains(name.Identifier.ValueText));
    }
}
