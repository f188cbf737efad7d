using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Rules;

/// <summary>RST7004: takes the setting away, so that .NET's own limits hold: 1 MiB and 2 s.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST7004NoResponseDrainFix))]
public sealed class RST7004NoResponseDrainFix() : SocketFix(Catalogue.NoResponseDrain, "RST7004")
{
    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic) => node switch
    {
        AssignmentExpressionSyntax assignment when !FixedDocument.HasNoEffect(assignment.Left) || !FixedDocument.HasNoEffect(assignment.Right) => ImmutableArray<TextChange>.Empty,
        AssignmentExpressionSyntax { Parent: InitializerExpressionSyntax initializer } member => LingerFix.RemoveMember(member, initializer, document),
        AssignmentExpressionSyntax assignment => document.RemoveStatement(assignment),
        _ => ImmutableArray<TextChange>.Empty,
    };
}
