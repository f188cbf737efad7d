using System.Net;
using System.Net.Sockets;

namespace ValidCode;

/// <summary>Asks the system for a port that nobody uses: nobody ever connects, so that nothing can be reset.</summary>
public static class FreePort
{
    public static int Find()
    {
        TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        return port;
    }

    public static int FindBySocket()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
