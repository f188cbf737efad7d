using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace ValidCode;

/// <summary>A request and its whole reply, whose length comes first.</summary>
public static class LengthPrefixedClient
{
    public static async Task<byte[]> AskAsync(IPEndPoint server, ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        using TcpClient client = new(server.AddressFamily);
        await client.ConnectAsync(server, cancellationToken);
        await using NetworkStream stream = client.GetStream();
        byte[] header = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(header, request.Length);
        await stream.WriteAsync(header, cancellationToken);
        await stream.WriteAsync(request, cancellationToken);

        await stream.ReadExactlyAsync(header, cancellationToken);
        byte[] reply = new byte[BinaryPrimitives.ReadInt32BigEndian(header)];
        await stream.ReadExactlyAsync(reply, cancellationToken);
        return reply;
    }
}
