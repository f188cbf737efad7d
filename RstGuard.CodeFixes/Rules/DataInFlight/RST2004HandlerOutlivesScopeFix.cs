using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;
using Microsoft.CodeAnalysis.Text;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST2004: moves the <c>using</c> from the function that starts the handler into the handler. Never an <c>await</c>: in a loop that
/// accepts, it would serve one client after the other. Who owns the connection is for a person to agree with, so there is no Fix All.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST2004HandlerOutlivesScopeFix))]
public sealed class RST2004HandlerOutlivesScopeFix() : SocketFix(Catalogue.HandlerOutlivesScope, "RST2004", fixesAll: false)
{
    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        if (document.BodyAround(node) is not { } body
            || UnawaitedHandler.In(body, document.CancellationToken).FirstOrDefault(one => RST2004HandlerOutlivesScope.Marked(one.Close).SourceSpan == diagnostic.Location.SourceSpan) is not { } handler
            || handler.Use.ClosesInOrder.Count() != 1
            || handler.Use.HandOvers.Any(other => other.To != handler.HandOver.To)
            || handler.HandOver.Reference is not ILocalReferenceOperation and not IParameterReferenceOperation
            || !SymbolEqualityComparer.Default.Equals(handler.HandOver.Name, handler.Use.Holder)
            || Release(handler.Close, document) is not { } released
            || Own(handler, document) is not { } owned)
        {
            return ImmutableArray<TextChange>.Empty;
        }

        return released.Concat(owned).ToImmutableArray();
    }

    /// <summary>Takes the close away.</summary>
    private static TextChange[]? Release(SocketOperation close, FixedDocument document)
    {
        switch (close.Operation.Syntax)
        {
            case VariableDeclaratorSyntax { Parent: VariableDeclarationSyntax { Variables.Count: 1 } declaration }:
                return declaration.Parent switch
                {
                    LocalDeclarationStatementSyntax { UsingKeyword.RawKind: not 0 } statement when !FixedDocument.HoldsComment(statement.UsingKeyword.TrailingTrivia) =>
                        [new(TextSpan.FromBounds(statement.SpanStart, declaration.SpanStart), "")],
                    UsingStatementSyntax scope => ScopeText.Unwrap(scope, document, declaration + ";"),
                    _ => null,
                };
            case UsingStatementSyntax scope:
                return ScopeText.Unwrap(scope, document);
            case InvocationExpressionSyntax { Parent: ExpressionStatementSyntax { Parent: BlockSyntax { Parent: not FinallyClauseSyntax } or GlobalStatementSyntax } statement }:
                return [document.Remove(statement.Span)];
            default:
                return null;
        }
    }

    /// <summary>Lets the handler close the connection, unless it does so already.</summary>
    private static TextChange[]? Own(UnawaitedHandler handler, FixedDocument document) => handler.HandOver switch
    {
        { Kind: HandOverKind.Argument, To: IInvocationOperation call } when call == handler.Start => InCallee(call, handler.HandOver.Reference, document),
        { Kind: HandOverKind.Captured, To: IAnonymousFunctionOperation { Syntax: AnonymousFunctionExpressionSyntax lambda, Symbol: var function } } =>
            InLambda(lambda, function, handler.Use.Holder.Name, document),
        _ => null,
    };

    private static TextChange[]? InCallee(IInvocationOperation call, IOperation connection, FixedDocument document)
    {
        IMethodSymbol method = call.TargetMethod;
        if (call.Arguments.FirstOrDefault(argument => argument.Value.Unwrap() == connection)?.Parameter is not { RefKind: RefKind.None } parameter
            || method.DeclaringSyntaxReferences.Length != 1)
        {
            return null;
        }

        SyntaxNode declaration = method.DeclaringSyntaxReferences[0].GetSyntax(document.CancellationToken);
        if (Closes(declaration, parameter.Name))
        {
            return [];
        }

        BlockSyntax? body = (declaration as MethodDeclarationSyntax)?.Body ?? (declaration as LocalFunctionStatementSyntax)?.Body;
        bool isOurs = declaration is LocalFunctionStatementSyntax
            || method is { DeclaredAccessibility: Accessibility.Private, ContainingType.DeclaringSyntaxReferences.Length: 1 };
        SyntaxNode? scope = declaration is LocalFunctionStatementSyntax ? declaration.Parent : declaration.Ancestors().OfType<TypeDeclarationSyntax>().LastOrDefault();
        return isOurs && method.IsAsync && body is not null && scope is not null && declaration.SyntaxTree == document.Root.SyntaxTree
            && scope.DescendantTokens().Count(token => token.IsKind(SyntaxKind.IdentifierToken) && token.ValueText == method.Name) == 2
            && !IsAssigned(declaration, parameter.Name)
            ? ScopeText.Wrap(body, $"using ({parameter.Name})", document)
            : null;
    }

    private static TextChange[]? InLambda(AnonymousFunctionExpressionSyntax lambda, IMethodSymbol function, string connection, FixedDocument document)
    {
        if (Closes(lambda, connection))
        {
            return [];
        }

        // A callee that closes what it is given owns it already.
        foreach (InvocationExpressionSyntax call in lambda.DescendantNodes().OfType<InvocationExpressionSyntax>())
        {
            if (document.Model.GetOperation(call, document.CancellationToken) is IInvocationOperation { TargetMethod.DeclaringSyntaxReferences: { Length: 1 } declarations } invocation
                && invocation.Arguments.FirstOrDefault(argument => argument.Value.Syntax is IdentifierNameSyntax name && name.Identifier.ValueText == connection)?.Parameter is { } parameter
                && Closes(declarations[0].GetSyntax(document.CancellationToken), parameter.Name))
            {
                return [];
            }
        }

        if (IsAssigned(lambda, connection) || FixedDocument.HoldsComment(lambda.Body.GetLeadingTrivia()) || FixedDocument.HoldsComment(lambda.Body.GetTrailingTrivia()))
        {
            return null;
        }

        if (lambda.Block is { } block)
        {
            return function.ReturnsVoid || function.IsAsync ? ScopeText.Wrap(block, $"using ({connection})", document) : null;
        }

        if (function.ReturnsVoid || function.IsAsync)
        {
            return [new(new TextSpan(lambda.Body.SpanStart, 0), $"{{ using ({connection}) {{ "), new(new TextSpan(lambda.Body.Span.End, 0), "; } }")];
        }

        return function.ReturnType is INamedTypeSymbol { Name: "Task" or "ValueTask", IsGenericType: false }
            ? [
                new(new TextSpan(lambda.SpanStart, 0), "async "),
                new(new TextSpan(lambda.Body.SpanStart, 0), $"{{ using ({connection}) {{ await "),
                new(new TextSpan(lambda.Body.Span.End, 0), "; } }"),
            ]
            : null;
    }

    private static bool Closes(SyntaxNode function, string connection) => function.DescendantNodes().Any(node => node switch
    {
        UsingStatementSyntax { Expression: IdentifierNameSyntax name } => name.Identifier.ValueText == connection,
        EqualsValueClauseSyntax { Value: IdentifierNameSyntax name, Parent.Parent.Parent: LocalDeclarationStatementSyntax { UsingKeyword.RawKind: not 0 } or UsingStatementSyntax } => name.Identifier.ValueText == connection,
        MemberAccessExpressionSyntax { Name.Identifier.Text: "Close" or "Dispose" or "DisposeAsync", Expression: IdentifierNameSyntax name } => name.Identifier.ValueText == connection,
        ConditionalAccessExpressionSyntax { Expression: IdentifierNameSyntax name, WhenNotNull: InvocationExpressionSyntax { Expression: MemberBindingExpressionSyntax { Name.Identifier.Text: "Close" or "Dispose" } } } => name.Identifier.ValueText == connection,
        _ => false,
    });

    private static bool IsAssigned(SyntaxNode function, string connection) => function.DescendantNodes().Any(node =>
        node is AssignmentExpressionSyntax { Left: IdentifierNameSyntax name } && name.Identifier.ValueText == connection);
}
