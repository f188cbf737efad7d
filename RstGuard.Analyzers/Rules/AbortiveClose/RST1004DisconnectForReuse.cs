using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST1004: to let a socket connect again, .NET on Unix replaces its handle and closes the old one abortively; what the peer has not acknowledged
/// is dropped.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST1004DisconnectForReuse() : SocketRule(Catalogue.DisconnectForReuse, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (SocketOperation operation in body.Operations)
            {
                if (Reuse(operation, body) is { } reuse && !IsLeftAlone(operation, body, context))
                {
                    SyntaxNode marked = operation.Operation.Syntax;
                    context.Report(
                        marked.GetLocation(),
                        ImmutableDictionary<string, string?>.Empty,
                        marked.Span.Contains(reuse.Syntax.Span) ? null : reuse,
                        severity: null,
                        marked.ToString());
                }
            }
        }
    }

    /// <summary>What says that the socket is to be used again: a constant, or the default of a parameter that is handed on as it came.</summary>
    private static IOperation? Reuse(SocketOperation operation, SocketBody body) => operation switch
    {
        { Kind: SocketOperationKind.Disconnect, ReusesSocket: true } => operation.Operation,
        { Kind: SocketOperationKind.Disconnect, Operation: IInvocationOperation call } when call.Argument("reuseSocket") is { } argument =>
            PassThrough.KeepsDefault(argument, body) is { } parameter && parameter.ExplicitDefaultValue is true ? argument : null,
        { Kind: SocketOperationKind.SetDisconnectReuse, Value.ConstantValue: { HasValue: true, Value: true } } => operation.Value,
        _ => null,
    };

    private static bool IsLeftAlone(SocketOperation operation, SocketBody body, RuleContext context) =>
        IntentionalReset.IsDeclared(context.Owner, operation.Operation)
        || TargetPlatform.IsWindowsOnly(context.Owner, operation.Operation)
        || (operation.Kind == SocketOperationKind.Disconnect && SocketKindOf.IsNotTcp(operation.Connection, body, context.CancellationToken));
}
