using System.Collections.Generic;
using System.Collections.Immutable;
using System.Globalization;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST7002: disposing of an <c>SslStream</c> closes the connection and sends no close_notify, so that the peer can't tell the end from a
/// connection that was cut.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST7002TlsWithoutCloseNotify() : SocketRule(Catalogue.TlsWithoutCloseNotify, SocketTopics.Tls)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            HashSet<SocketOperation>? resets = null;
            foreach (UnannouncedTlsEnd end in UnannouncedTlsEnd.In(body, context.CancellationToken))
            {
                // RST7003 says more of a client that never reads.
                resets ??= [.. WriteOnlyTlsClient.In(body, context.CancellationToken).Select(client => client.Close)];
                if (resets.Any(reset => reset.Operation.Syntax == end.Close.Operation.Syntax))
                {
                    continue;
                }

                ImmutableDictionary<string, string?> properties = ImmutableDictionary<string, string?>.Empty.Add(DiagnosticProperties.SpeaksHttp, body.SpeaksHttp ? "true" : "false");
                string timeout = context.Options.GracefulTimeout.ToString(CultureInfo.InvariantCulture);
                context.Report(
                    RST2001ClosedWithUnreadData.Marked(end.Close),
                    end.IsLocal ? properties.Add(DiagnosticProperties.GracefulTimeoutMilliseconds, timeout) : properties,
                    end.Creation,
                    severity: null,
                    end.Name);
            }
        }
    }
}
