using System;
using System.Collections.Immutable;
using System.Globalization;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST2009: a client writes a request and closes without reading. A reply that has arrived by then makes the close a reset, which also drops what
/// was not sent yet; a reply that comes later is answered with one.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST2009ReplyNeverRead() : SocketRule(Catalogue.ReplyNeverRead, SocketTopics.Tcp)
{
    private static readonly string[] RequestWords = ["request", "query", "question", "command"];

    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (ConnectionUse use in body.Connections)
            {
                if (use.Holder is ILocalSymbol && use.IsClient && use.HasKnownOrigin && OnlySends(use) && !use.Escapes
                    && use.Operations.Any(IsRequest) && !context.Options.OneWayProtocols
                    && !SocketKindOf.IsNotTcp(use.Holder, body, context.CancellationToken))
                {
                    Inspect(use, body, context);
                }
            }
        }
    }

    // What is over the connection may read by itself: a TLS handshake does.
    private static bool OnlySends(ConnectionUse use)
    {
        bool sends = false;
        foreach (SocketOperation operation in use.Operations)
        {
            switch (operation.Kind)
            {
                case SocketOperationKind.Send:
                    sends = true;
                    break;
                case SocketOperationKind.Wrap when operation.Api is ConnectionApi.Writer or ConnectionApi.BufferedStream or ConnectionApi.NetworkStream:
                case SocketOperationKind.Bind or SocketOperationKind.Connect or SocketOperationKind.Flush or SocketOperationKind.Shutdown or SocketOperationKind.Disconnect:
                case SocketOperationKind.Close or SocketOperationKind.Inquire:
                case SocketOperationKind.SetSendTimeout or SocketOperationKind.SetReceiveTimeout or SocketOperationKind.SetWriteTimeout or SocketOperationKind.SetReadTimeout:
                    break;
                default:
                    return false;
            }
        }

        return sends;
    }

    /// <summary>What is sent is called a request, or is a line of text: most protocols of lines answer each.</summary>
    private static bool IsRequest(SocketOperation send)
    {
        if (send is not { Kind: SocketOperationKind.Send, Operation: IInvocationOperation call })
        {
            return false;
        }

        return (send.Api == ConnectionApi.Writer && call.TargetMethod.Name is "WriteLine" or "WriteLineAsync")
            || call.Arguments.SelectMany(argument => argument.Value.DescendantsAndSelf()).Any(operation => operation switch
            {
                ILiteralOperation { ConstantValue: { HasValue: true, Value: string text } } => text.EndsWith("\n", StringComparison.Ordinal),
                ILocalReferenceOperation { Local: var local } => NamesRequest(local.Name),
                IParameterReferenceOperation { Parameter: var parameter } => NamesRequest(parameter.Name),
                IMemberReferenceOperation { Member: var member } => NamesRequest(member.Name),
                IInvocationOperation { TargetMethod: var method } => NamesRequest(method.Name),
                _ => false,
            });
    }

    private static bool NamesRequest(string name)
    {
        foreach (string word in RequestWords)
        {
            if (name.IndexOf(word, StringComparison.OrdinalIgnoreCase) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    private static void Inspect(ConnectionUse use, SocketBody body, RuleContext context)
    {
        foreach (SocketOperation close in use.ClosesInOrder)
        {
            if (close.CloseForm is CloseForm.Plain or CloseForm.Timed or CloseForm.Unknown
                && body.Flow(context.CancellationToken).Before(close) is { } facts
                && facts.Always(ConnectionFacts.Sent) && !facts.Ever(ConnectionFacts.Closed))
            {
                context.Report(
                    RST2001ClosedWithUnreadData.Marked(close),
                    ImmutableDictionary<string, string?>.Empty
                        .Add(DiagnosticProperties.Connection, use.TypeName(close))
                        .Add(DiagnosticProperties.SpeaksHttp, body.SpeaksHttp ? "true" : "false")
                        .Add(DiagnosticProperties.GracefulTimeoutMilliseconds, context.Options.GracefulTimeout.ToString(CultureInfo.InvariantCulture)),
                    use.Operations.First(operation => operation.Kind == SocketOperationKind.Send).Operation,
                    severity: null,
                    use.Holder.Name);
                return;
            }
        }
    }
}
