using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST6002: a keep-alive that declares its peer dead after seconds resets healthy connections when the network fails for a moment.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST6002ImpatientKeepAlive() : SocketRule(Catalogue.ImpatientKeepAlive, SocketTopics.Tcp)
{
    // In seconds: routes and wireless links come back within that, and TCP itself waits minutes.
    private const long Patience = 10;

    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            Dictionary<(IOperation Function, ISymbol Socket), Dictionary<long, KeepAliveOption>> sockets = [];
            foreach (SocketOperation operation in body.OperationsOf(SocketOperationKind.Inquire))
            {
                if (operation.Operation is IInvocationOperation call && KeepAliveOption.Of(call, body.Model.Types) is { Name: not KeepAliveOption.OnOff } option && SocketOf(call) is { } socket)
                {
                    (IOperation, ISymbol) key = (Paths.FunctionOf(call), socket);
                    if (!sockets.TryGetValue(key, out Dictionary<long, KeepAliveOption>? options))
                    {
                        sockets.Add(key, options = []);
                    }

                    options[option.Name] = option;
                }
            }

            foreach (Dictionary<long, KeepAliveOption> options in sockets.Values)
            {
                if (Seconds(KeepAliveOption.Time) is { } time && Seconds(KeepAliveOption.Interval) is { } interval && Seconds(KeepAliveOption.RetryCount) is { } count
                    && time + (interval * count) is var total and < Patience)
                {
                    IOperation marked = options[KeepAliveOption.RetryCount].Value;
                    context.Report(
                        marked.Syntax.GetLocation(),
                        ImmutableDictionary<string, string?>.Empty,
                        options[KeepAliveOption.Time].Value,
                        severity: null,
                        total.ToString(CultureInfo.InvariantCulture));
                }

                long? Seconds(long name) => options.TryGetValue(name, out KeepAliveOption? option) && option.Seconds is > 0 ? option.Seconds : null;
            }
        }
    }

    // client.Client is the client's socket.
    private static ISymbol? SocketOf(IInvocationOperation call)
    {
        IOperation? receiver = Operations.Receiver(call.Instance);
        return SocketKindOf.SymbolOf(receiver) ?? (receiver is IPropertyReferenceOperation { Property.Name: "Client", Instance: { } client } ? SocketKindOf.SymbolOf(client.Unwrap()) : null);
    }
}
