// Rule: RST7001
// Flagged: socket
// Claims: noHandshake
// Protocol: WebSocket
//
// One process, two ends: the flagged code is a client that reports an alarm over a WebSocket. The server answers the upgrade, receives
// until the WebSocket ends, and notes whether that was a close frame.
// Usage: RST7001 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;

#region Sample
internal static class Alarm
{
    public static async Task ReportAsync(Uri station, byte[] alarm)
    {
        using ClientWebSocket socket = new();
        await socket.ConnectAsync(station, CancellationToken.None);
        await socket.SendAsync(alarm, WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
    }
}
#endregion

internal static class Program
{
    private const int AlarmLength = 2_000;

    private static async Task Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);

        Task<string> serving = ServeAsync(listener);
        Stopwatch blocked = Stopwatch.StartNew();
        await Alarm.ReportAsync(new Uri($"ws://{listener.LocalEndPoint}/"), new byte[AlarmLength]);
        blocked.Stop();
        Console.WriteLine(await serving);
        Console.WriteLine($"sent {AlarmLength}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
    }

    private static async Task<string> ServeAsync(Socket listener)
    {
        using Socket client = await listener.AcceptAsync();
        string ends = $"sender {client.RemoteEndPoint}\nreceiver {client.LocalEndPoint}";
        using NetworkStream stream = new(client);
        await UpgradeAsync(stream);
        using WebSocket socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true });
        byte[] buffer = new byte[AlarmLength];
        long received = 0;
        string end = "EndOfStream", handshake = "missing";
        try
        {
            while (true)
            {
                WebSocketReceiveResult result = await socket.ReceiveAsync(buffer, CancellationToken.None);
                if (result.MessageType == WebSocketMessageType.Close)
                {
                    handshake = "complete";
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                    break;
                }

                received += result.Count;
            }
        }
        catch (WebSocketException e) when (e.WebSocketErrorCode == WebSocketError.ConnectionClosedPrematurely)
        {
            end = e.InnerException?.InnerException is SocketException inner ? inner.SocketErrorCode.ToString() : end;
        }

        return $"{ends}\nreceived {received}\nend {end}\nhandshake {handshake}";
    }

    private static async Task UpgradeAsync(NetworkStream stream)
    {
        byte[] buffer = new byte[4096];
        string request = "";
        while (!request.EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            request += Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer));
        }

        const string Header = "Sec-WebSocket-Key: ";
        string key = request.Split("\r\n").Single(line => line.StartsWith(Header, StringComparison.OrdinalIgnoreCase))[Header.Length..];
        string accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"));
    }
}
