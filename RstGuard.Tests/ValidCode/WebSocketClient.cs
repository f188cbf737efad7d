using System.Net.WebSockets;
using System.Text;

namespace ValidCode;

/// <summary>Ends with the closing handshake, and not for longer than a limit.</summary>
public static class WebSocketClient
{
    public static async Task<string> AskAsync(Uri server, string question, CancellationToken cancellationToken)
    {
        using ClientWebSocket socket = new();
        socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(30);
        await socket.ConnectAsync(server, cancellationToken);
        await socket.SendAsync(Encoding.UTF8.GetBytes(question), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
        StringBuilder answer = new();
        byte[] buffer = new byte[4096];
        WebSocketReceiveResult result;
        do
        {
            result = await socket.ReceiveAsync(buffer, cancellationToken);
            answer.Append(Encoding.UTF8.GetString(buffer, 0, result.Count));
        }
        while (!result.EndOfMessage);

        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(5));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, limit.Token);
        return answer.ToString();
    }
}
