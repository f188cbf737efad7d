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
            || DisposingCallback.In(body, document.CancellationToken).FirstOrDefault(callback => callback.Registration.Syntax == node) is not { Token: { } token } found
            || found.ClosesByCall || !ClosesOnly(found) || found.IsHandedOver || found.PendingElsewhere(document.CancellationToken) is not null
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
                return ScopeText.Unwrap(scope, document);
            case EqualsValueClauseSyntax { Parent: VariableDeclaratorSyntax { Parent: VariableDeclarationSyntax { Variables.Count: 1, Parent: UsingStatementSyntax scope } } variable }:
                return IsNamed(variable, document) ? null : ScopeText.Unwrap(scope, document);
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

    private static SyntaxNode Function(SyntaxNode node) => node.Ancestors().First(outer => outer is BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or CompilationUnitSyntax);
}
