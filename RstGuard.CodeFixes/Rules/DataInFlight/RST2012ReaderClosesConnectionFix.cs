using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace RstGuard.Rules;

/// <summary>
/// RST2012: <c>leaveOpen: true</c>, by a constructor that the target has. Older targets have it at the end of a long list without
/// defaults; what stands between is written as the shorter constructor has it.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RST2012ReaderClosesConnectionFix))]
public sealed class RST2012ReaderClosesConnectionFix() : SocketFix(Catalogue.ReaderClosesConnection, "RST2012")
{
    private const string LeaveOpen = "leaveOpen";

    private protected override ImmutableArray<TextChange> Edits(SyntaxNode node, FixedDocument document, Diagnostic diagnostic)
    {
        if (!diagnostic.Properties.TryGetValue(DiagnosticProperties.LeaveOpen, out string? repairs) || repairs != "true"
            || node is not BaseObjectCreationExpressionSyntax { ArgumentList: { Arguments.Count: > 0 } list } creation
            || document.Model.GetSymbolInfo(creation, document.CancellationToken).Symbol is not IMethodSymbol constructor)
        {
            return ImmutableArray<TextChange>.Empty;
        }

        if (ArgumentFor(LeaveOpen, list, constructor) is { } said)
        {
            return document.Model.GetConstantValue(said.Expression, document.CancellationToken).Value is false
                ? ImmutableArray.Create(new TextChange(said.Expression.Span, "true"))
                : ImmutableArray<TextChange>.Empty;
        }

        bool named = list.Arguments.Any(argument => argument.NameColon is not null);
        return constructor.ContainingType.InstanceConstructors
            .Where(candidate => document.Model.IsAccessible(creation.SpanStart, candidate))
            .Select(candidate => Added(candidate, constructor, list, creation, named, document))
            .Where(added => added is not null)
            .OrderBy(added => added!.Length)
            .Take(1)
            .Select(added => new TextChange(new TextSpan(list.Arguments.Last().Span.End, 0), added!))
            .ToImmutableArray();
    }

    private static ArgumentSyntax? ArgumentFor(string parameter, BaseArgumentListSyntax list, IMethodSymbol constructor)
    {
        for (int i = 0; i < list.Arguments.Count; i++)
        {
            ArgumentSyntax argument = list.Arguments[i];
            string? name = argument.NameColon?.Name.Identifier.ValueText ?? (i < constructor.Parameters.Length ? constructor.Parameters[i].Name : null);
            if (name == parameter)
            {
                return argument;
            }
        }

        return null;
    }

    /// <summary>What makes the call one of <paramref name="candidate"/>; <see langword="null"/> when it can't be.</summary>
    private static string? Added(IMethodSymbol candidate, IMethodSymbol constructor, BaseArgumentListSyntax list, SyntaxNode creation, bool named, FixedDocument document)
    {
        List<string> added = [];
        bool found = false;
        foreach (IParameterSymbol parameter in candidate.Parameters)
        {
            if (parameter is { Name: LeaveOpen, Type.SpecialType: SpecialType.System_Boolean })
            {
                added.Add(LeaveOpen + ": true");
                found = true;
            }
            else if (ArgumentFor(parameter.Name, list, constructor) is null && !parameter.IsOptional)
            {
                if (Default(parameter, candidate.ContainingType, creation, document) is not { } value)
                {
                    return null;
                }

                added.Add(named ? $"{parameter.Name}: {value}" : value);
            }
        }

        // All that is given must have its place there.
        bool takesAll = constructor.Parameters.All(parameter => ArgumentFor(parameter.Name, list, constructor) is null
            || candidate.Parameters.Any(other => other.Name == parameter.Name && SymbolEqualityComparer.Default.Equals(other.Type, parameter.Type) && (named || other.Ordinal == parameter.Ordinal)));
        return found && takesAll ? ", " + string.Join(", ", added) : null;
    }

    private static string? Default(IParameterSymbol parameter, INamedTypeSymbol type, SyntaxNode creation, FixedDocument document)
    {
        switch (parameter.Name)
        {
            case "encoding":
                bool writes = type.Name.EndsWith("Writer", System.StringComparison.Ordinal);
                string name = writes ? "System.Text.UTF8Encoding" : "System.Text.Encoding";
                return document.Model.Compilation.GetTypeByMetadataName(name)?.ToMinimalDisplayString(document.Model, creation.SpanStart) is { } encoding
                    ? writes ? $"new {encoding}(false, true)" : $"{encoding}.UTF8"
                    : null;
            case "detectEncodingFromByteOrderMarks":
                return "true";
            case "bufferSize":
                return "1024";
            default:
                return null;
        }
    }
}
