using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST1005: a handle that is closed under its socket is closed as the finalizer would close it, abortively: the peer gets a reset, and what it
/// has not acknowledged is dropped.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST1005DisposingTheHandle() : SocketRule(Catalogue.DisposingTheHandle, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (SocketOperation operation in body.Operations)
            {
                if (operation is { Kind: SocketOperationKind.Close, CloseForm: CloseForm.Handle, Connection: { } handle }
                    && SocketOf(handle, body) is { } read
                    && !IsLeftAlone(read, operation.Operation, body, context))
                {
                    SyntaxNode marked = operation.Operation is IUsingOperation scope ? scope.Resources.Syntax : operation.Operation.Syntax;
                    context.Report(
                        marked.GetLocation(),
                        ImmutableDictionary<string, string?>.Empty,
                        marked.Span.Contains(read.Syntax.Span) ? null : read,
                        severity: null,
                        marked.ToString());
                }
            }
        }
    }

    /// <summary>Where the handle is read from its socket, directly or into the local that holds it; <see langword="null"/> for other handles.</summary>
    private static IPropertyReferenceOperation? SocketOf(IOperation handle, SocketBody body) => handle switch
    {
        IPropertyReferenceOperation { Property: { Name: "SafeHandle" } property } read when KnownTypes.Is(property.ContainingType, body.Model.Types.Socket) => read,
        ILocalReferenceOperation { Local: var local } => OfLocal(local, body),
        IVariableDeclaratorOperation { Symbol: var resource } => OfLocal(resource, body),
        _ => null,
    };

    private static IPropertyReferenceOperation? OfLocal(ILocalSymbol local, SocketBody body) =>
        body.ValuesOf(local) is { Count: 1 } values && values[0].Unwrap() is IPropertyReferenceOperation read ? SocketOf(read, body) : null;

    private static bool IsLeftAlone(IPropertyReferenceOperation read, IOperation close, SocketBody body, RuleContext context)
    {
        IOperation? socket = Operations.Receiver(read.Instance);
        return IntentionalReset.IsDeclared(context.Owner, close)
            || SocketKindOf.IsNotTcp(socket, body, context.CancellationToken)
            || SocketKindOf.IsListener(socket, body, context.CancellationToken)
            || SocketKindOf.IsOnlyBound(socket, body)
            || HasForeignHandle(socket, body, context);
    }

    /// <summary>Made over a handle that does not own its descriptor: disposing that one closes nothing.</summary>
    private static bool HasForeignHandle(IOperation? socket, SocketBody body, RuleContext context) => SocketOrigins.Of(socket, body, context.CancellationToken).Creations
        .Any(origin => origin.Creation.Arguments.Any(argument => argument.Parameter?.Name == "handle" && IsForeign(argument.Value, origin.Body, context)));

    private static bool IsForeign(IOperation handle, SocketBody body, RuleContext context) => SocketOrigins.Of(handle.Unwrap(), body, context.CancellationToken).Creations
        .Any(origin => origin.Creation.Arguments.Any(argument => argument.Parameter?.Name == "ownsHandle" && argument.Value.ConstantValue is not { HasValue: true, Value: true }));
}
