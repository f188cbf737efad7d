using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PriceFeed.Tests;

/// <summary>Subscribes to the prices of one currency and keeps the last one.</summary>
internal sealed class PriceFeed : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp);
    private Task _reading = Task.CompletedTask;

    public string LastPrice { get; private set; } = "";

    public async Task SubscribeAsync(EndPoint server, string currency)
    {
        await _socket.ConnectAsync(server);
        await _socket.SendAsync(Encoding.ASCII.GetBytes(currency + "\n"));
        _reading = ReadAsync();
    }

    /// <summary>Says goodbye: the server sees the end, ends too, and nothing is pending any more.</summary>
    public async Task UnsubscribeAsync()
    {
        _socket.Shutdown(SocketShutdown.Send);
        await _reading;
        _socket.Dispose();
    }

    public void Dispose()
    {
        _socket.Dispose(); // the reset: a receive is pending
    }

    private async Task ReadAsync()
    {
        byte[] buffer = new byte[256];
        try
        {
            int received;
            while ((received = await _socket.ReceiveAsync(buffer)) > 0)
            {
                LastPrice = Encoding.ASCII.GetString(buffer, 0, received);
            }
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.OperationAborted)
        {
            // Disposed: nobody wants prices any more.
        }
    }
}
