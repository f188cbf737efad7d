using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST2002: shuts the socket down before it is closed, so that the runtime closes with a FIN behind what is queued, and the pending
/// receive ends with 0 bytes. The second way, where the task of the receive loop can be reached: shut down sending only, and let the loop
/// read what the peer still sends, up to its end or a limit.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST2002ClosedWhilePendingFix))]
public sealed class RST2002ClosedWhilePendingFix() : SocketFix(Catalogue.ClosedWhilePending, "RST2002", otherWay: "RST2002AwaitLoop")
{
    private const int DeepestCall = 4;

    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic) =>
        Shutdown(node, document, diagnostic) is var (shutdown, close) ? shutdown.Write("Both", close) : ImmutableArray<TextChange>.Empty;

    private protected override ImmutableArray<TextChange> OtherEdits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        if (Shutdown(node, document, diagnostic) is not var (shutdown, close) || !shutdown.IsStatement || !MayAwait(node)
            || LoopTask(node, document, diagnostic) is not { } loop
            || !diagnostic.Properties.TryGetValue(DiagnosticProperties.GracefulTimeoutMilliseconds, out string? limit) || !int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out int milliseconds))
        {
            return ImmutableArray<TextChange>.Empty;
        }

        string task = Name("System.Threading.Tasks.Task", node, document);
        string span = Name("System.TimeSpan", node, document);
        string time = milliseconds % 1000 == 0 ? $"{span}.FromSeconds({milliseconds / 1000})" : $"{span}.FromMilliseconds({milliseconds})";
        string loopTask = loop.Type.NullableAnnotation == NullableAnnotation.NotAnnotated ? loop.Symbol.Name : $"{loop.Symbol.Name} ?? {task}.CompletedTask";
        string configured = document.Root.DescendantNodes().OfType<AwaitExpressionSyntax>().Any(awaited => awaited.Expression.ToString().EndsWith(".ConfigureAwait(false)", System.StringComparison.Ordinal))
            ? ".ConfigureAwait(false)" : "";
        return shutdown.Write("Send", close, $"await {task}.WhenAny({loopTask}, {task}.Delay({time})){configured};");
    }

    private static (GuardedShutdown Shutdown, string Close)? Shutdown(SyntaxNode node, FixedDocument document, Diagnostic diagnostic) =>
        diagnostic.Properties.TryGetValue(DiagnosticProperties.Form, out string? pending) && pending == DiagnosticProperties.PendingForms.Receive
        && node is InvocationExpressionSyntax call
        && document.Model.GetSymbolInfo(call, document.CancellationToken).Symbol is IMethodSymbol { Name: "Close" or "Dispose", IsStatic: false, Parameters.IsEmpty: true } method
        && KnownTypes.Is(method.ContainingType, SocketModel.For(document.Model.Compilation).Types.Socket)
        && GuardedShutdown.Before(call, document) is { } shutdown
            ? (shutdown, method.Name + "()")
            : null;

    private static string Name(string type, SyntaxNode node, FixedDocument document) =>
        document.Model.Compilation.GetTypeByMetadataName(type)!.ToMinimalDisplayString(document.Model, node.SpanStart);

    /// <summary>Inside an async function, and under no lock.</summary>
    private static bool MayAwait(SyntaxNode node)
    {
        foreach (SyntaxNode outer in node.Ancestors())
        {
            switch (outer)
            {
                case LockStatementSyntax or UnsafeStatementSyntax or FixedStatementSyntax:
                    return false;
                case AnonymousFunctionExpressionSyntax lambda:
                    return lambda.AsyncKeyword.RawKind != 0;
                case LocalFunctionStatementSyntax function:
                    return function.Modifiers.Any(SyntaxKind.AsyncKeyword);
                case BaseMethodDeclarationSyntax method:
                    return method.Modifiers.Any(SyntaxKind.AsyncKeyword);
            }
        }

        return false;
    }

    /// <summary>
    /// The field or property of the closing type that holds the task of the function which receives, or of one that calls it and waits.
    /// </summary>
    private static (ISymbol Symbol, ITypeSymbol Type)? LoopTask(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        if (diagnostic.AdditionalLocations.FirstOrDefault() is not { } pending || pending.SourceTree != document.Root.SyntaxTree
            || document.Model.GetEnclosingSymbol(node.SpanStart, document.CancellationToken)?.ContainingType is not { } type
            || document.Root.FindNode(pending.SourceSpan, getInnermostNodeForTie: true) is not { } receive
            || document.BodyAround(receive) is not { } body
            || body.Operations.FirstOrDefault(operation => operation.Operation.Syntax.Span == pending.SourceSpan)?.Operation is not { } operation)
        {
            return null;
        }

        Queue<(CodeFunction Function, int Depth)> functions = new([(CodeFunction.Of(body, operation), 0)]);
        while (functions.Count > 0)
        {
            (CodeFunction function, int depth) = functions.Dequeue();
            foreach (CallSite caller in body.Model.Calls.CallersOf(function, document.CancellationToken))
            {
                if (caller.Mode == CallMode.Started && TypeOf(caller.Kept) is { } held && body.Model.Concurrency.IsTask(held)
                    && SymbolEqualityComparer.Default.Equals(caller.Kept!.ContainingType, type.OriginalDefinition))
                {
                    return (caller.Kept, held);
                }

                if (caller.Mode == CallMode.Inline && depth < DeepestCall)
                {
                    functions.Enqueue((caller.Caller, depth + 1));
                }
            }
        }

        return null;
    }

    private static ITypeSymbol? TypeOf(ISymbol? kept) => kept switch
    {
        IFieldSymbol field => field.Type,
        IPropertySymbol property => property.Type,
        _ => null,
    };
}
