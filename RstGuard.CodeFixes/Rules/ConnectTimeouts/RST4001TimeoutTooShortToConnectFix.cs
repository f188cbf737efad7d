using System;
using System.Collections.Immutable;
using System.Globalization;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Rules;

/// <summary>
/// RST4001: writes <c>rstguard.connect_timeout_ms</c> in place of the constant, in the unit that the constant has: room for one repeated
/// SYN, which Linux sends after 1 s (RFC 6298 section 2). A value with a name is changed where it is declared when everything that
/// uses it is a timeout; a local that also serves something else is left alone.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST4001TimeoutTooShortToConnectFix))]
public sealed class RST4001TimeoutTooShortToConnectFix() : SocketFix(Catalogue.TimeoutTooShortToConnect, "RST4001")
{
    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        var options = new RuleOptions(document.Document.Project.AnalyzerOptions.AnalyzerConfigOptionsProvider.GetOptions(document.Root.SyntaxTree));
        int milliseconds = options.ConnectTimeout;
        if (node is not ExpressionSyntax value || milliseconds <= options.MinConnectTimeout)
        {
            return ImmutableArray<TextChange>.Empty;
        }

        if (value.Parent is EqualsValueClauseSyntax { Parent: VariableDeclaratorSyntax variable }
            && document.Model.GetDeclaredSymbol(variable, document.CancellationToken) is ILocalSymbol local
            && !IsTimeoutOnly(local, variable.FirstAncestorOrSelf<MemberDeclarationSyntax>() is GlobalStatementSyntax or null ? document.Root : variable.FirstAncestorOrSelf<MemberDeclarationSyntax>()!, document))
        {
            return ImmutableArray<TextChange>.Empty;
        }

        if (document.Model.GetSymbolInfo(value, document.CancellationToken).Symbol is IFieldSymbol
            {
                DeclaredAccessibility: Accessibility.Private,
                ContainingType.DeclaringSyntaxReferences: { Length: 1 } types,
                DeclaringSyntaxReferences: { Length: 1 } fields,
            } field
            && fields[0].SyntaxTree == document.Root.SyntaxTree
            && fields[0].GetSyntax(document.CancellationToken) is VariableDeclaratorSyntax { Initializer.Value: var initial })
        {
            if (IsTimeoutOnly(field, types[0].GetSyntax(document.CancellationToken), document))
            {
                value = initial;
            }
            else if (field.IsReadOnly && References(field, types[0].GetSyntax(document.CancellationToken), document) == 1)
            {
                // What only this reads would be left unused.
                return ImmutableArray<TextChange>.Empty;
            }
        }

        return Replacement(value, milliseconds, document) is { } text && text != value.ToString()
            ? ImmutableArray.Create(new TextChange(value.Span, text))
            : ImmutableArray<TextChange>.Empty;
    }

    private static string? Replacement(ExpressionSyntax value, int milliseconds, FixedDocument document)
    {
        if (!FixedDocument.HasNoEffect(value is InvocationExpressionSyntax call ? call.ArgumentList : value))
        {
            return null;
        }

        Optional<object?> constant = document.Model.GetConstantValue(value, document.CancellationToken);
        ITypeSymbol? type = document.Model.GetTypeInfo(value, document.CancellationToken).Type;
        if (type is { Name: "TimeSpan", ContainingNamespace: { Name: "System", ContainingNamespace.IsGlobalNamespace: true } })
        {
            return Duration(value, type, milliseconds, document);
        }

        return type?.SpecialType is SpecialType.System_Int32 or SpecialType.System_Int64 or SpecialType.System_Int16 or SpecialType.System_UInt16 or SpecialType.System_UInt32
            && (!constant.HasValue || Convert.ToDouble(constant.Value, CultureInfo.InvariantCulture) < milliseconds)
            ? milliseconds.ToString(CultureInfo.InvariantCulture)
            : null;
    }

    private static string Duration(ExpressionSyntax value, ITypeSymbol type, int milliseconds, FixedDocument document)
    {
        // Written as the author wrote it: `TimeSpan` or `System.TimeSpan`.
        string name = value is InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax access } && document.Model.GetSymbolInfo(access.Expression, document.CancellationToken).Symbol is ITypeSymbol
            ? access.Expression.ToString()
            : type.ToMinimalDisplayString(document.Model, value.SpanStart);
        bool inMilliseconds = milliseconds % 1000 != 0 || value is InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.Text: "FromMilliseconds" } };
        return inMilliseconds
            ? $"{name}.FromMilliseconds({milliseconds.ToString(CultureInfo.InvariantCulture)})"
            : $"{name}.FromSeconds({(milliseconds / 1000).ToString(CultureInfo.InvariantCulture)})";
    }

    private static int References(ISymbol symbol, SyntaxNode scope, FixedDocument document) => scope.DescendantNodes().OfType<IdentifierNameSyntax>().Count(name => IsReference(name, symbol, document));

    private static bool IsReference(IdentifierNameSyntax name, ISymbol symbol, FixedDocument document) =>
        name.Identifier.ValueText == symbol.Name && SymbolEqualityComparer.Default.Equals(document.Model.GetSymbolInfo(name, document.CancellationToken).Symbol, symbol);

    private static bool IsTimeoutOnly(ISymbol symbol, SyntaxNode scope, FixedDocument document) =>
        scope.SyntaxTree == document.Root.SyntaxTree
        && scope.DescendantNodes().OfType<IdentifierNameSyntax>().Where(name => IsReference(name, symbol, document)).All(IsTimeout);

    private static bool IsTimeout(IdentifierNameSyntax name) => name.Parent switch
    {
        AssignmentExpressionSyntax assignment when assignment.Right == name => assignment.Left switch
        {
            MemberAccessExpressionSyntax access => access.Name.Identifier.Text,
            IdentifierNameSyntax member => member.Identifier.Text,
            _ => "",
        } is "SendTimeout" or "ReceiveTimeout" or "ConnectTimeout" or "Timeout",
        ArgumentSyntax { Parent.Parent: InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.Text: "CancelAfter" } } } => true,
        ArgumentSyntax { Parent.Parent: ObjectCreationExpressionSyntax { Type: IdentifierNameSyntax { Identifier.Text: "CancellationTokenSource" } } } => true,
        _ => false,
    };
}
