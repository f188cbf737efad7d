using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>What a linger option is set on.</summary>
internal enum LingerTarget
{
    /// <summary>A connection, or a socket that may become one.</summary>
    Connection,

    /// <summary>A listening socket, whose accepted sockets inherit it on Linux.</summary>
    Listener,

    /// <summary>Nothing yet: an option's default, for each socket that takes it.</summary>
    Default,

    /// <summary>The same, where all that the compilation does with the option is to set it on listening sockets.</summary>
    ListenerDefault,
}

/// <summary>
/// The base of the rules about a linger option that is switched on with a constant time: it finds the places, a rule says which of
/// them are its own.
/// </summary>
public abstract class LingerRule : SocketRule
{
    private protected LingerRule(DiagnosticDescriptor descriptor)
        : base(descriptor, SocketTopics.Tcp)
    {
    }

    private protected sealed override void Inspect(RuleContext context)
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

    /// <summary>
    /// The arguments of the message about a linger option of <paramref name="seconds"/>; <see langword="null"/> where it is none of
    /// this rule's.
    /// </summary>
    private protected abstract object[]? MessageArguments(string name, long seconds, LingerTarget target);

    private void Inspect(SocketOperation operation, SocketBody body, RuleContext context)
    {
        LingerValue value = new(context.Model, context.CancellationToken);
        if (value.Find(operation.Value) is not { } time || IsSeenWhereUsed(operation.Operation, value))
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
        LingerApplications? applications = operation.Operation is ISymbolInitializerOperation ? LingerApplications.Of(operation.Operation, context.Model, context.CancellationToken) : null;
        LingerTarget target = applications is not null ? applications.AreListeners ? LingerTarget.ListenerDefault : LingerTarget.Default
            : SocketKindOf.IsListener(operation.Connection, body, context.CancellationToken) ? LingerTarget.Listener
            : LingerTarget.Connection;
        if (MessageArguments(Named(operation), time.Seconds, target) is not { } arguments
            || IntentionalReset.IsDeclared(context.Owner, operation.Operation)
            || SocketKindOf.IsNotTcp(operation.Connection, body, context.CancellationToken)
            || SocketKindOf.IsOnlyBound(operation.Connection, body)
            || (target == LingerTarget.Listener && TargetPlatform.IsWindowsOnly(context.Owner, operation.Operation)))
        {
            return;
        }

        context.Report(
            marked.GetLocation(),
            ImmutableDictionary<string, string?>.Empty.Add(DiagnosticProperties.Form, form),
            !marked.Span.Contains(time.Made.Syntax.Span) || marked.SyntaxTree != time.Made.Syntax.SyntaxTree ? time.Made : applications?.First,
            severity: null,
            arguments);
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
