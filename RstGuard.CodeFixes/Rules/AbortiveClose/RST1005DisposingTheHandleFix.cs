using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST1005: closes the socket, or the client whose socket it is, instead of the handle under it. <c>Close()</c> is <c>Dispose()</c>, which
/// analyzers of ownership would ask questions about.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST1005DisposingTheHandleFix))]
public sealed class RST1005DisposingTheHandleFix() : SocketFix(Catalogue.DisposingTheHandle, "RST1005")
{
    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        // A local that holds the handle may serve other calls; where the socket is to be disposed of is for a person to say.
        if (node is not InvocationExpressionSyntax { ArgumentList.Arguments.Count: 0 } call
            || Owner(call.Expression) is not { } handle
            || NameOf(handle) is not { Identifier.ValueText: "SafeHandle" } name
            || !IsMember(name, "SafeHandle", SocketModel.For(document.Model.Compilation).Types.Socket, document))
        {
            return ImmutableArray<TextChange>.Empty;
        }

        // client.Client.SafeHandle.Dispose(): the client is what is to be closed.
        SimpleNameSyntax from = Owner(handle) is { } socket && NameOf(socket) is { } client && IsMember(client, "Client", SocketModel.For(document.Model.Compilation).Types.TcpClient, document)
            ? client
            : name;
        if (IsDisposedNext(call, from, document) && document.RemoveStatement(call) is { IsEmpty: false } removal)
        {
            return removal;
        }

        return ImmutableArray.Create(new TextChange(TextSpan.FromBounds(from.SpanStart, call.Span.End), "Close()"));
    }

    /// <summary>What a member is read from or called on, where the text names it.</summary>
    private static ExpressionSyntax? Owner(ExpressionSyntax expression) => expression switch
    {
        MemberAccessExpressionSyntax access => access.Expression is PostfixUnaryExpressionSyntax suppressed ? suppressed.Operand : access.Expression,
        MemberBindingExpressionSyntax binding => binding.Ancestors().OfType<ConditionalAccessExpressionSyntax>().FirstOrDefault(access => access.WhenNotNull.Span.Contains(binding.Span))?.Expression,
        _ => null,
    };

    private static SimpleNameSyntax? NameOf(ExpressionSyntax expression) => expression switch
    {
        MemberAccessExpressionSyntax access => access.Name,
        MemberBindingExpressionSyntax binding => binding.Name,
        SimpleNameSyntax name => name,
        _ => null,
    };

    private static bool IsMember(SimpleNameSyntax name, string member, INamedTypeSymbol? type, FixedDocument document) =>
        name.Identifier.ValueText == member
        && document.Model.GetSymbolInfo(name, document.CancellationToken).Symbol is IPropertySymbol property && KnownTypes.Is(property.ContainingType, type);

    /// <summary>The next statement disposes of the same object.</summary>
    private static bool IsDisposedNext(InvocationExpressionSyntax call, SimpleNameSyntax from, FixedDocument document)
    {
        if (call.FirstAncestorOrSelf<ExpressionStatementSyntax>() is not { Parent: BlockSyntax block } statement
            || !FixedDocument.HasNoEffect(call.Expression)
            || block.Statements.IndexOf(statement) + 1 is var next && next >= block.Statements.Count)
        {
            return false;
        }

        string receiver = document.Text.ToString(TextSpan.FromBounds(statement.SpanStart, from.SpanStart));
        string following = block.Statements[next].ToString();
        return following == receiver + "Dispose();" || following == receiver + "Close();";
    }
}
