using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard;

/// <summary>
/// Writes <c>Shutdown</c> before what closes a socket, with its failures caught: on a socket that is not connected it throws, and the
/// close after it would be skipped.
/// </summary>
/// <remarks>
/// Not the Runtime's graceful close, where that is referenced either: it waits, and reads, while here a receive may be pending that somebody
/// else waits for, or the code closes at once on purpose.
/// </remarks>
internal sealed class GuardedShutdown
{
    private readonly FixedDocument _document;
    private readonly ExpressionSyntax _call;
    private readonly string _receiver;

    private GuardedShutdown(FixedDocument document, ExpressionSyntax call, string receiver)
    {
        _document = document;
        _call = call;
        _receiver = receiver;
    }

    /// <summary>
    /// Where a guarded shutdown can stand before <paramref name="call"/>, a call on a socket whose value is of no use; <see langword="null"/>
    /// where it would evaluate something twice, or can't stand.
    /// </summary>
    internal static GuardedShutdown? Before(InvocationExpressionSyntax call, FixedDocument document)
    {
        (ExpressionSyntax whole, SimpleNameSyntax? name) = Called(call);
        if (name is null
            || whole.DescendantNodes().OfType<ExpressionSyntax>().Any(node => node.Span.End <= name.SpanStart && !FixedDocument.HasNoEffect(node))
            || whole.DescendantTrivia().Any(trivia => FixedDocument.HoldsComment(new SyntaxTriviaList(trivia))))
        {
            return null;
        }

        return whole.Parent is ExpressionStatementSyntax or LambdaExpressionSyntax or ArrowExpressionClauseSyntax
            ? new GuardedShutdown(document, whole, document.Text.ToString(TextSpan.FromBounds(whole.SpanStart, name.SpanStart)))
            : null;
    }

    /// <summary>
    /// Whether each way to the call runs a <c>Shutdown</c> of sending on the same socket first, or tries to.
    /// </summary>
    internal bool IsThere()
    {
        SyntaxNode function = _call.Ancestors().First(node => node is AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax or MemberDeclarationSyntax or AccessorDeclarationSyntax or CompilationUnitSyntax);
        return function.DescendantNodes().OfType<InvocationExpressionSyntax>().Any(earlier => earlier.SpanStart < _call.SpanStart
            && ReceiverOf(earlier, "Shutdown") is { } receiver && Comparable(receiver) == Comparable(_receiver)
            && !earlier.ArgumentList.Arguments.ToString().EndsWith(".Receive", System.StringComparison.Ordinal)
            && earlier.Ancestors().TakeWhile(node => !node.Span.Contains(_call.Span)).All(node => node is not (IfStatementSyntax or WhileStatementSyntax or ForStatementSyntax
                or CommonForEachStatementSyntax or SwitchStatementSyntax or CatchClauseSyntax or AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax)));
    }

    /// <summary>Whether the call is a statement of its own in a list of statements.</summary>
    internal bool IsStatement => _call.Parent is ExpressionStatementSyntax { Parent: BlockSyntax or GlobalStatementSyntax or SwitchSectionSyntax };

    /// <summary>
    /// Writes the shutdown, and <paramref name="close"/> called on the same socket instead of the call; in between the statement
    /// <paramref name="between"/>, which only a call that <see cref="IsStatement"/> takes.
    /// </summary>
    internal ImmutableArray<TextChange> Write(string direction, string close, string? between = null)
    {
        string shutdown = Name("SocketShutdown", _call.SpanStart, _document);
        string attempt = $"try {{ {_receiver}Shutdown({shutdown}.{direction}); }}";
        (string refused, string disposed) = Handlers(_call.SpanStart, _document);
        string closing = $"{_receiver}{close};";
        string onOneLine = $"{{ {attempt} {refused} {disposed} {closing} }}";
        switch (_call.Parent)
        {
            case ExpressionStatementSyntax { Parent: BlockSyntax or GlobalStatementSyntax or SwitchSectionSyntax } statement:
                TextLine line = _document.Text.Lines.GetLineFromPosition(statement.SpanStart);
                string before = _document.Text.ToString(TextSpan.FromBounds(line.Start, statement.SpanStart));
                string separator = before.Trim().Length == 0 ? _document.NewLine + before : " ";
                return ImmutableArray.Create(new TextChange(statement.Span, string.Join(separator, attempt, refused, disposed, between is null ? closing : between + separator + closing)));
            case ExpressionStatementSyntax statement:
                return ImmutableArray.Create(new TextChange(statement.Span, onOneLine));
            case LambdaExpressionSyntax:
                return ImmutableArray.Create(new TextChange(_call.Span, onOneLine));
            case ArrowExpressionClauseSyntax { Parent: var member } arrow when member!.GetLastToken() is var end && end.IsKind(SyntaxKind.SemicolonToken):
                TextLine declaration = _document.Text.Lines.GetLineFromPosition(member.SpanStart);
                string indent = _document.Text.ToString(TextSpan.FromBounds(declaration.Start, member.SpanStart));
                bool startsItsLine = indent.Trim().Length == 0;
                string block = startsItsLine
                    ? string.Join(_document.NewLine + indent, "", "{", "    " + attempt, "    " + refused, "    " + disposed, "    " + closing, "}")
                    : " " + onOneLine;
                return ImmutableArray.Create(new TextChange(TextSpan.FromBounds(arrow.ArrowToken.GetPreviousToken().Span.End, end.Span.End), block));
            default:
                return ImmutableArray<TextChange>.Empty;
        }
    }

    /// <summary>What <paramref name="call"/> is called on, as it is written, when it is a call of <paramref name="method"/>.</summary>
    internal static string? ReceiverOf(InvocationExpressionSyntax call, string method)
    {
        (ExpressionSyntax whole, SimpleNameSyntax? name) = Called(call);
        return name?.Identifier.ValueText == method ? call.SyntaxTree.GetText().ToString(TextSpan.FromBounds(whole.SpanStart, name.SpanStart)) : null;
    }

    /// <summary>The call with the conditional accesses that it ends, and the name that it calls.</summary>
    private static (ExpressionSyntax Whole, SimpleNameSyntax? Name) Called(InvocationExpressionSyntax call)
    {
        ExpressionSyntax whole = call;
        while (whole.Parent is ConditionalAccessExpressionSyntax access && access.WhenNotNull == whole)
        {
            whole = access;
        }

        SimpleNameSyntax? name = call.Expression switch
        {
            MemberAccessExpressionSyntax access => access.Name,
            MemberBindingExpressionSyntax binding => binding.Name,
            SimpleNameSyntax own => own,
            _ => null,
        };
        return (whole, name);
    }

    /// <summary>A receiver without what does not change which object it is.</summary>
    private static string Comparable(string receiver)
    {
        string compact = new(receiver.Where(c => c is not ('?' or '!') && !char.IsWhiteSpace(c)).ToArray());
        return compact.StartsWith("this.", System.StringComparison.Ordinal) ? compact.Substring("this.".Length) : compact;
    }

    /// <summary>Catches what a shutdown throws, at the shutdown that is there already.</summary>
    internal static ImmutableArray<TextChange> Guard(ExpressionStatementSyntax shutdown, FixedDocument document)
    {
        (string refused, string disposed) = Handlers(shutdown.SpanStart, document);
        TextLine line = document.Text.Lines.GetLineFromPosition(shutdown.SpanStart);
        string before = document.Text.ToString(TextSpan.FromBounds(line.Start, shutdown.SpanStart));
        bool startsItsLine = shutdown.Parent is BlockSyntax or GlobalStatementSyntax or SwitchSectionSyntax && before.Trim().Length == 0;
        string separator = startsItsLine ? document.NewLine + before : " ";
        return ImmutableArray.Create(new TextChange(shutdown.Span, string.Join(separator, $"try {{ {shutdown.ToString()} }}", refused, disposed)));
    }

    /// <summary>The handlers of what <c>Shutdown</c> throws: without a connection, and once the socket is closed.</summary>
    private static (string Refused, string Disposed) Handlers(int position, FixedDocument document) => (
        $"catch ({Name("SocketException", position, document)}) {{ }}",
        $"catch ({document.Model.Compilation.GetTypeByMetadataName("System.ObjectDisposedException")?.ToMinimalDisplayString(document.Model, position)}) {{ }}");

    private static string Name(string type, int position, FixedDocument document) =>
        document.Model.Compilation.GetTypeByMetadataName("System.Net.Sockets." + type)?.ToMinimalDisplayString(document.Model, position) ?? type;
}
