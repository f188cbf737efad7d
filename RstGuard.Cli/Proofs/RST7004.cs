// Rule: RST7004
// Flagged: MaxResponseDrainSize = 0
// Claims: reset
// Protocol: HTTP
//
// One process, two ends: a client with the flagged handler posts a query and takes the head of the answer alone. The server has sent the whole
// answer by then, and reads until the client ends. Counted is the content of the query.
// Usage: RST7004 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Http;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;

#region Sample
internal static class Prices
{
    public static HttpClient Connect() => new(new SocketsHttpHandler
    {
        MaxResponseDrainSize = 0,
    });
}
#endregion

internal static class Program
{
    private const int QueryLength = 1_000;
    private const int AnswerLength = 50_000;
    private static readonly ManualResetEventSlim Answered = new();

    private static async Task Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(1);
        Task<string> serving = Task.Run(() => Serve(listener));
        Stopwatch blocked = Stopwatch.StartNew();
        using (HttpClient client = Prices.Connect())
        {
            using HttpRequestMessage query = new(HttpMethod.Post, $"http://{listener.LocalEndPoint}/prices") { Content = new ByteArrayContent(new byte[QueryLength]) };
            using (HttpResponseMessage response = await client.SendAsync(query, HttpCompletionOption.ResponseHeadersRead))
            {
                response.EnsureSuccessStatusCode();
                Answered.Wait(TimeSpan.FromSeconds(5));
            }

            // A connection that is drained goes back to the pool, and ends with the client; draining takes no time here.
            await Task.Delay(200);
        }

        blocked.Stop();
        Console.WriteLine(await serving);
        Console.WriteLine($"sent {QueryLength}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
    }

    private static void WaitWhileHalfClosed(IPEndPoint local, IPEndPoint remote)
    {
        for (Stopwatch waited = Stopwatch.StartNew(); waited.Elapsed < TimeSpan.FromMilliseconds(300); Thread.Sleep(5))
        {
            if (!IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpConnections().Any(connection =>
                connection.State == TcpState.CloseWait
                && connection.LocalEndPoint.Equals(local)
                && connection.RemoteEndPoint.Equals(remote)))
            {
                return;
            }
        }
    }

    private static string Serve(Socket listener)
    {
        using Socket client = listener.Accept();
        string ends = $"sender {client.RemoteEndPoint}\nreceiver {client.LocalEndPoint}";
        byte[] buffer = new byte[65_536];
        int count = 0, head = -1;
        while (head < 0 || count - head - 4 < QueryLength)
        {
            count += client.Receive(buffer, count, buffer.Length - count, SocketFlags.None);
            head = buffer.AsSpan(0, count).IndexOf("\r\n\r\n"u8);
        }

        client.Send(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {AnswerLength}\r\n\r\n"));
        client.Send(new byte[AnswerLength]);
        Answered.Set();
        string end = "EndOfStream";
        try
        {
            while (client.Receive(buffer) > 0)
            {
            }

            // A FIN comes first: shutting down is what the client's stream does before it closes. A server that closed now would hide the rest.
            WaitWhileHalfClosed((IPEndPoint)client.LocalEndPoint!, (IPEndPoint)client.RemoteEndPoint!);
        }
        catch (SocketException e)
        {
            end = e.SocketErrorCode.ToString();
        }

        return $"{ends}\nreceived {count - head - 4}\nend {end}";
    }
}
