using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;
using Microsoft.CodeAnalysis.Text;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST2007: copies both ways to both ends, with a half-close after each and a limit on silence, by RstGuard.Runtime where that is
/// referenced, else by one internal file that the fix adds once. For streams of TCP connections alone: a stream over TLS can't be
/// half-closed. A dead peer no longer ends the other direction by itself, so there is no Fix All.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST2007CopyEndsAtFirstEndFix))]
public sealed class RST2007CopyEndsAtFirstEndFix : CodeFixProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = ImmutableArray.Create(Catalogue.CopyEndsAtFirstEnd.Id);

    /// <inheritdoc/>
    public override FixAllProvider? GetFixAllProvider() => null;

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        foreach (Diagnostic diagnostic in context.Diagnostics)
        {
            if (await RepairAsync(context.Document, diagnostic.Location.SourceSpan, context.CancellationToken).ConfigureAwait(false) is { } repaired)
            {
                context.RegisterCodeFix(CodeAction.Create(FixTexts.Get(diagnostic.Id), _ => Task.FromResult(repaired), diagnostic.Id), diagnostic);
            }
        }
    }

    private static async Task<Solution?> RepairAsync(Document document, TextSpan marked, CancellationToken cancellationToken)
    {
        if (await document.GetSyntaxRootAsync(cancellationToken).ConfigureAwait(false) is not { } root
            || await document.GetSemanticModelAsync(cancellationToken).ConfigureAwait(false) is not { } model
            || marked.End > root.FullSpan.End
            || root.FindNode(marked, getInnermostNodeForTie: true) is not InvocationExpressionSyntax wait || wait.Span != marked)
        {
            return null;
        }

        SourceText text = await document.GetTextAsync(cancellationToken).ConfigureAwait(false);
        var target = new FixedDocument(document, root, model, text, cancellationToken);
        if (target.BodyAround(wait) is not { } body
            || FirstEndOfTwoCopies.In(body, cancellationToken).FirstOrDefault(one => one.Wait.Syntax == wait) is not { } found
            || WaitedTasks.Of(found.Wait).Count() != 2
            || !IsPlainCopy(found.There, wait) || !IsPlainCopy(found.Back, wait)
            || !IsStream(found.One, body) || !IsStream(found.Other, body)
            || !IsStatement(wait)
            || model.Compilation.GetTypeByMetadataName("System.TimeSpan") is not { } timeSpan)
        {
            return null;
        }

        Project project = document.Project;
        string type;
        if (Existing(model.Compilation) is { } existing)
        {
            type = existing.ToMinimalDisplayString(model, wait.SpanStart);
        }
        else
        {
            LanguageVersion language = ((CSharpParseOptions)project.ParseOptions!).LanguageVersion;
            string? inner = model.GetEnclosingSymbol(wait.SpanStart, cancellationToken)?.ContainingNamespace?.ToDisplayString();
            string? home = project.DefaultNamespace is { Length: > 0 } name && inner is not null && (inner + ".").StartsWith(name + ".", System.StringComparison.Ordinal) ? name : null;
            project = project.AddDocument(DuplexCopyFile.Name, DuplexCopyFile.Text(home, language, target.NewLine)).Project;
            type = DuplexCopyFile.TypeName;
        }

        string call = $"{type}.CopyBothWaysAsync({found.One.Syntax}, {found.Other.Syntax}, {timeSpan.ToMinimalDisplayString(model, wait.SpanStart)}.FromMinutes(2))";
        Document changed = project.GetDocument(document.Id)!.WithText(text.WithChanges(new TextChange(wait.Span, call)));
        return await HasErrorsAsync(changed, cancellationToken).ConfigureAwait(false) ? null : changed.Project.Solution;
    }

    private static bool IsPlainCopy(IInvocationOperation copy, SyntaxNode wait) =>
        copy.TargetMethod.Name == "CopyToAsync" && copy.Arguments.Count(argument => !argument.IsImplicit) == 1 && wait.Span.Contains(copy.Syntax.Span);

    /// <summary>A network stream that nothing is put over.</summary>
    private static bool IsStream(IOperation value, SocketBody body) =>
        KnownTypes.Is(value.Type, body.Model.Types.NetworkStream) && FixedDocument.HasNoEffect(value.Syntax) | value.Syntax is InvocationExpressionSyntax;

    // What WhenAny returns is not what the copy returns.
    private static bool IsStatement(InvocationExpressionSyntax wait)
    {
        ExpressionSyntax whole = wait.Parent is MemberAccessExpressionSyntax { Name.Identifier.Text: "ConfigureAwait", Parent: InvocationExpressionSyntax configured } ? configured : wait;
        return whole.Parent is AwaitExpressionSyntax { Parent: ExpressionStatementSyntax };
    }

    private static INamedTypeSymbol? Existing(Compilation compilation) =>
        compilation.GetSymbolsWithName(DuplexCopyFile.TypeName, SymbolFilter.Type).OfType<INamedTypeSymbol>().FirstOrDefault(HasCopy)
        ?? (compilation.GetTypeByMetadataName("RstGuard." + DuplexCopyFile.TypeName) is { } shared && HasCopy(shared) ? shared : null);

    private static bool HasCopy(INamedTypeSymbol type) => type.GetMembers("CopyBothWaysAsync").OfType<IMethodSymbol>().Any(method => method.IsStatic && method.Parameters.Length >= 3);

    private static async Task<bool> HasErrorsAsync(Document changed, CancellationToken cancellationToken)
    {
        foreach (Document document in changed.Project.Documents.Where(document => document.Id == changed.Id || document.Name == DuplexCopyFile.Name))
        {
            if (await document.GetSemanticModelAsync(cancellationToken).ConfigureAwait(false) is not { } model
                || model.GetDiagnostics(cancellationToken: cancellationToken).Any(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error))
            {
                return true;
            }
        }

        return false;
    }
}
