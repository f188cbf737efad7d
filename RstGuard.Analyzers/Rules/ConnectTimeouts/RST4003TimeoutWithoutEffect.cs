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
/// RST4003: a timeout of a socket or a stream bounds its synchronous calls. On a connection that is used asynchronously only it bounds
/// nothing: a receive waits for as long as the peer is silent.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST4003TimeoutWithoutEffect() : SocketRule(Catalogue.TimeoutWithoutEffect, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            if (!body.Operations.Any(operation => IsOfReceives(operation) is not null))
            {
                continue;
            }

            foreach (ConnectionUse use in body.Connections)
            {
                if (use.Holder is ILocalSymbol && !use.Escapes && IsMadeHere(use.Holder, body, context.Model.Types))
                {
                    Inspect(use, [(use, body)], context);
                }
            }

            if (context.Owner.ContainingType is { } type)
            {
                foreach (FieldConnection connection in context.Model.FactsOf(type, context.CancellationToken).Connections)
                {
                    if (connection.Bodies.FirstOrDefault(part => part.Body.Root.Syntax == body.Root.Syntax) is { } own
                        && connection.Bodies.All(part => IsMadeHere(connection.Field, part.Body, context.Model.Types)))
                    {
                        Inspect(own.Use, [.. connection.Bodies.Select(part => (part.Use, part.Body))], context);
                    }
                }
            }
        }
    }

    private static void Inspect(ConnectionUse own, IReadOnlyList<(ConnectionUse Use, SocketBody Body)> parts, RuleContext context)
    {
        foreach (SocketOperation timeout in own.Operations)
        {
            if (IsOfReceives(timeout) is { } ofReceives && !IsSwitchedOff(timeout.Value!) && timeout.Operation is ISimpleAssignmentOperation assignment
                && Unbounded(ofReceives, parts, context.CancellationToken) is { } unbounded)
            {
                context.Report(
                    assignment.Syntax.GetLocation(),
                    ImmutableDictionary<string, string?>.Empty,
                    unbounded.Operation,
                    severity: null,
                    ((IPropertyReferenceOperation)assignment.Target).Property.Name,
                    Texts.Get(ofReceives ? "RST4003Receives" : "RST4003Sends"));
            }
        }
    }

    /// <summary>Whether it is a timeout of receives or of sends; <see langword="null"/> of all other operations.</summary>
    private static bool? IsOfReceives(SocketOperation operation) => operation.Kind switch
    {
        SocketOperationKind.SetReceiveTimeout or SocketOperationKind.SetReadTimeout => true,
        SocketOperationKind.SetSendTimeout or SocketOperationKind.SetWriteTimeout => false,
        _ => null,
    };

    // 0 of a socket and Timeout.Infinite say that there is none.
    private static bool IsSwitchedOff(IOperation value) => value.IsConstant(out long time) && time <= 0;

    /// <summary>
    /// The first asynchronous call that the timeout is about; <see langword="null"/> where none is seen, where some call is bounded by
    /// it, or where the code looks at the timeout to wait for that long by itself.
    /// </summary>
    private static SocketOperation? Unbounded(bool ofReceives, IReadOnlyList<(ConnectionUse Use, SocketBody Body)> parts, CancellationToken cancellationToken)
    {
        SocketOperation? first = null;
        foreach ((ConnectionUse use, SocketBody body) in parts)
        {
            if (use.Operations.Any(operation => ofReceives ? MayBoundReceive(operation) : MayBoundSend(operation))
                || use.WrapperCloses.Any(close => !ofReceives && MayBoundSend(close))
                || body.Symbols.Any(symbol => LooksAtTimeout(symbol, body))
                || SocketKindOf.IsNotTcp(use.Holder, body, cancellationToken))
            {
                return null;
            }

            first ??= use.Operations.FirstOrDefault(operation => operation.IsAsynchronous && (operation.Kind == SocketOperationKind.Handshake
                || (ofReceives
                    ? operation.Kind is SocketOperationKind.Receive or SocketOperationKind.Peek or SocketOperationKind.ReceiveAll
                    : operation.Kind is SocketOperationKind.Send or SocketOperationKind.Connect)));
        }

        return first;
    }

    // Sockets that are accepted have the listener's timeouts on Linux.
    private static bool MayBoundEither(SocketOperation operation) =>
        operation.Kind is SocketOperationKind.Accept or SocketOperationKind.Listen or SocketOperationKind.Datagram or SocketOperationKind.HandOver
        || (operation.Kind == SocketOperationKind.Handshake && !operation.IsAsynchronous)
        || (operation.Kind == SocketOperationKind.Inquire && operation.Operation is IInvocationOperation { TargetMethod.Name: "GetSocketOption" or "GetRawSocketOption" or "IOControl" });

    private static bool MayBoundReceive(SocketOperation operation) => MayBoundEither(operation) || (!operation.IsAsynchronous && operation.Kind switch
    {
        SocketOperationKind.Receive or SocketOperationKind.Peek or SocketOperationKind.ReceiveAll => true,

        // A reader's Peek may read.
        SocketOperationKind.Inquire => operation.Api == ConnectionApi.Reader,
        _ => false,
    });

    // On Linux SendTimeout bounds Connect. What a writer holds back, its end sends.
    private static bool MayBoundSend(SocketOperation operation) => MayBoundEither(operation) || (!operation.IsAsynchronous && operation.Kind switch
    {
        SocketOperationKind.Connect or SocketOperationKind.Send => true,
        SocketOperationKind.Flush => operation.Api is not (ConnectionApi.NetworkStream or ConnectionApi.Tls),
        SocketOperationKind.Close => operation.Api is ConnectionApi.Writer or ConnectionApi.BufferedStream or ConnectionApi.Pipe or ConnectionApi.Stream,
        _ => false,
    });

    private static bool LooksAtTimeout(ISymbol symbol, SocketBody body) => symbol is IPropertySymbol { Name: var name } property
        && body.Model.Types.CarriesConnection(property.ContainingType)
        && (name == "EndOfStream" || (name is "ReceiveTimeout" or "SendTimeout" or "ReadTimeout" or "WriteTimeout"
            && body.ReferencesTo(property).Any(reference => reference.Parent is not ISimpleAssignmentOperation assignment || assignment.Target != reference)));

    /// <summary>
    /// Whether <paramref name="holder"/> only gets connections that are made or accepted here: who gave it another may use that one synchronously.
    /// </summary>
    private static bool IsMadeHere(ISymbol holder, SocketBody body, KnownTypes types)
    {
        foreach (IOperation assigned in body.ValuesOf(holder))
        {
            IOperation value = assigned.Unwrap();
            if (value is ILocalReferenceOperation { Local: var local } && body.ValuesOf(local) is { Count: 1 } values)
            {
                value = values[0].Unwrap();
            }

            if (value.ConstantValue is not { HasValue: true, Value: null } && !SocketOperation.MakesConnection(value, types))
            {
                return false;
            }
        }

        return holder is not ILocalSymbol || body.ValuesOf(holder).Count > 0;
    }
}
