using System.Net;
using System.Net.Sockets;

namespace ValidCode;

/// <summary>Datagrams and local sockets know no TCP reset.</summary>
public static class OtherSockets
{
    public static async Task<byte[]> AskByDatagramAsync(IPEndPoint server, byte[] question, CancellationToken cancellationToken)
    {
        using UdpClient client = new(server.AddressFamily);
        await client.SendAsync(question, server, cancellationToken);
        UdpReceiveResult answer = await client.ReceiveAsync(cancellationToken);
        return answer.Buffer;
    }

    public static int SendDatagram(IPEndPoint server, byte[] data)
    {
        using Socket socket = new(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 100 };
        socket.SendTo(data, server);
        byte[] answer = new byte[512];
        return socket.Receive(answer);
    }

    public static string AskDaemon(string path)
    {
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
        byte[] buffer = new byte[512];
        int read = socket.Receive(buffer);
        return System.Text.Encoding.UTF8.GetString(buffer, 0, read);
    }
}
