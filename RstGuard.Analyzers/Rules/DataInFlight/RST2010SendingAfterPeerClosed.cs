using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST2010: once the peer has closed, a receive returns 0 for ever. A loop that does not tell 0 apart goes on: what it sends is answered
/// with a reset, and where it sends nothing it spins. So does, with each next call, a client that takes whatever came for a reply (Info).
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST2010SendingAfterPeerClosed() : SocketRule(Catalogue.SendingAfterPeerClosed, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (SocketOperation receive in body.OperationsOf(SocketOperationKind.Receive))
            {
                if (receive is { Api: ConnectionApi.Socket or ConnectionApi.NetworkStream or ConnectionApi.Stream, Operation: IInvocationOperation call }
                    && IsDoneThere(receive)
                    && RootOf(receive, body) is { } connection
                    && !SocketKindOf.IsNotTcp(connection, body, context.CancellationToken))
                {
                    if (Paths.LoopOf(call) is not { } loop)
                    {
                        InspectReply(call, connection, body, context);
                    }
                    else if (!LeavesElsewhere(call, loop, connection, body) && new UntoldEnd(body).IsIn(call))
                    {
                        Report(call, connection, loop, body, context);
                    }
                }
            }
        }
    }

    private static bool IsDoneThere(SocketOperation receive) =>
        receive.Form == OperationForm.Synchronous || (receive.Form == OperationForm.Task && receive.Result.Kind is ResultUseKind.Awaited or ResultUseKind.Waited);

    /// <summary>What holds the connection in the end, when its type or its value shows that it is one.</summary>
    private static ISymbol? RootOf(SocketOperation operation, SocketBody body)
    {
        if (body.LocalAliases.HolderOf(operation) is { } holder)
        {
            return holder;
        }

        IOperation? root = operation.Connection?.Unwrap();
        while (root is not null && body.LocalAliases.OwnerOf(root) is { } owner)
        {
            root = owner.Unwrap();
        }

        return SocketKindOf.SymbolOf(root) is (IFieldSymbol or IPropertySymbol) and var field && body.Model.Types.IsConnection(root!.Type) ? field : null;
    }

    /// <summary>
    /// Whether the loop ends, or looks at the connection, in another way: it leaves after the receive on each path, closes the
    /// connection or gets a new one, or asks what is there to be read.
    /// </summary>
    private static bool LeavesElsewhere(IOperation receive, ILoopOperation loop, ISymbol connection, SocketBody body)
    {
        IOperation inner = receive;
        for (IOperation? outer = receive.Parent; outer is not null && outer != loop; inner = outer, outer = outer.Parent)
        {
            if (outer is IBlockOperation block && block.Operations.Any(statement => statement.Syntax.SpanStart > inner.Syntax.SpanStart && Leaves(statement, loop)))
            {
                return true;
            }

            if (outer is IReturnOperation)
            {
                return true;
            }
        }

        return body.OperationsWithin(loop.Syntax.Span).Any(operation => operation.Kind is
                SocketOperationKind.Close or SocketOperationKind.Poll or SocketOperationKind.Connect or SocketOperationKind.Accept or SocketOperationKind.Peek)
            || body.ValuesOf(connection.OriginalDefinition).Any(value => loop.Syntax.Span.Contains(value.Syntax.Span))
            || loop is IForEachLoopOperation
            || (body.LooksForData && loop.Descendants().Any(operation => operation is IPropertyReferenceOperation property
                && (SocketOperation.IsAvailable(property, body.Model.Types) || SocketOperation.IsDataAvailable(property, body.Model.Types))));
    }

    private static bool Leaves(IOperation statement, ILoopOperation loop) => statement switch
    {
        IBranchOperation { BranchKind: BranchKind.Continue } => false,
        IBranchOperation { BranchKind: BranchKind.Break } leaving => SymbolEqualityComparer.Default.Equals(leaving.Target, loop.ExitLabel),
        IBranchOperation => true,
        IReturnOperation => statement.Kind != OperationKind.YieldReturn,
        IExpressionStatementOperation { Operation: IThrowOperation } => true,
        IThrowOperation => true,
        IBlockOperation block => block.Operations.Any(inner => Leaves(inner, loop)),
        _ => false,
    };

    private static void InspectReply(IInvocationOperation receive, ISymbol connection, SocketBody body, RuleContext context)
    {
        if (connection is IFieldSymbol or IPropertySymbol
            && new UntoldReply(body).RequestOf(receive, SendsOn(connection, body.Operations, body), connection) is { } request)
        {
            context.Report(
                receive.Syntax.GetLocation(),
                ImmutableDictionary<string, string?>.Empty,
                request.Operation,
                DiagnosticSeverity.Info,
                receive.Syntax.ToString(),
                Texts.Get("RST2010SendsAgain"));
        }
    }

    private static IEnumerable<SocketOperation> SendsOn(ISymbol connection, IEnumerable<SocketOperation> operations, SocketBody body) => operations.Where(operation =>
        operation.Kind == SocketOperationKind.Send && SymbolEqualityComparer.Default.Equals(RootOf(operation, body), connection));

    private static void Report(IInvocationOperation receive, ISymbol connection, ILoopOperation loop, SocketBody body, RuleContext context)
    {
        SocketOperation? send = SendsOn(connection, body.OperationsWithin(loop.Syntax.Span), body)
            .FirstOrDefault(operation => operation.Operation is IInvocationOperation call && !SendsWhatCame(call, receive));

        // A loop that ends by itself, and sends nothing, does no harm.
        if (send is null && loop is IForLoopOperation { Condition: not null })
        {
            return;
        }

        context.Report(
            receive.Syntax.GetLocation(),
            ImmutableDictionary<string, string?>.Empty,
            send?.Operation,
            severity: null,
            receive.Syntax.ToString(),
            Texts.Get(send is null ? "RST2010Spins" : "RST2010Sends"));
    }

    /// <summary>Whether a send is bounded by the count of the receive: of 0 bytes it sends nothing.</summary>
    private static bool SendsWhatCame(IInvocationOperation send, IInvocationOperation receive) => ReceivedCount.NumberOf(receive) is { } count
        && send.Descendants().Any(operation => operation is ILocalReferenceOperation { Local: var local } && SymbolEqualityComparer.Default.Equals(local, count));
}
