using System.Collections.Immutable;
using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using RstGuard.Sockets;

namespace RstGuard.Rules;

/// <summary>
/// RST7003: a TLS 1.3 server sends session tickets after the handshake. A client that only writes never reads them, so that its close, with
/// data in the receive queue, is a reset, and what it has written may be lost.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RST7003WriteOnlyTlsClient() : SocketRule(Catalogue.WriteOnlyTlsClientReset, SocketTopics.Tls)
{
    private protected override void Inspect(RuleContext context)
    {
        foreach (SocketBody body in context.Bodies())
        {
            foreach (WriteOnlyTlsClient client in WriteOnlyTlsClient.In(body, context.CancellationToken))
            {
                context.Report(
                    RST2001ClosedWithUnreadData.Marked(client.Close),
                    ImmutableDictionary<string, string?>.Empty
                        .Add(DiagnosticProperties.SpeaksHttp, body.SpeaksHttp ? "true" : "false")
                        .Add(DiagnosticProperties.GracefulTimeoutMilliseconds, context.Options.GracefulTimeout.ToString(CultureInfo.InvariantCulture)),
                    client.Handshake.Operation,
                    client.IsCertain ? null : DiagnosticSeverity.Info,
                    client.Name);
            }
        }
    }
}
