using System.Net.Security;
using System.Net.Sockets;

namespace ValidCode;

/// <summary>A TLS client that says goodbye, and reads the server's goodbye.</summary>
public static class TlsClient
{
    public static async Task SendAsync(string host, int port, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        using TcpClient client = new();
        await client.ConnectAsync(host, port, cancellationToken);
        await using SslStream tls = new(client.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = host }, cancellationToken);
        await tls.WriteAsync(data, cancellationToken);
        await tls.ShutdownAsync();
        byte[] rest = new byte[4096];
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(5));
        while (await tls.ReadAsync(rest, limit.Token) > 0)
        {
        }
    }
}
