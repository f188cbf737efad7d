using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Rules;

/// <summary>
/// The base of fixes that take away what switches linger on, and a local that was made for it alone. An option's default becomes
/// <c>new LingerOption(false, 0)</c>, for a nullable option too: readers that test for null then set linger off, which is what a socket
/// has anyway, and readers that don't test keep working (<c>Socket.LingerState</c> refuses null).
/// </summary>
public abstract class LingerFix : SocketFix
{
    private protected LingerFix(DiagnosticDescriptor rule)
        : base(rule, rule.Id)
    {
    }

    private protected sealed override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic) => node switch
    {
        { Parent: EqualsValueClauseSyntax { Parent: PropertyDeclarationSyntax or VariableDeclaratorSyntax } } => SwitchOff((ExpressionSyntax)node, document),
        AssignmentExpressionSyntax { Parent: InitializerExpressionSyntax initializer } member when Sets(member.Left, document) && FixedDocument.HasNoEffect(member.Right) =>
            RemoveMember(member, initializer, document),
        AssignmentExpressionSyntax assignment when assignment.IsKind(SyntaxKind.SimpleAssignmentExpression) && Sets(assignment.Left, document)
            && FixedDocument.HasNoEffect(assignment.Left) && FixedDocument.HasNoEffect(assignment.Right) => document.RemoveStatement(assignment),
        InvocationExpressionSyntax invocation when Sets(invocation, document) && FixedDocument.HasNoEffect(invocation.Expression)
            && invocation.ArgumentList.Arguments.All(a => FixedDocument.HasNoEffect(a.Expression)) => document.RemoveStatement(invocation),
        _ => ImmutableArray<TextChange>.Empty,
    };

    private protected sealed override ImmutableArray<TextChange> Consequences(ImmutableArray<TextChange> edits, FixedDocument document)
    {
        var locals = new HashSet<ILocalSymbol>(SymbolEqualityComparer.Default);
        foreach (TextChange edit in edits)
        {
            foreach (IdentifierNameSyntax name in document.Root.DescendantNodes(edit.Span).OfType<IdentifierNameSyntax>().Where(n => edit.Span.Contains(n.Span)))
            {
                if (document.Model.GetSymbolInfo(name, document.CancellationToken).Symbol is ILocalSymbol local)
                {
                    locals.Add(local);
                }
            }
        }

        return locals.SelectMany(local => Unused(local, edits, document)).ToImmutableArray();
    }

    private static ImmutableArray<TextChange> SwitchOff(ExpressionSyntax value, FixedDocument document)
    {
        ITypeSymbol? type = document.Model.GetTypeInfo(value, document.CancellationToken).Type;
        if (type is not INamedTypeSymbol { Name: "LingerOption" } || !IsOfSockets(type) || !FixedDocument.HasNoEffect(value))
        {
            return ImmutableArray<TextChange>.Empty;
        }

        if (value is BaseObjectCreationExpressionSyntax { Initializer: null, ArgumentList.Arguments: { Count: 2 } arguments })
        {
            ExpressionSyntax enable = (arguments.FirstOrDefault(a => a.NameColon?.Name.Identifier.Text == "enable") ?? arguments[0]).Expression;
            return document.Model.GetConstantValue(enable, document.CancellationToken).Value is true
                ? ImmutableArray.Create(new TextChange(enable.Span, "false"))
                : ImmutableArray<TextChange>.Empty;
        }

        string name = type.WithNullableAnnotation(NullableAnnotation.None).ToMinimalDisplayString(document.Model, value.SpanStart);
        return ImmutableArray.Create(new TextChange(value.Span, $"new {name}(false, 0)"));
    }

    /// <summary>Takes one member out of an object initializer, with its comma.</summary>
    internal static ImmutableArray<TextChange> RemoveMember(AssignmentExpressionSyntax member, InitializerExpressionSyntax initializer, FixedDocument document)
    {
        SeparatedSyntaxList<ExpressionSyntax> members = initializer.Expressions;

        // Where a comma is missing yet, the edits would meet in its place.
        if (!initializer.IsKind(SyntaxKind.ObjectInitializerExpression) || members.GetSeparators().Any(comma => comma.IsMissing))
        {
            return ImmutableArray<TextChange>.Empty;
        }

        int index = members.IndexOf(member);
        bool holdsComment = initializer.DescendantTrivia().Any(t => !t.IsKind(SyntaxKind.WhitespaceTrivia) && !t.IsKind(SyntaxKind.EndOfLineTrivia));
        if (members.Count == 1)
        {
            // `new TcpClient { … }` needs the parentheses that it did without.
            return initializer.Parent is BaseObjectCreationExpressionSyntax creation && !holdsComment
                ? ImmutableArray.Create(new TextChange(
                    TextSpan.FromBounds(initializer.GetFirstToken().GetPreviousToken().Span.End, initializer.Span.End),
                    creation.ArgumentList is null ? "()" : ""))
                : ImmutableArray.Create(document.Remove(TextSpan.FromBounds(member.SpanStart, index < members.SeparatorCount ? members.GetSeparator(index).Span.End : member.Span.End)));
        }

        if (index < members.SeparatorCount)
        {
            return ImmutableArray.Create(document.Remove(TextSpan.FromBounds(member.SpanStart, members.GetSeparator(index).Span.End)));
        }

        // The last one leaves the comma before it behind.
        return ImmutableArray.Create(new TextChange(members.GetSeparator(index - 1).Span, ""), document.Remove(member.Span));
    }

    private static ImmutableArray<TextChange> Unused(ILocalSymbol local, ImmutableArray<TextChange> edits, FixedDocument document)
    {
        if (local.DeclaringSyntaxReferences.Length != 1
            || local.DeclaringSyntaxReferences[0].GetSyntax(document.CancellationToken) is not VariableDeclaratorSyntax
            {
                Initializer.Value: BaseObjectCreationExpressionSyntax or ArrayCreationExpressionSyntax or ImplicitArrayCreationExpressionSyntax,
                Parent: VariableDeclarationSyntax { Variables.Count: 1, Parent: LocalDeclarationStatementSyntax { UsingKeyword.RawKind: 0, Parent: BlockSyntax or GlobalStatementSyntax } declaration },
            } declarator
            || document.Model.GetTypeInfo(declarator.Initializer!.Value, document.CancellationToken).Type is not { } type
            || !(IsOfSockets(type) && type.Name == "LingerOption" || type is IArrayTypeSymbol { ElementType.SpecialType: SpecialType.System_Byte })
            || !FixedDocument.HasNoEffect(declarator.Initializer.Value))
        {
            return ImmutableArray<TextChange>.Empty;
        }

        SyntaxNode scope = declaration.Parent is GlobalStatementSyntax ? document.Root : declaration.Parent!;
        bool isUsed = scope.DescendantNodes().OfType<IdentifierNameSyntax>().Any(name =>
            name.Identifier.ValueText == local.Name
            && !edits.Any(e => e.Span.Contains(name.Span))
            && SymbolEqualityComparer.Default.Equals(document.Model.GetSymbolInfo(name, document.CancellationToken).Symbol, local));
        return isUsed ? ImmutableArray<TextChange>.Empty : One(document.Remove(declaration.Span));
    }

    private static bool Sets(ExpressionSyntax expression, FixedDocument document) =>
        document.Model.GetSymbolInfo(expression, document.CancellationToken).Symbol is { Name: "LingerState" or "SetSocketOption" or "SetRawSocketOption" } symbol
        && IsOfSockets(symbol.ContainingType);

    private static bool IsOfSockets(ITypeSymbol type) => type.ContainingNamespace?.ToDisplayString() == "System.Net.Sockets";

    private static ImmutableArray<TextChange> One(TextChange change) => ImmutableArray.Create(change);
}
