using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;
using RstGuard.Sockets;

namespace RstGuard;

/// <summary>The document that a fix edits, and how text is taken out of it without leaving a trace.</summary>
internal sealed class FixedDocument(Document document, SyntaxNode root, SemanticModel model, SourceText text, CancellationToken cancellationToken)
{
    internal Document Document => document;
    internal SyntaxNode Root => root;
    internal SemanticModel Model => model;
    internal SourceText Text => text;
    internal CancellationToken CancellationToken => cancellationToken;

    /// <summary>What the rules see around <paramref name="node"/>; <see langword="null"/> where nothing is executed.</summary>
    internal SocketBody? BodyAround(SyntaxNode node)
    {
        SocketModel facts = SocketModel.For(model.Compilation);
        ISymbol? owner = model.GetEnclosingSymbol(node.SpanStart, cancellationToken);
        while (owner is IMethodSymbol { MethodKind: MethodKind.AnonymousFunction or MethodKind.LocalFunction })
        {
            owner = owner.ContainingSymbol;
        }

        return owner is not null && facts.OperationOf(node, cancellationToken) is { } operation ? facts.BodyOf(operation, owner, cancellationToken) : null;
    }

    /// <summary>The line end that the document uses.</summary>
    internal string NewLine => text.Lines[0] is var first && first.EndIncludingLineBreak - first.End == 2 ? "\r\n" : "\n";

    /// <summary>What stands between a statement and one that is written before it: a line end and the indentation, or a blank where others share the line.</summary>
    internal string SeparatorBefore(SyntaxNode statement)
    {
        TextLine line = text.Lines.GetLineFromPosition(statement.SpanStart);
        return IsBlank(line.Start, statement.SpanStart) ? NewLine + text.ToString(TextSpan.FromBounds(line.Start, statement.SpanStart)) : " ";
    }

    /// <summary>
    /// Takes <paramref name="span"/> out: with its lines when nothing else stands on them, else with the blanks on one side of it.
    /// </summary>
    internal TextChange Remove(TextSpan span)
    {
        TextLine firstLine = text.Lines.GetLineFromPosition(span.Start);
        TextLine lastLine = text.Lines.GetLineFromPosition(span.End);
        bool nothingBefore = IsBlank(firstLine.Start, span.Start);
        bool nothingAfter = IsBlank(span.End, lastLine.End);
        if (nothingBefore && nothingAfter)
        {
            int end = lastLine.EndIncludingLineBreak;
            // Of two empty lines around it, or one at the beginning of a block, one is enough.
            bool gapBefore = firstLine.LineNumber > 0 && text.Lines[firstLine.LineNumber - 1] is var before
                && (IsBlank(before.Start, before.End) || text.ToString(before.Span).TrimEnd().EndsWith("{", System.StringComparison.Ordinal));
            if (gapBefore && lastLine.LineNumber + 1 < text.Lines.Count && text.Lines[lastLine.LineNumber + 1] is var after && IsBlank(after.Start, after.End))
            {
                end = after.EndIncludingLineBreak;
            }

            return new TextChange(TextSpan.FromBounds(firstLine.Start, end), "");
        }

        int from = span.Start;
        int to = span.End;
        if (nothingBefore)
        {
            while (to < lastLine.End && IsBlank(to, to + 1))
            {
                to++;
            }
        }
        else
        {
            while (from > firstLine.Start && IsBlank(from - 1, from))
            {
                from--;
            }
        }

        return new TextChange(TextSpan.FromBounds(from, to), "");
    }

    /// <summary>
    /// Takes out the statement that <paramref name="expression"/> is, with an <c>if</c> or <c>else</c> that holds nothing else; empty where it is
    /// no statement, or its absence would change more.
    /// </summary>
    internal ImmutableArray<TextChange> RemoveStatement(ExpressionSyntax expression)
    {
        ExpressionSyntax whole = expression;
        while ((whole.Parent is ConditionalAccessExpressionSyntax access && access.WhenNotNull == whole && HasNoEffect(access.Expression))
            || whole.Parent is ParenthesizedExpressionSyntax)
        {
            whole = (ExpressionSyntax)whole.Parent!;
        }

        if (whole.Parent is not ExpressionStatementSyntax statement)
        {
            return ImmutableArray<TextChange>.Empty;
        }

        return statement.Parent switch
        {
            BlockSyntax or GlobalStatementSyntax => ImmutableArray.Create(Remove(statement.Span)),
            SwitchSectionSyntax section when section.Statements.Count > 1 => ImmutableArray.Create(Remove(statement.Span)),
            ElseClauseSyntax otherwise => ImmutableArray.Create(Remove(otherwise.Span)),
            IfStatementSyntax { Else: null, Parent: BlockSyntax } condition when HasNoEffect(condition.Condition) && !HoldsComment(statement.GetLeadingTrivia())
                && !condition.DescendantTrivia().Any(t => t.IsDirective) => ImmutableArray.Create(Remove(condition.Span)),
            IfStatementSyntax or WhileStatementSyntax or ForStatementSyntax or CommonForEachStatementSyntax or LockStatementSyntax or UsingStatementSyntax or FixedStatementSyntax =>
                ImmutableArray.Create(new TextChange(statement.Span, "{ }")),
            _ => ImmutableArray<TextChange>.Empty,
        };
    }

    /// <summary>Whether evaluating <paramref name="expression"/> does nothing that its absence would change.</summary>
    internal static bool HasNoEffect(SyntaxNode expression) => expression.DescendantNodesAndSelf().All(node => node switch
    {
        AssignmentExpressionSyntax assignment => assignment.Parent.IsKind(SyntaxKind.ObjectInitializerExpression),
        AwaitExpressionSyntax or PostfixUnaryExpressionSyntax { RawKind: not (int)SyntaxKind.SuppressNullableWarningExpression } => false,
        InvocationExpressionSyntax invocation => invocation.Expression is IdentifierNameSyntax { Identifier.Text: "nameof" },
        PrefixUnaryExpressionSyntax prefix => !prefix.IsKind(SyntaxKind.PreIncrementExpression) && !prefix.IsKind(SyntaxKind.PreDecrementExpression),
        DeclarationExpressionSyntax or SingleVariableDesignationSyntax or ThrowExpressionSyntax => false,
        _ => true,
    });

    internal static bool HoldsComment(SyntaxTriviaList trivia) =>
        trivia.Any(t => !t.IsKind(SyntaxKind.WhitespaceTrivia) && !t.IsKind(SyntaxKind.EndOfLineTrivia));

    private bool IsBlank(int from, int to)
    {
        for (int i = from; i < to; i++)
        {
            if (!char.IsWhiteSpace(text[i]))
            {
                return false;
            }
        }

        return true;
    }
}
