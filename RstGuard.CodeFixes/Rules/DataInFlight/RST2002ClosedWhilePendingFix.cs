using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST2002: shuts the socket down before it is closed, so that the runtime closes with a FIN behind what is queued, and the pending
/// receive ends with 0 bytes.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST2002ClosedWhilePendingFix))]
public sealed class RST2002ClosedWhilePendingFix() : SocketFix(Catalogue.ClosedWhilePending, "RST2002")
{
    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic) =>
        diagnostic.Properties.TryGetValue(DiagnosticProperties.Form, out string? pending) && pending == DiagnosticProperties.PendingForms.Receive
        && node is InvocationExpressionSyntax call
        && document.Model.GetSymbolInfo(call, document.CancellationToken).Symbol is IMethodSymbol { Name: "Close" or "Dispose", IsStatic: false, Parameters.IsEmpty: true } method
        && KnownTypes.Is(method.ContainingType, SocketModel.For(document.Model.Compilation).Types.Socket)
        && GuardedShutdown.Before(call, document) is { } shutdown
            ? shutdown.Write("Both", method.Name + "()")
            : ImmutableArray<TextChange>.Empty;
}
