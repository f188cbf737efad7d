using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>A send whose end nobody waits for, and the close of its connection right after.</summary>
internal sealed class UnawaitedSend
{
    private UnawaitedSend(SocketOperation send, SocketOperation close, bool isShutDown)
    {
        Send = send;
        Close = close;
        IsShutDown = isShutDown;
    }

    internal SocketOperation Send { get; }

    internal SocketOperation Close { get; }

    /// <summary>
    /// The connection ends with a FIN in spite of the pending send: the close is that of a client or stream, or comes after a
    /// <c>Shutdown</c>. Otherwise it ends with a reset.
    /// </summary>
    internal bool IsShutDown { get; }

    /// <summary>All of a body.</summary>
    internal static IEnumerable<UnawaitedSend> In(SocketBody body, CancellationToken cancellationToken)
    {
        foreach (SocketOperation send in body.OperationsOf(SocketOperationKind.Send))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (send is { Form: OperationForm.Task or OperationForm.Begin, Api: ConnectionApi.Socket or ConnectionApi.NetworkStream or ConnectionApi.Stream or ConnectionApi.Tls, Connection: not null }
                && IsDropped(send, body)
                && CloseOf(send, body, cancellationToken) is { } close)
            {
                bool isShutDown = close.Api != ConnectionApi.Socket || body.OperationsOf(SocketOperationKind.Shutdown).Any(operation =>
                    operation.Operation.Syntax.SpanStart > send.Operation.Syntax.SpanStart);
                yield return new UnawaitedSend(send, close, isShutDown);
            }
        }
    }

    private static bool IsDropped(SocketOperation send, SocketBody body)
    {
        ResultUse result = send.Result;
        return result.Kind switch
        {
            ResultUseKind.Discarded => true,
            ResultUseKind.Stored => result.StoredIn is ILocalSymbol local && body.ReferencesTo(local).Count == 0,
            _ => false,
        };
    }

    private static SocketOperation? CloseOf(SocketOperation send, SocketBody body, CancellationToken cancellationToken)
    {
        ISymbol? holder = ConnectionHolder.Of(send, body);
        IEnumerable<SocketOperation> closes = holder is null ? [] : body.OperationsOf(SocketOperationKind.Close).Where(operation =>
            SymbolEqualityComparer.Default.Equals(ConnectionHolder.Of(operation, body), holder) && IsConnection(holder, body) && body.LocalAliases.EndsConnection(operation));
        if (body.ClosesField && body.Owner.ContainingType is { } type)
        {
            // The stream in one field, the client in another.
            closes = closes.Concat(body.Model.FactsOf(type, cancellationToken).Connections
                .SelectMany(connection => connection.Bodies)
                .Where(part => part.Body == body && part.Use.Operations.Contains(send))
                .SelectMany(part => part.Use.ClosesInOrder));
        }

        return closes.FirstOrDefault(close => close.CloseForm is CloseForm.Plain && CloseRightAfter.Follows(send.Operation, close, holder ?? body.Owner, body));
    }

    private static bool IsConnection(ISymbol holder, SocketBody body) => body.Model.Types.IsConnection(holder switch
    {
        ILocalSymbol local => local.Type,
        IParameterSymbol parameter => parameter.Type,
        IFieldSymbol field => field.Type,
        IPropertySymbol property => property.Type,
        _ => null,
    });
}
