using System.Collections.Immutable;
using System.Globalization;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Rules;

/// <summary>
/// RST6001: writes the time of the option <c>rstguard.max_idle_seconds</c> in the place of the constant, or, where the system's time is left,
/// sets it after the call that switches the keep-alive on.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST6001SlowKeepAliveFix))]
public sealed class RST6001SlowKeepAliveFix() : SocketFix(Catalogue.SlowKeepAlive, "RST6001")
{
    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        if (!diagnostic.Properties.TryGetValue(DiagnosticProperties.MaxIdleSeconds, out string? limit) || !int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds)
            || !diagnostic.Properties.TryGetValue(DiagnosticProperties.Form, out string? form) || node is not ExpressionSyntax marked)
        {
            return ImmutableArray<TextChange>.Empty;
        }

        string number = seconds.ToString(CultureInfo.InvariantCulture);
        return form switch
        {
            DiagnosticProperties.KeepAliveForms.Seconds => ImmutableArray.Create(new TextChange(marked.Span, number)),
            DiagnosticProperties.KeepAliveForms.TimeSpan when document.Model.Compilation.GetTypeByMetadataName("System.TimeSpan") is { } timeSpan =>
                ImmutableArray.Create(new TextChange(marked.Span, $"{timeSpan.ToMinimalDisplayString(document.Model, marked.SpanStart)}.FromSeconds({number})")),
            DiagnosticProperties.KeepAliveForms.SystemDefault when marked is InvocationExpressionSyntax call => AfterSwitchingOn(call, number, document),
            _ => ImmutableArray<TextChange>.Empty,
        };
    }

    private static ImmutableArray<TextChange> AfterSwitchingOn(InvocationExpressionSyntax call, string seconds, FixedDocument document)
    {
        // Targets before .NET Core 3.0 have no such option.
        if (document.Model.Compilation.GetTypeByMetadataName("System.Net.Sockets.SocketOptionName") is not { } names || names.GetMembers("TcpKeepAliveTime").IsEmpty
            || document.Model.Compilation.GetTypeByMetadataName("System.Net.Sockets.SocketOptionLevel") is not { } levels
            || call.Expression is not MemberAccessExpressionSyntax { Expression: var socket } || !FixedDocument.HasNoEffect(socket)
            || call.Parent is not ExpressionStatementSyntax { Parent: BlockSyntax or GlobalStatementSyntax or SwitchSectionSyntax } statement
            || StatementAfter(statement) is { } next && next.ToString().Contains("TcpKeepAliveTime"))
        {
            return ImmutableArray<TextChange>.Empty;
        }

        TextLine line = document.Text.Lines.GetLineFromPosition(statement.SpanStart);
        string before = document.Text.ToString(TextSpan.FromBounds(line.Start, statement.SpanStart));
        string level = levels.ToMinimalDisplayString(document.Model, call.SpanStart), name = names.ToMinimalDisplayString(document.Model, call.SpanStart);
        string added = $"{socket}.SetSocketOption({level}.Tcp, {name}.TcpKeepAliveTime, {seconds});";
        TextLine end = document.Text.Lines.GetLineFromPosition(statement.Span.End);
        bool ownLines = before.Trim().Length == 0 && statement.GetTrailingTrivia().Any(SyntaxKind.EndOfLineTrivia);
        return ImmutableArray.Create(ownLines
            ? new TextChange(new TextSpan(end.End, 0), document.NewLine + before + added)
            : new TextChange(new TextSpan(statement.Span.End, 0), " " + added));
    }

    private static SyntaxNode? StatementAfter(StatementSyntax statement)
    {
        SyntaxNode own = statement.Parent is GlobalStatementSyntax global ? global : statement;
        return own.Parent!.ChildNodes().FirstOrDefault(node => node.SpanStart >= own.Span.End);
    }
}
