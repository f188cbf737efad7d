using System.Collections.Immutable;
using System.Linq;
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
            SocketOperation[] stops = [.. body.OperationsOf(SocketOperationKind.StopListening).Concat(body.OperationsOf(SocketOperationKind.Close))];
            foreach (SocketOperation stop in stops)
            {
                if (stop is { Api: ConnectionApi.TcpListener or ConnectionApi.Socket, Operation: IInvocationOperation call } && SocketKindOf.SymbolOf(stop.Connection) is { } listener
                    && !Paths.IsInCatch(call) && ListenerAccepts.Of(listener, body, context.CancellationToken) is { AsksForWaiting: false, Repeated: { } accept }
                    && !IsStoppedBefore(listener, call, stops)
                    && !SocketKindOf.IsNotTcp(stop.Connection, body, context.CancellationToken))
                {
                    context.Report(call.Syntax.GetLocation(), ImmutableDictionary<string, string?>.Empty, accept.Operation, severity: null, call.TargetMethod.Name);
                }
            }
        }
    }

    /// <summary><c>Stop(); Dispose();</c>: nobody waits any more when the second runs.</summary>
    private static bool IsStoppedBefore(ISymbol listener, IOperation call, SocketOperation[] stops) => stops.Any(earlier =>
        earlier.Operation != call && SymbolEqualityComparer.Default.Equals(SocketKindOf.SymbolOf(earlier.Connection), listener) && Paths.RunsBefore(earlier.Operation, call));
}
