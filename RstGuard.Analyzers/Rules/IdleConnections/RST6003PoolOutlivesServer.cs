using System.Collections.Immutable;
using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST6003: a client keeps pooled connections idle for longer than servers do, or a server ends them sooner than clients do. A request that is
/// sent while the server closes meets a closed connection and is answered with a reset; what is not idempotent is not sent again.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST6003PoolOutlivesServer() : SocketRule(Catalogue.PoolOutlivesServer, SocketTopics.Tcp | SocketTopics.Http)
{
    // The default of PooledConnectionIdleTimeout since .NET 6.
    private const double Patience = 60_000;

    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (ISimpleAssignmentOperation assignment in body.PropertyAssignments)
            {
                IPropertySymbol property = ((IPropertyReferenceOperation)assignment.Target).Property;
                IOperation value = assignment.Value;
                bool isClient = property.Name == "PooledConnectionIdleTimeout" && KnownTypes.Is(property.ContainingType, body.Model.Types.SocketsHttpHandler);
                if (!isClient && !(property.Name == "KeepAliveTimeout" && property.ContainingType.ToDisplayString() == "Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerLimits"))
                {
                    continue;
                }

                if (isClient && IsInfinite(value))
                {
                    Report(value, "PooledConnectionIdleTimeout = Infinite", "RST6003Client", context);
                }
                else if (ConstantTimeout.Of(value, context.Model, context.CancellationToken) is { Milliseconds: > 0 } time && (isClient ? time.Milliseconds > Patience : time.Milliseconds < Patience))
                {
                    string seconds = (time.Milliseconds / 1000).ToString("0.###", CultureInfo.InvariantCulture);
                    Report(time.Value, $"{property.Name} = {seconds} s", isClient ? "RST6003Client" : "RST6003Server", context);
                }
            }
        }
    }

    private static bool IsInfinite(IOperation value) => value.Unwrap() is IFieldReferenceOperation { Field: { Name: "InfiniteTimeSpan", ContainingType.Name: "Timeout" } };

    private static void Report(IOperation marked, string setting, string effect, RuleContext context) =>
        context.Report(marked.Syntax.GetLocation(), ImmutableDictionary<string, string?>.Empty, otherHalf: null, severity: null, setting, Texts.Get(effect));
}
