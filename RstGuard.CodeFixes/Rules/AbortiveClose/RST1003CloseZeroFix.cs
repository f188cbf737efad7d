using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST1003: closes without a timeout, which returns as fast and delivers in the background. A socket that nothing shut down before is shut down first, so that an
/// operation that is still pending does not make the runtime abort all the same; a stream does so itself.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST1003CloseZeroFix))]
public sealed class RST1003CloseZeroFix() : SocketFix(Catalogue.CloseZero, "RST1003")
{
    // The same as Dispose(), which analyzers of ownership would ask questions about: may it be disposed here (IDISP007), why not using (IDISP017).
    private const string Close = "Close()";

    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        // The default of a parameter is what callers see: which one it should be is theirs to say.
        if (node is not InvocationExpressionSyntax { ArgumentList.Arguments: { Count: 1 } arguments } call
            || !FixedDocument.HasNoEffect(arguments[0].Expression)
            || document.Model.GetSymbolInfo(arguments[0].Expression, document.CancellationToken).Symbol is IParameterSymbol
            || document.Model.GetSymbolInfo(call, document.CancellationToken).Symbol is not IMethodSymbol { Name: "Close", Parameters.Length: 1 } method)
        {
            return ImmutableArray<TextChange>.Empty;
        }

        KnownTypes types = SocketModel.For(document.Model.Compilation).Types;
        bool isStream = KnownTypes.Is(method.ContainingType, types.NetworkStream);
        if (!isStream && !KnownTypes.Is(method.ContainingType, types.Socket))
        {
            return ImmutableArray<TextChange>.Empty;
        }

        SimpleNameSyntax name = call.Expression switch
        {
            MemberAccessExpressionSyntax access => access.Name,
            MemberBindingExpressionSyntax binding => binding.Name,
            _ => (SimpleNameSyntax)call.Expression,
        };
        var closes = ImmutableArray.Create(new TextChange(TextSpan.FromBounds(name.SpanStart, call.Span.End), Close));
        if (isStream)
        {
            return closes;
        }

        return GuardedShutdown.Before(call, document) is not { } shutdown ? ImmutableArray<TextChange>.Empty
            : shutdown.IsThere() ? closes
            : shutdown.Write("Send", Close);
    }
}
