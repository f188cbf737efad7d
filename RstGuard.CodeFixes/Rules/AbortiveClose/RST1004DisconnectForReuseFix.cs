using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST1004: a local that connects again gets a new socket, after the old one is shut down and disposed of; one that is only closed afterwards is
/// disconnected for good. A field's socket may be in other hands, so there is nothing to offer for it.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST1004DisconnectForReuseFix))]
public sealed class RST1004DisconnectForReuseFix() : SocketFix(Catalogue.DisconnectForReuse, Replaces, fixesAll: false)
{
    private const string Replaces = "RST1004";
    private const string Ends = "RST1004End";

    private protected override string TitleOf(ImmutableArray<TextChange> edits, string title) => edits.Any(edit => edit.NewText == "false") ? Ends : title;

    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        KnownTypes types = SocketModel.For(document.Model.Compilation).Types;
        if (node is not InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Expression: IdentifierNameSyntax receiver } access } call
            || !access.Name.Identifier.ValueText.StartsWith("Disconnect", System.StringComparison.Ordinal)
            || document.Model.GetSymbolInfo(receiver, document.CancellationToken).Symbol is not ILocalSymbol { RefKind: RefKind.None, DeclaringSyntaxReferences: { Length: 1 } declarations } local
            || !KnownTypes.Is(local.Type, types.Socket)
            || declarations[0].GetSyntax(document.CancellationToken) is not VariableDeclaratorSyntax { Initializer.Value: var made } declarator
            || Reuse(call, document) is not { } reuse)
        {
            return ImmutableArray<TextChange>.Empty;
        }

        SyntaxNode scope = FunctionOf(declarator);
        IdentifierNameSyntax[] uses = [.. scope.DescendantNodes().OfType<IdentifierNameSyntax>()
            .Where(name => name.Identifier.ValueText == local.Name && SymbolEqualityComparer.Default.Equals(document.Model.GetSymbolInfo(name, document.CancellationToken).Symbol, local))];
        if (FunctionOf(call) != scope || uses.Any(use => FunctionOf(use) != scope || LeavesSight(use)))
        {
            return ImmutableArray<TextChange>.Empty;
        }

        if (uses.Where(use => use != receiver && ComesAfter(use, call, declarator)).All(Closes))
        {
            return ImmutableArray.Create(new TextChange(reuse.Span, "false"));
        }

        // What was set on the old socket, the new one would not have.
        bool isReplaceable = local is { IsUsing: false, IsFixed: false }
            && made is BaseObjectCreationExpressionSyntax && FixedDocument.HasNoEffect(made)
            && made.DescendantNodes().OfType<IdentifierNameSyntax>().All(name => document.Model.GetSymbolInfo(name, document.CancellationToken).Symbol is not (ILocalSymbol { IsConst: false } or IParameterSymbol) || IsNotAssigned(name, scope))
            && !uses.Any(SetsOption)
            && !uses.Any(use => use.Parent is AssignmentExpressionSyntax assignment && assignment.Left == use)
            && Statement(call) is { Parent: BlockSyntax or GlobalStatementSyntax or SwitchSectionSyntax };
        if (!isReplaceable || Statement(call) is not { } statement)
        {
            return ImmutableArray<TextChange>.Empty;
        }

        TextLine line = document.Text.Lines.GetLineFromPosition(statement.SpanStart);
        string before = document.Text.ToString(TextSpan.FromBounds(line.Start, statement.SpanStart));
        string separator = before.Trim().Length == 0 ? document.NewLine + before : " ";
        string[] lines =
        [
            $"try {{ {receiver}.Shutdown({Name("System.Net.Sockets.SocketShutdown", call, document)}.Send); }}",
            $"catch ({Name("System.Net.Sockets.SocketException", call, document)}) {{ }}",
            $"catch ({Name("System.ObjectDisposedException", call, document)}) {{ }}",
            $"{receiver}.Dispose();",
            $"{receiver} = {made};",
        ];
        return ImmutableArray.Create(new TextChange(statement.Span, string.Join(separator, lines)));
    }

    private static ExpressionSyntax? Reuse(InvocationExpressionSyntax call, FixedDocument document) =>
        call.ArgumentList.Arguments.Select(argument => argument.Expression)
            .FirstOrDefault(argument => document.Model.GetConstantValue(argument, document.CancellationToken) is { HasValue: true, Value: true });

    private static string Name(string type, SyntaxNode place, FixedDocument document) =>
        document.Model.Compilation.GetTypeByMetadataName(type)?.ToMinimalDisplayString(document.Model, place.SpanStart) ?? type;

    private static SyntaxNode FunctionOf(SyntaxNode node) => node.Ancestors().First(outer =>
        outer is AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax or BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or MemberDeclarationSyntax and not GlobalStatementSyntax or CompilationUnitSyntax);

    /// <summary>Handed to a call, stored, or returned: somebody else may hold the old socket.</summary>
    private static bool LeavesSight(IdentifierNameSyntax use) => use.Parent is ArgumentSyntax or ReturnStatementSyntax or EqualsValueClauseSyntax or ArrowExpressionClauseSyntax or InitializerExpressionSyntax
        || (use.Parent is AssignmentExpressionSyntax assignment && assignment.Right == use);

    /// <summary>After the call in the text, or before it in a loop that both are in and the declaration is not.</summary>
    private static bool ComesAfter(SyntaxNode use, SyntaxNode call, SyntaxNode declaration) => use.SpanStart > call.SpanStart
        || call.Ancestors().Any(outer => outer is WhileStatementSyntax or DoStatementSyntax or ForStatementSyntax or CommonForEachStatementSyntax
            && outer.Span.Contains(use.Span) && !outer.Span.Contains(declaration.Span))
        || call.Ancestors().Any(outer => outer is BlockSyntax && outer.DescendantNodes().OfType<GotoStatementSyntax>().Any());

    private static bool Closes(IdentifierNameSyntax use) =>
        use.Parent is MemberAccessExpressionSyntax { Name.Identifier.ValueText: "Close" or "Dispose", Parent: InvocationExpressionSyntax { ArgumentList.Arguments.Count: 0 } };

    private static bool SetsOption(IdentifierNameSyntax use) => use.Parent is MemberAccessExpressionSyntax access && access.Expression == use
        && (access.Parent is AssignmentExpressionSyntax assignment && assignment.Left == access
            || access.Name.Identifier.ValueText is "SetSocketOption" or "SetRawSocketOption" or "IOControl" or "Bind" or "SetIPProtectionLevel");

    private static bool IsNotAssigned(IdentifierNameSyntax name, SyntaxNode scope) => !scope.DescendantNodes().OfType<AssignmentExpressionSyntax>()
        .Any(assignment => assignment.Left is IdentifierNameSyntax target && target.Identifier.ValueText == name.Identifier.ValueText);

    /// <summary>The statement that is the call alone, awaited or not.</summary>
    private static ExpressionStatementSyntax? Statement(InvocationExpressionSyntax call)
    {
        SyntaxNode whole = call;
        while (whole.Parent is AwaitExpressionSyntax
            || whole.Parent is MemberAccessExpressionSyntax { Name.Identifier.ValueText: "ConfigureAwait", Parent: InvocationExpressionSyntax })
        {
            whole = whole.Parent is AwaitExpressionSyntax ? whole.Parent : whole.Parent.Parent!;
        }

        bool isAsynchronous = call.Expression is MemberAccessExpressionSyntax { Name.Identifier.ValueText: "DisconnectAsync" };
        if (whole.Parent is not ExpressionStatementSyntax statement || isAsynchronous != statement.Expression is AwaitExpressionSyntax)
        {
            return null;
        }

        // A function that is asynchronous for this alone would be left with nothing to await.
        SyntaxNode function = FunctionOf(call);
        return !isAsynchronous || function is CompilationUnitSyntax || function.DescendantNodes().OfType<AwaitExpressionSyntax>().Any(other => other != statement.Expression && FunctionOf(other) == function)
            ? statement
            : null;
    }
}
