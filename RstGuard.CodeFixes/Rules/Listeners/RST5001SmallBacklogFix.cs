using System;
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
/// RST5001: takes the number away, so that the system's limit counts; where .NET has no <c>Listen()</c> yet, what it calls is written. A number
/// that has a name, or is a parameter's default, for backlogs alone is raised where it is declared.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST5001SmallBacklogFix))]
public sealed class RST5001SmallBacklogFix() : SocketFix(Catalogue.SmallBacklog, "RST5001")
{
    // What Kestrel listens with: SocketTransportOptions.Backlog.
    private const int Raised = 512;

    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        if (node is not InvocationExpressionSyntax { ArgumentList.Arguments: { Count: 1 } arguments } call || arguments[0] is var argument && !FixedDocument.HasNoEffect(argument.Expression)
            || document.Model.GetSymbolInfo(call, document.CancellationToken).Symbol is not IMethodSymbol method)
        {
            return ImmutableArray<TextChange>.Empty;
        }

        if (document.Model.GetSymbolInfo(argument.Expression, document.CancellationToken).Symbol is { } named && DeclaredForBacklogs(named, document) is { IsAlone: var isAlone, Value: var value })
        {
            return isAlone && value is LiteralExpressionSyntax ? ImmutableArray.Create(new TextChange(value.Span, RaisedNumber(document))) : ImmutableArray<TextChange>.Empty;
        }

        if (method.ContainingType.GetMembers(method.Name).Any(other => other is IMethodSymbol { Parameters.IsEmpty: true }))
        {
            return ImmutableArray.Create(new TextChange(argument.Span, ""));
        }

        return document.Model.Compilation.GetTypeByMetadataName("System.Net.Sockets.SocketOptionName") is { } options
            ? ImmutableArray.Create(new TextChange(argument.Expression.Span, $"(int){options.ToMinimalDisplayString(document.Model, argument.SpanStart)}.MaxConnections"))
            : ImmutableArray<TextChange>.Empty;
    }

    private static string RaisedNumber(FixedDocument document)
    {
        int least = new RuleOptions(document.Document.Project.AnalyzerOptions.AnalyzerConfigOptionsProvider.GetOptions(document.Root.SyntaxTree)).MinBacklog;
        return Math.Max(Raised, least).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// The declaration of a local, of a private field or of a parameter with a default, which would be of no use without the argument; whether
    /// it is used for backlogs alone. <see langword="null"/> for what others may use as well.
    /// </summary>
    private static (bool IsAlone, ExpressionSyntax Value)? DeclaredForBacklogs(ISymbol named, FixedDocument document)
    {
        if (named is not (ILocalSymbol or IParameterSymbol or IFieldSymbol { DeclaredAccessibility: Accessibility.Private }) || named.DeclaringSyntaxReferences is not { Length: 1 } references
            || references[0].SyntaxTree != document.Root.SyntaxTree)
        {
            return null;
        }

        SyntaxNode declaration = references[0].GetSyntax(document.CancellationToken);
        ExpressionSyntax? value = declaration switch
        {
            VariableDeclaratorSyntax variable => variable.Initializer?.Value,
            ParameterSyntax parameter => parameter.Default?.Value,
            _ => null,
        };
        SyntaxNode scope = named is IFieldSymbol ? document.Root : declaration.FirstAncestorOrSelf<MemberDeclarationSyntax>() is { } member and not GlobalStatementSyntax ? member : document.Root;
        IdentifierNameSyntax[] uses = [.. scope.DescendantNodes().OfType<IdentifierNameSyntax>().Where(name =>
            name.Identifier.ValueText == named.Name && SymbolEqualityComparer.Default.Equals(document.Model.GetSymbolInfo(name, document.CancellationToken).Symbol, named))];
        bool isAlone = uses.All(use => use.Parent is ArgumentSyntax { Parent.Parent: InvocationExpressionSyntax { Expression: var called } }
            && called is MemberAccessExpressionSyntax { Name.Identifier.Text: "Listen" or "Start" } or MemberBindingExpressionSyntax { Name.Identifier.Text: "Listen" or "Start" });
        return value is null ? null : isAlone ? (true, value) : named is IParameterSymbol ? (false, value) : null;
    }
}
