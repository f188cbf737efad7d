using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Rules;

/// <summary>
/// RST2008: shuts down sending alone, so that the reply can come. Not offered in code that speaks HTTP/1.x: a server may take the
/// half-close for the end, and drop its answer.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST2008ShutdownBothBeforeReplyFix))]
public sealed class RST2008ShutdownBothBeforeReplyFix() : SocketFix(Catalogue.ShutdownBothBeforeReply, "RST2008")
{
    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        if (node is not InvocationExpressionSyntax { ArgumentList.Arguments: { Count: 1 } arguments }
            || !diagnostic.Properties.TryGetValue(DiagnosticProperties.SpeaksHttp, out string? speaksHttp) || speaksHttp != "false")
        {
            return ImmutableArray<TextChange>.Empty;
        }

        SimpleNameSyntax? direction = arguments[0].Expression switch
        {
            MemberAccessExpressionSyntax access => access.Name,
            SimpleNameSyntax name => name,
            _ => null,
        };
        return direction?.Identifier.Text == "Both"
            && document.Model.GetSymbolInfo(direction, document.CancellationToken).Symbol is IFieldSymbol { ContainingType.Name: "SocketShutdown" }
            ? ImmutableArray.Create(new TextChange(direction.Span, "Send"))
            : ImmutableArray<TextChange>.Empty;
    }
}
