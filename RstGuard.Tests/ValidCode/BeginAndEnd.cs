using System.Net.Sockets;

namespace ValidCode;

/// <summary>The older pattern, with each operation ended before the socket is shut down and closed.</summary>
public sealed class BeginAndEnd(Socket socket)
{
    private readonly byte[] _buffer = new byte[4096];

    public event EventHandler<int>? Received;

    public void Start() => socket.BeginReceive(_buffer, 0, _buffer.Length, SocketFlags.None, OnReceived, null);

    private void OnReceived(IAsyncResult result)
    {
        int read;
        try
        {
            read = socket.EndReceive(result);
        }
        catch (SocketException)
        {
            socket.Close();
            return;
        }

        if (read == 0)
        {
            try
            {
                socket.Shutdown(SocketShutdown.Both);
            }
            catch (SocketException)
            {
            }

            socket.Close();
            return;
        }

        Received?.Invoke(this, read);
        Start();
    }
}
