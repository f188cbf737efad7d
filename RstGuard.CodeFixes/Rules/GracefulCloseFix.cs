using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// The base of fixes that close gracefully, by the extension of RstGuard.Runtime where that is referenced, else by one internal file that
/// the fix adds once. Whether the peer accepts a half-close is for a person to say, so there is no Fix All.
/// </summary>
/// <remarks>
/// Whatever it would write is compiled first: where that brings an error or a warning, nothing is offered. So a target without
/// <c>Socket.ReceiveAsync</c> over memory or <c>NetworkStream.Socket</c> (older than .NET 5) gets no fix.
/// </remarks>
public abstract class GracefulCloseFix : CodeFixProvider
{
    private const string Synchronous = "CloseGracefully";
    private const string Asynchronous = "CloseGracefullyAsync";

    private readonly bool _takesTime;
    private readonly string? _protocol;

    /// <param name="rule">The rule.</param>
    /// <param name="takesTime">A close with a time is replaced, not one without.</param>
    /// <param name="protocol">
    /// The metadata name of <c>SslStream</c> or <c>WebSocket</c>, whose protocols say goodbye by themselves, and asynchronously alone; nothing else is repaired then.
    /// </param>
    private protected GracefulCloseFix(DiagnosticDescriptor rule, bool takesTime = false, string? protocol = null)
    {
        _takesTime = takesTime;
        _protocol = protocol;
        FixableDiagnosticIds = ImmutableArray.Create(rule.Id);
    }

    /// <inheritdoc/>
    public sealed override ImmutableArray<string> FixableDiagnosticIds { get; }

    /// <inheritdoc/>
    public sealed override FixAllProvider? GetFixAllProvider() => null;

    /// <inheritdoc/>
    public sealed override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        foreach (Diagnostic diagnostic in context.Diagnostics)
        {
            if (diagnostic.Properties.TryGetValue(DiagnosticProperties.SpeaksHttp, out string? speaksHttp) && speaksHttp == "false"
                && diagnostic.Properties.TryGetValue(DiagnosticProperties.GracefulTimeoutMilliseconds, out string? limit)
                && int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out int milliseconds)
                && await RepairAsync(context.Document, diagnostic.Location.SourceSpan, milliseconds, context.CancellationToken).ConfigureAwait(false) is { } repaired)
            {
                context.RegisterCodeFix(
                    CodeAction.Create(FixTexts.Get(diagnostic.Id), _ => Task.FromResult(repaired), diagnostic.Id),
                    diagnostic);
            }
        }
    }

    private async Task<Solution?> RepairAsync(Document document, TextSpan marked, int milliseconds, CancellationToken cancellationToken)
    {
        if (await document.GetSyntaxRootAsync(cancellationToken).ConfigureAwait(false) is not { } root
            || await document.GetSemanticModelAsync(cancellationToken).ConfigureAwait(false) is not { } model
            || marked.End > root.FullSpan.End)
        {
            return null;
        }

        SourceText text = await document.GetTextAsync(cancellationToken).ConfigureAwait(false);
        var close = new GracefulCloseEdit(new FixedDocument(document, root, model, text, cancellationToken), milliseconds, _takesTime, _protocol);
        if (!close.Read(marked))
        {
            return null;
        }

        Project project = document.Project;
        string? containingNamespace = project.DefaultNamespace;
        if (Extension(model.Compilation, close) is { } extension)
        {
            containingNamespace = extension.ContainingNamespace.IsGlobalNamespace ? null : extension.ContainingNamespace.ToDisplayString();
        }
        else
        {
            LanguageVersion language = ((CSharpParseOptions)project.ParseOptions!).LanguageVersion;
            project = project.AddDocument(GracefulCloseFile.Name, GracefulCloseFile.Text(containingNamespace, language, close.NewLine)).Project;
        }

        Document edited = project.GetDocument(document.Id)!;
        foreach (string? imported in string.IsNullOrEmpty(containingNamespace) ? [null] : new[] { null, containingNamespace })
        {
            Document changed = edited.WithText(text.WithChanges(close.Edits(imported)));
            if (await CompilesAsCleanlyAsync(document, changed, cancellationToken).ConfigureAwait(false))
            {
                return changed.Project.Solution;
            }
        }

        return null;
    }

    // The Runtime's, or what an earlier fix added.
    private static INamedTypeSymbol? Extension(Compilation compilation, GracefulCloseEdit close)
    {
        IEnumerable<INamedTypeSymbol> candidates = compilation.GetSymbolsWithName(GracefulCloseFile.TypeName, SymbolFilter.Type).OfType<INamedTypeSymbol>();
        if (compilation.GetTypeByMetadataName("RstGuard." + GracefulCloseFile.TypeName) is { } shared)
        {
            candidates = candidates.Concat([shared]);
        }

        return candidates.FirstOrDefault(type => compilation.IsSymbolAccessibleWithin(type, compilation.Assembly)
            && type.GetMembers(close.MethodName).OfType<IMethodSymbol>().Any(method => method is { IsExtensionMethod: true, Parameters.Length: > 1 }
                && SymbolEqualityComparer.Default.Equals(method.Parameters[0].Type, close.ConnectionType)
                && method.Parameters[1].Type.Name == "TimeSpan"));
    }

    private static async Task<bool> CompilesAsCleanlyAsync(Document before, Document after, CancellationToken cancellationToken)
    {
        List<string> known = await WarningsAsync(before, cancellationToken).ConfigureAwait(false);
        List<string> now = await WarningsAsync(after, cancellationToken).ConfigureAwait(false);
        foreach (Document added in after.Project.Documents.Where(d => d.Name == GracefulCloseFile.Name && before.Project.GetDocument(d.Id) is null))
        {
            now.AddRange(await WarningsAsync(added, cancellationToken).ConfigureAwait(false));
        }

        foreach (string id in known)
        {
            now.Remove(id);
        }

        return now.Count == 0;
    }

    private static async Task<List<string>> WarningsAsync(Document document, CancellationToken cancellationToken) =>
        await document.GetSemanticModelAsync(cancellationToken).ConfigureAwait(false) is { } model
            ? [.. model.GetDiagnostics(cancellationToken: cancellationToken).Where(d => d.Severity >= DiagnosticSeverity.Warning && !d.IsSuppressed).Select(d => d.Id)]
            : [];

    /// <summary>Which text makes one marked close graceful.</summary>
    private sealed class GracefulCloseEdit(FixedDocument document, int milliseconds, bool takesTime, string? protocol)
    {
        private readonly KnownTypes _types = SocketModel.For(document.Model.Compilation).Types;
        private readonly List<TextChange> _edits = [];
        private SyntaxNode _function = document.Root;
        private string _timeout = "";

        internal string MethodName { get; private set; } = Synchronous;

        /// <summary>Socket, TcpClient, NetworkStream, SslStream or WebSocket.</summary>
        internal INamedTypeSymbol? ConnectionType { get; private set; }

        internal string NewLine => document.NewLine;

        /// <summary>The edits, with a <c>using</c> directive for <paramref name="imported"/> if there is one.</summary>
        internal IEnumerable<TextChange> Edits(string? imported) =>
            (imported is null || Import(imported) is not { } import ? _edits : _edits.Append(import)).OrderBy(edit => edit.Span.Start);

        /// <summary>False: the close can't be made graceful, or is already.</summary>
        internal bool Read(TextSpan marked)
        {
            SyntaxToken token = document.Root.FindToken(marked.Start);
            if (token.Span == marked && token.Parent is VariableDeclaratorSyntax { Parent: VariableDeclarationSyntax { Variables.Count: 1, Parent: var holder } } variable)
            {
                return Enter(variable)
                    && document.Model.GetDeclaredSymbol(variable, document.CancellationToken) is ILocalSymbol local
                    && IsClosable(local.Type, variable.Initializer?.Value)
                    && holder switch
                    {
                        LocalDeclarationStatementSyntax { UsingKeyword.RawKind: not 0 } declaration => AtEnd(declaration, local.Name),
                        UsingStatementSyntax scope => AtEnd(scope, local.Name),
                        _ => false,
                    };
            }

            return document.Root.FindNode(marked, getInnermostNodeForTie: true) switch
            {
                InvocationExpressionSyntax invocation when invocation.Span == marked => ClosedBy(invocation) is { } close && Enter(close) && InPlace(close),
                IdentifierNameSyntax { Parent: UsingStatementSyntax scope } resource when resource.Span == marked && scope.Expression == resource =>
                    Enter(resource) && IsClosable(document.Model.GetTypeInfo(resource, document.CancellationToken).Type, resource) && AtEnd(scope, resource.Identifier.Text),
                _ => false,
            };
        }

        private bool Enter(SyntaxNode node)
        {
            _function = node.Ancestors().FirstOrDefault(IsFunction) ?? document.Root;
            bool isAsync = _function switch
            {
                AnonymousFunctionExpressionSyntax lambda => lambda.AsyncKeyword.RawKind != 0,
                LocalFunctionStatementSyntax local => local.Modifiers.Any(SyntaxKind.AsyncKeyword),
                BaseMethodDeclarationSyntax method => method.Modifiers.Any(SyntaxKind.AsyncKeyword),
                CompilationUnitSyntax => OwnNodes().Any(n => n is AwaitExpressionSyntax),
                _ => false,
            };
            bool isLocked = node.Ancestors().TakeWhile(a => a != _function).Any(a => a is LockStatementSyntax);
            MethodName = isAsync && !isLocked ? Asynchronous : Synchronous;
            if (_types.TimeSpan is null)
            {
                return false;
            }

            string span = _types.TimeSpan.ToMinimalDisplayString(document.Model, node.SpanStart);
            _timeout = milliseconds % 1000 == 0
                ? $"({span}.FromSeconds({(milliseconds / 1000).ToString(CultureInfo.InvariantCulture)}))"
                : $"({span}.FromMilliseconds({milliseconds.ToString(CultureInfo.InvariantCulture)}))";
            return true;
        }

        // A stream closes its socket only when it owns it.
        private bool IsClosable(ITypeSymbol? type, ExpressionSyntax? value)
        {
            if (protocol is not null)
            {
                ConnectionType = document.Model.Compilation.GetTypeByMetadataName(protocol);
                return MethodName == Asynchronous && KnownTypes.IsOrDerives(type, ConnectionType);
            }

            ConnectionType = new[] { _types.Socket, _types.TcpClient, _types.NetworkStream }.FirstOrDefault(known => KnownTypes.IsOrDerives(type, known));
            if (ConnectionType is null || !SymbolEqualityComparer.Default.Equals(ConnectionType, _types.NetworkStream))
            {
                return ConnectionType is not null;
            }

            if (value is IdentifierNameSyntax name)
            {
                value = document.Model.GetSymbolInfo(name, document.CancellationToken).Symbol is ILocalSymbol { DeclaringSyntaxReferences: { Length: 1 } references }
                    && references[0].GetSyntax(document.CancellationToken) is VariableDeclaratorSyntax { Initializer.Value: var initial } ? initial : null;
            }

            return value switch
            {
                InvocationExpressionSyntax call => document.Model.GetSymbolInfo(call, document.CancellationToken).Symbol is IMethodSymbol { Name: "GetStream" } method
                    && KnownTypes.Is(method.ContainingType, _types.TcpClient),
                BaseObjectCreationExpressionSyntax creation => creation.ArgumentList?.Arguments.Any(a => document.Model.GetConstantValue(a.Expression, document.CancellationToken).Value is true) == true,
                _ => false,
            };
        }

        /// <summary>The marked close; of a marked shutdown, the close that is the next statement.</summary>
        private InvocationExpressionSyntax? ClosedBy(InvocationExpressionSyntax marked)
        {
            if (marked.Expression is not MemberAccessExpressionSyntax { Name.Identifier.Text: "Shutdown", Expression: var connection })
            {
                return marked;
            }

            SyntaxList<StatementSyntax> statements = marked.Parent?.Parent is BlockSyntax block ? block.Statements : default;
            int next = marked.Parent is StatementSyntax statement ? statements.IndexOf(statement) + 1 : 0;
            return next > 0 && next < statements.Count
                && statements[next] is ExpressionStatementSyntax { Expression: InvocationExpressionSyntax close } && ReceiverOf(close)?.ToString() == connection.ToString()
                ? close
                : null;
        }

        private bool InPlace(InvocationExpressionSyntax marked)
        {
            if (ReceiverOf(marked) is not { } receiver || !HalfClosesBefore(marked.SpanStart, receiver))
            {
                return false;
            }

            // A close with a time, or an abort, is what it is; the first of several others is marked, and whichever runs must be a graceful one.
            return takesTime || marked.Expression.ToString().EndsWith("Abort", System.StringComparison.Ordinal) ? InPlaceOnly(marked) : OwnNodes().OfType<InvocationExpressionSyntax>()
                .Where(call => call == marked || (call.SpanStart > marked.SpanStart && ReceiverOf(call)?.ToString() == receiver.ToString()))
                .All(InPlaceOnly);
        }

        // What is closed, when `close` is a close that can be replaced.
        private ExpressionSyntax? ReceiverOf(InvocationExpressionSyntax close) => close.ArgumentList.Arguments.Count != (takesTime ? 1 : 0) ? null : close.Expression switch
        {
            MemberAccessExpressionSyntax { Name.Identifier.Text: "Close" or "Dispose" or "DisposeAsync" or "Abort" } access => access.Expression,
            MemberBindingExpressionSyntax { Name.Identifier.Text: "Close" or "Dispose" or "DisposeAsync" or "Abort" } =>
                close.Ancestors().OfType<ConditionalAccessExpressionSyntax>().FirstOrDefault(access => access.WhenNotNull == close)?.Expression,
            _ => null,
        };

        private bool InPlaceOnly(InvocationExpressionSyntax close)
        {
            ExpressionSyntax receiver = ReceiverOf(close)!;
            if (!IsClosable(document.Model.GetTypeInfo(receiver, document.CancellationToken).Type, receiver))
            {
                return false;
            }

            SimpleNameSyntax name = close.Expression is MemberAccessExpressionSyntax { Name: var member } ? member : ((MemberBindingExpressionSyntax)close.Expression).Name;
            bool isAwaited = name.Identifier.Text == "DisposeAsync";
            if (MethodName == Asynchronous && !isAwaited)
            {
                // `await null` throws, so `s?.Close()` has no asynchronous counterpart of one expression.
                if (close.Expression is MemberBindingExpressionSyntax || close.Parent is not (ExpressionStatementSyntax or ArrowExpressionClauseSyntax or AnonymousFunctionExpressionSyntax))
                {
                    return false;
                }

                _edits.Add(new TextChange(new TextSpan(close.SpanStart, 0), "await "));
            }

            _edits.Add(new TextChange(name.Span, isAwaited ? Asynchronous : MethodName));
            _edits.Add(new TextChange(close.ArgumentList.Span, _timeout + (isAwaited ? "" : Configured())));
            return true;
        }

        private bool AtEnd(LocalDeclarationStatementSyntax declaration, string name)
        {
            IEnumerable<StatementSyntax> statements = declaration.Parent switch
            {
                BlockSyntax block => block.Statements,
                SwitchSectionSyntax section => section.Statements,
                GlobalStatementSyntax { Parent: CompilationUnitSyntax unit } => unit.Members.OfType<GlobalStatementSyntax>().Select(global => global.Statement),
                _ => [],
            };
            return AtEnd([.. statements.Where(statement => statement.SpanStart > declaration.SpanStart)], name);
        }

        private bool AtEnd(UsingStatementSyntax scope, string name)
        {
            StatementSyntax body = scope.Statement;
            while (body is UsingStatementSyntax inner)
            {
                body = inner.Statement;
            }

            return body is BlockSyntax { Statements.Count: > 0 } block && AtEnd([.. block.Statements], name);
        }

        private bool AtEnd(StatementSyntax[] statements, string name)
        {
            // Local functions may stand at the end of a body; they do not run there.
            if (statements.LastOrDefault(statement => statement is not LocalFunctionStatementSyntax) is not { } last
                || statements.Any(statement => statement.DescendantNodes().OfType<InvocationExpressionSyntax>().Any(call => IsGraceful(call, name)))
                || !LeavesAtEndOnly(statements, last)
                || document.Model.LookupSymbols(last.SpanStart, name: name).FirstOrDefault() is not ILocalSymbol local
                || !HalfClosesBefore(last.Span.End, Root(local, 0)))
            {
                return false;
            }

            bool isAsynchronous = MethodName == Asynchronous;
            string statement = $"{(isAsynchronous ? "await " : "")}{name}.{MethodName}{_timeout}{Configured()};";
            TextLine line = document.Text.Lines.GetLineFromPosition(last.SpanStart);
            string before = document.Text.ToString(TextSpan.FromBounds(line.Start, last.SpanStart));
            bool startsItsLine = before.Trim().Length == 0;
            if (last is ReturnStatementSyntax or BreakStatementSyntax or ContinueStatementSyntax or GotoStatementSyntax or YieldStatementSyntax)
            {
                if (last is not (BreakStatementSyntax or ContinueStatementSyntax) && (last is not ReturnStatementSyntax returned || MentionsConnection(returned.Expression)))
                {
                    return false;
                }

                _edits.Add(new TextChange(new TextSpan(last.SpanStart, 0), statement + (startsItsLine ? document.NewLine + before : " ")));
                return true;
            }

            if (document.Model.AnalyzeControlFlow(last) is not { Succeeded: true, EndPointIsReachable: true })
            {
                return false;
            }

            TextLine end = document.Text.Lines.GetLineFromPosition(last.Span.End);
            bool endsItsLine = !TextSpan.FromBounds(last.Span.End, end.End).IsEmpty
                ? last.GetTrailingTrivia().Any(SyntaxKind.EndOfLineTrivia)
                : end.EndIncludingLineBreak > end.End || end.End == document.Text.Length;
            _edits.Add(startsItsLine && endsItsLine
                ? new TextChange(new TextSpan(end.End, 0), document.NewLine + before + statement)
                : new TextChange(new TextSpan(last.Span.End, 0), " " + statement));
            return true;
        }

        // Leaving early, other than because nothing came, would close as before.
        private static bool LeavesAtEndOnly(StatementSyntax[] statements, StatementSyntax last)
        {
            int firstReceive = statements.SelectMany(s => s.DescendantNodes().OfType<SimpleNameSyntax>())
                .FirstOrDefault(n => n.Parent?.Parent is InvocationExpressionSyntax && IsReceive(n.Identifier.Text))?.SpanStart ?? 0;
            SyntaxNode scope = last.Parent is GlobalStatementSyntax ? last.Parent.Parent! : last.Parent!;
            return statements.SelectMany(s => s.DescendantNodesAndSelf(n => !IsFunction(n)))
                .Where(n => n is ReturnStatementSyntax or GotoStatementSyntax or ContinueStatementSyntax or BreakStatementSyntax && n != last && n.SpanStart > firstReceive)
                .All(n => (n is BreakStatementSyntax or ContinueStatementSyntax && n.Ancestors().TakeWhile(a => a != scope).Any(IsLoopOrSwitch))
                    || (n.Ancestors().OfType<IfStatementSyntax>().FirstOrDefault() is { Condition: BinaryExpressionSyntax condition } && IsZeroCheck(condition)));
        }

        private static bool IsReceive(string name) => name is "Receive" or "ReceiveAsync" or "Read" or "ReadAsync";

        private static bool IsLoopOrSwitch(SyntaxNode node) => node is WhileStatementSyntax or DoStatementSyntax or ForStatementSyntax or CommonForEachStatementSyntax or SwitchStatementSyntax;

        private static bool IsZeroCheck(BinaryExpressionSyntax condition) =>
            condition.Right is LiteralExpressionSyntax { Token.Value: int bound }
            && (condition.Kind(), bound) is (SyntaxKind.EqualsExpression or SyntaxKind.LessThanOrEqualExpression, 0) or (SyntaxKind.LessThanExpression, 1);

        private bool MentionsConnection(ExpressionSyntax? expression) => expression is not null
            && expression.DescendantNodesAndSelf().OfType<IdentifierNameSyntax>().Any(name =>
                document.Model.GetTypeInfo(name, document.CancellationToken).Type is { } type && (_types.IsConnection(type) || KnownTypes.IsOrDerives(type, _types.Stream)));

        private bool HalfClosesBefore(int position, ExpressionSyntax receiver) =>
            Root(receiver) is { } root && HalfClosesBefore(position, root);

        // After `Shutdown(Both)` nothing can be read, and what still comes is answered with a reset.
        private bool HalfClosesBefore(int position, ISymbol connection)
        {
            foreach (InvocationExpressionSyntax call in OwnNodes().OfType<InvocationExpressionSyntax>())
            {
                ExpressionSyntax? receiver = call.Expression switch
                {
                    MemberAccessExpressionSyntax { Name.Identifier.Text: "Shutdown" } access => access.Expression,
                    MemberBindingExpressionSyntax { Name.Identifier.Text: "Shutdown" } => call.Ancestors().OfType<ConditionalAccessExpressionSyntax>().FirstOrDefault()?.Expression,
                    _ => null,
                };
                if (protocol is not null && receiver is not null)
                {
                    // After a half-close no goodbye can be sent.
                    return false;
                }

                if (receiver is null || call.SpanStart > position || !SymbolEqualityComparer.Default.Equals(Root(receiver), connection))
                {
                    continue;
                }

                if (call.ArgumentList.Arguments.Count != 1 || call.ArgumentList.Arguments[0].Expression is not MemberAccessExpressionSyntax { Name: var how }
                    || how.Identifier.Text is not ("Both" or "Send" or "Receive"))
                {
                    return false;
                }

                if (how.Identifier.Text != "Send")
                {
                    _edits.Add(new TextChange(how.Span, "Send"));
                }
            }

            return true;
        }

        // The connection that an expression leads to: `client` for `client.Client`, and for a stream got from it.
        private ISymbol? Root(ExpressionSyntax expression)
        {
            ExpressionSyntax leftmost = expression;
            while (true)
            {
                switch (leftmost)
                {
                    case MemberAccessExpressionSyntax { Expression: not (ThisExpressionSyntax or BaseExpressionSyntax) } access:
                        leftmost = access.Expression;
                        continue;
                    case InvocationExpressionSyntax call:
                        leftmost = call.Expression;
                        continue;
                    case ConditionalAccessExpressionSyntax access:
                        leftmost = access.Expression;
                        continue;
                    case PostfixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.SuppressNullableWarningExpression } suppressed:
                        leftmost = suppressed.Operand;
                        continue;
                    case ParenthesizedExpressionSyntax parenthesized:
                        leftmost = parenthesized.Expression;
                        continue;
                }

                return document.Model.GetSymbolInfo(leftmost, document.CancellationToken).Symbol is { } symbol ? Root(symbol, 0) : null;
            }
        }

        private ISymbol Root(ISymbol symbol, int depth)
        {
            const int DeepestChain = 8;
            if (depth == DeepestChain || symbol is not ILocalSymbol { DeclaringSyntaxReferences: { Length: 1 } references })
            {
                return symbol;
            }

            ExpressionSyntax? owner = references[0].GetSyntax(document.CancellationToken) is VariableDeclaratorSyntax { Initializer.Value: var value }
                ? value switch
                {
                    InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.Text: "GetStream" } access } => access.Expression,
                    MemberAccessExpressionSyntax { Name.Identifier.Text: "Client" } access => access.Expression,
                    _ => null,
                }
                : null;
            return owner is IdentifierNameSyntax && document.Model.GetSymbolInfo(owner, document.CancellationToken).Symbol is { } outer ? Root(outer, depth + 1) : symbol;
        }

        private static bool IsGraceful(InvocationExpressionSyntax call, string connection) =>
            call.Expression is MemberAccessExpressionSyntax { Name.Identifier.Text: Synchronous or Asynchronous, Expression: IdentifierNameSyntax name } && name.Identifier.Text == connection;

        private static bool IsFunction(SyntaxNode node) =>
            node is AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax or BaseMethodDeclarationSyntax or AccessorDeclarationSyntax;

        private IEnumerable<SyntaxNode> OwnNodes() => _function.DescendantNodes(node => node == _function || !IsFunction(node));

        // As the function's other awaits do.
        private string Configured() => MethodName == Asynchronous && OwnNodes().OfType<IdentifierNameSyntax>().Any(name => name.Identifier.Text == "ConfigureAwait") ? ".ConfigureAwait(false)" : "";

        private TextChange? Import(string name)
        {
            if (document.Root.DescendantNodes().OfType<UsingDirectiveSyntax>().FirstOrDefault()?.Parent is not { } holder)
            {
                return null;
            }

            UsingDirectiveSyntax[] directives = [.. holder.ChildNodes().OfType<UsingDirectiveSyntax>()];
            UsingDirectiveSyntax last = directives.LastOrDefault(d => d.Alias is null && d.StaticKeyword.RawKind == 0) ?? directives[directives.Length - 1];
            TextLine line = document.Text.Lines.GetLineFromPosition(last.SpanStart);
            string indent = document.Text.ToString(TextSpan.FromBounds(line.Start, last.SpanStart));
            return indent.Trim().Length > 0
                ? new TextChange(new TextSpan(last.Span.End, 0), $" using {name};")
                : new TextChange(new TextSpan(last.Span.End, 0), $"{document.NewLine}{indent}using {name};");
        }
    }
}
