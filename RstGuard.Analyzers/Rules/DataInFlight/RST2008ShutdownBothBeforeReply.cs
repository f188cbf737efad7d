using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST2008: after <c>Shutdown(Both)</c> nothing more can be received; what the peer still sends is answered with a reset, before any
/// close. A receive that follows was meant to get the reply, and gets the end.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST2008ShutdownBothBeforeReply() : SocketRule(Catalogue.ShutdownBothBeforeReply, SocketTopics.Tcp)
{
    private delegate KnownFacts? Before(SocketOperation operation, CancellationToken cancellationToken);

    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            if (!body.Operations.Any(operation => operation is { EndsSending: true, EndsReceiving: true }))
            {
                continue;
            }

            foreach (ConnectionUse use in body.Connections)
            {
                Inspect(use, body, (operation, token) => body.Flow(token).Before(operation), body.SpeaksHttp, context);
            }

            if (context.Owner.ContainingType is { } type && body.Symbols.Any(ConnectionAliases.IsFieldOfConnection(context.Model.Types)))
            {
                TypeFacts facts = context.Model.FactsOf(type, context.CancellationToken);
                foreach (FieldConnection connection in facts.Connections)
                {
                    // Another member may have put a new connection into the field in between.
                    if (connection.Bodies.FirstOrDefault(part => part.Body.Root.Syntax == body.Root.Syntax) is { } own
                        && !context.Model.BodiesThatName(connection.Field, context.CancellationToken).Any(other =>
                            other.Root.Syntax != body.Root.Syntax && other.Owner is not IMethodSymbol { MethodKind: MethodKind.Constructor } && IsGiven(connection.Field, other)))
                    {
                        Inspect(own.Use, body, own.Before, facts.SpeaksHttp, context);
                    }
                }
            }
        }
    }

    private static bool IsGiven(ISymbol field, SocketBody body) =>
        body.ValuesOf(field.OriginalDefinition).Any(value => value.Unwrap().ConstantValue is not { HasValue: true, Value: null });

    private static void Inspect(ConnectionUse use, SocketBody body, Before before, bool speaksHttp, RuleContext context)
    {
        SocketOperation? told = null;
        foreach (SocketOperation receive in use.Receives)
        {
            if (receive.Form != OperationForm.End
                && before(receive, context.CancellationToken) is { } facts
                && facts.Always(ConnectionFacts.EndedSending | ConnectionFacts.EndedReceiving)
                && !facts.Ever(ConnectionFacts.Closed)
                && use.Operations.LastOrDefault(operation => operation is { EndsSending: true, EndsReceiving: true }
                    && operation.Operation.Syntax.SpanStart < receive.Operation.Syntax.SpanStart
                    && Paths.FunctionOf(operation.Operation) == Paths.FunctionOf(receive.Operation)) is { } shutdown
                && shutdown != told
                && !SocketKindOf.IsNotTcp(use.Holder, body, context.CancellationToken))
            {
                told = shutdown;
                context.Report(
                    shutdown.Operation.Syntax.GetLocation(),
                    ImmutableDictionary<string, string?>.Empty.Add(DiagnosticProperties.SpeaksHttp, speaksHttp ? "true" : "false"),
                    receive.Operation,
                    severity: null,
                    shutdown.Operation.Syntax.ToString(),
                    receive.Operation.Syntax.ToString());
            }
        }
    }
}
