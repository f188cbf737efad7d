using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST5002: a listener that stops resets each client that has connected and waits to be accepted. Each believes that it is connected, and may
/// have sent its request.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST5002StoppedListener() : SocketRule(Catalogue.StoppedListener, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (SocketOperation stop in body.OperationsOf(SocketOperationKind.StopListening).Concat(body.OperationsOf(SocketOperationKind.Close)))
            {
                if (stop is { Api: ConnectionApi.TcpListener or ConnectionApi.Socket, Operation: IInvocationOperation call } && SocketKindOf.SymbolOf(stop.Connection) is { } listener
                    && !Paths.IsInCatch(call) && AcceptedAgainAndAgain(listener, body, context.CancellationToken) is { } accept
                    && !SocketKindOf.IsNotTcp(stop.Connection, body, context.CancellationToken))
                {
                    context.Report(call.Syntax.GetLocation(), ImmutableDictionary<string, string?>.Empty, accept.Operation, severity: null, call.TargetMethod.Name);
                }
            }
        }
    }

    /// <summary>
    /// What accepts from <paramref name="listener"/> for more than one client; <see langword="null"/> where nothing does, as in a probe for a free
    /// port, and where somebody asks whether clients wait.
    /// </summary>
    private static SocketOperation? AcceptedAgainAndAgain(ISymbol listener, SocketBody body, CancellationToken cancellationToken)
    {
        SocketOperation? repeated = null, begun = null;
        IEnumerable<SocketBody> bodies = listener is IFieldSymbol or IPropertySymbol
            ? body.Model.BodiesThatName(listener.OriginalDefinition, cancellationToken).Append(body).Distinct()
            : [body];
        foreach (SocketBody part in bodies)
        {
            if (part.OperationsOf(SocketOperationKind.Poll).Any(IsOfListener)
                || part.OperationsOf(SocketOperationKind.Inquire).Any(operation => operation.Operation is IInvocationOperation { TargetMethod.Name: "Pending" } && IsOfListener(operation)))
            {
                return null;
            }

            foreach (SocketOperation accept in part.OperationsOf(SocketOperationKind.Accept).Where(IsOfListener))
            {
                if (Paths.IsInLoop(accept.Operation) || accept.Form == OperationForm.EventArgs)
                {
                    repeated ??= accept;
                }
                else if (accept.Form == OperationForm.Begin)
                {
                    // Begun once, and once more by the callback.
                    repeated ??= begun;
                    begun ??= accept;
                }
            }
        }

        return repeated;

        bool IsOfListener(SocketOperation operation) => SymbolEqualityComparer.Default.Equals(SocketKindOf.SymbolOf(operation.Connection)?.OriginalDefinition, listener.OriginalDefinition);
    }
}
