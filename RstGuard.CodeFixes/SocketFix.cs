using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard;

/// <summary>
/// The base of fixes that edit text in one document. Edits are made to the text, not to the tree: what is not edited (comments, line
/// ends, directives, odd formatting) stays to the letter. A fix is offered when its edits exist and for no other reason.
/// </summary>
public abstract class SocketFix : CodeFixProvider
{
    private readonly string _title;
    private readonly bool _fixesAll;

    private protected SocketFix(DiagnosticDescriptor rule, string title, bool fixesAll = true)
    {
        _title = title;
        _fixesAll = fixesAll;
        FixableDiagnosticIds = ImmutableArray.Create(rule.Id);
    }

    /// <inheritdoc/>
    public sealed override ImmutableArray<string> FixableDiagnosticIds { get; }

    /// <summary>What an editor and <c>dotnet format</c> group this fix by.</summary>
    public string EquivalenceKey => FixableDiagnosticIds[0];

    /// <inheritdoc/>
    public sealed override FixAllProvider? GetFixAllProvider() => !_fixesAll ? null
        : FixAllProvider.Create(async (context, document, diagnostics) =>
            await ApplyAsync(document, diagnostics, context.CancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public sealed override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        foreach (Diagnostic diagnostic in context.Diagnostics)
        {
            ImmutableArray<Diagnostic> one = ImmutableArray.Create(diagnostic);
            ImmutableArray<TextChange> edits = await EditsAsync(context.Document, one, context.CancellationToken).ConfigureAwait(false);
            if (!edits.IsEmpty)
            {
                string title = TitleOf(edits, _title);
                context.RegisterCodeFix(
                    CodeAction.Create(FixTexts.Get(title), token => ApplyAsync(context.Document, one, token), title),
                    diagnostic);
            }
        }
    }

    /// <summary>
    /// The edits for the diagnostic that marks <paramref name="node"/>; empty where the fix would be wrong or change nothing.
    /// </summary>
    private protected abstract ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic);

    /// <summary>The name of the title, and the equivalence key, of what <paramref name="edits"/> do; for fixes that have more than one way.</summary>
    private protected virtual string TitleOf(ImmutableArray<TextChange> edits, string title) => title;

    /// <summary>Edits that follow from what all <paramref name="edits"/> take away.</summary>
    private protected virtual ImmutableArray<TextChange> Consequences(ImmutableArray<TextChange> edits, FixedDocument document) => ImmutableArray<TextChange>.Empty;

    private async Task<Document> ApplyAsync(Document document, ImmutableArray<Diagnostic> diagnostics, CancellationToken cancellationToken)
    {
        ImmutableArray<TextChange> edits = await EditsAsync(document, diagnostics, cancellationToken).ConfigureAwait(false);
        SourceText text = await document.GetTextAsync(cancellationToken).ConfigureAwait(false);
        return edits.IsEmpty ? document : document.WithText(text.WithChanges(edits));
    }

    private async Task<ImmutableArray<TextChange>> EditsAsync(Document document, ImmutableArray<Diagnostic> diagnostics, CancellationToken cancellationToken)
    {
        SyntaxNode? root = await document.GetSyntaxRootAsync(cancellationToken).ConfigureAwait(false);
        SemanticModel? model = await document.GetSemanticModelAsync(cancellationToken).ConfigureAwait(false);
        if (root is null || model is null)
        {
            return ImmutableArray<TextChange>.Empty;
        }

        var target = new FixedDocument(document, root, model, await document.GetTextAsync(cancellationToken).ConfigureAwait(false), cancellationToken);
        var edits = new List<TextChange>();
        foreach (Diagnostic diagnostic in diagnostics.OrderBy(d => d.Location.SourceSpan.Start))
        {
            TextSpan span = diagnostic.Location.SourceSpan;
            if (span.End <= root.FullSpan.End && root.FindNode(span, getInnermostNodeForTie: true) is { } node && (node.Span == span || root.FindToken(span.Start).Span == span))
            {
                Add(edits, Edits(node, target, diagnostic));
            }
        }

        Add(edits, Consequences(edits.ToImmutableArray(), target));
        return edits.OrderBy(e => e.Span.Start).ToImmutableArray();
    }

    // One statement may carry two diagnostics; what overlaps is left for the next time.
    private static void Add(List<TextChange> edits, ImmutableArray<TextChange> more)
    {
        if (more.All(m => edits.All(e => !e.Span.OverlapsWith(m.Span) && e.Span != m.Span)))
        {
            edits.AddRange(more);
        }
    }
}
