using System.Net.Sockets;
using System.Text;

namespace ValidCode;

/// <summary>Readers and writers over a connection that somebody else closes.</summary>
public static class Lines
{
    public static async Task<string?> AskAsync(NetworkStream stream, string question, CancellationToken cancellationToken)
    {
        await using (StreamWriter writer = new(stream, Encoding.ASCII, leaveOpen: true))
        {
            await writer.WriteLineAsync(question.AsMemory(), cancellationToken);
        }

        using StreamReader reader = new(stream, Encoding.ASCII, leaveOpen: true);
        return await reader.ReadLineAsync(cancellationToken);
    }

    public static void Relay(TcpClient client, Action<string> take)
    {
        using (client)
        using (NetworkStream stream = client.GetStream())
        using (StreamReader reader = new(stream))
        {
            while (reader.ReadLine() is { } line)
            {
                take(line);
            }
        }
    }
}
