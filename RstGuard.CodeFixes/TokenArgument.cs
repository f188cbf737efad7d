using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard;

/// <summary>
/// Gives a call the cancellation token that it has an overload for. Which overload that is, is asked of the compiler: targets differ,
/// and where there is none nothing is offered.
/// </summary>
internal static class TokenArgument
{
    // The token that a fix writes may be declared by the same fix.
    private const string Placeholder = "default(global::System.Threading.CancellationToken)";

    /// <summary>The edits that add <paramref name="token"/> to <paramref name="call"/>; <see langword="null"/> without such an overload.</summary>
    /// <param name="call">The call.</param>
    /// <param name="token">The token, as it is written.</param>
    /// <param name="document">Where both are.</param>
    /// <param name="whole">The expression in whose place the call is to stand, where the fix takes something around it away.</param>
    internal static TextChange[]? Add(InvocationExpressionSyntax call, string token, FixedDocument document, ExpressionSyntax? whole = null)
    {
        if (call.Expression is not MemberAccessExpressionSyntax
            || document.Model.GetSymbolInfo(call, document.CancellationToken).Symbol is not IMethodSymbol { ReturnType: INamedTypeSymbol { Name: "Task" or "ValueTask" } before } method)
        {
            return null;
        }

        SeparatedSyntaxList<ArgumentSyntax> arguments = call.ArgumentList.Arguments;
        ArgumentSyntax? none = arguments.FirstOrDefault(argument => document.Model.GetTypeInfo(argument.Expression, document.CancellationToken).ConvertedType?.Name == "CancellationToken");
        IEnumerable<(TextSpan Span, string Before)> places = none is not null
            ? [(none.Expression.Span, "")]
            : [(new TextSpan(call.ArgumentList.CloseParenToken.SpanStart, 0), arguments.Count == 0 ? "" : ", ")];
        if (none is null && arguments.Count == 1)
        {
            places = places.Concat([(new TextSpan(call.ArgumentList.CloseParenToken.SpanStart, 0), ", SocketFlags.None, ")]);
        }

        if (none is null && arguments.Count > 0 && arguments[arguments.Count - 1].NameColon is not null)
        {
            places = [(new TextSpan(call.ArgumentList.CloseParenToken.SpanStart, 0), ", cancellationToken: ")];
        }

        foreach ((TextSpan span, string separator) in places)
        {
            string text = document.Text.ToString(TextSpan.FromBounds(call.SpanStart, span.Start)) + separator + Placeholder + document.Text.ToString(TextSpan.FromBounds(span.End, call.Span.End));
            if (document.Model.GetSpeculativeSymbolInfo(call.SpanStart, SyntaxFactory.ParseExpression(text), SpeculativeBindingOption.BindAsExpression).Symbol
                    is IMethodSymbol { ReturnType: INamedTypeSymbol { Name: "Task" or "ValueTask" } after } overload
                && overload.Name == method.Name && overload.Parameters[overload.Parameters.Length - 1].Type.Name == "CancellationToken")
            {
                TextChange argument = new(span, separator + token);
                return before.Name == "Task" && after.Name == "ValueTask" && !IsAwaited(whole ?? call) ? [argument, new(new TextSpan(call.Span.End, 0), ".AsTask()")] : [argument];
            }
        }

        return null;
    }

    private static bool IsAwaited(ExpressionSyntax call) => call.Parent switch
    {
        AwaitExpressionSyntax => true,
        MemberAccessExpressionSyntax { Name.Identifier.Text: "ConfigureAwait", Parent: InvocationExpressionSyntax { Parent: AwaitExpressionSyntax } } => true,
        MemberAccessExpressionSyntax { Name.Identifier.Text: "AsTask" } => true,
        _ => false,
    };
}
