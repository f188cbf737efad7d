using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Rules;

/// <summary>
/// RST4002: closes the connection when the time is over: at the beginning of the branch for the timeout, by a catch around a wait that
/// throws, or by <c>using</c> where the connection stays in the method. Closing ends the connect: no late connection comes to be.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST4002TimedOutConnectNotClosedFix))]
public sealed class RST4002TimedOutConnectNotClosedFix() : SocketFix(Catalogue.TimedOutConnectNotClosed, "RST4002")
{
    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        if (node is not InvocationExpressionSyntax
            || document.BodyAround(node) is not { } body
            || TimedConnect.In(body, document.CancellationToken).FirstOrDefault(connect => connect.Wait.Wait.Syntax == node) is not { IsClosedLater: false } found)
        {
            return ImmutableArray<TextChange>.Empty;
        }

        if (found.Holder is ILocalSymbol local && found.Ends.All.Count == 0)
        {
            return ClosedOnFailure.Using(local, document) is { } scope ? ImmutableArray.Create(scope) : ImmutableArray<TextChange>.Empty;
        }

        if (NameOf(found) is not { } connection)
        {
            return ImmutableArray<TextChange>.Empty;
        }

        return (found.Wait.Ends?.TimedOut is { } branch ? AtTheBeginning((StatementSyntax)branch.Syntax, connection, document)
            : found.Wait.Wait.TargetMethod.Name == "WaitAsync" ? AroundTheWait(node, connection, document)
            : null)?.ToImmutableArray() ?? ImmutableArray<TextChange>.Empty;
    }

    /// <summary>The connection as the code names it, when that is a name and no more.</summary>
    private static string? NameOf(TimedConnect found) => ((InvocationExpressionSyntax)found.Wait.Call.Syntax).Expression switch
    {
        MemberAccessExpressionSyntax { Expression: IdentifierNameSyntax or MemberAccessExpressionSyntax { Expression: ThisExpressionSyntax } } access => access.Expression.ToString(),
        _ => null,
    };

    private static TextChange[]? AtTheBeginning(StatementSyntax branch, string connection, FixedDocument document)
    {
        if (branch is not BlockSyntax block)
        {
            return FixedDocument.HoldsComment(branch.GetLeadingTrivia()) ? null : [new(new TextSpan(branch.SpanStart, 0), $"{{ {connection}.Dispose(); "), new(new TextSpan(branch.Span.End, 0), " }")];
        }

        if (block.Statements.Count == 0)
        {
            return null;
        }

        StatementSyntax first = block.Statements[0];
        TextLine line = document.Text.Lines.GetLineFromPosition(first.SpanStart);
        string before = document.Text.ToString(TextSpan.FromBounds(line.Start, first.SpanStart));
        return [new(new TextSpan(first.SpanStart, 0), $"{connection}.Dispose();{(before.Trim().Length == 0 ? document.NewLine + before : " ")}")];
    }

    private static TextChange[]? AroundTheWait(SyntaxNode wait, string connection, FixedDocument document)
    {
        StatementSyntax? statement = wait.FirstAncestorOrSelf<StatementSyntax>();
        return statement is ExpressionStatementSyntax ? ClosedOnFailure.Try(statement, statement, connection, document) : null;
    }
}
