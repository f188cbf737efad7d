using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;
using Microsoft.CodeAnalysis.Text;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST2005: gives the token to each operation that the callback would have cut off, and takes the registration away. Offered where
/// all those operations have an overload with a token, and where something else closes the socket as well.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST2005CancellingByDisposingFix))]
public sealed class RST2005CancellingByDisposingFix() : SocketFix(Catalogue.CancellingByDisposing, "RST2005")
{
    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        if (node is not InvocationExpressionSyntax registration
            || document.BodyAround(node) is not { } body
            || DisposingCallback.In(body).FirstOrDefault(callback => callback.Registration.Syntax == node) is not { Token: { } token } found
            || !ClosesOnly(found) || found.IsHandedOver || found.PendingElsewhere(document.CancellationToken) is not null
            || !IsClosedElsewhere(found, body, document)
            || !FixedDocument.HasNoEffect(token.Syntax)
            || Remove(registration, document) is not { } removal)
        {
            return ImmutableArray<TextChange>.Empty;
        }

        List<TextChange> edits = [.. removal];
        string text = token.Syntax.ToString();
        foreach (SocketOperation pending in found.Pending)
        {
            if (pending.Operation.Syntax is not InvocationExpressionSyntax call
                || Paths.FunctionOf(pending.Operation) != Paths.FunctionOf(found.Registration)
                || TokenArgument.Add(call, text, document) is not { } added)
            {
                return ImmutableArray<TextChange>.Empty;
            }

            edits.AddRange(added);
        }

        return edits.ToImmutableArray();
    }

    private static bool ClosesOnly(DisposingCallback callback) => callback.Close is IMethodReferenceOperation || callback.Close.Syntax.Ancestors().TakeWhile(node => node is not AnonymousFunctionExpressionSyntax).All(node => node switch
    {
        ConditionalAccessExpressionSyntax or ExpressionStatementSyntax => true,
        BlockSyntax block => block.Statements.Count == 1,
        _ => false,
    });

    private static bool IsClosedElsewhere(DisposingCallback callback, SocketBody body, FixedDocument document) =>
        callback.Holder is IParameterSymbol
        || body.Operations.Any(operation => operation.Kind == SocketOperationKind.Close && operation.Operation != callback.Close
            && SymbolEqualityComparer.Default.Equals(body.LocalAliases.HolderOf(operation), callback.Holder))
        || (body.Owner.ContainingType is { } type && body.Model.FactsOf(type, document.CancellationToken).Connections.Any(connection =>
            SymbolEqualityComparer.Default.Equals(connection.Field, callback.Holder)
            && connection.Bodies.Any(part => part.Use.ClosesInOrder.Any(close => close.Operation != callback.Close))));

    private static TextChange[]? Remove(InvocationExpressionSyntax registration, FixedDocument document)
    {
        switch (registration.Parent)
        {
            case ExpressionStatementSyntax { Parent: BlockSyntax or GlobalStatementSyntax } statement:
                return [document.Remove(statement.Span)];
            case EqualsValueClauseSyntax { Parent: VariableDeclaratorSyntax { Parent: VariableDeclarationSyntax { Variables.Count: 1, Parent: LocalDeclarationStatementSyntax { Parent: BlockSyntax or GlobalStatementSyntax } statement } } variable }:
                return IsNamed(variable, document) ? null : [document.Remove(statement.Span)];
            case UsingStatementSyntax scope:
                return Unwrap(scope, document);
            case EqualsValueClauseSyntax { Parent: VariableDeclaratorSyntax { Parent: VariableDeclarationSyntax { Variables.Count: 1, Parent: UsingStatementSyntax scope } } variable }:
                return IsNamed(variable, document) ? null : Unwrap(scope, document);
            default:
                return null;
        }
    }

    private static bool IsNamed(VariableDeclaratorSyntax variable, FixedDocument document)
    {
        ISymbol? local = document.Model.GetDeclaredSymbol(variable, document.CancellationToken);
        return Function(variable).DescendantNodes().OfType<IdentifierNameSyntax>().Any(name =>
            name.Identifier.ValueText == variable.Identifier.ValueText
            && SymbolEqualityComparer.Default.Equals(document.Model.GetSymbolInfo(name, document.CancellationToken).Symbol, local));
    }

    /// <summary>Takes the scope away and leaves what is in it, with the indentation of the scope.</summary>
    private static TextChange[]? Unwrap(UsingStatementSyntax scope, FixedDocument document)
    {
        if (scope.AwaitKeyword.RawKind != 0)
        {
            return null;
        }

        if (scope.Statement is not BlockSyntax block || scope.Parent is not (BlockSyntax or GlobalStatementSyntax))
        {
            return FixedDocument.HoldsComment(scope.CloseParenToken.TrailingTrivia) ? null : [new(TextSpan.FromBounds(scope.SpanStart, scope.Statement.SpanStart), "")];
        }

        if (block.Statements.Count == 0 || Clashes(block))
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
                new(TextSpan.FromBounds(scope.SpanStart, block.Statements[0].SpanStart), ""),
                new(TextSpan.FromBounds(block.Statements[block.Statements.Count - 1].Span.End, block.Span.End), ""),
            ];
        }

        int indent = scope.SpanStart - first.Start;
        int inner = block.Statements[0].SpanStart - text.Lines.GetLineFromPosition(block.Statements[0].SpanStart).Start;
        if (FixedDocument.HoldsComment(block.OpenBraceToken.TrailingTrivia) || FixedDocument.HoldsComment(scope.CloseParenToken.TrailingTrivia) || inner <= indent
            || text.ToString(TextSpan.FromBounds(first.Start, scope.SpanStart)).Trim().Length > 0
            || text.ToString(TextSpan.FromBounds(opening.Start, opening.End)).Trim() != "{"
            || text.ToString(closing.Span).Trim() != "}")
        {
            return null;
        }

        List<TextChange> edits = [new(TextSpan.FromBounds(first.Start, opening.EndIncludingLineBreak), "")];
        for (int number = opening.LineNumber + 1; number < closing.LineNumber; number++)
        {
            TextLine line = text.Lines[number];
            // A line inside a literal is text.
            if (scope.FindToken(line.Start).Span is var token && token.Start < line.Start && token.End > line.Start)
            {
                return null;
            }

            int blanks = text.ToString(line.Span).TakeWhile(c => c == ' ' || c == '\t').Count();
            if (blanks > 0)
            {
                edits.Add(new(new TextSpan(line.Start, System.Math.Min(blanks, inner - indent)), ""));
            }
        }

        edits.Add(new(TextSpan.FromBounds(closing.Start, closing.EndIncludingLineBreak), ""));
        return [.. edits];
    }

    // A name that the block declares may be declared again elsewhere in the function.
    private static bool Clashes(BlockSyntax block)
    {
        HashSet<string> names = [.. Declared(block)];
        return names.Count > 0 && Function(block).DescendantNodes(node => node != block).Any(node => Name(node) is { } name && names.Contains(name));
    }

    private static IEnumerable<string> Declared(BlockSyntax block) => block.DescendantNodes().Select(Name).OfType<string>();

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
