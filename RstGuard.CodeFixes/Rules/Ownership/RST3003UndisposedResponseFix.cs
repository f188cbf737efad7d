using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Rules;

/// <summary>RST3003: <c>using</c> before the declaration. What is declared without a name of its own, and C# before 8, is left to a person.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST3003UndisposedResponseFix))]
public sealed class RST3003UndisposedResponseFix() : SocketFix(Catalogue.UndisposedResponse, "RST3003", fixesAll: false)
{
    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        SyntaxNode value = node;
        while (value.Parent is AwaitExpressionSyntax or ParenthesizedExpressionSyntax or MemberAccessExpressionSyntax or InvocationExpressionSyntax)
        {
            value = value.Parent;
        }

        return value.Parent is EqualsValueClauseSyntax { Parent: VariableDeclaratorSyntax { Parent: VariableDeclarationSyntax { Variables.Count: 1, Parent: LocalDeclarationStatementSyntax declaration } } }
            && declaration.Parent is BlockSyntax or GlobalStatementSyntax
            && declaration.UsingKeyword.RawKind == 0
            && document.Root.SyntaxTree.Options is CSharpParseOptions { LanguageVersion: >= LanguageVersion.CSharp8 }
            && !declaration.Modifiers.Any()
                ? ImmutableArray.Create(new TextChange(new TextSpan(declaration.SpanStart, 0), "using "))
                : ImmutableArray<TextChange>.Empty;
    }
}
