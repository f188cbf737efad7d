using System.Collections.Generic;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>RST3002: <c>ownsSocket: true</c>, and of a TLS stream over it <c>leaveInnerStreamOpen: false</c>.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST3002NonOwningStreamFix))]
public sealed class RST3002NonOwningStreamFix() : SocketFix(Catalogue.NonOwningStream, "RST3002")
{
    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        if (node is not BaseObjectCreationExpressionSyntax { ArgumentList: { Arguments.Count: > 0 } list } creation || TypeOf(creation, document) is not { } constructor)
        {
            return ImmutableArray<TextChange>.Empty;
        }

        KnownTypes types = SocketModel.For(document.Model.Compilation).Types;
        List<TextChange> edits = [];
        if (KnownTypes.Is(constructor.ContainingType, types.NetworkStream))
        {
            if (ArgumentFor("ownsSocket", list, constructor) is not { } said)
            {
                edits.Add(new TextChange(new TextSpan(list.Arguments.Last().Span.End, 0), ", ownsSocket: true"));
            }
            else if (document.Model.GetConstantValue(said.Expression, document.CancellationToken).Value is false)
            {
                edits.Add(new TextChange(said.Expression.Span, "true"));
            }

            // What the TLS stream over it leaves open would stay open still.
            if (edits.Count > 0 && creation.Parent is ArgumentSyntax { Parent: ArgumentListSyntax { Parent: BaseObjectCreationExpressionSyntax outer } } && TypeOf(outer, document) is { } over)
            {
                edits.AddRange(CloseInner(outer, over, document));
            }
        }
        else
        {
            edits.AddRange(CloseInner(creation, constructor, document));
        }

        return edits.ToImmutableArray();
    }

    private static IMethodSymbol? TypeOf(BaseObjectCreationExpressionSyntax creation, FixedDocument document) =>
        document.Model.GetSymbolInfo(creation, document.CancellationToken).Symbol as IMethodSymbol;

    private static IEnumerable<TextChange> CloseInner(BaseObjectCreationExpressionSyntax creation, IMethodSymbol constructor, FixedDocument document)
    {
        if (ArgumentFor("leaveInnerStreamOpen", creation.ArgumentList!, constructor) is { } leaves
            && document.Model.GetConstantValue(leaves.Expression, document.CancellationToken).Value is true)
        {
            yield return new TextChange(leaves.Expression.Span, "false");
        }
    }

    private static ArgumentSyntax? ArgumentFor(string parameter, BaseArgumentListSyntax list, IMethodSymbol constructor)
    {
        for (int i = 0; i < list.Arguments.Count; i++)
        {
            string? name = list.Arguments[i].NameColon?.Name.Identifier.ValueText ?? (i < constructor.Parameters.Length ? constructor.Parameters[i].Name : null);
            if (name == parameter)
            {
                return list.Arguments[i];
            }
        }

        return null;
    }
}
