using System.Collections.Generic;
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
/// RST2006: gives the operation a token that is cancelled after the time, linked with the token of the wait, and waits for the
/// operation alone. <c>await WhenAny(task, Delay) == task</c> becomes a question to the task, so that both branches stay as they are.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST2006TimedOutOperationLeftPendingFix))]
public sealed class RST2006TimedOutOperationLeftPendingFix() : SocketFix(Catalogue.TimedOutOperationLeftPending, "RST2006")
{
    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        if (node is not InvocationExpressionSyntax
            || document.BodyAround(node) is not { } body
            || TimedWait.In(body, document.CancellationToken).FirstOrDefault(wait => wait.Wait.Syntax == node) is not { } found)
        {
            return ImmutableArray<TextChange>.Empty;
        }

        return (found.Wait.TargetMethod.Name switch
        {
            "WaitAsync" => InPlaceOfWaitAsync(found, document),
            "WhenAny" => InPlaceOfWhenAny(found, document),
            _ => null,
        })?.ToImmutableArray() ?? ImmutableArray<TextChange>.Empty;
    }

    private static List<TextChange>? InPlaceOfWaitAsync(TimedWait found, FixedDocument document)
    {
        // (limit), (token) or (limit, token); not the one with a TimeProvider.
        if (found.Task is not null || Limit(found.Wait) is not var (limit, token))
        {
            return null;
        }

        var wait = (InvocationExpressionSyntax)found.Wait.Syntax;
        var call = (InvocationExpressionSyntax)found.Call.Syntax;
        List<TextChange> edits = [new(TextSpan.FromBounds(call.Span.End, wait.Span.End), "")];
        if (FixedDocument.HoldsComment(call.GetTrailingTrivia()))
        {
            return null;
        }

        string given;
        if (limit is null)
        {
            given = token!.Syntax.ToString();
        }
        else if (StatementOf(wait) is not { } statement || Source(statement, limit, token, document) is not var (name, declaration) || !AdaptCatches(wait, token, document, edits))
        {
            return null;
        }
        else
        {
            edits.Add(declaration);
            given = name + ".Token";
        }

        if (TokenArgument.Add(call, given, document, wait) is not { } added)
        {
            return null;
        }

        // Where the call becomes a ValueTask, AsTask stands in the place of what is taken away.
        foreach (TextChange change in added)
        {
            if (change.Span == new TextSpan(call.Span.End, 0))
            {
                edits[0] = new TextChange(edits[0].Span, change.NewText!);
            }
            else
            {
                edits.Add(change);
            }
        }

        return edits;
    }

    private static List<TextChange>? InPlaceOfWhenAny(TimedWait found, FixedDocument document)
    {
        var any = (InvocationExpressionSyntax)found.Wait.Syntax;
        var call = (InvocationExpressionSyntax)found.Call.Syntax;
        if (found.Delay!.Syntax is not InvocationExpressionSyntax delay || !any.Span.Contains(delay.Span) || Limit(found.Delay) is not ({ } limit, var token)
            || any.Parent is not ExpressionSyntax { } outer)
        {
            return null;
        }

        ExpressionSyntax awaited = outer is MemberAccessExpressionSyntax { Name.Identifier.Text: "ConfigureAwait", Parent: InvocationExpressionSyntax configured } ? configured : any;
        if (awaited.Parent is not AwaitExpressionSyntax await || StatementOf(call) is not { } statement || Source(statement, limit, token, document) is not var (name, declaration)
            || TokenArgument.Add(call, name + ".Token", document) is not { } added)
        {
            return null;
        }

        List<TextChange> edits = [declaration, .. added];
        SeparatedSyntaxList<ArgumentSyntax> arguments = any.ArgumentList.Arguments;
        int index = arguments.IndexOf(argument => argument.Expression == delay);
        if (arguments.Count != 2 || index < 0)
        {
            return null;
        }

        edits.Add(new(index == 0 ? TextSpan.FromBounds(arguments[0].SpanStart, arguments[1].SpanStart) : TextSpan.FromBounds(arguments[0].Span.End, arguments[1].Span.End), ""));
        switch (await.Parent)
        {
            case ExpressionStatementSyntax when found.Task is null:
                return edits;
            case BinaryExpressionSyntax { RawKind: (int)SyntaxKind.EqualsExpression or (int)SyntaxKind.NotEqualsExpression } comparison
                when found.Task is { } task && document.Model.GetSymbolInfo(comparison.Left == await ? comparison.Right : comparison.Left, document.CancellationToken).Symbol is ILocalSymbol compared
                    && SymbolEqualityComparer.Default.Equals(compared, task):
                bool ended = comparison.IsKind(SyntaxKind.EqualsExpression);
                edits.Add(new(TextSpan.FromBounds(comparison.SpanStart, await.SpanStart), ended ? "!(" : "("));
                edits.Add(new(TextSpan.FromBounds(await.Span.End, comparison.Span.End), ").IsCanceled"));
                return edits;
            default:
                return null;
        }
    }

    private static (IOperation? Limit, IOperation? Token)? Limit(IInvocationOperation wait)
    {
        IOperation? limit = null, token = null;
        foreach (IArgumentOperation argument in wait.Arguments)
        {
            switch (argument.Parameter?.Type.Name)
            {
                case "TimeSpan" or "Int32":
                    limit = argument.Value;
                    break;
                case "CancellationToken":
                    token = argument.Value.Unwrap() is IDefaultValueOperation or IPropertyReferenceOperation { Property.Name: "None" } ? null : argument.Value;
                    break;
                default:
                    return null;
            }
        }

        return limit is null && token is null || (limit is not null && !IsSimple(limit)) || (token is not null && !FixedDocument.HasNoEffect(token.Syntax)) ? null : (limit, token);
    }

    // It is evaluated earlier than before, which must make no difference.
    private static bool IsSimple(IOperation limit) => limit.Syntax.DescendantNodesAndSelf().All(node => node switch
    {
        InvocationExpressionSyntax call => call.Expression is MemberAccessExpressionSyntax { Expression: IdentifierNameSyntax { Identifier.Text: "TimeSpan" } or MemberAccessExpressionSyntax { Name.Identifier.Text: "TimeSpan" } },
        AwaitExpressionSyntax or AssignmentExpressionSyntax or AnonymousFunctionExpressionSyntax or DeclarationExpressionSyntax => false,
        PrefixUnaryExpressionSyntax prefix => !prefix.IsKind(SyntaxKind.PreIncrementExpression) && !prefix.IsKind(SyntaxKind.PreDecrementExpression),
        PostfixUnaryExpressionSyntax postfix => postfix.IsKind(SyntaxKind.SuppressNullableWarningExpression),
        _ => true,
    });

    /// <summary>The statement that starts the operation, where one may be put before it and is run as often.</summary>
    private static StatementSyntax? StatementOf(ExpressionSyntax expression)
    {
        foreach (SyntaxNode outer in expression.Ancestors())
        {
            switch (outer)
            {
                case AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax or WhileStatementSyntax or DoStatementSyntax or ForStatementSyntax or CommonForEachStatementSyntax
                    or ArrowExpressionClauseSyntax or BaseMethodDeclarationSyntax:
                    return null;
                case StatementSyntax { Parent: BlockSyntax or GlobalStatementSyntax } statement:
                    return statement is LabeledStatementSyntax ? null : statement;
            }
        }

        return null;
    }

    private static (string Name, TextChange Declaration)? Source(StatementSyntax statement, IOperation limit, IOperation? token, FixedDocument document)
    {
        if (((CSharpParseOptions)statement.SyntaxTree.Options).LanguageVersion < LanguageVersion.CSharp8)
        {
            return null;
        }

        SyntaxNode function = statement.Ancestors().First(outer => outer is MemberDeclarationSyntax or CompilationUnitSyntax);
        HashSet<string> taken = [.. function.DescendantTokens().Where(t => t.IsKind(SyntaxKind.IdentifierToken)).Select(t => t.ValueText)];
        string name = "timeout";
        for (int number = 2; taken.Contains(name) || !document.Model.LookupSymbols(statement.SpanStart, name: name).IsEmpty; number++)
        {
            name = "timeout" + number;
        }

        INamedTypeSymbol? source = document.Model.Compilation.GetTypeByMetadataName("System.Threading.CancellationTokenSource");
        if (source is null)
        {
            return null;
        }

        string type = source.ToMinimalDisplayString(document.Model, statement.SpanStart);
        TextLine line = document.Text.Lines.GetLineFromPosition(statement.SpanStart);
        string before = document.Text.ToString(TextSpan.FromBounds(line.Start, statement.SpanStart));
        string separator = before.Trim().Length == 0 ? document.NewLine + before : " ";
        string text = token is null
            ? $"using {type} {name} = new {type}({limit.Syntax});{separator}"
            : $"using {type} {name} = {type}.CreateLinkedTokenSource({token.Syntax});{separator}{name}.CancelAfter({limit.Syntax});{separator}";
        return (name, new TextChange(new TextSpan(statement.SpanStart, 0), text));
    }

    /// <summary>What caught the end of the time by its type catches the cancellation instead.</summary>
    private static bool AdaptCatches(ExpressionSyntax wait, IOperation? token, FixedDocument document, List<TextChange> edits)
    {
        foreach (TryStatementSyntax guarded in wait.Ancestors().TakeWhile(outer => outer is not (AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax)).OfType<TryStatementSyntax>())
        {
            if (!guarded.Block.Span.Contains(wait.Span))
            {
                continue;
            }

            foreach (CatchClauseSyntax handler in guarded.Catches)
            {
                if (handler.Filter is { } filter && filter.ToString().Contains("TimeoutException"))
                {
                    return false;
                }

                if (handler.Declaration is not { } declaration || document.Model.GetTypeInfo(declaration.Type, document.CancellationToken).Type?.Name != "TimeoutException")
                {
                    continue;
                }

                // Another cancellation must not be taken for the end of the time, nor another timeout for this one.
                if (token is not null || handler.Filter is not null || guarded.Catches.Any(other => other != handler && other.Declaration?.Type.ToString().Contains("Cancel") == true)
                    || guarded.Block.DescendantNodes().OfType<IdentifierNameSyntax>().Any(name => name.Identifier.Text == "WaitAsync" && !wait.Span.Contains(name.Span)))
                {
                    return false;
                }

                string type = document.Model.Compilation.GetTypeByMetadataName("System.OperationCanceledException")!.ToMinimalDisplayString(document.Model, declaration.SpanStart);
                edits.Add(new TextChange(declaration.Type.Span, type));
            }
        }

        return true;
    }
}
