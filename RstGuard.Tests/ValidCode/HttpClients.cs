using System.Net.Http;

namespace ValidCode;

/// <summary>One client for all requests, idle connections closed before servers do, and streamed responses disposed of.</summary>
public sealed class HttpClients : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler
    {
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(50),
        ConnectTimeout = TimeSpan.FromSeconds(5),
    });

    public async Task DownloadAsync(Uri address, Stream target, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await _client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        response.EnsureSuccessStatusCode();
        await using Stream content = await response.Content.ReadAsStreamAsync(cancellationToken);
        await content.CopyToAsync(target, cancellationToken);
    }

    public async Task<string> FirstLineAsync(Uri address, CancellationToken cancellationToken)
    {
        await using Stream stream = await _client.GetStreamAsync(address, cancellationToken);
        using StreamReader reader = new(stream);
        return await reader.ReadLineAsync(cancellationToken) ?? "";
    }

    public async Task<HttpResponseMessage> OpenAsync(Uri address) => await _client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead);

    public void Dispose() => _client.Dispose();
}
