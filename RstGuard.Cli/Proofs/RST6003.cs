// Rule: RST6003
// Flagged: TimeSpan.FromMinutes(5)
// Claims: reset, loss
// Protocol: HTTP
//
// One process, two ends: a client with the flagged pool posts an order, is idle, and posts another. The server's patience is over after a second,
// and it closes, as bad luck has it, in the moment in which the next request arrives: it polls for it, and closes instead of reading. What counts is
// the second order, on whatever connection it goes.
// Usage: RST6003 <loopback address>

using System.Diagnostics;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Text;

#region Sample
internal static class Orders
{
    public static HttpClient Connect() => new(new SocketsHttpHandler
    {
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(5),
    });
}
#endregion

internal static class Program
{
    private const int OrderLength = 2_000;

    private static async Task Main(string[] arguments)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(arguments[0]), 0));
        listener.Listen(2);
        Task<string> serving = Task.Run(() => Serve(listener));
        Stopwatch blocked = new();
        using (HttpClient client = Orders.Connect())
        {
            Uri server = new($"http://{listener.LocalEndPoint}/orders");
            using (HttpResponseMessage response = await client.PostAsync(server, new ByteArrayContent(new byte[OrderLength])))
            {
                response.EnsureSuccessStatusCode();
            }

            // Longer than the pool of the page's fixed sample keeps it, which looks once a second.
            await Task.Delay(2_500);
            blocked.Start();
            try
            {
                using HttpResponseMessage response = await client.PostAsync(server, new ByteArrayContent(new byte[OrderLength]));
                response.EnsureSuccessStatusCode();
            }
            catch (HttpRequestException e)
            {
                Console.Error.WriteLine($"The second order failed: {e.Message}");
            }

            blocked.Stop();
        }

        Console.WriteLine(await serving);
        Console.WriteLine($"sent {OrderLength}");
        Console.WriteLine($"blocked {blocked.ElapsedMilliseconds}");
    }

    private static string Serve(Socket listener)
    {
        Socket client = listener.Accept();
        string ends = EndsOf(client);
        ReadRequest(client);
        Reply(client);

        // The next request, or the client's end: only looked at.
        client.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead);
        if (client.Available > 0)
        {
            client.Dispose();
            return $"{ends}\nreceived 0\nend ConnectionReset";
        }

        client.Dispose();
        using Socket next = listener.Accept();
        ends = EndsOf(next);
        long received = ReadRequest(next);
        Reply(next);
        string end = next.Receive(new byte[1]) == 0 ? "EndOfStream" : "Data";
        return $"{ends}\nreceived {received}\nend {end}";
    }

    private static string EndsOf(Socket client) => $"sender {client.RemoteEndPoint}\nreceiver {client.LocalEndPoint}";

    // How much of the order's content has come; its length is known.
    private static long ReadRequest(Socket client)
    {
        byte[] buffer = new byte[65_536];
        int count = 0;
        while (true)
        {
            int end = buffer.AsSpan(0, count).IndexOf("\r\n\r\n"u8);
            if (end >= 0 && count - end - 4 >= OrderLength)
            {
                return count - end - 4;
            }

            int more = client.Receive(buffer, count, buffer.Length - count, SocketFlags.None);
            if (more == 0)
            {
                return 0;
            }

            count += more;
        }
    }

    private static void Reply(Socket client) => client.Send(Encoding.ASCII.GetBytes("HTTP/1.1 204 No Content\r\n\r\n"));
}
