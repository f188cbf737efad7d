using System.Net.Sockets;

namespace ValidCode;

/// <summary>SocketAsyncEventArgs: shut down first, which ends what is pending, then closed.</summary>
public sealed class EventArguments : IDisposable
{
    private readonly Socket _socket;
    private readonly SocketAsyncEventArgs _receiving = new();

    public EventArguments(Socket connected)
    {
        _socket = connected;
        _receiving.SetBuffer(new byte[4096], 0, 4096);
        _receiving.Completed += (_, _) => Handle();
    }

    public event EventHandler<int>? Received;

    public void Start()
    {
        while (!_socket.ReceiveAsync(_receiving) && Take())
        {
        }
    }

    public void Dispose()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
        }
        finally
        {
            _socket.Dispose();
            _receiving.Dispose();
        }
    }

    private void Handle()
    {
        if (Take())
        {
            Start();
        }
    }

    private bool Take()
    {
        if (_receiving.SocketError != SocketError.Success || _receiving.BytesTransferred == 0)
        {
            return false;
        }

        Received?.Invoke(this, _receiving.BytesTransferred);
        return true;
    }
}
