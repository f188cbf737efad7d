using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST1008: <c>socket.LingerState.Enabled = false</c> changes a copy. The socket keeps the option that it has, and closes as it would
/// have closed without the line.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST1008WriteToLingerCopy() : SocketRule(Catalogue.WriteToLingerCopy, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (SocketOperation operation in body.Operations)
            {
                if (operation is { Kind: SocketOperationKind.ChangeLingerCopy, Connection: { } copy }
                    && ReadOf(copy, body, context.Model.Types) is { } read
                    && !IntentionalReset.IsDeclared(context.Owner, operation.Operation))
                {
                    SyntaxNode marked = operation.Operation.Syntax;
                    context.Report(
                        marked.GetLocation(),
                        ImmutableDictionary<string, string?>.Empty,
                        marked.Span.Contains(read.Syntax.Span) ? null : read,
                        severity: null,
                        Target(operation.Operation));
                }
            }
        }
    }

    /// <summary>Where the copy is made; <see langword="null"/> where it may be given back to a socket, or is not known to be one.</summary>
    private static IOperation? ReadOf(IOperation copy, SocketBody body, KnownTypes types)
    {
        if (copy is not ILocalReferenceOperation { Local: var local })
        {
            return copy;
        }

        return body.ValuesOf(local) is { Count: 1 } values && values[0].Unwrap() is var read && LingerCopy.IsRead(read, types) && IsOnlyWrittenTo(body.ReferencesTo(local))
            ? read
            : null;
    }

    /// <summary>Nothing but its members is assigned: nobody looks at it, and no socket gets it.</summary>
    private static bool IsOnlyWrittenTo(IReadOnlyList<IOperation> references) => references.All(reference =>
        Inner(reference) is { Parent: IPropertyReferenceOperation { Parent: IAssignmentOperation or IIncrementOrDecrementOperation } member }
        && (member.Parent as IAssignmentOperation)?.Value != member);

    private static IOperation Inner(IOperation reference)
    {
        IOperation value = reference;
        while (value.Parent is IConversionOperation or IParenthesizedOperation)
        {
            value = value.Parent;
        }

        return value;
    }

    private static string Target(IOperation operation) => operation switch
    {
        IAssignmentOperation assignment => assignment.Target.Syntax.ToString(),
        IIncrementOrDecrementOperation step => step.Target.Syntax.ToString(),
        IMemberInitializerOperation member => member.InitializedMember.Syntax.ToString(),
        _ => operation.Syntax.ToString(),
    };
}
