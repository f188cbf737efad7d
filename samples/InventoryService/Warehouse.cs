using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace InventoryService;

/// <summary>A client of the warehouse, which answers with a count in four bytes and the names of the halls in 28.</summary>
public sealed class Warehouse(IPEndPoint server)
{
    /// <summary>Whether the halls are read too, though nobody asks for them: the repair.</summary>
    public bool ReadsTheWholeAnswer { get; init; }

    /// <summary>How many there are of an item.</summary>
    public async Task<int> CountAsync(string item)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server);
        await socket.SendAsync(Encoding.UTF8.GetBytes(item + "\n"));
        byte[] answer = new byte[ReadsTheWholeAnswer ? 32 : 4];
        int received = 0;
        while (received < answer.Length)
        {
            int count = await socket.ReceiveAsync(answer.AsMemory(received));
            if (count == 0)
            {
                throw new EndOfStreamException("The warehouse ended in the middle of its answer.");
            }

            received += count;
        }

        socket.Close(); // the reset: the halls are unread
        return BinaryPrimitives.ReadInt32BigEndian(answer);
    }
}
