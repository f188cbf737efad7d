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
/// RST1008: assigns a new <c>LingerOption</c>, where the lines say all of it and it is one to wish for: linger off, or a time that the
/// caller gives. What would become linger zero (RST1001) or a constant time that blocks (RST1009), had it an effect, is taken out: so the program
/// keeps doing what it does.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST1008WriteToLingerCopyFix))]
public sealed class RST1008WriteToLingerCopyFix() : SocketFix(Catalogue.WriteToLingerCopy, Assigns, fixesAll: false)
{
    private const string Assigns = "RST1008";
    private const string Removes = "RST1008Remove";

    private protected override string TitleOf(ImmutableArray<TextChange> edits, string title) => edits.Any(edit => edit.NewText!.Contains("new ")) ? title : Removes;

    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        KnownTypes types = SocketModel.For(document.Model.Compilation).Types;
        if (node is not AssignmentExpressionSyntax assignment)
        {
            return ImmutableArray<TextChange>.Empty;
        }

        if (assignment.Right is InitializerExpressionSyntax members)
        {
            // new TcpClient { LingerState = { Enabled = false } }
            return IsLingerState(assignment.Left, document, types) && Option(Of(members, "Enabled"), Of(members, "LingerTime"), assignment, document, types) is { } value
                ? ImmutableArray.Create(new TextChange(members.Span, value))
                : ImmutableArray<TextChange>.Empty;
        }

        if (Part(assignment, document, types) is not { } part || !FixedDocument.HasNoEffect(assignment.Left))
        {
            return ImmutableArray<TextChange>.Empty;
        }

        AssignmentExpressionSyntax? other = Neighbour(assignment, part, document, types);
        bool isEnabled = part.Name.Identifier.ValueText == "Enabled";
        ExpressionSyntax? enabled = isEnabled ? assignment.Right : other?.Right;
        ExpressionSyntax? time = isEnabled ? other?.Right : assignment.Right;
        if (assignment.Parent is ExpressionStatementSyntax && Option(enabled, time, assignment, document, types) is { } option)
        {
            AssignmentExpressionSyntax first = other is not null && other.SpanStart < assignment.SpanStart ? other : assignment;
            var assigned = new TextChange(first.Span, $"{Option(part)} = {option}");
            return other is null
                ? ImmutableArray.Create(assigned)
                : ImmutableArray.Create(assigned, document.Remove((first == assignment ? other : assignment).Parent!.Span));
        }

        return FixedDocument.HasNoEffect(assignment.Right) ? document.RemoveStatement(assignment) : ImmutableArray<TextChange>.Empty;
    }

    /// <summary>The new option, as it is written; <see langword="null"/> where the lines do not say all of it, or RstGuard would report it.</summary>
    private static string? Option(ExpressionSyntax? enabled, ExpressionSyntax? time, SyntaxNode place, FixedDocument document, KnownTypes types)
    {
        if (enabled is null)
        {
            return null;
        }

        bool? on = document.Model.GetConstantValue(enabled, document.CancellationToken) is { HasValue: true, Value: bool constant } ? constant : null;
        bool isOff = on == false;
        if (time is null ? !isOff : !isOff && document.Model.GetConstantValue(time, document.CancellationToken).HasValue)
        {
            return null;
        }

        return $"new {types.LingerOption!.ToMinimalDisplayString(document.Model, place.SpanStart)}({enabled}, {time?.ToString() ?? "0"})";
    }

    private static ExpressionSyntax? Of(InitializerExpressionSyntax members, string name) => members.Expressions.OfType<AssignmentExpressionSyntax>()
        .FirstOrDefault(member => member.Left is IdentifierNameSyntax left && left.Identifier.ValueText == name)?.Right;

    /// <summary>The other half of the option, in the statement before or after this one.</summary>
    private static AssignmentExpressionSyntax? Neighbour(AssignmentExpressionSyntax assignment, MemberAccessExpressionSyntax part, FixedDocument document, KnownTypes types)
    {
        if (assignment.Parent is not ExpressionStatementSyntax { Parent: BlockSyntax block } statement)
        {
            return null;
        }

        int index = block.Statements.IndexOf(statement);
        foreach (int near in new[] { index + 1, index - 1 })
        {
            if (near >= 0 && near < block.Statements.Count
                && block.Statements[near] is ExpressionStatementSyntax { Expression: AssignmentExpressionSyntax other }
                && Part(other, document, types) is { } otherPart
                && otherPart.Name.Identifier.ValueText != part.Name.Identifier.ValueText
                && SyntaxFactory.AreEquivalent(Bare(otherPart.Expression), Bare(part.Expression)))
            {
                return other;
            }
        }

        return null;
    }

    /// <summary><c>socket.LingerState.Enabled</c> or <c>.LingerTime</c>, when that is what is assigned, and no local holds the copy.</summary>
    private static MemberAccessExpressionSyntax? Part(AssignmentExpressionSyntax assignment, FixedDocument document, KnownTypes types) =>
        assignment.IsKind(SyntaxKind.SimpleAssignmentExpression)
            && assignment.Left is MemberAccessExpressionSyntax { Name.Identifier.ValueText: "Enabled" or "LingerTime" } part
            && IsLingerState(Bare(part.Expression), document, types)
            ? part
            : null;

    private static bool IsLingerState(ExpressionSyntax expression, FixedDocument document, KnownTypes types) =>
        document.Model.GetSymbolInfo(expression, document.CancellationToken).Symbol is IPropertySymbol { Name: "LingerState" } property
        && (KnownTypes.Is(property.ContainingType, types.Socket) || KnownTypes.Is(property.ContainingType, types.TcpClient));

    private static string Option(MemberAccessExpressionSyntax part) => Bare(part.Expression).ToString();

    /// <summary>Without <c>!</c> and parentheses.</summary>
    private static ExpressionSyntax Bare(ExpressionSyntax expression)
    {
        while (true)
        {
            switch (expression)
            {
                case PostfixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.SuppressNullableWarningExpression } suppressed:
                    expression = suppressed.Operand;
                    break;
                case ParenthesizedExpressionSyntax parenthesized:
                    expression = parenthesized.Expression;
                    break;
                default:
                    return expression;
            }
        }
    }
}
