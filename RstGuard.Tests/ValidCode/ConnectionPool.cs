using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ValidCode;

/// <summary>Connections that are kept: each is closed by whoever takes it out for good.</summary>
public sealed class ConnectionPool(IPEndPoint server) : IDisposable
{
    private readonly ConcurrentBag<TcpClient> _idle = [];
    private bool _disposed;

    public async Task<TcpClient> RentAsync(CancellationToken cancellationToken)
    {
        if (_idle.TryTake(out TcpClient? kept))
        {
            return kept;
        }

        TcpClient client = new(server.AddressFamily);
        try
        {
            await client.ConnectAsync(server, cancellationToken);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    public void Return(TcpClient client)
    {
        if (_disposed)
        {
            client.Dispose();
        }
        else
        {
            _idle.Add(client);
        }
    }

    public void Dispose()
    {
        _disposed = true;
        while (_idle.TryTake(out TcpClient? client))
        {
            client.Dispose();
        }
    }
}
