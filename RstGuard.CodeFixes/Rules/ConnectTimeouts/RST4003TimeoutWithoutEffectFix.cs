using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Rules;

/// <summary>RST4003: takes the assignment away, where nothing else depends on it; the program keeps doing what it does.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST4003TimeoutWithoutEffectFix))]
public sealed class RST4003TimeoutWithoutEffectFix() : SocketFix(Catalogue.TimeoutWithoutEffect, "RST4003")
{
    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic) => node switch
    {
        AssignmentExpressionSyntax assignment when !FixedDocument.HasNoEffect(assignment.Left) || !FixedDocument.HasNoEffect(assignment.Right) || UsesLocal(assignment.Right, document) =>
            ImmutableArray<TextChange>.Empty,
        AssignmentExpressionSyntax { Parent: InitializerExpressionSyntax initializer } member => LingerFix.RemoveMember(member, initializer, document),
        AssignmentExpressionSyntax assignment => document.RemoveStatement(assignment),
        _ => ImmutableArray<TextChange>.Empty,
    };

    // A local that nobody else reads would be left behind, with a compiler warning.
    private static bool UsesLocal(ExpressionSyntax value, FixedDocument document) =>
        value.DescendantNodesAndSelf().OfType<IdentifierNameSyntax>().Any(name => document.Model.GetSymbolInfo(name, document.CancellationToken).Symbol is ILocalSymbol);
}
