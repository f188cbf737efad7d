using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST1001: linger on with zero seconds makes each close of the socket send a reset, and drops what the peer has not acknowledged.
/// Listening sockets are reported too, with what they do: accepted sockets inherit the option.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST1001LingerZero() : SocketRule(Catalogue.LingerZero, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (SocketOperation operation in body.Operations)
            {
                if (operation.Kind == SocketOperationKind.SetLinger)
                {
                    Inspect(operation, body, context);
                }
            }
        }
    }

    private static void Inspect(SocketOperation operation, SocketBody body, RuleContext context)
    {
        LingerValue value = new(context.Model, context.CancellationToken);
        if (value.FindZero(operation.Value) is not { } zero
            || IsSeenWhereUsed(operation.Operation, value)
            || IntentionalReset.IsDeclared(context.Owner, operation.Operation)
            || SocketKindOf.IsNotTcp(operation.Connection, body, context.CancellationToken))
        {
            return;
        }

        (SyntaxNode marked, string form) = operation.Operation switch
        {
            ISymbolInitializerOperation initializer => (initializer.Value.Syntax, DiagnosticProperties.LingerForms.OptionDefault),
            IInvocationOperation invocation => (invocation.Syntax, DiagnosticProperties.LingerForms.Invocation),
            { Parent: IObjectOrCollectionInitializerOperation } member => (member.Syntax, DiagnosticProperties.LingerForms.InitializerMember),
            _ => (operation.Operation.Syntax, DiagnosticProperties.LingerForms.Assignment),
        };
        string effect = form == DiagnosticProperties.LingerForms.OptionDefault ? "RST1001Default"
            : SocketKindOf.IsListener(operation.Connection, body) ? "RST1001Listener"
            : "RST1001Closing";

        context.Report(
            marked.GetLocation(),
            ImmutableDictionary<string, string?>.Empty.Add(DiagnosticProperties.Form, form),
            marked.Span.Contains(zero.Syntax.Span) && marked.SyntaxTree == zero.Syntax.SyntaxTree ? null : zero,
            severity: null,
            Named(operation),
            Texts.Get(effect));
    }

    /// <summary>A member that always has this value is reported where it is set on a socket, not where it is declared.</summary>
    private static bool IsSeenWhereUsed(IOperation operation, LingerValue value) => operation switch
    {
        IPropertyInitializerOperation property => value.HasOneValue(property.InitializedProperties[0]),
        IFieldInitializerOperation field => value.HasOneValue(field.InitializedFields[0]),
        _ => false,
    };

    private static string Named(SocketOperation operation) => operation.Operation switch
    {
        IPropertyInitializerOperation property => property.InitializedProperties[0].Name,
        IFieldInitializerOperation field => field.InitializedFields[0].Name,
        ISimpleAssignmentOperation assignment => assignment.Target.Syntax.ToString(),
        _ when operation.Connection is { IsImplicit: false } connection => connection.Syntax.ToString(),
        _ => operation.Operation.Syntax.ToString(),
    };
}
