using System;
using System.Collections.Immutable;
using System.Globalization;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST5001: a listener on which hardly any client can wait to be accepted. The handshakes of a burst are dropped, and tried again after a second;
/// where the system is told to abort on overflow, and on Windows, they are answered with a reset.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST5001SmallBacklog() : SocketRule(Catalogue.SmallBacklog, SocketTopics.Tcp)
{
    private protected override void Inspect(RuleContext context)
    {
        int least = context.Options.MinBacklog;
        foreach (SocketBody body in context.Bodies())
        {
            foreach (SocketOperation listen in body.OperationsOf(SocketOperationKind.Listen))
            {
                if (listen is { Api: ConnectionApi.Socket or ConnectionApi.TcpListener, Operation: IInvocationOperation call } && call.Argument("backlog") is { } backlog
                    && ConstantOf(backlog, body, context.CancellationToken) is { } count and >= 0 && count < least
                    && SocketKindOf.SymbolOf(listen.Connection) is { } listener
                    && !(context.Model.IsTestProject(context.AnalyzerOptions) && context.Options.TestProjects != TestProjectMode.On)
                    && !IsForOne(listener.Name) && !IsForOne(context.Owner.Name) && !IsForOne(context.Owner.ContainingType?.Name ?? "")
                    && !SocketKindOf.IsNotTcp(listen.Connection, body, context.CancellationToken)
                    && ListenerAccepts.Of(listener, body, context.CancellationToken) is var accepts && (accepts.Repeated is not null || (accepts.Leaves && !accepts.Any)))
                {
                    context.Report(
                        call.Syntax.GetLocation(),
                        ImmutableDictionary<string, string?>.Empty,
                        accepts.Repeated?.Operation,
                        severity: null,
                        call.Syntax.ToString(),
                        count.ToString(CultureInfo.InvariantCulture));
                }
            }
        }
    }

    /// <summary>The number that the code fixes; <see langword="null"/> for what a configuration or a caller decides.</summary>
    private static long? ConstantOf(IOperation backlog, SocketBody body, CancellationToken cancellationToken)
    {
        const int Hops = 4;
        if (PassThrough.KeepsDefault(backlog, body) is { ExplicitDefaultValue: int byDefault })
        {
            return byDefault;
        }

        IOperation? value = backlog;
        for (int i = 0; i < Hops && value is not null; i++)
        {
            if (value.IsConstant(out long number))
            {
                return number;
            }

            value = OnlyValue.Of(value.Unwrap(), body.Model, cancellationToken);
        }

        return null;
    }

    /// <summary>Names of listeners that expect one client: <c>SingleClientListener</c>, <c>AcceptOnce</c>.</summary>
    private static bool IsForOne(string name) =>
        NameWords.Of(name).Any(word => word.Equals("single", StringComparison.OrdinalIgnoreCase) || word.Equals("one", StringComparison.OrdinalIgnoreCase) || word.Equals("once", StringComparison.OrdinalIgnoreCase));
}
