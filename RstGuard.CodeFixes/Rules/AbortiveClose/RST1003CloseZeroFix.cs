using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST1003: disposes instead, which closes in the background. A socket that nothing shut down before is shut down first, so that an
/// operation that is still pending does not make the runtime abort all the same; a stream does so itself.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST1003CloseZeroFix))]
public sealed class RST1003CloseZeroFix() : SocketFix(Catalogue.CloseZero, "RST1003")
{
    private const string Dispose = "Dispose()";

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
        var disposes = ImmutableArray.Create(new TextChange(TextSpan.FromBounds(name.SpanStart, call.Span.End), Dispose));
        if (isStream)
        {
            return disposes;
        }

        return GuardedShutdown.Before(call, document) is not { } shutdown ? ImmutableArray<TextChange>.Empty
            : shutdown.IsThere() ? disposes
            : shutdown.Write("Send", Dispose);
    }
}
