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
    private readonly string? _otherWay;

    /// <param name="rule">The rule.</param>
    /// <param name="title">The name of the title, and the equivalence key.</param>
    /// <param name="fixesAll">Whether Fix All offers it.</param>
    /// <param name="otherWay">The same of a second way to repair it, if there is one: <see cref="OtherEdits"/>.</param>
    private protected SocketFix(DiagnosticDescriptor rule, string title, bool fixesAll = true, string? otherWay = null)
    {
        _title = title;
        _fixesAll = fixesAll;
        _otherWay = otherWay;
        FixableDiagnosticIds = ImmutableArray.Create(rule.Id);
    }

    /// <inheritdoc/>
    public sealed override ImmutableArray<string> FixableDiagnosticIds { get; }

    /// <summary>What an editor and <c>dotnet format</c> group this fix by.</summary>
    public string EquivalenceKey => FixableDiagnosticIds[0];

    /// <inheritdoc/>
    public sealed override FixAllProvider? GetFixAllProvider() => !_fixesAll ? null
        : FixAllProvider.Create(async (context, document, diagnostics) =>
            await ApplyAsync(document, diagnostics, WayOf(context.CodeActionEquivalenceKey), context.CancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public sealed override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        foreach (Diagnostic diagnostic in context.Diagnostics)
        {
            await RegisterAsync(context, diagnostic, null).ConfigureAwait(false);
            if (_otherWay is not null)
            {
                await RegisterAsync(context, diagnostic, _otherWay).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// The edits for the diagnostic that marks <paramref name="node"/>; empty where the fix would be wrong or change nothing.
    /// </summary>
    private protected abstract ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic);

    /// <summary>The edits of the second way; empty where that would be wrong or is not possible.</summary>
    private protected virtual ImmutableArray<TextChange> OtherEdits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic) => ImmutableArray<TextChange>.Empty;

    /// <summary>The name of the title, and the equivalence key, of what <paramref name="edits"/> do; for fixes that have more than one way.</summary>
    private protected virtual string TitleOf(ImmutableArray<TextChange> edits, string title) => title;

    /// <summary>Edits that follow from what all <paramref name="edits"/> take away.</summary>
    private protected virtual ImmutableArray<TextChange> Consequences(ImmutableArray<TextChange> edits, FixedDocument document) => ImmutableArray<TextChange>.Empty;

    private string? WayOf(string? equivalenceKey) => equivalenceKey == _otherWay ? _otherWay : null;

    private async Task RegisterAsync(CodeFixContext context, Diagnostic diagnostic, string? way)
    {
        ImmutableArray<Diagnostic> one = ImmutableArray.Create(diagnostic);
        ImmutableArray<TextChange> edits = await EditsAsync(context.Document, one, way, context.CancellationToken).ConfigureAwait(false);
        if (!edits.IsEmpty)
        {
            string title = way ?? TitleOf(edits, _title);
            context.RegisterCodeFix(
                CodeAction.Create(FixTexts.Get(title), token => ApplyAsync(context.Document, one, way, token), title),
                diagnostic);
        }
    }

    private async Task<Document> ApplyAsync(Document document, ImmutableArray<Diagnostic> diagnostics, string? way, CancellationToken cancellationToken)
    {
        ImmutableArray<TextChange> edits = await EditsAsync(document, diagnostics, way, cancellationToken).ConfigureAwait(false);
        SourceText text = await document.GetTextAsync(cancellationToken).ConfigureAwait(false);
        return edits.IsEmpty ? document : document.WithText(text.WithChanges(edits));
    }

    private async Task<ImmutableArray<TextChange>> EditsAsync(Document document, ImmutableArray<Diagnostic> diagnostics, string? way, CancellationToken cancellationToken)
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
                Add(edits, way is null ? Edits(node, target, diagnostic) : OtherEdits(node, target, diagnostic));
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
