using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST3001: closes the connection. One that stays in the method gets a <c>using</c>; one that is given away gets a catch that closes it
/// when something fails before that; one that nobody takes is closed where it is accepted; one that a field forgets, before it is forgotten.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST3001ConnectionNeverClosedFix))]
public sealed class RST3001ConnectionNeverClosedFix() : SocketFix(Catalogue.ConnectionNeverClosed, "RST3001")
{
    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        if (node is not ExpressionSyntax || document.BodyAround(node) is not { } body)
        {
            return ImmutableArray<TextChange>.Empty;
        }

        if (node is AssignmentExpressionSyntax { Left: var field, Parent: ExpressionStatementSyntax statement })
        {
            return ForgottenConnection.In(body, document.CancellationToken).Any(forgotten => forgotten.Forgotten.Syntax == node && !IsSkippedByThrow(forgotten))
                ? ImmutableArray.Create(new TextChange(new TextSpan(statement.SpanStart, 0), $"{field}?.Dispose();{document.SeparatorBefore(statement)}"))
                : ImmutableArray<TextChange>.Empty;
        }

        if (LeakedConnection.In(body, document.CancellationToken).FirstOrDefault(leak => leak.Origin.Syntax == node) is not { } found)
        {
            return ImmutableArray<TextChange>.Empty;
        }

        TextChange[]? edits = null;
        if (found.Kind == LeakKind.Dropped)
        {
            edits = Dispose((ExpressionSyntax)node);
        }
        else if (found.Holder is ILocalSymbol local)
        {
            edits = StaysHere(found, body) ? ClosedOnFailure.Using(local, document) is { } scope ? [scope] : null
                : found.Kind is LeakKind.LeftOnFailure or LeakKind.HandOverFails ? OnFailure(found, document)
                : null;
        }

        return edits?.ToImmutableArray() ?? ImmutableArray<TextChange>.Empty;
    }

    /// <summary>An exception of the shutdown would pass a close by that stands after it in one try, or in a handler.</summary>
    private static bool IsSkippedByThrow(ForgottenConnection forgotten) => forgotten.Kind == ForgottenKind.Abandoned
        && forgotten.Failing.Syntax.Ancestors().Any(outer => outer is TryStatementSyntax or CatchClauseSyntax or FinallyClauseSyntax && outer.Span.Contains(forgotten.Forgotten.Syntax.Span));

    /// <summary>Nobody else gets it: whatever closes it now, the end of a scope may close it as well.</summary>
    private static bool StaysHere(LeakedConnection leak, SocketBody body) => body.LocalAliases.HandOversOf(leak.Holder!).IsEmpty;

    private static TextChange[]? Dispose(ExpressionSyntax accept)
    {
        ExpressionSyntax whole = accept;
        while (whole.Parent is AwaitExpressionSyntax or MemberAccessExpressionSyntax or InvocationExpressionSyntax)
        {
            whole = (ExpressionSyntax)whole.Parent;
        }

        return whole.Parent is not ExpressionStatementSyntax ? null
            : whole is AwaitExpressionSyntax ? [new(new TextSpan(whole.SpanStart, 0), "("), new(new TextSpan(whole.Span.End, 0), ").Dispose()")]
            : [new(new TextSpan(whole.Span.End, 0), ".Dispose()")];
    }

    private static TextChange[]? OnFailure(LeakedConnection leak, FixedDocument document)
    {
        StatementSyntax? opening = StatementOf(leak.Opened!.Syntax);
        if (opening?.Parent is not BlockSyntax block)
        {
            return null;
        }

        // What is declared there is used after it, so that it must stay outside.
        int index = block.Statements.IndexOf(opening);
        StatementSyntax? first = opening is LocalDeclarationStatementSyntax ? (index + 1 < block.Statements.Count ? block.Statements[index + 1] : null) : opening;
        StatementSyntax? given = leak.Ends!.All.Count > 0 ? block.Statements.FirstOrDefault(statement => statement.Span.Contains(leak.Ends.All[leak.Ends.All.Count - 1].Syntax.Span)) : null;
        if (first is null || given is null || leak.Ends.All.Any(end => !block.Span.Contains(end.Syntax.Span)))
        {
            return null;
        }

        // After the hand-over it is no longer this method's to close.
        int last = block.Statements.IndexOf(given);
        if (leak.Ends.All.Select(end => block.Statements.First(statement => statement.Span.Contains(end.Syntax.Span))).Distinct().Count() > 1
            || block.Statements.Skip(last + 1).Any(statement => statement is not ReturnStatementSyntax { Expression: null or IdentifierNameSyntax or LiteralExpressionSyntax or MemberAccessExpressionSyntax }))
        {
            return null;
        }

        return ClosedOnFailure.TryToTheEndOfTheBlock(first, leak.Holder!.Name, document);
    }

    private static StatementSyntax? StatementOf(SyntaxNode node)
    {
        StatementSyntax? statement = node.FirstAncestorOrSelf<StatementSyntax>();
        while (statement is { Parent: { } parent and not (BlockSyntax or GlobalStatementSyntax) })
        {
            statement = parent.FirstAncestorOrSelf<StatementSyntax>();
        }

        return statement;
    }
}
